/**
 * A book's orders as the engine knows them: parts of it that have an owner and an id, that may be due, and that end once. An order has ended for the engine when it was kept for long enough after its end.
 */
import type { EpochMs, ReservationId, SenderId } from "../../domain/names.ts"
import { forgetOrder, type OrderBook, orderIn } from "../../domain/order/book.ts"
import { settlingBytes } from "../../domain/order/bounds.ts"
import type { BookEvent, OrderEvent } from "../../domain/order/events.ts"
import type { OrderId } from "../../domain/order/names.ts"
import { type Order, OrderEnding } from "../../domain/order/order.ts"
import { decideDue, dueMsOf } from "../../domain/order/timers.ts"
import type { KindParts } from "../../engine/kind.ts"
import type { OrderKind } from "./types.ts"

/** The engine finds whatever ends by an owner and an id of it; an order's is in scope of its channel as a reservation's is. */
export const partId = (order: OrderId): ReservationId => order as string as ReservationId
const orderId = (part: ReservationId): OrderId => part as string as OrderId

/** Events of an order as its book's journal has them. `order`: as it is before them; undefined: there is none yet. */
export const ofBook = (
  channel: SenderId,
  id: OrderId,
  order: Order | undefined,
  events: ReadonlyArray<OrderEvent>,
): ReadonlyArray<BookEvent> => {
  const before = order?.eventCount ?? 0
  return events.map((event, at) => ({ ...event, channel, order: id, n: before + at + 1 }))
}

/** The events with which an order ends, each once. */
const ending: ReadonlySet<BookEvent["type"]> = new Set(["OrderRefused", "OrderExpired", "OrderEnded"])

const dueMs = (order: Order): EpochMs => dueMsOf(order) ?? 0

const find = (book: OrderBook, channel: SenderId, id: ReservationId): Order | undefined => orderIn(book, channel, orderId(id))

/** When the event's order was due before it. One that is placed was not. */
const dueBefore = (book: OrderBook, { channel, order }: BookEvent): EpochMs => {
  const found = orderIn(book, channel, order)
  return found === undefined ? 0 : dueMs(found)
}

/** Orders as the parts of their book. */
export const orderParts: KindParts<OrderKind> = Object.freeze<KindParts<OrderKind>>({
  ownerOf: ({ channel }) => channel,
  idOf: ({ id }) => partId(id),
  dueMs,
  endings: OrderEnding,
  endingOf: ({ isForgotten, ending }) => (isForgotten ? (ending ?? undefined) : undefined),
  expire: (order, nowMs) => ofBook(order.channel, order.id, order, decideDue(order, nowMs)),
  expiredBytesOf: ({ keptUntilMs, width }) => settlingBytes(keptUntilMs === null ? width : 0),
  isAbout: () => true,
  mayBegin: ({ type }) => type === "OrderPlaced",
  eventOwnerOf: ({ channel }) => channel,
  eventIdOf: ({ order }) => partId(order),
  find,
  dueBefore,
  forget: forgetOrder,
  slotsOf: ({ orders }) => orders?.slots,
  open: { by: ({ type }) => (type === "OrderPlaced" ? 1 : ending.has(type) ? -1 : 0), is: ({ phase }) => phase !== "ended" },
})
