import type { ComparedChannel, StrategyOptions } from "../../../sim/comparison/strategy.ts"
import type { ComparedLine, ComparedTraffic } from "../../../sim/comparison/traffic.ts"
import type { Prng } from "../../../src/workload/prng.ts"

/** A line that is wanted and nothing more happens to; tests add what they care about. */
export const lineOf = (index: number, fields: Partial<ComparedLine["demand"]>, more: Partial<ComparedLine> = {}): ComparedLine => ({
  demand: { index, order: `order-${index}`, channel: 0, sku: 0, qty: 1, atMs: index, ...fields },
  givesBack: [],
  returns: [],
  shippedAtMs: null,
  ...more,
})

export const trafficOf = (lines: ReadonlyArray<ComparedLine>, more: Partial<ComparedTraffic> = {}): ComparedTraffic => ({
  skus: ["A"],
  stockQty: [5],
  windowMs: 60_000,
  lines,
  arrivals: [],
  leftOut: { unpaid: 0, writeOffs: 0 },
  ...more,
})

export const web: ComparedChannel = { name: "web", asks: true, lagMs: 50, weight: 1 }
export const marketplace: ComparedChannel = { name: "marketplace", asks: false, lagMs: 10_000, weight: 1 }

export const someOptions: StrategyOptions = {
  batchMs: 15_000,
  allotment: { sharePercent: null, leastLines: 1, lowWaterPercent: 50, idleMs: 5_000, reviewMs: 1_000 },
}

/** Buyers of a few scarce SKUs, of whom some give units back and some return them; some stock arrives late. */
export const randomTraffic = (prng: Prng, channels: number): ComparedTraffic => {
  const windowMs = 60_000
  const skus = ["A", "B", "C"]
  const lines = Array.from({ length: 120 }, (_, index): ComparedLine => {
    const atMs = prng.below(windowMs)
    const qty = prng.between(1, 4)
    const demand = { order: `order-${index >> 1}`, channel: prng.below(channels), sku: prng.below(skus.length), qty, atMs }
    const givesBack = prng.chance(1, 6) ? [{ atMs: atMs + prng.below(windowMs - atMs), qty: prng.between(1, qty) }] : []
    const returns = givesBack.length === 0 && prng.chance(1, 10) ? [{ atMs: atMs + prng.below(windowMs - atMs), qty }] : []
    const shippedAtMs = prng.chance(1, 3) ? atMs + prng.below(windowMs - atMs) : null
    return lineOf(index, demand, { givesBack, returns, shippedAtMs: givesBack.length === 0 ? shippedAtMs : null })
  })
  const arrivals = Array.from({ length: 3 }, () => ({ atMs: prng.below(windowMs), sku: prng.below(skus.length), qty: prng.between(1, 9) }))
  return trafficOf(lines, { skus, stockQty: [20, 40, 60], windowMs, arrivals })
}
