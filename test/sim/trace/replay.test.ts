import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Drawn, ProfileName } from "../../../sim/profiles.ts"
import { readTrace } from "../../../sim/trace/commands.ts"
import { replayTrace } from "../../../sim/trace/replay.ts"
import type { Sku } from "../../../src/domain/names.ts"
import { Broker, json, policyFor, startMs, Worker } from "../../engine/rig.ts"
import { exportOf, exportsOf, jsonOf } from "./exported.ts"

const hourMs = 3_600_000
// Whoever decides again knows the shipped bounds alone: with less room in quarantine others were refused for it.
// What orders ask of SKUs comes from other partitions, and isn't decided again here.
const noOrders: Partial<Drawn> = { orderPartitions: 0 }
const small: Partial<Drawn> = { ...noOrders, orders: 250, windowMs: 40_000, quarantine: "shipped" }
const day: Partial<Drawn> = { ...noOrders, quarantine: "shipped", orders: 150, windowMs: 27 * hourMs, tickMs: 8_000, partitions: 1 }

const replayed = (text: string) => replayTrace(readTrace(text))

/** The same lines with one of them changed. */
const changed = (
  text: string,
  is: (line: Record<string, unknown>) => boolean,
  change: (line: Record<string, unknown>) => object,
): string => {
  const lines = [...jsonOf(text)] as Array<object>
  const at = jsonOf(text).findIndex(is)
  lines[at] = change(jsonOf(text)[at] ?? {})
  return lines.map((line) => JSON.stringify(line)).join("\n")
}

const serving = () => new Worker(new Broker()).serve()

const waitMs = (worker: Worker, ms: number): void => worker.tick(ms).settle()

const sendNow = (worker: Worker, sender: string, type: Parameters<typeof json>[0], fields: Record<string, unknown>) =>
  worker.send(sender, json(type, { issuedAtMs: worker.nowMs, ...fields }), { brokerMs: worker.nowMs })

const exported = (worker: Worker, sku: string | null): string =>
  exportOf(worker.broker.journal, { partition: 0, partitions: 1, sku: sku as Sku | null })

describe("a trace decided again", () => {
  const cases: ReadonlyArray<readonly [ProfileName, string, Partial<Drawn>]> = [
    ["flash-sale", "1", small],
    ["flash-sale", "3", small],
    ["flash-sale", "4", { ...small, batchMessagesMax: 8 }],
    ["calm", "1", small],
    ["long-day", "2", day],
  ]
  for (const [profile, seed, drawn] of cases)
    it(`comes to the same decisions and the same state, of partitions and of single SKUs: ${profile}, seed ${seed}`, () => {
      const texts = exportsOf(seed, profile, drawn)
      expect(texts.length).toBeGreaterThan(1)
      for (const text of texts) {
        const report = replayed(text)
        expect(report.first).toBeNull()
        expect(report.foundHash).toBe(report.expectedHash)
        expect(report).toMatchObject({ isSame: true, commands: jsonOf(text).filter(({ line }) => line === "command").length })
      }
    })

  it("has its first changed decision found and named, and later ones counted", () => {
    const [whole = ""] = exportsOf("1", "calm", { ...small, orders: 60, partitions: 1 }, 0)
    const isReserved = ({ line, command }: Record<string, unknown>) =>
      line === "command" && (command as { type: string }).type === "Reserve"
    const text = changed(whole, isReserved, (line) => ({ ...line, decision: { outcome: "refused", reason: "InsufficientStock", ats: 0 } }))
    const report = replayed(text)
    const at = jsonOf(text).findIndex(isReserved)
    const { id, sku } = (jsonOf(text)[at] as { command: { id: string; sku: string } }).command
    expect(report).toMatchObject({ isSame: false, differences: 1, foundHash: report.expectedHash })
    expect(report.first?.line).toBe(at + 1)
    expect(report.first?.what).toContain(`Reserve ${id} of `)
    expect(report.first?.what).toContain(` for ${sku}`)
    expect(report.first?.expected).toContain("InsufficientStock")
    expect(report.first?.found).toContain("Reserved")
  })

  it("is not the same where only the hash at its end is another", () => {
    const [whole = ""] = exportsOf("1", "calm", { ...small, orders: 60, partitions: 1 }, 0)
    const text = changed(
      whole,
      ({ line }) => line === "end",
      (line) => ({ ...line, stateHash: "another" }),
    )
    expect(replayed(text)).toMatchObject({ isSame: false, differences: 0, first: null, expectedHash: "another" })
  })

  it("differs where a command was changed, and where a hold expired that the trace has not", () => {
    const worker = serving()
    sendNow(worker, "dc", "ReceiveStock", { location: "L", qty: 5 })
    sendNow(worker, "boss", "SetPolicy", { policy: policyFor("web") })
    sendNow(worker, "web", "Reserve", { reservation: "r", qty: 2, holdMs: 1_000 })
    worker.settle()
    waitMs(worker, 2_000)
    const text = exported(worker, null)
    expect(replayed(text).isSame).toBe(true)
    const isReserve = ({ line, command }: Record<string, unknown>) => line === "command" && (command as { type: string }).type === "Reserve"
    const more = changed(text, isReserve, (line) => ({ ...line, command: { ...(line.command as object), qty: 3 } }))
    expect(replayed(more).first?.what).toMatch(/^Reserve /)
    const other = changed(
      text,
      ({ line }) => line === "expiry",
      (line) => ({ ...line, reservations: ["web/other"] }),
    )
    expect(replayed(other).first).toMatchObject({ what: "expired holds of A", expected: "web/other", found: "web/r" })
  })

  it("remembers as much as the partition did, also of a SKU that was quiet while time went on for others", () => {
    const worker = serving()
    for (const sku of ["A", "B"]) sendNow(worker, "boss", "SetPolicy", { sku, policy: policyFor("web") })
    sendNow(worker, "web", "Reserve", { sku: "A", reservation: "r", qty: 1, holdMs: 1_000 })
    worker.settle()
    waitMs(worker, 23 * hourMs)
    sendNow(worker, "dc", "ReceiveStock", { sku: "A", location: "L", qty: 5 })
    worker.settle()
    waitMs(worker, 2 * hourMs)
    sendNow(worker, "dc", "ReceiveStock", { sku: "B", location: "L", qty: 5 })
    worker.settle()
    const report = replayed(exported(worker, "A"))
    expect(report).toMatchObject({ isSame: true, foundHash: report.expectedHash })
    // What the file says of the time at its end is what makes them the same.
    const text = changed(
      exported(worker, "A"),
      ({ line }) => line === "end",
      (line) => ({ ...line, atMs: startMs + 23 * hourMs }),
    )
    expect(replayed(text)).toMatchObject({ isSame: false, differences: 0 })
  })

  it("keeps the order of a batch whose messages name several SKUs, whichever of them they were sent under", () => {
    const worker = serving()
    // The shop comes first in B's policy, and last in A's.
    sendNow(worker, "boss", "SetPolicy", { sku: "A", policy: policyFor("web", "shop") })
    sendNow(worker, "boss", "SetPolicy", { sku: "B", policy: policyFor("shop", "web") })
    for (const sku of ["A", "B"]) sendNow(worker, "dc", "ReceiveStock", { sku, location: "L", qty: 1 })
    worker.settle()
    const reserves = (reservation: string) =>
      JSON.stringify(["A", "B"].map((sku) => json("Reserve", { sku, issuedAtMs: worker.nowMs, reservation, qty: 1, holdMs: 60_000 })))
    const first = worker.broker.store("web", "sell", "B", reserves("w"), { brokerMs: worker.nowMs })
    const second = worker.broker.store("shop", "sell", "B", reserves("s"), { brokerMs: worker.nowMs })
    worker.arrive(first, second).settle()
    const text = exported(worker, null)
    const accepted = jsonOf(text).filter(({ line, decision }) => line === "command" && JSON.stringify(decision).includes('"Reserved"'))
    expect(accepted.map(({ command }) => (command as { reservation: string }).reservation)).toEqual(["s", "s"])
    expect(replayed(text).first).toBeNull()
    for (const sku of ["A", "B"]) expect(replayed(exported(worker, sku))).toMatchObject({ isSame: true, first: null })
  })

  it("comes to the same whatever was sent together, by whom and under which SKU", () => {
    const skus = ["A", "B", "C"]
    const places = fc.array(fc.nat(skus.length - 1), { minLength: 1, maxLength: 4 })
    const message = fc.record({
      places,
      sender: fc.constantFrom("web", "shop", "dc"),
      under: fc.nat(3),
      qty: fc.integer({ min: 1, max: 3 }),
    })
    const together = fc.array(message, { minLength: 1, maxLength: 5 })
    const plays = (batches: ReadonlyArray<ReadonlyArray<{ places: Array<number>; sender: string; under: number; qty: number }>>): void => {
      const worker = serving()
      for (const [i, sku] of skus.entries())
        sendNow(worker, "boss", "SetPolicy", { sku, policy: policyFor(...(i % 2 === 0 ? ["web", "shop"] : ["shop", "web"])) })
      worker.settle()
      let made = 0
      for (const batch of batches) {
        const { nowMs } = worker
        const arriving = batch.map((one) => {
          const commands = one.places.map((place) => {
            const fields = { sku: skus[place], issuedAtMs: nowMs, qty: one.qty }
            if (one.sender === "dc") return json("ReceiveStock", { ...fields, location: "L" })
            return json("Reserve", { ...fields, reservation: `r${made++}`, holdMs: 1_500 })
          })
          const under = skus[one.places[one.under % one.places.length] ?? 0] ?? "A"
          return worker.broker.store(one.sender, one.sender === "dc" ? "stock" : "sell", under, JSON.stringify(commands), {
            brokerMs: nowMs,
          })
        })
        worker.arrive(...arriving).settle()
        waitMs(worker, 1_000)
      }
      for (const sku of [null, ...skus]) expect(replayed(exported(worker, sku))).toMatchObject({ first: null, isSame: true })
    }
    fc.assert(fc.property(fc.array(together, { minLength: 1, maxLength: 8 }), plays), { numRuns: 60 })
  })

  it("finds what an operator dropped under the name the trace has for it, though it lies elsewhere here", () => {
    const worker = serving()
    for (const sku of ["B", "A"]) sendNow(worker, "dc", "ReceiveStock", { sku, location: "L", qty: 1 })
    sendNow(worker, "dc", "ReceiveStock", { sku: "B", location: "L", qty: 1 })
    worker.settle()
    sendNow(worker, "dc", "ReceiveStock", { sku: "A", location: "L", qty: 1, issuedAtMs: worker.nowMs - 200 * hourMs })
    worker.settle()
    const [quarantined] = worker.partition.quarantine.keys()
    sendNow(worker, "ops", "DropQuarantined", { sku: "A", quarantined, reason: "a repeat" })
    sendNow(worker, "ops", "DropQuarantined", { sku: "A", quarantined: "999-0", reason: "never there" })
    worker.settle()
    const text = exported(worker, "A")
    expect(jsonOf(text).some(({ line }) => line === "settled")).toBe(true)
    for (const sku of ["A", null]) {
      const report = replayed(exported(worker, sku))
      expect(report).toMatchObject({ isSame: true, first: null })
    }
  })

  it("raises the floors that the trace says, where an export of one SKU has not what raised them", () => {
    const worker = serving()
    sendNow(worker, "dc", "ReceiveStock", { location: "L", qty: 1 })
    worker.settle()
    const text = exported(worker, "A")
    const lines = [...jsonOf(text)]
    const floorMs = Math.ceil((startMs + 60_000) / 60_000) * 60_000
    lines.splice(-1, 0, { line: "floor", sender: "dc", class: "stock", floorMs })
    const report = replayed(lines.map((line) => JSON.stringify(line)).join("\n"))
    // What lies below it is forgotten.
    expect(report).toMatchObject({ differences: 0, isSame: false })
  })

  it("of a journal that nothing was ever decided in is the same", () => {
    expect(replayed(exportOf([], { partition: 0, partitions: 1, sku: null }))).toMatchObject({ isSame: true, commands: 0 })
  })
})
