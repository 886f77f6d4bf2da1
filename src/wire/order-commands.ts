/**
 * The JSON of every command about an order, version 1: what a channel writes, what travels from the ingress on, and what a SKU carries.
 *
 * A channel doesn't write its own name: the ingress does. So the canonical body, and with it the journal, says whose order it is, and a body that names another's is refused. An operator, who has no orders, writes
 * whose the order is that it settles something of.
 */
import { Schema } from "effect"
import { SenderField } from "../domain/fields.ts"
import type { SenderId } from "../domain/names.ts"
import { isSender, type OrderBookKey } from "../domain/names.ts"
import { orderKind } from "../domain/order/index.ts"
import { orderBook } from "../domain/order/names.ts"
import type { OrderKind } from "../kinds/order/types.ts"
import { type BodyReader, decodeBodyBy } from "./body.ts"
import { type CommandSchema, commandReadersOf, type NoCommand } from "./command-json.ts"
import { isOrderId } from "./order-fields.ts"
import { commandWriterOf } from "./writer.ts"

type OrderCommand = OrderKind["command"]

/** What reads commands about orders. Only SKUs may send a NoteLine. */
export const orderCommands = commandReadersOf<OrderCommand>(orderKind, { carried: ["NoteLine"], carriedAlone: ["NoteLine"] })

/** Whether a type is an operator's, who says whose order it is. */
const isOperators = (type: unknown): boolean => orderKind.commands.some((spec) => spec.type === type && spec.class === "operator")

/** A command about an order as its channel writes it, which may leave its own name out. */
type OrderCommandWritten = OrderCommand extends infer One
  ? One extends OrderCommand
    ? Omit<One, "channel"> & { readonly channel?: SenderId }
    : never
  : never

const asWritten = commandReadersOf<OrderCommandWritten>(
  { ...orderKind, head: { ...orderKind.head, channel: Schema.optionalKey(SenderField) } },
  { carried: ["NoteLine"], carriedAlone: ["NoteLine"] },
)
/** One schema for each type as a sender writes it, by its name: a channel may leave its own name out. */
export const orderCommandSchemas: Readonly<Record<string, CommandSchema>> = {
  ...asWritten.schemas,
  ...Object.fromEntries(Object.entries(orderCommands.schemas).filter(([type]) => isOperators(type))),
}

/** The command about an order that a channel's JSON object spells, whoever sends it, or why it spells none. */
export const readOrderCommandJson = asWritten.readSent

/** The canonical text of a command about an order. */
export const orderCommandText = commandWriterOf(orderKind)

/** The book of the order that a JSON object names. */
const bookIn = (json: object): OrderBookKey | null => {
  const channel: unknown = Reflect.get(json, "channel")
  const order: unknown = Reflect.get(json, "order")
  return typeof channel === "string" && isSender(channel) && typeof order === "string" && isOrderId(order)
    ? orderBook(channel, order)
    : null
}

/** One command a body: an answer is one order's. */
const reader: BodyReader<OrderKind> = {
  commandsMax: 1,
  read: orderCommands.readSent,
  commandText: orderCommandText,
  keyIn: bookIn,
}

/** The command of a body as it travels from an ingress on. */
export const decodeOrderBody = (body: Uint8Array) => decodeBodyBy<OrderKind>(reader, body)

const named = (json: object, channel: SenderId): object =>
  Object.hasOwn(json, "channel") || isOperators(Reflect.get(json, "type")) ? json : { ...json, channel }

const readFrom =
  (channel: SenderId) =>
  (json: object): OrderCommand | NoCommand => {
    const read = orderCommands.readSent(named(json, channel))
    if (!("type" in read) || isOperators(read.type) || read.channel === channel) return read
    return { refusal: { reason: "InvalidField", field: "channel" }, detail: "an order is its sender's own" }
  }

/** The command of a body as its sender wrote it, with the sender's name in it: it may be longer by that than what was sent. */
export const decodeOrderBodyFrom = (body: Uint8Array, channel: SenderId) =>
  decodeBodyBy<OrderKind>({ ...reader, read: readFrom(channel), keyIn: (json) => bookIn(named(json, channel)) }, body)
