/**
 * Decides ConfirmOrder: whether payment came before expiry. Here, in the order's own single writer, the two are put in order: one wins, and the loser is told what to refund.
 */
import type { EpochMs, SenderId } from "../../../names.ts"
import { refundsOf } from "../../answer.ts"
import { begun, endedReason, isOver, later, type OrderDecision, refused, unknownOrder } from "../../decision.ts"
import type { EndingOf } from "../../define.ts"
import { canBeAsked, type Order } from "../../order.ts"
import type { ConfirmOrder } from "./command.ts"

/** What a ConfirmOrder comes to at `nowMs`. */
export const decideConfirmOrder = (
  order: Order | undefined,
  command: ConfirmOrder,
  channel: SenderId,
  nowMs: EpochMs,
  endingOf: EndingOf,
): OrderDecision => {
  if (order === undefined) return unknownOrder(endingOf(channel, command.order))
  // Expired, whether or not its end is journaled already: the answer is the same.
  if (isOver(order, nowMs)) return { _tag: "Refused", refusal: { reason: "OrderExpired" }, lines: refundsOf(order) }
  const reason = endedReason(order.ending)
  if (reason !== undefined) return refused(reason)
  if (order.waiting !== null) return later
  if (order.phase === "confirmed") return refused("OrderConfirmed")
  const carries = order.lines.filter(canBeAsked).map(({ sku }) => ({ type: "Confirm", sku }) as const)
  return begun([{ type: "OrderConfirming", id: command.id, carries }])
}
