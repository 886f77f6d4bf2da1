/**
 * Several worker processes on one machine, as one: kept running, shown on one page, restarted one after another on SIGHUP. It decides nothing: workers share the partitions by themselves, and one that is restarted hands its own over first.
 */
import { Effect, Fiber, Queue, type Scope } from "effect"
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
  /** The metrics of all workers and of this process, the gateway inside it included, as one page. */
  readonly metrics: () => Promise<string>
  /** Ends all at once, each draining; whether all ended with code 0. For the end: nothing is started again. */
  readonly isDrained: Effect.Effect<boolean>
}

/** What `/worker` says of a supervisor. */
export interface SupervisorReport {
  readonly supervisor: string
  readonly ready: boolean
  readonly workers: ReadonlyArray<{ readonly worker: string; readonly pid: number | null; readonly ready: boolean }>
}

const lookEveryMs = 500

interface Seen {
  readonly place: WorkerPlace
  isReady: boolean
}

const look = async (seen: ReadonlyArray<Seen>): Promise<void> => {
  await Promise.all(
    seen.map(async (one) => {
      one.isReady = (await one.place.page("/worker"))?.isOk === true
    }),
  )
}

/** Until this one is ready, or has had long enough: what keeps it from being ready may be what the others are to be restarted for. */
const untilReady = (one: Seen): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    while (!one.isReady) yield* Effect.sleep(lookEveryMs / 2)
    return true
  }).pipe(Effect.timeoutOrElse({ duration: childReadyMs, orElse: () => Effect.succeed(false) }))

/** Restarts them one after another, each when the one before is ready. */
const rolling = (seen: ReadonlyArray<Seen>): Effect.Effect<void> =>
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
const onHangUp = (seen: ReadonlyArray<Seen>) =>
  Effect.gen(function* () {
    const asked = yield* Queue.dropping<void>(1)
    const heard = () => void Queue.offerUnsafe(asked, undefined)
    yield* Effect.acquireRelease(
      Effect.sync(() => process.on("SIGHUP", heard)),
      () => Effect.sync(() => process.off("SIGHUP", heard)),
    )
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Queue.take(asked), rolling(seen))))
  })

/** Keeps so many workers running, each as a process of its own, until the scope closes: then all drain at once. `envOf`: what the one of that name is told. */
export const supervise = (
  name: string,
  count: number,
  envOf: (worker: string) => NodeJS.ProcessEnv,
): Effect.Effect<Supervisor, never, Scope.Scope | MetricsRegistry> =>
  Effect.gen(function* () {
    const seen: Array<Seen> = []
    const registry = yield* MetricsRegistry
    const restarted = makeProcessMetrics(registry, count, () => seen.filter(({ isReady }) => isReady).length)
    for (let place = 1; place <= count; place++) {
      const worker = `${name}-${place}`
      seen.push({ place: new WorkerPlace(worker, envOf(worker), restarted), isReady: false })
    }
    const fibers = yield* Effect.forEach(seen, ({ place }) => Effect.forkDetach(place.keep))
    yield* Effect.forkScoped(
      Effect.forever(
        Effect.andThen(
          Effect.promise(() => look(seen)),
          Effect.sleep(lookEveryMs),
        ),
      ),
    )
    yield* onHangUp(seen)
    return {
      report: () => ({
        supervisor: name,
        ready: seen.every(({ isReady }) => isReady),
        workers: seen.map(({ place, isReady }) => ({ worker: place.name, pid: place.pid, ready: isReady })),
      }),
      isDrained: Effect.map(Fiber.interruptAll(fibers), () => seen.every(({ place }) => place.endedWell)),
      metrics: async () => {
        const pages = await Promise.all(seen.map(({ place }) => place.page("/metrics")))
        return mergedPage([await pageOf(registry), ...pages.flatMap((page) => (page === null ? [] : [page.text]))])
      },
    }
  })
