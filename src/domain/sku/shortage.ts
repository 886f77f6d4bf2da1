/**
 * Finds where a fact left units owed that aren't there, from the stock before it and the fact's own events.
 */
import { unreachable } from "../../assert.ts"
import type { LocationId } from "../names.ts"
import type { Allocations, ShortageFound, StockEvent } from "./events.ts"
import { locationStock, type SkuStock, unowedQty } from "./stock.ts"

/** By how many units the deficit of a location grows; negative if it shrinks. */
interface Change {
  readonly location: LocationId
  qty: number
}

const change = (changes: Array<Change>, location: LocationId, qty: number): void => {
  const known = changes.find((other) => other.location === location)
  if (known === undefined) changes.push({ location, qty })
  else known.qty += qty
}

const changeAll = (changes: Array<Change>, parts: Allocations, sign: 1 | -1): void => {
  for (const part of parts) change(changes, part.location, sign * part.qty)
}

/** What an event of a fact does to the deficits: a unit owed more or a sound unit less adds one. */
const addChangesOf = (changes: Array<Change>, event: StockEvent): void => {
  switch (event.type) {
    case "StockReceived":
    case "StockAdjusted":
      change(changes, event.location, -event.qty)
      return
    case "StatusMoved":
      if (event.from === "available") change(changes, event.location, event.qty)
      if (event.to === "available") change(changes, event.location, -event.qty)
      return
    case "Fulfilled":
      changeAll(changes, event.taken, 1)
      changeAll(changes, event.allocations, -1)
      return
    case "SaleTaken":
    case "ShippedUnreserved":
      changeAll(changes, event.taken, 1)
      return
    case "SaleOwed":
      changeAll(changes, event.allocations, 1)
      return
    // None of these is a fact's, or moves units.
    case "Reserved":
    case "Released":
    case "Expired":
    case "ShortageCovered":
    case "Confirmed":
    case "Extended":
    case "PolicySet":
    case "DiscrepancyFound":
    case "ShortageFound":
      return
    default:
      unreachable(event)
  }
}

/**
 * Adds to a fact's `events` a ShortageFound for every location whose deficit (reserved + exposed − usable) they changed, if it was or is one:
 * with the units now missing, 0 if the shortage is over. `stock` is the stock before these events.
 */
export const findShortages = (stock: SkuStock, events: Array<StockEvent>): void => {
  const changes: Array<Change> = []
  for (const event of events) addChangesOf(changes, event)
  for (const { location, qty } of changes) {
    if (qty === 0) continue
    const at = locationStock(stock, location)
    const deficitBefore = at === undefined ? 0 : -unowedQty(at)
    const deficit = deficitBefore + qty
    if (deficit > 0 || deficitBefore > 0) events.push({ type: "ShortageFound", location, qty: Math.max(0, deficit) })
  }
}

/** The shortages of the locations that a reservation's units lie at: some of them may not be there, and whoever confirms it should know. */
export const shortagesUnder = (stock: SkuStock, allocations: Allocations): Array<ShortageFound> => {
  const found: Array<ShortageFound> = []
  for (const { location } of allocations) {
    const at = locationStock(stock, location)
    if (at !== undefined && unowedQty(at) < 0) found.push({ type: "ShortageFound", location, qty: -unowedQty(at) })
  }
  return found
}
