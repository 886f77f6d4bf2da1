/**
 * Which moments of the past can be asked about: between the first one that is kept and the last one that is known. What lies outside is refused with the bound, and with what to do instead.
 */
import { Clock, Effect } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { EpochMs } from "../domain/names.ts"
import { counted } from "../domain/telling.ts"
import { Past, type PastExtent, type PastFailed, type PastKnown } from "../ports/past.ts"
import { QueryRefused } from "./refused.ts"
import { isoTime } from "./words.ts"

const refuse = (reason: QueryRefused["reason"], detail: string, remedy: string) => new QueryRefused({ reason, detail, remedy })

/** A moment that can be asked about, in journaled time, and how far the past is known around it. */
export interface MomentKnown {
  readonly atMs: EpochMs
  readonly extent: PastExtent
}

/** Why nothing can be said where no record is known. */
export const nothingKnown = ({ kind, partition, behind }: PastExtent["known"]): QueryRefused =>
  behind === 0
    ? refuse("NothingRecorded", "nothing was ever decided there", "look whether it is spelled as its senders spell it")
    : refuse(
        "NotKnownYet",
        `the tables hold nothing of ${kind} partition ${partition} yet${behind === null ? "" : `, whose journal has ${counted(behind, "record")}`}`,
        "ask again when a projector has written it (`holdfast project`), or of the journals themselves (--source journals)",
      )

const instead = "ask again in a moment, or of the journals themselves (--source journals)"

/** Why a moment that has passed can't be asked about yet. */
export const notKnownYet = (knownToMs: EpochMs): QueryRefused =>
  refuse("NotKnownYet", `what was decided after ${isoTime(knownToMs)} has not been read yet`, instead)

/** Why what wasn't found may be there all the same: so many records, of all partitions that were asked, follow those that were read. Undefined: none do that anybody here knows of. */
export const notFoundYet = (what: string, known: ReadonlyArray<PastKnown>): QueryRefused | undefined => {
  const behind = known.reduce((sum, one) => sum + (one.behind ?? 0), 0)
  if (behind === 0) return undefined
  return refuse(
    "NotKnownYet",
    `the tables know nothing of ${what}, and ${counted(behind, "record that followed has", "records that followed have")} not been read yet`,
    instead,
  )
}

/** Why a moment before what is known can't be asked about. */
const beforeKnown = (atMs: EpochMs, sinceMs: EpochMs, isFromTheFirst: boolean): QueryRefused =>
  isFromTheFirst
    ? refuse(
        "BeforeFirstRecord",
        `${isoTime(atMs)} is before the first record, which is of ${isoTime(sinceMs)}`,
        `ask of ${isoTime(sinceMs)} or later`,
      )
    : refuse(
        "BeforeRetention",
        `${isoTime(atMs)} is before what is kept, which begins at ${isoTime(sinceMs)}`,
        `ask of ${isoTime(sinceMs)} or later, or of the journals with their archive (--source journals --archive FOLDER)`,
      )

/** What begins before what is kept can't be told whole. */
export const beganBeforeKept = (what: string, { sinceMs }: PastExtent): QueryRefused =>
  refuse(
    "BeforeRetention",
    `${what} may have begun before what is kept, which begins at ${isoTime(sinceMs ?? 0)}`,
    "ask of the journals with their archive (--source journals --archive FOLDER)",
  )

/** The moment that is asked about: the last one known if none is. Fails where nothing can be said of it. */
export const momentIn: (
  kind: Kind,
  partition: number,
  atMs: EpochMs | undefined,
) => Effect.Effect<MomentKnown, QueryRefused | PastFailed, Past> = Effect.fnUntraced(function* (kind, partition, atMs) {
  const extent = yield* (yield* Past).extent(kind, partition, atMs)
  const { sinceMs, isFromTheFirst, knownToMs, known } = extent
  const nowMs = yield* Clock.currentTimeMillis
  if (sinceMs === null) return yield* nothingKnown(known)
  if (atMs === undefined) return { atMs: Math.max(knownToMs, known.atMs), extent }
  if (atMs > Math.max(nowMs, knownToMs))
    return yield* refuse(
      "InTheFuture",
      `${isoTime(atMs)} is in the future`,
      `ask of ${isoTime(nowMs)} or earlier, or name no time for the last that is known`,
    )
  if (atMs > knownToMs) return yield* notKnownYet(knownToMs)
  return atMs >= sinceMs ? { atMs, extent } : yield* beforeKnown(atMs, sinceMs, isFromTheFirst)
})
