/**
 * The pages of a projector: `/metrics`, and `/ready`, which says what it waits for. What a projector tells is kept here, and looked at once a second: how far Postgres is behind grows also while nothing is told.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { loadProcess } from "../config.ts"
import type { PartitionCounts } from "../domain/kinds.ts"
import { oldestHoldLookMs } from "../limits.ts"
import type { Projected, ProjectionSetback } from "../projection/project.ts"
import { serveTelemetry } from "../telemetry/http.ts"
import { pageOf } from "../telemetry/making.ts"
import { makeProjectorPage, type ProjectionMetrics } from "../telemetry/projection.ts"
import { makeTracing } from "../telemetry/traces.ts"

const lookMs = 1_000

interface Known {
  projected: Projected
  /** Since when it waits; null: it doesn't. */
  waitsSinceMs: number | null
}

/** What a projector told of each journal, and what of that is told on. */
export class ProjectorNews {
  readonly #known = new Map<string, Known>()
  readonly #metrics: ProjectionMetrics

  constructor(metrics: ProjectionMetrics) {
    this.#metrics = metrics
  }

  hear(projected: Projected, nowMs: number): void {
    const place = `${projected.kind} ${projected.partition}`
    const before = this.#known.get(place)
    const { kind, partition, seq, failures } = projected
    // The first that is heard, or the first after waiting, may be where the tables stood before this process began.
    const wrote = before !== undefined && (before.projected.seq > 0 || projected.entries > before.projected.entries)
    if (wrote && seq > before.projected.seq) this.#metrics.written(kind, partition, seq - before.projected.seq)
    for (const why of Object.keys(failures) as ReadonlyArray<ProjectionSetback>)
      for (let more = failures[why] - (before?.projected.failures[why] ?? 0); more > 0; more--) this.#metrics.failed(why)
    const waitsSinceMs = projected.waitsFor === null ? null : (before?.waitsSinceMs ?? nowMs)
    this.#known.set(place, { projected, waitsSinceMs })
    this.#lookAt({ projected, waitsSinceMs }, nowMs)
  }

  look(nowMs: number): void {
    for (const known of this.#known.values()) this.#lookAt(known, nowMs)
  }

  /** Hears when the oldest hold began; null: none is open; undefined: the database can't be asked. */
  hearOldestHold(beganMs: number | null | undefined, nowMs: number): void {
    this.#metrics.oldestHold(beganMs === undefined ? null : beganMs === null ? 0 : Math.max(0, nowMs - beganMs))
  }

  /** While it waits nobody reads the journal's end, so that it is then at least as old as the waiting. */
  #lookAt({ projected: { kind, partition, seq, endSeq, atMs }, waitsSinceMs }: Known, nowMs: number): void {
    const sinceMs = waitsSinceMs ?? (seq < endSeq && atMs > 0 ? atMs : nowMs)
    this.#metrics.behind(kind, partition, endSeq - seq, Math.max(0, nowMs - sinceMs))
  }

  /** Ready: it has heard of every journal, and waits for nothing. */
  readiness(counts: PartitionCounts) {
    const waiting = [...this.#known.values()].flatMap(({ projected: { kind, partition, waitsFor } }) =>
      waitsFor === null ? [] : [{ kind, partition, waitsFor }],
    )
    return { ready: waiting.length === 0 && this.#known.size === counts.sku + counts.order, journals: this.#known.size, waiting }
  }
}

/** Tells the pages of the oldest hold, for as long as it runs. `ask`: when it began. */
const tellOldestHold = <E>(news: ProjectorNews, ask: Effect.Effect<number | null, E>): Effect.Effect<never> =>
  Effect.forever(
    Effect.gen(function* () {
      const began = yield* Effect.orElseSucceed(ask, () => undefined)
      news.hearOldestHold(began, yield* Clock.currentTimeMillis)
      yield* Effect.sleep(oldestHoldLookMs)
    }),
  )

/** Serves the pages for as long as the scope lives. Returns what is to be told of each journal and of each batch that is traced, and what tells of the oldest hold. */
export const serveProjectorPages = Effect.fnUntraced(function* (
  config: Pick<Effect.Success<typeof loadProcess>, "worker" | "http" | "otlpUrl">,
  counts: PartitionCounts,
) {
  const { registry, metrics } = makeProjectorPage(config.worker, counts)
  const { projected: traced } = yield* makeTracing({ ...config, process: "projector" }, registry)
  const news = new ProjectorNews(metrics)
  const clock = yield* Clock.Clock
  const readiness = () => news.readiness(counts)
  const address = yield* serveTelemetry({ metrics: () => pageOf(registry), readiness, worker: readiness }, config.http)
  yield* Effect.logInfo("telemetry is served", { metrics: `${address}/metrics`, ready: `${address}/ready` })
  yield* Effect.forkScoped(
    Effect.forever(
      Effect.andThen(
        Effect.sleep(lookMs),
        Effect.sync(() => news.look(clock.currentTimeMillisUnsafe())),
      ),
    ),
  )
  return {
    traced,
    tell: (projected: Projected): void => news.hear(projected, clock.currentTimeMillisUnsafe()),
    tellOldestHold: <E>(ask: Effect.Effect<number | null, E>) => tellOldestHold(news, ask),
  }
})
