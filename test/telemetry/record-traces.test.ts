/** Spans of a traced message and of an order's lines: which there are, whose children they are, and that nothing is made of what nobody traces. */
import { describe, expect, it } from "vitest"
import type { Kind } from "../../src/domain/kinds.ts"
import type { Entry } from "../../src/engine/records.ts"
import type { AtsValue } from "../../src/kinds/sku/types.ts"
import { makeProjectionTracing } from "../../src/telemetry/projection-traces.ts"
import { tracedMeter } from "../../src/telemetry/record-traces.ts"
import { tracedParts } from "../../src/telemetry/span-ids.ts"
import type { ToldSpan } from "../../src/telemetry/spans.ts"
import { listeningMeter } from "../runtime/workers.ts"
import {
  accepted,
  messageOf,
  recordOf,
  reserved,
  senderSpan,
  batchStats as stats,
  sampledTrace as trace,
  traceId,
} from "./traced-record.ts"

/** Meters of both kinds in one process, and what they make. */
const rig = () => {
  const made: Array<ToldSpan> = []
  const logged: Array<Readonly<Record<string, unknown>>> = []
  const clock = { nowMs: 5_000 }
  const reported = { batches: [], logged: [], takeovers: 0, steppedDown: [], reignsEnded: [], alarms: [] }
  const making = {
    tell: (span: ToldSpan) => made.push(span),
    nowMs: () => clock.nowMs,
    log: (fields: object) => logged.push({ ...fields }),
  }
  const meterOf = (kind: Kind) => tracedMeter(making)(kind, listeningMeter(reported))
  const of = (name: string) => made.filter((span) => span.name === `holdfast.${name}`)
  return { made, logged, reported, clock, sku: meterOf("sku"), order: meterOf("order"), of }
}

/** What became of a record of one message: its spans by name. */
const play = (given: string | null, more: object = {}) => {
  const { clock, sku: meter, ...rest } = rig()
  // Names are branded where they are read.
  const value = { channel: "web", sku: "A", ats: 3, version: 7, delta: 3, cause: "Reserved", atMs: 1_000 } as unknown as AtsValue
  meter.batchConfirmed(0, stats, 7, recordOf(reserved(given, more)), 1_000)
  meter.feedHandedOver(0, 1, [value])
  clock.nowMs = 5_010
  meter.repliesSent(0, 7, 1, 1_010)
  meter.feedSent(0, 1, [value], 1_010)
  return rest
}

const timesOf = ([span]: ReadonlyArray<ToldSpan>) => [span?.fromMs, span?.toMs]

describe("a traced message", () => {
  it("has spans from publishing to reply and feed, of its sender's trace, and a line in the log with the same ids", () => {
    const { made, logged, reported, of } = play(trace)
    expect(made.map(({ name }) => name)).toEqual(["holdfast.decide", "holdfast.append", "holdfast.reply", "holdfast.feed"])
    const [decide] = of("decide")
    expect(made.every((span) => span.traceId === traceId)).toBe(true)
    expect(made.map(({ parentId }) => parentId)).toEqual([senderSpan, decide?.spanId, decide?.spanId, decide?.spanId])
    expect(new Set(made.map(({ spanId }) => spanId)).size).toBe(4)
    expect([timesOf(of("decide")), timesOf(of("append")), timesOf(of("reply"))]).toEqual([
      [4_980, 5_000],
      [4_996, 5_000],
      [5_000, 5_010],
    ])
    expect(decide?.attributes).toMatchObject({ "holdfast.record": 7, "holdfast.about": "A", "holdfast.types": "Reserve" })
    expect(logged).toMatchObject([{ traceId, spanId: decide?.spanId, "holdfast.commands": "c1", "holdfast.outcomes": "Accepted" }])
    // And the meter behind it was told.
    expect(reported.batches).toHaveLength(1)
  })

  it("has no span of a reply where its sender named no place for one", () => {
    expect(play(trace, { reply: null }).made.map(({ name }) => name)).toEqual(["holdfast.decide", "holdfast.append", "holdfast.feed"])
  })

  it("has none where its sender wants none recorded, or named no trace", () => {
    for (const given of [`00-${traceId}-${senderSpan}-00`, null]) {
      const { made, logged, reported } = play(given)
      expect([made, logged, reported.batches.length]).toEqual([[], [], 1])
    }
  })

  it("shares a span with others of the same traceparent in its record, and with none of another", () => {
    const { sku, of } = rig()
    const other = `00-${traceId}-${"c".repeat(16)}-01`
    sku.batchConfirmed(0, stats, 7, recordOf(reserved(trace), reserved(other), reserved(trace)), 1_000)
    expect(of("decide").map(({ parentId, attributes }) => [parentId, attributes["holdfast.commands"]])).toEqual([
      [senderSpan, "c1 c1"],
      ["c".repeat(16), "c1"],
    ])
  })
})

/** An order of two lines: where it begins, where its lines are decided, and where it is answered. */
const placed = messageOf({ type: "PlaceOrder", id: "p1", order: "o-1" }, { _tag: "Begun", events: [] }, { trace })
const lineOf = (place: number) =>
  messageOf({ type: "Reserve", id: `own/7/${place}`, sku: `S${place}`, issuedAtMs: 1 }, accepted, {
    ...{ sender: "@order.2", onBehalf: "web", reply: null, trace },
  })
const returnedOf = (place: number): Entry => ({
  ...{ _tag: "Returned", id: `own/7/${place}` as never, by: { kind: "sku", partition: 1, seq: 40 }, trace },
  ...{ outcome: { outcome: "accepted" }, key: "web/0" as never, events: [] },
})
// As the engine journals it, without what is not looked at.
const answered = { _tag: "Answered", sender: "web", key: "web/0", id: "p1", replies: ["r"], outcome: { outcome: "accepted" } } as never

describe("an order's lines", () => {
  it("are children of the record that their order begins in, their decisions come back to it, and its reply is said where it is answered", () => {
    const { order, sku, of, made } = rig()
    order.batchConfirmed(2, stats, 7, recordOf(placed), 1_000)
    order.repliesSent(2, 7, 3, 1_000)
    expect(made.map(({ name }) => name)).toEqual(["holdfast.decide", "holdfast.append"])
    sku.batchConfirmed(1, stats, 40, recordOf(lineOf(0), lineOf(1)), 1_000)
    order.batchConfirmed(2, stats, 9, recordOf(returnedOf(0), returnedOf(1), answered), 1_000)
    order.repliesSent(2, 9, 1, 1_000)
    const [begun, ...lines] = of("decide")
    const [back, ...more] = of("return")
    expect(begun).toMatchObject({ parentId: senderSpan, attributes: { "holdfast.about": "o-1", "holdfast.outcomes": "Begun" } })
    expect(lines.map(({ parentId, attributes }) => [parentId, attributes["holdfast.about"], attributes["holdfast.channel"]])).toEqual([
      [begun?.spanId, "S0", "web"],
      [begun?.spanId, "S1", "web"],
    ])
    expect([back?.parentId, back?.attributes["holdfast.returned"], more]).toEqual([begun?.spanId, "sku/1/40 sku/1/40", []])
    expect(back?.links).toEqual(lines.map(({ spanId }) => ({ traceId, spanId })))
    expect(of("reply")).toMatchObject([{ parentId: begun?.spanId, attributes: { "holdfast.record": 9 } }])
    // Nothing was said to anybody about a line, or about the record that began.
    expect(of("append").map(({ parentId }) => parentId)).toEqual([begun, ...lines, back].map((span) => span?.spanId))
  })

  it("that came back and lead to more are the parents of that", () => {
    const { order, sku, of } = rig()
    order.batchConfirmed(2, stats, 9, recordOf(returnedOf(0)), 1_000)
    const release = { type: "Release", id: "own/9/0", sku: "S1", issuedAtMs: 1 }
    sku.batchConfirmed(
      1,
      stats,
      44,
      recordOf(messageOf(release, accepted, { sender: "@order.2", onBehalf: "web", reply: null, trace })),
      1_000,
    )
    expect(of("decide").map(({ parentId }) => parentId)).toEqual([of("return")[0]?.spanId])
  })
})

describe("a record that is projected", () => {
  const records = [
    { seq: 9, record: { ...recordOf(returnedOf(0)), atMs: 9_000 } },
    { seq: 10, record: { ...recordOf(reserved(null)), atMs: 9_000 } },
  ]

  it("has a span below each that it has, told when its rows are committed", () => {
    const made: Array<ToldSpan> = []
    const clock = { nowMs: 10_000 }
    const committed = makeProjectionTracing(
      (span) => made.push(span),
      () => clock.nowMs,
    )("order", 2, records)
    expect(made).toEqual([])
    clock.nowMs = 10_025
    committed()
    const [part] = tracedParts({ kind: "order", partition: 2, seq: 9 }, recordOf(returnedOf(0)))
    expect(made).toMatchObject([
      { name: "holdfast.project", parentId: part?.spanId, fromMs: 10_000, toMs: 10_025, attributes: { "holdfast.records": 2 } },
    ])
  })

  it("has none where it is old: it is caught up with", () => {
    const made: Array<ToldSpan> = []
    makeProjectionTracing(
      (span) => made.push(span),
      () => 9_000 + 600_001,
    )("order", 2, records)()
    expect(made).toEqual([])
  })
})
