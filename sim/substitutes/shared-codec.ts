/**
 * The shipped codec, with what it made of some bytes remembered for as long as these very bytes live: in one process several workers, the checkers
 * and the auditor read the same records, and reading them once is most of the speed of a simulated world.
 *
 * Sound only because nobody changes a decoded record; `frozen` gives the same codec with every record frozen, for the test that holds that.
 */
import type { EngineCodec } from "../../src/engine/protocol.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { readingBoth } from "../faults/releases.ts"

type Decoded = ReturnType<EngineCodec["decodeRecord"]>

const deeplyFrozen = <T>(value: T): T => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deeplyFrozen(inner)
  }
  return value
}

/** A codec that reads the same bytes once. Damaged copies are other bytes. */
export const makeSharedCodec = (frozen = false): EngineCodec => {
  const records = new WeakMap<Uint8Array, Decoded>()
  const hashes = new WeakMap<Uint8Array, string>()
  return {
    ...engineCodec,
    decodeRecord: (bytes) => {
      const known = records.get(bytes)
      if (known !== undefined) return known
      const decoded = engineCodec.decodeRecord(bytes)
      records.set(bytes, frozen ? deeplyFrozen(decoded) : decoded)
      return decoded
    },
    sha256: (bytes) => {
      if (typeof bytes === "string") return engineCodec.sha256(bytes)
      const known = hashes.get(bytes)
      if (known !== undefined) return known
      const hash = engineCodec.sha256(bytes)
      hashes.set(bytes, hash)
      return hash
    },
  }
}

/** What workers of this release are given. */
export const sharedCodec: EngineCodec = makeSharedCodec()

/** What checkers read with: records of this release, and of the next one that a world may invent. */
export const checkingCodec: EngineCodec = readingBoth(sharedCodec)
