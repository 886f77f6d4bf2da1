/**
 * What all arms of `npm run bench` sell, and in which order: the same SKUs with the same units everywhere, and the same draws from a seed. Pure.
 */
import type { Sku } from "../../src/domain/names.ts"
import { prngFromSeed } from "../../src/workload/prng.ts"

/** How asks are spread over SKUs. */
export const Workload = ["hot", "zipf", "uniform"] as const
export type Workload = (typeof Workload)[number]

/** SKUs and units that every arm begins with. */
export interface Ground {
  /** SKUs that are sold, numbered from 0. One more, behind the last, is the scarce one. */
  readonly skus: number
}

/** Units of each SKU: no arm sells so many. Arms that keep a row for each unit have fewer: {@link unitRowsOf}. */
export const plentyQty = 1_000_000_000
/** Units of the scarce SKU, by which it is shown that no arm oversells, and how many times as many are asked for. */
export const scarceQty = 100
export const scarceTimes = 3
/** SKUs among which a Zipf distribution (of exponent 1) chooses. */
const zipfSkus = 10_000

/** The number of the scarce SKU. */
export const scarceSku = ({ skus }: Ground): number => skus

/** All names are of one length, so that commands about them are too. */
export const skuName = (n: number): Sku => `SKU-${n.toString(36).padStart(5, "0")}` as Sku

/** How many SKUs a workload is about. */
export const skusOf = (workload: Workload, { skus }: Ground): number =>
  workload === "hot" ? 1 : workload === "zipf" ? Math.min(skus, zipfSkus) : skus

/** What is asked for by whom is drawn before anything is measured, so that drawing costs no arm anything. After so many it begins again. */
const drawn = 1 << 18

/** The weight of everything up to each place, of the first `count` of a Zipf distribution; the last is 1. */
const zipfUpTo = (count: number): Float64Array => {
  const upTo = new Float64Array(count)
  let sum = 0
  for (let place = 0; place < count; place++) {
    sum += 1 / (place + 1)
    upTo[place] = sum
  }
  return upTo.map((weight) => weight / sum)
}

/** The first place whose weight is above the share. */
const placeOf = (upTo: Float64Array, share: number): number => {
  let [low, high] = [0, upTo.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((upTo[middle] ?? 1) > share) high = middle
    else low = middle + 1
  }
  return low
}

const word = 2 ** 32

/** The numbers of the SKUs that are asked for one after another. */
export const drawsOf = (workload: Workload, ground: Ground, seed: number): Uint32Array => {
  const prng = prngFromSeed(seed)
  const count = skusOf(workload, ground)
  const upTo = workload === "zipf" ? zipfUpTo(count) : undefined
  return new Uint32Array(drawn).map(() => (upTo === undefined ? prng.below(count) : placeOf(upTo, prng.below(word) / word)))
}

const hottestRows = 400_000
const zipfRows = 60_000
const zipfRowsLeast = 20
const coldRows = 2

/** Rows of a SKU where every unit is one: more than is sold of it in a run of a quarter of an hour, and of those that are hardly asked for two. What is sold out is refused, and that is counted. */
export const unitRowsOf = (sku: number, { skus }: Ground): number => {
  if (sku === skus) return scarceQty
  if (sku >= zipfSkus) return coldRows
  return Math.floor(zipfRows / (sku + 1)) + zipfRowsLeast + (sku === 0 ? hottestRows : 0)
}
