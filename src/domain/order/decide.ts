/**
 * Decides one command about one order: the order and the command in, events or a refusal out. Never changes the order.
 *
 * Whose order it is follows from who sends: an order's name is in scope of its channel, so that another's can't even be named. Ids, deadlines and classes are settled before, by the engine; that fields are in
 * their ranges, by the decoder.
 */
import { unreachable } from "../../assert.ts"
import type { EpochMs, SenderId } from "../names.ts"
import type { CancelOrder } from "./commands/cancel-order/command.ts"
import { decideCancelOrder } from "./commands/cancel-order/decide.ts"
import type { ConfirmOrder } from "./commands/confirm-order/command.ts"
import { decideConfirmOrder } from "./commands/confirm-order/decide.ts"
import type { NoteLine } from "./commands/note-line/command.ts"
import { decideNoteLine } from "./commands/note-line/decide.ts"
import type { PlaceOrder } from "./commands/place-order/command.ts"
import { decidePlaceOrder } from "./commands/place-order/decide.ts"
import type { OrderDecision } from "./decision.ts"
import type { Order } from "./order.ts"

/** What a channel may ask of an order. */
export type OrderCommand = PlaceOrder | ConfirmOrder | CancelOrder

/** What `command` by `channel` does at `nowMs` to the order of that name, undefined if there is none. */
export const decide = (order: Order | undefined, command: OrderCommand | NoteLine, channel: SenderId, nowMs: EpochMs): OrderDecision => {
  switch (command.type) {
    case "PlaceOrder":
      return decidePlaceOrder(order, command, channel, nowMs)
    case "ConfirmOrder":
      return decideConfirmOrder(order, command, nowMs)
    case "CancelOrder":
      return decideCancelOrder(order, command, nowMs)
    case "NoteLine":
      return decideNoteLine(order, command, nowMs)
    default:
      return unreachable(command)
  }
}
