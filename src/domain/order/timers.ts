/**
 * What time alone does to an order: lines that did not answer, a hold that nobody paid for, and that it is forgotten once it was kept for long enough after its end.
 */
import { assert, unreachable } from "../../assert.ts"
import type { EpochMs } from "../names.ts"
import type { OrderEvent } from "./events.ts"
import type { Order } from "./order.ts"
import { draftOf, refuseOrder, releasesOf, rest, tell } from "./settle.ts"

/** When something is due of itself; undefined: nothing is. */
export const dueMsOf = ({ phase, dueMs, keptUntilMs, isForgotten }: Order): EpochMs | undefined => {
  if (phase === "placing" || phase === "held") return dueMs
  return keptUntilMs === null || isForgotten ? undefined : keptUntilMs
}

/** What is due at `nowMs`: the caller has made sure that something is. */
export const decideDue = (order: Order, nowMs: EpochMs): ReadonlyArray<OrderEvent> => {
  const dueMs = dueMsOf(order)
  assert(dueMs !== undefined && nowMs >= dueMs, "INV-20 no order ends before the time its channel was told")
  const draft = draftOf(order)
  switch (order.phase) {
    case "held":
      tell(draft, { type: "OrderExpired", carries: releasesOf({ ...order, ending: "expired" }, order.lines) })
      break
    case "placing":
      assert(order.waiting !== null, "an order that is being placed owes an answer")
      refuseOrder(draft, order.waiting, "LinesUnanswered")
      break
    case "ended":
      tell(draft, { type: "OrderForgotten" })
      break
    case "confirming":
    case "confirmed":
      assert(false, "what is paid for has no timer")
      break
    default:
      unreachable(order.phase)
  }
  rest(draft, nowMs)
  return draft.events
}
