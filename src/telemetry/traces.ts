/**
 * Tracing of one process: what makes spans of its requests, arrivals, records and projected batches, and the line on which they go to a collector. Off unless a collector is named: then a meter is left as it is, a request and a batch
 * have nobody to tell, and nothing of all this is made for any command.
 *
 * Spans go out over OTLP, in batches, and are lost if a collector can't take them: nothing waits for that, and how many were lost is a metric.
 */
import { Context, Effect, Layer, type Scope } from "effect"
import type { Registry } from "prom-client"
import type { Kind } from "../domain/kinds.ts"
import type { Meter } from "../ports/meter.ts"
import type { RequestTraces } from "../ports/request-traces.ts"
import type { Exporter } from "./catalogue.ts"
import { MetricsRegistry } from "./metrics.ts"
import { logLine } from "./names.ts"
import { SpanExporter } from "./otlp.ts"
import { makeProjectionTracing, type ProjectionTracing } from "./projection-traces.ts"
import { tracedMeter } from "./record-traces.ts"
import { makeRequestTraces } from "./request-traces.ts"
import { spanCounts } from "./span-metrics.ts"

/** Where spans go (null: nowhere), and which process tells them. */
interface TracingOptions {
  readonly otlpUrl: string | null
  readonly process: Exporter
  readonly worker: string
}

/** What makes spans in a process. */
export interface TracingParts {
  /** Puts tracing before a meter of that kind. */
  readonly meter: (kind: Kind, meter: Meter["Service"]) => Meter["Service"]
  /** Keeps traces of HTTP requests, of which this share begins one by itself; undefined: off. */
  readonly requests: (ratio: number) => RequestTraces | undefined
  /** Is told of batches that are projected; undefined: off. */
  readonly projected: ProjectionTracing | undefined
}

/** Tracing of this process. */
export class Tracing extends Context.Service<Tracing, TracingParts>()("holdfast/telemetry/Tracing") {}

/** Where nobody names a collector. */
export const noTracing: TracingParts = Object.freeze<TracingParts>({
  meter: (_, meter) => meter,
  requests: () => undefined,
  projected: undefined,
})

/** Makes tracing, which counts in a registry that has the counters for it, until the scope closes. */
export const makeTracing: (options: TracingOptions, registry: Registry) => Effect.Effect<TracingParts, never, Scope.Scope> =
  Effect.fnUntraced(function* ({ otlpUrl, process, worker }, registry) {
    if (otlpUrl === null) return noTracing
    const counts = spanCounts(registry)
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const exporter = yield* Effect.acquireRelease(
      Effect.sync(
        () =>
          new SpanExporter({
            otlpUrl,
            resource: { "service.namespace": "holdfast", "service.name": `holdfast-${process}`, "service.instance.id": worker },
            counts,
            say: (cause) =>
              void run(cause === null ? Effect.logInfo(logLine.spansTaken) : Effect.logWarning(logLine.spansWait, { otlpUrl, cause })),
          }),
      ),
      (opened) => Effect.promise(() => opened.close()),
    )
    const { tell } = exporter
    const nowMs = () => performance.timeOrigin + performance.now()
    return {
      meter: tracedMeter({ tell, nowMs, log: (fields) => void run(Effect.logDebug(logLine.decided, fields)) }),
      requests: (ratio) => makeRequestTraces({ tell, nowMs, ratio }),
      projected: makeProjectionTracing(tell, nowMs),
    }
  })

/** Tracing as the settings say. */
export const tracingLayer = (options: TracingOptions): Layer.Layer<Tracing, never, MetricsRegistry> =>
  Layer.effect(
    Tracing,
    Effect.flatMap(MetricsRegistry, (registry) => makeTracing(options, registry)),
  )
