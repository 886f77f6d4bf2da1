/**
 * What the demo ends with: the sums of the journals, what the auditor found, and whether that is as it must be. The words for it are in
 * tables.ts.
 */
import type { AuditReport } from "../../audit/audit.ts"
import type { Violation } from "../../audit/findings.ts"
import type { AuditTotals } from "../../audit/totals.ts"
import { partitionOf } from "../../domain/names.ts"
import { counted } from "../../domain/telling.ts"
import type { OrderReport } from "../../workload/orders.ts"
import type { OrderOutcomes } from "../../workload/whole-orders.ts"
import type { Judgement } from "./judge.ts"
import { idlePercentMin } from "./machine.ts"
import type { Played } from "./player.ts"
import type { DemoSale } from "./sale.ts"

/** A worker that was killed, and what became of its partitions. */
export interface Kill {
  readonly worker: string
  readonly pid: number
  /** On the clock of the demo's process, in milliseconds from its start. */
  readonly atMs: number
  readonly afterFlows: number
  /** The partitions it owned, as far as was seen. */
  readonly partitions: ReadonlyArray<number>
  /** Milliseconds until each of them was served by another, as seen from outside; null: not yet. */
  takeoverMs: number | null
}

/** Numbers of the whole sale; units end in `Qty`. */
export interface Verdict {
  readonly ok: boolean
  /** Why not, in words. */
  readonly broken: ReadonlyArray<string>
  /** Why the sale shows nothing, and what to do: commands had no answer in time because the machine was too slow, and all else was as it must be. Null: it isn't so. */
  readonly tooSlow: string | null
  readonly sale: string
  readonly units: {
    readonly receivedQty: number
    /** Counts, returns, losses: signed. */
    readonly adjustedQty: number
    readonly soldQty: number
    /** Paid or owed, still to be shipped. */
    readonly toShipQty: number
    readonly heldQty: number
    readonly releasedQty: number
    readonly expiredQty: number
    /** Asked for and not to be had. */
    readonly refusedQty: number
    readonly onHandQty: number
    readonly oversoldQty: number
  }
  readonly commands: {
    readonly sent: number
    readonly accepted: number
    readonly refused: number
    readonly refusedBy: Readonly<Record<string, number>>
    /** Retries that heard the same decision again. */
    readonly repeated: number
    readonly unanswered: number
    readonly lost: number
    readonly contradicted: number
    readonly perSecond: number
    readonly slowestMs: number
  }
  /** What facts did to promises: the world's doing, not a command's. */
  readonly facts: {
    readonly discrepancyQtyBy: Readonly<Record<string, number>>
    readonly shortagesFound: number
    readonly shortageQty: number
  }
  readonly audit: {
    readonly records: number
    readonly partitions: number
    readonly answersHeard: number
    readonly checked: AuditReport["checked"]
    readonly unchecked: AuditReport["unchecked"]
    readonly violationsBy: AuditReport["violationsBy"]
    /** The first ones. */
    readonly violations: ReadonlyArray<Violation>
  }
  readonly kill: Kill | null
  readonly rows: OrderReport | null
  /** What came of orders of several lines; null: there were none. */
  readonly orders: OrdersVerdict | null
  readonly playedMs: number
  /** The part of its processors' time that the machine had to spare meanwhile. */
  readonly idlePercent: number
}

/** What came of orders, as their channels heard it, and what the journals say of them at the end. */
export interface OrdersVerdict extends OrderOutcomes {
  readonly planned: number
  /** Lines and cancellations of invoices that are longer than an order may be. */
  readonly tooLongRows: number
  readonly tooLongInvoices: number
  /** By the journals. */
  readonly ended: Pick<AuditTotals, "ordersHeld" | "ordersRefused" | "ordersConfirmed" | "ordersCancelled" | "ordersExpired">
  /** Units that SKUs keep for orders: all of them paid for. */
  readonly keptQty: number
  readonly underWay: number
}

export interface DemoEvidence {
  readonly outcomes: OrderOutcomes | null
  readonly sale: DemoSale
  readonly partitions: number
  readonly played: Played
  readonly playedMs: number
  readonly idlePercent: number
  readonly kill: Kill | null
  readonly judgement: Judgement
}

/** What is wrong, commands without an answer left out. */
const brokenBy = ({ judgement: { report, answersHeard }, played, kill }: DemoEvidence): ReadonlyArray<string> => {
  const { totals, violationsBy } = report
  const broken: Array<string> = []
  const say = (count: number, what: string) => {
    if (count > 0) broken.push(`${count} ${what}`)
  }
  say(totals.oversoldQty, "units oversold")
  say(totals.lost, "commands lost: stored by the broker, never decided")
  say(totals.contradicted, "answers contradict the journal")
  for (const [checker, count] of Object.entries(violationsBy)) {
    if (checker !== "replies" && checker !== "completeness") say(count, `violations found by the checker of ${checker}`)
  }
  say(totals.inQuarantine, "commands left in quarantine")
  say(totals.answersOwed, "answers about orders still owed")
  say(totals.carriedUnderWay, "commands between orders and SKUs whose decision never came back")
  say(report.unchecked.replies, "answers that could not be checked")
  if (kill !== null && kill.partitions.length === 0)
    broken.push(`${kill.worker} owned nothing when it was killed: its death proved nothing`)
  if (kill !== null && kill.takeoverMs === null) broken.push(`a partition of ${kill.worker} was never taken over`)
  // An audit that looked at nothing finds nothing.
  if (answersHeard < played.answered - played.unknown) {
    broken.push(`only ${answersHeard} of ${played.answered - played.unknown} answers were written down: the audit is not whole`)
  }
  return broken
}

/** Commands in flight, and orders, with which a machine that was too slow is most likely not. */
const lighter = { inFlight: 200, orders: 2_000 }

const tooSlowText = ({ sale, idlePercent }: DemoEvidence, unanswered: string): string => {
  const smaller =
    sale.rows === null ? `--orders-count ${lighter.orders} --in-flight ${lighter.inFlight}` : `--in-flight ${lighter.inFlight}`
  return `${unanswered}, and the machine had ${idlePercent} % of its processors to spare: it was too slow for this sale beside whatever else it does. Run it again with less beside it, or a lighter one: ${smaller}`
}

/** What is broken, and why the sale shows nothing; commands without an answer are one or the other. */
const findingsOf = (evidence: DemoEvidence): Pick<Verdict, "broken" | "tooSlow"> => {
  const { played, idlePercent } = evidence
  const broken = brokenBy(evidence)
  if (played.unknown === 0) return { broken, tooSlow: null }
  const unanswered = `${counted(played.unknown, "command")} without an answer in time`
  if (broken.length === 0 && idlePercent < idlePercentMin) return { broken, tooSlow: tooSlowText(evidence, unanswered) }
  const causes = [...played.unknownCauses].join("; ")
  return {
    broken: [...broken, `${unanswered} (${causes}), and the machine had ${idlePercent} % of its processors to spare`],
    tooSlow: null,
  }
}

const ordersVerdict = ({ sale, outcomes, judgement: { report } }: DemoEvidence): OrdersVerdict | null => {
  if (sale.orders === null || outcomes === null) return null
  const { ordersHeld, ordersRefused, ordersConfirmed, ordersCancelled, ordersExpired, orderUnitsOpen, carriedUnderWay } = report.totals
  const { tooLong, orders } = sale.orders
  return {
    ...outcomes,
    planned: orders,
    tooLongRows: (tooLong?.lines ?? 0) + (tooLong?.cancellations ?? 0),
    tooLongInvoices: tooLong?.invoices ?? 0,
    ended: { ordersHeld, ordersRefused, ordersConfirmed, ordersCancelled, ordersExpired },
    keptQty: orderUnitsOpen,
    underWay: carriedUnderWay,
  }
}

/** Draws the verdict. */
export const verdictOf = (evidence: DemoEvidence): Verdict => {
  const { sale, partitions, played, playedMs, idlePercent, kill, judgement } = evidence
  const { report, answersHeard } = judgement
  const { totals } = report
  const { broken, tooSlow } = findingsOf(evidence)
  return {
    ok: broken.length === 0 && tooSlow === null,
    broken,
    tooSlow,
    sale: sale.title,
    units: {
      receivedQty: totals.receivedQty,
      adjustedQty: totals.adjustedQty,
      soldQty: totals.soldQty,
      toShipQty: totals.confirmedOpenQty,
      heldQty: totals.heldOpenQty,
      releasedQty: totals.releasedQty,
      expiredQty: totals.expiredQty + totals.expiredOrdersQty,
      refusedQty: played.refusedQty,
      onHandQty: totals.onHandQty,
      oversoldQty: totals.oversoldQty,
    },
    commands: {
      sent: played.commands,
      accepted: totals.accepted,
      refused: totals.refused,
      refusedBy: totals.refusedBy,
      repeated: totals.repeated,
      unanswered: played.unknown,
      lost: totals.lost,
      contradicted: totals.contradicted,
      perSecond: playedMs > 0 ? Math.round((totals.commands * 1_000) / playedMs) : 0,
      slowestMs: Math.round(played.slowestMs),
    },
    facts: { discrepancyQtyBy: totals.discrepancyQtyBy, shortagesFound: totals.shortagesFound, shortageQty: totals.shortageQty },
    audit: {
      records: totals.records + totals.orderRecords,
      partitions,
      answersHeard,
      checked: report.checked,
      unchecked: report.unchecked,
      violationsBy: report.violationsBy,
      violations: report.violations,
    },
    kill,
    rows: sale.rows,
    orders: ordersVerdict(evidence),
    playedMs: Math.round(playedMs),
    idlePercent,
  }
}

/** The worker whose death is felt most: the one that decides for the hot SKU; else any that decides for something. */
export const victimOf = (hotSku: string, owners: ReadonlyArray<string | null>): string | null =>
  owners[partitionOf(hotSku, owners.length)] ?? owners.find((owner) => owner !== null) ?? null
