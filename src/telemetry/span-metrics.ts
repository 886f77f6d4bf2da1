/**
 * Counts what becomes of spans, in every process: the counters are there at 0 whether tracing is on or not.
 */
import { Counter, type Registry } from "prom-client"
import { assert } from "../assert.ts"
import { catalogue } from "./catalogue.ts"
import { metricsOf } from "./making.ts"
import { type SpanCounts, SpanDropped } from "./otlp.ts"

/** Registers the counters. */
export const makeSpanMetrics = (registry: Registry): void => {
  const { counter } = metricsOf(registry)
  counter("spansSent").inc(0)
  const dropped = counter("spansDropped")
  for (const reason of SpanDropped) dropped.inc({ reason }, 0)
}

const madeCounter = (registry: Registry, name: string): Counter => {
  const made = registry.getSingleMetric(name)
  assert(made instanceof Counter, "a process that tells spans has its counters")
  return made
}

/** Counts into the counters that were registered. */
export const spanCounts = (registry: Registry): SpanCounts => {
  const [sent, dropped] = [madeCounter(registry, catalogue.spansSent.name), madeCounter(registry, catalogue.spansDropped.name)]
  return { sent: (count) => sent.inc(count), dropped: (reason, count) => dropped.inc({ reason }, count) }
}
