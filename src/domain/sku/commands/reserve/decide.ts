/** Decides a Reserve: by the very ATS that the feed shows. */
import { openReservationsPerSkuMax } from "../../../../limits.ts"
import type { EpochMs, SenderId } from "../../../names.ts"
import { allocate, noAllocations } from "../../allocation.ts"
import { atsOf } from "../../availability.ts"
import { accepted, type Decision, refused } from "../../decision.ts"
import { channelPolicy } from "../../policy.ts"
import { type EndedOf, locationStock, offerableQty, reservationOf, type SkuStock } from "../../stock.ts"
import { unitsOf } from "../../units.ts"
import type { Reserve } from "./command.ts"

/** What a Reserve comes to: a hold on units within its channel's ATS, or a refusal. */
export const decideReserve = (
  stock: SkuStock | undefined,
  command: Reserve,
  sender: SenderId,
  nowMs: EpochMs,
  endedOf: EndedOf,
): Decision => {
  if (stock === undefined) return refused("UnknownSku")
  if ((stock.reservations?.openCount ?? 0) >= openReservationsPerSkuMax) return refused("LimitReached", "openReservations")
  if (channelPolicy(stock.policy, sender) === undefined) return refused("NotSoldHere")
  const known = reservationOf(stock, sender, command.reservation) ?? endedOf(sender, command.reservation)
  if (known !== undefined) return refused("ReservationExists")
  for (const location of command.locations ?? []) {
    if (locationStock(stock, location) === undefined) return refused("UnknownLocation", "locations")
  }
  const wantedQty = Math.min(command.qty, atsOf(stock, sender))
  const allocations = allocate(stock, {
    qty: wantedQty,
    locations: command.locations,
    freeQty: offerableQty,
    present: noAllocations,
  })
  const haveQty = unitsOf(allocations)
  if (haveQty === 0 || (haveQty < command.qty && command.partial !== true)) {
    return { _tag: "Refused", refusal: { reason: "InsufficientStock", ats: haveQty } }
  }
  const expiresAtMs = nowMs + command.holdMs
  return accepted([{ type: "Reserved", channel: sender, reservation: command.reservation, allocations, expiresAtMs }])
}
