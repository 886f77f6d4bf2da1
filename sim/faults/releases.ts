/**
 * A rolling upgrade: workers of this release and of an invented next one side by side. The next one writes records and snapshot chunks of a newer
 * version, which this release can't read, and reads both.
 *
 * The invented versions differ from the present ones in their numbers alone: what is shaken is who reads what and who steps aside, not an upcast.
 */
import { assert } from "../../src/assert.ts"
import type { DecodedChunk, EngineCodec } from "../../src/engine/protocol.ts"
import { sealBytes, sealFound, sealOf } from "../../src/wire/sealed.ts"

/** What of a codec has versions, whatever the kind of its actors. */
interface Versioned extends Pick<EngineCodec, "encodeRecord" | "encodeChunk" | "decodeChunk"> {
  readonly decodeRecord: (bytes: Uint8Array) => { readonly _tag: string }
}

const encoder = new TextEncoder()

/** How what is written begins, in this release and in the next. */
interface Beginnings {
  readonly present: Uint8Array
  readonly next: Uint8Array
}

const record: Beginnings = { present: encoder.encode('{"v":3,'), next: encoder.encode('{"v":4,') }
const chunk: Beginnings = { present: encoder.encode('{"chunkVersion":3,'), next: encoder.encode('{"chunkVersion":4,') }

/** From the end on: two versions differ there. */
const beginsWith = (bytes: Uint8Array, beginning: Uint8Array): boolean => {
  for (let at = beginning.length - 1; at >= 0; at--) if (bytes[at] !== beginning[at]) return false
  return true
}

/** The same bytes under another version's number, sealed anew if they were sealed: what lost its seal to a damage must not get one back. */
const renumbered = (bytes: Uint8Array, from: Uint8Array, to: Uint8Array): Uint8Array => {
  assert(beginsWith(bytes, from), "the version to be renumbered is the one that is written")
  // Not sliced: of a Buffer that would be the same memory.
  const copy = new Uint8Array(bytes)
  copy.set(to)
  const end = copy.length - sealBytes
  if (sealFound(bytes) === "whole") copy.set(encoder.encode(sealOf(copy, end)), end)
  return copy
}

/** Whether a record is the next release's, as far as this one can tell. */
const isNext = (bytes: Uint8Array, codec: Versioned): boolean => {
  if (!beginsWith(bytes, record.next)) return false
  return codec.decodeRecord(bytes)._tag === "Newer"
}

/** Reads records of both releases, and writes the present one's: for checkers, and what the next release reads with. */
export const readingBoth = <Codec extends Versioned>(codec: Codec): Codec => {
  // Of this codec alone: one that a defect was planted in must not read for another.
  const read = new WeakMap<Uint8Array, ReturnType<Codec["decodeRecord"]>>()
  return {
    ...codec,
    decodeRecord: (bytes) => {
      if (!isNext(bytes, codec)) return codec.decodeRecord(bytes)
      const known = read.get(bytes)
      if (known !== undefined) return known
      // What it gives back is of its own type, which a call through a bound forgets.
      const decoded = codec.decodeRecord(renumbered(bytes, record.next, record.present)) as ReturnType<Codec["decodeRecord"]>
      read.set(bytes, decoded)
      return decoded
    },
    decodeChunk: (bytes): DecodedChunk => {
      const decoded = codec.decodeChunk(bytes)
      return decoded._tag === "Newer" ? codec.decodeChunk(renumbered(bytes, chunk.next, chunk.present)) : decoded
    },
  }
}

/** The next release: reads both, writes its own. */
export const nextRelease = <Codec extends Versioned>(codec: Codec): Codec => ({
  ...readingBoth(codec),
  encodeRecord: (envelope, entries) => renumbered(codec.encodeRecord(envelope, entries), record.present, record.next),
  encodeChunk: (content) => renumbered(codec.encodeChunk(content), chunk.present, chunk.next),
})
