/**
 * The ATS feed, version 1: one value for a channel and a SKU.
 *
 * `version` is the journal sequence the value is as of; whoever receives values accepts only rising ones of each SKU.
 */
import { Schema } from "effect"
import { CountField, SenderField, SkuField } from "../domain/fields.ts"
import type { AtsValue } from "../kinds/sku/types.ts"
import { keyJson } from "./canonical.ts"
import { decoderOf } from "./fields.ts"

/** A value without its message's version: as it stands in a page of values. */
export const AtsValueJson = Schema.Struct({
  channel: SenderField,
  sku: SkuField,
  ats: CountField,
  version: CountField,
  delta: Schema.Int,
  cause: Schema.String,
  atMs: CountField,
  shortQty: Schema.optionalKey(CountField),
}).annotate({
  identifier: "AtsValue",
  description:
    "Available to sell of a SKU for a channel, and units it sold without asking that are not there, as of the journal's record at version",
})

/** A message of the feed. */
export const AtsJson = Schema.Struct({ v: Schema.Literal(1), ...AtsValueJson.fields }).annotate({
  identifier: "Ats",
  description: "A change of a SKU's ATS for one channel; accept it only if its version is above the last one accepted for the SKU",
})

/** A value's bytes, as a message of the feed. */
export const encodeAts = (value: AtsValue): Uint8Array =>
  Buffer.from(
    `{"v":1,"channel":"${value.channel}","sku":${keyJson(value.sku)},"ats":${value.ats},"version":${value.version},"delta":${value.delta},"cause":"${value.cause}","atMs":${value.atMs}${value.shortQty === undefined ? "" : `,"shortQty":${value.shortQty}`}}`,
    "utf8",
  )

const decode = decoderOf(AtsJson)

/** The value of some bytes, or undefined if they are none. */
export const decodeAts = (bytes: Uint8Array): AtsValue | undefined => {
  const json = decode(bytes)
  if (json === undefined) return undefined
  const { v: _, ...value } = json
  return value
}
