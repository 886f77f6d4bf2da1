/** Decides a MoveStatus: as many units as are in that status. */
import { accepted, type Decision } from "../../decision.ts"
import type { StockEvent } from "../../events.ts"
import { discrepancy } from "../../facts.ts"
import type { StockStatus } from "../../fields.ts"
import { emptyStock, type LocationStock, locationStock, type SkuStock, usableQty } from "../../stock.ts"
import type { MoveStatus } from "./command.ts"

const inStatusQty = (at: LocationStock, status: StockStatus): number => {
  switch (status) {
    case "available":
      return usableQty(at)
    case "damaged":
      return at.damaged
    case "inspection":
      return at.inspection
  }
}

/** What a MoveStatus comes to: as many units as are in the status it moves from, and a discrepancy for the rest. */
export const decideMove = (known: SkuStock | undefined, command: MoveStatus): Decision => {
  const stock = known ?? emptyStock(command.sku)
  const { location, from, to } = command
  const at = locationStock(stock, location)
  const qty = Math.min(command.qty, at === undefined ? 0 : inStatusQty(at, from))
  const events: Array<StockEvent> = []
  if (qty > 0) events.push({ type: "StatusMoved", location, from, to, qty })
  if (qty < command.qty) events.push(discrepancy("NotInStatus", command.qty - qty, location))
  return accepted(events)
}
