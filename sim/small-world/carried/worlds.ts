/**
 * The small worlds of carried commands: orders over two SKUs in partitions of their own, what senders do meanwhile, and how far time goes.
 */
import type { CommandId, LocationId, SenderId, Sku } from "../../../src/domain/names.ts"
import type { PlaceOrder } from "../../../src/domain/order/commands/place-order/command.ts"
import type { OrderCommand } from "../../../src/domain/order/decide.ts"
import { type OrderId, orderReservation } from "../../../src/domain/order/names.ts"
import type { StockCommand } from "../../../src/domain/sku/commands.ts"
import type { StockEvent } from "../../../src/domain/sku/events.ts"
import { plainLine } from "../../../src/domain/sku/policy.ts"
import { orderGraceMs, orderPlacingMsMax } from "../../../src/limits.ts"
import { channel } from "./actors.ts"

/** What a channel asks of an order, once. `after`: only when that order has been answered. */
interface Asked {
  readonly command: OrderCommand
  readonly after?: OrderId
}

/** What somebody asks of a SKU itself, once. */
interface AskedOfSku {
  readonly command: StockCommand
  readonly sender: SenderId
}

export interface CarriedWorld {
  readonly name: string
  readonly about: string
  /** Units of each SKU. */
  readonly stock: ReadonlyArray<readonly [Sku, number]>
  readonly asked: ReadonlyArray<Asked>
  readonly askedOfSkus: ReadonlyArray<AskedOfSku>
  /** Milliseconds after the beginning that the clock may be moved on to, one after the other. */
  readonly clocksMs: ReadonlyArray<number>
  readonly statesMax: number
}

/** When every world begins. */
export const startMs = 1_000_000
const holdMs = 60_000
/** When any order that began at once is over, however late it was held; and when its SKUs end its holds by themselves. */
const overMs = orderPlacingMsMax + holdMs + 1_000
const orphanedMs = orderPlacingMsMax + holdMs + orderGraceMs + 1_000

const depot = "depot" as SenderId
const shelf = "shelf" as LocationId
const a = "A" as Sku
const b = "B" as Sku
const o1 = "o1" as OrderId
const o2 = "o2" as OrderId

/** A SKU that all may sell, with so many units. */
export const stocked = (qty: number): ReadonlyArray<StockEvent> => [
  { type: "PolicySet", policy: { version: 1, channels: [plainLine(channel, 0)], safety: [], sourcing: [] } },
  { type: "StockReceived", location: shelf, qty },
]

const place = (order: OrderId, skus: ReadonlyArray<Sku>, more: Partial<PlaceOrder> = {}): Asked => ({
  command: {
    type: "PlaceOrder",
    id: `place ${order}` as CommandId,
    channel,
    order,
    issuedAtMs: startMs,
    fill: "whole",
    holdMs,
    lines: skus.map((sku) => ({ sku, qty: 1 })),
    ...more,
  },
})
const confirm = (order: OrderId): Asked => ({
  command: { type: "ConfirmOrder", id: `confirm ${order}` as CommandId, channel, order, issuedAtMs: startMs },
  after: order,
})
const cancel = (order: OrderId, sku?: Sku): Asked => ({
  command: {
    type: "CancelOrder",
    id: `cancel ${sku ?? "all"} of ${order}` as CommandId,
    channel,
    order,
    issuedAtMs: startMs,
    reason: "cancelled",
    ...(sku === undefined ? {} : { lines: [{ sku, qty: 1 }] }),
  },
  after: order,
})
const base = (sku: Sku, id: string) => ({ id: id as CommandId, sku, issuedAtMs: startMs })
const rival = (sku: Sku): AskedOfSku => ({
  command: {
    type: "Reserve",
    ...base(sku, "rival"),
    reservation: "rival" as ReturnType<typeof orderReservation>,
    qty: 1,
    holdMs: 10 * 3_600_000,
  },
  sender: channel,
})
const ships = (sku: Sku): AskedOfSku => ({
  command: { type: "Fulfil", ...base(sku, "ships"), channel, reservation: orderReservation(o1), location: shelf, qty: 1 },
  sender: depot,
})
const releases = (sku: Sku): AskedOfSku => ({
  command: { type: "Release", ...base(sku, "releases"), reservation: orderReservation(o1), reason: "other", qty: 1 },
  sender: channel,
})

const statesMax = 4_000_000

/** Every small world of carried commands. */
export const carriedWorlds: ReadonlyArray<CarriedWorld> = [
  {
    name: "order, payment against expiry",
    about: "two lines are held, paid for or not, and time goes on past the end of the hold",
    stock: [
      [a, 1],
      [b, 1],
    ],
    asked: [place(o1, [a, b]), confirm(o1)],
    askedOfSkus: [],
    clocksMs: [0, overMs],
    statesMax,
  },
  {
    name: "order, cancel against confirm",
    about: "payment, and the cancellation of a line and of all, in any order",
    stock: [
      [a, 2],
      [b, 1],
    ],
    asked: [place(o1, [a, b, a]), confirm(o1), cancel(o1, a), cancel(o1)],
    askedOfSkus: [],
    clocksMs: [0],
    statesMax,
  },
  {
    name: "order, last units",
    about: "somebody else wants the last unit of a line; lines that do not answer in time",
    stock: [
      [a, 1],
      [b, 1],
    ],
    asked: [place(o1, [a, b]), confirm(o1)],
    askedOfSkus: [rival(b)],
    clocksMs: [0, orderPlacingMsMax],
    statesMax,
  },
  {
    name: "order, facts on lines",
    about: "a line is shipped, and another given up by its channel, whatever the order is about meanwhile",
    stock: [
      [a, 1],
      [b, 1],
    ],
    asked: [place(o1, [a, b], { fill: "partial" }), confirm(o1)],
    askedOfSkus: [ships(a), releases(b)],
    clocksMs: [0],
    statesMax,
  },
  {
    name: "order, orphaned",
    about: "time goes on until SKUs end the holds of orders by themselves, while payment is under way",
    stock: [
      [a, 1],
      [b, 1],
    ],
    asked: [place(o1, [a, b]), confirm(o1)],
    askedOfSkus: [],
    clocksMs: [0, orphanedMs],
    statesMax,
  },
  {
    name: "two orders, crosswise",
    about: "two orders want the same last two units, in opposite order of lines",
    stock: [
      [a, 1],
      [b, 1],
    ],
    asked: [place(o1, [a, b]), place(o2, [b, a])],
    askedOfSkus: [],
    clocksMs: [0],
    statesMax,
  },
]
