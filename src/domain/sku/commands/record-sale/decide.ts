/** Decides a RecordSale: units that a till gave out, or that a channel owes. */
import { assert } from "../../../../assert.ts"
import { locationsPerSkuMax, openReservationsPerSkuMax } from "../../../../limits.ts"
import { type CommandId, type EpochMs, type LocationId, type ReservationId, type SenderId, saleReservation } from "../../../names.ts"
import { allocate, noAllocations } from "../../allocation.ts"
import { accepted, type Decision, refused } from "../../decision.ts"
import type { StockEvent } from "../../events.ts"
import { departureOf, discrepancy, fulfilledBy } from "../../facts.ts"
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
} from "../../stock.ts"
import { unitsOf } from "../../units.ts"
import type { RecordSale } from "./command.ts"

/** What a RecordSale comes to: units taken from a shelf, or units owed. */
export const decideSale = (known: SkuStock | undefined, command: RecordSale, sender: SenderId, _: EpochMs, endedOf: EndedOf): Decision => {
  const stock = known ?? emptyStock(command.sku)
  return command.mode === "taken" ? decideTaken(stock, command, sender) : decideOwed(stock, command, sender, endedOf)
}

/** An expired hold's units are open for facts until its expiry is journaled: they did leave, and nobody else was given them. */
const openOnly = (reservation: Reservation | undefined): Reservation | undefined =>
  reservation !== undefined && isOpen(reservation) ? reservation : undefined

const decideTaken = (stock: SkuStock, command: RecordSale, sender: SenderId): Decision => {
  const location = command.location
  assert(location !== undefined, "a sale taken from the shelf names its location")
  const open = command.reservation === undefined ? undefined : openOnly(reservationOf(stock, sender, command.reservation))
  const departure = departureOf(stock, open, location, command.qty)
  const events: Array<StockEvent> = []
  if (open !== undefined) events.push(fulfilledBy(open, location, departure))
  if (departure.takenOtherQty > 0) {
    events.push({ type: "SaleTaken", channel: sender, taken: [{ location, qty: departure.takenOtherQty }] })
  }
  const absentQty = command.qty - departure.takenCoveredQty - departure.takenOtherQty
  if (absentQty > 0) events.push(discrepancy("NotOnHand", absentQty, location))
  return accepted(events)
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
  if (shortQty === 0) return accepted([owed])
  const short = command.location === undefined ? { shortQty } : { shortQty, shortAt: command.location }
  return accepted([{ ...owed, ...short }, discrepancy("Oversold", shortQty, command.location)])
}
