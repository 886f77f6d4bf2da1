/**
 * Whether a process stays as it is while the same goes on: what its memory, its handles and its disk grow by over a long run, with the confidence of that. Pure.
 *
 * What is collected and allocated in between hides a leak, so each span of the run counts with the least that was seen in it. A line is laid through these by least squares, and the slope's 95 % interval by
 * Student's t (Draper and Smith, Applied Regression Analysis, 3rd edition, section 1.4).
 */
import type { ServerSecond } from "./figures.ts"
import type { Profile } from "./profile.ts"
import type { Played, Threshold } from "./verdict.ts"

/** A line through points: what it rises by for each step of x, and between what that lies with 95 % confidence. */
export interface Slope {
  readonly per: number
  readonly low: number
  readonly high: number
  /** The mean of y. */
  readonly mean: number
}

type Point = readonly [x: number, y: number]

/** Spans that a run is cut into. */
const spans = 24

/** The 97.5 % quantile of Student's t, by degrees of freedom: from tables up to 10, by its expansion for large degrees above (right to 0.02). */
const studentsT = (freedom: number): number => {
  const small = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
  return small[freedom - 1] ?? 1.96 + 2.4 / freedom
}

/** Null: three points at least make a line whose slope has an interval. */
export const slopeOf = (points: ReadonlyArray<Point>): Slope | null => {
  const count = points.length
  if (count < 3) return null
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count
  const mean = points.reduce((sum, [, y]) => sum + y, 0) / count
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  if (spread === 0) return null
  const per = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - mean), 0) / spread
  const left = points.reduce((sum, [x, y]) => sum + (y - mean - per * (x - meanX)) ** 2, 0)
  const within = studentsT(count - 2) * Math.sqrt(left / (count - 2) / spread)
  return { per, low: per - within, high: per + within, mean }
}

/** Of each span of the run the moment at which `y` was least. */
export const floorsOf = (
  seconds: ReadonlyArray<ServerSecond>,
  x: (one: ServerSecond) => number,
  y: (one: ServerSecond) => number,
): ReadonlyArray<Point> => {
  const length = Math.ceil(seconds.length / spans)
  if (length === 0) return []
  const floors: Array<Point> = []
  for (let from = 0; from < seconds.length; from += length) {
    const span = seconds.slice(from, from + length)
    const least = span.reduce((lowest, one) => (y(one) < y(lowest) ? one : lowest))
    floors.push([x(least), y(least)])
  }
  return floors
}

const hourMs = 3_600_000
const unknown = (what: string, asked: string): Threshold => ({ what, found: "too few figures of the servers", asked, isKept: false })

/** Growth an hour as a share of what there is; by the upper end of its interval, so that what can't be told isn't kept. */
const flat = (what: string, seconds: ReadonlyArray<ServerSecond>, y: (one: ServerSecond) => number, most: number): Threshold => {
  const asked = `at most ${(most * 100).toFixed(0)} % more in an hour, with 95 % confidence`
  const slope = slopeOf(floorsOf(seconds, ({ atMs }) => atMs / hourMs, y))
  if (slope === null || slope.mean === 0) return unknown(what, asked)
  const percent = (value: number) => `${((value / slope.mean) * 100).toFixed(1)} %`
  const found = `${percent(slope.per)} more in an hour (${percent(slope.low)} to ${percent(slope.high)}) of ${(slope.mean / 1e6).toFixed(1)} million`
  return { what, found, asked, isKept: slope.high <= most * slope.mean }
}

/** What each decision leaves behind. */
const eachDecision = (what: string, seconds: ReadonlyArray<ServerSecond>, y: (one: ServerSecond) => number, most: number): Threshold => {
  const asked = `at most ${most} bytes a decision, with 95 % confidence`
  const slope = slopeOf(floorsOf(seconds, ({ decided }) => decided, y))
  if (slope === null) return unknown(what, asked)
  const found = `${slope.per.toFixed(0)} bytes a decision (${slope.low.toFixed(0)} to ${slope.high.toFixed(0)})`
  return { what, found, asked, isKept: slope.high <= most }
}

const noMore = (what: string, seconds: ReadonlyArray<ServerSecond>, y: (one: ServerSecond) => number, most: number): Threshold => {
  const asked = `at most ${most} more at the end than at the beginning`
  const floors = floorsOf(seconds, ({ atMs }) => atMs, y)
  const [first, last] = [floors[0]?.[1], floors.at(-1)?.[1]]
  if (first === undefined || last === undefined || floors.length < 2) return unknown(what, asked)
  return { what, found: `${first} at the beginning, ${last} at the end`, asked, isKept: last - first <= most }
}

/** What a profile that lasts asks of the workers' memory, handles and disk. Nothing, if it says nothing of that. */
export const steadiness = ({ server }: Played, { thresholds: { steady } }: Profile): ReadonlyArray<Threshold> => {
  if (steady === undefined) return []
  const endMs = server.at(-1)?.atMs ?? 0
  const seconds = server.filter(({ atMs }) => atMs >= endMs * steady.fromShare && atMs <= endMs * steady.toShare)
  return [
    flat("memory on the heap", seconds, ({ heapBytes }) => heapBytes, steady.heapGrowthAnHour),
    eachDecision("memory of the process", seconds, ({ residentBytes }) => residentBytes, steady.residentBytesADecision),
    eachDecision("disk of the journals", seconds, ({ journalBytes }) => journalBytes, steady.journalBytesADecision),
    noMore("open files and sockets", seconds, ({ openFiles }) => openFiles, steady.moreHandles),
    noMore("active handles", seconds, ({ handles }) => handles, steady.moreHandles),
  ]
}
