/**
 * What orders ask of SKUs, and what they make of the decisions that come back.
 */
import { assert } from "../../assert.ts"
import type { OrderBookKey } from "../../domain/names.ts"
import { type OrderBook, orderIn } from "../../domain/order/book.ts"
import { settlingBytes } from "../../domain/order/bounds.ts"
import { asSkuCommand, outcomeOf } from "../../domain/order/carried.ts"
import type { AnyOrderCommand } from "../../domain/order/decide.ts"
import { type BookEvent, carriedBy as linesCarriedBy } from "../../domain/order/events.ts"
import { LineCommandType } from "../../domain/order/fields.ts"
import type { OrderId } from "../../domain/order/names.ts"
import { canBeAsked, lineOf, type Order } from "../../domain/order/order.ts"
import { decideReturn, type LineReturn } from "../../domain/order/returns.ts"
import type { CarriedCommand, KindCarrying } from "../../engine/kind.ts"
import type { CommandUnderWay, ReturnedOutcome } from "../../engine/records.ts"
import { owedAnswer } from "./outcomes.ts"
import { ofBook } from "./parts.ts"
import type { OrderKind } from "./types.ts"

const nothing: ReadonlyArray<CarriedCommand> = []
const noEvents: ReadonlyArray<BookEvent> = []

const carriedBy = (_: OrderBookKey, event: BookEvent): ReadonlyArray<CarriedCommand> => {
  const lines = linesCarriedBy(event)
  if (lines.length === 0) return nothing
  const { channel, order, n } = event
  const ref = { order, event: n }
  return lines.map((line) => ({ kind: "sku", key: line.sku, onBehalf: channel, command: asSkuCommand(order, line), ref }))
}

/** The order that carried a command, and what came of it there. Undefined: the book knows no such order, or the order no such line. */
const returnOf = (
  book: OrderBook,
  { onBehalf, key, command, ref }: CommandUnderWay,
  outcome: ReturnedOutcome,
): (LineReturn & { readonly order: Order }) | undefined => {
  const order = orderIn(book, onBehalf, ref.order as OrderId)
  if (order === undefined) return undefined
  const asked = LineCommandType.find((type) => type === command.type)
  assert(asked !== undefined, "INV-17 an order carries a line's commands alone")
  return { order, sku: key as LineReturn["sku"], event: Number(ref.event), outcome: outcomeOf(asked, outcome) }
}

const returned: KindCarrying<OrderKind>["returned"] = (book, carried, outcome, nowMs) => {
  const back = returnOf(book, carried, outcome)
  if (back === undefined) return noEvents
  const { order } = back
  return ofBook(order.channel, order.id, order, decideReturn(order, back, nowMs))
}

/** Whether a line that was asked for units got fewer than its order asks of it. */
const isShort = (order: Order, { sku, outcome }: LineReturn): boolean =>
  (outcome._tag === "Reserved" ? outcome.qty : 0) < (lineOf(order, sku)?.minQty ?? 0)

/** All lines are spoken of where the last answer of a command is in, and where an order fails; otherwise one is. */
const returnedBytesOf: KindCarrying<OrderKind>["returnedBytesOf"] = (book, carried, outcome) => {
  const back = returnOf(book, carried, outcome)
  if (back === undefined) return 0
  const { order } = back
  const isLast = order.waiting !== null && order.waiting.leftCount <= 1
  const fails = order.phase === "placing" && order.shortCount === 0 && isShort(order, back)
  return settlingBytes(isLast || fails ? order.width : 0)
}

/** How many lines of an order can be asked for something now. */
const askableCount = (book: OrderBook | undefined, { channel, order: id }: AnyOrderCommand): number => {
  const order = book === undefined ? undefined : orderIn(book, channel, id)
  return order === undefined ? 0 : order.lines.filter(canBeAsked).length
}

/** How many commands a command about an order may carry, as the order stands: a line that has nothing open, or is asked already, is asked for nothing. */
const mayCarry = (command: AnyOrderCommand, book: OrderBook | undefined): number => {
  switch (command.type) {
    case "PlaceOrder":
      return command.lines.length
    case "ConfirmOrder":
      return askableCount(book, command)
    case "CancelOrder":
      return command.lines?.length ?? askableCount(book, command)
    case "NoteLine":
      return 1
    // What it settles is looked at then.
    case "ReplayOrderCommand":
    case "DropOrderCommand":
      return 0
  }
}

/** How order books send commands to SKUs, and hear what came of them. */
export const orderCarrying: KindCarrying<OrderKind> = Object.freeze<KindCarrying<OrderKind>>({
  to: ["sku"],
  carriedBy,
  returned,
  returnedBytesOf,
  answeredBy: owedAnswer,
  mayCarry,
})
