/**
 * A worker: joins the others, looks after its share of the partitions, answers questions, and leaves without leaving anything unsaid.
 */
import { Clock, Effect, Exit, Scope } from "effect"
import type { PartitionCounts } from "../domain/kinds.ts"
import type { SenderAccess } from "../domain/roles.ts"
import { fullestMemory } from "../engine/memory-bounds.ts"
import { AlarmKind, ReignEndReason, StepDownReason } from "../engine/protocol.ts"
import { statusOf } from "../kinds/sku/views.ts"
import { Cluster, Journals, type Member, type Progress, type Questions } from "../ports/broker.ts"
import { Meter, WatchAlarmKind } from "../ports/meter.ts"
import { logLine } from "../telemetry/names.ts"
import { Engine } from "./engine.ts"
import { type LagSource, lagOver, lagSources } from "./lag.ts"
import { StallClock } from "./outage.ts"
import { type Ownership, startOwnership } from "./ownership.ts"
import type { PartitionPorts } from "./partition.ts"
import { untilDone } from "./patience.ts"
import { answerQuestions } from "./questions.ts"
import { type Readiness, readinessOf, type WorkerReport, workerReport } from "./report.ts"
import { isHalted, isOwning, isPassedOver, type Slot } from "./slot.ts"
import { keepVigil } from "./vigil.ts"

/** What a worker is told at its start. */
export interface WorkerOptions {
  /** Unique among the workers, and one subject token. */
  readonly worker: string
  /** Where it serves /metrics and /ready, for people. */
  readonly address: string
  readonly partitions: PartitionCounts
  /** Who may ask, and as what. */
  readonly senders: ReadonlyArray<SenderAccess>
  /** Milliseconds after which a worker that says nothing is taken for dead. */
  readonly leaseTtlMs: number
  /** Milliseconds that leaving may take. */
  readonly drainTimeoutMs: number
}

/** A worker that runs, as whoever started it sees it. */
export interface Worker {
  /** Of itself. */
  readonly report: () => WorkerReport
  /** Of the whole cluster, as it sees it. */
  readonly readiness: () => Readiness
  /**
   * Leaves: says so first, so that the others begin to ask for its leases, then drains every partition and gives its lease back as soon as
   * all that was decided there is said. Returns the partitions for which that took too long; their next owner says it.
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
  readonly sources: ReadonlyArray<LagSource>
}

/** A look at one that this worker doesn't own. */
const sampleOther = (meter: Meter["Service"], slot: Slot): void => {
  const { partition } = slot
  slot.progress = null
  meter.sampled(partition, {
    owned: false,
    halted: isHalted(slot),
    unreadable: isPassedOver(slot),
    quarantined: 0,
    openHolds: 0,
    shortQty: 0,
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

const sample = Effect.fnUntraced(function* ({ slot, stall, sources }: Sampling) {
  const meter = yield* Meter
  const { partition, running } = slot
  if (running === null || !isOwning(slot)) return sampleOther(meter, slot)
  const status = statusOf(running.state)
  const { quarantined, openHolds, shortQty, clockAheadMs } = status
  const { share: memoryShare } = fullestMemory(running.state)
  const here = { owned: true, halted: false, unreadable: false }
  meter.sampled(partition, { ...here, quarantined, openHolds, shortQty, memoryShare, clockAheadMs })
  const asked = lagOver(sources, partition, status).pipe(Effect.timeout(sampleMs))
  const waiting = yield* Effect.match(asked, { onSuccess: (found) => found, onFailure: () => null })
  // The sample is removed: the last known value would look like a partition that keeps up.
  meter.waiting(partition, waiting)
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
  const samplings = slots.map((slot): Sampling => ({ slot, stall: new StallClock(), sources }))
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
const memberOf = ({ worker, address }: WorkerOptions, { slots }: Ownership): Member => ({
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

/**
 * Starts a worker and returns once it has joined the others. It works until it is told to leave, or, without a word, until the scope closes. `reports` is given how to ask
 * it how it is, which may be done while it still catches up.
 */
export const startWorker: (
  options: WorkerOptions,
  reports?: (asked: Pick<Worker, "report" | "readiness">) => void,
) => Effect.Effect<Worker, never, PartitionPorts | Questions | Scope.Scope> = Effect.fnUntraced(function* (options, reports) {
  const cluster = yield* Cluster
  const meter = yield* Meter
  const partitions = options.partitions[(yield* Engine).kind]
  meter.begin(partitions, [...AlarmKind, ...WatchAlarmKind], StepDownReason, ReignEndReason)
  const ownership = yield* startOwnership({ ...options, partitions })
  yield* lookAfter(ownership)
  let isLeaving = false
  const report = () => workerReport(options.worker, ownership, isLeaving)
  yield* Effect.forkScoped(answerQuestions(options.senders, options.partitions, ownership, report))
  const vigil = yield* keepVigil(ownership, partitions)
  const readiness = () => readinessOf(report(), vigil)
  reports?.({ report, readiness })

  // This comes first: members of an older release give partitions up as soon as they see this worker, and nobody would serve them while it still reads.
  yield* ownership.caughtUp
  const membership = yield* Scope.fork(yield* Effect.scope)
  yield* untilDone("joining the workers", cluster.join(memberOf(options, ownership), options.leaseTtlMs).pipe(Scope.provide(membership)))
  yield* Effect.logInfo(logLine.joined, { worker: options.worker, partitions })

  const sayGone = Scope.close(membership, Exit.void).pipe(Effect.timeoutOption(options.drainTimeoutMs))
  return {
    report,
    readiness,
    leave: Effect.gen(function* () {
      isLeaving = true
      // Done beside the draining, not before it, so that a broker which doesn't answer doesn't delay the draining.
      const [unfinished] = yield* Effect.all([ownership.giveUp(options.drainTimeoutMs), sayGone], { concurrency: 2 })
      if (unfinished.length > 0) yield* Effect.logError(logLine.drainUnfinished, { partitions: unfinished })
      else yield* Effect.logInfo(logLine.drained, { worker: options.worker })
      return unfinished
    }),
  }
})
