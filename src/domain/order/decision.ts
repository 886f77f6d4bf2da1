/**
 * The shape of what comes of a command about an order, and the checks that its commands share.
 */
import { assert, unreachable } from "../../assert.ts"
import type { EpochMs } from "../names.ts"
import type { LineTold, Refusal, RefusalReason } from "../refusals.ts"
import type { OrderEvent } from "./events.ts"
import type { Order, OrderEnding } from "./order.ts"

/** What one command does to its order. */
export type OrderDecision =
  /** It happened, and that is the answer. */
  | { readonly _tag: "Accepted"; readonly events: ReadonlyArray<OrderEvent> }
  /** It began: the answer stands in the event that ends it, once all lines have answered. */
  | { readonly _tag: "Begun"; readonly events: ReadonlyArray<OrderEvent> }
  | { readonly _tag: "Refused"; readonly refusal: Refusal; readonly lines?: ReadonlyArray<LineTold> }
  /** An earlier command of this order is not answered yet: nothing is decided, nothing remembered, and the sender is told to come back. */
  | { readonly _tag: "Later" }

/** The decision that these events began something whose answer is owed. */
export const begun = (events: ReadonlyArray<OrderEvent>): OrderDecision => {
  assert(events.length > 0, "what begins has at least one event")
  return { _tag: "Begun", events }
}

/** The decision that nothing happened, and why. */
export const refused = (reason: RefusalReason, field?: string): OrderDecision => ({
  _tag: "Refused",
  refusal: field === undefined ? { reason } : { reason, field },
})

/** Nothing is decided or remembered: whoever asked is told to come back. */
export const later: OrderDecision = Object.freeze({ _tag: "Later" })

/** Whether an order's hold is over, journaled or not. */
export const isOver = (order: Order, nowMs: EpochMs): boolean =>
  order.ending === "expired" || (order.phase === "held" && nowMs >= order.dueMs)

/** Why nothing can be done with an order that ended so; undefined: it hasn't. */
export const endedReason = (ending: OrderEnding | null): RefusalReason | undefined => {
  switch (ending) {
    case null:
      return undefined
    case "refused":
      return "OrderRefused"
    case "cancelled":
      return "OrderCancelled"
    case "expired":
      return "OrderExpired"
    case "fulfilled":
      return "OrderFulfilled"
    default:
      return unreachable(ending)
  }
}

/** The refusal of whatever is about an order that its book doesn't hold: how it ended, as long as that is remembered. */
export const unknownOrder = (ending: OrderEnding | undefined): OrderDecision => refused(endedReason(ending ?? null) ?? "UnknownOrder")
