/** What may be purged, whatever the archive, the snapshot and the journal's end are. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { factHorizonMs, journalKeptMs } from "../../src/limits.ts"
import { type PurgeGround, purgeMark } from "../../src/retention/purge-mark.ts"
import type { ArchivedSegment } from "../../src/wire/archive.ts"

const hourMs = 3_600_000

/** Segments that follow one another, each with so many records over so many hours. */
const segmentsOf = (parts: ReadonlyArray<{ readonly records: number; readonly hours: number }>): ReadonlyArray<ArchivedSegment> => {
  let seq = 0
  let atMs = 0
  return parts.map(({ records, hours }) => {
    const from = seq + 1
    const firstAtMs = atMs
    seq += records
    atMs += hours * hourMs
    const file = `${from}-${seq}`
    return { file, from, to: seq, fileBytes: 1, fileHash: "", recordBytes: 1, prevHash: "", lastHash: "", firstAtMs, lastAtMs: atMs }
  })
}

const ground: fc.Arbitrary<PurgeGround> = fc
  .array(fc.record({ records: fc.integer({ min: 1, max: 50 }), hours: fc.integer({ min: 0, max: 60 }) }), { maxLength: 12 })
  .chain((parts) => {
    const segments = segmentsOf(parts)
    const archivedSeq = segments.at(-1)?.to ?? 0
    const archivedMs = segments.at(-1)?.lastAtMs ?? 0
    return fc.record({
      segments: fc.constant(segments),
      snapshotStartSeq: fc.integer({ min: 0, max: archivedSeq + 5 }),
      firstSeq: fc.integer({ min: 1, max: archivedSeq + 1 }),
      lastSeq: fc.integer({ min: archivedSeq, max: archivedSeq + 60 }),
      mayPurge: fc.boolean(),
      publishedSeq: fc.integer({ min: 0, max: archivedSeq + 60 }),
      endAtMs: fc.integer({ min: archivedMs, max: archivedMs + 200 * hourMs }),
      keptMs: fc.constantFrom(journalKeptMs, 0),
      recordsKept: fc.integer({ min: 1, max: 40 }),
    })
  })

const holds = (judge: (ground: PurgeGround, belowSeq: number) => void) =>
  fc.assert(
    fc.property(ground, (given) => {
      const mark = purgeMark(given)
      if (mark._tag === "Below") judge(given, mark.seq)
    }),
    { numRuns: 2_000 },
  )

describe("INV-13: a purge", () => {
  it("takes something that is there, and never asks for a mark that the server reads as everything", () =>
    holds(({ firstSeq, lastSeq }, seq) => {
      expect(seq).toBeGreaterThan(firstSeq)
      expect(seq).toBeGreaterThanOrEqual(2)
      expect(seq).toBeLessThanOrEqual(lastSeq)
    }))

  it("takes only what is archived, and only where the stream allows it", () =>
    holds(({ segments, mayPurge }, seq) => {
      expect(mayPurge).toBe(true)
      expect(seq - 1).toBeLessThanOrEqual(segments.at(-1)?.to ?? 0)
    }))

  it("leaves the record that the verified snapshot starts with, and all after it", () =>
    holds(({ snapshotStartSeq }, seq) => expect(seq).toBeLessThanOrEqual(snapshotStartSeq)))

  it("leaves what may have to be said again, and the newest records", () =>
    holds(({ publishedSeq, lastSeq, recordsKept }, seq) => {
      expect(seq).toBeLessThanOrEqual(publishedSeq)
      expect(lastSeq - seq + 1).toBeGreaterThanOrEqual(recordsKept)
    }))

  it("leaves every record of which an id may still be remembered", () =>
    holds(({ segments, endAtMs, keptMs }, seq) => {
      for (const { from, to, lastAtMs } of segments) {
        if (from >= seq) continue
        // Times of single records are not known: the whole segment is as young as its last.
        expect(endAtMs - lastAtMs).toBeGreaterThan(keptMs)
        expect(to).toBeGreaterThan(0)
      }
    }))

  it("goes as far as it may: a mark that is one higher would break one of these", () => {
    const segments = segmentsOf([
      { records: 10, hours: 1 },
      { records: 10, hours: 1 },
      { records: 10, hours: 120 },
    ])
    const given = { segments, snapshotStartSeq: 25, firstSeq: 1, lastSeq: 40, mayPurge: true, publishedSeq: 39, recordsKept: 5 }
    const times = { endAtMs: 125 * hourMs, keptMs: journalKeptMs }
    expect(purgeMark({ ...given, ...times })).toEqual({ _tag: "Below", seq: 21 })
    expect(purgeMark({ ...given, ...times, keptMs: 0 })).toEqual({ _tag: "Below", seq: 25 })
    expect(purgeMark({ ...given, ...times, keptMs: 0, publishedSeq: 12 })).toEqual({ _tag: "Below", seq: 12 })
    expect(purgeMark({ ...given, ...times, keptMs: 0, recordsKept: 20 })).toEqual({ _tag: "Below", seq: 21 })
    expect(purgeMark({ ...given, ...times, firstSeq: 21 })).toMatchObject({
      _tag: "Nothing",
      why: expect.stringContaining("journaled time"),
    })
  })

  it("never happens without a snapshot, or from a stream of an earlier release, and says so", () => {
    const given = {
      segments: segmentsOf([{ records: 9, hours: 1 }]),
      firstSeq: 1,
      lastSeq: 9,
      publishedSeq: 8,
      endAtMs: 1e12,
      keptMs: 0,
      recordsKept: 1,
    }
    expect(purgeMark({ ...given, snapshotStartSeq: 0, mayPurge: true })).toMatchObject({
      why: "no snapshot was archived by an earlier round",
    })
    expect(purgeMark({ ...given, snapshotStartSeq: 5, mayPurge: false })).toMatchObject({
      why: expect.stringContaining("refuses every purge"),
    })
  })

  it("keeps for longer than the longest horizon of remembered ids", () => expect(journalKeptMs).toBeGreaterThan(factHorizonMs))
})
