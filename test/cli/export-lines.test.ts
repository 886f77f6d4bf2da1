import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { JournalExport } from "../../src/cli/export-lines.ts"
import type { Sku } from "../../src/domain/names.ts"
import { stateHash } from "../../src/kinds/sku/partition.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { Broker, json, policyFor, Worker } from "../engine/rig.ts"

const skus = ["A", "B"]
const hourMs = 3_600_000

type Action =
  | { readonly type: "reserve" | "sale" | "receive"; readonly sku: string; readonly qty: number; readonly sender: "web" | "shop" }
  | { readonly type: "confirm" | "release" | "fulfil"; readonly sku: string; readonly sender: "web" | "shop"; readonly nth: number }
  | { readonly type: "wait"; readonly ms: number }
  | { readonly type: "old" | "settle" | "takeOver" | "garbage" | "drop" }

const sku = fc.constantFrom(...skus)
const sender = fc.constantFrom("web" as const, "shop" as const)
const ordinary: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom("reserve" as const), sku, qty: fc.integer({ min: 1, max: 9 }), sender }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constantFrom("sale" as const, "receive" as const), sku, qty: fc.integer({ min: 1, max: 9 }), sender }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constantFrom("confirm" as const, "release" as const, "fulfil" as const), sku, sender, nth: fc.nat(5) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("wait" as const), ms: fc.constantFrom(1_000, 70_000, hourMs) }) },
  { weight: 2, arbitrary: fc.constantFrom<Action>({ type: "settle" }, { type: "old" }, { type: "takeOver" }, { type: "garbage" }) },
)
/** An operator names what lies in quarantine by a record's sequence, which is the same elsewhere only where every record is repeated. */
const anyAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: ordinary },
  { weight: 1, arbitrary: fc.constant<Action>({ type: "drop" }) },
)

/** Another worker takes the partition over. */
const takeOver = (worker: Worker): Worker => {
  const next = new Worker(worker.broker, `${worker.name}+`)
  next.nowMs = worker.nowMs
  return next.serve()
}

/** A partition's life, with its worker and what it has made so far. */
class Life {
  readonly broker = new Broker()
  worker = new Worker(this.broker).serve()
  readonly #reservations: Array<string> = []

  constructor() {
    for (const one of skus) {
      this.#send("boss", "SetPolicy", { sku: one, policy: policyFor("web", "shop") })
      this.#send("dc", "ReceiveStock", { sku: one, location: "L", qty: 30 })
    }
    this.worker.settle()
  }

  #send(from: string, type: Parameters<typeof json>[0], fields: Record<string, unknown>): void {
    const { nowMs } = this.worker
    this.worker.send(from, json(type, { issuedAtMs: nowMs, ...fields }), { brokerMs: nowMs })
  }

  #fresh(): string {
    this.#reservations.push(`r${this.#reservations.length}`)
    return this.#reservations.at(-1) ?? ""
  }

  do(next: Action): void {
    switch (next.type) {
      case "reserve":
        return this.#send(next.sender, "Reserve", { sku: next.sku, reservation: this.#fresh(), qty: next.qty, holdMs: 60_000 })
      case "sale":
        return this.#send(next.sender, "RecordSale", { sku: next.sku, mode: "taken", qty: next.qty, location: "L" })
      case "receive":
        return this.#send("dc", "ReceiveStock", { sku: next.sku, location: "L", qty: next.qty })
      case "confirm":
        return this.#send(next.sender, "Confirm", { sku: next.sku, reservation: this.#known(next.nth) })
      case "release":
        return this.#send(next.sender, "Release", { sku: next.sku, reservation: this.#known(next.nth), reason: "other" })
      case "fulfil":
        return this.#send("dc", "Fulfil", { sku: next.sku, channel: next.sender, reservation: this.#known(next.nth), location: "L" })
      default:
        return this.#doRarely(next)
    }
  }

  #known(nth: number): string {
    return this.#reservations.at(-1 - nth) ?? "r0"
  }

  /** Time, other owners, and what no well-behaved sender does: a fact too old to be told from a repeat, an operator's word on it, a body that is no JSON. */
  #doRarely(next: Extract<Action, { readonly type: "wait" | "old" | "drop" | "settle" | "takeOver" | "garbage" }>): void {
    if (next.type === "garbage") this.worker.arrive(this.broker.store("web", "sell", "A", "{", { brokerMs: this.worker.nowMs }))
    if (next.type === "old") this.#send("dc", "ReceiveStock", { location: "L", qty: 1, issuedAtMs: this.worker.nowMs - 200 * hourMs })
    if (next.type === "garbage" || next.type === "old") return
    this.worker.settle()
    if (next.type === "takeOver") this.worker = takeOver(this.worker)
    if (next.type === "wait") this.worker.tick(next.ms).settle()
    const [quarantined] = this.worker.partition.quarantine.keys()
    if (next.type === "drop" && quarantined !== undefined) this.#send("ops", "DropQuarantined", { quarantined, reason: "a repeat" })
  }
}

const exported = (broker: Broker, of: string | null): ReadonlyArray<string> => {
  const lines = new JournalExport({ partition: 0, partitions: 1, sku: of as Sku | null })
  return [lines.header("i", broker.journal.length), ...lines.lines(broker.journal), lines.end()]
}

interface Message {
  readonly seq: number
  readonly sender: string
  readonly class: string
  readonly brokerMs: number
  readonly array: boolean
  /** Null: could not be decoded. */
  readonly commands: Array<{ readonly sku: string } | null>
}

/** Decides what the lines say in a partition that knows nothing, record by record at the records' times. */
const decideElsewhere = (lines: ReadonlyArray<string>): Worker => {
  const broker = new Broker()
  let worker = new Worker(broker, "elsewhere").serve()
  let batch: Array<Message> = []
  let claims = 0
  const decide = (): void => {
    const messages = batch.sort((a, b) => a.seq - b.seq)
    batch = []
    worker.put({ _tag: "BrokerTimeSeen", brokerMs: worker.nowMs })
    worker.tick().settle()
    const arrived = messages.map(({ sender: from, class: commandClass, brokerMs, commands, array }) => {
      // Without those of other SKUs their sequences would have gaps, behind which an owner waits to see that nothing was dropped: what one record decided would be decided in two.
      const [first = null] = commands
      const body = first === null ? "{" : JSON.stringify(array ? commands : first)
      return broker.store(from, commandClass, first?.sku ?? "A", body, { brokerMs })
    })
    if (arrived.length > 0) worker.arrive(...arrived)
    worker.settle()
  }
  for (const text of lines) {
    const line = JSON.parse(text)
    if (line.line === "record" || line.line === "end") decide()
    if (line.line === "record") worker.nowMs = Math.max(worker.nowMs, line.atMs)
    if (line.kind === "claim" && ++claims > 1) worker = takeOver(worker)
    if (line.line === "message") batch.push({ ...line, commands: [] })
    if (line.line === "command") batch.at(-1)?.commands.push(line.command)
  }
  return worker
}

const hashOf = (worker: Worker, of: string | null) => stateHash(worker.partition, engineCodec.sha256, (of ?? undefined) as Sku | undefined)

describe("an export", () => {
  const leadsToItsHash = (of: string | null) => (actions: ReadonlyArray<Action>) => {
    const life = new Life()
    for (const next of actions) life.do(next)
    life.worker.settle()
    const lines = exported(life.broker, of)
    const { stateHash: said } = JSON.parse(lines.at(-1) ?? "")
    expect(said).toBe(hashOf(life.worker, of))
    expect(hashOf(decideElsewhere(lines), of)).toBe(said)
  }

  it("of a partition: deciding its commands elsewhere, at its times, leads to the hash it ends with", () => {
    fc.assert(fc.property(fc.array(anyAction, { minLength: 1, maxLength: 60 }), leadsToItsHash(null)), { numRuns: 100 })
  })

  it("of one SKU: the same, for that SKU", () => {
    fc.assert(fc.property(fc.array(ordinary, { minLength: 1, maxLength: 60 }), leadsToItsHash("A")), { numRuns: 100 })
  })

  it("says its format first, and what is left out of an export of one SKU is only about others", () => {
    const life = new Life()
    life.do({ type: "receive", sku: "A", qty: 5, sender: "web" })
    life.do({ type: "receive", sku: "B", qty: 7, sender: "web" })
    life.worker.settle()
    const lines = exported(life.broker, "B").map((line) => JSON.parse(line))
    expect(lines[0]).toEqual({
      line: "header",
      format: 1,
      partitions: 1,
      partition: 0,
      sku: "B",
      incarnation: "i",
      lastSeq: life.broker.journal.length,
    })
    expect(lines.filter(({ line }) => line === "command").map(({ command }) => [command.type, command.sku])).toEqual([
      ["ReceiveStock", "B"],
      ["SetPolicy", "B"],
      ["ReceiveStock", "B"],
    ])
    expect(lines.at(-1)).toMatchObject({ line: "end", commands: 3 })
  })

  it("of a journal whose chain is broken: says where it can't be replayed", () => {
    const life = new Life()
    const lines = new JournalExport({ partition: 0, partitions: 1, sku: null })
    expect(() => lines.lines(life.broker.journal.toSpliced(1, 1))).toThrow(/ChainBroken/)
  })
})
