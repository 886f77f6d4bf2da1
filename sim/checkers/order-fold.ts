/**
 * What became of each order, folded from the events in its journal and from nothing else: a second reading beside that of src/domain/order, for those who judge orders. It knows quantities, times and phases, and decides nothing.
 */
import type { OrderDecidedCommand, OrderKind } from "../../src/kinds/order/types.ts"
import type { Cluster } from "../cluster.ts"
import { decidedIn, orderEventsIn, ordersWritten } from "./both-journals.ts"

/** Units of a line, by what became of them. */
export interface LineSums {
  reserved: number
  released: number
  fulfilled: number
  lost: number
  beyond: number
}

/** Something that happened to an order, and when by its journal. */
export interface OrderMoment {
  readonly type: OrderKind["event"]["type"]
  readonly atMs: number
  readonly seq: number
}

/** An order as its journal has it. */
export interface FoldedOrder {
  readonly name: string
  readonly channel: string
  readonly order: string
  /** Its journal's number among all of the world. */
  readonly journal: number
  readonly lines: Map<string, LineSums>
  /** How it ended; null: it hasn't. */
  ending: string | null
  /** What its channel was told: until when it is held. */
  heldUntilMs: number | null
  /** Until when its SKUs hold its lines, the first of them. */
  linesHeldUntilMs: number
  readonly moments: Array<OrderMoment>
  /** Units that ended by a SKU's own timer, or that a SKU knew nothing of, after payment had come. */
  lostPaid: number
  /** Units that no SKU held for it, told of when it was forgotten already: they left all the same, and nobody took that in. By SKU. */
  readonly toldInVain: Map<string, number>
}

export const noUnits = (): LineSums => ({ reserved: 0, released: 0, fulfilled: 0, lost: 0, beyond: 0 })

/** Units of a line that are still for its order. */
export const openUnits = ({ reserved, released, fulfilled, lost }: LineSums): number => reserved - released - fulfilled - lost

const lineOf = ({ lines }: FoldedOrder, sku: string): LineSums => {
  const known = lines.get(sku)
  if (known !== undefined) return known
  const line = noUnits()
  lines.set(sku, line)
  return line
}

const noted = { fulfilled: "fulfilled", released: "released", lost: "lost", beyond: "beyond" } as const

const hasPaid = ({ moments }: FoldedOrder): boolean => moments.some(({ type }) => type === "OrderConfirming")

const foldUnits = (order: FoldedOrder, event: OrderKind["event"]): void => {
  if (event.type === "LineReserved") {
    lineOf(order, event.sku).reserved += event.qty
    order.linesHeldUntilMs = Math.min(order.linesHeldUntilMs, event.expiresAtMs)
  }
  if (event.type === "LineReleased") lineOf(order, event.sku).released += event.qty
  if (event.type === "LineNoted") lineOf(order, event.sku)[noted[event.fact]] += event.qty
  if (event.type === "LineLost") lineOf(order, event.sku).lost += event.qty
  const isLost = event.type === "LineLost" || (event.type === "LineNoted" && event.fact === "lost")
  if (isLost && hasPaid(order)) order.lostPaid += event.qty
}

const foldPhase = (order: FoldedOrder, event: OrderKind["event"]): void => {
  if (event.type === "OrderHeld") order.heldUntilMs = event.expiresAtMs
  if (event.type === "OrderRefused") order.ending = "refused"
  if (event.type === "OrderExpired") order.ending = "expired"
  if (event.type === "OrderEnded") order.ending = event.ending
}

/** What a SKU tells of an order that is no more. All else than units beyond was told before: an order is forgotten when nothing of it is open. */
const foldTold = (orders: ReadonlyMap<string, FoldedOrder>, { command, decision }: OrderDecidedCommand): void => {
  if (command?.type !== "NoteLine" || command.fact !== "beyond") return
  if (decision._tag !== "Refused" || decision.refusal.reason !== "UnknownOrder") return
  const order = orders.get(`${command.channel} ${command.order}`)
  if (order === undefined || !order.moments.some(({ type }) => type === "OrderForgotten")) return
  order.toldInVain.set(command.sku, (order.toldInVain.get(command.sku) ?? 0) + command.qty)
}

/** All orders of a world, by channel and name. */
export const foldOrders = (cluster: Cluster, lossy: ReadonlySet<number>): ReadonlyMap<string, FoldedOrder> => {
  const orders = new Map<string, FoldedOrder>()
  for (const { id, seq, record } of ordersWritten(cluster)) {
    if (lossy.has(id)) continue
    for (const entry of record.entries) {
      for (const { event } of orderEventsIn(entry)) {
        const name = `${event.channel} ${event.order}`
        const order = orders.get(name) ?? newOrder(name, event, id)
        orders.set(name, order)
        foldUnits(order, event)
        foldPhase(order, event)
        order.moments.push({ type: event.type, atMs: record.atMs, seq })
      }
      for (const decided of decidedIn<OrderKind>(entry)) foldTold(orders, decided)
    }
  }
  return orders
}

const newOrder = (name: string, { channel, order }: OrderKind["event"], journal: number): FoldedOrder => ({
  name,
  channel,
  order,
  journal,
  lines: new Map(),
  ending: null,
  heldUntilMs: null,
  linesHeldUntilMs: Number.POSITIVE_INFINITY,
  moments: [],
  lostPaid: 0,
  toldInVain: new Map(),
})
