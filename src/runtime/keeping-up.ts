/**
 * Compares how far a partition's life has read its journal with where the journal ends. Only who has caught up may be asked to own the partition; people see the difference too.
 *
 * This file changes nothing. For an owner nothing is looked up: its journal ends with the record that it wrote last.
 */
import { Clock, Effect } from "effect"
import { statusOf } from "../engine/views.ts"
import { Journals } from "../ports/broker.ts"
import { logLine } from "../telemetry/names.ts"
import type { RunningPartition } from "./partition.ts"
import type { Slot } from "./slot.ts"

/** Milliseconds that a follower has to reach the end it was told, and after which it looks again where it didn't. */
const lookEveryMs = 1_000
/** Milliseconds between two looks of one that has caught up: how much may have been written since. Each is a request to the journal's leader. */
const calmLookEveryMs = 3_000
/** Milliseconds between two lines about a long catch-up. */
const logEveryMs = 5_000
/** Milliseconds without any progress after which joining the others doesn't wait for it: longer than a reader's silences and a server's election. */
const stuckMs = 15_000

/** What was seen of a life so far. */
interface Seen {
  /** Records and chunks applied. */
  progress: number
  progressAtMs: number
  saidAtMs: number
  hasSaid: boolean
  /** Once it has caught up it can no longer count as stuck. */
  hasCaughtUp: boolean
}

const progressOf = (running: RunningPartition): number => {
  const { confirmedSeq, loading } = statusOf(running.state)
  return loading === null ? confirmedSeq : loading.chunks
}

/** Whether the life has applied everything up to there. */
const reaches = (running: RunningPartition, endSeq: number): boolean => {
  const { phase, confirmedSeq } = statusOf(running.state)
  return phase !== "starting" && confirmedSeq >= endSeq
}

const say = Effect.fnUntraced(function* (slot: Slot, running: RunningPartition, seen: Seen, nowMs: number) {
  const { partition, endSeq } = slot
  const { confirmedSeq, loading } = statusOf(running.state)
  if (slot.isCaughtUp) {
    if (seen.hasSaid) yield* Effect.logInfo(logLine.caughtUp, { partition, records: confirmedSeq })
    seen.hasSaid = false
    seen.saidAtMs = nowMs
    return
  }
  if (nowMs - seen.saidAtMs < logEveryMs) return
  seen.saidAtMs = nowMs
  seen.hasSaid = true
  const snapshot = loading === null ? {} : { snapshotChunks: `${loading.chunks} of ${loading.of}` }
  yield* Effect.logInfo(logLine.catchingUp, { partition, records: confirmedSeq, end: endSeq ?? "unknown", ...snapshot })
})

const note = (slot: Slot, running: RunningPartition, seen: Seen, nowMs: number): void => {
  const progress = progressOf(running)
  if (progress !== seen.progress || slot.isCaughtUp) seen.progressAtMs = nowMs
  seen.progress = progress
  seen.hasCaughtUp ||= slot.isCaughtUp
  slot.isStuck = !seen.hasCaughtUp && nowMs - seen.progressAtMs >= stuckMs
}

/** Forgets what was known for an earlier life of the partition: the next one begins at its own place. */
export const forgetPosition = (slot: Slot): void => {
  slot.endSeq = null
  slot.isCaughtUp = false
  slot.isStuck = false
}

/** Looks again and again, for as long as the life. */
export const keepUp: (slot: Slot, running: RunningPartition) => Effect.Effect<never, never, Journals> = Effect.fnUntraced(
  function* (slot, running) {
    const journals = yield* Journals
    const beganAtMs = yield* Clock.currentTimeMillis
    const seen: Seen = { progress: -1, progressAtMs: beganAtMs, saidAtMs: beganAtMs, hasSaid: false, hasCaughtUp: false }
    const lookAtEnd = journals.endSeq(slot.partition).pipe(
      Effect.timeoutOption(stuckMs),
      Effect.orElseSucceed(() => ({ _tag: "None" }) as const),
    )
    while (true) {
      // A partition that is claimed or owned counts as caught up, so that a late look at the journal's end doesn't hand it to another worker.
      if (running.isClaimed()) slot.isCaughtUp = true
      else {
        const end = yield* lookAtEnd
        if (end._tag === "Some") {
          slot.endSeq = end.value
          yield* Effect.timeoutOption(running.followedTo(end.value), lookEveryMs)
        }
        slot.isCaughtUp = running.isClaimed() || (slot.endSeq !== null && reaches(running, slot.endSeq))
      }
      const nowMs = yield* Clock.currentTimeMillis
      note(slot, running, seen, nowMs)
      yield* say(slot, running, seen, nowMs)
      slot.signal.notify()
      if (slot.isCaughtUp) yield* Effect.sleep(calmLookEveryMs)
      else if (slot.endSeq === null) yield* Effect.sleep(lookEveryMs)
    }
  },
)
