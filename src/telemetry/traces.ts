/**
 * Spans of commands whose sender asked for a trace: `traceparent` with the flag of a sampled one. Off unless a collector is named.
 *
 * A meter is told of records, replies and the feed; this one tells the meter behind it the same, and makes the spans. Of a batch there is no Effect more, and of a command that nobody traces nothing at all: spans are made
 * by plain calls of the tracer, for those messages of a record that bear a sampled trace. They go to the collector in batches, over OTLP, and are lost if it can't be reached: nothing waits for that.
 *
 * The spans of one message, each the child of the one before but the last two: `holdfast.decide` (child of the sender's own span; from publishing, by the broker's clock, until its record is confirmed), `holdfast.append` in it,
 * then `holdfast.reply` and `holdfast.feed`. Whoever reads the record later (a projection) finds the sender's `traceparent` in it, and goes on from there.
 */
import { Context, Effect, Exit, Layer, Option, type Scope, Tracer } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { EpochMs } from "../domain/names.ts"
import type { JournalRecord, MessageEntry } from "../engine/records.ts"
import type { AtsValue } from "../kinds/sku/types.ts"
import { tracedRecordsMax } from "../limits.ts"
import type { Meter } from "../ports/meter.ts"
import { logLine, spanName } from "./names.ts"

/** Where spans go: null, nowhere. */
interface TracingOptions {
  readonly otlpUrl: string | null
  readonly worker: string
}

/** Puts tracing before a meter of that kind. */
export class Tracing extends Context.Service<Tracing, (kind: Kind, meter: Meter["Service"]) => Meter["Service"]>()(
  "holdfast/telemetry/Tracing",
) {}

/** The parts of a `traceparent`, and whether its sender wants it recorded. */
const partsOf = (trace: string) => ({
  traceId: trace.slice(3, 35),
  spanId: trace.slice(36, 52),
  sampled: (Number.parseInt(trace.slice(53), 16) & 1) === 1,
})

const nanos = (ms: number): bigint => BigInt(Math.round(ms * 1_000)) * 1_000n

/** One traced message of a record, until all of it is said. */
interface Traced {
  readonly decide: Tracer.Span
  /** SKUs that it may have changed. */
  readonly skus: ReadonlySet<string>
}

interface Spans {
  readonly tracer: Tracer.Tracer
  /** The wall clock in milliseconds. */
  readonly nowMs: () => number
  readonly log: (fields: Readonly<Record<string, unknown>>) => void
}

const makeSpan = ({ tracer }: Spans, name: string, parent: Tracer.AnySpan, fromMs: number, kind: Tracer.SpanKind): Tracer.Span =>
  tracer.span({
    name,
    parent: Option.some(parent),
    annotations: Context.empty(),
    links: [],
    startTime: nanos(fromMs),
    kind,
    root: false,
    sampled: true,
  })

const end = (span: Tracer.Span, atMs: number, attributes: Readonly<Record<string, string | number>> = {}): void => {
  for (const [name, value] of Object.entries(attributes)) span.attribute(name, value)
  span.end(nanos(atMs), Exit.void)
}

const skusOf = ({ decided }: MessageEntry): ReadonlySet<string> =>
  new Set(decided.flatMap(({ command }) => (command !== null && "sku" in command && typeof command.sku === "string" ? [command.sku] : [])))

/** What a span says of a message: whose it is, where it stands, and what came of it. No quantity, and nothing that a person is named by. */
const attributesOf = (kind: Kind, partition: number, seq: number, epoch: number, { sender, decided }: MessageEntry) => ({
  "holdfast.kind": kind,
  "holdfast.partition": partition,
  "holdfast.record": seq,
  "holdfast.epoch": epoch,
  "holdfast.sender": sender,
  "holdfast.commands": decided.map(({ command }) => command?.id ?? "unread").join(" "),
  "holdfast.outcomes": decided.map(({ decision }) => (decision._tag === "Refused" ? decision.refusal.reason : decision._tag)).join(" "),
})

/** Makes the spans of the sampled messages of a record. */
const traceRecord = (
  spans: Spans,
  kind: Kind,
  partition: number,
  seq: number,
  record: JournalRecord,
  appendMs: number,
  brokerNowMs: EpochMs | null,
) => {
  const found: Array<Traced> = []
  const nowMs = spans.nowMs()
  for (const entry of record.entries) {
    if (entry._tag !== "Message" || entry.trace === undefined) continue
    const parts = partsOf(entry.trace)
    if (!parts.sampled) continue
    // Published so long ago, whatever either clock says.
    const fromMs = brokerNowMs === null ? nowMs - appendMs : Math.min(nowMs - appendMs, nowMs - (brokerNowMs - entry.brokerMs))
    const decide = makeSpan(spans, spanName.decide, Tracer.externalSpan(parts), fromMs, "consumer")
    end(makeSpan(spans, spanName.append, decide, nowMs - appendMs, "client"), nowMs, { "holdfast.record": seq })
    const attributes = attributesOf(kind, partition, seq, record.epoch, entry)
    end(decide, nowMs, attributes)
    spans.log({ traceId: decide.traceId, spanId: decide.spanId, ...attributes })
    found.push({ decide, skus: skusOf(entry) })
  }
  return found
}

/** A meter that makes spans of what it is told, and tells it on. */
export const traced =
  (spans: Spans) =>
  (kind: Kind, meter: Meter["Service"]): Meter["Service"] => {
    /** By partition and record. */
    const records = new Map<string, { readonly of: ReadonlyArray<Traced>; readonly confirmedMs: number }>()
    const groups = new Map<string, number>()
    const nameOf = (partition: number, of: number): string => `${partition} ${of}`
    const feedSpans = (partition: number, values: ReadonlyArray<AtsValue>, sinceMs: number): void => {
      for (const { channel, sku, version, ats } of values)
        for (const { decide, skus } of records.get(nameOf(partition, version))?.of ?? [])
          if (skus.has(sku))
            end(makeSpan(spans, spanName.feed, decide, sinceMs, "producer"), spans.nowMs(), {
              "holdfast.channel": channel,
              "holdfast.ats": ats,
              "holdfast.record": version,
            })
    }
    return {
      ...meter,
      batchConfirmed: (partition, stats, seq, record, brokerNowMs) => {
        meter.batchConfirmed(partition, stats, seq, record, brokerNowMs)
        const of = traceRecord(spans, kind, partition, seq, record, stats.appendMs, brokerNowMs)
        if (of.length === 0) return
        records.set(nameOf(partition, seq), { of, confirmedMs: spans.nowMs() })
        if (records.size <= tracedRecordsMax) return
        for (const oldest of records.keys()) {
          records.delete(oldest)
          return
        }
      },
      repliesSent: (partition, seq, count, brokerNowMs) => {
        meter.repliesSent(partition, seq, count, brokerNowMs)
        const found = records.get(nameOf(partition, seq))
        for (const { decide } of found?.of ?? [])
          end(makeSpan(spans, spanName.reply, decide, found?.confirmedMs ?? 0, "producer"), spans.nowMs(), { "holdfast.record": seq })
      },
      feedHandedOver: (partition, group, values) => {
        meter.feedHandedOver(partition, group, values)
        if (records.size > 0) groups.set(nameOf(partition, group), spans.nowMs())
      },
      feedSent: (partition, group, values, brokerNowMs) => {
        meter.feedSent(partition, group, values, brokerNowMs)
        const name = nameOf(partition, group)
        const sinceMs = groups.get(name)
        groups.delete(name)
        if (sinceMs !== undefined) feedSpans(partition, values, sinceMs)
      },
      feedFailed: (partition, group) => {
        meter.feedFailed(partition, group)
        groups.delete(nameOf(partition, group))
      },
    }
  }

/** A tracer that sends what it is given to a collector. What it takes is read only where there is one: it would cost every start a tenth of a second. */
const otlpTracer = Effect.fnUntraced(function* (url: string, worker: string) {
  const [{ OtlpExporter, OtlpSerialization, OtlpTracer }, { FetchHttpClient }] = yield* Effect.promise(() =>
    Promise.all([import("effect/observability"), import("effect/http")]),
  )
  const made = OtlpTracer.make({
    url: `${url.replace(/\/+$/, "")}/v1/traces`,
    resource: { serviceName: "holdfast", attributes: { "service.instance.id": worker } },
    exportInterval: "1 second",
  })
  const scope = yield* Effect.scope
  const needs = Layer.mergeAll(OtlpExporter.layerFlusher, OtlpSerialization.layerJson, FetchHttpClient.layer)
  return yield* Effect.provide(made, yield* Layer.buildWithScope(needs, scope))
})

/** Makes tracing: as long as no collector is named, a meter is left as it is. */
const makeTracing: (options: TracingOptions) => Effect.Effect<Tracing["Service"], never, Scope.Scope> = Effect.fnUntraced(function* ({
  otlpUrl,
  worker,
}) {
  if (otlpUrl === null) return (_, meter) => meter
  const tracer = yield* otlpTracer(otlpUrl, worker)
  const run = Effect.runForkWith(yield* Effect.context<never>())
  return traced({
    tracer,
    nowMs: () => performance.timeOrigin + performance.now(),
    log: (fields) => void run(Effect.logDebug(logLine.decided, fields)),
  })
})

/** Tracing as the settings say. */
export const tracingLayer = (options: TracingOptions): Layer.Layer<Tracing> => Layer.effect(Tracing, makeTracing(options))
