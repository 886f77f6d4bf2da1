/**
 * Puts a world to all its checkers: those of the world's own truth while it runs and at its end, and the auditor over the journals and over
 * everything that was heard, told by the world instead of by itself.
 */
import type { Audit } from "../src/audit/audit.ts"
import type { HeardReply } from "../src/audit/replies.ts"
import type { OrderKind } from "../src/kinds/order/types.ts"
import type { AtsValue } from "../src/kinds/sku/types.ts"
import { acknowledgedAppends } from "./checkers/acknowledged-appends.ts"
import { answeredOnce } from "./checkers/answered-once.ts"
import { arrayOrder } from "./checkers/array-order.ts"
import { busyIsTrue } from "./checkers/busy-is-true.ts"
import { carriedOnce } from "./checkers/carried-once.ts"
import type { Checker, Ending, MakeChecker } from "./checkers/checker.ts"
import { clockAlarms } from "./checkers/clock-alarms.ts"
import { convergence } from "./checkers/convergence.ts"
import { doorAge } from "./checkers/door-age.ts"
import { expectedRefusals } from "./checkers/expected-refusals.ts"
import { expiries } from "./checkers/expiries.ts"
import { factsThrottled } from "./checkers/facts-held-off.ts"
import { feedConverges } from "./checkers/feed-converges.ts"
import { feedKeepsNewest } from "./checkers/feed-keeps-newest.ts"
import { feedRepairs } from "./checkers/feed-repairs.ts"
import { freshIsTaken } from "./checkers/fresh-is-taken.ts"
import { halts } from "./checkers/halts.ts"
import { heardMeansJournaled } from "./checkers/heard-means-journaled.ts"
import { journalLoss } from "./checkers/journal-loss.ts"
import { messagesDecided } from "./checkers/messages-decided.ts"
import { noForeignBytes } from "./checkers/no-foreign-bytes.ts"
import { oneAnswer } from "./checkers/one-answer.ts"
import { orderAnswers } from "./checkers/order-answers.ts"
import { orderJournals } from "./checkers/order-journals.ts"
import { orderLines } from "./checkers/order-lines.ts"
import { orderQuarantine } from "./checkers/order-quarantine.ts"
import { ordersAreFold } from "./checkers/orders-are-fold.ts"
import { ordersRest } from "./checkers/orders-rest.ts"
import { paymentOrExpiry } from "./checkers/payment-or-expiry.ts"
import { realTimeOrder } from "./checkers/real-time-order.ts"
import { repliesSaid } from "./checkers/replies-said.ts"
import { retryStorm } from "./checkers/retry-storm.ts"
import { stateIsFold } from "./checkers/state-is-fold.ts"
import { storedIsDecided } from "./checkers/stored-is-decided.ts"
import { trueTime } from "./checkers/true-time.ts"
import type { Cluster } from "./cluster.ts"
import type { Failure, SeedTotals } from "./result.ts"

const makers: ReadonlyArray<readonly [name: string, make: MakeChecker]> = [
  ["heard-means-journaled", heardMeansJournaled],
  ["acknowledged-appends", acknowledgedAppends],
  ["state-is-fold", stateIsFold],
  ["real-time-order", realTimeOrder],
  ["one-answer", oneAnswer],
  ["convergence", convergence],
  ["expected-refusals", expectedRefusals],
  ["expiries", expiries],
  ["retry-storm", retryStorm],
  ["feed-converges", feedConverges],
  ["halts", halts],
  ["journal-loss", journalLoss],
  ["messages-decided", messagesDecided],
  ["replies-said", repliesSaid],
  ["true-time", trueTime],
  ["clock-alarms", clockAlarms],
  ["feed-keeps-newest", feedKeepsNewest],
  ["feed-repairs", feedRepairs],
  ["busy-is-true", busyIsTrue],
  ["fresh-is-taken", freshIsTaken],
  ["facts-held-off", factsThrottled],
  ["answered-once", answeredOnce],
  ["stored-is-decided", storedIsDecided],
  ["door-age", doorAge],
  ["no-foreign-bytes", noForeignBytes],
  ["array-order", arrayOrder],
  ["carried-once", carriedOnce],
  ["order-lines", orderLines],
  ["order-answers", orderAnswers],
  ["payment-or-expiry", paymentOrExpiry],
  ["orders-are-fold", ordersAreFold],
  ["order-journals", orderJournals],
  ["orders-rest", ordersRest],
  ["order-quarantine", orderQuarantine],
]

/** Failures kept in detail of each checker: one that finds the same everywhere must not hide what the others find. */
const failuresPerCheckerMax = 4

export interface Judged {
  readonly failures: ReadonlyArray<Failure>
  readonly checked: Readonly<Record<string, number>>
  readonly excused: Readonly<Record<string, number>>
  readonly totals: SeedTotals
  readonly records: number
}

/** A detail without its numbers, ids and names. */
const signatureOf = (detail: string): string => detail.replace(/[A-Za-z]*[-.]?\d[\w.:~-]*/g, "#").slice(0, 80)

export class Judge {
  readonly #cluster: Cluster
  readonly #checkers: ReadonlyArray<Checker>
  readonly #failures: Array<Failure> = []
  readonly #checked: Record<string, number> = {}
  readonly #excused: Record<string, number> = {}
  readonly #replies: Array<HeardReply> = []
  readonly #orderReplies: Array<HeardReply<OrderKind>> = []
  readonly #feed: Array<{ readonly channel: string; readonly value: AtsValue }> = []

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.#checkers = makers.map(([name, make]) => {
      this.#checked[name] = 0
      return make({
        cluster,
        found: (found) => this.#found({ ...found, checker: name }),
        checked: (things = 1) => {
          this.#checked[name] = (this.#checked[name] ?? 0) + things
        },
        excused: (what) => {
          this.#excused[what] = (this.#excused[what] ?? 0) + 1
        },
      })
    })
    for (const checker of this.#checkers) cluster.audience.add(checker)
    cluster.orderAudience.add({
      replyHeard: (sender, suffix, { partition, seq, epoch, decisions }) =>
        this.#orderReplies.push({ sender, suffix, partition, seq, epoch, decisions }),
    })
    cluster.audience.add({
      replyHeard: (sender, suffix, { partition, seq, epoch, decisions }) =>
        this.#replies.push({ sender, suffix, partition, seq, epoch, decisions }),
      feedAccepted: (channel, value, stale) => {
        if (!stale) this.#feed.push({ channel, value })
      },
    })
  }

  /** The journals of orders, and what was heard of them, for the auditor. */
  #tellOfOrders(audit: Audit): void {
    const { server, drawn, lossy, hasOrders } = this.#cluster
    if (!hasOrders) return
    for (const reply of this.#orderReplies) if (!lossy.has(drawn.partitions + reply.partition)) audit.orderReply(reply)
    for (let partition = 0; partition < (drawn.orderPartitions ?? 0); partition++) {
      const id = drawn.partitions + partition
      if (lossy.has(id)) continue
      for (const stored of server.records(id, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) audit.orderRecord(partition, stored)
    }
  }

  #found(found: Omit<Failure, "atMs" | "partition" | "seq" | "sku"> & { partition?: number; seq?: number; sku?: string }): void {
    const { checker } = found
    if (this.#failures.filter((known) => known.checker === checker).length >= failuresPerCheckerMax) return
    const { partition = -1, seq = 0, sku = null, ...rest } = found
    this.#failures.push({ ...rest, atMs: this.#cluster.world.sinceStartMs, partition, seq, sku })
  }

  /** The verdict. */
  finish(ending: Ending, newAudit: () => Audit): Judged {
    for (const checker of this.#checkers) checker.finish?.(ending)
    const audit = newAudit()
    const { server, drawn, senders, lossy } = this.#cluster
    for (const reply of this.#replies) if (!lossy.has(reply.partition)) audit.reply(reply)
    for (const { channel, value } of this.#feed) if (!lossy.has(this.#cluster.partitionOf(value.sku))) audit.feed(value, channel)
    if (ending.converged)
      for (const sender of senders.values())
        for (const { acknowledgedMs, command } of sender.asked.values())
          if (acknowledgedMs !== null && !lossy.has(this.#cluster.partitionOf(command.sku)))
            audit.acknowledged({ sender: sender.name, sku: command.sku, id: command.id })
    for (let partition = 0; partition < drawn.partitions; partition++) {
      if (lossy.has(partition)) continue
      for (const stored of server.records(partition, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) audit.record(partition, stored)
    }
    this.#tellOfOrders(audit)
    const report = audit.finish({ quiet: ending.converged, atRest: ending.converged && lossy.size === 0 })
    for (const { checker, detail, partition, seq, sku } of report.violations)
      this.#found({
        class: "safety",
        checker,
        signature: signatureOf(detail),
        detail,
        partition,
        seq,
        ...(sku === undefined ? {} : { sku }),
      })
    for (const [name, things] of Object.entries(report.checked)) this.#checked[name] = (this.#checked[name] ?? 0) + things
    const { totals } = report
    return { failures: this.#failures, checked: this.#checked, excused: this.#excused, records: totals.records, totals: seedTotals(totals) }
  }
}

const seedTotals = (totals: SeedTotals): SeedTotals => ({
  receivedQty: totals.receivedQty,
  soldQty: totals.soldQty,
  oversoldQty: totals.oversoldQty,
  lost: totals.lost,
  contradicted: totals.contradicted,
  accepted: totals.accepted,
  refused: totals.refused,
  repeated: totals.repeated,
  expired: totals.expired,
  quarantined: totals.quarantined,
})
