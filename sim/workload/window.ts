/**
 * Presses what happened over weeks into a window of minutes: where each moment of recorded flows lies in it. Which flows are played there is others' to say.
 */
import { assert } from "../../src/assert.ts"
import type { PlannedSend } from "../../src/workload/flows.ts"

/** When something was planned, and its place among what was planned for the same time. */
export type Moment = Pick<PlannedSend, "atMs" | "order">

/** Moments within a window; times count from the window's beginning. */
export interface Pressed {
  /** Whole milliseconds from the window's beginning, less than its length. Asserts that the moment is one of those that were pressed into it. */
  readonly placeMs: (moment: Moment) => number
  /** Milliseconds of the window that a millisecond of the flows is worth. */
  readonly scale: number
}

/** Moments of one time, and how long it is until the next. */
interface Time {
  readonly gapMs: number
  /** Their orders, each with its place. */
  readonly ranks: ReadonlyMap<number, number>
}

/**
 * Places moments in a window of `windowMs` milliseconds: in proportion, the first at 0. Files often know only the day of an order: moments of the same
 * time are therefore spread evenly, in their order, until the next time that occurs. The same moment given twice counts once.
 */
export const pressedInto = (moments: Iterable<Moment>, windowMs: number): Pressed => {
  const ordersAt = new Map<number, Set<number>>()
  for (const { atMs, order } of moments) {
    const orders = ordersAt.get(atMs)
    if (orders === undefined) ordersAt.set(atMs, new Set([order]))
    else orders.add(order)
  }
  const groups = [...ordersAt].sort(([a], [b]) => a - b)
  const gaps = groups.slice(1).map(([atMs], i) => atMs - (groups[i]?.[0] ?? atMs))
  // Nothing says how long the last time lasted: as long as the shortest of the others.
  const lastGapMs = gaps.reduce((least, gapMs) => Math.min(least, gapMs), gaps[0] ?? 1)
  const firstMs = groups[0]?.[0] ?? 0
  const spanMs = (groups.at(-1)?.[0] ?? 0) - firstMs + lastGapMs
  const times = new Map(
    groups.map(([atMs, orders], i): [number, Time] => {
      const sorted = [...orders].sort((a, b) => a - b)
      return [atMs, { gapMs: gaps[i] ?? lastGapMs, ranks: new Map(sorted.map((order, rank) => [order, rank])) }]
    }),
  )
  const placeMs = ({ atMs, order }: Moment): number => {
    const time = times.get(atMs)
    const rank = time?.ranks.get(order)
    assert(time !== undefined && rank !== undefined, "only what was pressed into a window has a place in it")
    return Math.floor(((atMs - firstMs + (time.gapMs * rank) / time.ranks.size) * windowMs) / spanMs)
  }
  return { placeMs, scale: windowMs / spanMs }
}
