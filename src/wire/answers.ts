/**
 * What a sender hears about a message before, or instead of, its decision, version 1: stored, busy, not stored. Decisions themselves are replies.ts.
 *
 * Each says what became of this very message: `stored` (it will be decided, and the decision follows on the same subject), `busy` (nothing of it was taken; come back), `notStored` (its
 * form, size, token, sender or age: no decision was made and its ids stay free). Silence says nothing: the same bytes again do no harm.
 */
import { Schema } from "effect"
import { CommandIdField, CountField, OrderField, SkuField } from "../domain/fields.ts"
import type { CommandId, Sku } from "../domain/names.ts"
import type { OrderId } from "../domain/order/names.ts"
import { RefusalReason } from "../domain/refusals.ts"
import { BusyWhy } from "../engine/words.ts"
import { decoderOf, openWord } from "./fields.ts"

/** What about a message was why nothing of it was taken. */
export const NotStoredReason = ["form", "size", "token", "sender", "class", "kind", "partition", "mixed", "age"] as const
export type NotStoredReason = (typeof NotStoredReason)[number]

/** What a sender hears of its message instead of, or before, a decision. */
export type DoorAnswer =
  | { readonly answer: "stored"; readonly partition: number; readonly seq: number }
  /** `retryAfterMs`: when it is worth coming back. */
  | { readonly answer: "busy"; readonly retryAfterMs: number; readonly why: BusyWhy }
  | {
      readonly answer: "notStored"
      readonly reason: NotStoredReason
      /** For `form` and `partition`: which of the refusals it is. */
      readonly cause?: RefusalReason
      /** The field at fault. */
      readonly field?: string
      /** What is wrong with it, for people, where the field alone doesn't show it. */
      readonly detail?: string
      /** The place in the array of the command at fault, its id and SKU where they could be read. */
      readonly at?: number
      readonly id?: CommandId
      readonly sku?: Sku
      /** Of a command about an order: which one. */
      readonly order?: OrderId
    }

const v = Schema.Literal(1)
/** The JSON of `stored`. */
export const StoredAnswerJson = Schema.Struct({ v, answer: Schema.Literal("stored"), partition: CountField, seq: CountField }).annotate({
  identifier: "StoredAnswer",
  description: "The message is stored and will be decided; the decision follows on the same subject",
})
/** The JSON of `busy`. */
export const BusyAnswerJson = Schema.Struct({
  v,
  answer: Schema.Literal("busy"),
  retryAfterMs: CountField,
  why: Schema.Literals(BusyWhy),
}).annotate({
  identifier: "BusyAnswer",
  description: "Nothing of the message was taken now; the same bytes may be sent again after retryAfterMs",
})
/** The JSON of `notStored`. */
export const NotStoredAnswerJson = Schema.Struct({
  v,
  answer: Schema.Literal("notStored"),
  reason: Schema.Literals(NotStoredReason),
  cause: Schema.optionalKey(openWord(RefusalReason, "Which of the refusals it is")),
  field: Schema.optionalKey(Schema.String),
  detail: Schema.optionalKey(Schema.String),
  at: Schema.optionalKey(CountField),
  id: Schema.optionalKey(CommandIdField),
  sku: Schema.optionalKey(SkuField),
  order: Schema.optionalKey(OrderField),
}).annotate({ identifier: "NotStoredAnswer", description: "Nothing of the message was taken, no decision was made, its ids stay free" })

const DoorAnswerJson = Schema.Union([StoredAnswerJson, BusyAnswerJson, NotStoredAnswerJson])

/** An answer's bytes. */
export const encodeDoorAnswer = (answer: DoorAnswer): Uint8Array => Buffer.from(JSON.stringify({ v: 1, ...answer }), "utf8")

const decode = decoderOf(DoorAnswerJson)

/** The answer of some bytes, or undefined if they are none (a decision, mostly). */
export const decodeDoorAnswer = (bytes: Uint8Array): DoorAnswer | undefined => {
  const json = decode(bytes)
  if (json === undefined) return undefined
  const { v: _, ...answer } = json
  return answer
}
