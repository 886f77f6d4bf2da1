/**
 * Decides CancelOrder: which lines are asked to give up how many units. How many they give up, their SKUs say: a shipment may have come first.
 */
import { fieldPath } from "../../../field-path.ts"
import type { EpochMs, SenderId, Sku } from "../../../names.ts"
import type { LineCommand } from "../../carried.ts"
import { begun, endedReason, isOver, later, type OrderDecision, refused, unknownOrder } from "../../decision.ts"
import type { EndingOf } from "../../define.ts"
import { canBeAsked, lineOf, type Order, openQtyOfLine } from "../../order.ts"
import type { CancelOrder } from "./command.ts"

/** What a CancelOrder comes to at `nowMs`. */
export const decideCancelOrder = (
  order: Order | undefined,
  command: CancelOrder,
  channel: SenderId,
  nowMs: EpochMs,
  endingOf: EndingOf,
): OrderDecision => {
  if (order === undefined) return unknownOrder(endingOf(channel, command.order))
  if (isOver(order, nowMs)) return refused("OrderExpired")
  const reason = endedReason(order.ending)
  if (reason !== undefined) return refused(reason)
  if (order.waiting !== null) return later
  if (command.lines === undefined) {
    const carries = order.lines.filter(canBeAsked).map(({ sku }): LineCommand => ({ type: "Release", sku, reason: command.reason }))
    return begun([{ type: "LinesCancelling", id: command.id, carries }])
  }
  if (command.lines.length === 0) return refused("InvalidField", "lines")
  const seen = new Set<Sku>()
  const carries: Array<LineCommand> = []
  for (const [place, { sku, qty }] of command.lines.entries()) {
    const line = lineOf(order, sku)
    if (line === undefined) return refused("UnknownLine", fieldPath("lines", place, "sku"))
    if (seen.has(sku)) return refused("ContradictoryLines", fieldPath("lines", place, "sku"))
    seen.add(sku)
    if (!canBeAsked(line) || (qty !== undefined && qty > openQtyOfLine(line))) return refused("QtyExceedsOpen", fieldPath("lines", place))
    carries.push({ type: "Release", sku, reason: command.reason, ...(qty === undefined ? {} : { qty }) })
  }
  return begun([{ type: "LinesCancelling", id: command.id, carries }])
}
