/**
 * What orders' commands, events and outcomes are made of, as Schemas, each tied to the type that it stands for.
 */
import { Schema } from "effect"
import {
  BoundField,
  CommandIdField,
  CountField,
  durationField,
  EpochMsField,
  LocationField,
  QtyField,
  SenderField,
  SkuField,
  VersionField,
} from "../domain/fields.ts"
import { isId } from "../domain/names.ts"
import type { OrderAnswer } from "../domain/order/answer.ts"
import type { LineCommand } from "../domain/order/carried.ts"
import type { CancelOrder } from "../domain/order/commands/cancel-order/command.ts"
import { LineFact } from "../domain/order/commands/note-line/command.ts"
import type { PlaceOrder } from "../domain/order/commands/place-order/command.ts"
import type { BookEvent } from "../domain/order/events.ts"
import type { OrderId } from "../domain/order/names.ts"
import { OrderEnding, OrderFill } from "../domain/order/order.ts"
import { RefusalReason } from "../domain/refusals.ts"
import { ReleaseReason } from "../domain/sku/commands.ts"
import { locationList } from "../domain/sku/fields.ts"
import type { OrderRememberedDecision } from "../kinds/order/types.ts"
import { allocationsMax, idCharsMax, orderHoldMsMax, orderLinesMax } from "../limits.ts"
import type { CommandShapes } from "./command-json.ts"
import { LineToldJson, outcomeFields, RefusalJson } from "./events.ts"
import { tied } from "./tied.ts"

/** Whether a text may be a channel's own id of an order. */
export const isOrderId = (text: string): text is OrderId => isId(text)

/** A channel's own id of an order. */
export const OrderIdField = Schema.String.pipe(
  Schema.refine(isOrderId, {
    expected: `1 to ${idCharsMax} characters of A-Z a-z 0-9 _ . : -`,
    toJsonSchema: () => ({ pattern: `^[A-Za-z0-9_.:-]{1,${idCharsMax}}$` }),
  }),
).annotate({ identifier: "OrderId", description: "The channel's own id of an order" })

// Commands

const lines = <Line extends Schema.Constraint>(line: Line) =>
  Schema.Array(line).check(Schema.isMinLength(1), Schema.isMaxLength(orderLinesMax))

const LineGivenField = Schema.Struct({
  sku: SkuField,
  qty: QtyField,
  minQty: Schema.optionalKey(BoundField),
  locations: Schema.optionalKey(locationList(allocationsMax).check(Schema.isMinLength(1))),
}).annotate({ identifier: "OrderLineGiven", description: "A line of an order; minQty with fill minimum, and only there" })
const LineCancelledField = Schema.Struct({ sku: SkuField, qty: Schema.optionalKey(QtyField) }).annotate({
  identifier: "OrderLineCancelled",
  description: "A line to be cancelled: all that it has open, unless qty says how many units",
})
const place = { fill: Schema.Literals(OrderFill), holdMs: durationField(orderHoldMsMax), lines: lines(LineGivenField) }
const cancel = { reason: Schema.Literals(ReleaseReason), lines: Schema.optionalKey(lines(LineCancelledField)) }
tied<Pick<PlaceOrder, "fill" | "holdMs" | "lines">, Schema.Struct.Type<typeof place>>()
tied<Pick<CancelOrder, "reason" | "lines">, Schema.Struct.Type<typeof cancel>>()

const note = { sku: SkuField, fact: Schema.Literals(LineFact), qty: QtyField }

/**
 * All commands about orders, and the fields that make their content, each in an order that is kept. The content of a command is of one order: ids are in scope of the book that the order is in, which holds others, too.
 */
export const orderCommandShapes = {
  head: { id: CommandIdField, channel: SenderField, order: OrderIdField, issuedAtMs: EpochMsField },
  commands: [
    { type: "PlaceOrder", isFact: false, summary: "Hold units of every line of an order under one answer", fields: place },
    { type: "ConfirmOrder", isFact: false, summary: "Make a held order lasting: it no longer expires", fields: {} },
    { type: "CancelOrder", isFact: false, summary: "Give up what an order has open: all of it, unless lines says what", fields: cancel },
    { type: "NoteLine", isFact: true, summary: "A SKU tells an order of one of its lines", fields: note },
  ],
  contentFields: ["order", "fill", "holdMs", "lines", "reason", "sku", "fact", "qty"],
} as const satisfies CommandShapes & { readonly contentFields: ReadonlyArray<string> }

// Events

const qty = { sku: SkuField, qty: CountField }
const LineCommandJson = Schema.Union([
  Schema.Struct({
    type: Schema.Literal("Reserve"),
    sku: SkuField,
    qty: QtyField,
    holdMs: CountField,
    locations: Schema.optionalKey(Schema.Array(LocationField)),
    partial: Schema.optionalKey(Schema.Boolean),
  }),
  Schema.Struct({ type: Schema.Literal("Confirm"), sku: SkuField }),
  Schema.Struct({
    type: Schema.Literal("Release"),
    sku: SkuField,
    qty: Schema.optionalKey(QtyField),
    reason: Schema.Literals(ReleaseReason),
  }),
])
tied<LineCommand, typeof LineCommandJson.Type>()
const carries = { carries: Schema.Array(LineCommandJson) }

const AnswerJson = Schema.Struct({ id: CommandIdField, refusal: Schema.optionalKey(RefusalJson), lines: Schema.Array(LineToldJson) })
tied<OrderAnswer, typeof AnswerJson.Type>()
const answer = { answer: AnswerJson }

const begins = { id: CommandIdField, ...carries }

/** An event of this type: whose it is, the how-manieth of that order, and its own fields. */
const event = <const Type extends string, const Own extends Schema.Struct.Fields>(type: Type, own: Own) =>
  Schema.Struct({ type: Schema.Literal(type), channel: SenderField, order: OrderIdField, n: VersionField, ...own })

/** Any event of an order, as its book's journal has it. */
export const OrderEventJson = Schema.Union([
  event("OrderPlaced", {
    ...begins,
    fill: Schema.Literals(OrderFill),
    holdMs: CountField,
    dueMs: EpochMsField,
    lines: Schema.Array(Schema.Struct({ sku: SkuField, qty: QtyField, minQty: CountField })),
  }),
  event("OrderHeld", { expiresAtMs: EpochMsField, ...answer }),
  event("OrderRefused", answer),
  event("OrderConfirming", begins),
  event("OrderConfirmed", answer),
  event("LinesCancelling", begins),
  event("LinesCancelled", answer),
  event("LineNoted", { ...qty, fact: Schema.Literals(LineFact) }),
  event("LineReserved", { ...qty, expiresAtMs: EpochMsField }),
  event("LineConfirmed", { sku: SkuField }),
  event("LineReleased", qty),
  event("LineRefused", {
    sku: SkuField,
    command: Schema.Literals(["Reserve", "Confirm", "Release"]),
    reason: Schema.Literals(RefusalReason),
    ats: Schema.optionalKey(Schema.Int),
    hasEnded: Schema.Boolean,
  }),
  event("LineLost", qty),
  event("LineAskedAgain", carries),
  event("LinesGivenUp", carries),
  event("OrderExpired", carries),
  event("OrderEnded", { ending: Schema.Literals(OrderEnding), answer: Schema.optionalKey(AnswerJson) }),
])
tied<BookEvent, typeof OrderEventJson.Type>()

// Outcomes

/** The fields of each outcome of a command about an order: what a channel hears, and what a record repeats. */
export const orderOutcomeFields = {
  ...outcomeFields,
  accepted: {
    outcome: Schema.Literal("accepted"),
    order: OrderIdField,
    expiresAtMs: Schema.optionalKey(EpochMsField),
    lines: Schema.optionalKey(Schema.Array(LineToldJson)),
  },
} as const
export const OrderOutcomeJson = Schema.Union([
  Schema.Struct(orderOutcomeFields.accepted),
  Schema.Struct(orderOutcomeFields.refused),
  Schema.Struct(orderOutcomeFields.expired),
  Schema.Struct(orderOutcomeFields.quarantined),
  Schema.Struct(orderOutcomeFields.dropped),
])
tied<OrderRememberedDecision, typeof OrderOutcomeJson.Type>()
