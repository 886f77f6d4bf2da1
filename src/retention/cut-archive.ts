/**
 * How much of an archive may be used whose last round was cut short, and leaving it at that: journals that were archived later in it may speak of records that others' archives don't have yet.
 */
import { Effect, Stream } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { StoredRecord } from "../engine/records.ts"
import { Archive, type SegmentDraft } from "../ports/archive.ts"
import { ArchiveFailed } from "../ports/errors.ts"
import type { ArchiveManifest } from "../wire/archive.ts"
import type { ArchivedTogether } from "./dependencies.ts"
import { archivedEnd } from "./keep-journal.ts"
import { Chain, SegmentCutter } from "./segments.ts"

const unreadable = (partition: number, error: unknown) =>
  new ArchiveFailed({
    operation: `read the archive of partition ${partition}`,
    cause: error instanceof Error ? error.message : String(error),
    remedy: "Bring the archive back from a copy of it",
  })

/** Shows the records of a journal, from this one on, to whoever holds what journals say of one another. */
export const showArchived = Effect.fnUntraced(function* (
  kind: Kind,
  manifest: ArchiveManifest,
  fromSeq: number,
  together: ArchivedTogether,
) {
  const { partition } = manifest
  together.endsAt({ kind, partition, seq: archivedEnd(manifest).seq })
  const begin = manifest.segments.find(({ to }) => to >= fromSeq)
  if (begin === undefined) return
  const chain = new Chain(kind, manifest, { seq: begin.from - 1, hash: begin.prevHash })
  const show = (records: ReadonlyArray<StoredRecord>) =>
    Effect.try({
      try: () => {
        for (const record of records) together.take({ kind, partition, seq: record.seq }, chain.take(record))
      },
      catch: (error) => unreadable(partition, error),
    })
  yield* Stream.runForEach((yield* Archive).read(manifest, begin.from, archivedEnd(manifest).seq), show)
})

/** Cuts the archive of a journal behind this record. It may be killed at any moment, and begun anew. */
export const cutArchive = Effect.fnUntraced(function* (kind: Kind, manifest: ArchiveManifest, seq: number) {
  const archive = yield* Archive
  const across = manifest.segments.find(({ from, to }) => from <= seq && to > seq)
  let rest: SegmentDraft | null = null
  if (across !== undefined) {
    const cutter = new SegmentCutter(kind, manifest, { seq: across.from - 1, hash: across.prevHash })
    const records = (yield* Stream.runCollect(archive.read(manifest, across.from, seq))).flat()
    rest = yield* Effect.try({
      try: () => {
        for (const record of records) cutter.take(record)
        return cutter.rest()
      },
      catch: (error) => unreadable(manifest.partition, error),
    })
  }
  return yield* archive.cutAfter(manifest, seq, rest)
})
