/**
 * Counts with prom-client what the runtime reports. One registry a layer build, never the global one: tests and several workers in one
 * process would share it. Everything the meter is told is counted by plain calls, once per batch.
 */
import { Context, Effect, Layer } from "effect"
import { type Gauge, type Histogram, Registry } from "prom-client"
import type { Kind } from "../domain/kinds.ts"
import { orderKind } from "../domain/order/index.ts"
import { RefusalReason } from "../domain/refusals.ts"
import { skuKind } from "../domain/sku/index.ts"
import type { BatchStats } from "../engine/protocol.ts"
import { type IngressSample, Meter, type PartitionSample } from "../ports/meter.ts"
import type { KeyOfType, LabelOf } from "./catalogue.ts"
import { makeIngressMetrics } from "./ingress-metrics.ts"
import { makeLatencies } from "./latencies.ts"
import { addProcessMetrics, type MetricsOf, metricsOf } from "./making.ts"
import { makeOutcomes } from "./outcomes.ts"
import { makeSpanMetrics } from "./span-metrics.ts"

/** The registry that the meter of the same layer build counts into. */
export class MetricsRegistry extends Context.Service<MetricsRegistry, Registry>()("holdfast/telemetry/MetricsRegistry") {}

const makeBatchMetrics = ({ counter, histogram }: MetricsOf) => {
  const decisions = counter("decisions")
  const refusals = counter("refusals")
  const batchCommands = histogram("batchCommands")
  const batchBytes = histogram("batchBytes")
  const appendSeconds = histogram("appendSeconds")
  const holdsExpired = counter("holdsExpired")
  for (const outcome of ["accepted", "refused", "repeated", "expired", "quarantined"]) decisions.inc({ outcome }, 0)
  for (const reason of RefusalReason) refusals.inc({ reason }, 0)
  return (stats: BatchStats) => {
    let refused = 0
    for (const [reason, count] of Object.entries(stats.refused)) {
      refusals.inc({ reason }, count)
      refused += count
    }
    decisions.inc({ outcome: "accepted" }, stats.accepted)
    decisions.inc({ outcome: "refused" }, refused)
    decisions.inc({ outcome: "repeated" }, stats.repeated)
    decisions.inc({ outcome: "expired" }, stats.expired)
    decisions.inc({ outcome: "quarantined" }, stats.quarantined)
    holdsExpired.inc(stats.expiries)
    batchCommands.observe(stats.commands)
    batchBytes.observe(stats.bytes)
    appendSeconds.observe(stats.appendMs / 1_000)
  }
}

/** What names a partition. */
interface Labels extends Readonly<Record<"kind" | "partition", string | number>> {
  readonly kind: Kind
  readonly partition: number
}

/** Shows the older of what is stored and what waits in this process's ingress; null: nothing is known of it. */
const showingOldest = (gauge: Gauge<"kind" | "partition">) => {
  const known = { stored: new Map<string, number>(), queued: new Map<string, number>() }
  return (labels: Labels, where: keyof typeof known, oldestAgeMs: number | null): void => {
    const name = `${labels.kind} ${labels.partition}`
    if (oldestAgeMs === null) known[where].delete(name)
    else known[where].set(name, oldestAgeMs)
    const [stored, queued] = [known.stored.get(name), known.queued.get(name)]
    if (stored === undefined && queued === undefined) gauge.remove(labels)
    else gauge.set(labels, Math.max(stored ?? 0, queued ?? 0) / 1_000)
  }
}

/** The gauges whose labels name a partition, and nothing else. */
type KeyOfPartition = { [Key in KeyOfType<"gauge">]: [LabelOf<Key>] extends ["kind" | "partition"] ? Key : never }[KeyOfType<"gauge">]

/** What only a partition's owner can tell: absent, not 0, where another worker knows better. Otherwise a sum or a maximum over workers could hide a partition without an owner. */
const makeOwnersGauges = ({ gauge }: MetricsOf) => {
  const of = (key: KeyOfPartition, read: (sample: PartitionSample) => number | null) => ({ shown: gauge(key), read })
  const gauges = [
    of("quarantined", ({ quarantined }) => quarantined),
    of("openHolds", ({ openHolds }) => openHolds),
    of("holdsOverdue", ({ overdueMs }) => overdueMs / 1_000),
    of("openOrders", ({ openOrders }) => openOrders),
    of("unsaidRecords", ({ unsaidRecords }) => unsaidRecords),
    of("snapshotCommands", ({ commandsSinceSnapshot }) => commandsSinceSnapshot),
    of("shortSkus", ({ shortSkus }) => shortSkus),
    of("shortUnits", ({ shortQty }) => shortQty),
    of("underWay", ({ underWay }) => underWay),
    of("underWayOldestSeconds", ({ underWayMs }) => underWayMs / 1_000),
    of("memoryRatio", ({ memoryShare }) => memoryShare),
    of("clockOffset", ({ clockAheadMs }) => (clockAheadMs === null ? null : clockAheadMs / 1_000)),
  ]
  return (labels: Labels, sample: PartitionSample): void => {
    for (const { shown, read } of gauges) {
      const value = sample.owned ? read(sample) : null
      if (value === null) shown.remove(labels)
      else shown.set(labels, value)
    }
  }
}

const makePartitionGauges = (metrics: MetricsOf) => {
  const { gauge } = metrics
  const owned = gauge("owned")
  const halted = gauge("halted")
  const unreadable = gauge("unreadable")
  const showOwners = makeOwnersGauges(metrics)
  const unserved = gauge("unserved")
  const lagMessages = gauge("lagMessages")
  const lagOldest = gauge("lagOldestSeconds")
  const showOldest = showingOldest(lagOldest)
  const showUnserved = (labels: Labels, unservedMs: number): void => unserved.set(labels, unservedMs / 1_000)
  const of = (kind: Kind) => ({
    sampled: ((partition, sample) => {
      const labels: Labels = { kind, partition }
      owned.set(labels, sample.owned ? 1 : 0)
      halted.set(labels, sample.halted ? 1 : 0)
      unreadable.set(labels, sample.unreadable ? 1 : 0)
      showOwners(labels, sample)
    }) satisfies Meter["Service"]["sampled"],
    unserved: ((partition, unservedMs) => showUnserved({ kind, partition }, unservedMs)) satisfies Meter["Service"]["unserved"],
    waiting: ((partition, waiting) => {
      const labels: Labels = { kind, partition }
      if (waiting === null) lagMessages.remove(labels)
      else lagMessages.set(labels, waiting.count)
      showOldest(labels, "stored", waiting?.oldestAgeMs ?? null)
    }) satisfies Meter["Service"]["waiting"],
  })
  return {
    of,
    /** What the ingress of this process says of a partition: what waits in it waits as much as what is stored. */
    ingressTold: ({ kind, partition, oldestAgeMs, unservedMs }: IngressSample["partitions"][number]): void => {
      showOldest({ kind, partition }, "queued", oldestAgeMs === 0 ? null : oldestAgeMs)
      if (unservedMs !== null) showUnserved({ kind, partition }, unservedMs)
    },
  }
}

/** The label of an alarm that is about no partition in particular. */
const everyPartition = "all"

const makeEventCounters = ({ counter }: MetricsOf) => {
  const appendsUnknown = counter("appendsUnknown")
  const takeovers = counter("takeovers")
  const fenced = counter("fencedAppends")
  const stepDowns = counter("stepDowns")
  const halts = counter("halts")
  const alarms = counter("alarms")
  const carried = counter("carried")
  const returns = counter("returns")
  const replies = counter("repliesSent")
  const feed = counter("feedSent")
  const of = (kind: Kind) => ({
    appendUnknown: (partition: number) => appendsUnknown.inc({ kind, partition }),
    carried: ((partition, first, again) => {
      carried.inc({ kind, partition, attempt: "first" }, first)
      carried.inc({ kind, partition, attempt: "again" }, again)
    }) satisfies Meter["Service"]["carried"],
    returnsSaid: (partition: number, count: number) => returns.inc({ kind, partition, what: "said" }, count),
    returnsHeard: (partition: number, count: number) => returns.inc({ kind, partition, what: "heard" }, count),
    tookOver: (partition: number) => takeovers.inc({ kind, partition }),
    steppedDown: ((partition, reason) => {
      stepDowns.inc({ kind, partition, reason, state: "thrownAway" })
      if (reason === "Fenced") fenced.inc({ kind, partition })
    }) satisfies Meter["Service"]["steppedDown"],
    reignEnded: ((partition, reason) => {
      stepDowns.inc({ kind, partition, reason, state: "kept" })
      if (reason === "Fenced") fenced.inc({ kind, partition })
    }) satisfies Meter["Service"]["reignEnded"],
    haltedHere: ((partition, reason) => halts.inc({ kind, partition, reason })) satisfies Meter["Service"]["haltedHere"],
    alarm: ((partition, alarm) => alarms.inc({ kind, partition: partition ?? everyPartition, alarm })) satisfies Meter["Service"]["alarm"],
    // A counter that appears with its first alarm has not risen, to whoever asks by how much it did.
    begin: ((partitions, kinds, reasons, reignEnds, haltReasons) => {
      for (const alarm of kinds) alarms.inc({ kind, partition: everyPartition, alarm }, 0)
      for (let partition = 0; partition < partitions; partition++) {
        for (const one of [appendsUnknown, takeovers, fenced]) one.inc({ kind, partition }, 0)
        for (const attempt of ["first", "again"]) carried.inc({ kind, partition, attempt }, 0)
        for (const what of ["said", "heard"]) returns.inc({ kind, partition, what }, 0)
        for (const alarm of kinds) alarms.inc({ kind, partition, alarm }, 0)
        for (const reason of reasons) stepDowns.inc({ kind, partition, reason, state: "thrownAway" }, 0)
        for (const reason of reignEnds) stepDowns.inc({ kind, partition, reason, state: "kept" }, 0)
        for (const reason of haltReasons) halts.inc({ kind, partition, reason }, 0)
      }
    }) satisfies Meter["Service"]["begin"],
  })
  return { of, repliesSent: (count: number) => replies.inc(count), feedSent: (count: number) => feed.inc(count) }
}

/** How old each partition's newest snapshot is, as far as this process knows: an owner writes them. Of a partition that another worker serves nothing is said. */
const makeSnapshotAges = ({ gauge }: MetricsOf) => {
  const since = new Map<string, { readonly labels: Labels; readonly atMs: number; isOwned: boolean }>()
  const nameOf = ({ kind, partition }: Labels) => `${kind} ${partition}`
  gauge("snapshotAge", (shown) => {
    shown.reset()
    for (const { labels, atMs, isOwned } of since.values()) if (isOwned) shown.set(labels, (performance.now() - atMs) / 1_000)
  })
  return {
    known: (labels: Labels): void => {
      const isOwned = since.get(nameOf(labels))?.isOwned ?? false
      since.set(nameOf(labels), { labels, atMs: performance.now(), isOwned })
    },
    owned: (labels: Labels, isOwned: boolean): void => {
      const found = since.get(nameOf(labels))
      if (found !== undefined) found.isOwned = isOwned
    },
  }
}

/** A meter for each kind, over the same metrics. */
const makeMeters = (registry: Registry): ((kind: Kind) => Meter["Service"]) => {
  const metrics = metricsOf(registry)
  const batch = makeBatchMetrics(metrics)
  const gauges = makePartitionGauges(metrics)
  const { of: countersOf, ...sent } = makeEventCounters(metrics)
  const ingress = makeIngressMetrics(metrics, gauges.ingressTold)
  const outcomes = makeOutcomes(
    metrics,
    [...skuKind.commands, ...orderKind.commands].map(({ type }) => type),
  )
  const latencies = makeLatencies(registry, metrics)
  const snapshots = makeSnapshotAges(metrics)
  const meterOf = (kind: Kind): Meter["Service"] => {
    const counters = countersOf(kind)
    const shown = gauges.of(kind)
    return Meter.of({
      ...shown,
      ...counters,
      ...ingress,
      sampled: (partition, sample) => {
        shown.sampled(partition, sample)
        snapshots.owned({ kind, partition }, sample.owned)
      },
      batchConfirmed: (partition, stats, seq, record) => {
        batch(stats)
        latencies.confirmed(kind, partition, seq, record)
        outcomes(kind, record)
      },
      repliesSent: (partition, seq, count, brokerNowMs) => {
        sent.repliesSent(count)
        latencies.repliesSent(kind, partition, seq, brokerNowMs)
      },
      feedHandedOver: (partition, group, values) => latencies.handedOver(kind, partition, group, values),
      feedSent: (partition, group, values, brokerNowMs) => {
        sent.feedSent(values.length)
        latencies.feedSent(kind, partition, group, values, brokerNowMs)
      },
      feedFailed: (partition, group) => latencies.feedFailed(kind, partition, group),
      steppedDown: (partition, reason) => {
        counters.steppedDown(partition, reason)
        latencies.reignOver(kind, partition)
      },
      reignEnded: (partition, reason) => {
        counters.reignEnded(partition, reason)
        latencies.reignOver(kind, partition)
      },
      snapshotKnown: (partition) => snapshots.known({ kind, partition }),
    })
  }
  return meterOf
}

/** A meter for the partitions of each kind, over the metrics of the same layer build. What an ingress counts names its kind by itself: any of them takes it. */
export class Meters extends Context.Service<Meters, (kind: Kind) => Meter["Service"]>()("holdfast/telemetry/Meters") {}

/** Milliseconds between two looks at the clock, and those by which one has to be late to count as a pause. */
const [lookMs, pauseMsMin] = [50, 100]

/** Measures how long this process stands still. Returns how to stop. */
const watchPauses = (pauses: Histogram): (() => void) => {
  let lastMs = performance.now()
  const timer = setInterval(() => {
    const nowMs = performance.now()
    const lateMs = nowMs - lastMs - lookMs
    if (lateMs >= pauseMsMin) pauses.observe(lateMs / 1_000)
    lastMs = nowMs
  }, lookMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** A registry with the metrics that every process has: event loop lag, memory, garbage collection, pauses, spans. */
export const registryLayer = (worker: string): Layer.Layer<MetricsRegistry> =>
  Layer.effect(
    MetricsRegistry,
    Effect.acquireRelease(
      Effect.sync(() => {
        const registry = new Registry()
        registry.setDefaultLabels({ worker })
        addProcessMetrics(registry)
        makeSpanMetrics(registry)
        const metrics = metricsOf(registry)
        metrics.counter("collectFailures")
        return { registry, stop: watchPauses(metrics.histogram("pauseSeconds")) }
      }),
      ({ stop, registry }) =>
        Effect.sync(() => {
          stop()
          registry.clear()
        }),
    ).pipe(Effect.map(({ registry }) => registry)),
  )

/** The same, and meters that count into it. */
export const metricsLayer = (worker: string): Layer.Layer<Meters | MetricsRegistry> =>
  Layer.effect(Meters, Effect.map(MetricsRegistry, makeMeters)).pipe(Layer.provideMerge(registryLayer(worker)))
