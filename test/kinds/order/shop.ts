/**
 * A world of partitions of orders and of SKUs, with the real codecs: what channels ask, what warehouses and tills tell, and what stands at the end on both sides.
 */
import { type Audit, createAudit } from "../../../src/audit/audit.ts"
import { type CommandId, partitionOf, type ReservationId, type SenderId, type Sku } from "../../../src/domain/names.ts"
import { orderIn, ordersIn } from "../../../src/domain/order/book.ts"
import type { LineGiven } from "../../../src/domain/order/commands/place-order/command.ts"
import { type OrderId, orderBook, orderOfReservation } from "../../../src/domain/order/names.ts"
import { isAtRest, lineOf, type Order, openQtyOfLine } from "../../../src/domain/order/order.ts"
import { isOpen, openQtyOf, type Reservation, reservationOf, reservationsOf, type SkuStock } from "../../../src/domain/sku/stock.ts"
import type { ActorKind } from "../../../src/engine/kind.ts"
import type { EngineCodec } from "../../../src/engine/protocol.ts"
import { orderKind } from "../../../src/kinds/order/kind.ts"
import type { OrderHeardDecision, OrderPartition } from "../../../src/kinds/order/types.ts"
import { skuKind } from "../../../src/kinds/sku/kind.ts"
import type { SkuPartition } from "../../../src/kinds/sku/types.ts"
import { engineCodec, orderCodec } from "../../../src/wire/codec.ts"
import { type Played, World } from "../../engine/carrier.ts"

export const web = "web" as SenderId
export const app = "app" as SenderId
export const dock = "dock" as SenderId
export const shelf = "wh-1"
export const holdMs = 60_000

/** A kind and its codec, whatever their types. */
export const played = (kind: unknown, codec: unknown): Played => ({ kind: kind as ActorKind, codec: codec as EngineCodec })
export const realKinds = { order: played(orderKind, orderCodec), sku: played(skuKind, engineCodec) }

type More = Readonly<Record<string, unknown>>

export class Shop extends World {
  #ids = 0

  constructor(options: ConstructorParameters<typeof World>[0] = {}) {
    super({ actors: realKinds, snapshotEveryRecords: 1_000, ...options })
  }

  #id(): CommandId {
    return `c${++this.#ids}` as CommandId
  }

  /** A SKU that these channels may sell, with so many units. */
  stock(sku: string, qty: number, channels: ReadonlyArray<string> = [web, app]): void {
    const line = { priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }
    const policy = { version: 1, channels: channels.map((channel) => ({ channel, ...line })), safety: [], sourcing: [] }
    this.sku("SetPolicy", sku, { policy }, "planner" as SenderId)
    if (qty > 0) this.sku("ReceiveStock", sku, { location: shelf, qty }, dock)
    this.settle()
  }

  /** A command about an order; the suffix its answer goes to. */
  order(type: string, order: string, more: More = {}, sender: SenderId = web): string {
    const channel = (more.channel ?? sender) as SenderId
    return this.ask("order", orderBook(channel, order as OrderId), { type, channel, order, id: this.#id(), ...more }, sender)
  }

  placeOrder(order: string, lines: ReadonlyArray<readonly [sku: string, qty: number, more?: Partial<LineGiven>]>, more: More = {}): string {
    const given = lines.map(([sku, qty, line]) => ({ sku, qty, ...line }))
    return this.order("PlaceOrder", order, { fill: "whole", holdMs, lines: given, ...more })
  }

  confirm(order: string, more: More = {}): string {
    return this.order("ConfirmOrder", order, more)
  }

  cancel(order: string, more: More = {}): string {
    return this.order("CancelOrder", order, { reason: "cancelled", ...more })
  }

  /** A command about a SKU. */
  sku(type: string, sku: string, more: More, sender: SenderId = web): string {
    return this.ask("sku", sku, { type, id: this.#id(), ...more }, sender)
  }

  ship(order: string, sku: string, more: More = {}): string {
    return this.sku("Fulfil", sku, { channel: web, reservation: `@${order}`, location: shelf, ...more }, dock)
  }

  /** What is wrong with what both journals say, and with what was heard of orders, once nothing is on its way any more. */
  violations(): ReturnType<Audit["finish"]>["violations"] {
    const audit = createAudit({ codec: engineCodec, orders: { codec: orderCodec } })
    for (const { sender, suffix, partition, seq, epoch, decisions } of this.replies)
      if (decisions.some((said) => "order" in said))
        audit.orderReply({ sender, suffix, partition, seq, epoch, decisions: decisions as never })
    for (const { kind, partition, journal } of this.places)
      for (const stored of journal) (kind === "order" ? audit.orderRecord : audit.record)(partition, stored)
    return audit.finish({ atRest: true }).violations
  }

  /** All that was said under a suffix. */
  heard(reply: string): ReadonlyArray<OrderHeardDecision> {
    return this.replies.filter(({ suffix }) => suffix === reply).flatMap(({ decisions }) => decisions as ReadonlyArray<OrderHeardDecision>)
  }

  /** The one answer to a command, once all that flies has arrived. */
  answer(reply: string): OrderHeardDecision {
    this.settle()
    const heard = this.heard(reply)
    const [first] = heard
    if (first === undefined || heard.length > 1) throw new Error(`${heard.length} answers to ${reply}`)
    return first
  }

  /** Time goes on, and whatever is due by then happens. */
  elapse(ms: number): void {
    for (const step of [ms, 1_000, 1_000]) {
      this.pass(step)
      this.settle()
    }
  }

  orderPartitions(): ReadonlyArray<OrderPartition> {
    // Places of that kind are played with it.
    return this.places.filter(({ kind }) => kind === "order").map(({ desk }) => desk.partition as unknown as OrderPartition)
  }

  skuPartitions(): ReadonlyArray<SkuPartition> {
    // As above.
    return this.places.filter(({ kind }) => kind === "sku").map(({ desk }) => desk.partition as unknown as SkuPartition)
  }

  /** An order as its owner knows it. */
  known(order: string, channel: SenderId = web): Order | undefined {
    const key = orderBook(channel, order as OrderId)
    const book = this.orderPartitions()[partitionOf(key, this.partitions)]?.actors.get(key)
    return book === undefined ? undefined : orderIn(book.state, channel, order as OrderId)
  }

  stockOf(sku: string): SkuStock | undefined {
    return this.skuPartitions()[partitionOf(sku, this.partitions)]?.actors.get(sku as Sku)?.state
  }

  /** What a SKU holds for an order. */
  lineAt(sku: string, order: string): Reservation | undefined {
    const stock = this.stockOf(sku)
    return stock === undefined ? undefined : reservationOf(stock, web, `@${order}` as ReservationId)
  }

  orders(): ReadonlyArray<Order> {
    return this.orderPartitions().flatMap(({ actorList }) => actorList.flatMap(({ state }) => ordersIn(state)))
  }

  /** What the two sides of this world at rest say differently, or hold for nobody. */
  wrong(): ReadonlyArray<string> {
    const wrong: Array<string> = []
    for (const { openParts, actorList } of this.orderPartitions()) {
      const open = actorList.flatMap(({ state }) => ordersIn(state)).filter(({ phase }) => phase !== "ended")
      if (openParts !== open.length) wrong.push(`${openParts} orders are counted as open, and ${open.length} are`)
    }
    const orders = new Map(this.orders().map((order) => [`${order.channel}/${order.id}`, order]))
    for (const { actorList } of this.skuPartitions())
      for (const { state } of actorList)
        for (const reservation of reservationsOf(state).filter(isOpen)) {
          const id = orderOfReservation(reservation.id)
          if (id === undefined) continue
          const order = orders.get(`${reservation.channel}/${id}`)
          const line = order === undefined ? undefined : lineOf(order, state.sku)
          const openQty = line === undefined ? 0 : openQtyOfLine(line)
          if (openQty !== openQtyOf(reservation))
            wrong.push(`${state.sku} holds ${openQtyOf(reservation)} for ${id}, which knows of ${openQty}`)
        }
    for (const order of orders.values()) {
      if (order.phase === "placing" || order.phase === "confirming") wrong.push(`${order.id} is ${order.phase}`)
      if (order.phase === "ended" && !isAtRest(order)) wrong.push(`${order.id} has ended, and does not rest`)
      for (const line of order.lines) {
        const held = this.lineAt(line.sku, order.id)
        const openQty = held === undefined || order.channel !== web ? openQtyOfLine(line) : openQtyOf(held)
        if (order.channel === web && openQtyOfLine(line) > 0 && (held === undefined || openQty !== openQtyOfLine(line)))
          wrong.push(`${order.id} has ${openQtyOfLine(line)} units of ${line.sku}, which holds ${held === undefined ? 0 : openQty}`)
      }
    }
    return wrong
  }
}
