/**
 * What a worker's page `/metrics` says of its work, read as figures: totals since it began, of which a later one less an earlier one is what was done meanwhile. Pure.
 */
import { metricName } from "../../src/telemetry/catalogue.ts"

/** Totals since the process began, but for the lag. */
export interface WorkerCount {
  readonly decided: number
  readonly batches: number
  readonly recordBytes: number
  readonly appendMs: number
  /** How many appends took at most so long, as the histogram has its bounds. */
  readonly appends: ReadonlyArray<{ readonly upToMs: number; readonly count: number }>
  /** Of all its threads. */
  readonly cpuMs: number
  /** Reply messages that the server has. */
  readonly replies: number
  /** Decisions timed from the door's stamp to when the server has their reply, and the sum of that; a process that doesn't time them has none. */
  readonly timed: number
  readonly timedMs: number
  /** For which it stood still to collect garbage. */
  readonly collectingMs: number
  /** By how much its event loop came late in 1 of 100 looks, since the page was last asked for. */
  readonly loopLagMs: number
}

const linesOf = (page: string, name: string): ReadonlyArray<{ readonly labels: string; readonly value: number }> =>
  [...page.matchAll(new RegExp(`^${name}(?:\\{([^}]*)\\})? (.+)$`, "gm"))].map(([, labels = "", value]) => ({
    labels,
    value: Number(value),
  }))

const sumOf = (page: string, name: string): number => linesOf(page, name).reduce((sum, { value }) => sum + value, 0)

const bucketsOf = (page: string, name: string): WorkerCount["appends"] =>
  linesOf(page, `${name}_bucket`).flatMap(({ labels, value }) => {
    const upTo = Number(/le="([\d.]+)"/.exec(labels)?.[1] ?? Number.NaN)
    return Number.isNaN(upTo) ? [] : [{ upToMs: upTo * 1_000, count: value }]
  })

/** Node looks at its loop so often, and counts this in. */
const lookMs = 10

/** What a worker's page says of it. */
export const countOf = (page: string): WorkerCount => ({
  decided: sumOf(page, `${metricName.batchCommands}_sum`),
  batches: sumOf(page, `${metricName.batchCommands}_count`),
  recordBytes: sumOf(page, `${metricName.batchBytes}_sum`),
  appendMs: sumOf(page, `${metricName.appendSeconds}_sum`) * 1_000,
  appends: bucketsOf(page, metricName.appendSeconds),
  cpuMs: sumOf(page, "process_cpu_seconds_total") * 1_000,
  replies: sumOf(page, metricName.repliesSent),
  timed: sumOf(page, `${metricName.replySeconds}_count`),
  timedMs: sumOf(page, `${metricName.replySeconds}_sum`) * 1_000,
  collectingMs: sumOf(page, "nodejs_gc_duration_seconds_sum") * 1_000,
  loopLagMs: Math.max(0, sumOf(page, "nodejs_eventloop_lag_p99_seconds") * 1_000 - lookMs),
})

/** What was done between two looks at a page. */
export const workBetween = (before: WorkerCount, after: WorkerCount): WorkerCount => ({
  decided: after.decided - before.decided,
  batches: after.batches - before.batches,
  recordBytes: after.recordBytes - before.recordBytes,
  appendMs: after.appendMs - before.appendMs,
  appends: after.appends.map(({ upToMs, count }, at) => ({ upToMs, count: count - (before.appends[at]?.count ?? 0) })),
  cpuMs: after.cpuMs - before.cpuMs,
  replies: after.replies - before.replies,
  timed: after.timed - before.timed,
  timedMs: after.timedMs - before.timedMs,
  collectingMs: after.collectingMs - before.collectingMs,
  loopLagMs: after.loopLagMs,
})

/** The median append, as a histogram tells it: evenly spread between two bounds, and never more than the last bound. */
export const appendMedianMs = ({ appends, batches }: WorkerCount): number => {
  const half = batches / 2
  let [fromMs, below] = [0, 0]
  for (const { upToMs, count } of appends) {
    if (count >= half && count > below) return fromMs + ((upToMs - fromMs) * (half - below)) / (count - below)
    fromMs = upToMs
    below = count
  }
  return fromMs
}
