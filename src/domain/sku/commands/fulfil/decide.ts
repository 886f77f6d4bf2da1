/** Decides a Fulfil: what its reservation covers, what left beside that, and what wasn't there. */
import type { EpochMs, SenderId } from "../../../names.ts"
import { accepted, type Decision, openOrReason, refused } from "../../decision.ts"
import type { StockEvent } from "../../events.ts"
import { departureOf, discrepancy, fulfilledBy } from "../../facts.ts"
import { type EndedOf, emptyStock, openQtyOf, type SkuStock } from "../../stock.ts"
import type { Fulfil } from "./command.ts"

/** A shipment that says no quantity, of a reservation that has none open, has nothing in it to apply: it is the one fact that is refused for what is believed. */
export const decideFulfil = (known: SkuStock | undefined, command: Fulfil, _: SenderId, __: EpochMs, endedOf: EndedOf): Decision => {
  if (known === undefined && command.qty === undefined) return refused("UnknownSku")
  const stock = known ?? emptyStock(command.sku)
  const { channel, location } = command
  const found = openOrReason(stock, endedOf, channel, command.reservation, 0)
  const open = typeof found === "string" ? undefined : found
  if (typeof found === "string" && command.qty === undefined) return refused(found)
  const qty = command.qty ?? (open === undefined ? 0 : openQtyOf(open))
  const departure = departureOf(stock, open, location, qty)
  const { coveredQty, takenCoveredQty, takenOtherQty } = departure
  const events: Array<StockEvent> = []
  if (open !== undefined) events.push(fulfilledBy(open, location, departure))
  if (takenOtherQty > 0) {
    events.push({ type: "ShippedUnreserved", channel, reservation: command.reservation, taken: [{ location, qty: takenOtherQty }] })
  }
  const absentQty = qty - takenCoveredQty - takenOtherQty
  if (absentQty > 0) events.push(discrepancy("NotOnHand", absentQty, location))
  if (coveredQty < qty) events.push(discrepancy("NotReserved", qty - coveredQty, location))
  return accepted(events)
}
