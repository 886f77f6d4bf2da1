/**
 * What an order's own JSON is, put together for the parts of wire that are the same for every kind. All of it follows from the Schemas.
 */
import { Schema } from "effect"
import type { ActorKey, OrderBookKey } from "../domain/names.ts"
import { classOf } from "../domain/order/decide.ts"
import { orderKind } from "../domain/order/index.ts"
import type { OrderKind } from "../kinds/order/types.ts"
import { orderBooksPerChannel, senderCharsMax } from "../limits.ts"
import { contentOf } from "./content.ts"
import type { KindJson } from "./kind-json.ts"
import { readOrderChunk } from "./order-chunks.ts"
import { decodeOrderBody, decodeOrderBodyFrom, orderCommands, orderCommandText } from "./order-commands.ts"
import { OrderEventJson, OrderOutcomeJson } from "./order-fields.ts"

const book = new RegExp(`^[a-z0-9][a-z0-9_-]{0,${senderCharsMax - 1}}/(?:0|[1-9][0-9]{0,5})$`)
const isBook = (key: ActorKey): key is OrderBookKey => book.test(key) && Number(key.slice(key.indexOf("/") + 1)) < orderBooksPerChannel
const BookField = Schema.String.pipe(
  Schema.refine((text): text is OrderBookKey => isBook(text as ActorKey), { expected: "a channel, a slash and the number of a book" }),
)

/** Adds the items of a list, from behind its bracket to its closing one. */
const addItems = (text: string, items: ReadonlyArray<object>): string => `${text}${JSON.stringify(items).slice(1)}`

/** The JSON of orders. */
export const orderJson: KindJson<OrderKind> = {
  name: "order",
  keyName: "book",
  key: BookField,
  isKey: isBook,
  commands: orderCommands,
  classOf: ({ type }) => classOf[type],
  event: OrderEventJson,
  expired: OrderEventJson,
  // A book does nothing of its own accord.
  followUp: Schema.Never,
  outcome: OrderOutcomeJson,
  commandText: orderCommandText,
  ...contentOf(orderKind),
  addEvents: addItems,
  addOutcome: (text, outcome) => `${text}${JSON.stringify(outcome).slice(1, -1)}`,
  readChunk: readOrderChunk,
  decodeBody: decodeOrderBody,
  decodeBodyFrom: decodeOrderBodyFrom,
  readEntries: null,
}
