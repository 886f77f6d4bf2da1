/**
 * What a channel may tell of its own accord, and what quarantine holds: sales beyond the bounds wait for a person, and a full quarantine is no decision.
 * The journal each case leaves is put to the auditor too.
 */
import { describe, expect, it } from "vitest"
import { createAudit } from "../../src/audit/audit.ts"
import type { SenderId, Sku } from "../../src/domain/names.ts"
import { copyPartition } from "../../src/engine/partition.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { factHorizonMs, quarantinedPerSenderMax, saleQtyMax } from "../../src/limits.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { allSaidOf, type Broker, json, policyFor, saidOf, serving, startMs, Worker } from "./rig.ts"

const sale = (id: string, qty: number, more: Record<string, unknown> = {}) =>
  json("RecordSale", { id, mode: "taken", location: "L", qty, ...more })

const onHandQty = (worker: Worker, sku = "A"): number | undefined => worker.partition.actors.get(sku as Sku)?.stock.locations[0]?.onHand

const violations = ({ journal }: Broker) => {
  const audit = createAudit({ codec: engineCodec })
  for (const stored of journal) audit.record(0, stored)
  return audit.finish().violations.map(({ checker, detail }) => `${checker}: ${detail}`)
}

const causes = (worker: Worker): ReadonlyArray<string> => [...worker.partition.quarantine.values()].map(({ cause }) => cause)

/** Sends a command whose sender has the role `bulk`, as the ingress that took it would say: it waits behind a record in flight until it is settled. */
const sendInBulk = (worker: Worker, sender: string, command: Record<string, unknown>): void => {
  worker.send("dc", json("ReceiveStock", { location: "M", qty: 1 }))
  worker.send(sender, command)
  for (const { messages } of worker.partition.arrived) for (const arrived of messages) Object.assign(arrived, { bulk: true })
}

describe("a channel's own word", () => {
  it("is taken up to its bound, on a SKU whose policy names it", () => {
    const worker = serving(2 * saleQtyMax)
    worker.send("web", sale("s1", saleQtyMax))
    worker.settle()
    expect(saidOf(worker.broker, "s1")).toMatchObject({ outcome: "accepted" })
    expect(onHandQty(worker)).toBe(saleQtyMax)
    expect(violations(worker.broker)).toEqual([])
  })

  it("takes nothing beyond its bound: it waits for a person, and the cause says which bound", () => {
    const worker = serving(10_000)
    worker.send("web", sale("s1", saleQtyMax + 1))
    worker.send("web", sale("s2", 10 ** 9, { mode: "owed", reservation: "m1" }))
    worker.settle()
    expect(["s1", "s2"].map((id) => saidOf(worker.broker, id)?.outcome)).toEqual(["quarantined", "quarantined"])
    expect(causes(worker)).toEqual(Array(2).fill(`a sale of more than ${saleQtyMax} units, without the role bulk`))
    expect(onHandQty(worker)).toBe(10_000)
    expect(violations(worker.broker)).toEqual([])
  })

  it("counts for nothing on a SKU whose policy doesn't name the channel, and makes no SKU", () => {
    const worker = serving(10)
    worker.send("stranger", sale("s1", 1))
    worker.send("web", sale("s2", 1, { sku: "new" }))
    worker.settle()
    expect(["s1", "s2"].map((id) => saidOf(worker.broker, id)?.outcome)).toEqual(["quarantined", "quarantined"])
    expect(causes(worker)[0]).toContain("whose policy doesn't name its sender")
    expect(causes(worker)[1]).toContain("nobody has told anything about")
    expect(onHandQty(worker)).toBe(10)
    expect(worker.partition.actors.size).toBe(1)
    expect(violations(worker.broker)).toEqual([])
  })

  it("is applied whatever the bound once an operator has looked, and given up when one drops it", () => {
    const worker = serving(10_000)
    worker.send("web", sale("s1", 5_000))
    worker.send("web", sale("s2", 6_000))
    worker.settle()
    const [first, second] = [...worker.partition.quarantine.keys()]
    worker.send("ops", json("ReplayQuarantined", { quarantined: first }))
    worker.send("ops", json("DropQuarantined", { quarantined: second, reason: "a typing error" }))
    worker.settle()
    expect(["s1", "s2"].map((id) => saidOf(worker.broker, id)?.outcome)).toEqual(["accepted", "dropped"])
    expect(onHandQty(worker)).toBe(5_000)
    expect(violations(worker.broker)).toEqual([])
    // The sender's own retry hears the answer, not the bound.
    worker.send("web", sale("s1", 5_000, { issuedAtMs: startMs }))
    worker.settle()
    expect(saidOf(worker.broker, "s1")).toMatchObject({ outcome: "accepted", repeated: true })
  })

  it("is taken in any size and of any SKU from a sender with the role bulk, and the record says so", () => {
    const worker = serving(10_000)
    sendInBulk(worker, "stranger", sale("s1", 5_000))
    worker.settle()
    expect(saidOf(worker.broker, "s1")).toMatchObject({ outcome: "accepted" })
    expect(onHandQty(worker)).toBe(5_000)
    const entries = worker.broker.records().flatMap((record) => record.entries)
    expect(entries.flatMap((entry) => (entry._tag === "Message" && entry.bulk ? [entry.sender] : []))).toEqual(["stranger"])
    expect(violations(worker.broker)).toEqual([])
  })

  it("is found by the auditor where the check is left out", () => {
    const rules = { ...protocolRules, checks: protocolRules.checks.filter((check) => check !== "bounds") }
    for (const [sender, command] of [
      ["web", sale("s1", saleQtyMax + 1)],
      ["stranger", sale("s1", 1)],
      ["web", sale("s1", 1, { sku: "new" })],
    ] as const) {
      const worker = serving(10_000, rules)
      worker.send(sender, command)
      worker.settle()
      expect(violations(worker.broker)).toMatchObject([expect.stringMatching(/^effects: RecordSale s1 /)])
    }
  })
})

/** Facts so old that nobody can tell them from repeats: each takes a place in quarantine. */
const oldFact = (id: string) => sale(id, 1, { issuedAtMs: startMs - 2 * factHorizonMs })

const sendOldFacts = (worker: Worker, sender: string, count: number): void => {
  for (let i = 0; i < count; i++) worker.send(sender, oldFact(`${sender}-${i}`))
  worker.settle()
}

describe("a full quarantine", () => {
  it("refuses one sender's 1,001st old fact and nobody else's, and the audit stays clean", () => {
    const worker = serving(10)
    sendOldFacts(worker, "web", quarantinedPerSenderMax + 1)
    sendOldFacts(worker, "shop", 1)
    expect(saidOf(worker.broker, `web-${quarantinedPerSenderMax - 1}`)).toMatchObject({ outcome: "quarantined" })
    const full = { outcome: "refused", reason: "LimitReached", field: "quarantine" }
    expect(saidOf(worker.broker, `web-${quarantinedPerSenderMax}`)).toMatchObject(full)
    expect(saidOf(worker.broker, "shop-0")).toMatchObject({ outcome: "quarantined" })
    expect(violations(worker.broker)).toEqual([])
  })

  it("is no decision: what found no room may be sent again, and waits as soon as there is some", () => {
    const worker = serving(10)
    sendOldFacts(worker, "web", quarantinedPerSenderMax)
    const late = oldFact("late")
    worker.send("web", late)
    worker.settle()
    // Room for one is made in the same record that takes it.
    worker.send("ops", json("DropQuarantined", { quarantined: [...worker.partition.quarantine.keys()][7], reason: "a repeat" }))
    worker.send("web", late)
    worker.settle()
    expect(allSaidOf(worker.broker, "late").map(({ outcome, repeated }) => [outcome, repeated])).toEqual([
      ["refused", undefined],
      ["quarantined", undefined],
    ])
    expect(worker.partition.quarantine.size).toBe(quarantinedPerSenderMax)
    expect(violations(worker.broker)).toEqual([])
  })

  it("counts each sender's the same after a replay, and from a snapshot", () => {
    const worker = serving(10)
    sendOldFacts(worker, "web", 3)
    sendOldFacts(worker, "shop", 2)
    worker.send("ops", json("DropQuarantined", { quarantined: [...worker.partition.quarantine.keys()][0], reason: "a repeat" }))
    worker.settle()
    const counted = new Map<SenderId, number>([
      ["web" as SenderId, 2],
      ["shop" as SenderId, 2],
    ])
    expect(copyPartition(worker.partition).quarantinedBy).toEqual(counted)
    const next = new Worker(worker.broker, "b", protocolRules, 1).serve()
    expect(next.partition.quarantinedBy).toEqual(counted)
    next.send("boss", json("SetPolicy", { policy: { ...policyFor("web"), version: 2 } }))
    next.settle()
    for (let i = 0; i < 50 && next.broker.manifest === null; i++) next.tick(100).settle()
    expect(next.broker.manifest).not.toBeNull()
    expect(new Worker(worker.broker, "c").serve().partition.quarantinedBy).toEqual(counted)
  })
})
