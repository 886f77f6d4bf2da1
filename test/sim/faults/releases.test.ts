/** The invented next release: what it writes, and who can read that. */
import { describe, expect, it } from "vitest"
import { nextRelease } from "../../../sim/faults/releases.ts"
import { recordVersion } from "../../../src/engine/records.ts"
import { engineCodec } from "../../../src/wire/codec.ts"

describe("the next release", () => {
  const next = nextRelease(engineCodec)
  const content = { kind: "skus", seq: 7, skus: [] }
  const envelope = {
    version: recordVersion,
    kind: "claim",
    partition: 0,
    incarnation: "i",
    owner: "a",
    epoch: 1,
    atMs: 1_800_000_000_000,
    cursor: { stream: "stored", seq: 0, digest: "" },
    prevSeq: 0,
    prevHash: "",
    publishedSeq: 0,
  } as Parameters<typeof next.encodeRecord>[0]

  it("writes records that the present one takes for a newer release's, and that it reads itself", () => {
    const bytes = next.encodeRecord(envelope, [])
    expect(engineCodec.decodeRecord(bytes)).toMatchObject({ _tag: "Newer" })
    expect(next.decodeRecord(bytes)).toMatchObject({ _tag: "Record", record: { owner: "a", epoch: 1 } })
    expect(next.decodeRecord(engineCodec.encodeRecord(envelope, []))).toMatchObject({ _tag: "Record", record: { owner: "a" } })
  })

  it("writes snapshot chunks that the present one leaves alone, and reads both, as often as it likes", () => {
    const bytes = next.encodeChunk(content)
    for (let time = 0; time < 2; time++) {
      expect(engineCodec.decodeChunk(bytes)).toMatchObject({ _tag: "Newer" })
      expect(next.decodeChunk(bytes)).toEqual({ _tag: "Chunk", chunk: content })
    }
    expect(next.decodeChunk(engineCodec.encodeChunk(content))).toEqual({ _tag: "Chunk", chunk: content })
  })

  it("reads nothing damaged, wherever the damage is", () => {
    const record = next.encodeRecord(envelope, [])
    const chunk = next.encodeChunk(content)
    const damagedAt = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, place) => (place === at ? byte ^ 1 : byte))
    for (let at = 0; at < record.length; at++) expect(next.decodeRecord(damagedAt(record, at))._tag, `byte ${at}`).toBe("Unreadable")
    for (let at = 0; at < chunk.length; at++) expect(next.decodeChunk(damagedAt(chunk, at))._tag, `byte ${at}`).toBe("Unreadable")
  })
})
