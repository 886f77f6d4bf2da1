/**
 * A rolling upgrade: workers of this release and of an invented next one side by side. The next one writes records of a newer version, which this
 * release can't read, and reads both. Chunks of snapshots keep their version: this release loads what the next one wrote.
 *
 * The invented version differs from the present one in its number alone: what is shaken is who reads what and who steps aside, not an upcast.
 */
import type { EngineCodec } from "../../src/engine/protocol.ts"
import { sealOf } from "../../src/wire/sealed.ts"

type Decoded = ReturnType<EngineCodec["decodeRecord"]>

const encoder = new TextEncoder()
const present = encoder.encode('{"v":1,')
const next = encoder.encode('{"v":2,')
/** Bytes of a seal at the end, its closing brace included. */
const sealBytes = sealOf(new Uint8Array(1), 1).length

/** From the end on: two versions differ there. */
const beginsWith = (bytes: Uint8Array, beginning: Uint8Array): boolean => {
  for (let at = beginning.length - 1; at >= 0; at--) if (bytes[at] !== beginning[at]) return false
  return true
}

/** The same record under another version number, sealed anew. */
const renumbered = (bytes: Uint8Array, beginning: Uint8Array): Uint8Array => {
  const copy = bytes.slice()
  copy.set(beginning)
  copy.set(encoder.encode(sealOf(copy, copy.length - sealBytes)), copy.length - sealBytes)
  return copy
}

/** Whether a record is whole under the next release's number: a damaged one must stay damaged. */
const isNext = (bytes: Uint8Array, codec: EngineCodec): boolean => {
  if (!beginsWith(bytes, next)) return false
  const decoded = codec.decodeRecord(bytes)
  return decoded._tag === "Unreadable" && decoded.cause.startsWith("version ")
}

/** Reads records of both releases, and writes the present one's: for checkers, and what the next release reads with. */
export const readingBoth = (codec: EngineCodec): EngineCodec => {
  // Of this codec alone: one that a defect was planted in must not read for another.
  const read = new WeakMap<Uint8Array, Decoded>()
  return {
    ...codec,
    decodeRecord: (bytes) => {
      if (!isNext(bytes, codec)) return codec.decodeRecord(bytes)
      const known = read.get(bytes)
      if (known !== undefined) return known
      const decoded = codec.decodeRecord(renumbered(bytes, present))
      read.set(bytes, decoded)
      return decoded
    },
  }
}

/** The next release: reads both, writes its own. */
export const nextRelease = (codec: EngineCodec): EngineCodec => ({
  ...readingBoth(codec),
  encodeRecord: (envelope, entries) => renumbered(codec.encodeRecord(envelope, entries), next),
})
