/**
 * What follows for an order from what has just happened to its lines: units that go back, an answer that can be given, an end.
 *
 * Looked ahead on a copy, so that deciding changes nothing; each step is an event of its own.
 */
import { unreachable } from "../../assert.ts"
import { orderGraceMs, orderKeptMs } from "../../limits.ts"
import type { EpochMs } from "../names.ts"
import type { RefusalReason } from "../refusals.ts"
import type { ReleaseReason } from "../sku/commands.ts"
import { answerOf } from "./answer.ts"
import type { LineCommand } from "./carried.ts"
import type { OrderEvent } from "./events.ts"
import { evolve } from "./evolve.ts"
import { canBeAsked, copyOf, isAtRest, type Order, type OrderEnding, type OrderLine, type Waiting } from "./order.ts"

/** An order as it will be, and the events that make it so. */
export interface Draft {
  readonly order: Order
  readonly events: Array<OrderEvent>
}

/** A draft in which nothing has happened yet. */
export const draftOf = (order: Order): Draft => ({ order: copyOf(order), events: [] })

/** One more thing happens. */
export const tell = ({ order, events }: Draft, event: OrderEvent): void => {
  evolve(order, event)
  events.push(event)
}

/** Why units of an order that is no more go back, for people who read a SKU's journal. */
const releaseReason = (ending: OrderEnding | null): ReleaseReason => {
  switch (ending) {
    case "expired":
      return "abandoned"
    case "cancelled":
      return "cancelled"
    case "refused":
    case "fulfilled":
    case null:
      return "other"
  }
}

/** Asks for all units of these lines that can be asked for. What is under way is asked for when it is back. */
export const releasesOf = (order: Order, lines: ReadonlyArray<OrderLine>): ReadonlyArray<LineCommand> => {
  const reason = releaseReason(order.ending)
  return lines.filter(canBeAsked).map(({ sku }) => ({ type: "Release", sku, reason }))
}

const giveUp = (draft: Draft, lines: ReadonlyArray<OrderLine>): void => {
  const carries = releasesOf(draft.order, lines)
  if (carries.length > 0) tell(draft, { type: "LinesGivenUp", carries })
}

/** Refuses an order whose lines have answered, or had long enough to. */
export const refuseOrder = (draft: Draft, waiting: Waiting, reason: RefusalReason): void => {
  tell(draft, { type: "OrderRefused", answer: answerOf(draft.order, waiting, { reason }) })
  giveUp(draft, draft.order.lines)
}

/** How an order ended of which nothing is open any more. */
const endingOf = ({ fulfilledQty, lines }: Order): OrderEnding => {
  if (fulfilledQty > 0) return "fulfilled"
  return lines.some(({ releasedQty }) => releasedQty > 0) ? "cancelled" : "expired"
}

/** All lines have answered: the command that waited for them gets its answer. */
const answer = (draft: Draft, waiting: Waiting, nowMs: EpochMs): void => {
  const { order } = draft
  const hasAny = order.openQty + order.fulfilledQty > 0
  switch (waiting.type) {
    case "PlaceOrder":
      if (order.shortCount > 0 || !hasAny) return refuseOrder(draft, waiting, "LinesRefused")
      if (nowMs >= order.dueMs) return refuseOrder(draft, waiting, "LinesUnanswered")
      return tell(draft, {
        type: "OrderHeld",
        // Never so late that a line's hold could end within the grace: its channel is told what holds for every line.
        expiresAtMs: Math.min(nowMs + order.holdMs, order.linesHeldUntilMs - orderGraceMs),
        answer: answerOf(order, waiting),
      })
    case "ConfirmOrder":
      if (hasAny) return tell(draft, { type: "OrderConfirmed", answer: answerOf(order, waiting) })
      return tell(draft, { type: "OrderEnded", ending: "expired", answer: answerOf(order, waiting, { reason: "OrderExpired" }) })
    case "CancelOrder":
      return tell(draft, { type: "LinesCancelled", answer: answerOf(order, waiting) })
    default:
      return unreachable(waiting.type)
  }
}

/** What follows once `touched`, a line's SKU, has changed; `wasDoomed`: the order's failure was known before. */
export const settle = (draft: Draft, touched: OrderLine["sku"], wasDoomed: boolean, nowMs: EpochMs): void => {
  const { order } = draft
  const isDoomed = order.phase === "placing" && order.shortCount > 0
  if (isDoomed && !wasDoomed) giveUp(draft, order.lines)
  else if (isDoomed || order.phase === "ended")
    giveUp(draft, order.lines.slice(order.places.get(touched), (order.places.get(touched) ?? 0) + 1))
  if (order.waiting !== null && order.waiting.leftCount === 0) answer(draft, order.waiting, nowMs)
  const isIdle = order.waiting === null && order.askedCount === 0 && order.openQty === 0
  if (isIdle && (order.phase === "held" || order.phase === "confirmed")) tell(draft, { type: "OrderEnded", ending: endingOf(order) })
  rest(draft, nowMs)
}

/** An order of which nothing is left to do is kept for a while yet. */
export const rest = (draft: Draft, nowMs: EpochMs): void => {
  const { order } = draft
  if (isAtRest(order) && order.keptUntilMs === null) tell(draft, { type: "OrderAtRest", keptUntilMs: nowMs + orderKeptMs })
}
