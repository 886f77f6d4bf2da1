/**
 * Covers what reservations are short of (sold without asking, and not there) with units on hand that nobody is owed.
 *
 * Not a part of deciding a command: whoever decides covers afterwards, in the same record as far as it has room. What is not covered yet comes off what is offered
 * and off what a later sale may claim, so that nothing depends on how soon that is.
 */
import { allocationsMax } from "../../limits.ts"
import type { LocationId } from "../names.ts"
import type { Allocation, Allocations, ShortageCovered } from "./events.ts"
import { type LocationStock, locationStock, reservationOf, type SkuStock, unowedQty } from "./stock.ts"

/** Units nobody is owed at a location, before anything is covered. */
interface Free {
  readonly location: LocationId
  qty: number
}

/** In the order units are drawn: the policy's sourcing, then as the locations were first stocked. */
const freeUnits = (stock: SkuStock): ReadonlyArray<Free> => {
  const inOrder = new Set<LocationStock>()
  for (const location of stock.policy?.sourcing ?? []) {
    const at = locationStock(stock, location)
    if (at !== undefined) inOrder.add(at)
  }
  for (const at of stock.locations) inOrder.add(at)
  const free: Array<Free> = []
  for (const at of inOrder) if (unowedQty(at) > 0) free.push({ location: at.location, qty: unowedQty(at) })
  return free
}

/** Whether there are units that somebody is short of. One that lies at too many locations already may still not have them. */
export const isCoverable = (stock: SkuStock): boolean => {
  const { shorts } = stock
  return shorts !== null && stock.locations.some((at) => (shorts.anywhereQty > 0 || at.short > 0) && unowedQty(at) > 0)
}

/** Takes up to `qty` units of `free` for a reservation that lies at `present`. It may lie at no more than `allocationsMax` locations. */
const draw = (free: ReadonlyArray<Free>, at: LocationId | null, qty: number, present: Allocations): Allocations => {
  const parts: Array<Allocation> = []
  let leftQty = qty
  let locations = present.length
  for (const there of free) {
    if (leftQty === 0) break
    if (there.qty === 0 || (at !== null && there.location !== at)) continue
    if (!present.some((part) => part.location === there.location)) {
      if (locations >= allocationsMax) continue
      locations++
    }
    const part = { location: there.location, qty: Math.min(leftQty, there.qty) }
    there.qty -= part.qty
    leftQty -= part.qty
    parts.push(part)
  }
  return parts
}

/** What of the shortages unowed units cover, oldest first: for up to `most` reservations. */
export const coverShortages = (stock: SkuStock, most: number): Array<ShortageCovered> => {
  const covered: Array<ShortageCovered> = []
  if (stock.shorts === null || !isCoverable(stock)) return covered
  const free = freeUnits(stock)
  for (const { channel, reservation, qty, at } of stock.shorts.list) {
    if (covered.length >= most || free.every((there) => there.qty === 0)) break
    const present = reservationOf(stock, channel, reservation)?.allocations ?? []
    const allocations = draw(free, at, qty, present)
    if (allocations.length > 0) covered.push({ type: "ShortageCovered", channel, reservation, allocations })
  }
  return covered
}
