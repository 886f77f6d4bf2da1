/**
 * What waits for a partition's owner, over everything its commands come from: the lag is the age of the oldest undecided one, wherever it waits.
 *
 * Today there is one source, the commands stream. Whoever adds another adds it to the list; that one of them can't be asked makes the whole unknown, for it may hold the oldest.
 */
import { Clock, Effect } from "effect"
import { Commands } from "../ports/broker.ts"
import type { BrokerUnavailable } from "../ports/errors.ts"

export interface Waiting {
  readonly count: number
  /** Milliseconds; 0 if nothing waits. */
  readonly oldestAgeMs: number
}

/** One place where commands of a partition wait. `cursorSeq`: how far the owner has decided what is stored. */
export type LagSource = (partition: number, cursorSeq: number) => Effect.Effect<Waiting, BrokerUnavailable>

const ofStored: Effect.Effect<LagSource, never, Commands> = Effect.gen(function* () {
  const commands = yield* Commands
  return (partition, cursorSeq) =>
    Effect.gen(function* () {
      const { count, oldestMs } = yield* commands.waiting(partition, cursorSeq)
      const nowMs = yield* Clock.currentTimeMillis
      return { count, oldestAgeMs: oldestMs === null ? 0 : Math.max(0, nowMs - oldestMs) }
    })
})

/** All there are. */
export const lagSources: Effect.Effect<ReadonlyArray<LagSource>, never, Commands> = Effect.map(ofStored, (stored) => [stored])

/** Of all sources together: what waits in each, and the oldest of any. Fails if one of them can't be asked. */
export const lagOver = (
  sources: ReadonlyArray<LagSource>,
  partition: number,
  cursorSeq: number,
): Effect.Effect<Waiting, BrokerUnavailable> =>
  Effect.map(
    Effect.forEach(sources, (source) => source(partition, cursorSeq), { concurrency: "unbounded" }),
    (found) => ({
      count: found.reduce((sum, { count }) => sum + count, 0),
      oldestAgeMs: found.reduce((oldest, { oldestAgeMs }) => Math.max(oldest, oldestAgeMs), 0),
    }),
  )
