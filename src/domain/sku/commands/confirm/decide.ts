/** Decides a Confirm. */
import type { EpochMs, SenderId } from "../../../names.ts"
import { accepted, type Decision, openOrReason, refused } from "../../decision.ts"
import type { Allocations, ShortageFound } from "../../events.ts"
import { type EndedOf, locationStock, type SkuStock, unowedQty } from "../../stock.ts"
import type { Confirm } from "./command.ts"

/** A hold that a fact has eaten is confirmed all the same: its channel hears what its locations lack. */
export const decideConfirm = (
  stock: SkuStock | undefined,
  command: Confirm,
  sender: SenderId,
  nowMs: EpochMs,
  endedOf: EndedOf,
): Decision => {
  if (stock === undefined) return refused("UnknownSku")
  const reservation = openOrReason(stock, endedOf, sender, command.reservation, nowMs)
  if (typeof reservation === "string") return refused(reservation)
  if (reservation.status === "confirmed") return refused("ReservationConfirmed")
  const confirmed = { type: "Confirmed", channel: sender, reservation: command.reservation } as const
  return accepted([confirmed, ...shortagesUnder(stock, reservation.allocations)])
}

/** The shortages of the locations that a reservation's units lie at: some of them may not be there, and whoever confirms it should know. */
const shortagesUnder = (stock: SkuStock, allocations: Allocations): Array<ShortageFound> => {
  const found: Array<ShortageFound> = []
  for (const { location } of allocations) {
    const at = locationStock(stock, location)
    if (at !== undefined && unowedQty(at) < 0) found.push({ type: "ShortageFound", location, qty: -unowedQty(at) })
  }
  return found
}
