/**
 * Makes what is compared from imported or invented flows: who wants how much of what, when, and through which channel; all of it within a window.
 *
 * Only buyers who pay are demand: a cart that is left or paid too late is nobody's sale. Retries and double clicks are left out, for no message is lost here.
 * Write-offs are left out too: under every strategy they could break a promise that was good, which would hide what lag does. Both are counted.
 */
import { assert } from "../../src/assert.ts"
import type { Flow, PlannedSend, Traffic } from "../../src/workload/flows.ts"
import { drawPlace, weightedChoice } from "../../src/workload/popularity.ts"
import type { Prng } from "../../src/workload/prng.ts"
import type { Share } from "../../src/workload/stock-levels.ts"
import { shareOf } from "../../src/workload/stock-levels.ts"
import { type Moment, pressedInto } from "../workload/window.ts"
import type { ComparedChannel, Demand } from "./strategy.ts"

interface Units {
  readonly atMs: number
  readonly qty: number
}

/** A line of an order, and what becomes of it if it is promised. */
export interface ComparedLine {
  readonly demand: Demand
  /** The buyer gives units up before they are shipped. */
  readonly givesBack: ReadonlyArray<Units>
  /** Units come back to the shelf after they were shipped. */
  readonly returns: ReadonlyArray<Units>
  /** When it leaves the warehouse; null: not within the window. */
  readonly shippedAtMs: number | null
}

/** Times are milliseconds since the window began. */
export interface ComparedTraffic {
  readonly skus: ReadonlyArray<string>
  /** Of each SKU, before the first demand. */
  readonly stockQty: ReadonlyArray<number>
  readonly windowMs: number
  readonly lines: ReadonlyArray<ComparedLine>
  readonly arrivals: ReadonlyArray<Units & { readonly sku: number }>
  /** Of the flows: those of buyers who never paid, and facts that take units away. */
  readonly leftOut: { readonly unpaid: number; readonly writeOffs: number }
}

export interface TrafficOptions {
  readonly channels: ReadonlyArray<ComparedChannel>
  readonly windowMs: number
  /** Initial stock as a share of what is demanded, rounded up; null: what the setup of the flows receives. */
  readonly stockShare: Share | null
  readonly prng: Prng
}

const orderOf = (flow: Flow): string => {
  // The importer names a flow by its invoice and the number of the line in it; other flows are orders by themselves.
  const dot = flow.name.lastIndexOf(".")
  return dot > 0 && /^\d+$/.test(flow.name.slice(dot + 1)) && !flow.name.startsWith("order.") ? flow.name.slice(0, dot) : flow.name
}

const isUnpaid = (flow: Flow): boolean =>
  flow.ending === "abandoned" ||
  flow.ending === "late" ||
  (flow.ending === "cancelled" && !flow.sends.some(({ command }) => command.type === "Confirm" || command.type === "RecordSale"))

/** Orders of one of the compared channels stay its; the others are drawn by weight, each order by a stream of its own. */
const channelChooser = ({ channels, prng }: TrafficOptions): ((flow: Flow) => number) => {
  const choice = weightedChoice(channels.map(({ weight }) => weight))
  const places = new Map(channels.map(({ name }, place) => [name, place]))
  const drawn = new Map<string, number>()
  return (flow) => {
    const own = places.get(flow.sends[0]?.actor ?? "")
    if (own !== undefined) return own
    const order = orderOf(flow)
    const place = drawn.get(order) ?? drawPlace(choice, prng.stream(`channel of ${order}`))
    drawn.set(order, place)
    return place
  }
}

const qtyOf = (send: PlannedSend | undefined): number => {
  const command = send?.command
  assert(command !== undefined && "qty" in command && command.qty !== undefined, "an order says how much")
  return command.qty
}

/** The flows told apart. */
interface Sorted {
  readonly orders: ReadonlyArray<Flow>
  readonly arrivals: ReadonlyArray<PlannedSend>
  readonly leftOut: ComparedTraffic["leftOut"]
}

const sorted = (flows: ReadonlyArray<Flow>): Sorted => {
  const orders: Array<Flow> = []
  const arrivals: Array<PlannedSend> = []
  let unpaid = 0
  let writeOffs = 0
  for (const flow of flows) {
    const send = flow.sends[0]
    if (send === undefined) continue
    if (flow.ending !== "fact") {
      if (isUnpaid(flow)) unpaid += 1
      else orders.push(flow)
    } else if (send.command.type === "ReceiveStock" || (send.command.type === "AdjustStock" && send.command.qty > 0)) arrivals.push(send)
    else writeOffs += 1
  }
  return { orders, arrivals, leftOut: { unpaid, writeOffs } }
}

/** The units that later sends of an order move, as far as there are any to move. */
const unitsOf = (
  sends: ReadonlyArray<PlannedSend>,
  type: "Release" | "AdjustStock",
  atMs: (send: PlannedSend) => number,
  qtyMax: number,
): Array<Units> => {
  let left = qtyMax
  const units: Array<Units> = []
  for (const send of sends) {
    if (send.command.type !== type) continue
    const qty = Math.min(left, "qty" in send.command ? (send.command.qty ?? left) : left)
    if (qty > 0) units.push({ atMs: atMs(send), qty })
    left -= Math.max(0, qty)
  }
  return units
}

/** The first moment of each order: all its lines are wanted together. */
const orderMoments = (orders: ReadonlyArray<Flow>): ReadonlyMap<string, Moment> => {
  const moments = new Map<string, Moment>()
  for (const flow of orders) if (!moments.has(orderOf(flow))) moments.set(orderOf(flow), flow.sends[0] as PlannedSend)
  return moments
}

/** What the flows ask for, through the compared channels, within the window. */
export const comparedTraffic = (given: Traffic, options: TrafficOptions): ComparedTraffic => {
  const { orders, arrivals, leftOut } = sorted(given.flows)
  const firstOf = orderMoments(orders)
  const later = orders.flatMap(({ sends }) => sends.slice(1).filter(({ command }) => ["Release", "AdjustStock"].includes(command.type)))
  const { placeMs, scale } = pressedInto([...firstOf.values(), ...later, ...arrivals], options.windowMs)
  const channelOf = channelChooser(options)
  const skus: Array<string> = []
  const places = new Map<string, number>()
  const skuOf = (send: PlannedSend): number => {
    const { sku } = send.command
    const place = places.get(sku) ?? skus.push(sku) - 1
    places.set(sku, place)
    return place
  }
  const lines = orders.map((flow, index): ComparedLine => {
    const send = flow.sends[0] as PlannedSend
    const qty = qtyOf(send)
    const order = orderOf(flow)
    const atMs = placeMs(firstOf.get(order) ?? send)
    const afterSale = (moment: PlannedSend): number => Math.max(atMs, placeMs(moment))
    const shipped = flow.sends.find(({ command }) => command.type === "Fulfil")
    const shippedAtMs = shipped === undefined ? null : atMs + Math.floor((shipped.atMs - send.atMs) * scale)
    return {
      demand: { index, order, channel: channelOf(flow), sku: skuOf(send), qty, atMs },
      givesBack: unitsOf(flow.sends, "Release", afterSale, qty),
      returns: unitsOf(flow.sends, "AdjustStock", afterSale, qty),
      shippedAtMs: shippedAtMs === null || shippedAtMs > options.windowMs ? null : shippedAtMs,
    }
  })
  const arrived = arrivals.map((send) => ({ atMs: placeMs(send), sku: skuOf(send), qty: qtyOf(send) }))
  const stockQty = stockOf(given, options, skus, lines)
  return { skus, stockQty, windowMs: options.windowMs, lines, arrivals: arrived, leftOut }
}

const stockOf = (
  given: Traffic,
  { stockShare }: TrafficOptions,
  skus: ReadonlyArray<string>,
  lines: ReadonlyArray<ComparedLine>,
): ReadonlyArray<number> => {
  if (stockShare !== null) {
    const demandQty = skus.map(() => 0)
    for (const { demand } of lines) demandQty[demand.sku] = (demandQty[demand.sku] ?? 0) + demand.qty
    return demandQty.map((qty) => shareOf(qty, stockShare))
  }
  const received = new Map<string, number>()
  for (const { command } of given.setup) {
    if (command.type === "ReceiveStock") received.set(command.sku, (received.get(command.sku) ?? 0) + command.qty)
  }
  return skus.map((sku) => received.get(sku) ?? 0)
}
