import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type AuditReport, createAudit } from "../../src/audit/audit.ts"
import type { ProtocolRules } from "../../src/engine/protocol.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import type { SkuOutput } from "../../src/kinds/sku/types.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { Broker, json, Worker } from "../engine/rig.ts"
import { foundBy } from "./journal-builder.ts"

/** Numbers below a bound, one after another, out of a list that is used in turn. */
class Dice {
  private next = 0
  private readonly numbers: ReadonlyArray<number>
  constructor(numbers: ReadonlyArray<number>) {
    this.numbers = numbers
  }
  below(bound: number): number {
    // The place is mixed in, so that going round the list once more gives other numbers.
    const number = this.numbers[this.next % this.numbers.length] ?? 0
    this.next += 1
    return (number + this.next * 7_919) % bound
  }
  of<Item>(items: readonly [Item, ...Array<Item>]): Item {
    return items[this.below(items.length)] ?? items[0]
  }
}

/** A worker whose appends now and then have no answer, stored or not. */
class Shaken extends Worker {
  dice: Dice | null = null
  /** Whether its marks arrive: the witness alone would stop a former owner that takes another's records for its own. */
  marks = true
  /** Whether its next append is lost on its way. */
  losesNext = false
  override answer(output: SkuOutput): void {
    if (output._tag === "StoreWitness" && !this.marks) return
    if (output._tag !== "Append" || this.dice === null || (this.dice.below(10) > 0 && !this.losesNext)) {
      super.answer(output)
      return
    }
    const { expectedSeq, messageId, bytes } = output
    if (!this.losesNext && this.dice.below(2) === 0) this.broker.append(expectedSeq, messageId, bytes)
    this.losesNext = false
    this.put({ _tag: "AppendUnknown", messageId, cause: "no answer" })
  }
}

type Sent = readonly [sender: string, command: Record<string, unknown>]

const policyOf = (dice: Dice, version: number) => ({
  version,
  channels: ["web", "pos"].map((channel) => ({
    channel,
    priority: dice.below(2),
    bufferQty: dice.below(2),
    bufferPercent: dice.below(30),
    floorQty: dice.below(3),
    fenceQty: dice.below(5),
  })),
  safety: [{ location: dice.of(["L", "M"]), qty: dice.below(3) }],
  sourcing: [],
})

/** The same id again: of another time, which is the same command, or asking for something else. */
const asOther = (command: Record<string, unknown>, turn: number, nowMs: number): Record<string, unknown> => {
  const later = { ...command, issuedAtMs: nowMs }
  return turn % 2 === 0 || typeof command.qty !== "number" ? later : { ...later, qty: command.qty + 1 }
}

const anyCommand = (dice: Dice, made: number, nowMs: number): Sent => {
  const channel = dice.of(["web", "pos"])
  const location = dice.of(["L", "M"])
  const reservation = `r${Math.max(0, made - dice.below(8))}`
  const base = { id: `c${made}`, sku: dice.of(["A", "B"]), issuedAtMs: nowMs }
  const qty = 1 + dice.below(4)
  switch (dice.below(14)) {
    case 0:
      return ["boss", json("SetPolicy", { ...base, policy: policyOf(dice, made) })]
    case 1:
      return ["dc", json("ReceiveStock", { ...base, location, qty: qty * 2 })]
    case 2:
      return ["dc", json("AdjustStock", { ...base, location, qty: dice.below(2) === 0 ? qty : -qty, reason: "count" })]
    case 3:
      return ["dc", json("MoveStatus", { ...base, location, from: "available", to: "damaged", qty })]
    case 4:
    case 5:
      return ["dc", json("Fulfil", { ...base, channel, reservation, location, qty })]
    case 6:
      return [channel, json("RecordSale", { ...base, mode: "taken", location, qty, reservation })]
    case 7:
      return [channel, json("RecordSale", { ...base, mode: "owed", qty, reservation: `m${made}` })]
    case 8:
      return [channel, json("Release", { ...base, reservation, reason: "cancelled" })]
    case 9:
      return [channel, json("Extend", { ...base, reservation, holdMs: 1_000 })]
    case 10:
      return [channel, json("Confirm", { ...base, reservation, deadlineMs: 1 + dice.below(600) })]
    default:
      return [
        channel,
        json("Reserve", { ...base, reservation: `r${made}`, qty, holdMs: 300 + dice.below(3_000), partial: dice.below(3) === 0 }),
      ]
  }
}

const audited = (broker: Broker, sent: ReadonlyArray<Sent>): AuditReport => {
  const audit = createAudit({ codec: engineCodec })
  const newest = new Map<string, number>()
  for (const reply of broker.replies) audit.reply(reply)
  for (const value of broker.feed) {
    // A receiver accepts only rising versions.
    const place = `${value.channel} ${value.sku}`
    if (value.version <= (newest.get(place) ?? 0)) continue
    newest.set(place, value.version)
    audit.feed(value)
  }
  for (const [sender, command] of sent) audit.acknowledged({ sender, sku: String(command.sku), id: String(command.id) })
  for (const stored of broker.journal) audit.record(0, stored)
  return audit.finish({ quiet: true })
}

/** What two workers make of random commands: retries, ids reused, takeovers, a former owner that goes on, appends without an answer. */
const played = (numbers: ReadonlyArray<number>, rules: ProtocolRules = protocolRules): AuditReport => {
  const dice = new Dice(numbers)
  const broker = new Broker()
  const sent: Array<Sent> = []
  /** A worker that claims at a time; `meanwhile` happens once its claim is the journal's last record, and before it reads a command. */
  const start = (name: string, nowMs?: number, meanwhile?: () => void): Shaken => {
    const started = new Shaken(broker, name, rules, 15)
    started.nowMs = nowMs ?? started.nowMs
    started.follow().claim().settle(["ReadCommands", "ReadCommandAt"])
    meanwhile?.()
    started.settle()
    started.tick()
    started.dice = dice
    return started
  }
  let owner = start("w0")
  let former: Shaken | null = null
  for (let turn = 0; turn < 80; turn++) {
    for (let count = dice.below(4); count >= 0; count--) {
      const retried = sent.length > 0 && dice.below(5) === 0 ? sent[dice.below(sent.length)] : undefined
      const one = retried ?? anyCommand(dice, sent.length, owner.nowMs)
      if (retried === undefined) sent.push(one)
      const [sender, command] = one
      const reused = retried !== undefined && dice.below(4) === 0
      owner.send(sender, reused ? asOther(command, turn, owner.nowMs) : command, { brokerMs: owner.nowMs })
    }
    owner.settle()
    owner.tick(dice.below(700)).settle()
    former?.arrive(...[...broker.commands.values()].slice(-2))
    former?.tick(500).settle()
    if (dice.below(20) > 0) continue
    const { nowMs } = owner
    const left = owner
    left.marks = false
    // In half of the takeovers its last append is lost: it asks what stands in that place, and hears it only once its successor's claim does.
    if (dice.below(2) === 0) {
      left.losesNext = true
      const [sender, command] = anyCommand(dice, sent.length, nowMs)
      sent.push([sender, command])
      left.send(sender, command, { brokerMs: nowMs })
      left.settle(["ReadJournalEnd"])
    }
    owner = start(`w${turn + 1}`, nowMs, () => {
      left.arrive(...[...broker.commands.values()].slice(-2))
      left.tick(500).settle()
    })
    former = left
  }
  for (let calm = 0; calm < 30; calm++) owner.tick(300).settle()
  return audited(broker, sent)
}

const numbers = fc.array(fc.nat({ max: 100_000 }), { minLength: 50, maxLength: 50 })
const oneSeed = Array.from({ length: 50 }, (_, place) => (place * 31_337) % 99_991)

describe("audit of what the engine journals", () => {
  it("passes it, whatever is retried, taken over and left unanswered", () => {
    fc.assert(
      fc.property(numbers, (chosen) => {
        const report = played(chosen)
        expect(report.violations).toEqual([])
        expect(report.totals.accepted).toBeGreaterThan(0)
      }),
      { numRuns: 15 },
    )
  })

  it("finds a refusal that isn't remembered", () => {
    expect(foundBy(played(oneSeed, { ...protocolRules, remembers: (outcome) => outcome !== "refused" }))).toContain("one-effect")
  })

  it("finds an owner that takes another's record for its own", () => {
    const found = Array.from({ length: 6 }, (_, n) => n + 1).flatMap((more) =>
      foundBy(
        played(
          oneSeed.map((draw) => draw + more * 7),
          { ...protocolRules, isMine: () => true },
        ),
      ),
    )
    expect(found).toContain("replies")
  })

  it("finds a message id without its owner", () => {
    expect(foundBy(played(oneSeed, { ...protocolRules, messageId: (_owner, epoch, expectedSeq) => `${epoch}.${expectedSeq}` }))).toContain(
      "epochs",
    )
  })
})
