/**
 * Units by location: what is claimed, given back or taken, and the sums of it.
 */
import type { LocationId } from "../names.ts"

/** Units at one location. */
export interface Allocation {
  readonly location: LocationId
  readonly qty: number
}
/** Units by location. */
export type Allocations = ReadonlyArray<Allocation>

/** Sum of the units in `allocations`. */
export const unitsOf = (allocations: Allocations): number => {
  let units = 0
  for (const part of allocations) units += part.qty
  return units
}

/** Units that begin, change or end a claim with this event: those reserved, and those it is short of. */
export const claimedQty = (event: { readonly allocations: Allocations; readonly shortQty?: number }): number =>
  unitsOf(event.allocations) + (event.shortQty ?? 0)
