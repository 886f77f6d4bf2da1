/** Decides an AdjustStock: units found are on hand, units missing come off as far as there are any. */
import { assert } from "../../../../assert.ts"
import { accepted, type Decision, refused } from "../../decision.ts"
import type { StockEvent } from "../../events.ts"
import { boundBroken, discrepancy } from "../../facts.ts"
import { emptyStock, locationStock, type SkuStock, usableQty } from "../../stock.ts"
import type { AdjustStock } from "./command.ts"

/** What an AdjustStock comes to: all of it, or as much as is usable there and a discrepancy. */
export const decideAdjust = (known: SkuStock | undefined, command: AdjustStock): Decision => {
  const stock = known ?? emptyStock(command.sku)
  return command.qty > 0 ? decideFound(stock, command) : decideMissing(stock, command)
}

const decideFound = (stock: SkuStock, command: AdjustStock): Decision => {
  const bound = boundBroken(stock, command.location, command.qty)
  if (bound !== undefined) return refused("LimitReached", bound)
  return accepted([{ type: "StockAdjusted", location: command.location, qty: command.qty, reason: command.reason }])
}

/** Units counted away come off the sound ones; damaged units and those in inspection have to be moved first. */
const decideMissing = (stock: SkuStock, command: AdjustStock): Decision => {
  const missingQty = -command.qty
  assert(missingQty > 0, "an adjustment is never of 0 units")
  const at = locationStock(stock, command.location)
  const qty = Math.min(missingQty, at === undefined ? 0 : usableQty(at))
  const events: Array<StockEvent> = []
  if (qty > 0) events.push({ type: "StockAdjusted", location: command.location, qty: -qty, reason: command.reason })
  if (qty < missingQty) events.push(discrepancy("NotOnHand", missingQty - qty, command.location))
  return accepted(events)
}
