import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer, Stream } from "effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { HeardReply } from "../../../src/audit/replies.ts"
import { HeardWriter } from "../../../src/cli/demo/heard.ts"
import { type Judgement, judge } from "../../../src/cli/demo/judge.ts"
import { idlePercentBetween, processorTimes } from "../../../src/cli/demo/machine.ts"
import { verdictLines } from "../../../src/cli/demo/tables.ts"
import { type DemoEvidence, type Kill, verdictOf, victimOf } from "../../../src/cli/demo/verdict.ts"
import { partitionOf } from "../../../src/domain/names.ts"
import type { StoredRecord } from "../../../src/engine/records.ts"
import { Journals } from "../../../src/ports/broker.ts"
import { engineCodec } from "../../../src/wire/codec.ts"
import { sku, web } from "../../audit/journal-builder.ts"
import { heardReplies, operated, reserveA } from "../../audit/story.ts"

let folder = ""

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-test-"))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** The auditor's good story, in the bytes that workers write. */
const stored = (): ReadonlyArray<StoredRecord> => {
  let prevHash = ""
  return operated().records.map((record, prevSeq) => {
    const entries = record.entries.map((entry) => engineCodec.encodeEntry(entry))
    const bytes = engineCodec.encodeRecord({ ...record, prevSeq, prevHash }, entries)
    prevHash = engineCodec.sha256(bytes)
    return { seq: prevSeq + 1, messageId: `${record.owner}.${record.epoch}.${prevSeq}`, bytes }
  })
}

const journals = (records: ReadonlyArray<StoredRecord>): Layer.Layer<Journals> => {
  const unused = () => Effect.die("an audit only reads")
  return Layer.succeed(Journals, {
    append: unused,
    at: unused,
    endSeq: () => Effect.succeed(records.length),
    read: (_partition, fromSeq, toSeq) => Stream.make(records.filter(({ seq }) => seq >= fromSeq && seq <= toSeq)),
    follow: () => Stream.never,
  })
}

interface Heard {
  readonly replies?: ReadonlyArray<HeardReply>
  /** Ids that web was told are stored. */
  readonly storedIds?: ReadonlyArray<string>
}

const judged = ({ replies = heardReplies(), storedIds = [reserveA.id] }: Heard): Promise<Judgement> => {
  const writers = new Map<string, HeardWriter>()
  const writer = (sender: string): HeardWriter => {
    const known = writers.get(sender) ?? new HeardWriter(folder, sender)
    writers.set(sender, known)
    return known
  }
  for (const { sender, suffix, ...reply } of replies) {
    writer(sender).write(0, JSON.stringify({ kind: "reply", ...(suffix === undefined ? {} : { suffix }), reply }))
  }
  writer(web).write(0, JSON.stringify({ kind: "stored", commands: storedIds.map((id) => ({ sku, id })) }))
  for (const one of writers.values()) one.close()
  return Effect.runPromise(judge(1, folder).pipe(Effect.provide(journals(stored()))))
}

const kill: Kill = { worker: "worker-1", pid: 1, atMs: 0, afterFlows: 3, partitions: [0], takeoverMs: 1_500 }

const evidence = (judgement: Judgement, change: Partial<DemoEvidence> = {}): DemoEvidence => ({
  sale: {
    title: "a story",
    traffic: { setup: [], flows: [] },
    actors: [],
    hotSku: sku,
    realTime: false,
    meantMs: null,
    holdsEndMs: null,
    orders: null,
    rows: null,
    reading: [],
  },
  partitions: 1,
  played: {
    flowsEnded: 1,
    commands: 3,
    answered: 3,
    outcomes: { accepted: 2, refused: 1, expired: 0, quarantined: 0, dropped: 0, unknown: 0 },
    refusedBy: { InsufficientStock: 1 },
    refusal: null,
    unknown: 0,
    refusedQty: 0,
    unknownCauses: new Set(),
    slowestMs: 12,
    answers: new Map(),
  },
  playedMs: 1_000,
  idlePercent: 60,
  kill,
  outcomes: null,
  tables: null,
  judgement,
  ...change,
})

const brokenOf = (given: DemoEvidence) => verdictOf(given).broken

describe("the judgement", () => {
  it("of what agrees with the journal finds nothing, and has looked at all of it", async () => {
    const judgement = await judged({})
    expect(judgement.report.violations).toEqual([])
    expect(judgement.answersHeard).toBe(heardReplies().reduce((sum, { decisions }) => sum + decisions.length, 0))
    expect(brokenOf(evidence(judgement))).toEqual([])
  })

  it("finds a command that was stored and never decided", async () => {
    const judgement = await judged({ storedIds: [reserveA.id, "forgotten"] })
    expect(judgement.report.totals.lost).toBe(1)
    expect(brokenOf(evidence(judgement))).toEqual([expect.stringMatching(/^1 commands lost/)])
  })

  it("finds an answer that was heard and isn't in the journal", async () => {
    const [first, ...others] = heardReplies()
    if (first === undefined) throw new Error("the story has replies")
    const decisions: HeardReply["decisions"] = [{ id: reserveA.id, sku, outcome: "refused", reason: "InsufficientStock" }]
    const judgement = await judged({ replies: [{ ...first, decisions }, ...others] })
    expect(judgement.report.totals.contradicted).toBe(1)
    expect(brokenOf(evidence(judgement))).toEqual([expect.stringMatching(/^1 answers contradict/)])
  })
})

describe("the verdict", () => {
  const unansweredOf = (given: DemoEvidence, idlePercent: number): DemoEvidence => {
    const outcomes = { ...given.played.outcomes, unknown: 1 }
    const played = { ...given.played, commands: 4, answered: 4, outcomes, unknown: 1, unknownCauses: new Set(["no answer came"]) }
    return { ...given, played, idlePercent }
  }

  it("is broken by a command without an answer, and says what was last heard, and that the machine had time to spare", async () => {
    const verdict = verdictOf(unansweredOf(evidence(await judged({})), 60))
    expect(verdict).toMatchObject({
      ok: false,
      tooSlow: null,
      broken: [expect.stringMatching(/^1 command without an answer.*no answer came.*60 % /)],
    })
  })

  it("of a machine that had no time to spare, and left a command without an answer, says so, and what to do: nothing is broken", async () => {
    const verdict = verdictOf(unansweredOf(evidence(await judged({})), 3))
    expect(verdict).toMatchObject({
      ok: false,
      broken: [],
      tooSlow: expect.stringMatching(/^1 command without.*had 3 %.*too slow.*less beside it.*--in-flight 200$/),
    })
    expect(verdictLines(verdict).at(-1)).toMatch(/^ {2}Nothing was oversold, lost or contradicted\. TOO SLOW: 1 command/)
  })

  it("is broken by what contradicts or is lost, however slow the machine", async () => {
    const verdict = verdictOf(unansweredOf(evidence(await judged({ storedIds: [reserveA.id, "forgotten"] })), 3))
    expect(verdict).toMatchObject({
      ok: false,
      tooSlow: null,
      broken: [expect.stringMatching(/^1 commands lost/), expect.stringMatching(/^1 command without/)],
    })
    expect(verdictLines(verdict).at(-1)).toMatch(/^ {2}BROKEN: /)
  })

  it("names the machine where the sale took much longer than was meant, or says that the machine had time, and breaks nothing", async () => {
    const given = evidence(await judged({}))
    const played = (playedMs: number, idlePercent: number) =>
      verdictOf({ ...given, sale: { ...given.sale, meantMs: 20_000 }, playedMs, idlePercent, kill: { ...kill, takeoverMs: 4_000 } })
    expect(played(38_000, 5)).toMatchObject({ ok: true, behindPace: null })
    expect(played(83_200, 5)).toMatchObject({
      ok: true,
      behindPace: expect.stringMatching(/^SLOW MACHINE: .*83\.2 s for the 20 s.*only 5 % /),
    })
    expect(played(83_200, 60).behindPace).toMatch(/^SLOW: .*83\.2 s.*had 60 % /)
    expect(verdictLines(played(83_200, 5)).join("\n")).toMatch(/^SLOW MACHINE: /m)
    expect(verdictOf({ ...given, playedMs: 83_200, idlePercent: 5 }).behindPace).toBeNull()
  })

  it("counts each command that was sent once, so that the parts add up, and says the rest beside that", async () => {
    const verdict = verdictOf(unansweredOf(evidence(await judged({})), 60))
    const { sent, accepted, refused, tooLate, quarantined, dropped, unanswered } = verdict.commands
    expect(sent).toBe(accepted + refused + tooLate + quarantined + dropped + unanswered)
    expect(verdictLines(verdict)).toContain("Commands: 4 sent = 2 accepted + 1 refused + 1 without an answer")
  })

  it("calls a machine slow by what its processors counted, and not where nothing was counted", () => {
    expect(idlePercentBetween({ allMs: 1_000, idleMs: 900 }, { allMs: 2_000, idleMs: 950 })).toBe(5)
    expect(idlePercentBetween({ allMs: 1_000, idleMs: 900 }, { allMs: 1_000, idleMs: 900 })).toBe(100)
    const { allMs, idleMs } = processorTimes()
    expect(allMs).toBeGreaterThanOrEqual(idleMs)
  })

  it("is broken by a witness with gaps: what wasn't written down wasn't audited", async () => {
    const given = evidence(await judged({ replies: [] }))
    expect(brokenOf(given)).toEqual([expect.stringMatching(/only 0 of 3 answers/)])
  })

  it("is broken by partitions that nobody took over", async () => {
    const given = evidence(await judged({}), { kill: { ...kill, takeoverMs: null } })
    expect(brokenOf(given)).toEqual(["a partition of worker-1 was never taken over"])
  })

  it("is broken by the death of a worker that owned nothing: that proves nothing", async () => {
    const given = evidence(await judged({}), { kill: { ...kill, partitions: [] } })
    expect(brokenOf(given)).toEqual(["worker-1 owned nothing when it was killed: its death proved nothing"])
  })

  it("says in its last line whether it is broken", async () => {
    const lines = verdictLines(verdictOf(evidence(await judged({ storedIds: ["forgotten"] }))))
    expect(lines.at(-1)).toMatch(/BROKEN: .*lost/)
    expect(lines.join("\n")).toMatch(/ {2}lost +1\n/)
  })
})

describe("the worker that is killed", () => {
  it("is the one that decides for the hot SKU", () => {
    const owners = ["worker-1", "worker-2", "worker-1"]
    expect(victimOf("mug", owners)).toBe(owners[partitionOf("mug", 3)])
  })

  it("is another where that SKU has no owner just now, and nobody where nothing has", () => {
    const owners = [0, 1, 2].map((partition) => (partition === partitionOf("mug", 3) ? null : "worker-2"))
    expect(victimOf("mug", owners)).toBe("worker-2")
    expect(victimOf("mug", [null, null, null])).toBeNull()
  })
})
