/**
 * Fields that several commands or events of orders have: what an order asks of SKUs, and what is told of its lines.
 */
import * as Schema from "effect/Schema"
import { allocationsMax, holdMsMax } from "../../limits.ts"
import { CommandIdField, durationField, QtyField, SkuField } from "../fields.ts"
import { RefusalReason } from "../refusals.ts"
import { ReleaseReason } from "../sku/commands/release/events.ts"
import { locationList } from "../sku/fields.ts"

const reserveFields = {
  type: Schema.Literal("Reserve"),
  sku: SkuField,
  qty: QtyField,
  holdMs: durationField(holdMsMax),
  locations: Schema.optionalKey(locationList(allocationsMax)),
  partial: Schema.optionalKey(Schema.Boolean),
}
const confirmFields = { type: Schema.Literal("Confirm"), sku: SkuField }
const releaseFields = {
  type: Schema.Literal("Release"),
  sku: SkuField,
  qty: Schema.optionalKey(QtyField),
  reason: Schema.Literals(ReleaseReason),
}

/** Claim units for a line. `partial`: fewer are taken, too; the order sees itself whether they are enough. */
export interface LineReserve extends Schema.Struct.Type<typeof reserveFields> {}
/** Make a line's hold lasting. */
export interface LineConfirm extends Schema.Struct.Type<typeof confirmFields> {}
/** Give up what a line has open, or so many of it. */
export interface LineRelease extends Schema.Struct.Type<typeof releaseFields> {}

export const LineCommandType = ["Reserve", "Confirm", "Release"] as const
/** What an order may ask of a SKU. */
export type LineCommandType = (typeof LineCommandType)[number]

/** Of an event: the commands it carries to SKUs, in their places. */
export const carries = {
  carries: Schema.Array(Schema.Union([Schema.Struct(reserveFields), Schema.Struct(confirmFields), Schema.Struct(releaseFields)])),
}

/** What is told of one line. */
export const LineToldField = Schema.Struct({
  sku: SkuField,
  qty: Schema.Int,
  refundQty: Schema.optionalKey(Schema.Int),
  reason: Schema.optionalKey(Schema.Literals(RefusalReason)),
  ats: Schema.optionalKey(Schema.Int),
})

const answerFields = {
  id: CommandIdField,
  refusal: Schema.optionalKey(Schema.Struct({ reason: Schema.Literals(RefusalReason) })),
  lines: Schema.Array(LineToldField),
}
/** An answer that was owed: accepted, or with the refusal refused. */
export interface OrderAnswer extends Schema.Struct.Type<typeof answerFields> {}
/** Of an event: the answer that it gives. */
export const answer = { answer: Schema.Struct(answerFields) }

/** Of an event: the SKU of the line it is about. */
export const ofLine = { sku: SkuField }
