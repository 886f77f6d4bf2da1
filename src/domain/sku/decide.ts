/**
 * Decides one command on one SKU: its stock and the command in, events or a refusal out. Never changes the stock.
 *
 * Sell commands and policies are here, facts in decide-facts.ts. Whether the id was seen before, whether the deadline has passed and what
 * sender may send what class is settled before, by the engine; that the fields are in their ranges, and that no list of a policy names
 * anything twice, by the decoder.
 */
import { unreachable } from "../../assert.ts"
import { locationsPerSkuMax, openReservationsPerSkuMax } from "../../limits.ts"
import type { EpochMs, SenderId } from "../names.ts"
import { allocate, lastUnits, noAllocations } from "./allocation.ts"
import { atsOf } from "./availability.ts"
import type { Confirm, Extend, Release, Reserve, SetPolicy, StockCommand } from "./commands.ts"
import { decideFact } from "./decide-facts.ts"
import { accepted, type Decision, openOrReason, refused } from "./decision.ts"
import { type Expired, unitsOf } from "./events.ts"
import { channelPolicy, type Policy } from "./policy.ts"
import { shortagesUnder } from "./shortage.ts"
import { type EndedOf, locationStock, noneEnded, offerableQty, openQtyOf, type Reservation, reservationOf, type SkuStock } from "./stock.ts"

/**
 * What `command` by `sender` does at `nowMs`. `stock` is undefined for a SKU nobody has told anything about: policies and facts are accepted
 * there all the same. `endedOf` knows of reservations that ended and that the stock no longer holds. Throws only if the command isn't what the decoder lets through.
 */
export const decide = (
  stock: SkuStock | undefined,
  command: StockCommand,
  sender: SenderId,
  nowMs: EpochMs,
  endedOf: EndedOf = noneEnded,
): Decision => {
  switch (command.type) {
    case "Reserve":
      return stock === undefined ? refused("UnknownSku") : decideReserve(stock, command, sender, nowMs, endedOf)
    case "Confirm":
      return stock === undefined ? refused("UnknownSku") : decideConfirm(stock, command, sender, nowMs, endedOf)
    case "Release":
      return stock === undefined ? refused("UnknownSku") : decideRelease(stock, command, sender, nowMs, endedOf)
    case "Extend":
      return stock === undefined ? refused("UnknownSku") : decideExtend(stock, command, sender, nowMs, endedOf)
    case "SetPolicy":
      return decideSetPolicy(stock, command)
    case "ReceiveStock":
    case "AdjustStock":
    case "MoveStatus":
    case "Fulfil":
    case "RecordSale":
      return decideFact(stock, command, sender, endedOf)
    default:
      return unreachable(command)
  }
}

const decideReserve = (stock: SkuStock, command: Reserve, sender: SenderId, nowMs: EpochMs, endedOf: EndedOf): Decision => {
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

/** A hold that a fact has eaten is confirmed all the same: its channel hears what its locations lack. */
const decideConfirm = (stock: SkuStock, command: Confirm, sender: SenderId, nowMs: EpochMs, endedOf: EndedOf): Decision => {
  const reservation = openOrReason(stock, endedOf, sender, command.reservation, nowMs)
  if (typeof reservation === "string") return refused(reservation)
  if (reservation.status === "confirmed") return refused("ReservationConfirmed")
  const confirmed = { type: "Confirmed", channel: sender, reservation: command.reservation } as const
  return accepted([confirmed, ...shortagesUnder(stock, reservation.allocations)])
}

const decideRelease = (stock: SkuStock, command: Release, sender: SenderId, nowMs: EpochMs, endedOf: EndedOf): Decision => {
  const reservation = openOrReason(stock, endedOf, sender, command.reservation, nowMs)
  if (typeof reservation === "string") return refused(reservation)
  const openQty = openQtyOf(reservation)
  const qty = command.qty ?? openQty
  if (qty > openQty) return refused("QtyExceedsOpen", "qty")
  // What isn't there is given up before what is.
  const shortQty = Math.min(qty, reservation.shortQty)
  const allocations = lastUnits(reservation.allocations, qty - shortQty)
  const released = { type: "Released", channel: sender, reservation: command.reservation, allocations, reason: command.reason } as const
  return accepted([shortQty > 0 ? { ...released, shortQty } : released])
}

const decideExtend = (stock: SkuStock, command: Extend, sender: SenderId, nowMs: EpochMs, endedOf: EndedOf): Decision => {
  const reservation = openOrReason(stock, endedOf, sender, command.reservation, nowMs)
  if (typeof reservation === "string") return refused(reservation)
  if (reservation.status === "confirmed") return refused("ReservationConfirmed")
  const expiresAtMs = Math.max(reservation.expiresAtMs, nowMs + command.holdMs)
  return accepted([{ type: "Extended", channel: sender, reservation: command.reservation, expiresAtMs }])
}

/** Safety stock may exceed what is there: `available` is then negative, which is no shortage, for nobody is owed it. */
const decideSetPolicy = (stock: SkuStock | undefined, command: SetPolicy): Decision => {
  const present = stock?.policy?.version ?? 0
  const policy: Policy = { ...command.policy, version: command.policy.version ?? present + 1 }
  const isNew = (location: Policy["safety"][number]["location"]) => stock === undefined || locationStock(stock, location) === undefined
  const newCount = policy.safety.filter((line) => isNew(line.location)).length
  if ((stock?.locations.length ?? 0) + newCount > locationsPerSkuMax) return refused("LimitReached", "locations")
  if (!Number.isSafeInteger(policy.version)) return refused("LimitReached", "policy.version")
  if (policy.version <= present)
    return { _tag: "Refused", refusal: { reason: "PolicyOutdated", field: "policy.version", policyVersion: present } }
  return accepted([{ type: "PolicySet", policy }])
}

/** The end of a hold whose time is up. The caller has made sure that it is one. */
export const expire = (reservation: Reservation): Expired => ({
  type: "Expired",
  channel: reservation.channel,
  reservation: reservation.id,
  allocations: reservation.allocations,
})
