/**
 * The shape of an answer, and the checks that commands and facts share on the way to it.
 */
import { assert, unreachable } from "../../assert.ts"
import type { EpochMs, ReservationId, SenderId } from "../names.ts"
import type { Refusal, RefusalReason } from "../refusals.ts"
import type { StockEvent } from "./events.ts"
import { type EndedOf, type EndedReservation, type Reservation, reservationOf, type SkuStock } from "./stock.ts"

/** What an accepted command did: at least one event. */
export type Events = readonly [StockEvent, ...Array<StockEvent>]

/** What one command does to its SKU: at least one event, or a refusal that does nothing. */
export type Decision = { readonly _tag: "Accepted"; readonly events: Events } | { readonly _tag: "Refused"; readonly refusal: Refusal }

const isNotEmpty = (events: Array<StockEvent>): events is [StockEvent, ...Array<StockEvent>] => events.length > 0

/** The decision that these events happened. */
export const accepted = (events: Array<StockEvent>): Decision => {
  assert(isNotEmpty(events), "an accepted command has at least one event")
  return { _tag: "Accepted", events }
}

/** The decision that nothing happened, and why. `field` names the field or bound at fault. */
export const refused = (reason: RefusalReason, field?: string): Decision => ({
  _tag: "Refused",
  refusal: field === undefined ? { reason } : { reason, field },
})

/**
 * Why a command can't change this reservation, or undefined if it is open. A hold whose time is up is answered as it will be once its
 * expiry is journaled: as fulfilled if units of it were, else as expired.
 */
const notOpenReason = (reservation: Reservation | EndedReservation | undefined, nowMs: EpochMs): RefusalReason | undefined => {
  if (reservation === undefined) return "UnknownReservation"
  switch (reservation.status) {
    case "held":
      if (nowMs < reservation.expiresAtMs) return undefined
      return reservation.fulfilledQty > 0 ? "ReservationFulfilled" : "ReservationExpired"
    case "confirmed":
      return undefined
    case "expired":
      return "ReservationExpired"
    case "released":
      return "ReservationReleased"
    case "fulfilled":
      return "ReservationFulfilled"
    default:
      return unreachable(reservation)
  }
}

/** The channel's open reservation of this id, or why nothing can be done with it. */
export const openOrReason = (
  stock: SkuStock,
  endedOf: EndedOf,
  channel: SenderId,
  id: ReservationId,
  nowMs: EpochMs,
): Reservation | RefusalReason => {
  const held = reservationOf(stock, channel, id)
  const reason = notOpenReason(held ?? endedOf(channel, id), nowMs)
  return reason ?? held ?? "UnknownReservation"
}
