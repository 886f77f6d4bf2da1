/**
 * Up to where a journal may be purged. Pure: what is known of the archive, the snapshot and the journal's end goes in, a mark or the reason for none comes out.
 *
 * INV-13. Everything that could still be needed from the stream keeps the mark down. Whoever purges asks for nothing but this mark.
 */
import type { ArchivedSegment } from "../wire/archive.ts"

/** What a mark is judged by. */
export interface PurgeGround {
  /** All segments of the archive, in order: files that were read back whole. */
  readonly segments: ReadonlyArray<ArchivedSegment>
  /** Where the snapshot starts that an earlier round archived and verified: its record is read at a start, for its hash. 0: there is none. */
  readonly snapshotStartSeq: number
  /** What the stream holds. */
  readonly firstSeq: number
  readonly lastSeq: number
  readonly mayPurge: boolean
  /** Of the journal's last record: what was said up to there, and its journaled time. */
  readonly publishedSeq: number
  readonly endAtMs: number
  /** How long a record stays, by journaled time. */
  readonly keptMs: number
  /** How many of the newest stay, whatever their time. */
  readonly recordsKept: number
}

/** What may be purged of a journal. */
export type PurgeMark =
  /** Records below this one may go. */
  | { readonly _tag: "Below"; readonly seq: number }
  /** Nothing may go now; why, for people. */
  | { readonly _tag: "Nothing"; readonly why: string }

interface Bound {
  readonly seq: number
  readonly why: string
}

/** The first record that isn't known to be older than the time for which records stay: times are known of whole segments. */
const firstInHorizon = ({ segments, endAtMs, keptMs }: PurgeGround): number => {
  const since = endAtMs - keptMs
  // Journaled time never falls: behind the first segment that reaches into the horizon lies nothing older.
  const reaching = segments.find(({ lastAtMs }) => lastAtMs >= since)
  return reaching?.from ?? (segments.at(-1)?.to ?? 0) + 1
}

/** What must stay, each as the lowest record that may not go. */
const bounds = (ground: PurgeGround): ReadonlyArray<Bound> => [
  { seq: ground.snapshotStartSeq, why: "the verified snapshot starts there" },
  { seq: (ground.segments.at(-1)?.to ?? 0) + 1, why: "nothing further is archived" },
  { seq: ground.publishedSeq, why: "what comes after it may have to be said again" },
  { seq: ground.lastSeq - ground.recordsKept + 1, why: `the newest ${ground.recordsKept} records stay` },
  { seq: firstInHorizon(ground), why: `records stay for ${ground.keptMs / 3_600_000} hours of journaled time` },
]

/** The lowest of all bounds, or why nothing may go. */
export const purgeMark = (ground: PurgeGround): PurgeMark => {
  if (!ground.mayPurge)
    return { _tag: "Nothing", why: "the stream refuses every purge: an earlier release made it, and the server never lets that be changed" }
  if (ground.snapshotStartSeq < 1) return { _tag: "Nothing", why: "no snapshot was archived by an earlier round" }
  const lowest = bounds(ground).reduce((least, bound) => (bound.seq < least.seq ? bound : least))
  // A mark of 0 or 1 would purge no record, and the server takes 0 for: purge everything.
  if (lowest.seq <= ground.firstSeq || lowest.seq < 2) return { _tag: "Nothing", why: `record ${Math.max(1, lowest.seq)}: ${lowest.why}` }
  return { _tag: "Below", seq: lowest.seq }
}
