/**
 * The traffic of the comparison: the orders of a file, or a flash sale where none is named, and what of it is said to be left out. How it is pressed into
 * the window and sold is decided in sim/comparison.
 */
import type { SenderId } from "../../src/domain/names.ts"
import { flashSale } from "../../src/workload/flash-sale.ts"
import type { Traffic } from "../../src/workload/flows.ts"
import { planOf } from "../../src/workload/importer.ts"
import type { Share } from "../../src/workload/stock-levels.ts"
import { type ComparisonReport, runComparison } from "../comparison/comparison.ts"
import type { ComparedChannel } from "../comparison/strategy.ts"
import type { OrderFile } from "./played-file.ts"

/** What is compared, and with what lag; see ComparisonOptions for all but the first two. */
export interface ComparisonAsked {
  /** Orders and SKUs of the flash sale, where no file is played. */
  readonly orders: number
  readonly skus: number
  readonly seed: string
  readonly stockShare: Share
  readonly windowMs: number
  readonly batchMs: number
  readonly channels: ReadonlyArray<ComparedChannel>
}

/** Traffic, and what it is, for people. */
interface Source {
  readonly flows: Traffic
  readonly source: string
}

/** Rows of an order file that can't be played; "" where there is none. */
const unplayableText = ({ rows, rejected }: { rows: number; rejected: ReadonlyArray<{ line: number; reason: string }> }): string => {
  const [first] = rejected
  if (first === undefined) return ""
  return `${rejected.length} of ${rows} rows can't be played, the first in line ${first.line} (${first.reason})`
}

/** The orders of a file as a plan, or what is wrong with it. */
export const plannedOrders = ({ source }: OrderFile) =>
  // Nobody's: who plays the orders spreads them over channels of its own.
  planOf(source, { channels: [{ sender: "file" as SenderId, weight: 1 }] })

const ofFile = (file: OrderFile): Source => {
  const plan = plannedOrders(file)
  if (plan._tag === "Refused") throw new Error(plan.message)
  const unplayable = unplayableText(plan.report)
  return { flows: plan, source: unplayable === "" ? file.name : `${file.name} (${unplayable})` }
}

const ofSale = ({ seed, orders, skus, channels }: ComparisonAsked): Source => {
  const selling = channels.map(({ name, asks, weight }) => ({
    sender: name as SenderId,
    kind: asks ? ("web" as const) : ("marketplace" as const),
    weight,
  }))
  return { flows: flashSale({ seed, orders, skus, channels: selling }), source: `a flash sale from seed ${seed}` }
}

/** Plays the comparison. Throws where the file can't be played; who asks has looked at it before. */
export const compareOn = (file: OrderFile | null, asked: ComparisonAsked): ComparisonReport => {
  const { channels, windowMs, batchMs, seed } = asked
  const stockShare = file?.source.asked.stock._tag === "File" ? null : asked.stockShare
  return runComparison({ ...(file === null ? ofSale(asked) : ofFile(file)), channels, stockShare, windowMs, batchMs, seed })
}
