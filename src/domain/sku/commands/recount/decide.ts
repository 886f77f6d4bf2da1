/** Decides a Recount: what was believed on hand becomes what was counted, as far as sound units can come off. */
import { accepted, type Decision, refused } from "../../decision.ts"
import type { StockEvent } from "../../events.ts"
import { boundBroken, discrepancy } from "../../facts.ts"
import { emptyStock, locationStock, type SkuStock, usableQty } from "../../stock.ts"
import type { Recount } from "./command.ts"

/** What a Recount comes to: an adjustment, of 0 units where the count agrees. Damaged units and those in inspection have to be moved first: what can't come off is a discrepancy. */
export const decideRecount = (known: SkuStock | undefined, command: Recount): Decision => {
  const stock = known ?? emptyStock(command.sku)
  const { location } = command
  const at = locationStock(stock, location)
  const moreQty = command.qty - (at?.onHand ?? 0)
  const bound = boundBroken(stock, location, Math.max(0, moreQty))
  if (bound !== undefined) return refused("LimitReached", bound)
  const qty = Math.max(moreQty, at === undefined ? 0 : -usableQty(at))
  const events: Array<StockEvent> = [{ type: "StockAdjusted", location, qty, reason: "count" }]
  if (qty > moreQty) events.push(discrepancy("NotOnHand", qty - moreQty, location))
  return accepted(events)
}
