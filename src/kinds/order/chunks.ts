/**
 * How order books and their orders stand in a snapshot.
 */
import { addOrder } from "../../domain/order/book.ts"
import { loadedOrder, storedOrder } from "../../domain/order/stored.ts"
import type { KindChunks } from "../../engine/kind.ts"
import type { OrderKind } from "./types.ts"

/** Bytes of an order's row beside its lines. */
const plainBytes = 512

/** Rows of a snapshot for books and for their orders. */
export const orderChunks: KindChunks<OrderKind> = Object.freeze<KindChunks<OrderKind>>({
  actorRowOf: ({ key, version }) => ({ book: key, version }),
  actorKeyOf: ({ book }) => book,
  loadActor: (actor, { version }) => {
    actor.version = version
  },
  partRowOf: (book, order) => ({ book, order: storedOrder(order) }),
  partKeyOf: ({ book }) => book,
  partBytesOf: ({ width }) => plainBytes + width,
  partIn: ({ order }) => loadedOrder(order),
  addPart: addOrder,
})
