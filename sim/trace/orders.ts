/**
 * Makes traffic of an order file, to be played in a simulated world: what its rows mean is the importer's, when they happen is decided here.
 *
 * Weeks are pressed into the world's window, in proportion. Which share of the orders each channel has is drawn from the seed.
 */
import type { SenderId } from "../../src/domain/names.ts"
import type { Flow, PlannedSend } from "../../src/workload/flows.ts"
import { type OrderSource, planOf, type Refused } from "../../src/workload/importer.ts"
import type { OrderReport } from "../../src/workload/orders.ts"
import { prngFromSeed } from "../../src/workload/prng.ts"
import type { PlayedTraffic } from "../run.ts"
import { pressedInto } from "../workload/window.ts"
import { worldStartMs } from "../world/world.ts"

export interface OrdersTraffic extends PlayedTraffic {
  readonly _tag: "OrdersTraffic"
  /** Where each row of the file went. */
  readonly report: OrderReport
}

/** Who sells, in the order of priority, and the share of the orders that the seed's is drawn around: from half of it to half as much again. */
const channels: ReadonlyArray<{ readonly sender: string; readonly weight: number }> = [
  { sender: "web", weight: 60 },
  { sender: "marketplace", weight: 20 },
  { sender: "pos", weight: 12 },
  { sender: "wholesale", weight: 8 },
]

/** The orders of a source as traffic of `windowMs` milliseconds, or why the file can't be read. The same file, seed and window give the same traffic. */
export const ordersTraffic = (source: OrderSource, seed: string, windowMs: number): OrdersTraffic | Refused => {
  const prng = prngFromSeed(`${seed}/orders`)
  const selling = channels.map(({ sender, weight }) => ({
    sender: sender as SenderId,
    weight: prng.stream(sender).between(Math.ceil(weight / 2), Math.floor((weight * 3) / 2)),
  }))
  const plan = planOf(source, { channels: selling })
  if (plan._tag === "Refused") return plan
  const { placeMs } = pressedInto(
    plan.flows.flatMap(({ sends }) => sends),
    windowMs,
  )
  const moved = (send: PlannedSend): PlannedSend => ({ ...send, atMs: worldStartMs + placeMs(send) })
  return {
    _tag: "OrdersTraffic",
    setup: plan.setup.map((send) => ({ ...send, atMs: worldStartMs })),
    flows: plan.flows.map((flow): Flow => ({ ...flow, sends: flow.sends.map(moved) })),
    channels: selling,
    report: plan.report,
  }
}
