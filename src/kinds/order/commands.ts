/**
 * What the engine is told of commands about orders before and beside deciding them: whose they are, classes, bounds.
 */
import { type OrderBook, orderIn } from "../../domain/order/book.ts"
import { type AnyOrderCommand, classOf } from "../../domain/order/decide.ts"
import { orderKind } from "../../domain/order/index.ts"
import { orderBook } from "../../domain/order/names.ts"
import type { KindCommands, KindOperatorCommand } from "../../engine/kind.ts"
import type { OrderKind } from "./types.ts"

/** What of its declaration the engine is told. */
interface Declared {
  readonly bounds: { entryBytes(width: number, bodyBytes: number): number }
}
const declared: Readonly<Record<AnyOrderCommand["type"], Declared>> = orderKind.command

/** Bytes of its entry at the worst, given the width of the order that it is about. */
const worstBytesOf = (command: AnyOrderCommand, width: number, bodyBytes: number): number =>
  declared[command.type].bounds.entryBytes(width, bodyBytes)

/** The width of the order that a command is about: one that is placed in the same record can't be answered or changed in it. */
const widthOf = (book: OrderBook | undefined, { channel, order }: AnyOrderCommand): number =>
  book === undefined ? 0 : (orderIn(book, channel, order)?.width ?? 0)

const operatorOf = (command: AnyOrderCommand): KindOperatorCommand<OrderKind> | undefined => {
  if (command.type !== "ReplayOrderCommand" && command.type !== "DropOrderCommand") return undefined
  const { channel, order, quarantined } = command
  return {
    quarantined,
    isAbout: (waiting) => waiting.channel === channel && waiting.order === order,
    dropReason: command.type === "DropOrderCommand" ? command.reason : null,
  }
}

/** What the engine has to know of commands about orders. */
export const orderCommands: KindCommands<OrderKind> = Object.freeze<KindCommands<OrderKind>>({
  keyOf: ({ channel, order }) => orderBook(channel, order),
  classOf: ({ type }) => classOf[type],
  isFact: () => false,
  hasFacts: false,
  floorClassOf: ({ type }) => classOf[type],
  operatorOf,
  secondNameOf: () => undefined,
  secondHashOf: () => 0,
  secondField: "",
  secondClass: "sell",
  beyondBounds: () => undefined,
  sizeOf: widthOf,
  growthOf: () => 0,
  worstBytesOf,
  rankOf: () => 0,
})
