/**
 * Which locations units are drawn on when they are claimed, and which are given back when a claim shrinks.
 *
 * Always in a stated order, so that the same command on the same stock allocates the same way everywhere.
 */
import { assert } from "../../assert.ts"
import { allocationsMax } from "../../limits.ts"
import type { LocationId } from "../names.ts"
import { type LocationStock, locationStock, type SkuStock } from "./stock.ts"
import { type Allocation, type Allocations, unitsOf } from "./units.ts"

/** No units anywhere. */
export const noAllocations: Allocations = []

const names = (parts: Allocations, location: LocationId): boolean => {
  for (const part of parts) if (part.location === location) return true
  return false
}

/** What is to be claimed, and of what. */
interface Draw {
  /** Units wanted. */
  readonly qty: number
  /** Only these locations, in this order; otherwise the policy's sourcing order, then the others as they were first stocked. */
  readonly locations: ReadonlyArray<LocationId> | undefined
  /** Units that may be drawn at a location; none if negative. */
  readonly freeQty: (at: LocationStock) => number
  /** What the reservation has open already: together it may lie at no more than `allocationsMax` locations. */
  readonly present: Allocations
}

/** Units that can be drawn at `at` beside `parts`. A location met a second time was drawn on as far as it goes. */
const drawableQty = (at: LocationStock, draw: Draw, leftQty: number, parts: Allocations): number => {
  const qty = Math.min(leftQty, draw.freeQty(at))
  if (qty <= 0 || names(parts, at.location)) return 0
  if (draw.present.length + parts.length >= allocationsMax && !names(draw.present, at.location)) {
    const addedCount = parts.filter((part) => !names(draw.present, part.location)).length
    if (draw.present.length + addedCount >= allocationsMax) return 0
  }
  return qty
}

/**
 * Draws greedily, location by location, as much of the quantity as there is: only positive parts, each location once. The arrays are made at their
 * size, not pushed to: a reservation keeps its own for as long as it is open, and a pushed array has room for seventeen.
 */
export const allocate = (stock: SkuStock, draw: Draw): Allocations => {
  let parts: Allocations = noAllocations
  let leftQty = draw.qty
  const drawAt = (at: LocationStock): void => {
    const qty = drawableQty(at, draw, leftQty, parts)
    if (qty === 0) return
    leftQty -= qty
    parts = parts.length === 0 ? [{ location: at.location, qty }] : [...parts, { location: at.location, qty }]
  }
  for (const location of draw.locations ?? stock.policy?.sourcing ?? []) {
    if (leftQty <= 0) return parts
    const at = locationStock(stock, location)
    if (at !== undefined) drawAt(at)
  }
  if (draw.locations !== undefined) return parts
  for (const at of stock.locations) {
    if (leftQty <= 0) return parts
    drawAt(at)
  }
  return parts
}

/** The last `qty` units of `open`: what a release in part gives back, so that what is sourced first is kept. */
export const lastUnits = (open: Allocations, qty: number): Allocations => {
  if (qty === unitsOf(open)) return open
  const parts: Array<Allocation> = []
  let leftQty = qty
  for (let index = open.length - 1; index >= 0 && leftQty > 0; index--) {
    const part = open[index]
    if (part === undefined) continue
    const taken = Math.min(leftQty, part.qty)
    parts.push({ location: part.location, qty: taken })
    leftQty -= taken
  }
  assert(leftQty === 0, "no more units are given back than are open")
  return parts
}

/** `qty` units of `open`, those at `location` first, the others in order: what units that left `location` are set against. */
export const unitsFrom = (open: Allocations, qty: number, location: LocationId): Allocations => {
  if (qty === unitsOf(open)) return open
  const parts: Array<Allocation> = []
  let leftQty = qty
  for (const part of open) {
    if (part.location !== location) continue
    const taken = Math.min(leftQty, part.qty)
    if (taken > 0) parts.push({ location, qty: taken })
    leftQty -= taken
  }
  for (const part of open) {
    if (leftQty === 0) break
    if (part.location === location) continue
    const taken = Math.min(leftQty, part.qty)
    parts.push({ location: part.location, qty: taken })
    leftQty -= taken
  }
  assert(leftQty === 0, "no more units are set against a reservation than it has open")
  return parts
}

/** `open` and `added` together, each location once. */
export const allocationsWith = (open: Allocations, added: Allocations): Allocations => {
  const parts = [...open]
  for (const more of added) {
    const index = parts.findIndex((part) => part.location === more.location)
    const part = parts[index]
    if (part === undefined) parts.push(more)
    else parts[index] = { location: part.location, qty: part.qty + more.qty }
  }
  return parts
}

/** `open` without `gone`, which it must cover. */
export const allocationsWithout = (open: Allocations, gone: Allocations): Allocations => {
  if (gone === open) return noAllocations
  const parts = [...open]
  for (const less of gone) {
    const index = parts.findIndex((part) => part.location === less.location)
    const part = parts[index]
    assert(part !== undefined && part.qty >= less.qty, "no more units end than a reservation has open at a location")
    parts[index] = { location: part.location, qty: part.qty - less.qty }
  }
  const left = parts.filter((part) => part.qty > 0)
  return left.length === 0 ? noAllocations : left
}
