/**
 * How many units of a SKU a channel that doesn't ask should hold: a pure planning function, and nothing that could oversell.
 *
 * It may plan badly and lose sales, but whatever it plans is reserved before it is sold. When listings and their exposure are part of the domain,
 * the planning of listed quantities takes this place.
 */
import type { AllotmentPolicy } from "./strategy.ts"

/** What the channel knows of one SKU. Units. */
export interface Holding {
  /** Reserved for it and unsold. */
  readonly leftQty: number
  /** What it heard last that anybody may still sell. */
  readonly heardAtsQty: number
  /** Given back, and not yet heard of as being on sale again. */
  readonly returningQty: number
  /** What one of its buyers wants of any SKU on average, as far as it has seen; refused ones count. */
  readonly typicalQty: number
  /** Milliseconds since it last sold any, or got some. */
  readonly idleForMs: number
}

/** The channel's part of what it holds and of what is on sale to everybody: rounded up, or nothing where that is too little to be worth holding. */
const partOf = ({ leftQty, heardAtsQty, returningQty, typicalQty }: Holding, sharePercent: number, leastLines: number): number => {
  const partQty = Math.ceil(((leftQty + heardAtsQty + returningQty) * sharePercent) / 100)
  // A block smaller than what buyers usually want would sell nothing and keep others from selling, so scarce units are left to channels that ask.
  return partQty < leastLines * typicalQty ? 0 : partQty
}

/** Units to ask for (above zero) or to give back (below). */
export const plannedChangeQty = (holding: Holding, sharePercent: number, policy: AllotmentPolicy): number => {
  const { leftQty, heardAtsQty, idleForMs } = holding
  const partQty = partOf(holding, sharePercent, policy.leastLines)
  if (leftQty < partQty && leftQty * 100 <= partQty * policy.lowWaterPercent) return Math.min(partQty - leftQty, heardAtsQty)
  if (leftQty > partQty && idleForMs >= policy.idleMs) return partQty - leftQty
  return 0
}
