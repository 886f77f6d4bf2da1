/**
 * What was decided about an order, in the past tense: what its commands' folders name, and what lines answer whatever they were asked for.
 *
 * An event may carry commands to SKUs. They are part of it: journaled with it, sent once that record is confirmed, and sent again until their decision is back.
 */
import type { EpochMs, SenderId, Sku } from "../names.ts"
import type { RefusalReason } from "../refusals.ts"
import type { OrderAnswer } from "./answer.ts"
import type { LineCommand, LineCommandType } from "./carried.ts"
import type { LinesCancelled, LinesCancelling } from "./commands/cancel-order/events.ts"
import type { OrderConfirmed, OrderConfirming } from "./commands/confirm-order/events.ts"
import type { LineNoted } from "./commands/note-line/events.ts"
import type { OrderHeld, OrderPlaced, OrderRefused } from "./commands/place-order/events.ts"
import type { OrderId } from "./names.ts"
import type { OrderEnding } from "./order.ts"

/** A SKU holds `qty` units for a line, until then at least. */
interface LineReserved {
  readonly type: "LineReserved"
  readonly sku: Sku
  readonly qty: number
  readonly expiresAtMs: EpochMs
}
/** A SKU made a line's hold lasting. */
interface LineConfirmed {
  readonly type: "LineConfirmed"
  readonly sku: Sku
}
/** A SKU took back `qty` units of a line. */
interface LineReleased {
  readonly type: "LineReleased"
  readonly sku: Sku
  readonly qty: number
}
/** A SKU said no. `hasEnded`: because the line's reservation has ended; how, it tells of its own accord. */
interface LineRefused {
  readonly type: "LineRefused"
  readonly sku: Sku
  readonly command: LineCommandType
  readonly reason: RefusalReason
  readonly ats?: number
  readonly hasEnded: boolean
}
/** A SKU knows nothing of `qty` units that the order had. */
interface LineLost {
  readonly type: "LineLost"
  readonly sku: Sku
  readonly qty: number
}
/** What came of a line's command can't be known any more: another is carried that needs not know. */
interface LineAskedAgain {
  readonly type: "LineAskedAgain"
  readonly carries: ReadonlyArray<LineCommand>
}
/** Lines of an order that won't be, or is no more, are asked for their units. */
interface LinesGivenUp {
  readonly type: "LinesGivenUp"
  readonly carries: ReadonlyArray<LineCommand>
}
/** The hold was over before payment came. Its lines are asked for their units. */
interface OrderExpired {
  readonly type: "OrderExpired"
  readonly carries: ReadonlyArray<LineCommand>
}
/** Nothing of the order is open any more. With an answer where a command that waited finds it so. */
interface OrderEnded {
  readonly type: "OrderEnded"
  readonly ending: OrderEnding
  readonly answer?: OrderAnswer
}

/** What may happen to an order, in the past tense: with it the order's state can be brought forward from nothing else. */
export type OrderEvent =
  | OrderPlaced
  | OrderHeld
  | OrderRefused
  | OrderConfirming
  | OrderConfirmed
  | LinesCancelling
  | LinesCancelled
  | LineNoted
  | LineReserved
  | LineConfirmed
  | LineReleased
  | LineRefused
  | LineLost
  | LineAskedAgain
  | LinesGivenUp
  | OrderExpired
  | OrderEnded

/** Whose event it is: which order's, and the how-manieth of it, from 1. */
export interface OfOrder {
  readonly channel: SenderId
  readonly order: OrderId
  readonly n: number
}

/** An event of an order as its book's journal has it: it names its order. */
export type BookEvent = OrderEvent & OfOrder

const nothingCarried: ReadonlyArray<LineCommand> = []

/** The commands an event carries, in their places. */
export const carriedBy = (event: OrderEvent): ReadonlyArray<LineCommand> => ("carries" in event ? event.carries : nothingCarried)

/** The answer an event gives, if a command's was owed and is given by it. */
export const answeredBy = (event: OrderEvent): OrderAnswer | undefined => ("answer" in event ? event.answer : undefined)
