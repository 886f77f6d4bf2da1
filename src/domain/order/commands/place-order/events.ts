/** What happens while an order is placed: it begins, its lines answer, and it is held or refused. */
import * as Schema from "effect/Schema"
import { orderHoldMsMax } from "../../../../limits.ts"
import type { EventValue } from "../../../define.ts"
import { BoundField, CommandIdField, durationField, EpochMsField, OrderField, QtyField, SenderField, SkuField } from "../../../fields.ts"
import { defineEvent } from "../../define.ts"
import { answer, carries } from "../../fields.ts"
import { OrderFill } from "../../order.ts"

/** A line as it is decided: all lines of a SKU in one. */
const PlacedLineField = Schema.Struct({ sku: SkuField, qty: QtyField, minQty: BoundField })

const placedFields = {
  channel: SenderField,
  order: OrderField,
  id: CommandIdField,
  fill: Schema.Literals(OrderFill),
  holdMs: durationField(orderHoldMsMax),
  /** Until when every line has to have answered. */
  dueMs: EpochMsField,
  lines: Schema.Array(PlacedLineField),
  ...carries,
}
/** An order began: each of its SKUs is asked for units. */
export interface OrderPlaced extends EventValue<"OrderPlaced", typeof placedFields> {}
/** The declaration of the event OrderPlaced. */
export const orderPlaced = defineEvent({ type: "OrderPlaced", own: placedFields })

const heldFields = { expiresAtMs: EpochMsField, ...answer }
/** Every line has what the order asks of it: its channel is told, and until when it may confirm. */
export const orderHeld = defineEvent({ type: "OrderHeld", own: heldFields })

/** It won't be: some line has less than the order asks of it, or did not answer in time. */
export const orderRefused = defineEvent({ type: "OrderRefused", own: answer })
