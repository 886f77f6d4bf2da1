/**
 * Reads the journals of orders, and puts what they say to the checkers of orders, of answers and of what is carried.
 */
import { unreachable } from "../assert.ts"
import type { StoredRecord } from "../engine/records.ts"
import type {
  OrderAnsweredEntry,
  OrderDecidedCommand,
  OrderEntry,
  OrderKind,
  OrderMessageEntry,
  OrderReturnedEntry,
  OrderSettledEntry,
} from "../kinds/order/types.ts"
import { type Answers, createAnswers } from "./answers.ts"
import type { Carried, Place } from "./carried.ts"
import { type Carrier, carriedInOrders } from "./carrying.ts"
import { type Findings, ofOrders } from "./findings.ts"
import { isOurs } from "./floors.ts"
import { lineOf } from "./lines.ts"
import { createOnePartition } from "./one-partition.ts"
import { settledBy } from "./order-commands.ts"
import { createOrderEnds } from "./order-ends.ts"
import { orderJudged } from "./order-judged.ts"
import { orderKeyOf } from "./order-model.ts"
import { createOrders, type Orders } from "./orders.ts"
import type { QuarantineBounds } from "./quarantine-room.ts"
import { type RecordSeen, scopeOf } from "./seen.ts"
import { createSide, decisionSeen, type RecordCodec, recordSeen, type Side } from "./side.ts"
import type { Totals } from "./totals.ts"

/** What the audit of orders is told before it begins. */
export interface OrderAuditOptions {
  readonly codec: RecordCodec<OrderKind>
  /** The partition that a book of orders belongs to; without it only that it has one is checked. */
  readonly partitionOf?: (book: string) => number
}

interface OrderSideOptions extends OrderAuditOptions {
  readonly recordsKept?: number | undefined
  readonly quarantine?: QuarantineBounds | undefined
}

/** The checkers of orders. */
export interface OrderSide {
  readonly side: Side<OrderKind>
  readonly orders: Orders
  readonly answers: Answers
  readonly record: (partition: number, stored: StoredRecord) => void
}

const placeOf = ({ partition, seq }: RecordSeen<OrderKind>): Place => ({ kind: "order", partition, seq })

/** The checkers of orders, wired to one another. */
interface OrderCheckers {
  readonly findings: Findings
  readonly side: Side<OrderKind>
  readonly orders: Orders
  readonly answers: Answers
  readonly onePartition: ReturnType<typeof createOnePartition>
  readonly carried: Carried
  readonly totals: Totals
}

const decided = (
  { findings, side, orders, answers, onePartition, carried, totals }: OrderCheckers,
  seen: RecordSeen<OrderKind>,
  entry: OrderMessageEntry | OrderSettledEntry,
  one: OrderDecidedCommand,
): void => {
  totals.decision(one.decision)
  const decision = decisionSeen(side, seen, entry, one)
  if (decision === null) return
  const { command, sender, actor, where } = decision
  const { _tag: tag } = decision.decision
  side.oneEffect.decision(decision)
  side.time.decision(decision)
  if (tag === "Accepted" || tag === "Begun") onePartition.changed(where, orderJudged.keyOf(command))
  // An operator says whose the order is that it settles something of. What it settles of a SKU's word was told for a channel when it was put into quarantine.
  const isItsOwn = command.channel === actor || settledBy(command) !== null || (entry._tag === "Settled" && isOurs(sender))
  if ((tag === "Accepted" || tag === "Begun") && !isItsOwn)
    findings.violated("orders", where, `${command.type} ${command.id} of ${actor} is about an order of ${command.channel}`)
  if (tag === "Begun" || tag === "Pending") answers.asked(where, sender, orderJudged.keyOf(command), command.id, entry.reply)
  if (isOurs(sender)) {
    const { channel, order } = command
    const line = lineOf(channel, order, "sku" in command ? command.sku : "")
    const onBehalf = entry._tag === "Message" ? actor : null
    carried.decided(placeOf(seen), command.id, sender, onBehalf, {
      command,
      line,
      decision: one.decision,
      meaningOf: orderJudged.meaningOf,
    })
  } else if (command.type === "NoteLine" && (tag === "Accepted" || tag === "Begun"))
    findings.violated("orders", where, `NoteLine ${command.id} of ${sender} is accepted, and only SKUs may tell so`)
  orders.decision(decision)
}

const returned = (
  { carried, orders }: OrderCheckers,
  seen: RecordSeen<OrderKind>,
  { id, by, outcome, events }: OrderReturnedEntry,
): void => {
  const { partition, seq, record } = seen
  const kind = by.kind === "order" ? "order" : "sku"
  const known = carried.returned(placeOf(seen), id, { ...by, kind }, outcome)
  if (known !== null) orders.returned({ partition, seq }, known, outcome, events, record.atMs)
}

const answered = (
  { side, answers, totals }: OrderCheckers,
  { partition, seq, record }: RecordSeen<OrderKind>,
  entry: OrderAnsweredEntry,
): void => {
  const { sender, key, id, outcome } = entry
  const where = { partition, seq, ...("order" in outcome ? { order: orderKeyOf(sender, outcome.order ?? "") } : {}) }
  totals.answered(outcome)
  answers.journaled(where, entry)
  const scope = scopeOf(sender, key, id)
  side.oneEffect.answered({ where, scope, sender, atMs: record.atMs, outcome })
}

const entrySeen = (checkers: OrderCheckers, seen: RecordSeen<OrderKind>, entry: OrderEntry): void => {
  const { partition, seq, record } = seen
  switch (entry._tag) {
    case "Message":
      checkers.totals.message()
      for (const one of entry.decided) decided(checkers, seen, entry, one)
      return
    case "Settled":
      return decided(checkers, seen, entry, entry.decided)
    case "Floor":
      return checkers.side.floors.raised(partition, entry)
    case "Expiry":
      return checkers.orders.expiry({ partition, seq }, entry.events, record.atMs)
    case "Returned":
      return returned(checkers, seen, entry)
    case "Answered":
      return answered(checkers, seen, entry)
    case "Covered":
      return checkers.findings.violated("orders", { partition, seq }, `the book ${entry.key} does something of its own accord`)
    case "Stored":
    case "Skipped":
    case "Reset":
    case "Resumed":
      return
    default:
      unreachable(entry)
  }
}

/** The checkers of orders, which report to `allFindings`. */
export const createOrderSide = (allFindings: Findings, carried: Carried, totals: Totals, options: OrderSideOptions): OrderSide => {
  const findings = ofOrders(allFindings)
  const side = createSide(findings, orderJudged, options)
  const answers = createAnswers(findings)
  const orders = createOrders(findings, answers, createOrderEnds(side.floors))
  const onePartition = createOnePartition(findings, options.partitionOf)
  const checkers: OrderCheckers = { findings, side, orders, answers, onePartition, carried, totals }

  return {
    side,
    orders,
    answers,
    record: (partition, stored) => {
      totals.orderRecord()
      const seen = recordSeen(side, partition, stored)
      if (seen === null) return
      const { owner, atMs } = seen.record
      const carrier: Carrier = { at: placeOf(seen), owner, atMs, count: 0 }
      for (const entry of seen.record.entries) {
        entrySeen(checkers, seen, entry)
        for (const one of carriedInOrders(carrier, entry)) carried.carries(one)
      }
      const where = { partition, seq: seen.seq }
      orders.recordEnd(where)
      answers.recordEnd(where)
      side.replies.record(seen)
    },
  }
}
