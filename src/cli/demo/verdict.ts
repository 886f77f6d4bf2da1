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
import type { TablesVerdict } from "./projected.ts"
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
  /** As their channels heard it. Each command that was sent is counted once, by what was answered first: `sent` is the sum of `accepted`, `refused`, `tooLate`, `quarantined`, `dropped` and `unanswered`. */
  readonly commands: {
    readonly sent: number
    readonly accepted: number
    readonly refused: number
    readonly refusedBy: Readonly<Record<string, number>>
    /** Decided after their deadline: never done. */
    readonly tooLate: number
    readonly quarantined: number
    readonly dropped: number
    readonly unanswered: number
    /** Answers beyond the first of each: the same decision, to copies and retries. */
    readonly heardAgain: number
    /** What the journals hold: decisions of these commands, of all their copies and retries, and of what orders asked of SKUs. */
    readonly journaled: number
    readonly lost: number
    readonly contradicted: number
    /** Of `journaled`, while the sale was played. */
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
  /** What became of the tables in Postgres; null: there were none. */
  readonly tables: TablesVerdict | null
  readonly rows: OrderReport | null
  /** What came of orders of several lines; null: there were none. */
  readonly orders: OrdersVerdict | null
  readonly playedMs: number
  /** That the sale took much longer than was meant, and why, as far as that can be told. Null: it didn't. What is counted holds all the same. */
  readonly behindPace: string | null
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
  readonly tables: TablesVerdict | null
  readonly judgement: Judgement
}

/** What is wrong, commands without an answer left out. */
const brokenBy = ({ judgement: { report, answersHeard }, played, kill, tables }: DemoEvidence): ReadonlyArray<string> => {
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
  say(tables?.differences ?? 0, "differences between the tables and the journals")
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

const lighterText = ({ rows }: DemoSale): string =>
  rows === null ? `--orders-count ${lighter.orders} --in-flight ${lighter.inFlight}` : `--in-flight ${lighter.inFlight}`

/** A sale is behind its pace when it takes this many times what was meant, and so many milliseconds, a take-over left out. */
const behindPace = { times: 1.5, ms: 5_000 }
/** The part of the processors' time above which a slow sale is not the machine's doing alone, in percent. */
const idlePercentAmple = 30

const behindPaceOf = ({ sale, playedMs, idlePercent, kill }: DemoEvidence): string | null => {
  const { meantMs } = sale
  if (meantMs === null || playedMs - (kill?.takeoverMs ?? 0) < meantMs * behindPace.times + behindPace.ms) return null
  const took = `the sale took ${(playedMs / 1_000).toFixed(1)} s for the ${meantMs / 1_000} s that were meant`
  return idlePercent < idlePercentAmple
    ? `SLOW MACHINE: ${took}, because this machine had only ${idlePercent} % of its processors' time to spare. Answers and the take-over took longer for that reason; what is counted holds all the same. Lighter: ${lighterText(sale)}`
    : `SLOW: ${took}, though this machine had ${idlePercent} % of its processors' time to spare: its disk may be slow. What is counted holds all the same; --keep keeps the workers' logs`
}

const tooSlowText = ({ sale, idlePercent }: DemoEvidence, unanswered: string): string => {
  const smaller = lighterText(sale)
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

const commandsOf = ({ played, playedMs, judgement: { report, answersHeard } }: DemoEvidence): Verdict["commands"] => {
  const { totals } = report
  const { accepted, refused, expired: tooLate, quarantined, dropped, unknown: unanswered } = played.outcomes
  return {
    sent: played.commands,
    accepted,
    refused,
    refusedBy: played.refusedBy,
    tooLate,
    quarantined,
    dropped,
    unanswered,
    heardAgain: Math.max(0, answersHeard - (played.answered - unanswered)),
    journaled: totals.commands,
    lost: totals.lost,
    contradicted: totals.contradicted,
    perSecond: playedMs > 0 ? Math.round((totals.commands * 1_000) / playedMs) : 0,
    slowestMs: Math.round(played.slowestMs),
  }
}

/** Draws the verdict. */
export const verdictOf = (evidence: DemoEvidence): Verdict => {
  const { sale, partitions, played, playedMs, idlePercent, kill, tables, judgement } = evidence
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
    commands: commandsOf(evidence),
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
    tables,
    rows: sale.rows,
    orders: ordersVerdict(evidence),
    playedMs: Math.round(playedMs),
    behindPace: behindPaceOf(evidence),
    idlePercent,
  }
}

/** The worker whose death is felt most: the one that decides for the hot SKU; else any that decides for something. */
export const victimOf = (hotSku: string, owners: ReadonlyArray<string | null>): string | null =>
  owners[partitionOf(hotSku, owners.length)] ?? owners.find((owner) => owner !== null) ?? null
