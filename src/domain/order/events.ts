/**
 * What was decided about an order, in the past tense. Each is declared where it is decided: in its command's folder, or in shared-events.ts. Here they are all of them.
 */
import type { EventValue } from "../define.ts"
import type { SenderId } from "../names.ts"
import type { LineCommand } from "./carried.ts"
import type { OrderAnswer } from "./fields.ts"
import type { orderKind } from "./index.ts"
import type { OrderId } from "./names.ts"

type OrderEventSpec = (typeof orderKind.events)[number]
type OrderEventOf<One> = One extends { readonly type: infer Type extends string; readonly own: infer Own extends OrderEventSpec["own"] }
  ? EventValue<Type, Own>
  : never

/** What may happen to an order: with it the order's state can be brought forward from nothing else. */
export type OrderEvent = OrderEventOf<OrderEventSpec>

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
