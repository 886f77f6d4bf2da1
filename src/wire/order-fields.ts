/**
 * Events and outcomes of orders as Schemas. Events are those that orders' folders declare; an outcome is tied to the type that it stands for.
 */
import { Schema } from "effect"
import type { EventSpec } from "../domain/define.ts"
import { EpochMsField, OrderField } from "../domain/fields.ts"
import { isId } from "../domain/names.ts"
import type { BookEvent } from "../domain/order/events.ts"
import { LineToldField } from "../domain/order/fields.ts"
import { orderKind } from "../domain/order/index.ts"
import type { OrderId } from "../domain/order/names.ts"
import type { OrderRememberedDecision } from "../kinds/order/types.ts"
import { outcomeFields } from "./events.ts"
import { tied } from "./tied.ts"

/** Whether a text may be a channel's own id of an order. */
export const isOrderId = (text: string): text is OrderId => isId(text)

const schemaOf = ({ type, fields }: EventSpec) => Schema.Struct({ type: Schema.Literal(type), ...fields })

/** Any event of an order, as its book's journal has it. Its type is that of the events: both come of the same fields, through a list that the compiler doesn't follow. */
export const OrderEventJson = Schema.Union(orderKind.events.map(schemaOf)) as unknown as Schema.Codec<BookEvent>

/** The fields of each outcome of a command about an order: what a channel hears, and what a record repeats. */
export const orderOutcomeFields = {
  ...outcomeFields,
  accepted: {
    outcome: Schema.Literal("accepted"),
    order: Schema.optionalKey(OrderField),
    expiresAtMs: Schema.optionalKey(EpochMsField),
    lines: Schema.optionalKey(Schema.Array(LineToldField)),
  },
} as const
/** The JSON of any outcome of a command about an order. */
export const OrderOutcomeJson = Schema.Union([
  Schema.Struct(orderOutcomeFields.accepted),
  Schema.Struct(orderOutcomeFields.refused),
  Schema.Struct(orderOutcomeFields.expired),
  Schema.Struct(orderOutcomeFields.quarantined),
  Schema.Struct(orderOutcomeFields.dropped),
])
tied<OrderRememberedDecision, typeof OrderOutcomeJson.Type>()
