/**
 * What facts have in common: they tell what already happened in the world, and are applied as far as possible.
 *
 * A fact can't be refused for a business reason. What doesn't fit what was believed is a discrepancy in the same events, and whoever decides finds where units are owed that aren't there (decide.ts). Only the
 * operating bounds of limits.ts refuse a fact.
 */
import { locationsPerSkuMax, onHandMax } from "../../limits.ts"
import type { LocationId } from "../names.ts"
import { noAllocations, unitsFrom } from "./allocation.ts"
import type { DiscrepancyFound, DiscrepancyKind, StockEvent } from "./events.ts"
import { locationStock, openQtyOf, type Reservation, type SkuStock, usableQty } from "./stock.ts"
import { unitsOf } from "./units.ts"

/** The event that `qty` units of a fact did not fit what was believed. */
export const discrepancy = (kind: DiscrepancyKind, qty: number, location: LocationId | undefined): DiscrepancyFound =>
  location === undefined ? { type: "DiscrepancyFound", kind, qty } : { type: "DiscrepancyFound", kind, qty, location }

/** The operating bound that `qty` more units at a location would break, if any. */
export const boundBroken = (stock: SkuStock, location: LocationId, qty: number): "locations" | "onHand" | undefined => {
  const at = locationStock(stock, location)
  if (at === undefined && stock.locations.length >= locationsPerSkuMax) return "locations"
  return (at?.onHand ?? 0) + qty > onHandMax ? "onHand" : undefined
}

/** How many units that left a location a reservation covers, and how many of them and of the others were believed there. What it is short of is open too. */
interface Departure {
  readonly coveredQty: number
  readonly takenCoveredQty: number
  readonly takenOtherQty: number
}

/** How `qty` units that left a location are set against a reservation and the shelf. */
export const departureOf = (stock: SkuStock, open: Reservation | undefined, location: LocationId, qty: number): Departure => {
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
export const fulfilledBy = (open: Reservation, location: LocationId, departure: Departure): StockEvent => {
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
