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
  /** Milliseconds since it last sold any, or got some. */
  readonly idleForMs: number
}

/** Units to ask for (above zero) or to give back (below). */
export const plannedChangeQty = (holding: Holding, sharePercent: number, policy: AllotmentPolicy): number => {
  const { leftQty, heardAtsQty, returningQty, idleForMs } = holding
  // Rounded up: a channel is worth at least one unit, as long as there is one.
  const partQty = Math.ceil(((leftQty + heardAtsQty + returningQty) * sharePercent) / 100)
  if (leftQty < partQty && leftQty * 100 <= partQty * policy.lowWaterPercent) return Math.min(partQty - leftQty, heardAtsQty)
  if (leftQty > partQty && idleForMs >= policy.idleMs) return partQty - leftQty
  return 0
}
