/**
 * Finds where a fact left units owed that aren't there, from the stock before it and the fact's own events.
 */
import type { LocationId } from "../names.ts"
import type { Events } from "./decision.ts"
import type { OwesMore } from "./define.ts"
import type { ShortageFound, StockEvent } from "./events.ts"
import { skuKind } from "./index.ts"
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

/** What an event of some type does to the deficits. A method, for each takes its own event alone. */
interface Owes {
  readonly owes: { bivariance(event: StockEvent, more: OwesMore): void }["bivariance"] | null
}
const owing: Readonly<Record<StockEvent["type"], Owes>> = skuKind.event

/**
 * A fact's events, and a ShortageFound for every location whose deficit (reserved + exposed − usable) they changed, if it was or is one:
 * with the units now missing, 0 if the shortage is over. `stock` is the stock before these events; undefined if nobody has told anything of it.
 */
export const withShortages = (stock: SkuStock | undefined, events: Events): Events => {
  const changes: Array<Change> = []
  const more: OwesMore = (location, qty) => change(changes, location, qty)
  for (const event of events) {
    const { owes } = owing[event.type]
    if (owes !== null) owes(event, more)
  }
  const found: Array<ShortageFound> = []
  for (const { location, qty } of changes) {
    if (qty === 0) continue
    const at = stock === undefined ? undefined : locationStock(stock, location)
    const deficitBefore = at === undefined ? 0 : -unowedQty(at)
    const deficit = deficitBefore + qty
    if (deficit > 0 || deficitBefore > 0) found.push({ type: "ShortageFound", location, qty: Math.max(0, deficit) })
  }
  return found.length === 0 ? events : [...events, ...found]
}
