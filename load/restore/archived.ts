/** What an archive knows: which commands are decided in it, and where and when each journal ends. */
import { Effect, Stream } from "effect"
import { folderArchiveReader } from "../../src/archive/folder.ts"
import { Kind } from "../../src/domain/kinds.ts"
import { isInternal } from "../../src/domain/names.ts"
import type { JournalRecord } from "../../src/engine/records.ts"
import { Archive } from "../../src/ports/archive.ts"
import { archivedEnd } from "../../src/retention/keep-journal.ts"
import { engineCodec, orderCodec } from "../../src/wire/codec.ts"

export interface ArchivedEnd {
  readonly kind: Kind
  readonly partition: number
  readonly seq: number
}

export interface ArchiveSeen {
  /** Sender and id of each command that is decided there. Of an order: whose answer is there. */
  readonly decided: ReadonlySet<string>
  readonly ends: ReadonlyArray<ArchivedEnd>
}

const note = (decided: Set<string>, { entries }: JournalRecord): void => {
  for (const entry of entries) {
    if (entry._tag === "Answered") decided.add(`${entry.sender} ${entry.id}`)
    if (entry._tag !== "Message" || isInternal(entry.sender)) continue
    for (const { command, decision } of entry.decided)
      if (command !== null && (decision._tag === "Accepted" || decision._tag === "Refused")) decided.add(`${entry.sender} ${command.id}`)
  }
}

const readKind = (kind: Kind, decided: Set<string>) =>
  Effect.gen(function* () {
    const archive = yield* Archive
    const { decodeRecord } = kind === "sku" ? engineCodec : orderCodec
    const ends: Array<ArchivedEnd> = []
    for (const journal of yield* archive.journals) {
      const manifest = yield* archive.manifest(journal)
      if (manifest === null) continue
      const { seq } = archivedEnd(manifest)
      ends.push({ kind, partition: journal.partition, seq })
      yield* Stream.runForEach(archive.read(manifest, 1, seq), (records) =>
        Effect.sync(() => {
          for (const { bytes } of records) {
            const read = decodeRecord(bytes)
            if (read._tag !== "Record") throw new Error(`a record of the archive is ${read._tag}: ${read.cause}`)
            // Of whichever kind: only what all kinds have is looked at.
            note(decided, read.record as JournalRecord)
          }
        }),
      )
    }
    return ends
  })

/** Reads a whole archive. */
export const readArchive = async (folder: string): Promise<ArchiveSeen> => {
  const decided = new Set<string>()
  const ends: Array<ArchivedEnd> = []
  for (const kind of Kind)
    ends.push(...(await Effect.runPromise(readKind(kind, decided).pipe(Effect.provide(folderArchiveReader({ folder, kind }))))))
  return { decided, ends }
}
