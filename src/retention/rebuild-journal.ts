/**
 * Writes one journal anew from its archive: every record with the bytes, the id and the number that it had. What to write is decided in rebuild-plan.ts; here it is read, checked, written and halted.
 *
 * It may be killed at any moment and begun anew: a halt stands before the first record is written, and what is written is a beginning of what is archived.
 */
import { Clock, Effect, Stream } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { Halt } from "../engine/protocol.ts"
import type { StoredRecord } from "../engine/records.ts"
import { rebuildAheadMax, rebuildAttemptsMax, rebuildRetryMs } from "../limits.ts"
import { Archive } from "../ports/archive.ts"
import { Cluster, Journals, Snapshots } from "../ports/broker.ts"
import { ArchiveFailed } from "../ports/errors.ts"
import type { ArchiveManifest } from "../wire/archive.ts"
import { leaveIt, type RebuildPlan, rebuiltHalt, unfinishedHalt } from "./rebuild-plan.ts"
import { Chain } from "./segments.ts"

/** What is written of one journal. */
export interface RebuildTask {
  readonly kind: Kind
  readonly partition: number
  /** Null: nothing is archived of it. */
  readonly manifest: ArchiveManifest | null
  readonly plan: Exclude<RebuildPlan, { readonly _tag: "Refused" }>
  /** Told of progress, for people. */
  readonly say: (what: string) => Effect.Effect<void>
}

/** What came of it. */
export interface Rebuilt {
  readonly kind: Kind
  readonly partition: number
  readonly incarnation: string | null
  /** The records that its journal holds now, and how many of them were written by this run. */
  readonly firstSeq: number
  readonly endSeq: number
  readonly written: number
  /** Journaled time of the last one: what was promised later is not in it. 0: it holds none. */
  readonly endAtMs: number
  /** Where the snapshot ends that a worker begins with; null: with the first record. */
  readonly snapshotEndSeq: number | null
  /** A record behind the last one that is known to have been confirmed. */
  readonly confirmedSeq: number | null
}

const failed = (partition: number, cause: string, remedy: string) =>
  new ArchiveFailed({ operation: `rebuild the journal of partition ${partition}`, cause, remedy })

const anotherJournal = (partition: number, seq: number) =>
  failed(partition, `record ${seq} is another in the journal than in the archive`, `Somebody else wrote to it: ${leaveIt}`)

const isSame = (a: StoredRecord, b: StoredRecord): boolean =>
  a.seq === b.seq && a.messageId === b.messageId && Buffer.compare(a.bytes, b.bytes) === 0

/** Puts this halt up, whatever stood before. */
const putUp = Effect.fnUntraced(function* (partition: number, haltAt: (nowMs: number) => Halt) {
  const cluster = yield* Cluster
  const over = yield* cluster.haltRevision(partition)
  const halt = haltAt(yield* Clock.currentTimeMillis)
  const stands = yield* cluster.putHalt(partition, halt, over)
  if (stands?.reason === halt.reason && stands.detail === halt.detail && stands.resume === null) return
  return yield* failed(partition, "its halt changed meanwhile", "Stop all workers, and rebuild again")
})

/** Halts the partition before anybody can begin a journal that isn't whole, and says whose it is. */
export const haltForRebuild = Effect.fnUntraced(function* ({ partition, manifest, plan }: RebuildTask) {
  if (plan._tag === "Done") return
  yield* putUp(partition, (nowMs) => unfinishedHalt(plan, nowMs))
  if (manifest !== null) yield* (yield* Cluster).putIncarnation(partition, manifest.incarnation)
})

/** Records that are in the journal already have to be the archive's. */
const requireSame = Effect.fnUntraced(function* (partition: number, archived: ReadonlyArray<StoredRecord>) {
  const [first, last] = [archived[0], archived.at(-1)]
  if (first === undefined || last === undefined) return
  let next = 0
  yield* Stream.runForEach((yield* Journals).read(partition, first.seq, last.seq), (records) =>
    Effect.forEach(
      records,
      (stored) => {
        const expected = archived[next++]
        return expected !== undefined && isSame(expected, stored) ? Effect.void : Effect.fail(anotherJournal(partition, stored.seq))
      },
      { discard: true },
    ),
  )
})

/** How many of these records, which follow one another, are in the journal by now. */
const storedCount = Effect.fnUntraced(function* (partition: number, records: ReadonlyArray<StoredRecord>) {
  const journals = yield* Journals
  const endSeq = yield* journals.endSeq(partition)
  const count = endSeq - (records[0]?.seq ?? 0) + 1
  if (count < 0) return yield* failed(partition, `it ends with record ${endSeq}, before what was written`, "See what happens to its stream")
  const [last, expected] = [yield* journals.at(partition, endSeq), records[count - 1]]
  if (count > 0 && (last === null || expected === undefined || !isSame(expected, last))) return yield* anotherJournal(partition, endSeq)
  return count
})

/** Appends records, each only behind the one before it. Where an answer doesn't come, the journal itself says how far it got. */
const append = Effect.fnUntraced(function* (partition: number, records: ReadonlyArray<StoredRecord>) {
  const journals = yield* Journals
  let failures = 0
  for (let done = 0; done < records.length; ) {
    const ahead = records.slice(done, done + rebuildAheadMax)
    const ended = yield* Effect.result(
      Effect.forEach(ahead, ({ seq, messageId, bytes }) => journals.append(partition, seq - 1, messageId, bytes), {
        concurrency: "unbounded",
      }),
    )
    const isStored = ended._tag === "Success" && ended.success.every(({ seq }, index) => seq === ahead[index]?.seq)
    const count = isStored ? done + ahead.length : yield* storedCount(partition, records)
    failures = count > done ? 0 : failures + 1
    if (failures === rebuildAttemptsMax)
      return yield* failed(
        partition,
        ended._tag === "Failure" ? ended.failure.cause : "nothing is stored",
        "See what is wrong with the servers, and rebuild again: it goes on from there",
      )
    if (!isStored) yield* Effect.sleep(rebuildRetryMs)
    done = count
  }
})

/** Journaled time of the last record that was checked, and how many were written. */
const write = Effect.fnUntraced(function* (task: RebuildTask, manifest: ArchiveManifest) {
  const { kind, partition, plan, say } = task
  if (plan._tag !== "Write") return { written: 0 }
  const begin = manifest.segments.find(({ to }) => to >= plan.firstSeq)
  const chain = new Chain(kind, manifest, { seq: (begin?.from ?? 1) - 1, hash: begin?.prevHash ?? "" })
  let written = 0
  const take = Effect.fnUntraced(function* (archived: ReadonlyArray<StoredRecord>) {
    yield* Effect.try({
      try: () => {
        for (const record of archived) chain.take(record)
      },
      catch: (error) =>
        failed(partition, error instanceof Error ? error.message : String(error), "Bring the archive back from a copy of it"),
    })
    yield* requireSame(
      partition,
      archived.filter(({ seq }) => seq >= plan.firstSeq && seq < plan.nextSeq),
    )
    const missing = archived.filter(({ seq }) => seq >= plan.nextSeq)
    yield* append(partition, missing)
    written += missing.length
    yield* say(`${kind} ${partition}: record ${chain.end.seq} of ${plan.endSeq}`)
  })
  yield* Stream.runForEach((yield* Archive).read(manifest, begin?.from ?? 1, plan.endSeq), take)
  return { written }
})

/** Puts the archived snapshot where workers look for one; where it ends, or null. */
const putSnapshot = Effect.fnUntraced(function* (partition: number, manifest: ArchiveManifest) {
  const found = yield* (yield* Archive).snapshot(manifest)
  if (found === null) return null
  const snapshots = yield* Snapshots
  const { id, endSeq } = found.manifest
  yield* Effect.forEach(found.chunks, (bytes, index) => snapshots.putChunk(partition, id, index, bytes), { discard: true })
  yield* snapshots.publish(found.manifest)
  return endSeq
})

/** A mark outside the journal of what it has to reach. Answers with the record that it names where that lies behind the journal's end. */
const witness = Effect.fnUntraced(function* (partition: number, manifest: ArchiveManifest) {
  const cluster = yield* Cluster
  const last = manifest.segments.at(-1)
  const { witness: present } = yield* cluster.marks(partition)
  if (last === undefined || (present?.seq ?? 0) > last.to) return present?.seq ?? null
  yield* cluster.putWitness(partition, { seq: last.to, hash: last.lastHash }, present)
  return null
})

/** Writes the journal of a partition that {@link haltForRebuild} has halted, and leaves it halted. */
export const rebuildJournal = Effect.fnUntraced(function* (task: RebuildTask) {
  const { kind, partition, manifest, plan } = task
  const nothing: Rebuilt = {
    kind,
    partition,
    incarnation: null,
    firstSeq: 1,
    endSeq: 0,
    written: 0,
    endAtMs: 0,
    snapshotEndSeq: null,
    confirmedSeq: null,
  }
  const endAtMs = manifest?.segments.at(-1)?.lastAtMs ?? 0
  if (manifest === null || plan._tag === "Begin") {
    yield* putUp(partition, (nowMs) => rebuiltHalt(nothing, nowMs))
    return nothing
  }
  // Before the first record: whoever claims what isn't whole, halt or not, finds that it lost its tail.
  const confirmedSeq = yield* witness(partition, manifest)
  const { written } = yield* write(task, manifest)
  const snapshotEndSeq = yield* putSnapshot(partition, manifest)
  const { firstSeq = 1 } = plan._tag === "Write" ? plan : {}
  const rebuilt: Rebuilt = {
    kind,
    partition,
    incarnation: manifest.incarnation,
    firstSeq,
    endSeq: plan.endSeq,
    written,
    endAtMs,
    snapshotEndSeq,
    confirmedSeq,
  }
  if (plan._tag === "Write") yield* putUp(partition, (nowMs) => rebuiltHalt(rebuilt, nowMs))
  return rebuilt
})
