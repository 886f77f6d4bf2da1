/**
 * A line of millions of things in the order they came, which never pauses: it is cut into segments, each of which knows the newest step in it.
 *
 * Places count from the first thing there ever was, so that a walk over the line finds its way while things come and go.
 */
import { assert } from "../assert.ts"

interface LineSegment<T> {
  readonly items: Array<T>
  /** The newest step of what is in it. */
  newestStep: number
}

/** A line, and where it begins: places go on however much is taken off. */
export interface MemoryLine<T> {
  segments: Array<LineSegment<T>>
  /** The place of the first thing in the first segment, gone or not, and of the first that is still there. */
  base: number
  head: number
  count: number
}

/** Things in a segment: a power of two. */
const segmentItems = 1_024

/** A line in which nothing stands yet. */
export const emptyLine = <T>(): MemoryLine<T> => ({ segments: [], base: 0, head: 0, count: 0 })

/** Puts a thing that lies in `step` behind the last. */
export const pushOnto = <T>(line: MemoryLine<T>, item: T, step: number): void => {
  let last = line.segments.at(-1)
  if (last === undefined || last.items.length === segmentItems) {
    last = { items: [], newestStep: step }
    line.segments.push(last)
  }
  last.items.push(item)
  last.newestStep = Math.max(last.newestStep, step)
  line.count++
}

/** The thing at a place, or undefined if it is gone or not there yet. */
export const atPlace = <T>({ segments, base, head }: MemoryLine<T>, place: number): T | undefined =>
  place < head ? undefined : segments[Math.floor((place - base) / segmentItems)]?.items[(place - base) % segmentItems]

/** What stands first, or undefined. */
export const firstOf = <T>(line: MemoryLine<T>): T | undefined => atPlace(line, line.head)

/** The place behind the last thing. */
export const endOf = <T>({ head, count }: MemoryLine<T>): number => head + count

/** Has a line begin so many places later: something came before it. */
export const moveBy = <T>(line: MemoryLine<T>, places: number): void => {
  assert(places >= 0, "INV-2 places of decisions are counted up")
  line.base += places
  line.head += places
}

/** Takes the first off. */
export const shiftOff = <T>(line: MemoryLine<T>): void => {
  assert(line.count > 0, "what is taken off a line stands in it")
  line.head++
  line.count--
  if (line.head - line.base < segmentItems) return
  line.segments.shift()
  line.base += segmentItems
}

/** The newest step among the first things, at least so many: forgotten up to it, they are all forgotten. Looks at segments, not at things. */
export const newestStepOfFirst = <T>({ segments, head, base }: MemoryLine<T>, least: number): number => {
  let step = 0
  let seen = base - head
  for (const segment of segments) {
    if (seen >= least) break
    seen += segment.items.length
    step = Math.max(step, segment.newestStep)
  }
  return step
}
