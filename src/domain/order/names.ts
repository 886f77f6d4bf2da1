/**
 * How orders are named, and what is named after them: the actor that decides them, and the reservation of each of their lines.
 *
 * That reservation's name holds a character that no sender's id may hold, so nobody can have taken such a name before, and nobody but an order can begin a reservation under one.
 */
import { orderBooksPerChannel } from "../../limits.ts"
import { isId, isSender, type OrderBookKey, type ReservationId, type SenderId, skuToken, tokenHash } from "../names.ts"

declare const brand: unique symbol
/** A channel's own id of an order, in the alphabet of ids; in scope of the channel. */
export type OrderId = string & { readonly [brand]: "OrderId" }

/** Whether a text may be a channel's own id of an order. */
export const isOrderId = (text: string): text is OrderId => isId(text)

/**
 * The actor that decides an order: the book of its channel that the order's id falls into. One writer decides a book, and so each order in it; a channel has so many books, in partitions all over. Known from
 * channel and id alone, to whoever has to find it.
 */
export const orderBook = (channel: SenderId, order: OrderId): OrderBookKey =>
  `${channel}/${tokenHash(skuToken(order)) % orderBooksPerChannel}` as OrderBookKey

/** An order as somebody names it whose own it isn't: its channel, a slash, which neither holds, and its id. */
export const orderOfChannel = (channel: SenderId, order: OrderId): string => `${channel}/${order}`

/** The order of such a name; undefined: it is none. */
export const channelsOrder = (name: string): { readonly channel: SenderId; readonly order: OrderId } | undefined => {
  const slash = name.indexOf("/")
  const channel = name.slice(0, Math.max(0, slash))
  const order = name.slice(slash + 1)
  return isSender(channel) && isOrderId(order) ? { channel, order } : undefined
}

/** What no id of a sender's begins with. */
const orderMark = "@"

/** The name of an order's reservation at each of its SKUs: in scope of (channel, SKU), so one name does for all lines. */
export const orderReservation = (order: OrderId): ReservationId => `${orderMark}${order}` as ReservationId

/** The order whose line this reservation is, or undefined: a channel made it itself. */
export const orderOfReservation = (reservation: ReservationId): OrderId | undefined =>
  reservation.startsWith(orderMark) && !reservation.includes("~") ? (reservation.slice(orderMark.length) as OrderId) : undefined
