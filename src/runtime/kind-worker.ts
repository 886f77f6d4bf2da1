/**
 * What a worker does for the partitions of one kind: joins those that work for that kind, looks after its share of the partitions, and leaves without leaving anything unsaid.
 *
 * A process that works for several kinds is a member of each for itself: who owns the partitions of one says nothing of those of another.
 */
import { Clock, Effect, Exit, Scope } from "effect"
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import { fullestMemory } from "../engine/memory-bounds.ts"
import { AlarmKind, HaltReason, ReignEndReason, StepDownReason } from "../engine/protocol.ts"
import { overdueMsOf, statusOf } from "../engine/views.ts"
import { Cluster, Journals, type Member, type Progress } from "../ports/broker.ts"
import { Meter, WatchAlarmKind } from "../ports/meter.ts"
import { logLine } from "../telemetry/names.ts"
import { CarriedClock } from "./carried-clock.ts"
import { Engine } from "./engine.ts"
import { figuresOf } from "./figures.ts"
import { type LagSource, lagOver, lagSources } from "./lag.ts"
import { StallClock } from "./outage.ts"
import { type Ownership, startOwnership } from "./ownership.ts"
import type { PartitionPorts } from "./partition.ts"
import { untilDone } from "./patience.ts"
import { isHalted, isOwning, isPassedOver, type Slot } from "./slot.ts"
import { keepVigil, type LookedAt, type Vigil } from "./vigil.ts"

/** What it is told at its start. */
export interface KindWorkerOptions {
  /** Unique among the workers, and one subject token. */
  readonly worker: string
  /** Where it serves /metrics and /ready, for people. */
  readonly address: string
  readonly partitions: PartitionCounts
  /** Milliseconds after which a worker that says nothing is taken for dead. */
  readonly leaseTtlMs: number
  /** Milliseconds that leaving may take. */
  readonly drainTimeoutMs: number
}

/** The work for one kind, as its worker sees it. */
export interface KindWorker {
  readonly kind: Kind
  readonly ownership: Ownership
  readonly vigil: Vigil
  /** Returns once it has caught up with what will be its, and the others know of it. */
  readonly join: Effect.Effect<void>
  /**
   * Says that it is gone, so that the others begin to ask for its leases, and meanwhile drains every partition and gives its lease back as soon as all that was decided
   * there is said. Returns the partitions for which that took too long; their next owner says it.
   */
  readonly leave: Effect.Effect<ReadonlyArray<number>>
}

/** Milliseconds between two ticks of a partition: how late an expiry, a check or a second attempt may be. */
const tickMs = 25
/** Milliseconds between two looks at what metrics show. */
const sampleMs = 1_000

const tick = (slots: ReadonlyArray<Slot>): void => {
  for (const { running } of slots) if (running?.isClaimed() === true) running.tell({ _tag: "Tick" })
}

/** What one look at a partition needs. */
interface Sampling {
  readonly slot: Slot
  readonly stall: StallClock
  readonly carried: CarriedClock
  readonly sources: ReadonlyArray<LagSource>
}

/** A look at one that this worker doesn't own. */
const sampleOther = (meter: Meter["Service"], slot: Slot): void => {
  const { partition } = slot
  slot.progress = null
  slot.carried = null
  slot.figures = null
  meter.sampled(partition, {
    owned: false,
    halted: isHalted(slot),
    unreadable: isPassedOver(slot),
    quarantined: 0,
    openHolds: 0,
    overdueMs: 0,
    openOrders: null,
    shortSkus: null,
    unsaidRecords: 0,
    commandsSinceSnapshot: 0,
    shortQty: null,
    underWay: 0,
    underWayMs: 0,
    memoryShare: 0,
    clockAheadMs: null,
  })
  meter.waiting(partition, null)
}

/** Whether the journal, by its leader's word, ends before what was confirmed here. The owner would notice at its next append; without traffic nobody would. */
const isJournalShort = Effect.fnUntraced(function* (slot: Slot, confirmedSeq: number) {
  const journals = yield* Journals
  const endSeq = yield* Effect.option(journals.endSeq(slot.partition).pipe(Effect.timeout(sampleMs)))
  return endSeq._tag === "Some" && endSeq.value < confirmedSeq
})

const sample = Effect.fnUntraced(function* ({ slot, stall, carried, sources }: Sampling) {
  const meter = yield* Meter
  const { partition, running } = slot
  if (running === null || !isOwning(slot)) return sampleOther(meter, slot)
  const status = statusOf(running.state)
  const engine = yield* Engine
  const shortQty = engine.shortQty(running.state)
  const { share: memoryShare } = fullestMemory(running.state)
  const here = { owned: true, halted: false, unreadable: false }
  slot.carried = carried.look(running.state, Number((yield* Clock.monotonicTimeNanos) / 1_000_000n))
  const { underWay, oldestMs: underWayMs, stuck } = slot.carried
  const shortSkus = shortQty === null ? null : status.shortActors
  const openOrders = engine.kind === "order" ? status.openParts : null
  const nowAtBrokerMs = running.brokerNowMs()
  const overdueMs = nowAtBrokerMs === null ? 0 : overdueMsOf(running.state, nowAtBrokerMs)
  meter.sampled(partition, { ...status, ...here, overdueMs, openOrders, shortQty, shortSkus, underWay, underWayMs, memoryShare })
  if (stuck !== null) {
    meter.alarm(partition, "CarriedStuck")
    yield* Effect.logWarning(logLine.alarm, { partition, alarm: "CarriedStuck", detail: stuck })
  }
  const asked = lagOver(sources, partition, status).pipe(Effect.timeout(sampleMs))
  const waiting = yield* Effect.match(asked, { onSuccess: (found) => found, onFailure: () => null })
  // The sample is removed: the last known value would look like a partition that keeps up.
  meter.waiting(partition, waiting)
  slot.figures = figuresOf(engine, running.state, status, waiting)
  const nowMs = Number((yield* Clock.monotonicTimeNanos) / 1_000_000n)
  slot.progress = stall.progress(partition, { ...status, isFrozen: status.phase === "frozen", waiting }, nowMs)
  // The lease is given up: the next claimant compares the journal with the witness, and halts.
  if (yield* isJournalShort(slot, status.confirmedSeq)) running.tell({ _tag: "LeaseLost" })
})

/** Partitions looked at together: one whose streams have no leader must not hold up the look at the others. */
const samplesAtOnce = 16

const lookAfter = Effect.fnUntraced(function* (ownership: Ownership) {
  const { slots } = ownership
  yield* Effect.sync(() => tick(slots)).pipe(Effect.andThen(Effect.sleep(tickMs)), Effect.forever, Effect.forkScoped)
  const sources = yield* lagSources
  const samplings = slots.map((slot): Sampling => ({ slot, stall: new StallClock(), carried: new CarriedClock(), sources }))
  yield* Effect.forEach(samplings, sample, { discard: true, concurrency: samplesAtOnce }).pipe(
    Effect.andThen(Effect.sleep(sampleMs)),
    Effect.forever,
    Effect.forkScoped,
  )
})

/** What an owner that has just begun to serve says before it has looked. */
const progressOf = (slot: Slot): Progress | null => {
  if (slot.running === null || !isOwning(slot)) return null
  const { epoch, confirmedSeq } = statusOf(slot.running.state)
  return slot.progress ?? { partition: slot.partition, epoch, confirmedSeq, oldestMs: 0, stalledMs: 0 }
}

/** This worker as the others see it: read anew whenever it is announced. */
const memberOf = ({ worker, address }: KindWorkerOptions, { slots }: Ownership): Member => ({
  worker,
  address,
  get unreadable() {
    return slots.filter(isPassedOver).map(({ partition }) => partition)
  },
  get serving() {
    return slots.map(progressOf).filter((progress) => progress !== null)
  },
  get caughtUp() {
    return slots.filter(({ isCaughtUp }) => isCaughtUp).map(({ partition }) => partition)
  },
})

/** Begins to follow what will be its, as a standby that owns nothing before it joins. It works until it is told to leave, or, without a word, until the scope closes. */
export const startKindWorker: (
  options: KindWorkerOptions,
  looked: LookedAt,
) => Effect.Effect<KindWorker, never, PartitionPorts | Scope.Scope> = Effect.fnUntraced(function* (options, looked) {
  const { worker, leaseTtlMs, drainTimeoutMs } = options
  const cluster = yield* Cluster
  const meter = yield* Meter
  const { kind } = yield* Engine
  const partitions = options.partitions[kind]
  meter.begin(partitions, [...AlarmKind, ...WatchAlarmKind], StepDownReason, ReignEndReason, HaltReason)
  const ownership = yield* startOwnership({ ...options, kind })
  yield* lookAfter(ownership)
  const vigil = yield* keepVigil(ownership, kind, partitions, looked)
  const membership = yield* Scope.fork(yield* Effect.scope)
  const sayGone = Scope.close(membership, Exit.void).pipe(Effect.timeoutOption(drainTimeoutMs))
  return {
    kind,
    ownership,
    vigil,
    join: Effect.gen(function* () {
      // This comes first: members of an older release give partitions up as soon as they see this worker, and nobody would serve them while it still reads.
      yield* ownership.caughtUp
      yield* untilDone("joining the workers", cluster.join(memberOf(options, ownership), leaseTtlMs).pipe(Scope.provide(membership)))
      yield* Effect.logInfo(logLine.joined, { worker, kind, partitions })
    }),
    // Said beside the draining, not before it, so that a broker which doesn't answer doesn't delay the draining.
    leave: Effect.map(Effect.all([ownership.giveUp(drainTimeoutMs), sayGone], { concurrency: 2 }), ([unfinished]) => unfinished),
  }
})
