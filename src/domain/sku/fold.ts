/**
 * The ways in which events change the state of a SKU, in place: counters by location, what channels use, what is short, and reservations. Which event does what is said where it is declared.
 *
 * In two halves that don't look at each other: the stock, and the table of reservations. A snapshot holds them as of different records, so each must come forward from an event and
 * itself alone. What must be true if every event was decided on this very state is asserted, in production too: a throw here means that the journal and the state have parted, and stops the
 * partition.
 */
import { assert } from "../../assert.ts"
import type { LocationId, ReservationId, SenderId } from "../names.ts"
import { allocationsWithout } from "./allocation.ts"
import type { StockStatus } from "./fields.ts"
import {
  addReservation,
  type ChannelUse,
  channelUse,
  type Ending,
  isOpen,
  type LocationStock,
  locationStock,
  openQtyOf,
  type Reservation,
  reservationOf,
  type Short,
  type Shorts,
  type SkuStock,
  unowedQty,
  usableQty,
} from "./stock.ts"
import { type Allocations, claimedQty, unitsOf } from "./units.ts"

/** The reservation that an event is about. */
export interface Named {
  readonly channel: SenderId
  readonly reservation: ReservationId
}

/** The location's stock, which begins here if the SKU was never stocked there. */
export const locationFor = (stock: SkuStock, location: LocationId): LocationStock => {
  const known = locationStock(stock, location)
  if (known !== undefined) return known
  const at: LocationStock = { location, onHand: 0, damaged: 0, inspection: 0, reserved: 0, exposed: 0, safety: 0, short: 0 }
  stock.locations = [...stock.locations, at]
  return at
}

/** What a channel uses of the SKU, begun with nothing where it is new. */
export const useFor = (stock: SkuStock, channel: SenderId): ChannelUse => {
  const known = channelUse(stock, channel)
  if (known !== undefined) return known
  const use: ChannelUse = { channel, openQty: 0, fulfilledSinceFenceQty: 0 }
  if (stock.uses === null) stock.uses = [use]
  else stock.uses.push(use)
  return use
}

/** Reserves units for a channel. */
export const claim = (stock: SkuStock, use: ChannelUse, allocations: Allocations): void => {
  for (const part of allocations) {
    const at = locationFor(stock, part.location)
    assert(part.qty > 0, "a claim is of at least one unit")
    at.reserved += part.qty
    assert(unowedQty(at) >= 0, "INV-1 no oversell: reserved + exposed never exceed what is on hand and sound by a claim")
  }
  use.openQty += unitsOf(allocations)
}

/** The counter of what goods have to cover, there or anywhere, by `qty` more. */
const countShort = (stock: SkuStock, shorts: Shorts, at: LocationId | null, qty: number): void => {
  if (at === null) shorts.anywhereQty += qty
  else locationFor(stock, at).short += qty
}

/** A reservation is short of more units. It keeps its place among the others; what was to be covered at two locations is covered anywhere. */
export const addShort = (stock: SkuStock, use: ChannelUse, event: Named & { readonly shortAt?: LocationId }, qty: number): void => {
  assert(qty > 0, "a reservation is short of at least one unit")
  stock.shorts ??= { list: [], anywhereQty: 0 }
  const { shorts } = stock
  const at = event.shortAt ?? null
  const known = shorts.list.find((short) => isShortOf(short, event))
  countShort(stock, shorts, at, qty)
  use.openQty += qty
  if (known === undefined) {
    shorts.list.push({ channel: event.channel, reservation: event.reservation, qty, at })
    return
  }
  known.qty += qty
  if (known.at === at) return
  if (known.at !== null) countShort(stock, shorts, known.at, qty - known.qty)
  if (at !== null) countShort(stock, shorts, at, -qty)
  shorts.anywhereQty += (known.at === null ? 0 : known.qty - qty) + (at === null ? 0 : qty)
  known.at = null
}

/** A reservation is short of fewer units. */
export const lessenShort = (stock: SkuStock, use: ChannelUse, event: Named, qty: number): void => {
  const { shorts } = stock
  const index = shorts === null ? -1 : shorts.list.findIndex((short) => isShortOf(short, event))
  const short = shorts?.list[index]
  assert(
    shorts !== null && short !== undefined && short.qty >= qty,
    "INV-15 no more units are covered or given up than a reservation is short of",
  )
  short.qty -= qty
  use.openQty -= qty
  countShort(stock, shorts, short.at, -qty)
  if (short.qty === 0) shorts.list.splice(index, 1)
  if (shorts.list.length === 0) stock.shorts = null
}

const isShortOf = (short: Short, event: Named): boolean => short.reservation === event.reservation && short.channel === event.channel

/** Units of a reservation are claimed no longer: those reserved, and those it is short of. Returns what its channel uses. */
export const unclaimAll = (
  stock: SkuStock,
  event: Named & { readonly allocations: Allocations; readonly shortQty?: number },
): ChannelUse => {
  const use = useFor(stock, event.channel)
  unclaim(stock, use, event.allocations)
  if (event.shortQty !== undefined && event.shortQty > 0) lessenShort(stock, use, event, event.shortQty)
  return use
}

const unclaim = (stock: SkuStock, use: ChannelUse, allocations: Allocations): void => {
  for (const part of allocations) {
    const at = locationFor(stock, part.location)
    assert(part.qty > 0, "at least one unit ends a claim")
    at.reserved -= part.qty
    assert(at.reserved >= 0, "no more claims end at a location than it has")
  }
  use.openQty -= unitsOf(allocations)
  assert(use.openQty >= 0, "no more units end than a channel has open")
}

/** Changes the units on hand at a location. */
export const addOnHand = (at: LocationStock, qty: number): void => {
  at.onHand += qty
  assert(Number.isSafeInteger(at.onHand), "units on hand are counted exactly")
  assert(usableQty(at) >= 0, "damaged units and those in inspection are on hand")
}

/** Takes units off their locations' shelves. */
export const leave = (stock: SkuStock, taken: Allocations): void => {
  for (const part of taken) {
    assert(part.qty > 0, "at least one unit leaves")
    addOnHand(locationFor(stock, part.location), -part.qty)
  }
}

/** Units that are no longer in `status` (negative: that are now). What is in no other status is available, and has no counter. */
export const moveOutOf = (at: LocationStock, status: StockStatus, qty: number): void => {
  if (status === "damaged") at.damaged -= qty
  else if (status === "inspection") at.inspection -= qty
  assert(
    at.damaged >= 0 && at.inspection >= 0 && (status === "available" || usableQty(at) >= 0),
    "no more units leave a status than are in it",
  )
}

/** Adds a reservation. */
export const begin = (
  stock: SkuStock,
  event: Named & { readonly allocations: Allocations; readonly shortQty?: number },
  status: "held" | "confirmed",
  expiresAtMs: number,
): Reservation => {
  const { channel, reservation: id, allocations, shortQty = 0 } = event
  assert(allocations.length > 0 || shortQty > 0, "a reservation begins with open units")
  const reservation: Reservation = { channel, id, status, allocations, shortQty, fulfilledQty: 0, expiresAtMs }
  addReservation(stock, reservation)
  return reservation
}

/** The open reservation that an event names. */
export const openOne = (stock: SkuStock, event: Named): Reservation => {
  const reservation = reservationOf(stock, event.channel, event.reservation)
  assert(reservation !== undefined, "what changes a reservation names one")
  assert(isOpen(reservation), "INV-8 a reservation ends once")
  return reservation
}

/** The hold that an event names. */
export const heldOne = (stock: SkuStock, event: Named): Reservation => {
  const reservation = openOne(stock, event)
  assert(reservation.status === "held", "only a hold is confirmed or extended")
  return reservation
}

/** Takes the event's units off what is open. With the last of them the reservation ends: as fulfilled if ever a unit of it was, else as `endedAs`. */
export const shrink = (
  stock: SkuStock,
  event: Named & { readonly allocations: Allocations; readonly shortQty?: number },
  endedAs: Ending,
): Reservation => {
  const reservation = endedAs === "expired" ? heldOne(stock, event) : openOne(stock, event)
  if (endedAs === "fulfilled") reservation.fulfilledQty += claimedQty(event)
  reservation.allocations = allocationsWithout(reservation.allocations, event.allocations)
  reservation.shortQty -= event.shortQty ?? 0
  assert(reservation.shortQty >= 0, "no more units end than a reservation is short of")
  if (openQtyOf(reservation) > 0) return reservation
  reservation.status = reservation.fulfilledQty > 0 ? "fulfilled" : endedAs
  if (stock.reservations !== null) stock.reservations.openCount -= 1
  return reservation
}
