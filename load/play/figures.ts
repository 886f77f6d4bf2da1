/**
 * What the workers' own pages say while a profile is played, second by second, to stand on the same axis as what channels saw.
 */
import { metricName } from "../../src/telemetry/catalogue.ts"
import { sumOf } from "../stage/stage.ts"

/** One second of the servers. */
export interface ServerSecond {
  readonly atMs: number
  readonly decidedPerSecond: number
  /** Seconds for which the oldest stored command waits, at most. */
  readonly lagSeconds: number
  /** Milliseconds that an append took on average in this second; 0: there was none. */
  readonly appendMs: number
  readonly openHolds: number
  /** Cores that the workers used. */
  readonly cores: number
  /** Commands that they decided since they started. */
  readonly decided: number
  /** What their memory is: in use on the heap, and all of the processes. */
  readonly heapBytes: number
  readonly residentBytes: number
  /** What their journals take on the servers' disks. */
  readonly journalBytes: number
  readonly openFiles: number
  /** What keeps their processes busy: timers, sockets, requests under way. */
  readonly handles: number
}

interface Read {
  readonly atMs: number
  readonly lagSeconds: number
  readonly appendSeconds: number
  readonly appends: number
  readonly cpuSeconds: number
  /** As in a `ServerSecond`. */
  readonly now: Pick<ServerSecond, "decided" | "openHolds" | "heapBytes" | "residentBytes" | "journalBytes" | "openFiles" | "handles">
}

/** The values of a metric for each of its labels. */
const valuesOf = (page: string, metric: string): ReadonlyArray<number> =>
  page
    .split("\n")
    .filter((line) => line.startsWith(`${metric}{`))
    .map((line) => Number(line.slice(line.lastIndexOf(" "))))

const readPages = async (urls: ReadonlyArray<string>): Promise<Read | null> => {
  try {
    const pages = await Promise.all(urls.map(async (url) => (await fetch(url, { signal: AbortSignal.timeout(3_000) })).text()))
    const sum = (metric: string) => pages.reduce((total, page) => total + sumOf(page, metric), 0)
    return {
      atMs: performance.now(),
      lagSeconds: Math.max(0, ...pages.flatMap((page) => valuesOf(page, metricName.lagOldestSeconds))),
      appendSeconds: sum(`${metricName.appendSeconds}_sum`),
      appends: sum(`${metricName.appendSeconds}_count`),
      cpuSeconds: sum("process_cpu_seconds_total"),
      now: {
        decided: sum(`${metricName.batchCommands}_sum`),
        openHolds: sum(metricName.openHolds),
        heapBytes: sum("nodejs_heap_size_used_bytes"),
        residentBytes: sum("process_resident_memory_bytes"),
        journalBytes: sum(metricName.journalBytes),
        openFiles: sum("process_open_fds"),
        handles: sum("nodejs_active_resources"),
      },
    }
  } catch {
    return null
  }
}

/** Reads the pages again and again until it is stopped. A page that can't be read is a gap. */
export const followFigures = (urls: ReadonlyArray<string>): { readonly stop: () => Promise<ReadonlyArray<ServerSecond>> } => {
  const seconds: Array<ServerSecond> = []
  const startMs = performance.now()
  let before: Read | null = null
  const look = async () => {
    const read = await readPages(urls)
    if (read !== null && before !== null) {
      const forSeconds = (read.atMs - before.atMs) / 1_000
      const appends = read.appends - before.appends
      seconds.push({
        atMs: Math.round(read.atMs - startMs),
        decidedPerSecond: (read.now.decided - before.now.decided) / forSeconds,
        lagSeconds: read.lagSeconds,
        appendMs: appends === 0 ? 0 : ((read.appendSeconds - before.appendSeconds) * 1_000) / appends,
        cores: (read.cpuSeconds - before.cpuSeconds) / forSeconds,
        ...read.now,
      })
    }
    before = read
  }
  let looking: Promise<void> = urls.length === 0 ? Promise.resolve() : look()
  const timer = setInterval(() => {
    looking = looking.then(look)
  }, 1_000)
  if (urls.length === 0) clearInterval(timer)
  return {
    stop: async () => {
      clearInterval(timer)
      await looking
      return seconds
    },
  }
}
