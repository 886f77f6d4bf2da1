/**
 * The state of an order book: some of one channel's orders, each in a slot that it keeps until it is forgotten.
 *
 * One owner, changed in place by `evolve` alone. A book knows nothing beside its orders, so a snapshot that holds a book and its orders as of different records loses nothing.
 */
import { assert } from "../../assert.ts"
import type { OrderBookKey, SenderId } from "../names.ts"
import { addThing, emptySlots, findThing, type Naming, removeThing, type SlotTable, slotCount } from "../slot-table.ts"
import type { BookEvent } from "./events.ts"
import { evolve } from "./evolve.ts"
import type { OrderId } from "./names.ts"
import type { Order } from "./order.ts"

/** All that the decisions of one book depend on. */
export interface OrderBook {
  readonly key: OrderBookKey
  /** Null as long as it holds none: most books of a small channel are empty. */
  orders: SlotTable<Order> | null
}

/** A book that nobody has placed an order in. */
export const emptyBook = (key: OrderBookKey): OrderBook => ({ key, orders: null })

const naming: Naming<Order> = {
  isNamed: (order, id, channel) => order.id === id && order.channel === channel,
  firstOf: (order) => order.id,
  secondOf: (order) => order.channel,
}

/** The order that a channel knows by this id, or undefined if the book holds none. */
export const orderIn = (book: OrderBook, channel: SenderId, id: OrderId): Order | undefined =>
  book.orders === null ? undefined : findThing(book.orders, naming, id, channel)

/** All orders of a book, in the order of their slots. O(orders). */
export const ordersIn = (book: OrderBook): ReadonlyArray<Order> => (book.orders?.slots ?? []).filter((order) => order !== undefined)

/** How many orders a book holds. */
export const orderCount = (book: OrderBook): number => (book.orders === null ? 0 : slotCount(book.orders))

/** Adds an order under its channel and id, which must be free. */
export const addOrder = (book: OrderBook, order: Order): void => {
  assert(orderIn(book, order.channel, order.id) === undefined, "an order is placed once")
  book.orders ??= emptySlots<Order>()
  addThing(book.orders, naming, order)
}

/** Removes an order. The last one takes the table with it. */
const removeOrder = (book: OrderBook, order: Order): void => {
  const { orders } = book
  assert(orders !== null && removeThing(orders, naming, order), "an order is forgotten where it is known")
  if (slotCount(orders) === 0) book.orders = null
}

/** Applies `event` to its order, which begins with the first of its events. Returns the order. */
export const evolveBook = (book: OrderBook, event: BookEvent): Order => {
  const known = orderIn(book, event.channel, event.order)
  assert(event.n === (known?.eventCount ?? 0) + 1, "INV-18 the events of an order are counted without a gap")
  const order = evolve(known, event)
  if (known === undefined) addOrder(book, order)
  return order
}

/** Removes an order that was kept for long enough: whoever keeps the book remembers its end, as long as it has to. */
export const forgetOrder = (book: OrderBook, order: Order): void => {
  assert(order.isForgotten, "only an order that was kept for long enough is forgotten")
  removeOrder(book, order)
}
