/**
 * Several worker processes on one machine, as one: kept running, shown on one page, restarted one after another on SIGHUP. It decides nothing: workers share the partitions by themselves, and one that is restarted hands its own over first.
 */
import { Effect, Fiber, Option, Queue, Schema, type Scope } from "effect"
import { childReadyMs } from "../../limits.ts"
import { pageOf } from "../../telemetry/making.ts"
import { mergedPage } from "../../telemetry/merged-page.ts"
import { MetricsRegistry } from "../../telemetry/metrics.ts"
import { makeProcessMetrics } from "../../telemetry/processes.ts"
import { WorkerPlace } from "./child.ts"

/** What a supervisor shows. */
export interface Supervisor {
  /** Whether every worker process runs and is ready, and what is to be said about each. Looked at a moment ago. */
  readonly report: () => SupervisorReport
  /** Whether the whole cluster serves, as its workers see it. Looked at a moment ago. */
  readonly readiness: () => SupervisorReadiness
  /** The metrics of all workers and of this process, the gateway inside it included, as one page. */
  readonly metrics: () => Promise<string>
  /** Ends all at once, each draining, and kills who doesn't end in its time. Returns the names of those that were not drained. For the end: nothing is started again. */
  readonly drain: Effect.Effect<ReadonlyArray<string>>
}

/** What `/worker` says of a supervisor. */
export interface SupervisorReport {
  readonly supervisor: string
  readonly ready: boolean
  readonly workers: ReadonlyArray<{ readonly worker: string; readonly pid: number | null; readonly ready: boolean }>
}

/** What `/ready` of a supervisor says of the whole cluster. */
export interface SupervisorReadiness extends SupervisorReport {
  /** Whether every worker process here is: what {@link SupervisorReport.ready} says. `ready` here is of the cluster, which may be served while a process is started again. */
  readonly workersReady: boolean
  /** Where it isn't served: the outages that one of the workers lists, in its words. */
  readonly outages: ReadonlyArray<unknown>
}

const lookEveryMs = 500

/** What was last seen of the worker process in a place. */
export interface Seen {
  readonly place: Pick<WorkerPlace, "name" | "pid" | "isRunning">
  isReady: boolean
  /** Whether it says that every partition of the cluster is served. */
  seesServed: boolean
  /** The outages that it lists; empty also where it doesn't answer, or knows of none yet. */
  outages: ReadonlyArray<unknown>
}

interface SeenPlace extends Seen {
  readonly place: WorkerPlace
}

const ReadyPage = Schema.fromJsonString(Schema.Struct({ outages: Schema.Array(Schema.Unknown) }))
const readReadyPage = Schema.decodeUnknownOption(ReadyPage)

/** Asks one. Each is asked by itself: one that stands still lets its asker wait, and must not make what is known of the others old. */
const look = async (one: SeenPlace): Promise<void> => {
  const [worker, ready] = await Promise.all([one.place.page("/worker"), one.place.page("/ready")])
  one.isReady = worker?.isOk === true
  one.seesServed = ready?.isOk === true
  one.outages = Option.match(readReadyPage(ready?.text), { onNone: () => [], onSome: ({ outages }) => outages })
}

/** What is said of the worker processes: one that doesn't run isn't ready, whatever it said last. */
export const reportOf = (supervisor: string, seen: ReadonlyArray<Seen>): SupervisorReport => {
  const workers = seen.map(({ place, isReady }) => ({ worker: place.name, pid: place.pid, ready: isReady && place.isRunning }))
  return { supervisor, ready: workers.every(({ ready }) => ready), workers }
}

/**
 * What is said of the whole cluster. One that sees every partition served is enough: it has heard each owner, and the broker, within seconds. One that sees less may be cut off itself, or may have just begun to look, as one that is started again does while all else
 * is served.
 */
export const readinessOf = (report: SupervisorReport, seen: ReadonlyArray<Seen>): SupervisorReadiness => {
  const running = seen.filter(({ place }) => place.isRunning)
  const isServed = running.some(({ seesServed }) => seesServed)
  const outages = isServed ? [] : (running.find((one) => one.outages.length > 0)?.outages ?? [])
  return { ...report, ready: isServed, workersReady: report.ready, outages }
}

/** Until this one is ready, or has had long enough: what keeps it from being ready may be what the others are to be restarted for. */
const untilReady = (one: SeenPlace): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    while (!one.isReady) yield* Effect.sleep(lookEveryMs / 2)
    return true
  }).pipe(Effect.timeoutOrElse({ duration: childReadyMs, orElse: () => Effect.succeed(false) }))

/** Restarts them one after another, each when the one before is ready. */
const rolling = (seen: ReadonlyArray<SeenPlace>): Effect.Effect<void> =>
  Effect.forEach(
    seen,
    (one) =>
      Effect.gen(function* () {
        yield* Effect.logInfo("a worker process is restarted", { worker: one.place.name })
        yield* one.place.restart
        one.isReady = false
        if (yield* untilReady(one)) return
        yield* Effect.logWarning("a worker process isn't ready yet; the next is restarted all the same", {
          worker: one.place.name,
          afterMs: childReadyMs,
        })
      }),
    { discard: true },
  ).pipe(Effect.andThen(Effect.logInfo("every worker process was restarted", { workers: seen.length })))

/** Rolls at each SIGHUP, one roll after another. */
const onHangUp = (seen: ReadonlyArray<SeenPlace>) =>
  Effect.gen(function* () {
    const asked = yield* Queue.dropping<void>(1)
    const heard = () => void Queue.offerUnsafe(asked, undefined)
    yield* Effect.acquireRelease(
      Effect.sync(() => process.on("SIGHUP", heard)),
      () => Effect.sync(() => process.off("SIGHUP", heard)),
    )
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Queue.take(asked), rolling(seen))))
  })

/** What a supervisor is told. */
export interface SupervisorOptions {
  /** Its own name; its workers are called after it. */
  readonly name: string
  /** How many workers it keeps. */
  readonly count: number
  /** Milliseconds that a worker gets to end before it is killed. */
  readonly endMs: number
  /** What the worker of that name is told. */
  readonly envOf: (worker: string) => NodeJS.ProcessEnv
}

/** Keeps so many workers running, each as a process of its own, until they are drained. */
export const supervise = ({
  name,
  count,
  endMs,
  envOf,
}: SupervisorOptions): Effect.Effect<Supervisor, never, Scope.Scope | MetricsRegistry> =>
  Effect.gen(function* () {
    const seen: Array<SeenPlace> = []
    const registry = yield* MetricsRegistry
    const restarted = makeProcessMetrics(registry, count, () => reportOf(name, seen).workers.filter(({ ready }) => ready).length)
    for (let place = 1; place <= count; place++) {
      const worker = `${name}-${place}`
      seen.push({ place: new WorkerPlace(worker, envOf(worker), endMs, restarted), isReady: false, seesServed: false, outages: [] })
    }
    const fibers = yield* Effect.forEach(seen, ({ place }) => Effect.forkDetach(place.keep))
    for (const one of seen) {
      const lookAtIt = Effect.andThen(
        Effect.promise(() => look(one)),
        Effect.sleep(lookEveryMs),
      )
      yield* Effect.forkScoped(Effect.forever(lookAtIt))
    }
    yield* onHangUp(seen)
    const report = () => reportOf(name, seen)
    return {
      report,
      readiness: () => readinessOf(report(), seen),
      drain: Effect.map(Fiber.interruptAll(fibers), () => seen.flatMap(({ place }) => (place.endedWell ? [] : [place.name]))),
      metrics: async () => {
        const pages = await Promise.all(seen.map(({ place }) => place.page("/metrics")))
        return mergedPage([await pageOf(registry), ...pages.flatMap((page) => (page === null ? [] : [page.text]))])
      },
    }
  })
