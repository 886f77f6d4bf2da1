/**
 * Decides NoteLine, and makes it: which events of a SKU an order has to be told of, and what they come to there.
 *
 * A SKU tells of what its order did not ask for itself: that comes back as the decision of the line's own command, and would count twice.
 */
import { unreachable } from "../../../../assert.ts"
import type { EpochMs, ReservationId, SenderId } from "../../../names.ts"
import { claimedQty, type StockEvent, unitsOf } from "../../../sku/events.ts"
import { type OrderDecision, refused } from "../../decision.ts"
import { type OrderId, orderOfReservation } from "../../names.ts"
import { lineOf, type Order } from "../../order.ts"
import { draftOf, settle, tell } from "../../settle.ts"
import type { NoteLine } from "./command.ts"
import type { LineFact } from "./events.ts"

/** What an order is told of its line: the command a SKU's event carries, without what its carriage adds. */
export interface LineNotice {
  readonly channel: SenderId
  readonly order: OrderId
  readonly fact: LineFact
  readonly qty: number
}

const noticeOf = (event: { readonly channel: SenderId; readonly reservation: ReservationId }, fact: LineFact, qty: number) => {
  const order = orderOfReservation(event.reservation)
  return order === undefined || qty === 0 ? undefined : { channel: event.channel, order, fact, qty }
}

/** What an order has to be told of an event of its SKU that it did not ask for; undefined: the event is about no line of an order, or ends no unit of one. */
export const lineNotice = (event: StockEvent): LineNotice | undefined => {
  switch (event.type) {
    case "Fulfilled":
      return noticeOf(event, "fulfilled", claimedQty(event))
    case "Released":
      return noticeOf(event, "released", claimedQty(event))
    case "Expired":
      return noticeOf(event, "lost", unitsOf(event.allocations))
    case "ShippedUnreserved":
      return noticeOf(event, "beyond", unitsOf(event.taken))
    case "Reserved":
    case "Confirmed":
    case "Extended":
    case "SaleOwed":
    case "ShortageCovered":
    case "SaleTaken":
    case "StockReceived":
    case "StockAdjusted":
    case "StatusMoved":
    case "WrittenOff":
    case "PolicySet":
    case "DiscrepancyFound":
    case "ShortageFound":
      return undefined
    default:
      return unreachable(event)
  }
}

/** What a NoteLine comes to: a fact, refused only where there is no such line. */
export const decideNoteLine = (order: Order | undefined, command: NoteLine, _: SenderId, nowMs: EpochMs): OrderDecision => {
  if (order === undefined) return refused("UnknownOrder")
  const line = lineOf(order, command.sku)
  if (line === undefined) return refused("UnknownLine", "sku")
  const draft = draftOf(order)
  const wasDoomed = order.shortCount > 0
  tell(draft, { type: "LineNoted", sku: command.sku, fact: command.fact, qty: command.qty })
  settle(draft, command.sku, wasDoomed, nowMs)
  return { _tag: "Accepted", events: draft.events }
}
