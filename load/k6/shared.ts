/**
 * What the scripts for k6 have in common: which profile is played, its thresholds in k6's words, and what is counted. Runs in k6: nothing of Node, and no package.
 *
 * The environment says what is played: PROFILE (flash-sale), RATE and SECONDS (as the profile says), SEED (1), SENDER (web).
 */
import { Counter, Rate, Trend } from "k6/metrics"
import { lengthMs, peakPerSecond, scaled } from "../play/arrivals.ts"
import type { Profile } from "../play/profile.ts"
import { skusOf } from "../play/shoppers.ts"
import type { Heard, Wanted } from "../play/wanted.ts"

const read = JSON.parse(open(`../profiles/${__ENV.PROFILE ?? "flash-sale"}.json`)) as Profile
const rate = Number(__ENV.RATE ?? 0)
const seconds = Number(__ENV.SECONDS ?? 0)

export const profile: Profile = scaled(read, {
  ...(rate === 0 ? {} : { rateTimes: rate / peakPerSecond(read) }),
  ...(seconds === 0 ? {} : { timeTimes: (seconds * 1_000) / lengthMs(read) }),
})
export const seed: string = __ENV.SEED ?? "1"
export const sender: string = __ENV.SENDER ?? "web"

const acceptedMs = new Trend("holdfast_accepted", true)
const refusedMs = new Trend("holdfast_refused", true)
const busy = new Rate("holdfast_busy")
const wrong = new Rate("holdfast_errors")
const undecided = new Rate("holdfast_undecided")
const contradicted = new Counter("holdfast_contradicted")

/** The profile's thresholds, and that no id has two decisions. */
export const thresholds: Record<string, Array<string>> = {
  holdfast_accepted: [`p(99)<=${profile.thresholds.acceptedP99Ms}`],
  holdfast_refused: [`p(99)<=${profile.thresholds.refusedP99Ms}`],
  holdfast_busy: [`rate<=${profile.thresholds.busyShare}`],
  holdfast_errors: [`rate<=${profile.thresholds.errorShare}`],
  holdfast_undecided: [`rate<=${profile.thresholds.undecidedShare}`],
  holdfast_contradicted: ["count<1"],
}

/** Counts an answer that took so long. */
export const count = ({ outcome, why }: Heard, tookMs: number): void => {
  if (outcome === "accepted") acceptedMs.add(tookMs)
  if (outcome === "refused") refusedMs.add(tookMs)
  busy.add(outcome === "busy")
  wrong.add(outcome === "error", { why })
  undecided.add(outcome === "undecided")
}

/** Counts an id whose second answer was another than the first. */
export const countRepeat = (first: Heard, again: Heard): void => {
  contradicted.add(first.decision !== "" && again.decision !== "" && first.decision !== again.decision ? 1 : 0)
}

/** What has to be sent before the sale: a policy for each SKU, and its units. `as`: who sends it. */
export const preparation = (run: string): ReadonlyArray<{ readonly as: "planner" | "warehouse"; readonly wanted: Wanted }> => {
  const line = { channel: sender, priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }
  const policy = { channels: [line], safety: [], sourcing: [] }
  const qty = profile.skus.unitsEach
  return skusOf(profile).flatMap((sku) => [
    { as: "planner" as const, wanted: { type: "SetPolicy" as const, id: `${run}-policy-${sku}`, sku, policy } },
    ...(qty === 0
      ? []
      : [{ as: "warehouse" as const, wanted: { type: "ReceiveStock" as const, id: `${run}-stock-${sku}`, sku, location: "LOAD", qty } }]),
  ])
}

/** A name for a run, by which its ids are told from those of others. */
export const newRun = (): string => `k6-${Date.now().toString(36)}`
