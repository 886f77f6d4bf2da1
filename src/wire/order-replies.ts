/**
 * What a channel hears about its commands on orders, version 1: the same message as about SKUs (replies.ts), with the answer to one command in it, and in that a word on each line.
 */
import { Schema } from "effect"
import { CommandIdField, CountField, OrderField } from "../domain/fields.ts"
import { LineToldField } from "../domain/order/fields.ts"
import { RefusalReason } from "../domain/refusals.ts"
import type { OrderReply } from "../kinds/order/types.ts"
import { decoderOf, openWord } from "./fields.ts"
import { orderOutcomeFields } from "./order-fields.ts"

/** A reply without what its subject says. */
export type OrderReplyBody = Pick<OrderReply, "partition" | "seq" | "epoch" | "decisions">

/** A line, with a reason that a newer release may know more of. */
const LineJson = Schema.Struct({
  ...LineToldField.fields,
  reason: Schema.optionalKey(openWord(RefusalReason, "Why there is less than was asked for")),
})
const lines = { lines: Schema.optionalKey(Schema.Array(LineJson)) }

const about = {
  id: Schema.NullOr(CommandIdField),
  repeated: Schema.optionalKey(Schema.Literal(true)),
  /** Absent where the body could not be decoded that far. */
  order: Schema.optionalKey(OrderField),
}

const OrderDecisionJson = Schema.Union([
  Schema.Struct({ ...about, ...orderOutcomeFields.accepted, ...lines }),
  Schema.Struct({ ...about, ...orderOutcomeFields.refused, ...lines, reason: openWord(RefusalReason, "Why it is refused") }),
  Schema.Struct({ ...about, ...orderOutcomeFields.expired }),
  Schema.Struct({ ...about, ...orderOutcomeFields.quarantined }),
  Schema.Struct({ ...about, ...orderOutcomeFields.dropped }),
]).annotate({ identifier: "OrderDecision", description: "The answer to one command about an order, with a word on each line" })

/** A reply about orders: one decision, for a message holds one command. */
export const OrderReplyJson = Schema.Struct({
  v: Schema.Literal(1),
  partition: CountField,
  seq: CountField,
  epoch: CountField,
  decisions: Schema.Array(OrderDecisionJson),
}).annotate({
  identifier: "OrderReply",
  description: "The answer to one command about an order; seq and epoch name the record that holds it, of a partition of orders",
})

/** A reply's bytes. */
export const encodeOrderReply = ({ partition, seq, epoch, decisions }: OrderReply): Uint8Array =>
  Buffer.from(JSON.stringify({ v: 1, partition, seq, epoch, decisions }), "utf8")

const decode = decoderOf(OrderReplyJson)

/** The reply about orders of some bytes, or undefined if they are none. */
export const decodeOrderReply = (bytes: Uint8Array): OrderReplyBody | undefined => {
  const json = decode(bytes)
  if (json === undefined) return undefined
  const { v: _, ...reply } = json
  return reply
}
