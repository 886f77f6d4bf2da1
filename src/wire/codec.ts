/**
 * The engine's codec: the pure functions between values and bytes that a partition is given.
 *
 * Everything the engine journals, hears and remembers passes here, so none of these throws on foreign input; what only a defect of our own
 * could produce is not checked again while encoding.
 */
import type { DecodedChunk } from "../engine/protocol.ts"
import type { SkuEngineCodec } from "../kinds/sku/types.ts"
import { decodeBody } from "./body.ts"
import { commandText } from "./canonical.ts"
import { readChunk } from "./chunks.ts"
import { contentHash, differingField } from "./content.ts"
import { sha256 } from "./hash.ts"
import { parseJson } from "./json.ts"
import { decodeRecord, encodeEntry, encodeRecord } from "./records.ts"
import { sealFound, sealOf } from "./sealed.ts"
import { decodeBatch } from "./taken.ts"

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

/** A snapshot chunk's bytes. The chunk is plain data and bytes: no undefined, no Map, every number finite. */
const encodeChunk = (chunk: unknown): Uint8Array => {
  const unsealed = Buffer.from(`{"chunkVersion":${chunkVersion},"chunk":${JSON.stringify(bytesAsText(chunk))}`, "utf8")
  return Buffer.concat([unsealed, Buffer.from(sealOf(unsealed, unsealed.length), "utf8")])
}

const unreadable: DecodedChunk = { _tag: "Unreadable" }

const decodeChunk = (bytes: Uint8Array): DecodedChunk => {
  if (sealFound(bytes) !== "whole") return unreadable
  const parsed = parseJson(bytes)
  if (parsed._tag === "Refused" || typeof parsed.value !== "object" || parsed.value === null) return unreadable
  const version: unknown = Reflect.get(parsed.value, "chunkVersion")
  if (typeof version === "number" && version > chunkVersion) return { _tag: "Newer", version }
  if (version !== chunkVersion) return unreadable
  return { _tag: "Chunk", chunk: withBytes(Reflect.get(parsed.value, "chunk")) }
}

export const engineCodec: SkuEngineCodec = {
  decodeBody,
  decodeBatch,
  encodeRecord,
  encodeEntry,
  decodeRecord,
  commandText,
  contentHash,
  differingField,
  sha256,
  encodeChunk,
  decodeChunk,
  readChunk,
}
