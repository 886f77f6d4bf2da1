/**
 * Makes traffic of an order file, to be played in a simulated world: what its rows mean is the importer's, when they happen is decided here.
 *
 * Weeks are pressed into the world's window, in proportion. Many files know only the day of an order, so what has the same time is spread evenly, in its order, until
 * the next time that occurs. Which share of the orders each channel has is drawn from the seed.
 */
import type { EpochMs, SenderId } from "../../src/domain/names.ts"
import type { FileFault } from "../../src/workload/csv-table.ts"
import type { Flow, Send } from "../../src/workload/flows.ts"
import { type OrderReport, planOrders } from "../../src/workload/orders.ts"
import { prngFromSeed } from "../../src/workload/prng.ts"
import type { Share } from "../../src/workload/stock-levels.ts"
import type { PlayedTraffic } from "../run.ts"
import { worldStartMs } from "../world/world.ts"

export interface OrderFile {
  /** The file's text. */
  readonly text: string
  /** In the language of src/workload/date-format.ts; needed unless dates begin with the year. */
  readonly dateFormat?: string
  /** What each SKU starts with, as a share of what the file sells of it: six tenths unless given. */
  readonly stockShare?: Share
}

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

type Moment = Pick<Send, "atMs" | "order">

/** Where in the window a moment of the file lies, in milliseconds of the world. */
const pressed = (sends: ReadonlyArray<Moment>, windowMs: number): ((moment: Moment) => EpochMs) => {
  const ordersAt = new Map<number, Set<number>>()
  for (const { atMs, order } of sends) {
    const orders = ordersAt.get(atMs)
    if (orders === undefined) ordersAt.set(atMs, new Set([order]))
    else orders.add(order)
  }
  const times = [...ordersAt.keys()].sort((a, b) => a - b)
  const gaps = times.slice(1).map((atMs, i) => atMs - (times[i] ?? atMs))
  // Nothing says how long the last time lasted: as long as the shortest of the others.
  const lastGap = gaps.reduce((least, gap) => Math.min(least, gap), gaps[0] ?? 1)
  const firstMs = times[0] ?? 0
  const spanMs = (times.at(-1) ?? 0) - firstMs + lastGap
  const places = new Map<number, { readonly gapMs: number; readonly ranks: ReadonlyMap<number, number> }>()
  for (const [i, atMs] of times.entries()) {
    const orders = [...(ordersAt.get(atMs) ?? [])].sort((a, b) => a - b)
    places.set(atMs, { gapMs: gaps[i] ?? lastGap, ranks: new Map(orders.map((order, rank) => [order, rank])) })
  }
  return ({ atMs, order }) => {
    const place = places.get(atMs)
    const share = (place?.ranks.get(order) ?? 0) / Math.max(1, place?.ranks.size ?? 1)
    return worldStartMs + Math.floor(((atMs - firstMs + (place?.gapMs ?? 0) * share) * windowMs) / spanMs)
  }
}

/** The orders of a file as traffic of `windowMs` milliseconds, or why the file can't be read. The same file, seed and window give the same traffic. */
export const ordersTraffic = (file: OrderFile, seed: string, windowMs: number): OrdersTraffic | FileFault => {
  const prng = prngFromSeed(`${seed}/orders`)
  const selling = channels.map(({ sender, weight }) => ({
    sender: sender as SenderId,
    weight: prng.stream(sender).between(Math.ceil(weight / 2), Math.floor((weight * 3) / 2)),
  }))
  const { text, dateFormat, stockShare = { num: 6, den: 10 } } = file
  const plan = planOrders(text, {
    stock: { _tag: "Share", ...stockShare },
    channels: selling,
    ...(dateFormat === undefined ? {} : { dateFormat }),
  })
  if (plan._tag === "FileFault") return plan
  const at = pressed(
    plan.flows.flatMap(({ sends }) => sends),
    windowMs,
  )
  const moved = (send: Send): Send => ({ ...send, atMs: at(send) })
  return {
    _tag: "OrdersTraffic",
    setup: plan.setup.map((send) => ({ ...send, atMs: worldStartMs })),
    flows: plan.flows.map((flow): Flow => ({ ...flow, sends: flow.sends.map(moved) })),
    channels: selling,
    report: plan.report,
  }
}
