/**
 * The engine's codec of each kind: the pure functions between values and bytes that a partition is given.
 *
 * Everything the engine journals, hears and remembers passes here, so none of these throws on foreign input; what only a defect of our own
 * could produce is not checked again while encoding. What all kinds share is written once; what is a kind's own is its JSON (kind-json.ts).
 */
import { isKind, type Kind } from "../domain/kinds.ts"
import type { SenderId } from "../domain/names.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { Carriage, DecodedBody, DecodedChunk, EngineCodec, TakenMessage } from "../engine/protocol.ts"
import type { OrderKind } from "../kinds/order/types.ts"
import type { SkuKind } from "../kinds/sku/types.ts"
import { type CarriedNow, carriedMessage, type DecodedCarry, decodeCarry } from "./carry.ts"
import { sha256 } from "./hash.ts"
import { isNewer, parseJson } from "./json.ts"
import type { KindJson } from "./kind-json.ts"
import { orderJson } from "./order-json.ts"
import { recordCodecOf } from "./records.ts"
import { sealFound, sealOf } from "./sealed.ts"
import { skuJson } from "./sku-json.ts"
import { type DecodedFrame, decodeBatchOf, decodeFrameOf } from "./taken.ts"

/** The version of snapshot chunks this release writes, and the only one it reads. An older one's snapshot is discarded, a newer one's left alone; either way the journal is replayed. */
const chunkVersion = 3

/** Bytes stand in a chunk as base64, in a field of that name and nowhere else. A replacer would find them anywhere, and makes writing a chunk several times slower. */
const bytesAsText = (chunk: unknown): unknown => {
  if (typeof chunk !== "object" || chunk === null || !("bytes" in chunk) || !(chunk.bytes instanceof Uint8Array)) return chunk
  const { buffer, byteOffset, byteLength } = chunk.bytes
  return { ...chunk, bytes: Buffer.from(buffer, byteOffset, byteLength).toString("base64") }
}
const withBytes = (chunk: unknown): unknown => {
  if (typeof chunk !== "object" || chunk === null || !("bytes" in chunk) || typeof chunk.bytes !== "string") return chunk
  return { ...chunk, bytes: new Uint8Array(Buffer.from(chunk.bytes, "base64")) }
}

/** A snapshot chunk's bytes. The chunk is plain data and bytes: no undefined, no Map, every number finite. As a record does, it says of whose actors it is where those aren't SKUs. */
const encodeChunk = (name: Kind, chunk: unknown): Uint8Array => {
  const of = name === "sku" ? "" : `"of":"${name}",`
  const unsealed = Buffer.from(`{"chunkVersion":${chunkVersion},${of}"chunk":${JSON.stringify(bytesAsText(chunk))}`, "utf8")
  return Buffer.concat([unsealed, Buffer.from(sealOf(unsealed, unsealed.length), "utf8")])
}

const unreadable: DecodedChunk = { _tag: "Unreadable" }

const decodeChunk = (name: Kind, bytes: Uint8Array): DecodedChunk => {
  if (sealFound(bytes) !== "whole") return unreadable
  const parsed = parseJson(bytes)
  if (parsed._tag === "Refused" || typeof parsed.value !== "object" || parsed.value === null) return unreadable
  const version: unknown = Reflect.get(parsed.value, "chunkVersion")
  if (isNewer(version, chunkVersion)) return { _tag: "Newer", version }
  if (version !== chunkVersion) return unreadable
  const of: unknown = Reflect.get(parsed.value, "of") ?? "sku"
  if (of !== name) return typeof of === "string" && !isKind(of) ? { _tag: "Newer", version } : unreadable
  return { _tag: "Chunk", chunk: withBytes(Reflect.get(parsed.value, "chunk")) }
}

/** What everybody but the engine needs of a kind's bytes beside that. */
export interface WireCodec<K extends KindTypes> extends EngineCodec<K> {
  /** The commands of a body as it travels from an ingress on. */
  readonly decodeBody: (body: Uint8Array) => DecodedBody<K>
  /** The commands of a body as its sender wrote it, with what an ingress writes into it of whom it is from. */
  readonly decodeBodyFrom: (body: Uint8Array, sender: SenderId) => DecodedBody<K>
  /** The messages that an ingress hands to a reign. */
  readonly decodeFrame: (bytes: Uint8Array) => DecodedFrame<K>
  /** The messages of what actors of other kinds carry to this one's, and one of them that never became bytes. */
  readonly decodeCarry: (bytes: Uint8Array) => DecodedCarry<K>
  readonly carriedMessage: (from: Carriage["from"], settledMs: number, carried: CarriedNow) => TakenMessage<K>
}

const codecWith = <K extends KindTypes>(json: KindJson<K>): WireCodec<K> => {
  const { encodeRecord, encodeEntry, decodeRecord } = recordCodecOf(json)
  const { name, decodeBody, decodeBodyFrom, commandText, contentHash, differingField, readChunk } = json
  return {
    decodeBatch: (bytes) => decodeBatchOf(json, bytes),
    encodeRecord,
    encodeEntry,
    decodeRecord,
    commandText,
    contentHash,
    differingField,
    sha256,
    encodeChunk: (chunk) => encodeChunk(name, chunk),
    decodeChunk: (bytes) => decodeChunk(name, bytes),
    readChunk,
    decodeBody,
    decodeBodyFrom,
    decodeFrame: (bytes) => decodeFrameOf(json, bytes),
    decodeCarry: (bytes) => decodeCarry(json, bytes),
    carriedMessage: (from, settledMs, carried) => carriedMessage(json, from, settledMs, carried),
  }
}

/** The codec of partitions of SKUs. */
export const engineCodec: WireCodec<SkuKind> = codecWith(skuJson)
/** The codec of partitions of order books. */
export const orderCodec: WireCodec<OrderKind> = codecWith(orderJson)
