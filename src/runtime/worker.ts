/**
 * A worker: joins the others, looks after its share of the partitions, answers questions, and leaves without leaving anything unsaid.
 */
import { Clock, Effect, Exit, Scope } from "effect"
import type { SenderAccess } from "../domain/roles.ts"
import { statusOf } from "../engine/views.ts"
import { Cluster, Commands, type Member, type Questions } from "../ports/broker.ts"
import { Meter } from "../ports/meter.ts"
import { logLine } from "../telemetry/names.ts"
import { type Ownership, startOwnership } from "./ownership.ts"
import type { PartitionPorts } from "./partition.ts"
import { untilDone } from "./patience.ts"
import { answerQuestions } from "./questions.ts"
import { type WorkerReport, workerReport } from "./report.ts"
import { isHalted, isOwning, type Slot } from "./slot.ts"

export interface WorkerOptions {
  /** Unique among the workers, and one subject token. */
  readonly worker: string
  /** Where it serves /metrics and /ready, for people. */
  readonly address: string
  readonly partitions: number
  /** Who may ask, and as what. */
  readonly senders: ReadonlyArray<SenderAccess>
  /** Milliseconds after which a worker that says nothing is taken for dead. */
  readonly leaseTtlMs: number
  /** Milliseconds that leaving may take. */
  readonly drainTimeoutMs: number
}

export interface Worker {
  readonly report: () => WorkerReport
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

/** Milliseconds a worker that starts follows the journals before it joins, at most: with a journal that can't be read there is other work to do. */
const catchUpMsMax = 60_000

const tick = (slots: ReadonlyArray<Slot>): void => {
  for (const { running } of slots) if (running?.isClaimed() === true) running.tell({ _tag: "Tick" })
}

const sample = Effect.fnUntraced(function* (slot: Slot) {
  const meter = yield* Meter
  const commands = yield* Commands
  const { partition } = slot
  if (slot.running === null || !isOwning(slot)) {
    const unreadable = slot.newer !== null
    meter.sampled(partition, { owned: false, halted: isHalted(slot), unreadable, quarantined: 0, openHolds: 0, clockAheadMs: null })
    meter.waiting(partition, null)
    return
  }
  const status = statusOf(slot.running.state)
  const { quarantined, openHolds, clockAheadMs } = status
  meter.sampled(partition, { owned: true, halted: false, unreadable: false, quarantined, openHolds, clockAheadMs })
  // The broker's time: what it stamped is as old as its own clock says.
  const nowMs = (yield* Clock.currentTimeMillis) - (clockAheadMs ?? 0)
  yield* Effect.match(commands.waiting(partition, status.cursorSeq), {
    onSuccess: ({ count, oldestMs }) =>
      meter.waiting(partition, { count, oldestAgeMs: oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs) }),
    // The last known value would look like a partition that keeps up.
    onFailure: () => meter.waiting(partition, null),
  })
})

const lookAfter = Effect.fnUntraced(function* (ownership: Ownership) {
  const { slots } = ownership
  yield* Effect.sync(() => tick(slots)).pipe(Effect.andThen(Effect.sleep(tickMs)), Effect.forever, Effect.forkScoped)
  yield* Effect.forEach(slots, sample, { discard: true }).pipe(Effect.andThen(Effect.sleep(sampleMs)), Effect.forever, Effect.forkScoped)
})

/** This worker as the others see it: read anew whenever it is announced. */
const memberOf = ({ worker, address }: WorkerOptions, { slots }: Ownership): Member => ({
  worker,
  address,
  get unreadable() {
    return slots.filter(({ newer }) => newer !== null).map(({ partition }) => partition)
  },
})

/** Starts a worker and returns once it has joined the others. It works until it is told to leave, or, without a word, until the scope closes. */
export const startWorker: (options: WorkerOptions) => Effect.Effect<Worker, never, PartitionPorts | Questions | Scope.Scope> =
  Effect.fnUntraced(function* (options) {
    const cluster = yield* Cluster
    const ownership = yield* startOwnership(options)
    yield* lookAfter(ownership)
    let isLeaving = false
    const report = () => workerReport(options.worker, ownership, isLeaving)
    yield* Effect.forkScoped(answerQuestions(options.senders, options.partitions, ownership, report))

    // First: as soon as the others know of this worker they hand over at once, and what it then had to read first nobody would serve meanwhile.
    yield* ownership.caughtUp(catchUpMsMax)
    const membership = yield* Scope.fork(yield* Effect.scope)
    yield* untilDone("joining the workers", cluster.join(memberOf(options, ownership), options.leaseTtlMs).pipe(Scope.provide(membership)))
    yield* Effect.logInfo(logLine.joined, { worker: options.worker, partitions: options.partitions })

    const sayGone = Scope.close(membership, Exit.void).pipe(Effect.timeoutOption(options.drainTimeoutMs))
    return {
      report,
      leave: Effect.gen(function* () {
        isLeaving = true
        // Beside the draining, not before it: a broker that doesn't answer this may not hold up that.
        const [unfinished] = yield* Effect.all([ownership.giveUp(options.drainTimeoutMs), sayGone], { concurrency: 2 })
        if (unfinished.length > 0) yield* Effect.logError(logLine.drainUnfinished, { partitions: unfinished })
        else yield* Effect.logInfo(logLine.drained, { worker: options.worker })
        return unfinished
      }),
    }
  })
