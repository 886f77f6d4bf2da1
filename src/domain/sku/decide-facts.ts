/**
 * Decides facts: what already happened in the world to one SKU. Never changes the stock.
 *
 * A fact can't be refused for a business reason. It is applied as far as possible; what doesn't fit what was believed is a discrepancy in the
 * same events, and where units are owed that aren't there, a shortage is found. Only the operating bounds of limits.ts refuse a fact, and
 * a shipment that says no quantity for a reservation that has none open: there is nothing in it to apply.
 */
import { assert, unreachable } from "../../assert.ts"
import { locationsPerSkuMax, onHandMax, openReservationsPerSkuMax } from "../../limits.ts"
import { type CommandId, type LocationId, type ReservationId, type SenderId, saleReservation } from "../names.ts"
import { allocate, noAllocations, unitsFrom } from "./allocation.ts"
import type { AdjustStock, Fact, Fulfil, MoveStatus, ReceiveStock, RecordSale, StockStatus } from "./commands.ts"
import { accepted, type Decision, openOrReason, refused } from "./decision.ts"
import { type DiscrepancyFound, type DiscrepancyKind, type StockEvent, unitsOf } from "./events.ts"
import { findShortages } from "./shortage.ts"
import {
  type EndedOf,
  emptyStock,
  isOpen,
  type LocationStock,
  locationStock,
  openQtyOf,
  type Reservation,
  reservationOf,
  type SkuStock,
  unowedQty,
  usableQty,
} from "./stock.ts"

/** What `command`, told by `sender`, does. A SKU that nobody has told anything about (`stock` undefined) becomes known by it. */
export const decideFact = (stock: SkuStock | undefined, command: Fact, sender: SenderId, endedOf: EndedOf): Decision => {
  const known = stock ?? emptyStock(command.sku)
  switch (command.type) {
    case "ReceiveStock":
      return decideReceive(known, command)
    case "AdjustStock":
      return command.qty > 0 ? decideFound(known, command) : decideMissing(known, command)
    case "MoveStatus":
      return decideMove(known, command)
    case "Fulfil":
      if (stock === undefined && command.qty === undefined) return refused("UnknownSku")
      return decideFulfil(known, command, endedOf)
    case "RecordSale":
      return command.mode === "taken" ? decideTaken(known, command, sender) : decideOwed(known, command, sender, endedOf)
    default:
      return unreachable(command)
  }
}

/** The decision that a fact's events happened, and the shortages they begin, change or end. */
const happened = (stock: SkuStock, events: Array<StockEvent>): Decision => {
  findShortages(stock, events)
  return accepted(events)
}

const discrepancy = (kind: DiscrepancyKind, qty: number, location: LocationId | undefined): DiscrepancyFound =>
  location === undefined ? { type: "DiscrepancyFound", kind, qty } : { type: "DiscrepancyFound", kind, qty, location }

/** The operating bound that `qty` more units at a location would break, if any. */
const boundBroken = (stock: SkuStock, location: LocationId, qty: number): "locations" | "onHand" | undefined => {
  const at = locationStock(stock, location)
  if (at === undefined && stock.locations.length >= locationsPerSkuMax) return "locations"
  return (at?.onHand ?? 0) + qty > onHandMax ? "onHand" : undefined
}

const decideReceive = (stock: SkuStock, command: ReceiveStock): Decision => {
  const bound = boundBroken(stock, command.location, command.qty)
  if (bound !== undefined) return refused("LimitReached", bound)
  return happened(stock, [{ type: "StockReceived", location: command.location, qty: command.qty }])
}

const decideFound = (stock: SkuStock, command: AdjustStock): Decision => {
  const bound = boundBroken(stock, command.location, command.qty)
  if (bound !== undefined) return refused("LimitReached", bound)
  return happened(stock, [{ type: "StockAdjusted", location: command.location, qty: command.qty, reason: command.reason }])
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
  return happened(stock, events)
}

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

const decideMove = (stock: SkuStock, command: MoveStatus): Decision => {
  const { location, from, to } = command
  const at = locationStock(stock, location)
  const qty = Math.min(command.qty, at === undefined ? 0 : inStatusQty(at, from))
  const events: Array<StockEvent> = []
  if (qty > 0) events.push({ type: "StatusMoved", location, from, to, qty })
  if (qty < command.qty) events.push(discrepancy("NotInStatus", command.qty - qty, location))
  return happened(stock, events)
}

/** How many units that left a location a reservation covers, and how many of them and of the others were believed there. What it is short of is open too. */
interface Departure {
  readonly coveredQty: number
  readonly takenCoveredQty: number
  readonly takenOtherQty: number
}

const departureOf = (stock: SkuStock, open: Reservation | undefined, location: LocationId, qty: number): Departure => {
  const at = locationStock(stock, location)
  const usable = at === undefined ? 0 : usableQty(at)
  const coveredQty = open === undefined ? 0 : Math.min(qty, openQtyOf(open))
  const takenCoveredQty = Math.min(coveredQty, usable)
  return { coveredQty, takenCoveredQty, takenOtherQty: Math.min(qty - coveredQty, usable - takenCoveredQty) }
}

/**
 * Open units of a reservation left `location`: they come off its allocations there first, whatever was believed to be on the shelf, then off what it is
 * short of, then off its other allocations.
 */
const fulfilled = (open: Reservation, location: LocationId, departure: Departure): StockEvent => {
  const hereQty = unitsOf(open.allocations.filter((part) => part.location === location))
  const shortQty = Math.min(open.shortQty, Math.max(0, departure.coveredQty - hereQty))
  return {
    type: "Fulfilled",
    channel: open.channel,
    reservation: open.id,
    allocations: unitsFrom(open.allocations, departure.coveredQty - shortQty, location),
    taken: departure.takenCoveredQty > 0 ? [{ location, qty: departure.takenCoveredQty }] : noAllocations,
    ...(shortQty > 0 ? { shortQty } : {}),
  }
}

/** An expired hold's units are open for facts until its expiry is journaled: they did leave, and nobody else was given them. */
const openOnly = (reservation: Reservation | undefined): Reservation | undefined =>
  reservation !== undefined && isOpen(reservation) ? reservation : undefined

const decideFulfil = (stock: SkuStock, command: Fulfil, endedOf: EndedOf): Decision => {
  const { channel, location } = command
  const found = openOrReason(stock, endedOf, channel, command.reservation, 0)
  const open = typeof found === "string" ? undefined : found
  if (typeof found === "string" && command.qty === undefined) return refused(found)
  const qty = command.qty ?? (open === undefined ? 0 : openQtyOf(open))
  const departure = departureOf(stock, open, location, qty)
  const { coveredQty, takenCoveredQty, takenOtherQty } = departure
  const events: Array<StockEvent> = []
  if (open !== undefined) events.push(fulfilled(open, location, departure))
  if (takenOtherQty > 0) {
    events.push({ type: "ShippedUnreserved", channel, reservation: command.reservation, taken: [{ location, qty: takenOtherQty }] })
  }
  const absentQty = qty - takenCoveredQty - takenOtherQty
  if (absentQty > 0) events.push(discrepancy("NotOnHand", absentQty, location))
  if (coveredQty < qty) events.push(discrepancy("NotReserved", qty - coveredQty, location))
  return happened(stock, events)
}

const decideTaken = (stock: SkuStock, command: RecordSale, sender: SenderId): Decision => {
  const location = command.location
  assert(location !== undefined, "a sale taken from the shelf names its location")
  const open = command.reservation === undefined ? undefined : openOnly(reservationOf(stock, sender, command.reservation))
  const departure = departureOf(stock, open, location, command.qty)
  const events: Array<StockEvent> = []
  if (open !== undefined) events.push(fulfilled(open, location, departure))
  if (departure.takenOtherQty > 0) {
    events.push({ type: "SaleTaken", channel: sender, taken: [{ location, qty: departure.takenOtherQty }] })
  }
  const absentQty = command.qty - departure.takenCoveredQty - departure.takenOtherQty
  if (absentQty > 0) events.push(discrepancy("NotOnHand", absentQty, location))
  return happened(stock, events)
}

/** What a sale owed stands under: the reservation it names, unless that has ended. An ended one stays ended, and the sale gets one of its own. */
const owedUnder = (stock: SkuStock, endedOf: EndedOf, channel: SenderId, named: ReservationId, id: CommandId): ReservationId => {
  let name = named
  for (let attempt = 1; ; attempt++) {
    const found = reservationOf(stock, channel, name) ?? endedOf(channel, name)
    if (found === undefined || isOpen(found)) return name
    name = saleReservation(named, id, attempt)
  }
}

/** Units at a location that nobody is owed, and that no older sale waits for there. */
const spareQtyAt = (at: LocationStock): number => unowedQty(at) - at.short

/** Units that nobody is owed and no older sale waits for. */
const spareQty = (stock: SkuStock): number => {
  let spare = 0
  for (const at of stock.locations) spare += Math.max(0, spareQtyAt(at))
  return Math.max(0, spare - (stock.shorts?.anywhereQty ?? 0))
}

/** Whether a sale owed at a location that the SKU was never stocked at would make one too many. */
const isLocationTooMany = (stock: SkuStock, location: LocationId | undefined): boolean =>
  location !== undefined && locationStock(stock, location) === undefined && stock.locations.length >= locationsPerSkuMax

/**
 * A sale owed draws on the open reservation it names, and claims what that doesn't cover. It was made already, so safety stock, buffers and
 * fences don't stand in its way; units owed to others do. Of what isn't there the reservation is short, until goods cover it. A hold it draws on
 * becomes lasting whole, even if its time was up: its units were nobody else's yet.
 */
const decideOwed = (stock: SkuStock, command: RecordSale, sender: SenderId, endedOf: EndedOf): Decision => {
  assert(command.reservation !== undefined, "a sale owed names the reservation it stands under")
  const reservation = owedUnder(stock, endedOf, sender, command.reservation, command.id)
  const open = reservationOf(stock, sender, reservation)
  if (open === undefined && (stock.reservations?.openCount ?? 0) >= openReservationsPerSkuMax) {
    return refused("LimitReached", "openReservations")
  }
  if (isLocationTooMany(stock, command.location)) return refused("LimitReached", "locations")
  const present = open?.allocations ?? noAllocations
  const wantedQty = Math.max(0, command.qty - (open === undefined ? 0 : openQtyOf(open)))
  const locations = command.location === undefined ? undefined : [command.location]
  const allocations = allocate(stock, { qty: Math.min(wantedQty, spareQty(stock)), locations, freeQty: spareQtyAt, present })
  const shortQty = wantedQty - unitsOf(allocations)
  // With nothing to add it still says that the sale stands under this reservation, and makes a hold lasting.
  const owed = { type: "SaleOwed", channel: sender, reservation, allocations } as const
  if (shortQty === 0) return happened(stock, [owed])
  const short = command.location === undefined ? { shortQty } : { shortQty, shortAt: command.location }
  return happened(stock, [{ ...owed, ...short }, discrepancy("Oversold", shortQty, command.location)])
}
