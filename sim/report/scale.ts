/**
 * Arithmetic of charts: what lies where, which marks an axis has, and step functions of time. No markup.
 *
 * A chart is at most some thousand units wide, a seed has any number of points: points that fall on the same unit are thinned to the ones that
 * can be seen.
 */
import type { Points } from "../result.ts"

export type Scale = (value: number) => number

/** Coordinates are written with one decimal: a tenth of a pixel is not seen, and a page holds many thousands of them. */
export const px = (value: number): string => String(Math.round(value * 10) / 10)

export const linear = (from: number, to: number, low: number, high: number): Scale => {
  const span = to - from
  return (value) => (span === 0 ? low : low + ((value - from) / span) * (high - low))
}

const nice = [1, 2, 5, 10]
const timeStepsMs = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000,
  3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
]

const multiples = (from: number, to: number, step: number): ReadonlyArray<number> => {
  const first = Math.ceil(from / step) * step
  const length = Math.max(0, Math.floor((to - first) / step + 1e-9) + 1)
  return Array.from({ length }, (_, index) => first + index * step)
}

/** Round numbers of an axis, about `about` of them. Whole ones: what is counted here are units. */
export const numberTicks = (from: number, to: number, about: number): ReadonlyArray<number> => {
  const raw = Math.max((to - from) / about, 1)
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = (nice.find((factor) => factor * power >= raw) ?? 10) * power
  return multiples(from, to, step)
}

/** Moments of a time axis that clocks show too: whole seconds, quarters of an hour, days. */
export const timeTicks = (fromMs: number, toMs: number, about: number): ReadonlyArray<number> => {
  const raw = (toMs - fromMs) / about
  const dayMs = 86_400_000
  const step = timeStepsMs.find((ms) => ms >= raw) ?? Math.ceil(raw / dayMs) * dayMs
  return multiples(fromMs, toMs, step)
}

interface Column {
  readonly x: number
  readonly first: number
  low: number
  high: number
  last: number
}

/** Points by the unit of width that they fall on. */
const columns = (points: Points, x: Scale): ReadonlyArray<Column> => {
  const found: Array<Column> = []
  for (const [atMs, value] of points) {
    const at = Math.round(x(atMs))
    const column = found.at(-1)
    if (column === undefined || at > column.x) found.push({ x: at, first: value, low: value, high: value, last: value })
    else {
      column.low = Math.min(column.low, value)
      column.high = Math.max(column.high, value)
      column.last = value
    }
  }
  return found
}

/** The path of a step function until `endMs`, its lowest and highest values of each column kept; empty without points. */
export const stepPath = (points: Points, endMs: number, x: Scale, y: Scale): string => {
  const [start, ...rest] = columns(points, x)
  if (start === undefined) return ""
  const swing = (column: Column): string =>
    column.low === column.high
      ? ""
      : [column.high, column.low, column.last].map((value, at, all) => (value === all[at - 1] ? "" : `V${px(y(value))}`)).join("")
  const steps = rest.map((column) => `H${px(column.x)}V${px(y(column.first))}${swing(column)}`)
  return `M${px(start.x)} ${px(y(start.first))}${swing(start)}${steps.join("")}H${px(x(endMs))}`
}

/** The area between a step function and `base`. */
export const stepArea = (points: Points, endMs: number, x: Scale, y: Scale, base: number): string => {
  const line = stepPath(points, endMs, x, y)
  const [first] = columns(points, x)
  return first === undefined ? "" : `${line}V${px(y(base))}H${px(first.x)}Z`
}

/** A stretch in which two step functions have these values. */
export interface Stretch {
  readonly fromMs: number
  readonly toMs: number
  readonly left: number
  readonly right: number
}

/** Where both functions have a value and differ, in order of time. */
export const differences = (left: Points, right: Points, endMs: number): ReadonlyArray<Stretch> => {
  const found: Array<Stretch> = []
  let at = { left: 0, right: 0 }
  let values: { left: number | null; right: number | null } = { left: null, right: null }
  let fromMs = 0
  const close = (toMs: number): void => {
    if (values.left !== null && values.right !== null && values.left !== values.right && toMs > fromMs)
      found.push({ fromMs, toMs, left: values.left, right: values.right })
  }
  while (at.left < left.length || at.right < right.length) {
    const [leftMs, leftValue] = left[at.left] ?? [Number.POSITIVE_INFINITY, 0]
    const [rightMs, rightValue] = right[at.right] ?? [Number.POSITIVE_INFINITY, 0]
    const nextMs = Math.min(leftMs, rightMs)
    if (nextMs >= endMs) break
    close(nextMs)
    fromMs = nextMs
    values = { left: leftMs === nextMs ? leftValue : values.left, right: rightMs === nextMs ? rightValue : values.right }
    at = { left: at.left + (leftMs === nextMs ? 1 : 0), right: at.right + (rightMs === nextMs ? 1 : 0) }
  }
  close(endMs)
  return found
}

/**
 * Rectangles between two step functions, as one path. Those narrower than a unit of width are drawn as one with the others on the same units, as high as
 * all of them.
 */
export const betweenPath = (stretches: ReadonlyArray<Stretch>, x: Scale, y: Scale): string => {
  const narrow = new Map<number, readonly [low: number, high: number]>()
  const paths: Array<string> = []
  // All in one direction: two that lie on one another and run against each other would leave a hole.
  const rectangle = (from: number, to: number, left: number, right: number): void => {
    const [low, high] = left < right ? [left, right] : [right, left]
    paths.push(`M${px(from)} ${px(y(low))}V${px(y(high))}H${px(to)}V${px(y(low))}Z`)
  }
  for (const { fromMs, toMs, left, right } of stretches) {
    const [from, to] = [x(fromMs), x(toMs)]
    if (to - from >= 1) rectangle(from, to, left, right)
    else
      for (let column = Math.floor(from); column < to; column++) {
        const [low, high] = narrow.get(column) ?? [left, left]
        narrow.set(column, [Math.min(low, left, right), Math.max(high, left, right)])
      }
  }
  for (const [column, [low, high]] of narrow) rectangle(column, column + 1, low, high)
  return paths.join("")
}

/** Stretches of time that were drawn as one, because they touch or lie on the same unit of width. */
export interface Drawn<A> {
  readonly from: number
  to: number
  readonly first: A
  count: number
}

/** Spans of time as what there is to draw of them: none over another, each at least `least` wide, two if nothing else is said. */
export const drawnSpans = <A>(
  spans: ReadonlyArray<A>,
  timesOf: (span: A) => readonly [number, number],
  x: Scale,
  least = 2,
): ReadonlyArray<Drawn<A>> => {
  const found: Array<Drawn<A>> = []
  for (const span of [...spans].sort((a, b) => timesOf(a)[0] - timesOf(b)[0])) {
    const [fromMs, toMs] = timesOf(span)
    const from = x(fromMs)
    const to = Math.max(x(toMs), from + least)
    const last = found.at(-1)
    if (last !== undefined && from < last.to) {
      last.to = Math.max(last.to, to)
      last.count += 1
    } else found.push({ from, to, first: span, count: 1 })
  }
  return found
}
