/**
 * Bounds of one partition that decide when it does what, and never what it decides: how much goes into a record, waits, is said at once, or stands in a
 * chunk. Given with a partition, so that a small one can be tried; those of limits.ts unless others are.
 */
import { assert } from "../assert.ts"
import {
  arrivedMessagesMax,
  batchCommandsMax,
  batchExpiriesMax,
  commandsPerMessageMax,
  cursorsRememberedMax,
  handedCommandsMax,
  handedPerSenderMin,
  recordBytesMax,
  replyRecordsMax,
  republishRecordsMax,
  snapshotChunkBytesMax,
  snapshotSliceBytesMax,
  snapshotSliceItemsMax,
  underWayMax,
} from "../limits.ts"

/** Bounds that tests and simulated worlds may make smaller, so that what happens at them happens often. */
export interface EngineBounds {
  /** Commands and expiries one record may decide, and bytes that it aims to stay below: one message always fits. */
  readonly batchCommandsMax: number
  readonly batchExpiriesMax: number
  readonly batchBytesMax: number
  /** Messages that wait to be decided; commands handed over, of all senders, and what each sender may have of them. */
  readonly arrivedMessagesMax: number
  readonly handedCommandsMax: number
  readonly handedPerSenderMin: number
  /** Records whose replies may be on their way, and records of a former reign that are said again at once. */
  readonly replyRecordsMax: number
  readonly republishRecordsMax: number
  readonly snapshotChunkBytesMax: number
  readonly snapshotSliceItemsMax: number
  readonly snapshotSliceBytesMax: number
  readonly cursorsRememberedMax: number
  /** Commands that may be under way to other actors: who would begin more is told to come back. */
  readonly underWayMax: number
}

/** The bounds of production, as in limits.ts. */
export const engineBounds: EngineBounds = Object.freeze<EngineBounds>({
  batchCommandsMax,
  batchExpiriesMax,
  batchBytesMax: recordBytesMax,
  arrivedMessagesMax,
  handedCommandsMax,
  handedPerSenderMin,
  replyRecordsMax,
  republishRecordsMax,
  snapshotChunkBytesMax,
  snapshotSliceItemsMax,
  snapshotSliceBytesMax,
  cursorsRememberedMax,
  underWayMax,
})

/** The bounds, some of them others: none above those of limits.ts, which everything else relies on. */
export const boundsWith = (given: Partial<EngineBounds>): EngineBounds => {
  const bounds = { ...engineBounds, ...given }
  for (const [name, most] of Object.entries(engineBounds)) {
    const bound: number = bounds[name as keyof EngineBounds]
    assert(Number.isSafeInteger(bound) && bound >= 1 && bound <= most, "a bound is given smaller, not larger")
  }
  assert(bounds.snapshotSliceItemsMax % 4 === 0, "a slice can be quartered")
  assert(bounds.republishRecordsMax * 2 <= bounds.replyRecordsMax, "what is said again leaves half of all replies to decisions")
  assert(bounds.arrivedMessagesMax >= 4 && bounds.cursorsRememberedMax >= 2, "half of what is kept is something")
  assert(bounds.handedPerSenderMin >= commandsPerMessageMax, "the largest message may wait")
  return bounds
}
