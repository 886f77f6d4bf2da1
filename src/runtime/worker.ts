/**
 * A worker: works for several kinds at once, each over ports of its own, answers questions about all of them, and leaves without leaving anything unsaid.
 */
import { type Context, Effect, type Scope } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { SenderAccess } from "../domain/roles.ts"
import type { Questions } from "../ports/broker.ts"
import { logLine } from "../telemetry/names.ts"
import { Engine } from "./engine.ts"
import { type KindWorker, type KindWorkerOptions, startKindWorker } from "./kind-worker.ts"
import type { PartitionPorts } from "./partition.ts"
import { answerQuestions } from "./questions.ts"
import { type Readiness, readinessOf, type WorkerReport, workerReport } from "./report.ts"
import type { LookedAt } from "./vigil.ts"

/** What a worker is told at its start. */
export interface WorkerOptions extends KindWorkerOptions {
  /** Who may ask, and as what. */
  readonly senders: ReadonlyArray<SenderAccess>
}

/** A partition among those of all kinds. */
export interface PartitionName {
  readonly kind: Kind
  readonly partition: number
}

/** A worker that runs, as whoever started it sees it. */
export interface Worker {
  /** Of itself. */
  readonly report: () => WorkerReport
  /** Of the whole cluster, as it sees it. */
  readonly readiness: () => Readiness
  /** Leaves, for every kind at once. Returns the partitions for which that took too long; their next owner says what was decided there. */
  readonly leave: Effect.Effect<ReadonlyArray<PartitionName>>
}

/** All that it takes to work for one kind: its engine, and the ports of its partitions. */
export type KindPorts = Context.Context<PartitionPorts>

/** Lines about a partition say of which kind it is. */
const startFor = (ports: KindPorts, options: WorkerOptions, looked: LookedAt): Effect.Effect<KindWorker, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { kind } = yield* Engine
    const started = yield* Effect.annotateLogs(startKindWorker(options, looked), { kind })
    return { ...started, join: Effect.annotateLogs(started.join, { kind }) }
  }).pipe(Effect.provide(ports))

/** Notes what is served, kind by kind, and calls `say` once when all of it has come to be: after a start, and after each outage. */
const noteServed = (kinds: number, say: () => void): LookedAt => {
  const servedKinds = new Set<Kind>()
  let isSaid = false
  return (kind, isServed) => {
    if (isServed) servedKinds.add(kind)
    else servedKinds.delete(kind)
    const isAll = servedKinds.size === kinds
    if (isAll && !isSaid) say()
    isSaid = isAll
  }
}

const leaveAll = Effect.fnUntraced(function* (worker: string, kinds: ReadonlyArray<KindWorker>) {
  const unfinished = yield* Effect.forEach(
    kinds,
    ({ kind, leave }) => Effect.map(leave, (partitions) => partitions.map((partition): PartitionName => ({ kind, partition }))),
    { concurrency: "unbounded" },
  )
  const left = unfinished.flat()
  if (left.length > 0)
    yield* Effect.logError(logLine.drainUnfinished, { partitions: left.map(({ kind, partition }) => `${kind} ${partition}`) })
  else yield* Effect.logInfo(logLine.drained, { worker })
  return left
})

/**
 * Starts a worker for each of these kinds, and returns once it has joined the others. It works until it is told to leave, or, without a word, until the scope closes. `reports` is given how to ask
 * it how it is, which may be done while it still catches up.
 */
export const startWorker: (
  options: WorkerOptions,
  ports: ReadonlyArray<KindPorts>,
  reports?: (asked: Pick<Worker, "report" | "readiness">) => void,
) => Effect.Effect<Worker, never, Questions | Scope.Scope> = Effect.fnUntraced(function* (options, ports, reports) {
  const { worker, senders, partitions } = options
  const run = Effect.runForkWith(yield* Effect.context<never>())
  let isLeaving = false
  const looked = noteServed(ports.length, () => {
    if (!isLeaving) run(Effect.logInfo(logLine.allServed, { partitions }))
  })
  const kinds = yield* Effect.forEach(ports, (one) => startFor(one, options, looked))
  const report = () => workerReport(worker, kinds, isLeaving)
  yield* Effect.forkScoped(answerQuestions({ senders, partitions, kinds, report }))
  const readiness = () => readinessOf(report(), kinds)
  reports?.({ report, readiness })
  yield* Effect.forEach(kinds, ({ join }) => join, { concurrency: "unbounded", discard: true })
  return {
    report,
    readiness,
    leave: Effect.suspend(() => {
      isLeaving = true
      return leaveAll(worker, kinds)
    }),
  }
})
