/** Archive files: what is written is read back to the byte, and nothing else passes for it. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { StoredRecord } from "../../src/engine/records.ts"
import {
  type ArchiveManifest,
  decodeArchivedSnapshot,
  decodeArchiveManifest,
  decodeSegment,
  encodeArchivedSnapshot,
  encodeArchiveManifest,
  encodeSegment,
  fitsALine,
} from "../../src/wire/archive.ts"

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8")
const body = fc.jsonValue().map((value) => new Uint8Array(Buffer.from(JSON.stringify({ value }), "utf8")))
const id = fc.oneof(fc.string(), fc.constant('a","record":{"b'))
const records = fc.array(fc.tuple(id, body), { minLength: 1, maxLength: 20 })
const from = fc.integer({ min: 1, max: 1e9 })

const segmentOf = (first: number, made: ReadonlyArray<readonly [string, Uint8Array]>) => {
  const stored: ReadonlyArray<StoredRecord> = made.map(([messageId, bytes], index) => ({ seq: first + index, messageId, bytes }))
  const head = { partition: 3, incarnation: "inc", from: first, to: first + made.length - 1, prevHash: "p" }
  return { head, stored, bytes: encodeSegment(head, stored) }
}

describe("a segment", () => {
  it("reads back as it was written, to the last byte of each record", () => {
    fc.assert(
      fc.property(from, records, (first, made) => {
        const { head, stored, bytes } = segmentOf(first, made)
        const read = decodeSegment(bytes)
        expect(read).toMatchObject({ _tag: "Segment", head })
        if (read._tag !== "Segment") return
        expect(read.records.map((one) => [one.seq, one.messageId, text(one.bytes)])).toEqual(
          stored.map((one) => [one.seq, one.messageId, text(one.bytes)]),
        )
      }),
    )
  })

  it("is lines of JSON for any tool", () => {
    const { bytes } = segmentOf(7, [["m7", Buffer.from('{"a":1}')]])
    expect(
      text(bytes)
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { archive: 1, kind: "records", partition: 3, incarnation: "inc", from: 7, to: 7, prevHash: "p" },
      { seq: 7, id: "m7", record: { a: 1 } },
    ])
  })

  it("that lacks a line, a byte at its end, or has one twice is none", () => {
    const { bytes } = segmentOf(
      1,
      [1, 2, 3].map((n) => [`m${n}`, Buffer.from(`{"n":${n}}`)] as const),
    )
    const lines = text(bytes).split("\n")
    for (const wrong of [lines.toSpliced(2, 1), lines.toSpliced(2, 0, lines[2] ?? ""), lines.toSpliced(3, 1), lines.toSpliced(0, 1)])
      expect(decodeSegment(Buffer.from(wrong.join("\n")))).toMatchObject({ _tag: "Unreadable" })
    expect(decodeSegment(bytes.subarray(0, -1))).toMatchObject({ _tag: "Unreadable" })
    expect(decodeSegment(new Uint8Array())).toMatchObject({ _tag: "Unreadable" })
  })

  it("holds no record with a line break", () => {
    expect(fitsALine(Buffer.from('{"a":\n1}'))).toBe(false)
    expect(fitsALine(Buffer.from('{"a":1}'))).toBe(true)
  })
})

describe("an archived snapshot", () => {
  const head = { partition: 0, incarnation: "inc", id: "1-9", startSeq: 9, startHash: "s", endSeq: 12, endHash: "e", chunks: 2 }

  it("reads back chunk by chunk, and not with one missing", () => {
    const chunks = [Buffer.from('{"chunk":",\\"chunk\\":"}'), Buffer.from("{}")]
    const read = decodeArchivedSnapshot(encodeArchivedSnapshot(head, chunks))
    expect(read).toMatchObject({ _tag: "Snapshot", head })
    expect(read._tag === "Snapshot" && read.chunks.map(text)).toEqual(chunks.map(text))
    expect(decodeArchivedSnapshot(encodeArchivedSnapshot(head, chunks.slice(1)))).toMatchObject({ _tag: "Unreadable" })
  })
})

describe("what a newer release wrote", () => {
  it("is told apart from what is damaged, in every file", () => {
    const manifest: ArchiveManifest = { partition: 0, partitions: 1, incarnation: "inc", segments: [], snapshot: null, purgedBelow: 0 }
    expect(decodeArchiveManifest(encodeArchiveManifest(manifest))).toEqual({ _tag: "Manifest", manifest })
    for (const decode of [decodeArchiveManifest, decodeSegment, decodeArchivedSnapshot]) {
      expect(decode(Buffer.from('{"archive":2,"more":true}\n'))).toEqual({ _tag: "Newer", version: 2 })
      expect(decode(Buffer.from('{"archive":1,"more":true}\n'))).toMatchObject({ _tag: "Unreadable" })
      expect(decode(Buffer.from("nonsense\n"))).toMatchObject({ _tag: "Unreadable" })
    }
  })

  it("a file that leads out of the folder is none of ours", () => {
    const segment = { from: 1, to: 1, fileBytes: 1, fileHash: "", recordBytes: 1, prevHash: "", lastHash: "", firstAtMs: 0, lastAtMs: 0 }
    const manifest = { partition: 0, partitions: 1, incarnation: "inc", snapshot: null, purgedBelow: 0 }
    const bytes = encodeArchiveManifest({ ...manifest, segments: [{ ...segment, file: "../other" }] })
    expect(decodeArchiveManifest(bytes)).toMatchObject({ _tag: "Unreadable" })
    expect(decodeArchiveManifest(encodeArchiveManifest({ ...manifest, incarnation: "..", segments: [] }))).toMatchObject({
      _tag: "Unreadable",
    })
  })
})
