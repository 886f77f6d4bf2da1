/** Spans of a traced message: which there are, whose children they are, and that nothing is made of what nobody traces. */
import { type Tracer, Tracer as tracers } from "effect"
import { describe, expect, it } from "vitest"
import type { Kind } from "../../src/domain/kinds.ts"
import type { SenderId } from "../../src/domain/names.ts"
import type { BatchStats } from "../../src/engine/protocol.ts"
import type { JournalRecord } from "../../src/engine/records.ts"
import type { AtsValue } from "../../src/kinds/sku/types.ts"
import { traced } from "../../src/telemetry/traces.ts"
import { listeningMeter } from "../runtime/workers.ts"

const traceId = "0af7651916cd43dd8448eb211c80319c"
const senderSpan = "b7ad6b7169203331"
const stats: BatchStats = {
  messages: 1,
  commands: 1,
  expiries: 0,
  bytes: 1,
  accepted: 1,
  repeated: 0,
  expired: 0,
  quarantined: 0,
  refused: {},
  appendMs: 4,
}

const recordOf = (trace: string | null): JournalRecord => ({
  version: 3,
  kind: "batch",
  partition: 0,
  incarnation: "i",
  owner: "o",
  epoch: 5,
  cursor: { stream: "stored", seq: 0, digest: "" },
  atMs: 1_000,
  prevSeq: 6,
  prevHash: "h",
  publishedSeq: 6,
  entries: [
    {
      _tag: "Message",
      seq: null,
      sender: "web" as SenderId,
      class: "sell",
      bulk: false,
      brokerMs: 980,
      reply: "r",
      ...(trace === null ? {} : { trace }),
      array: false,
      // As the domain makes it, but for what is not looked at.
      decided: [
        { command: { type: "Reserve", id: "c1", sku: "A", issuedAtMs: 1 }, named: null, decision: { _tag: "Accepted", events: [] } },
      ] as never,
    },
  ],
})

/** A traced meter of a kind, and what it makes. */
const rig = (kind: Kind) => {
  const made: Array<Tracer.NativeSpan> = []
  const logged: Array<Readonly<Record<string, unknown>>> = []
  const clock = { nowMs: 5_000 }
  const tracer = tracers.make({
    span: (options) => {
      const span = new tracers.NativeSpan(options)
      made.push(span)
      return span
    },
  })
  const reported = { batches: [], logged: [], takeovers: 0, steppedDown: [], reignsEnded: [], alarms: [] }
  const meter = traced({ tracer, nowMs: () => clock.nowMs, log: (fields) => logged.push(fields) })(kind, listeningMeter(reported))
  return { made, logged, reported, meter, clock }
}

/** What became of a record of one message: its spans by name. */
const play = (trace: string | null) => {
  const { made, logged, reported, meter, clock } = rig("sku")
  // Names are branded where they are read.
  const value = { channel: "web", sku: "A", ats: 3, version: 7, delta: 3, cause: "Reserved", atMs: 1_000 } as unknown as AtsValue
  meter.batchConfirmed(0, stats, 7, recordOf(trace), 1_000)
  meter.feedHandedOver(0, 1, [value])
  clock.nowMs = 5_010
  meter.repliesSent(0, 7, 1, 1_010)
  meter.feedSent(0, 1, [value], 1_010)
  return { made, logged, reported, of: (name: string) => made.find((span) => span.name === name) }
}

const timesOf = (span: Tracer.NativeSpan | undefined) =>
  span?.status._tag === "Ended" ? [Number(span.status.startTime / 1_000_000n), Number(span.status.endTime / 1_000_000n)] : []

describe("a traced message", () => {
  it("has spans from publishing to reply and feed, of its sender's trace, and a line in the log with the same ids", () => {
    const { made, logged, reported, of } = play(`00-${traceId}-${senderSpan}-01`)
    expect(made.map(({ name }) => name)).toEqual(["holdfast.decide", "holdfast.append", "holdfast.reply", "holdfast.feed"])
    const decide = of("holdfast.decide")
    expect(made.every((span) => span.traceId === traceId)).toBe(true)
    const parents = made.map(({ parent }) => (parent._tag === "Some" ? parent.value.spanId : ""))
    expect(parents).toEqual([senderSpan, decide?.spanId, decide?.spanId, decide?.spanId])
    expect([timesOf(decide), timesOf(of("holdfast.append")), timesOf(of("holdfast.reply"))]).toEqual([
      [4_980, 5_000],
      [4_996, 5_000],
      [5_000, 5_010],
    ])
    expect(decide?.attributes.get("holdfast.record")).toBe(7)
    expect(logged).toMatchObject([{ traceId, spanId: decide?.spanId, "holdfast.commands": "c1", "holdfast.outcomes": "Accepted" }])
    // And the meter behind it was told.
    expect(reported.batches).toHaveLength(1)
  })

  it("that began something has its reply where its answer is said, in a later record", () => {
    const began = recordOf(`00-${traceId}-${senderSpan}-01`)
    const [message] = began.entries
    // As the engine journals it, without what is not looked at.
    const begun = {
      ...message,
      decided: [{ command: { type: "PlaceOrder", id: "p1" }, named: null, decision: { _tag: "Begun", events: [] } }],
    } as never
    // As above.
    const answered = { _tag: "Answered", sender: "web", key: "web/0", id: "p1", outcome: { outcome: "accepted" } } as never
    const { meter, made } = rig("order")
    meter.batchConfirmed(0, stats, 7, { ...began, entries: [begun] }, 1_000)
    meter.repliesSent(0, 7, 3, 1_000)
    expect(made.map(({ name }) => name)).toEqual(["holdfast.decide", "holdfast.append"])
    meter.batchConfirmed(0, stats, 9, { ...began, entries: [answered] }, 1_000)
    meter.repliesSent(0, 9, 1, 1_000)
    expect(made.map(({ name }) => name)).toEqual(["holdfast.decide", "holdfast.append", "holdfast.reply"])
  })

  it("has none where its sender wants none recorded, or named no trace", () => {
    for (const trace of [`00-${traceId}-${senderSpan}-00`, null]) {
      const { made, logged, reported } = play(trace)
      expect([made, logged, reported.batches.length]).toEqual([[], [], 1])
    }
  })
})
