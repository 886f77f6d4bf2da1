/**
 * The comparison: the same traffic, the same lag, four ways of selling. Pure and synchronous: the same options give the same report.
 */
import { assert } from "../../src/assert.ts"
import { channelsPerPolicyMax } from "../../src/limits.ts"
import type { Traffic } from "../../src/workload/flows.ts"
import { prngFromSeed } from "../../src/workload/prng.ts"
import type { Share } from "../../src/workload/stock-levels.ts"
import type { StrategyLine } from "../result.ts"
import { batchSync } from "./batch-sync.ts"
import { holdfast } from "./holdfast.ts"
import type { Measures } from "./measures.ts"
import { naiveSync } from "./naive-sync.ts"
import { play } from "./playing.ts"
import { rowLock } from "./row-lock.ts"
import { type AllotmentPolicy, type ComparedChannel, type StrategyOptions, usualChannels } from "./strategy.ts"
import { comparedTraffic } from "./traffic.ts"

/** What is compared, and with what lag. Everything but the flows has a default. */
export interface ComparisonOptions {
  /** Orders as an importer or generator gave them; see traffic.ts for what of them is played. */
  readonly flows: Traffic
  /** What the flows are, for people. */
  readonly source: string
  /** Milliseconds that the orders are compressed into, or stretched: one hour. */
  readonly windowMs?: number
  /** Who sells. Orders of other senders are spread over them by weight, whole orders at a time. */
  readonly channels?: ReadonlyArray<ComparedChannel>
  /** Initial stock as a share of what is demanded; null: as the flows' setup receives it, which is the default. */
  readonly stockShare?: Share | null
  /** Decides which order comes through which channel. "1". */
  readonly seed?: number | string
  readonly batchMs?: number
  readonly allotment?: Partial<AllotmentPolicy>
}

/** One strategy's line of the report: its name and its measures. */
export interface StrategyReport extends StrategyLine, Measures {}

/** Plain JSON. */
export interface ComparisonReport {
  readonly options: StrategyOptions & {
    readonly source: string
    readonly windowMs: number
    readonly channels: ReadonlyArray<ComparedChannel>
    readonly stockShare: Share | null
    readonly seed: string
  }
  /** Orders, their lines and units as buyers wanted them; stock before the first of them, and what arrived later. */
  readonly traffic: {
    readonly orders: number
    readonly lines: number
    readonly units: number
    readonly skus: number
    readonly stockQty: number
    readonly arrivedQty: number
    /** Flows that are not played: buyers who never paid, and facts that take units away. */
    readonly leftOut: { readonly unpaid: number; readonly writeOffs: number }
  }
  readonly strategies: ReadonlyArray<StrategyReport>
  /** Nobody can have it: one count that everybody asks without any lag. What is refused here was simply not there. */
  readonly withoutLag: StrategyReport
}

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

const defaultAllotment: AllotmentPolicy = {
  sharePercent: null,
  leastLines: 2,
  lowWaterPercent: 50,
  idleMs: 10 * minuteMs,
  reviewMs: minuteMs,
}

/**
 * Plays the traffic under every strategy. Takes seconds for ten thousand lines. Asserts that channels have names of their own and lags of at most a day, that
 * no more of them sell than a policy may name, and that the window has a length.
 */
export const runComparison = (given: ComparisonOptions): ComparisonReport => {
  const channels = given.channels ?? usualChannels
  const windowMs = given.windowMs ?? 60 * minuteMs
  const stockShare = given.stockShare ?? null
  const seed = String(given.seed ?? 1)
  const options: StrategyOptions = {
    batchMs: given.batchMs ?? 15 * minuteMs,
    allotment: { ...defaultAllotment, ...given.allotment },
  }
  assert(channels.length > 0 && new Set(channels.map(({ name }) => name)).size === channels.length, "each channel has a name of its own")
  assert(channels.length <= channelsPerPolicyMax, "a policy names every channel")
  assert(
    windowMs >= 1 && options.batchMs >= 0 && options.allotment.reviewMs >= 1,
    "a window, and the time between two looks, have a length",
  )
  assert(
    channels.every(({ lagMs }) => Number.isSafeInteger(lagMs) && lagMs >= 0 && lagMs <= dayMs),
    "a lag is whole, and at most a day",
  )
  const prng = prngFromSeed(seed)
  const traffic = comparedTraffic(given.flows, { channels, windowMs, stockShare, prng })
  const sum = (items: ReadonlyArray<{ readonly qty: number }>): number => items.reduce((total, { qty }) => total + qty, 0)
  const demands = traffic.lines.map(({ demand }) => demand)
  const nearby = channels.map((channel) => ({ ...channel, asks: true, lagMs: 0 }))
  return {
    options: { source: given.source, windowMs, channels, stockShare, seed, ...options },
    traffic: {
      orders: new Set(demands.map(({ order }) => order)).size,
      lines: demands.length,
      units: sum(demands),
      skus: traffic.skus.length,
      stockQty: traffic.stockQty.reduce((total, qty) => total + qty, 0),
      arrivedQty: sum(traffic.arrivals),
      leftOut: traffic.leftOut,
    },
    strategies: [batchSync, naiveSync, rowLock, holdfast].map((definition) => ({
      name: definition.name,
      title: definition.title,
      ...play(definition, traffic, channels, options),
    })),
    withoutLag: { name: "without-lag", title: "one count, no lag at all", ...play(rowLock, traffic, nearby, options) },
  }
}
