/**
 * One round for one journal: archive it up to its end, show that its newest snapshot holds what the archive says, and purge what nobody needs from
 * the stream any more. In this order: each step relies only on what the step before wrote to the disk and read back.
 *
 * A round may be killed at any moment and begun anew: what counts is the archive's manifest, and a purge is asked for only below what that names.
 */
import { Effect, Stream } from "effect"
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import type { StoredRecord } from "../engine/records.ts"
import { journalKeptMs, journalRecordsKeptMin } from "../limits.ts"
import { Archive, type JournalHeld, JournalPrefix, type SegmentDraft, type WholeSnapshot } from "../ports/archive.ts"
import { ArchiveFailed } from "../ports/errors.ts"
import type { ArchiveManifest } from "../wire/archive.ts"
import type { ArchivedTogether } from "./dependencies.ts"
import { Fold } from "./fold.ts"
import { foldedKindOf } from "./kinds.ts"
import { type PurgeMark, purgeMark } from "./purge-mark.ts"
import { SegmentCutter } from "./segments.ts"

/** What a round of keeping a journal is told. */
export interface KeepOptions {
  /** Whose journal: the ports are of the same kind. */
  readonly kind: Kind
  readonly partitions: PartitionCounts
  /** Journaled time for which a record stays in its journal. Shorter than {@link journalKeptMs} only where no id is asked for again: in tests. */
  readonly keptMs: number
  readonly recordsKept: number
  /** Archive and verify, and never purge. */
  readonly purges: boolean
  /** What all journals that are archived say of one another. */
  readonly together: ArchivedTogether
  /** Told of progress, for people. */
  readonly say: (what: string) => Effect.Effect<void>
}

/** How long and how many records stay in a journal in production. */
export const keptByDefault = { keptMs: journalKeptMs, recordsKept: journalRecordsKeptMin } as const

/** How a round ended. */
export interface Kept {
  readonly partition: number
  readonly incarnation: string | null
  /** Segments and records this round archived. */
  readonly segments: number
  readonly records: number
  /** Last record that is archived; 0: none. */
  readonly archivedSeq: number
  /** Bytes of the archive's files that count. */
  readonly archiveBytes: number
  /** Where the verified snapshot in the archive starts and ends; null: there is none. */
  readonly snapshot: { readonly startSeq: number; readonly endSeq: number } | null
  readonly mark: PurgeMark
  /** What the stream holds afterwards. */
  readonly journal: JournalHeld
}

const refused = (operation: string, cause: string, remedy: string) => new ArchiveFailed({ operation, cause, remedy })

const lookAtIt =
  "Nothing was purged. Run holdfast audit on this journal, and keep archive and journal as they are until it is clear what happened"

const anotherJournal = (partition: number, cause: string) =>
  refused(
    `archive the journal of partition ${partition}`,
    cause,
    "Nothing was purged. Is this the archive of this cluster? If the journal lost its tail and was resumed, move the partition's folder away, and archive anew if the journal still begins with record 1",
  )

/** Turns our own throws (a broken chain, a snapshot that the engine refuses) into failures. */
const trying = <A>(operation: string, act: () => A): Effect.Effect<A, ArchiveFailed> =>
  Effect.try({ try: act, catch: (error) => refused(operation, error instanceof Error ? error.message : String(error), lookAtIt) })

const emptyArchive = (partition: number, partitions: number, incarnation: string): ArchiveManifest => ({
  partition,
  partitions,
  incarnation,
  segments: [],
  snapshot: null,
  purgedBelow: 0,
})

/** The last record that is archived, and its hash; 0 and "" where none is. */
export const archivedEnd = ({ segments }: ArchiveManifest): { readonly seq: number; readonly hash: string } => {
  const last = segments.at(-1)
  return last === undefined ? { seq: 0, hash: "" } : { seq: last.to, hash: last.lastHash }
}

/** Fails unless the journal still holds the record after the archive's last, and unless the two agree on the last archived record. */
const requireFit = Effect.fnUntraced(function* (kind: Kind, manifest: ArchiveManifest, held: JournalHeld) {
  const { partition } = manifest
  const end = archivedEnd(manifest)
  if (held.firstSeq > end.seq + 1)
    return yield* anotherJournal(partition, `the journal begins with record ${held.firstSeq}, the archive ends with ${end.seq}`)
  if (end.seq > held.lastSeq)
    return yield* anotherJournal(partition, `the archive ends with record ${end.seq}, the journal with ${held.lastSeq}`)
  if (end.seq < held.firstSeq) return
  const record = yield* (yield* JournalPrefix).at(partition, end.seq)
  if (record === null || foldedKindOf(kind).codec.sha256(record.bytes) !== end.hash)
    return yield* anotherJournal(partition, `record ${end.seq} is another in the journal than in the archive`)
})

/** Archives everything up to this record. */
const archiveRecords = Effect.fnUntraced(function* (manifest: ArchiveManifest, toSeq: number, { kind, together, say }: KeepOptions) {
  const archive = yield* Archive
  const journal = yield* JournalPrefix
  const { partition } = manifest
  together.endsAt({ kind, partition, seq: archivedEnd(manifest).seq })
  const cutter = new SegmentCutter(kind, manifest, archivedEnd(manifest), (seq, record) => together.take({ kind, partition, seq }, record))
  let present = manifest
  const add = Effect.fnUntraced(function* (draft: SegmentDraft | null) {
    if (draft === null) return
    present = yield* archive.addSegment(present, draft)
    yield* say(`partition ${manifest.partition}: archived record ${archivedEnd(present).seq} of ${toSeq}`)
  })
  const cut = (record: StoredRecord) => trying(`archive the journal of partition ${manifest.partition}`, () => cutter.take(record))
  yield* Stream.runForEach(journal.read(manifest.partition, archivedEnd(manifest).seq + 1, toSeq), (records) =>
    Effect.forEach(records, (record) => Effect.flatMap(cut(record), add), { discard: true }),
  )
  yield* add(cutter.rest())
  return present
})

/**
 * Folds the archive from the snapshot that was verified before, or from its first record, to the end of this one, and this one from its start: both have to lead to
 * the same state. What is found of the snapshot is what the archive keeps beside it.
 */
const verify = Effect.fnUntraced(function* (manifest: ArchiveManifest, snapshot: WholeSnapshot, { kind, partitions, say }: KeepOptions) {
  const archive = yield* Archive
  const { partition } = manifest
  const operation = `verify snapshot ${snapshot.manifest.id} of partition ${partition}`
  const { startSeq, endSeq, endHash } = snapshot.manifest
  const before = yield* archive.snapshot(manifest)
  const folded = yield* trying(operation, () => new Fold(kind, partition, partitions, before))
  const loaded = yield* trying(operation, () => new Fold(kind, partition, partitions, snapshot))
  const fromSeq = Math.min(before?.manifest.startSeq ?? 1, startSeq)
  yield* Stream.runForEach(archive.read(manifest, fromSeq, endSeq), (records) =>
    trying(operation, () => {
      folded.take(records)
      loaded.take(records.filter(({ seq }) => seq >= startSeq))
    }).pipe(Effect.andThen(say(`partition ${partition}: verified up to record ${records.at(-1)?.seq ?? 0} of ${endSeq}`))),
  )
  const stateHash = folded.stateHash()
  const isSame = folded.endSeq === endSeq && folded.endHash === endHash && loaded.isWhole && loaded.endHash === endHash
  if (!isSame || loaded.stateHash() !== stateHash)
    return yield* refused(operation, `it leads to another state at record ${endSeq} than the records themselves`, lookAtIt)
  return { stateHash, atMs: folded.atMs }
})

/** The journal's record before the mark is the one that is archived: this is the journal that the archive is of. */
const requireArchived = Effect.fnUntraced(function* (manifest: ArchiveManifest, belowSeq: number) {
  const { partition } = manifest
  const journal = yield* JournalPrefix
  const seq = belowSeq - 1
  const [archived] = (yield* Stream.runCollect((yield* Archive).read(manifest, seq, seq))).flat()
  const stored = yield* journal.at(partition, seq)
  if (archived === undefined || stored === null || Buffer.compare(archived.bytes, stored.bytes) !== 0)
    return yield* anotherJournal(partition, `record ${seq} is another in the journal than in the archive`)
})

const recordOf = Effect.fnUntraced(function* (kind: Kind, partition: number, seq: number) {
  const stored = yield* (yield* JournalPrefix).at(partition, seq)
  if (stored === null) return yield* anotherJournal(partition, `record ${seq} is not there`)
  const decoded = foldedKindOf(kind).codec.decodeRecord(stored.bytes)
  if (decoded._tag === "Record") return decoded.record
  return yield* refused(`read record ${seq} of journal ${partition}`, decoded.cause, lookAtIt)
})

/** `verifiedBefore`: the start of the snapshot that stood in the archive when the round began. A worker that is starting from an older snapshot so has the time of one round to get past it. */
const markOf = Effect.fnUntraced(function* (manifest: ArchiveManifest, verifiedBefore: number, { kind, keptMs, recordsKept }: KeepOptions) {
  const held = yield* (yield* JournalPrefix).held(manifest.partition)
  const { publishedSeq, atMs } = yield* recordOf(kind, manifest.partition, held.lastSeq)
  const ground = { ...held, publishedSeq, endAtMs: atMs, keptMs, recordsKept }
  return purgeMark({ ...ground, segments: manifest.segments, snapshotStartSeq: verifiedBefore })
})

/** Purges below the mark, and looks whether just that came of it. */
const purge = Effect.fnUntraced(function* (manifest: ArchiveManifest, belowSeq: number) {
  const journal = yield* JournalPrefix
  const { partition } = manifest
  yield* requireArchived(manifest, belowSeq)
  const before = yield* journal.held(partition)
  yield* journal.purge(partition, belowSeq)
  const after = yield* journal.held(partition)
  if (after.firstSeq !== belowSeq || after.lastSeq < before.lastSeq)
    return yield* refused(
      `purge journal ${partition} below record ${belowSeq}`,
      `it now holds ${after.firstSeq} to ${after.lastSeq}, and held ${before.firstSeq} to ${before.lastSeq}`,
      lookAtIt,
    )
  return yield* (yield* Archive).notePurged(manifest, belowSeq)
})

const reportOf = (manifest: ArchiveManifest, before: ArchiveManifest, mark: PurgeMark, journal: JournalHeld): Kept => ({
  partition: manifest.partition,
  incarnation: manifest.incarnation,
  segments: manifest.segments.length - before.segments.length,
  records: archivedEnd(manifest).seq - archivedEnd(before).seq,
  archivedSeq: archivedEnd(manifest).seq,
  archiveBytes: archiveBytesOf(manifest),
  snapshot: manifest.snapshot === null ? null : { startSeq: manifest.snapshot.startSeq, endSeq: manifest.snapshot.endSeq },
  mark,
  journal,
})

/** Bytes of all files that an archive's manifest names. */
export const archiveBytesOf = ({ segments, snapshot }: ArchiveManifest): number =>
  segments.reduce((sum, { fileBytes }) => sum + fileBytes, snapshot?.fileBytes ?? 0)

/** What a round begins with: the journal's end is looked at last, so that a snapshot that was read ends before it. Null: the journal holds nothing. */
const beginRound = Effect.fnUntraced(function* (partition: number, { kind, partitions }: KeepOptions) {
  const journal = yield* JournalPrefix
  const found = yield* journal.snapshot(partition)
  const held = yield* journal.held(partition)
  if (held.lastSeq < held.firstSeq) return null
  const { incarnation } = yield* recordOf(kind, partition, held.firstSeq)
  const before = (yield* (yield* Archive).manifest({ partition, incarnation })) ?? emptyArchive(partition, partitions[kind], incarnation)
  yield* requireFit(kind, before, held)
  // One of a journal that was there before this one says nothing of it.
  return { held, before, snapshot: found?.manifest.incarnation === incarnation ? found : null }
})

/** What would be done: what isn't archived yet, and the mark by what is. Writes nothing. */
export const lookAtJournal = Effect.fnUntraced(function* (partition: number, options: KeepOptions) {
  const begun = yield* beginRound(partition, options)
  if (begun === null) return nothingYet(partition, yield* (yield* JournalPrefix).held(partition))
  const { held, before } = begun
  const mark = yield* markOf(before, before.snapshot?.startSeq ?? 0, options)
  const report = reportOf(before, before, mark, held)
  return { ...report, records: Math.max(0, held.lastSeq - report.archivedSeq) }
})

const nothingYet = (partition: number, journal: JournalHeld): Kept => ({
  partition,
  incarnation: null,
  segments: 0,
  records: 0,
  archivedSeq: 0,
  archiveBytes: 0,
  snapshot: null,
  mark: { _tag: "Nothing", why: "the journal holds no record" },
  journal,
})

/** One round. Fails with a remedy, and purges nothing, wherever something isn't as it has to be. */
export const keepJournal = Effect.fnUntraced(function* (partition: number, options: KeepOptions) {
  const archive = yield* Archive
  const journal = yield* JournalPrefix
  const begun = yield* beginRound(partition, options)
  if (begun === null) return nothingYet(partition, yield* journal.held(partition))
  const { held, before, snapshot } = begun
  let manifest = yield* archiveRecords(before, held.lastSeq, options)
  // A snapshot that ends before the archived one does is older than it, so the verified one stays.
  if (snapshot !== null && manifest.snapshot?.id !== snapshot.manifest.id && snapshot.manifest.endSeq >= (manifest.snapshot?.endSeq ?? 0))
    manifest = yield* archive.putSnapshot(manifest, snapshot, yield* verify(manifest, snapshot, options))
  const mark = yield* markOf(manifest, before.snapshot?.startSeq ?? 0, options)
  if (mark._tag === "Below" && options.purges) manifest = yield* purge(manifest, mark.seq)
  return reportOf(manifest, before, mark, yield* journal.held(partition))
})

/**
 * Archives a journal up to a record that another archived one speaks of, so that neither is used without the other. It was journaled before that one, and so is there. Fails as a round does.
 */
export const keepNeeded = Effect.fnUntraced(function* (partition: number, toSeq: number, options: KeepOptions) {
  const begun = yield* beginRound(partition, options)
  if (begun === null || begun.held.lastSeq < toSeq)
    return yield* anotherJournal(
      partition,
      `it ends with record ${begun?.held.lastSeq ?? 0}, and another journal speaks of its record ${toSeq}`,
    )
  return archivedEnd(yield* archiveRecords(begun.before, toSeq, options)).seq
})
