/**
 * Watches a world for the rare states of sim/sometimes.ts. It judges nothing: reaching them is what the workload and the faults are for.
 */

import type { Refusal } from "../src/domain/refusals.ts"
import { isFact } from "../src/domain/sku/commands.ts"
import type { SkuJournalRecord } from "../src/kinds/sku/types.ts"
import { issuedAheadMsMax } from "../src/limits.ts"
import type { Cluster } from "./cluster.ts"
import type { FaultListener } from "./faults/injector.ts"
import type { Observer } from "./nodes/observer.ts"
import type { Slot } from "./nodes/slot.ts"
import type { Worker } from "./nodes/worker.ts"
import type { Sometimes } from "./sometimes.ts"

/** Milliseconds within which four rare things have to coincide. */
const allAtOnceMs = 5_000

/** Milliseconds after which nobody contests what another got. */
const contestMs = 2_000

interface Attempt {
  timedOut: boolean
  stored: boolean
  attempts: number
}

export class Tracker implements Partial<Observer>, FaultListener {
  readonly #sometimes: Sometimes
  #cluster: Cluster | null = null
  readonly #attempts = new Map<string, Attempt>()
  readonly #decided = new Map<string, { readonly seq: number; readonly epoch: number; readonly atMs: number }>()
  /** When holds end, by sender, SKU and reservation. */
  readonly #holds = new Map<string, number>()
  readonly #epochs = new Map<number, number>()
  /** Slots that kept their state when they lost a reign, and the life in which they follow on with it. */
  readonly #followsOn = new Map<Slot, number>()
  #electedMs = Number.NEGATIVE_INFINITY
  #zombieMs = Number.NEGATIVE_INFINITY
  #fullMs = Number.NEGATIVE_INFINITY
  /** By SKU: when somebody last got units, and who was refused some since. */
  readonly #contests = new Map<string, { readonly gotMs: number; readonly refused: Set<string> }>()

  constructor(sometimes: Sometimes) {
    this.#sometimes = sometimes
  }

  watch(cluster: Cluster): void {
    this.#cluster = cluster
  }

  get #nowMs(): number {
    return this.#cluster?.world.nowMs ?? 0
  }

  #attempt(partition: number, messageId: string): Attempt {
    const key = `${partition} ${messageId}`
    const known = this.#attempts.get(key)
    if (known !== undefined) return known
    const attempt: Attempt = { timedOut: false, stored: false, attempts: 0 }
    this.#attempts.set(key, attempt)
    return attempt
  }

  appendAnswered(...[slot, { messageId }, answer]: Parameters<Observer["appendAnswered"]>): void {
    const attempt = this.#attempt(slot.id, messageId)
    attempt.attempts++
    const isAck = answer !== null && "seq" in answer
    if (isAck && answer.duplicate) this.#sometimes.hit("retry-answered-duplicate")
    if (isAck && !answer.duplicate && attempt.timedOut) this.#sometimes.hit("stored-after-giving-up")
    if (isAck || this.#isStored(slot.id, messageId)) attempt.stored = true
    if (answer === null || "seq" in answer) return
    if (answer.errCode === 10071 && attempt.stored) this.#sometimes.hit("retry-answered-wrong-sequence")
    if (answer.errCode === 10158) this.#sometimes.hit("refused-while-in-process")
    if (answer.errCode === 10071 && slot.isServing && !attempt.stored) {
      this.#sometimes.hit("zombie-append-refused")
      this.#zombieMs = this.#nowMs
    }
    if (slot.partition?.phase === "claiming" && answer.errCode === 10071) this.#sometimes.hit("claim-lost-to-a-rival")
  }

  endTold(...[slot, endSeq, witnessSeq]: Parameters<Observer["endTold"]>): void {
    const { partition } = slot
    // A journal that did lose records says so too.
    if (partition === null || this.#cluster?.lossy.has(slot.id) === true) return
    const { inFlight, claiming } = partition
    if (inFlight?.frozen === true && endSeq < inFlight.pending.expectedSeq) this.#sometimes.hit("former-leader-told-an-owner")
    if (inFlight === null && claiming !== null && endSeq < Math.max(claiming.knownSeq, witnessSeq))
      this.#sometimes.hit("former-leader-told-a-claimant")
  }

  #isStored(partition: number, messageId: string): boolean {
    const server = this.#cluster?.server
    return server !== undefined && server.recordAt(partition, server.endSeq(partition))?.messageId === messageId
  }

  appendTimedOut(...[slot, { messageId }]: Parameters<Observer["appendTimedOut"]>): void {
    const attempt = this.#attempt(slot.id, messageId)
    attempt.timedOut = true
    this.#sometimes.hit(attempt.stored || this.#isStored(slot.id, messageId) ? "timed-out-and-stored" : "timed-out-and-not-stored")
  }

  serving(...[slot, partition]: Parameters<Observer["serving"]>): void {
    const cluster = this.#cluster
    if (cluster === null) return
    if (cluster.workers.some(({ slots }) => slots.some((other) => other !== slot && other.id === slot.id && other.isServing)))
      this.#sometimes.hit("two-believe-they-own")
    if (this.#followsOn.get(slot) === slot.life) this.#sometimes.hit("state-outlived-its-reign")
    const before = this.#epochs.get(slot.id)
    this.#epochs.set(slot.id, partition.epoch)
    if (before === undefined) return
    if (cluster.server.lastCommandSeq(slot.id) > partition.cursor.seq) this.#sometimes.hit("takeover-in-a-sale")
    const after = partition.reign?.publishing.republishAfterSeq ?? null
    if (after !== null && after < partition.confirmedSeq - 1) this.#sometimes.hit("takeover-with-unsaid-replies")
    if (partition.loadedSnapshot === null) return
    this.#sometimes.hit("snapshot-loaded")
    if (partition.confirmedSeq - partition.snapshotStartSeq > 50) this.#sometimes.hit("snapshot-far-behind")
  }

  confirmed(...[slot, seq, record, stats]: Parameters<Observer["confirmed"]>): void {
    if (stats.messages === 1) this.#sometimes.hit("batch-of-one")
    const most = slot.partition?.batchMessagesMax ?? 0
    if (stats.messages >= Math.min(most, 64)) {
      if (most > 1) this.#sometimes.hit("full-batch")
      this.#fullMs = this.#nowMs
      this.#checkAllAtOnce()
    }
    if (stats.quarantined > 0 && stats.commands > stats.quarantined) this.#sometimes.hit("poison-isolated")
    for (const entry of record.entries) {
      if (entry._tag === "Settled") this.#sometimes.hit("quarantine-settled")
      if (entry._tag === "Reset") this.#sometimes.hit("commands-tail-lost")
      if (entry._tag === "Resumed") this.#sometimes.hit("halted-on-damage")
      if (entry._tag === "Floor") this.#sometimes.hit("floor-refused")
      if (entry._tag === "Covered") this.#sometimes.hit("shortage-covered")
      if (entry._tag === "Message") this.#decisions(seq, record, entry)
    }
  }

  #decisions(seq: number, record: SkuJournalRecord, entry: Extract<SkuJournalRecord["entries"][number], { _tag: "Message" }>): void {
    for (const { command, decision } of entry.decided) {
      if (command === null) continue
      const key = `${entry.sender} ${command.sku} ${command.id}`
      if (decision._tag === "Repeated") {
        this.#sometimes.hit("retry-after-the-window")
        if (command.type === "Fulfil" && command.id.startsWith("rescan")) this.#sometimes.hit("shipment-told-twice")
        const first = this.#decided.get(key)
        if (first !== undefined && first.epoch < record.epoch) this.#sometimes.hit("retry-decided-by-a-new-owner")
      } else this.#decided.set(key, { seq, epoch: record.epoch, atMs: record.atMs })
      if (decision._tag === "TooLate") this.#sometimes.hit("deadline-passed")
      if (decision._tag === "Refused") this.#refusal(entry.sender, command.sku, command.type, decision.refusal, record.atMs)
      if (decision._tag !== "Accepted") continue
      if (isFact(command) && command.issuedAtMs > record.atMs + issuedAheadMsMax) this.#sometimes.hit("fact-ahead-of-time")
      if (command.type === "Reserve") this.#contests.set(command.sku, { gotMs: record.atMs, refused: new Set() })
      if (command.type === "Reserve") this.#holds.set(`${entry.sender} ${command.sku} ${command.reservation}`, record.atMs + command.holdMs)
      if (command.type === "Confirm") {
        const endsMs = this.#holds.get(`${entry.sender} ${command.sku} ${command.reservation}`) ?? Number.POSITIVE_INFINITY
        if (endsMs - record.atMs < 1_000) this.#sometimes.hit("confirm-beat-expiry")
      }
      if (decision.events.some(({ type }) => type === "ShortageFound")) this.#sometimes.hit("shortage")
      if (decision.events.some((event) => event.type === "SaleOwed" && event.shortQty !== undefined))
        this.#sometimes.hit("sold-beyond-stock")
    }
  }

  #refusal(sender: string, sku: string, type: string, { reason, ats }: Refusal, atMs: number): void {
    if (reason === "IdReused") this.#sometimes.hit("id-reused")
    if (reason === "TooOld") this.#sometimes.hit("floor-refused")
    if (type === "Confirm" && reason === "ReservationExpired") this.#sometimes.hit("expiry-beat-confirm")
    if (type !== "Reserve" || reason !== "InsufficientStock") return
    if (ats === 0) this.#sometimes.hit("sold-out")
    const contest = this.#contests.get(sku)
    if (contest === undefined || atMs - contest.gotMs > contestMs) return
    contest.refused.add(sender)
    if (contest.refused.size >= 3) this.#sometimes.hit("last-unit-contested")
  }

  alarmed(...[_slot, kind, _detail]: Parameters<Observer["alarmed"]>): void {
    if (kind === "SnapshotDiscarded") this.#sometimes.hit("snapshot-discarded")
    if (kind === "FeedRepaired") this.#sometimes.hit("feed-repaired")
    if (kind === "ClockAhead") this.#sometimes.hit("clock-ahead-alarm")
  }

  steppedDown(...[_slot, reason]: Parameters<Observer["steppedDown"]>): void {
    if (reason === "NewerRelease") this.#sometimes.hit("older-release-stepped-aside")
  }

  reignEnded(...[slot, reason]: Parameters<Observer["reignEnded"]>): void {
    if (reason === "Drained") this.#sometimes.hit("drained")
    else this.#followsOn.set(slot, slot.life + 1)
  }

  halted(...[slot, halt]: Parameters<Observer["halted"]>): void {
    const isLoss = halt.reason === "JournalLostTail" || halt.reason === "JournalEmpty"
    if (isLoss && this.#cluster?.lossy.has(slot.id) === true) this.#sometimes.hit("journal-loss-detected")
  }

  feedAccepted(...[_channel, _value, stale]: Parameters<Observer["feedAccepted"]>): void {
    if (stale) this.#sometimes.hit("stale-feed-turned-away")
  }

  // Faults, as they are injected.

  clockStepped(worker: Worker, byMs: number): void {
    if (byMs < 0 && worker.slots.some(({ isServing }) => isServing)) this.#sometimes.hit("clock-back-during-a-lease")
  }

  elected(stream: string): void {
    this.#electedMs = this.#nowMs
    const partition = Number.parseInt(stream.slice("JOURNAL_".length), 10)
    const flying = this.#cluster?.workers.some(({ slots }) => slots[partition]?.partition?.inFlight != null) ?? false
    if (flying) this.#sometimes.hit("leader-lost-in-an-append")
    this.#checkAllAtOnce()
  }

  paused(_worker: Worker, _ms: number): void {
    this.#checkAllAtOnce()
  }

  cutOff(worker: Worker, ms: number): void {
    if (ms > (this.#cluster?.drawn.leaseTtlMs ?? 0) && worker.slots.some(({ isServing }) => isServing))
      this.#sometimes.hit("cut-outlived-the-lease")
  }

  journalShortened(partition: number, afterSeq: number, count: number): void {
    this.#cluster?.lossy.add(partition)
    this.#cluster?.audience.observer.journalLost(partition, afterSeq, count)
  }

  #checkAllAtOnce(): void {
    const sinceMs = this.#nowMs - allAtOnceMs
    if (this.#electedMs > sinceMs && this.#zombieMs > sinceMs && this.#fullMs > sinceMs) this.#sometimes.hit("all-at-once")
  }
}
