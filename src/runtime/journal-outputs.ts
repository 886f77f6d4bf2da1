/**
 * Performs what a partition asks of its journal and of the marks outside it. Each append is attempted exactly once. If the answer is no acknowledgement, the engine decides what
 * it means, and whether the same bytes are sent again.
 */
import { Effect, Stream } from "effect"
import type { Output } from "../engine/protocol.ts"
import type { StoredRecord } from "../engine/records.ts"
import { replaySliceBytes } from "../limits.ts"
import { Cluster, Journals } from "../ports/broker.ts"
import { spanName } from "../telemetry/names.ts"
import { untilDone } from "./patience.ts"
import { makeReading, readForEver } from "./reading.ts"
import type { Shell } from "./shell.ts"

type JournalsService = Journals["Service"]
type ClusterService = Cluster["Service"]

const makeAppend = (shell: Shell, journals: JournalsService) => (output: Extract<Output, { readonly _tag: "Append" }>) => {
  const { expectedSeq, messageId, bytes } = output
  shell.run(
    journals.append(shell.partition, expectedSeq, messageId, bytes).pipe(
      // The span is made without a stack trace: only this line begins it, and a trace would cost as much as all other work here.
      Effect.withSpan(
        spanName.append,
        { attributes: { partition: shell.partition, expectedSeq, bytes: bytes.length } },
        { captureStackTrace: false },
      ),
      Effect.match({
        onSuccess: (ack) => shell.tell({ _tag: "AppendAcked", messageId, seq: ack.seq, duplicate: ack.duplicate }),
        onFailure: (error) => shell.tell({ _tag: "AppendUnknown", messageId, cause: error.cause }),
      }),
    ),
  )
}

/** Records in parts of so many bytes, one record at least. */
const slicesOf = (records: ReadonlyArray<StoredRecord>): ReadonlyArray<ReadonlyArray<StoredRecord>> => {
  const slices: Array<Array<StoredRecord>> = []
  let bytes = 0
  for (const record of records) {
    const slice = slices.at(-1)
    bytes += record.bytes.length
    if (slice !== undefined && bytes <= replaySliceBytes) slice.push(record)
    else {
      slices.push([record])
      bytes = record.bytes.length
    }
  }
  return slices
}

const makeFollowing = (shell: Shell, journals: JournalsService) => {
  const following = makeReading(shell)
  const readingToTheEnd = makeReading(shell)
  // Told in slices: the records of one turn may hold a million commands, and the process does nothing else while a slice is applied.
  const take = (isCurrent: () => boolean) => (records: ReadonlyArray<StoredRecord>) =>
    Effect.forEach(
      slicesOf(records),
      (slice) => {
        shell.tellWhile(isCurrent, { _tag: "RecordsRead", records: slice })
        return shell.heard
      },
      { discard: true },
    )
  const stop = () => {
    following.stop()
    readingToTheEnd.stop()
  }
  return {
    followJournal: (fromSeq: number) => {
      // Both readings are replaced: if the partition discarded its snapshot and begins anew, records of an earlier reading would look like a gap.
      stop()
      following.start((isCurrent) =>
        readForEver({
          what: `following the journal of partition ${shell.partition}`,
          fromSeq,
          open: (seq) => journals.follow(shell.partition, seq),
          take: take(isCurrent),
        }),
      )
    },
    stopFollowing: stop,
    // Not tried again: the journal may have lost its tail meanwhile, so the partition asks for the journal's end again before it reads up to it.
    readRecords: (fromSeq: number, toSeq: number) =>
      readingToTheEnd.start((isCurrent) => {
        let readSeq = fromSeq - 1
        return Stream.runForEach(journals.read(shell.partition, fromSeq, toSeq), (records) => {
          readSeq = records.at(-1)?.seq ?? readSeq
          return take(isCurrent)(records)
        }).pipe(
          Effect.catch((error) =>
            Effect.logWarning(`the journal of partition ${shell.partition} was not read to its end`, { cause: error.cause }),
          ),
          Effect.andThen(
            Effect.sync(() => {
              if (readSeq < toSeq) shell.tellWhile(isCurrent, { _tag: "ReadFailed", what: "ClaimBasis" })
            }),
          ),
        )
      }),
  }
}

const makeQuestionsToTheJournal = (shell: Shell, journals: JournalsService, cluster: ClusterService) => ({
  readClaimBasis: (ask: number) =>
    shell.run(
      // The marks are read before the journal's end. A witness read first names a record that the end, read later, must include, even while an owner is writing.
      Effect.all([cluster.marks(shell.partition), journals.endSeq(shell.partition)]).pipe(
        Effect.match({
          onSuccess: ([{ incarnation, witness, halt, unread }, endSeq]) => {
            if (unread?._tag === "Newer") return shell.tell({ _tag: "ClaimBasisNewer", ask, cause: unread.cause })
            const damaged = unread === undefined ? {} : { damaged: unread.cause }
            shell.tell({ _tag: "ClaimBasisRead", ask, basis: { endSeq, incarnation, witness, halt, ...damaged } })
          },
          onFailure: () => shell.tell({ _tag: "ReadFailed", what: "ClaimBasis" }),
        }),
      ),
    ),
  readJournalEnd: (seq: number) =>
    shell.run(
      // The end is read before the record: if the append is stored between the two reads, the end is merely old, and the record is not taken for missing.
      Effect.all([journals.endSeq(shell.partition), journals.at(shell.partition, seq)]).pipe(
        Effect.match({
          onSuccess: ([endSeq, record]) => shell.tell({ _tag: "JournalEndRead", endSeq, record }),
          onFailure: () => shell.tell({ _tag: "ReadFailed", what: "JournalEnd" }),
        }),
      ),
    ),
  readRecalled: (seq: number) =>
    shell.run(
      journals.at(shell.partition, seq).pipe(
        Effect.match({
          onSuccess: (record) => shell.tell({ _tag: "RecalledRead", seq, record }),
          onFailure: () => shell.tell({ _tag: "ReadFailed", what: "Recalled" }),
        }),
      ),
    ),
  readForRepublish: (fromSeq: number, toSeq: number) =>
    shell.run(
      journals.read(shell.partition, fromSeq, toSeq).pipe(
        Stream.runCollect,
        Effect.match({
          onSuccess: (arrays) => shell.tell({ _tag: "RepublishRead", records: arrays.flat() }),
          onFailure: () => shell.tell({ _tag: "ReadFailed", what: "Republish" }),
        }),
      ),
    ),
})

/** The marks of the partition outside its journal. Each write is retried until it succeeds, because later claims are judged by these marks. */
const makeMarks = (shell: Shell, cluster: ClusterService) => ({
  storeIncarnation: (incarnation: string) =>
    shell.run(untilDone(`storing the incarnation of partition ${shell.partition}`, cluster.putIncarnation(shell.partition, incarnation))),
  storeWitness: ({ witness, over }: Extract<Output, { readonly _tag: "StoreWitness" }>) =>
    shell.run(
      // Begun one turn later: a record appended in the same turn should leave for the journal first.
      Effect.yieldNow.pipe(
        Effect.andThen(
          untilDone(`storing the witness of partition ${shell.partition}`, cluster.putWitness(shell.partition, witness, over)),
        ),
        Effect.andThen((stands) =>
          Effect.sync(() =>
            shell.tell(stands !== null && "_tag" in stands ? { _tag: "WitnessUnread", unread: stands } : { _tag: "WitnessStored", stands }),
          ),
        ),
      ),
    ),
  clearHalt: () =>
    shell.run(
      untilDone(`clearing the halt of partition ${shell.partition}`, cluster.clearHalt(shell.partition)).pipe(
        Effect.andThen(Effect.sync(() => shell.tell({ _tag: "HaltCleared" }))),
      ),
    ),
})

/** Performs the outputs of `shell`'s partition that are about its journal and its marks. */
export const makeJournalOutputs = Effect.fnUntraced(function* (shell: Shell) {
  const journals = yield* Journals
  const cluster = yield* Cluster
  return {
    append: makeAppend(shell, journals),
    ...makeFollowing(shell, journals),
    ...makeQuestionsToTheJournal(shell, journals, cluster),
    ...makeMarks(shell, cluster),
  }
})
