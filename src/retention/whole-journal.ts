/**
 * A journal from its first record to its end as one chain, wherever its parts lie: what was purged comes from the archive, the rest from the stream.
 *
 * A reader gets the whole journal or a failure. If the journal's beginning was purged and no archive is named, the failure says how to name it. A purge that
 * happens meanwhile is noticed by the gap, and what it took is read from the archive too.
 */
import { Effect, Option, Stream } from "effect"
import type { EngineCodec } from "../engine/protocol.ts"
import type { StoredRecord } from "../engine/records.ts"
import { Archive, type JournalHeld, JournalRoom } from "../ports/archive.ts"
import { Journals } from "../ports/broker.ts"
import { ArchiveFailed } from "../ports/errors.ts"
import { engineCodec } from "../wire/codec.ts"

/** How to say where the archive is, for the remedy. */
const giveIt = "Give the archive: --archive FOLDER, or HOLDFAST_ARCHIVE_DIR"

const missing = (partition: number, cause: string, remedy: string) =>
  new ArchiveFailed({ operation: `read the journal of partition ${partition} from its first record on`, cause, remedy })

/** How records of the kind whose journal it is are read. */
type DecodeRecord = EngineCodec["decodeRecord"]

/** The incarnation that the stream's first record names: the archive keeps one folder for each. */
const incarnationHeld = Effect.fnUntraced(function* (decodeRecord: DecodeRecord, partition: number, { firstSeq }: JournalHeld) {
  const stored = yield* (yield* Journals).at(partition, firstSeq)
  const decoded = stored === null ? null : decodeRecord(stored.bytes)
  if (decoded?._tag === "Record") return decoded.record.incarnation
  return yield* missing(partition, `record ${firstSeq} can't be read`, "Look at the journal: nats stream get")
})

/** Records that the stream no longer has, from the archive. */
const purgedRecords = Effect.fnUntraced(function* (
  decodeRecord: DecodeRecord,
  partition: number,
  fromSeq: number,
  toSeq: number,
  held: JournalHeld,
) {
  const archive = yield* Effect.serviceOption(Archive)
  const gone = `its stream begins with record ${held.firstSeq}: what was before is archived and purged`
  if (Option.isNone(archive)) return yield* missing(partition, gone, giveIt)
  const incarnation = yield* incarnationHeld(decodeRecord, partition, held)
  const manifest = yield* archive.value.manifest({ partition, incarnation })
  const archivedSeq = manifest?.segments.at(-1)?.to ?? 0
  if (manifest === null || archivedSeq < toSeq)
    return yield* missing(
      partition,
      `${gone}, and the archive that was given ends with record ${archivedSeq} of it`,
      `${giveIt} of this cluster`,
    )
  return archive.value.read(manifest, fromSeq, toSeq)
})

/** Takes every record of the partition up to `toSeq`, in order, from the first one on or from `fromSeq`. `decodeRecord`: of the kind whose ports these are; SKUs unless said. */
export const readWholeJournal = Effect.fnUntraced(function* <E, R>(
  partition: number,
  toSeq: number,
  take: (records: ReadonlyArray<StoredRecord>) => Effect.Effect<void, E, R>,
  decodeRecord: DecodeRecord = engineCodec.decodeRecord,
  fromSeq = 1,
) {
  const journals = yield* Journals
  const room = yield* JournalRoom
  let nextSeq = fromSeq
  const pass = (records: ReadonlyArray<StoredRecord>) =>
    Effect.map(take(records), () => {
      nextSeq = (records.at(-1)?.seq ?? nextSeq) + 1
    })
  /** False where a purge overtook the reading. A gap without a purge is passed on, and whoever takes the records judges it. */
  const passUnlessPurged = Effect.fnUntraced(function* (records: ReadonlyArray<StoredRecord>) {
    const first = records[0]?.seq ?? nextSeq
    if (first > nextSeq && (yield* room.held(partition)).firstSeq > nextSeq) return false
    yield* pass(records)
    return true
  })
  while (nextSeq <= toSeq) {
    const held = yield* room.held(partition)
    if (nextSeq >= held.firstSeq) {
      yield* Stream.runForEachWhile(journals.read(partition, nextSeq, toSeq), passUnlessPurged)
      continue
    }
    const before = nextSeq
    yield* Stream.runForEach(yield* purgedRecords(decodeRecord, partition, nextSeq, Math.min(toSeq, held.firstSeq - 1), held), pass)
    if (nextSeq === before) return yield* missing(partition, `record ${nextSeq} is not in the archive`, giveIt)
  }
})
