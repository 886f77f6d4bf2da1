/**
 * Part of the checker `effects`: units are drawn on, given back and shipped in the stated order of places, not only in the right number.
 *
 * Proves that a Reserve left nothing free at a place that comes before one it drew on; that a release in part gives back what was sourced last; that what left a place is set against what its
 * reservation has there, before anything else of it; and that a sale which names an open reservation draws on it.
 */
import type { Command } from "../domain/sku/commands.ts"
import type { Allocations, StockEvent } from "../domain/sku/events.ts"
import { type Claim, type SkuModel, shortQty, sumQty } from "./model.ts"
import { same } from "./plain.ts"

const qtyAt = (allocations: Allocations, location: string): number => sumQty(allocations.filter((part) => part.location === location))

const wrongSourcing = (allocations: Allocations, model: SkuModel, named: ReadonlyArray<string> | undefined): string | null => {
  // Only places that the command or the policy names have a known order; in which order the others were first stocked is not known here.
  const order: ReadonlyArray<string> = [...new Set<string>(named ?? model.policy?.sourcing ?? [])]
  const places = allocations.map(({ location }) => (order.includes(location) ? order.indexOf(location) : order.length))
  if (places.some((place, at) => place < (places[at - 1] ?? 0))) return "draws on places in another order than the stated one"
  // Units that are owed and not there come off what is offered anywhere, so not every free unit of a place can be had.
  if (model.debts.size > 0) return null
  for (const location of order.slice(0, places.at(-1) ?? 0)) {
    const shelf = model.shelves.get(location)
    const freeQty = shelf === undefined ? 0 : -shortQty(shelf) - shelf.safetyQty
    if (freeQty > qtyAt(allocations, location))
      return `leaves ${freeQty - qtyAt(allocations, location)} units at ${location}, which comes before`
  }
  return null
}

/** The last `qty` units of what is open, from its end on. */
const lastOf = (open: Allocations, qty: number): Allocations => {
  let left = qty
  return open
    .toReversed()
    .map((part) => {
      const taken = Math.min(left, part.qty)
      left -= taken
      return { location: part.location, qty: taken }
    })
    .filter((part) => part.qty > 0)
}

const byPlace = (allocations: Allocations): Allocations =>
  allocations.toSorted((a, b) => (a.location < b.location ? -1 : a.location > b.location ? 1 : 0))

/** How an accepted command's events are at the wrong places, in words, or null. `claim` is what its reservation had open before them, `openQty` that and what it was short of. */
export const wrongPlaces = (
  command: Command,
  events: ReadonlyArray<StockEvent>,
  model: SkuModel,
  claim: Claim | undefined,
  openQty: number,
): string | null => {
  const open = claim?.open ?? []
  let coveredQty = 0
  for (const event of events) {
    if (event.type === "Reserved" && command.type === "Reserve") {
      const wrong = wrongSourcing(event.allocations, model, command.locations)
      if (wrong !== null) return wrong
    }
    if (event.type === "Released" && !same(byPlace(event.allocations), byPlace(lastOf(open, sumQty(event.allocations)))))
      return "gives back others than the units that were sourced last"
    if (event.type !== "Fulfilled" || (command.type !== "Fulfil" && command.type !== "RecordSale") || command.location === undefined)
      continue
    const qty = sumQty(event.allocations)
    coveredQty += qty + (event.shortQty ?? 0)
    if (qtyAt(event.allocations, command.location) !== Math.min(qty, qtyAt(open, command.location)))
      return `sets units that left ${command.location} against others first`
  }
  const isTaken = command.type === "RecordSale" && command.mode === "taken"
  return isTaken && coveredQty !== Math.min(command.qty, openQty) ? `draws ${coveredQty} units on the reservation it names` : null
}
