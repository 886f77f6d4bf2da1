/**
 * The shipped codec, with what it made of some bytes remembered for as long as these very bytes live: in one process several workers, the checkers
 * and the auditor read the same messages, records and snapshots, and reading them once is most of the speed of a simulated world.
 *
 * Sound only because nobody changes what was decoded, but for those parts of a snapshot that are copied below. A test holds that.
 */
import type { Command } from "../../src/domain/sku/commands.ts"
import type { DecodedChunk } from "../../src/engine/protocol.ts"
import type { SkuChunk, SkuDecodedBatch, SkuDecodedBody, SkuEngineCodec, SkuKind } from "../../src/kinds/sku/types.ts"
import { engineCodec, type WireCodec } from "../../src/wire/codec.ts"
import { readingBoth } from "../faults/releases.ts"

type Decoded = ReturnType<SkuEngineCodec["decodeRecord"]>

/** Bytes can't be frozen: those of a chunk's packed decisions are copied by whoever loads them. */
const deeplyFrozen = <T>(value: T): T => {
  if (ArrayBuffer.isView(value)) return value
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deeplyFrozen(inner)
  }
  return value
}

/** What was made of some bytes, kept on them: a map beside them costs the garbage collector more than it saves. */
interface Read extends Uint8Array {
  [asBody]?: SkuDecodedBody
  [asBatch]?: SkuDecodedBatch
  [asRecord]?: Decoded
  [asChunk]?: DecodedChunk
  [asHash]?: string
}
type Worded = Command & { [asText]?: string }
const asText = Symbol("text")
const asBody = Symbol("body")
const asBatch = Symbol("batch")
const asRecord = Symbol("record")
const asChunk = Symbol("chunk")
const asHash = Symbol("hash")

/** A partition makes the counts and reservations of a snapshot its own and changes them: each reader gets its own of those. */
const ownedCopy = (decoded: DecodedChunk): DecodedChunk => {
  if (decoded._tag !== "Chunk") return decoded
  const chunk = decoded.chunk as SkuChunk
  if (chunk.kind === "actors") {
    const items = chunk.items.map((item) => ({
      ...item,
      locations: item.locations.map((location) => ({ ...location })),
      uses: item.uses === null ? null : item.uses.map((use) => ({ ...use })),
      shorts: item.shorts === null ? null : { ...item.shorts, list: item.shorts.list.map((short) => ({ ...short })) },
    }))
    return { _tag: "Chunk", chunk: { ...chunk, items } }
  }
  if (chunk.kind !== "parts") return decoded
  const items = chunk.items.map(({ sku, reservation }) => ({ sku, reservation: { ...reservation } }))
  return { _tag: "Chunk", chunk: { ...chunk, items } }
}

/** What workers of this release are given: reads the same bytes once. Damaged copies are other bytes. */
export const sharedCodec: WireCodec<SkuKind> = {
  ...engineCodec,
  decodeBody: (bytes: Read) => {
    bytes[asBody] ??= engineCodec.decodeBody(bytes)
    return bytes[asBody]
  },
  decodeBatch: (bytes: Read) => {
    bytes[asBatch] ??= engineCodec.decodeBatch(bytes)
    return bytes[asBatch]
  },
  decodeRecord: (bytes: Read) => {
    bytes[asRecord] ??= engineCodec.decodeRecord(bytes)
    return bytes[asRecord]
  },
  decodeChunk: (bytes: Read) => {
    bytes[asChunk] ??= engineCodec.decodeChunk(bytes)
    return ownedCopy(bytes[asChunk])
  },
  commandText: (command: Worded) => {
    command[asText] ??= engineCodec.commandText(command)
    return command[asText]
  },
  sha256: (bytes: string | Read) => {
    if (typeof bytes === "string") return engineCodec.sha256(bytes)
    bytes[asHash] ??= engineCodec.sha256(bytes)
    return bytes[asHash]
  },
}

/** Remembers nothing, and freezes what {@link sharedCodec} shares: for the test that nobody changes it. */
export const frozenCodec: SkuEngineCodec = {
  ...engineCodec,
  decodeBatch: (bytes) => deeplyFrozen(engineCodec.decodeBatch(bytes)),
  decodeRecord: (bytes) => deeplyFrozen(engineCodec.decodeRecord(bytes)),
  decodeChunk: (bytes) => ownedCopy(deeplyFrozen(engineCodec.decodeChunk(bytes))),
}

/** What checkers read with: records of this release, and of the next one that a world may invent. */
export const checkingCodec: SkuEngineCodec = readingBoth(sharedCodec)
