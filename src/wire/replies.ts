/**
 * What a sender hears about its commands, version 1: one message for each message it sent, its decisions in the order of the request's body.
 *
 * Always a list, even for one command, so that a receiver has one case. Where the reply goes is said by its subject, not by its body.
 */
import { Schema } from "effect"
import { CommandIdField, CountField, SkuField } from "../domain/fields.ts"
import { RefusalReason } from "../domain/refusals.ts"
import type { SkuHeardDecision, SkuReply } from "../kinds/sku/types.ts"
import { keyJson } from "./canonical.ts"
import { addOutcome, outcomeFields } from "./events.ts"
import { decoderOf, openWord } from "./fields.ts"

/** A reply without what its subject says. */
export type ReplyBody = Pick<SkuReply, "partition" | "seq" | "epoch" | "decisions">

const about = {
  id: Schema.NullOr(CommandIdField),
  sku: Schema.NullOr(SkuField),
  repeated: Schema.optionalKey(Schema.Literal(true)),
}

const DecisionJson = Schema.Union([
  Schema.Struct({ ...about, ...outcomeFields.accepted }),
  Schema.Struct({ ...about, ...outcomeFields.refused, reason: openWord(RefusalReason, "Why it is refused") }),
  Schema.Struct({ ...about, ...outcomeFields.expired }),
  Schema.Struct({ ...about, ...outcomeFields.quarantined }),
  Schema.Struct({ ...about, ...outcomeFields.dropped }),
]).annotate({ identifier: "Decision", description: "The answer to one command" })

/** A reply about SKUs. */
export const ReplyJson = Schema.Struct({
  v: Schema.Literal(1),
  partition: CountField,
  seq: CountField,
  epoch: CountField,
  decisions: Schema.Array(DecisionJson),
}).annotate({
  identifier: "Reply",
  description: "The decisions on one message, in the order of its body; seq and epoch name the record that holds them",
})

const decisionText = (said: SkuHeardDecision): string => {
  const id = said.id === null ? "null" : `"${said.id}"`
  const sku = said.sku === null ? "null" : keyJson(said.sku)
  return `${addOutcome(`{"id":${id},"sku":${sku},${said.repeated === true ? '"repeated":true,' : ""}`, said)}}`
}

/** A reply's bytes. */
export const encodeReply = (reply: SkuReply): Uint8Array => {
  const decisions = reply.decisions.map(decisionText).join(",")
  return Buffer.from(`{"v":1,"partition":${reply.partition},"seq":${reply.seq},"epoch":${reply.epoch},"decisions":[${decisions}]}`, "utf8")
}

const decode = decoderOf(ReplyJson)

/** The reply of some bytes, or undefined if they are none. */
export const decodeReply = (bytes: Uint8Array): ReplyBody | undefined => {
  const json = decode(bytes)
  if (json === undefined) return undefined
  const { v: _, ...reply } = json
  return reply
}
