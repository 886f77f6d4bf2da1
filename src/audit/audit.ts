/**
 * The auditor: reads the journals record by record, hears what was said about them, and puts each to the checkers that judge it.
 *
 * Written apart from what it judges: it knows the shapes of commands, events and records, and none of the lines that decide, evolve or
 * journal them. Keeps what is open (reservations, remembered ids, what was heard and not yet journaled), not what has passed.
 * Records of one partition are given in their order, partitions in any; nothing here throws on a bad journal.
 */
import { assert, unreachable } from "../assert.ts"
import type { StoredRecord } from "../engine/records.ts"
import type { OrderKind } from "../kinds/order/types.ts"
import type { SkuDecidedCommand, SkuEntry, SkuKind, SkuMessageEntry, SkuSettledEntry } from "../kinds/sku/types.ts"
import { Carried } from "./carried.ts"
import { type Carrier, carriedInSkus } from "./carrying.ts"
import { type Acknowledged, createCompleteness } from "./completeness.ts"
import { createFeed, type HeardValue } from "./feed.ts"
import { type CheckerName, createFindings, type Violation } from "./findings.ts"
import { isOurs } from "./floors.ts"
import { judgeLines, lineOf, orderOf } from "./lines.ts"
import type { Loss, StreamHeld } from "./losses.ts"
import { createOrderSide, type OrderAuditOptions, type OrderSide } from "./order-side.ts"
import type { QuarantineBounds } from "./quarantine-room.ts"
import type { HeardReply } from "./replies.ts"
import { type RecordSeen, scopeOf } from "./seen.ts"
import { createSide, decisionSeen, type RecordCodec, recordSeen } from "./side.ts"
import { skuJudged } from "./sku-judged.ts"
import { createSkus } from "./skus.ts"
import { type AuditTotals, createTotals, noOrders, type OrderTotals } from "./totals.ts"

/** What an audit is told before it begins. */
export interface AuditOptions {
  /** How a record of SKUs is read, and the hash its chain is made with. */
  readonly codec: RecordCodec<SkuKind>
  /** The partition a SKU belongs to; without it only that it has one is checked. */
  readonly partitionOf?: (sku: string) => number
  /** Violations reported in detail; all are counted. 100 unless said. */
  readonly violationsMax?: number
  /** Newest records of a partition that are kept for replies told after them. 16 unless said: a record may be large. */
  readonly recordsKept?: number
  /** Absent: the audit is given no journals of orders, and does not look at what SKUs decide for them. */
  readonly orders?: OrderAuditOptions
  /** How much may wait in quarantine: as shipped unless said. */
  readonly quarantine?: QuarantineBounds
}

/** What an audit found, once everything was read. */
export interface AuditReport {
  /** No violation and no loss. Says little if `checked` is 0 where it shouldn't be. */
  readonly ok: boolean
  /** The first ones; `violationsBy` counts them all. */
  readonly violations: ReadonlyArray<Violation>
  readonly violationsBy: Readonly<Record<CheckerName, number>>
  /** What was acknowledged to be stored, and that the commands stream lost before anybody decided it. */
  readonly losses: ReadonlyArray<Loss>
  /** Things each checker looked at. */
  readonly checked: Readonly<Record<CheckerName, number>>
  /** Told too late to be judged. */
  readonly unchecked: { readonly replies: number; readonly feed: number }
  readonly totals: AuditTotals
}

/** What is known of the cluster at the end. */
export interface FinishOptions {
  /** All that was decided has been said and heard, so the feed's last values must be the last there are. */
  readonly quiet?: boolean
  /** Nothing is on its way between partitions any more: what is under way all the same is lost. */
  readonly atRest?: boolean
  /** What the commands stream of SKUs holds, and that of orders, looked at before all journals are read whole. */
  readonly held?: StreamHeld | null
  readonly heldOrders?: StreamHeld | null
}

/** An audit under way: it is given records and what was heard, and asked for its report at the end. */
export interface Audit {
  /** The next record of a partition's journal, from its first on. */
  readonly record: (partition: number, stored: StoredRecord) => void
  /** A reply that its sender heard. Best told before its record. */
  readonly reply: (reply: HeardReply) => void
  /** The next ATS value that a receiver accepted; the receiver is the channel itself unless named. Best told before the SKU's records. */
  readonly feed: (value: HeardValue, receiver?: string) => void
  /** A command that the broker acknowledged as stored. Best told before its record. */
  readonly acknowledged: (command: Acknowledged) => void
  /** Every SKU that was told of so far. */
  readonly skus: () => Iterable<string>
  /** The next record of a partition of orders, and a reply about orders as it was heard. Only where the audit was told of orders. */
  readonly orderRecord: (partition: number, stored: StoredRecord) => void
  readonly orderReply: (reply: HeardReply<OrderKind>) => void
  /** The report. Called once. */
  readonly finish: (options?: FinishOptions) => AuditReport
}

/** All checkers, wired to one another. */
const assemble = (options: AuditOptions) => {
  const findings = createFindings(options.violationsMax ?? 100)
  const sku = createSide(findings, skuJudged, options)
  const feed = createFeed(findings)
  const totals = createTotals()
  const { orders: ofOrders, recordsKept, quarantine } = options
  const carried = new Carried(findings, (kind, partition) => (kind === "sku" ? sku : order?.side)?.chain.endSeq(partition) ?? 0)
  const order = ofOrders === undefined ? null : createOrderSide(findings, carried, totals, { ...ofOrders, recordsKept, quarantine })
  return {
    findings,
    sku,
    feed,
    totals,
    order,
    carried: order === null ? null : carried,
    completeness: createCompleteness(findings, sku.oneEffect.isDecided),
    skus: createSkus({ findings, floors: sku.floors, feed, onEvent: totals.event, partitionOf: options.partitionOf }),
  }
}
type Checkers = ReturnType<typeof assemble>

/** One command about a SKU with its answer. */
const answered = (
  checkers: Checkers,
  seen: RecordSeen<SkuKind>,
  entry: SkuMessageEntry | SkuSettledEntry,
  decided: SkuDecidedCommand,
): void => {
  checkers.totals.decision(decided.decision)
  const sku = decided.command?.sku ?? decided.named?.key
  const id = decided.command?.id ?? decided.named?.id
  if (sku != null && id != null) checkers.completeness.decided(scopeOf(entry.sender, sku, id))
  const decision = decisionSeen(checkers.sku, seen, entry, decided)
  if (decision === null) return
  checkers.sku.oneEffect.decision(decision)
  checkers.sku.time.decision(decision)
  checkers.skus.decision(decision)
  const { command, sender, actor } = decision
  const order = "reservation" in command && command.reservation !== undefined ? orderOf(command.reservation) : null
  if (!isOurs(sender)) {
    const begins = decided.decision._tag === "Accepted" && (command.type === "Reserve" || command.type === "Confirm")
    if (order !== null && begins)
      checkers.findings.violated(
        "carried",
        decision.where,
        `${command.type} ${command.id} of ${sender} takes the name of a line of order ${order}`,
      )
    return
  }
  const at = { kind: "sku", partition: seen.partition, seq: seen.seq } as const
  const onBehalf = entry._tag === "Message" ? actor : null
  const line = lineOf(actor, order ?? "", command.sku)
  checkers.carried?.decided(at, command.id, sender, onBehalf, { command, line, decision: decided.decision, meaningOf: skuJudged.meaningOf })
}

const entrySeen = (checkers: Checkers, seen: RecordSeen<SkuKind>, entry: SkuEntry): void => {
  switch (entry._tag) {
    case "Message":
      checkers.totals.message()
      for (const decided of entry.decided) answered(checkers, seen, entry, decided)
      return
    case "Settled":
      answered(checkers, seen, entry, entry.decided)
      return
    case "Floor":
      checkers.sku.floors.raised(seen.partition, entry)
      return
    case "Expiry":
      checkers.skus.expiry({ partition: seen.partition, seq: seen.seq, sku: entry.key }, entry.key, entry.events, seen.record.atMs)
      return
    case "Covered":
      checkers.skus.covered({ partition: seen.partition, seq: seen.seq, sku: entry.key }, entry.key, entry.events, seen.record.atMs)
      return
    case "Stored":
    case "Skipped":
    case "Reset":
    case "Resumed":
      return
    case "Returned": {
      const { id, by, outcome, events } = entry
      const at = { kind: "sku", partition: seen.partition, seq: seen.seq } as const
      checkers.carried?.returned(at, id, { ...by, kind: by.kind === "order" ? "order" : "sku" }, outcome)
      if (events.length > 0)
        checkers.findings.violated("effects", { partition: seen.partition, seq: seen.seq }, "a SKU makes something of what an order says")
      return
    }
    case "Answered":
      checkers.findings.violated("effects", { partition: seen.partition, seq: seen.seq }, "a SKU answers later")
      return
    default:
      unreachable(entry)
  }
}

const skuRecordSeen = (checkers: Checkers, partition: number, stored: StoredRecord): void => {
  const { carried } = checkers
  checkers.totals.record()
  const seen = recordSeen(checkers.sku, partition, stored)
  if (seen === null) return
  const at = { kind: "sku", partition, seq: stored.seq } as const
  const carrier: Carrier = { at, owner: seen.record.owner, atMs: seen.record.atMs, count: 0 }
  for (const entry of seen.record.entries) {
    entrySeen(checkers, seen, entry)
    if (carried !== null) for (const one of carriedInSkus(carrier, entry)) carried.carries(one)
  }
  checkers.skus.recordEnd(stored.bytes.length)
  checkers.sku.replies.record(seen)
}

/** What is known of orders once everything was read. */
const orderTotalsOf = ({ order, carried, findings, skus }: Checkers, atRest: boolean): OrderTotals => {
  if (order === null || carried === null) return noOrders
  order.side.replies.finish()
  const { unsettled, underWay } = carried.finish(atRest)
  const keptQty = judgeLines(findings, skus.models, order.orders.models, unsettled)
  const { orders, lines, held, refused, confirmed, cancelled, expired, fulfilled } = order.orders.counts
  return {
    orders,
    orderLines: lines,
    ordersHeld: held,
    ordersRefused: refused,
    ordersConfirmed: confirmed,
    ordersCancelled: cancelled,
    ordersExpired: expired,
    ordersFulfilled: fulfilled,
    orderUnitsOpen: keptQty,
    answersGiven: order.answers.answeredCount(),
    answersOwed: order.answers.owedCount(),
    carriedUnderWay: underWay,
  }
}

const reportOf = (checkers: Checkers, { quiet = false, held = null, atRest = false, heldOrders = null }: FinishOptions): AuditReport => {
  const { findings, feed, completeness, skus, totals } = checkers
  const { chain, replies, quarantine } = checkers.sku
  replies.finish()
  feed.finish(skus.models, chain.endSeq, quiet)
  skus.conservation.finish(skus.models.values())
  const ofOrders = orderTotalsOf(checkers, atRest)
  const skuLosses = checkers.sku.losses.finish(held)
  const orderLosses = checkers.order?.side.losses.finish(heldOrders) ?? { losses: [], lostStored: 0 }
  const losses = [...skuLosses.losses, ...orderLosses.losses]
  const lostStored = skuLosses.lostStored + orderLosses.lostStored
  const known = {
    lostStored,
    lost: completeness.finish(),
    contradicted: findings.violationsBy.replies,
    oversoldQty: skus.conservation.oversoldQty(),
    inQuarantine: quarantine.waiting() + (checkers.order?.side.quarantine.waiting() ?? 0),
    ...ofOrders,
  }
  return {
    ok: losses.length === 0 && Object.values(findings.violationsBy).every((count) => count === 0),
    losses,
    violations: findings.violations,
    violationsBy: findings.violationsBy,
    checked: findings.checkedBy,
    unchecked: { replies: replies.unchecked() + (checkers.order?.side.replies.unchecked() ?? 0), feed: feed.unchecked() },
    totals: totals.finish(skus.models.values(), known),
  }
}

const told = (order: OrderSide | null): OrderSide => {
  assert(order !== null, "an audit that is given orders was told of them")
  return order
}

/** An audit of one cluster's journals. */
export const createAudit = (options: AuditOptions): Audit => {
  const checkers = assemble(options)
  return {
    record: (partition, stored) => skuRecordSeen(checkers, partition, stored),
    orderRecord: (partition, stored) => told(checkers.order).record(partition, stored),
    orderReply: (reply) => told(checkers.order).side.replies.heard(reply),
    reply: checkers.sku.replies.heard,
    feed: (value, receiver = value.channel) => checkers.feed.heard(value, receiver),
    acknowledged: checkers.completeness.acknowledged,
    skus: () => checkers.skus.models.keys(),
    finish: (end = {}) => reportOf(checkers, end),
  }
}
