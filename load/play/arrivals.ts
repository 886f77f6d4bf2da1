/**
 * When shoppers come by a profile: its rate at each moment, and how many have come by then. Pure and without any package, so that k6 can run it too.
 */
import type { Profile } from "./profile.ts"

/** Milliseconds that a profile takes. */
export const lengthMs = ({ stages }: Profile): number => stages.reduce((sum, { forMs }) => sum + forMs, 0)

/** The most shoppers a second at any moment: at the end of a stage, for between two of them the rate is even. */
export const peakPerSecond = ({ stages }: Profile): number => Math.max(...stages.map(({ toPerSecond }) => toPerSecond))

/** The profile with another peak, and the same shape; or another length. Units that are there follow the number of shoppers, so that as much of the demand is met. */
export const scaled = (
  profile: Profile,
  { rateTimes = 1, timeTimes = 1 }: { readonly rateTimes?: number; readonly timeTimes?: number },
): Profile => {
  // Where there is something to be had, some of it stays, however small the sale.
  const units = (qty: number) => (qty === 0 ? 0 : Math.max(1, Math.round(qty * rateTimes * timeTimes)))
  const [first, ...rest] = profile.stages.map(({ forMs, toPerSecond }) => ({
    forMs: Math.max(1, Math.round(forMs * timeTimes)),
    toPerSecond: toPerSecond * rateTimes,
  }))
  return {
    ...profile,
    stages: first === undefined ? profile.stages : [first, ...rest],
    skus: { ...profile.skus, unitsEach: units(profile.skus.unitsEach) },
    restocks: profile.restocks.map(({ atMs, unitsEach }) => ({
      atMs: Math.round(atMs * timeTimes),
      unitsEach: units(unitsEach),
    })),
  }
}

/** Shoppers a second at a moment. */
export const rateAt = ({ stages }: Profile, atMs: number): number => {
  let [beginMs, from] = [0, 0]
  for (const { forMs, toPerSecond } of stages) {
    if (atMs < beginMs + forMs) return from + ((toPerSecond - from) * (atMs - beginMs)) / forMs
    beginMs += forMs
    from = toPerSecond
  }
  return 0
}

/** Shoppers that have come up to a moment: what lies under the rate up to there. */
export const arrivedBy = ({ stages }: Profile, atMs: number): number => {
  let [beginMs, from, sum] = [0, 0, 0]
  for (const { forMs, toPerSecond } of stages) {
    const lasted = Math.min(forMs, Math.max(0, atMs - beginMs))
    const reached = from + ((toPerSecond - from) * lasted) / forMs
    sum += ((from + reached) / 2) * (lasted / 1_000)
    beginMs += forMs
    from = toPerSecond
  }
  return sum
}
