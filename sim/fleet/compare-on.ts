/**
 * The traffic of the comparison: the orders of a file, or a flash sale where none is named, compressed into an hour of three channels, one of them five
 * minutes away. sim/comparison decides everything else.
 */
import type { SenderId } from "../../src/domain/names.ts"
import { flashSale } from "../../src/workload/flash-sale.ts"
import { planOrders } from "../../src/workload/orders.ts"
import { type ComparisonReport, defaultChannels, runComparison } from "../comparison/comparison.ts"
import type { OrderFile } from "./played-file.ts"

/** Stock before the first order, of what is ordered in all. */
const stockShare = { num: 6, den: 10 }
const saleSeed = "1"

/** The orders of a file as a plan, or what is wrong with it, in a sentence. */
export const plannedOrders = ({ text, dateFormat }: OrderFile) => {
  const plan = planOrders(text, {
    stock: { _tag: "Share", num: 0, den: 1 },
    // Nobody's: who plays the orders spreads them over channels of its own.
    channels: [{ sender: "file" as SenderId, weight: 1 }],
    ...(dateFormat === null ? {} : { dateFormat }),
  })
  if (plan._tag === "FileFault") return plan.detail
  const [first] = plan.report.rejected
  if (plan.totals.orderLines > 0) return plan
  return `there is no order in it${first === undefined ? "" : `: ${plan.report.rejected.length} of ${plan.report.rows} rows can't be played, the first is row ${first.row} (${first.reason})`}`
}

/** Plays the comparison. Throws where the file can't be played; who asks has looked at it before. */
export const compareOn = (orders: OrderFile | null): ComparisonReport => {
  if (orders === null) {
    const channels = defaultChannels.map(({ name, asks, weight }) => ({
      sender: name as SenderId,
      kind: asks ? ("web" as const) : ("marketplace" as const),
      weight,
    }))
    return runComparison({ flows: flashSale({ seed: saleSeed, orders: 10_000, skus: 100, channels }), source: "a flash sale", stockShare })
  }
  const plan = plannedOrders(orders)
  if (typeof plan === "string") throw new Error(`${orders.name}: ${plan}`)
  const { rows, rejected } = plan.report
  const source = rejected.length === 0 ? orders.name : `${orders.name} (${rejected.length} of ${rows} rows can't be played)`
  return runComparison({ flows: plan, source, stockShare })
}
