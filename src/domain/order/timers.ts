/**
 * What time alone does to an order: lines that did not answer, and a hold that nobody paid for.
 */
import { assert } from "../../assert.ts"
import type { EpochMs } from "../names.ts"
import type { OrderEvent } from "./events.ts"
import type { Order } from "./order.ts"
import { draftOf, refuseOrder, releasesOf, tell } from "./settle.ts"

/** When something is due of itself; undefined: nothing is. */
export const dueMsOf = (order: Order): EpochMs | undefined =>
  order.phase === "placing" || order.phase === "held" ? order.dueMs : undefined

/** What is due at `nowMs`: the caller has made sure that something is. */
export const decideDue = (order: Order, nowMs: EpochMs): ReadonlyArray<OrderEvent> => {
  const dueMs = dueMsOf(order)
  assert(dueMs !== undefined && nowMs >= dueMs, "INV-20 no order ends before the time its channel was told")
  const draft = draftOf(order)
  if (order.phase === "held") tell(draft, { type: "OrderExpired", carries: releasesOf({ ...order, ending: "expired" }, order.lines) })
  else {
    assert(order.waiting !== null, "an order that is being placed owes an answer")
    refuseOrder(draft, order.waiting, "LinesUnanswered")
  }
  return draft.events
}
