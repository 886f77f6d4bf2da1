/**
 * When holds end: buckets of 16 ms, so that setting, moving and removing a timer is O(1) however many there are.
 *
 * Derived from the parts of actors, never journaled: whoever replays the journal has armed the same timers. Whoever decides anything ends first what is due then, to the
 * millisecond; where nothing else is to be decided, holds wait a moment for others, so that they end together in one record.
 */
import { assert } from "../assert.ts"
import type { EpochMs } from "../domain/names.ts"
import type { Actor } from "./actor.ts"
import type { KindParts, KindTypes } from "./kind.ts"

const bucketMs = 16

/** The armed timers, by the bucket in which they are due. */
export interface HoldWheel<K extends KindTypes = KindTypes> {
  readonly buckets: Map<number, Map<K["part"], Actor<K>>>
  /** No bucket below this number has anything in it. */
  doneBefore: number
}

const bucketOf = (dueMs: EpochMs): number => Math.ceil(dueMs / bucketMs)

/** Arms the timer of a part that is due at `dueMs`. */
export const armHold = (wheel: HoldWheel, actor: Actor, part: KindTypes["part"], dueMs: EpochMs): void => {
  assert(dueMs > 0, "INV-8 a hold that never ends has no timer")
  const number = bucketOf(dueMs)
  let bucket = wheel.buckets.get(number)
  if (bucket === undefined) {
    bucket = new Map()
    wheel.buckets.set(number, bucket)
    // An older bucket can only appear when nothing was ever armed or when records are replayed behind the clock.
    if (wheel.buckets.size === 1 || number < wheel.doneBefore) wheel.doneBefore = number
  }
  bucket.set(part, actor)
}

/** Disarms the timer that was armed for `dueMs`, if it still is. */
export const disarmHold = (wheel: HoldWheel, part: KindTypes["part"], dueMs: EpochMs): void => {
  const number = bucketOf(dueMs)
  const bucket = wheel.buckets.get(number)
  if (bucket === undefined) return
  bucket.delete(part)
  if (bucket.size === 0) wheel.buckets.delete(number)
}

/** Whether holds have been due for long enough to be ended though nothing else is to be decided: they are gathered for so long. */
export const areHoldsDue = (wheel: HoldWheel, parts: KindParts, nowMs: EpochMs, gatherMs: number): boolean =>
  dueHolds(wheel, parts, Math.floor(nowMs / gatherMs) * gatherMs, 1).length > 0

/** When the hold that is due first was due, to a bucket's width, if that is before `nowMs`; null: none is over. O(buckets since what was ended last): few, for whoever owns the partition looks at them all the time. */
export const overdueSinceMs = ({ buckets, doneBefore }: HoldWheel, nowMs: EpochMs): EpochMs | null => {
  if (buckets.size === 0) return null
  const last = Math.min(Math.floor(nowMs / bucketMs), doneBefore + overdueBucketsMax)
  for (let number = doneBefore; number <= last; number++) if (buckets.has(number)) return number * bucketMs
  return null
}
/** An hour of buckets are looked through: one that has been over for longer than that is found all the same, as soon as the others are ended. */
const overdueBucketsMax = 3_600_000 / bucketMs

/** Up to `most` holds whose time is up at `nowMs`, earliest buckets first; they stay armed until they have ended. */
export const dueHolds = (wheel: HoldWheel, parts: KindParts, nowMs: EpochMs, most: number): Array<readonly [KindTypes["part"], Actor]> => {
  const due: Array<readonly [KindTypes["part"], Actor]> = []
  if (wheel.buckets.size === 0) return due
  const last = Math.floor(nowMs / bucketMs)
  const isLongGap = last - wheel.doneBefore > wheel.buckets.size * 4 + 1_024
  if (isLongGap) {
    for (const number of dueBuckets(wheel, last)) if (!collect(wheel.buckets.get(number), due, most)) return due
    if (due.length === 0) wheel.doneBefore = last + 1
  }
  for (let number = wheel.doneBefore; number <= last && !isLongGap; number++) {
    const bucket = wheel.buckets.get(number)
    if (bucket === undefined && due.length === 0) wheel.doneBefore = number + 1
    if (!collect(bucket, due, most)) return due
  }
  // The bucket that is being lived through has some that are due and some that aren't.
  for (const hold of (nowMs % bucketMs === 0 ? undefined : wheel.buckets.get(last + 1)) ?? []) {
    if (due.length >= most) return due
    if (parts.dueMs(hold[0]) <= nowMs) due.push(hold)
  }
  return due
}

/** Adds what a bucket holds; false: there is enough. */
const collect = (
  bucket: ReadonlyMap<KindTypes["part"], Actor> | undefined,
  due: Array<readonly [KindTypes["part"], Actor]>,
  most: number,
): boolean => {
  for (const hold of bucket ?? none) {
    if (due.length >= most) return false
    due.push(hold)
  }
  return true
}
const none: ReadonlyArray<never> = []

/** After a long gap (a cold start, a clock that stood still, an end that waited for days) going through all buckets once is cheaper than walking the gap. */
const dueBuckets = ({ buckets }: HoldWheel, last: number): ReadonlyArray<number> => {
  const due: Array<number> = []
  for (const number of buckets.keys()) if (number <= last) due.push(number)
  return due.sort((a, b) => a - b)
}
