/**
 * What keeping a journal's past needs: where archived records go, what a journal's stream still holds, and the one place where a prefix of it is purged.
 *
 * The archive is real in archive/ (a folder); the journal's side in nats/, once for whoever may only look and once for the archivist's login.
 */
import { Context, type Effect, type Stream } from "effect"
import type { SnapshotManifest } from "../engine/protocol.ts"
import type { StoredRecord } from "../engine/records.ts"
import type { ArchivedSnapshot, ArchiveManifest } from "../wire/archive.ts"
import type { ArchiveFailed, BrokerUnavailable } from "./errors.ts"

/** One journal of one partition: another cluster's, or one begun anew, has another incarnation. */
export interface ArchivedJournal {
  readonly partition: number
  readonly incarnation: string
}

/** Records that follow one another, as a segment is made of them. */
export interface SegmentDraft {
  readonly records: ReadonlyArray<StoredRecord>
  readonly prevHash: string
  readonly lastHash: string
  readonly firstAtMs: number
  readonly lastAtMs: number
}

/** A snapshot with its chunks, as the engine reads it. */
export interface WholeSnapshot {
  readonly manifest: SnapshotManifest
  readonly chunks: ReadonlyArray<Uint8Array>
}

/** Where archived records and the newest verified snapshot of each journal lie. What a write answered with is on the disk and was read back. */
export class Archive extends Context.Service<
  Archive,
  {
    /** The journals of the kind that anything is archived of, by partition. */
    readonly journals: Effect.Effect<ReadonlyArray<ArchivedJournal>, ArchiveFailed>
    /** What is archived of this journal; null: nothing. */
    readonly manifest: (journal: ArchivedJournal) => Effect.Effect<ArchiveManifest | null, ArchiveFailed>
    /** Adds records after those of `before`, the manifest last answered with. A kill at any moment leaves all of the segment or nothing that counts. */
    readonly addSegment: (before: ArchiveManifest, draft: SegmentDraft) => Effect.Effect<ArchiveManifest, ArchiveFailed>
    /** Makes this the snapshot of the archive; the one before it is removed afterwards. */
    readonly putSnapshot: (
      before: ArchiveManifest,
      snapshot: WholeSnapshot,
      found: Pick<ArchivedSnapshot, "atMs" | "stateHash">,
    ) => Effect.Effect<ArchiveManifest, ArchiveFailed>
    /** Keeps the records up to `seq` alone, whose segments that end later are replaced by `rest`. What is behind it is put aside, and counts no more. */
    readonly cutAfter: (before: ArchiveManifest, seq: number, rest: SegmentDraft | null) => Effect.Effect<ArchiveManifest, ArchiveFailed>
    /** Notes what the journal was asked to purge, for people. */
    readonly notePurged: (before: ArchiveManifest, belowSeq: number) => Effect.Effect<ArchiveManifest, ArchiveFailed>
    /** Records `fromSeq` to `toSeq`, both included, in order, a segment's at once. Fails where a file is damaged or one is missing. */
    readonly read: (manifest: ArchiveManifest, fromSeq: number, toSeq: number) => Stream.Stream<ReadonlyArray<StoredRecord>, ArchiveFailed>
    /** The snapshot of the archive; null: none. */
    readonly snapshot: (manifest: ArchiveManifest) => Effect.Effect<WholeSnapshot | null, ArchiveFailed>
  }
>()("holdfast/ports/Archive") {}

/** What a journal's stream holds. */
export interface JournalHeld {
  /** The first record that is there; one above `lastSeq` if none is. */
  readonly firstSeq: number
  readonly lastSeq: number
  /** Bytes in the stream of one server, headers included. */
  readonly bytes: number
  /** False: the stream refuses every purge, for good, as those of an earlier release do. */
  readonly mayPurge: boolean
}

/** What is left of a journal in its stream, for whoever only looks. */
export class JournalRoom extends Context.Service<
  JournalRoom,
  { readonly held: (partition: number) => Effect.Effect<JournalHeld, BrokerUnavailable> }
>()("holdfast/ports/JournalRoom") {}

/** All that the archivist's login may: read a journal and its snapshot, and purge a prefix of the journal. */
export class JournalPrefix extends Context.Service<
  JournalPrefix,
  {
    /** How many partitions the cluster has; 0: there is none yet. */
    readonly partitions: Effect.Effect<number, BrokerUnavailable>
    readonly held: (partition: number) => Effect.Effect<JournalHeld, BrokerUnavailable>
    /** The record at `seq`, or null, through the leader. */
    readonly at: (partition: number, seq: number) => Effect.Effect<StoredRecord | null, BrokerUnavailable>
    /** Records `fromSeq` to `toSeq`, both included, in order, through the leader. Fails where one is missing. */
    readonly read: (partition: number, fromSeq: number, toSeq: number) => Stream.Stream<ReadonlyArray<StoredRecord>, BrokerUnavailable>
    /** The partition's snapshot, or null if there is none, it isn't whole, or another took its place meanwhile. */
    readonly snapshot: (partition: number) => Effect.Effect<WholeSnapshot | null, BrokerUnavailable>
    /** Removes the records below `belowSeq`, which is at least 2 and not above the last one. */
    readonly purge: (partition: number, belowSeq: number) => Effect.Effect<void, BrokerUnavailable>
  }
>()("holdfast/ports/JournalPrefix") {}
