/**
 * Counts with prom-client what the runtime reports. One registry a layer build, never the global one: tests and several workers in one
 * process would share it. Everything the meter is told is counted by plain calls, once per batch.
 */
import { Context, Effect, Layer } from "effect"
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client"
import type { Kind } from "../domain/kinds.ts"
import { RefusalReason } from "../domain/refusals.ts"
import type { BatchStats } from "../engine/protocol.ts"
import { batchCommandsMax, recordBytesMax } from "../limits.ts"
import { type IngressSample, Meter, type PartitionSample } from "../ports/meter.ts"
import { makeIngressMetrics } from "./ingress-metrics.ts"
import { metricName } from "./names.ts"

/** The registry that the meter of the same layer build counts into. */
export class MetricsRegistry extends Context.Service<MetricsRegistry, Registry>()("holdfast/telemetry/MetricsRegistry") {}

const powersOfTwoUpTo = (max: number, from: number): Array<number> => {
  const powers: Array<number> = []
  for (let power = from; power < max; power *= 2) powers.push(power)
  return [...powers, max]
}

/** Seconds: a local append takes some 0.2 ms, a replicated one with fsync some 5 ms, and the time-out is 5 s. */
const appendBuckets = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]

const makeBatchMetrics = (registers: Array<Registry>) => {
  const decisions = new Counter({
    name: metricName.decisions,
    help: "Commands decided, by outcome. A repeated decision is counted as repeated, whatever it was.",
    labelNames: ["outcome"],
    registers,
  })
  const refusals = new Counter({ name: metricName.refusals, help: "Commands refused, by reason.", labelNames: ["reason"], registers })
  const batchCommands = new Histogram({
    name: metricName.batchCommands,
    help: "Commands decided by one journal record.",
    buckets: powersOfTwoUpTo(batchCommandsMax, 1),
    registers,
  })
  const batchBytes = new Histogram({
    name: metricName.batchBytes,
    help: "Bytes of one journal record.",
    buckets: powersOfTwoUpTo(recordBytesMax, 512),
    registers,
  })
  const appendSeconds = new Histogram({
    name: metricName.appendSeconds,
    help: "Seconds from handing a journal record over to knowing that it is stored.",
    buckets: appendBuckets,
    registers,
  })
  const holdsExpired = new Counter({ name: metricName.holdsExpired, help: "Holds ended because their time was up.", registers })
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

/** What only a partition's owner can tell: absent, not 0, where another worker knows better. Otherwise a sum or a maximum over workers could hide a partition without an owner. */
const makeOwnersGauges = (gauge: (name: string, help: string) => Gauge<"kind" | "partition">) => {
  const of = (name: string, help: string, read: (sample: PartitionSample) => number | null) => ({
    shown: gauge(name, `${help}, of partitions this worker serves.`),
    read,
  })
  const gauges = [
    of(metricName.quarantined, "Commands in quarantine", ({ quarantined }) => quarantined),
    of(metricName.openHolds, "Holds that are open", ({ openHolds }) => openHolds),
    of(metricName.shortUnits, "Units sold without asking that are not there", ({ shortQty }) => shortQty),
    of(
      metricName.underWay,
      "Commands that the partition's actors sent to others and whose decision has not come back",
      ({ underWay }) => underWay,
    ),
    of(
      metricName.underWayOldestSeconds,
      "Seconds for which the oldest command under way has had no decision, 0 if there is none",
      ({ underWayMs }) => underWayMs / 1_000,
    ),
    of(metricName.memoryShare, "How full the fullest memory of any sender is, as a share of its bound", ({ memoryShare }) => memoryShare),
    of(
      metricName.clockOffset,
      "Seconds by which this worker's clock is ahead of the broker's, as the owner of the partition last saw it",
      ({ clockAheadMs }) => (clockAheadMs === null ? null : clockAheadMs / 1_000),
    ),
  ]
  return (labels: Labels, sample: PartitionSample): void => {
    for (const { shown, read } of gauges) {
      const value = sample.owned ? read(sample) : null
      if (value === null) shown.remove(labels)
      else shown.set(labels, value)
    }
  }
}

const makePartitionGauges = (registers: Array<Registry>) => {
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames: ["kind", "partition"], registers })
  const owned = gauge(metricName.owned, "1 where this worker serves the partition. Summed over all workers, each partition should be 1.")
  const halted = gauge(metricName.halted, "1 while nobody may serve the partition until an operator resumes it.")
  const unreadable = gauge(
    metricName.unreadable,
    "1 where this worker can't read the partition's journal, because a newer release writes it.",
  )
  const showOwners = makeOwnersGauges(gauge)
  const unserved = gauge(
    metricName.unserved,
    "Seconds for which nobody has served the partition, as this process sees it; 0 while it is served.",
  )
  const lagMessages = gauge(metricName.lagMessages, "Messages stored and not decided yet, of partitions this worker serves.")
  const lagOldest = gauge(
    metricName.lagOldestSeconds,
    "Seconds since the oldest message that is not decided was stored, or was published and waits in this process's ingress; 0 if there is none.",
  )
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

const makeEventCounters = (registers: Array<Registry>) => {
  const counter = <Label extends string>(name: string, help: string, labelNames: ReadonlyArray<Label>) =>
    new Counter<Label>({ name, help, labelNames: [...labelNames], registers })
  const appendsUnknown = counter(metricName.appendsUnknown, "Appends whose outcome was unknown until the journal was read.", [
    "kind",
    "partition",
  ])
  const takeovers = counter(metricName.takeovers, "Times this worker became a partition's owner.", ["kind", "partition"])
  const fenced = counter(
    metricName.fencedAppends,
    "Reigns given up because another owner's record, or a witness of one, was met: this one was a zombie.",
    ["kind", "partition"],
  )
  const stepDowns = counter(
    metricName.stepDowns,
    "Times this worker gave up a partition, by reason, and what became of its state: kept, or thrownAway.",
    ["kind", "partition", "reason", "state"],
  )
  const alarms = counter(metricName.alarms, "Alarms, by what they tell.", ["kind", "partition", "alarm"])
  const carried = counter(
    metricName.carried,
    "Commands that the partition's actors sent to others, by attempt: the first, or again because no decision had come back.",
    ["kind", "partition", "attempt"],
  )
  const returns = counter(
    metricName.returns,
    "Decisions of commands between actors: said to who asked (said), and heard by who did (heard), repeated ones included.",
    ["kind", "partition", "what"],
  )
  const replies = counter(metricName.repliesSent, "Reply messages that the server has.", [])
  const feed = counter(metricName.feedSent, "ATS values that the feed has.", [])
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
    alarm: ((partition, alarm) => alarms.inc({ kind, partition: partition ?? everyPartition, alarm })) satisfies Meter["Service"]["alarm"],
    // A counter that appears with its first alarm has not risen, to whoever asks by how much it did.
    begin: ((partitions, kinds, reasons, reignEnds) => {
      for (const alarm of kinds) alarms.inc({ kind, partition: everyPartition, alarm }, 0)
      for (let partition = 0; partition < partitions; partition++) {
        for (const one of [appendsUnknown, takeovers, fenced]) one.inc({ kind, partition }, 0)
        for (const attempt of ["first", "again"]) carried.inc({ kind, partition, attempt }, 0)
        for (const what of ["said", "heard"]) returns.inc({ kind, partition, what }, 0)
        for (const alarm of kinds) alarms.inc({ kind, partition, alarm }, 0)
        for (const reason of reasons) stepDowns.inc({ kind, partition, reason, state: "thrownAway" }, 0)
        for (const reason of reignEnds) stepDowns.inc({ kind, partition, reason, state: "kept" }, 0)
      }
    }) satisfies Meter["Service"]["begin"],
  })
  return { of, repliesSent: (count: number) => replies.inc(count), feedSent: (count: number) => feed.inc(count) }
}

/** A meter for each kind, over the same metrics. */
const makeMeters = (registry: Registry): ((kind: Kind) => Meter["Service"]) => {
  const batch = makeBatchMetrics([registry])
  const gauges = makePartitionGauges([registry])
  const { of: countersOf, ...sent } = makeEventCounters([registry])
  const ingress = makeIngressMetrics([registry], gauges.ingressTold)
  return (kind) =>
    Meter.of({ batchConfirmed: (_partition, stats) => batch(stats), ...gauges.of(kind), ...countersOf(kind), ...sent, ...ingress })
}

/** A meter for the partitions of each kind, over the metrics of the same layer build. What an ingress counts names its kind by itself: any of them takes it. */
export class Meters extends Context.Service<Meters, (kind: Kind) => Meter["Service"]>()("holdfast/telemetry/Meters") {}

/** A registry with the process's own metrics (event loop lag, memory, garbage collection), and meters that count into it. */
export const metricsLayer = (worker: string): Layer.Layer<Meters | MetricsRegistry> =>
  Layer.effectContext(
    Effect.acquireRelease(
      Effect.sync(() => {
        const registry = new Registry()
        registry.setDefaultLabels({ worker })
        collectDefaultMetrics({ register: registry })
        return Context.make(MetricsRegistry, registry).pipe(Context.add(Meters, makeMeters(registry)))
      }),
      (context) => Effect.sync(() => Context.get(context, MetricsRegistry).clear()),
    ),
  )
