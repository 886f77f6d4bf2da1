/**
 * Which moments of the past can be asked about: between the first one that is kept and the last one that is known. What lies outside is refused with the bound, and with what to do instead.
 */
import { Clock, Effect } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { EpochMs } from "../domain/names.ts"
import { Past, type PastFailed } from "../ports/past.ts"
import { QueryRefused } from "./refused.ts"
import { isoTime } from "./words.ts"

const refuse = (reason: QueryRefused["reason"], detail: string, remedy: string) => new QueryRefused({ reason, detail, remedy })

/** The moment that is asked about, in journaled time: the last one known if none is. Fails where nothing can be said of it. */
export const momentIn: (
  kind: Kind,
  partition: number,
  atMs: EpochMs | undefined,
) => Effect.Effect<EpochMs, QueryRefused | PastFailed, Past> = Effect.fnUntraced(function* (kind, partition, atMs) {
  const { sinceMs, isFromTheFirst, knownToMs } = yield* (yield* Past).extent(kind, partition)
  const nowMs = yield* Clock.currentTimeMillis
  if (sinceMs === null)
    return yield* refuse("NothingRecorded", "nothing was ever decided there", "look whether it is spelled as its senders spell it")
  if (atMs === undefined) return knownToMs
  if (atMs > Math.max(nowMs, knownToMs))
    return yield* refuse(
      "InTheFuture",
      `${isoTime(atMs)} is in the future`,
      `ask of ${isoTime(nowMs)} or earlier, or name no time for the last that is known`,
    )
  if (atMs > knownToMs)
    return yield* refuse(
      "NotKnownYet",
      `what was decided after ${isoTime(knownToMs)} has not been read yet`,
      "ask again in a moment, or of the journals themselves",
    )
  if (atMs >= sinceMs) return atMs
  return yield* isFromTheFirst
    ? refuse(
        "BeforeFirstRecord",
        `${isoTime(atMs)} is before the first record, which is of ${isoTime(sinceMs)}`,
        `ask of ${isoTime(sinceMs)} or later`,
      )
    : refuse(
        "BeforeRetention",
        `${isoTime(atMs)} is before what is kept, which begins at ${isoTime(sinceMs)}`,
        `ask of ${isoTime(sinceMs)} or later, or of the journals with their archive (--archive)`,
      )
})
