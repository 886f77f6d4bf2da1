/**
 * Every worker watches over all partitions of a kind, not only its own: feeds what it sees to the judge (outage.ts), tells what that finds in log and metrics, and answers /ready with it.
 */
import { Clock, Effect, type Scope } from "effect"
import type { Kind } from "../domain/kinds.ts"
import { outageLookMs } from "../limits.ts"
import { type BrokerTrouble, Cluster } from "../ports/broker.ts"
import { Meter } from "../ports/meter.ts"
import { logLine } from "../telemetry/names.ts"
import { type ClusterSeen, OutageJudge, type OutageReason } from "./outage.ts"
import type { Ownership } from "./ownership.ts"
import { watch } from "./reading.ts"
import { isHalted, type Slot } from "./slot.ts"

/** An outage as people read it. */
export interface OutageReport {
  readonly kind: Kind
  readonly partition: number
  readonly reason: OutageReason
  readonly detail: string
  /** On this worker's wall clock, milliseconds since 1970. */
  readonly sinceMs: number
  readonly unservedSeconds: number
}

/** What the watch over all partitions has found so far. */
export interface Vigil {
  readonly outages: () => ReadonlyArray<OutageReport>
  /** Whether every partition of the cluster is served, or is on its way from one owner to the next. */
  readonly isServed: () => boolean
}

const haltOf = (slot: Slot): string | null => (isHalted(slot) && slot.halt !== null ? `${slot.halt.reason}: ${slot.halt.detail}` : null)

/** What was wrong at the look before, so that only what is new is told. */
const newTroubles = (before: ReadonlyArray<BrokerTrouble>, now: ReadonlyArray<BrokerTrouble>): ReadonlyArray<BrokerTrouble> =>
  now.filter(({ kind, detail }) => !before.some((known) => known.kind === kind && known.detail === detail))

/** Told after each look: whether every partition of a kind is served, or is on its way from one owner to the next. */
export type LookedAt = (kind: Kind, isServed: boolean) => void

/** Watches until the scope closes. */
export const keepVigil: (
  ownership: Ownership,
  kind: Kind,
  partitions: number,
  looked: LookedAt,
) => Effect.Effect<Vigil, never, Cluster | Meter | Scope.Scope> = Effect.fnUntraced(function* (ownership, kind, partitions, looked) {
  const cluster = yield* Cluster
  const meter = yield* Meter
  const clock = yield* Clock.Clock
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const steadyMs = () => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)
  const alarm = (partition: number | null, what: Parameters<Meter["Service"]["alarm"]>[1], detail: string) => {
    meter.alarm(partition, what)
    run(Effect.logWarning(logLine.alarm, { partition, alarm: what, detail }))
  }
  let troubles: ReadonlyArray<BrokerTrouble> = []
  let answeredMs = steadyMs()
  yield* Effect.forkScoped(
    watch("watching the broker's streams and servers", cluster.troubles(partitions), (found) => {
      answeredMs = steadyMs()
      for (const trouble of newTroubles(troubles, found)) alarm(trouble.partition, trouble.kind, trouble.detail)
      troubles = found
    }),
  )
  const judge = new OutageJudge(partitions, steadyMs())
  const seen = (): ClusterSeen => ({
    partitions: ownership.slots.map((slot) => ({
      partition: slot.partition,
      holder: slot.holder,
      passedOver: slot.passedOver,
      halt: haltOf(slot),
    })),
    members: ownership.heard(),
    brokerHeardMs: Math.max(answeredMs, ownership.membersHeardMs()),
    troubles,
  })
  let last = judge.look(seen(), steadyMs())
  const isServed = () => last.isServed && last.outages.length === 0
  const look = () => {
    const nowMs = steadyMs()
    last = judge.look(seen(), nowMs)
    const unserved = new Map(last.outages.map(({ partition, sinceMs }) => [partition, nowMs - sinceMs]))
    for (const { partition } of ownership.slots) meter.unserved(partition, unserved.get(partition) ?? 0)
    for (const { partition, reason, detail } of last.toTell) alarm(partition, "PartitionUnserved", `${reason}: ${detail}`)
    looked(kind, isServed())
  }
  yield* Effect.sync(look).pipe(Effect.delay(outageLookMs), Effect.forever, Effect.forkScoped)
  const reportOf = ({ partition, reason, detail, sinceMs }: (typeof last.outages)[number]): OutageReport => {
    const unservedMs = steadyMs() - sinceMs
    return {
      kind,
      partition,
      reason,
      detail,
      sinceMs: clock.currentTimeMillisUnsafe() - unservedMs,
      unservedSeconds: Math.round(unservedMs / 100) / 10,
    }
  }
  return { outages: () => last.outages.map(reportOf), isServed }
})
