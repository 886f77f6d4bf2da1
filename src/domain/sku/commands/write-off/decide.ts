/** Decides a WriteOff: units come off as far as there are any, those first that couldn't be sold anyway. */
import { accepted, type Decision } from "../../decision.ts"
import type { StockEvent } from "../../events.ts"
import { discrepancy } from "../../facts.ts"
import { emptyStock, locationStock, type SkuStock } from "../../stock.ts"
import type { WriteOff } from "./command.ts"

/** What a WriteOff comes to: as many units as are on hand there, damaged ones first, then those in inspection, and a discrepancy for the rest. */
export const decideWriteOff = (known: SkuStock | undefined, command: WriteOff): Decision => {
  const stock = known ?? emptyStock(command.sku)
  const { location } = command
  const at = locationStock(stock, location)
  const qty = Math.min(command.qty, at?.onHand ?? 0)
  const damagedQty = Math.min(qty, at?.damaged ?? 0)
  const inspectionQty = Math.min(qty - damagedQty, at?.inspection ?? 0)
  const events: Array<StockEvent> = []
  if (qty > 0) events.push({ type: "WrittenOff", location, qty, damagedQty, inspectionQty })
  if (qty < command.qty) events.push(discrepancy("NotOnHand", command.qty - qty, location))
  return accepted(events)
}
