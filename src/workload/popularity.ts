/**
 * Choices that are not equally likely, with whole weights: what sells how often (Zipf), and shares of anything else.
 */
import { assert } from "../assert.ts"
import type { Prng } from "./prng.ts"

/** Weights summed up, ready to be drawn from. */
export interface WeightedChoice {
  /** The sum of the weights up to and with each place. */
  readonly sums: ReadonlyArray<number>
  readonly total: number
}

/** Draws place i with `weights[i]` chances in all of them. Weights are whole, not negative, and together 1 to 2^32. */
export const weightedChoice = (weights: ReadonlyArray<number>): WeightedChoice => {
  const sums: Array<number> = []
  let total = 0
  for (const weight of weights) {
    assert(Number.isSafeInteger(weight) && weight >= 0, "a weight is a whole number of at least 0")
    total += weight
    sums.push(total)
  }
  assert(total >= 1 && total <= 2 ** 32, "weights add up to 1 to 2^32")
  return { sums, total }
}

/** A place, as likely as its weight says. */
export const drawPlace = (choice: WeightedChoice, prng: Prng): number => {
  const drawn = prng.below(choice.total)
  let low = 0
  let high = choice.sums.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((choice.sums[middle] as number) > drawn) high = middle
    else low = middle + 1
  }
  return low
}

/** Zipf's law for `places` places: the second is asked for half as often as the first, the third a third as often, and nobody never. */
export const zipfChoice = (places: number): WeightedChoice => {
  assert(Number.isSafeInteger(places) && places >= 1 && places <= 1_000_000, "Zipf's law is drawn over 1 to a million places")
  const first = 16_777_216
  const weights: Array<number> = []
  for (let rank = 1; rank <= places; rank++) weights.push(Math.floor(first / rank))
  return weightedChoice(weights)
}
