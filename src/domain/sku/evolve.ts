/**
 * Applies a decided event to the state of its SKU, in place: the only place where that state changes.
 *
 * In two halves that don't look at each other: the stock (counters by location, channel uses, policy) and the table of reservations. A
 * snapshot holds them as of different records, so each must come forward from the event and itself alone. What must be true if every event
 * was decided on this very state is asserted, in production too: a throw here means that the journal and the state have parted, and
 * stops the partition.
 */
import { assert, unreachable } from "../../assert.ts"
import type { LocationId, ReservationId, SenderId } from "../names.ts"
import { allocationsWith, allocationsWithout } from "./allocation.ts"
import type { StockStatus } from "./commands.ts"
import { type Allocations, claimedQty, type Expired, type Fulfilled, type Released, type StockEvent, unitsOf } from "./events.ts"
import { channelPolicy, type Policy } from "./policy.ts"
import {
  addReservation,
  type ChannelUse,
  channelUse,
  isOpen,
  type LocationStock,
  locationStock,
  openQtyOf,
  type Reservation,
  type ReservationStatus,
  removeReservation,
  reservationOf,
  type Short,
  type Shorts,
  type SkuStock,
  unowedQty,
  usableQty,
} from "./stock.ts"

/** Applies `event` to the whole state of the SKU. Returns the reservation it touched, if any. */
export const evolve = (stock: SkuStock, event: StockEvent): Reservation | undefined => {
  evolveStock(stock, event)
  return evolveReservation(stock, event)
}

/** Applies `event` to locations, channel uses and policy; the table of reservations is neither read nor changed. */
export const evolveStock = (stock: SkuStock, event: StockEvent): void => {
  switch (event.type) {
    case "Reserved":
      claim(stock, useFor(stock, event.channel), event.allocations)
      return
    case "SaleOwed": {
      const use = useFor(stock, event.channel)
      claim(stock, use, event.allocations)
      if (event.shortQty !== undefined) addShort(stock, use, event, event.shortQty)
      return
    }
    case "ShortageCovered": {
      const use = useFor(stock, event.channel)
      lessenShort(stock, use, event, unitsOf(event.allocations))
      claim(stock, use, event.allocations)
      return
    }
    case "Released":
    case "Expired":
    case "Fulfilled":
      unclaimAll(stock, event)
      return
    case "SaleTaken":
      useFor(stock, event.channel).fulfilledSinceFenceQty += unitsOf(event.taken)
      leave(stock, event.taken)
      return
    case "ShippedUnreserved":
      leave(stock, event.taken)
      return
    case "StockReceived":
    case "StockAdjusted":
      addOnHand(locationFor(stock, event.location), event.qty)
      return
    case "StatusMoved": {
      const at = locationFor(stock, event.location)
      moveOutOf(at, event.from, event.qty)
      moveOutOf(at, event.to, -event.qty)
      return
    }
    case "PolicySet":
      setPolicy(stock, event.policy)
      return
    case "Confirmed":
    case "Extended":
    case "DiscrepancyFound":
    case "ShortageFound":
      return
    default:
      unreachable(event)
  }
}

/** The location's stock, which begins here if the SKU was never stocked there. */
const locationFor = (stock: SkuStock, location: LocationId): LocationStock => {
  const known = locationStock(stock, location)
  if (known !== undefined) return known
  const at: LocationStock = { location, onHand: 0, damaged: 0, inspection: 0, reserved: 0, exposed: 0, safety: 0, short: 0 }
  stock.locations = [...stock.locations, at]
  return at
}

const useFor = (stock: SkuStock, channel: SenderId): ChannelUse => {
  const known = channelUse(stock, channel)
  if (known !== undefined) return known
  const use: ChannelUse = { channel, openQty: 0, fulfilledSinceFenceQty: 0 }
  if (stock.uses === null) stock.uses = [use]
  else stock.uses.push(use)
  return use
}

const claim = (stock: SkuStock, use: ChannelUse, allocations: Allocations): void => {
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
const addShort = (stock: SkuStock, use: ChannelUse, event: Named & { readonly shortAt?: LocationId }, qty: number): void => {
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
const lessenShort = (stock: SkuStock, use: ChannelUse, event: Named, qty: number): void => {
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

const unclaimAll = (stock: SkuStock, event: Released | Expired | Fulfilled): void => {
  const use = useFor(stock, event.channel)
  unclaim(stock, use, event.allocations)
  const shortQty = event.type === "Expired" ? 0 : (event.shortQty ?? 0)
  if (shortQty > 0) lessenShort(stock, use, event, shortQty)
  if (event.type !== "Fulfilled") return
  use.fulfilledSinceFenceQty += unitsOf(event.allocations) + shortQty
  leave(stock, event.taken)
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

const addOnHand = (at: LocationStock, qty: number): void => {
  at.onHand += qty
  assert(Number.isSafeInteger(at.onHand), "units on hand are counted exactly")
  assert(usableQty(at) >= 0, "damaged units and those in inspection are on hand")
}

const leave = (stock: SkuStock, taken: Allocations): void => {
  for (const part of taken) {
    assert(part.qty > 0, "at least one unit leaves")
    addOnHand(locationFor(stock, part.location), -part.qty)
  }
}

/** Units that are no longer in `status` (negative: that are now). What is in no other status is available, and has no counter. */
const moveOutOf = (at: LocationStock, status: StockStatus, qty: number): void => {
  if (status === "damaged") at.damaged -= qty
  else if (status === "inspection") at.inspection -= qty
  assert(
    at.damaged >= 0 && at.inspection >= 0 && (status === "available" || usableQty(at) >= 0),
    "no more units leave a status than are in it",
  )
}

/** A channel's fence is used up anew from the version at which its quantity changed; a channel that isn't named has a fence of 0. */
const setPolicy = (stock: SkuStock, policy: Policy): void => {
  assert(stock.policy === null || policy.version > stock.policy.version, "a policy replaces an older one")
  for (const use of stock.uses ?? []) {
    const fenceBefore = channelPolicy(stock.policy, use.channel)?.fenceQty ?? 0
    const fence = channelPolicy(policy, use.channel)?.fenceQty ?? 0
    if (fence !== fenceBefore) use.fulfilledSinceFenceQty = 0
  }
  for (const at of stock.locations) at.safety = 0
  for (const line of policy.safety) locationFor(stock, line.location).safety = line.qty
  stock.policy = policy
}

/** Applies `event` to the table of reservations; nothing else of the stock is read or changed. Returns the reservation it touched, if any. */
export const evolveReservation = (stock: SkuStock, event: StockEvent): Reservation | undefined => {
  switch (event.type) {
    case "Reserved":
      return begin(stock, event, "held", event.expiresAtMs)
    case "SaleOwed": {
      const known = reservationOf(stock, event.channel, event.reservation)
      if (known === undefined) return begin(stock, event, "confirmed", 0)
      assert(isOpen(known), "INV-8 a reservation ends once")
      known.status = "confirmed"
      known.allocations = allocationsWith(known.allocations, event.allocations)
      known.shortQty += event.shortQty ?? 0
      return known
    }
    case "ShortageCovered": {
      const reservation = openOne(stock, event)
      reservation.shortQty -= unitsOf(event.allocations)
      assert(reservation.shortQty >= 0, "no more units are covered than a reservation is short of")
      reservation.allocations = allocationsWith(reservation.allocations, event.allocations)
      return reservation
    }
    case "Confirmed": {
      const reservation = heldOne(stock, event)
      reservation.status = "confirmed"
      return reservation
    }
    case "Extended": {
      const reservation = heldOne(stock, event)
      assert(event.expiresAtMs >= reservation.expiresAtMs, "a hold is never shortened")
      reservation.expiresAtMs = event.expiresAtMs
      return reservation
    }
    case "Released":
      return shrink(stock, event, "released")
    case "Expired": {
      const reservation = shrink(stock, event, "expired")
      assert(!isOpen(reservation), "an expiry ends all that was open")
      return reservation
    }
    case "Fulfilled":
      return shrink(stock, event, "fulfilled")
    case "SaleTaken":
    case "ShippedUnreserved":
    case "StockReceived":
    case "StockAdjusted":
    case "StatusMoved":
    case "PolicySet":
    case "DiscrepancyFound":
    case "ShortageFound":
      return undefined
    default:
      return unreachable(event)
  }
}

interface Named {
  readonly channel: SenderId
  readonly reservation: ReservationId
}

const begin = (
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

const openOne = (stock: SkuStock, event: Named): Reservation => {
  const reservation = reservationOf(stock, event.channel, event.reservation)
  assert(reservation !== undefined, "what changes a reservation names one")
  assert(isOpen(reservation), "INV-8 a reservation ends once")
  return reservation
}

const heldOne = (stock: SkuStock, event: Named): Reservation => {
  const reservation = openOne(stock, event)
  assert(reservation.status === "held", "only a hold is confirmed or extended")
  return reservation
}

/** Takes the event's units off what is open. With the last of them the reservation ends: as fulfilled if ever a unit of it was, else as `endedAs`. */
const shrink = (
  stock: SkuStock,
  event: Named & { readonly allocations: Allocations; readonly shortQty?: number },
  endedAs: Exclude<ReservationStatus, "held" | "confirmed">,
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

/** Removes an ended reservation: whoever keeps the stock remembers its end, as long as it has to. The last one takes the table with it. */
export const forgetReservation = (stock: SkuStock, reservation: Reservation): void => {
  assert(!isOpen(reservation), "only an ended reservation is forgotten")
  removeReservation(stock, reservation)
}
