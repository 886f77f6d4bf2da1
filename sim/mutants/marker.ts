/**
 * Counts how often a planted line made a difference. Mutated sources import this file, whichever copy of the engine they belong to; a survivor
 * that never made a difference was not tried at all.
 */
let count = 0

/** Notes that the planted line did something else than the shipped one would have. True, so that it can stand in a condition. */
export const bites = (): true => {
  count++
  return true
}

/** How often since the last {@link forgetBites}. */
export const bitesCounted = (): number => count

export const forgetBites = (): void => {
  count = 0
}
