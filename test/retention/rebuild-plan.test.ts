/** What is decided about a journal that is to be written anew: what is written, and what is refused. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Halt } from "../../src/engine/protocol.ts"
import {
  chosenJournal,
  type RebuildGround,
  rebuildPlan,
  rebuiltHalt,
  unfinishedHalt,
  whyNotResumed,
} from "../../src/retention/rebuild-plan.ts"
import type { ArchivedSegment, ArchiveManifest } from "../../src/wire/archive.ts"

const segment = (from: number, to: number): ArchivedSegment => ({
  file: `${from}-${to}.ndjson.gz`,
  from,
  to,
  fileBytes: 1,
  fileHash: "h",
  recordBytes: 1,
  prevHash: from === 1 ? "" : `hash ${from - 1}`,
  lastHash: `hash ${to}`,
  firstAtMs: from,
  lastAtMs: to,
})

const manifest: ArchiveManifest = {
  partition: 3,
  partitions: 8,
  incarnation: "one",
  segments: [segment(1, 400), segment(401, 1_000)],
  snapshot: {
    file: "snapshot",
    fileBytes: 1,
    fileHash: "h",
    id: "s",
    startSeq: 700,
    startHash: "hash 700",
    endSeq: 720,
    endHash: "hash 720",
    chunks: 1,
    atMs: 720,
    stateHash: "state",
  },
  purgedBelow: 500,
}

const ground: RebuildGround = {
  kind: "sku",
  partition: 3,
  partitions: 8,
  manifest,
  held: null,
  incarnation: null,
  witness: null,
  halt: null,
}

const halted = (reason: Halt["reason"]): Halt => ({ reason, detail: "", atMs: 0, resume: null })

describe("a journal that is gone", () => {
  it("is written from where it was purged, and from its first record where nothing was, or no snapshot leads on from there", () => {
    expect(rebuildPlan(ground)).toEqual({ _tag: "Write", firstSeq: 500, nextSeq: 500, endSeq: 1_000 })
    expect(rebuildPlan({ ...ground, manifest: { ...manifest, purgedBelow: 0 } })).toMatchObject({ firstSeq: 1, nextSeq: 1 })
    expect(rebuildPlan({ ...ground, manifest: { ...manifest, snapshot: null } })).toMatchObject({ firstSeq: 1, nextSeq: 1 })
    expect(rebuildPlan({ ...ground, manifest: { ...manifest, purgedBelow: 701 } })).toMatchObject({ firstSeq: 1, nextSeq: 1 })
  })

  it("begins anew where nothing is archived of it", () => {
    expect(rebuildPlan({ ...ground, manifest: null })).toEqual({ _tag: "Begin" })
    expect(rebuildPlan({ ...ground, manifest: { ...manifest, segments: [] } })).toEqual({ _tag: "Begin" })
  })
})

describe("a journal that holds something", () => {
  it("is written behind its last record", () => {
    const held = { firstSeq: 500, lastSeq: 640 }
    expect(rebuildPlan({ ...ground, held })).toEqual({ _tag: "Write", firstSeq: 500, nextSeq: 641, endSeq: 1_000 })
    expect(rebuildPlan({ ...ground, held: { firstSeq: 1, lastSeq: 0 } })).toMatchObject({ firstSeq: 1, nextSeq: 1 })
  })

  it("with all that is archived is left as it is, unless a rebuild of it isn't finished", () => {
    const whole = { ...ground, held: { firstSeq: 500, lastSeq: 1_000 } }
    expect(rebuildPlan(whole)).toMatchObject({ _tag: "Refused", why: expect.stringContaining("nothing to write") })
    expect(rebuildPlan({ ...whole, halt: halted("JournalLostTail") })).toMatchObject({ _tag: "Refused" })
    expect(rebuildPlan({ ...whole, halt: halted("RebuildUnfinished") })).toMatchObject({ _tag: "Write", nextSeq: 1_001, endSeq: 1_000 })
    expect(rebuildPlan({ ...whole, halt: halted("JournalRebuilt") })).toEqual({ _tag: "Done", endSeq: 1_000 })
  })

  it("that nothing may be written to is refused, and it is said what to do", () => {
    const refused = (given: Partial<RebuildGround>, why: string) =>
      expect(rebuildPlan({ ...ground, ...given })).toMatchObject({
        _tag: "Refused",
        why: expect.stringContaining(why),
        remedy: expect.stringMatching(/.+/),
      })
    refused({ held: { firstSeq: 1, lastSeq: 1_001 } }, "holds more than is archived")
    refused({ held: { firstSeq: 701, lastSeq: 900 } }, "no archived snapshot leads on from there")
    refused({ held: { firstSeq: 2, lastSeq: 900 }, manifest: { ...manifest, snapshot: null } }, "no archived snapshot leads on from there")
    refused({ held: { firstSeq: 1, lastSeq: 4 }, manifest: null }, "nothing is archived of partition 3")
    refused({ partitions: 4 }, "the archive is of 8 partitions of kind sku, the cluster has 4")
    refused({ incarnation: "two" }, "another journal's (two)")
    refused({ manifest: { ...manifest, segments: [segment(1, 400), segment(402, 1_000)] } }, "isn't whole before 402-1000")
    refused({ manifest: { ...manifest, segments: [segment(2, 400)] } }, "isn't whole before 2-400")
    refused(
      { manifest: { ...manifest, segments: [segment(1, 400), { ...segment(401, 1_000), prevHash: "other" }] } },
      "isn't whole before 401-1000",
    )
  })

  it("is never advised to be removed: its records may be nowhere else", () => {
    const given: ReadonlyArray<Partial<RebuildGround>> = [
      { held: { firstSeq: 1, lastSeq: 4 }, manifest: null },
      { held: { firstSeq: 1, lastSeq: 1_001 } },
      { held: { firstSeq: 701, lastSeq: 900 } },
      { held: { firstSeq: 1, lastSeq: 4 }, incarnation: "two" },
    ]
    for (const one of given) {
      const plan = rebuildPlan({ ...ground, ...one })
      expect(plan).toMatchObject({ _tag: "Refused", remedy: expect.stringContaining("leave that journal as it is") })
      expect(plan).toMatchObject({ remedy: expect.not.stringMatching(/remove|stream rm|delete/) })
    }
  })

  it("is never written but right behind its end, up to the archive's, whatever is there", () => {
    const seq = fc.integer({ min: 1, max: 1_200 })
    fc.assert(
      fc.property(seq, seq, fc.boolean(), fc.integer({ min: 0, max: 1_100 }), (a, b, isThere, purgedBelow) => {
        const held = isThere ? { firstSeq: Math.min(a, b), lastSeq: Math.max(a, b) - 1 } : null
        const plan = rebuildPlan({ ...ground, held, manifest: { ...manifest, purgedBelow } })
        if (plan._tag !== "Write") {
          expect(plan._tag).toBe("Refused")
          return
        }
        expect(plan.endSeq).toBe(1_000)
        expect(plan.nextSeq).toBe(held === null ? plan.firstSeq : held.lastSeq + 1)
        // A worker can begin: with the first record, or with the archived snapshot.
        expect(plan.firstSeq === 1 || plan.firstSeq <= 700).toBe(true)
      }),
    )
  })
})

describe("which journal", () => {
  const journals = [
    { partition: 0, incarnation: "a" },
    { partition: 1, incarnation: "b" },
    { partition: 1, incarnation: "c" },
  ]
  it("is the only one that is archived, or the one that is named", () => {
    expect(chosenJournal(journals, 0, null)).toEqual({ journal: journals[0] })
    expect(chosenJournal(journals, 1, "c")).toEqual({ journal: journals[2] })
    expect(chosenJournal(journals, 2, null)).toEqual({ journal: null })
  })
  it("is asked for where there are several, or none of that name", () => {
    expect(chosenJournal(journals, 1, null)).toMatchObject({ why: expect.stringContaining("(b, c)") })
    expect(chosenJournal(journals, 0, "c")).toMatchObject({ why: expect.stringContaining("no journal c of partition 0") })
  })
})

describe("the halt of a journal that was written anew", () => {
  it("can't be answered before it is whole", () => {
    const unfinished = unfinishedHalt({ _tag: "Write", firstSeq: 1, nextSeq: 1, endSeq: 9 }, 5)
    expect(whyNotResumed(unfinished)).toContain("up to record 9")
    expect(whyNotResumed(rebuiltHalt({ endSeq: 9, endAtMs: 0, confirmedSeq: null }, 5))).toBe(undefined)
  })
  it("says up to which record and time it goes, and what is known to be lost", () => {
    expect(rebuiltHalt({ endSeq: 9, endAtMs: 1_795_000_000_000, confirmedSeq: 12 }, 5)).toMatchObject({
      reason: "JournalRebuilt",
      detail: expect.stringMatching(/up to record 9 of 2026-11-18T\d\d:\d\d:\d\d.*record 12 was/),
      atMs: 5,
      resume: null,
    })
    expect(rebuiltHalt({ endSeq: 0, endAtMs: 0, confirmedSeq: null }, 5).detail).toContain("nothing of it was archived")
  })
})
