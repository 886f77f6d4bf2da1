/**
 * What waits for a partition's owner, over everything its commands come from: the lag is the age of the oldest undecided one, wherever it waits.
 *
 * Today there is one source, the commands stream. A new source is added to the list. If one source can't be asked, the lag is unknown: the oldest command may lie there.
 */
import { Clock, Effect } from "effect"
import { Commands } from "../ports/broker.ts"
import type { BrokerUnavailable } from "../ports/errors.ts"

/** What waits for an owner: how much, and how old the oldest of it is. */
export interface Backlog {
  readonly count: number
  /** Milliseconds; 0 if nothing waits. */
  readonly oldestAgeMs: number
}

/** How far the owner has decided what is stored. */
export interface DecidedTo {
  readonly cursorSeq: number
}

/** One place where commands of a partition wait. */
export type LagSource = (partition: number, decided: DecidedTo) => Effect.Effect<Backlog, BrokerUnavailable>

const ofStored: Effect.Effect<LagSource, never, Commands> = Effect.gen(function* () {
  const commands = yield* Commands
  return (partition, { cursorSeq }) =>
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
  decided: DecidedTo,
): Effect.Effect<Backlog, BrokerUnavailable> =>
  Effect.map(
    Effect.forEach(sources, (source) => source(partition, decided), { concurrency: "unbounded" }),
    (found) => ({
      count: found.reduce((sum, { count }) => sum + count, 0),
      oldestAgeMs: found.reduce((oldest, { oldestAgeMs }) => Math.max(oldest, oldestAgeMs), 0),
    }),
  )
