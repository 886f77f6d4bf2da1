/**
 * Follows one journal into the tables, for ever: reads records, folds them, writes what comes out with the cursor in one transaction, and begins anew from what the tables say whenever anything went otherwise.
 *
 * Nothing here is on the way of a decision: it reads journals, and whatever becomes of it, or of the database, a decision is journaled and said.
 */
import { Effect, Schema, Stream } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { StoredRecord } from "../engine/records.ts"
import {
  databaseRetryMsMax,
  databaseRetryMsMin,
  projectedBytesMax,
  projectedEndCheckMs,
  projectedLinesMax,
  projectedShorterMax,
  standByMs,
} from "../limits.ts"
import { Cluster, Journals } from "../ports/broker.ts"
import { ArchiveFailed, BrokerUnavailable, DatabaseMismatch, DatabaseUnavailable } from "../ports/errors.ts"
import { Projection, type ProjectionCursor } from "../ports/projection.ts"
import { readWholeJournal } from "../retention/whole-journal.ts"
import { JournalFold, JournalNewer, type ReadRecord, TablesMoved } from "./fold.ts"
import { projectedKindOf } from "./registry.ts"

/** How far one journal is projected, for whoever watches. */
export interface Projected {
  readonly kind: Kind
  readonly partition: number
  /** The last record that is in the tables; 0: none. And where the journal ended when that was asked last. */
  readonly seq: number
  readonly endSeq: number
  /** Journaled time of that record; 0: none. */
  readonly atMs: number
  /** Lines of the ledger that this process has written. */
  readonly entries: number
  /** Why nothing is written now; null: it is. */
  readonly waitsFor: string | null
  /** How often what was begun had to be begun again, by why: another projector wrote, the database did not answer, anything else. */
  readonly failures: Readonly<Record<ProjectionSetback, number>>
}

/** Why what was begun had to be begun again. */
export type ProjectionSetback = "conflict" | "away" | "other"

/** What a projector of one journal is told. */
export interface ProjectOptions {
  readonly kind: Kind
  readonly partition: number
  /** Ends at the record where the journal ended when it began, instead of following it for ever. */
  readonly onlyToEnd?: boolean
  readonly report?: (projected: Projected) => void
  /** Told of records that are taken; what it returns is called once their rows are committed. */
  readonly traced?: (kind: Kind, partition: number, records: ReadonlyArray<ReadRecord>) => () => void
}

/** Somebody else has written the tables: what was folded is not where they are. */
class Elsewhere extends Schema.TaggedError<Elsewhere>()("Elsewhere", { detail: Schema.String }) {}

const rebuild = "look at the journal with holdfast audit; then make the tables anew: holdfast project --rebuild"

const unfit = (kind: Kind, partition: number, expected: string, found: string) =>
  new DatabaseMismatch({ what: `what the tables hold of ${kind} partition ${partition}`, expected, found, remedy: rebuild })

/** The journal must be the one that the tables follow, and reach as far as they do. */
const requireJournal = Effect.fnUntraced(function* (kind: Kind, partition: number, cursor: ProjectionCursor | null, endSeq: number) {
  if (cursor === null) return
  const { incarnation } = yield* (yield* Cluster).marks(partition)
  if (incarnation !== null && incarnation !== cursor.incarnation)
    return yield* unfit(kind, partition, `of this journal (${incarnation})`, `of another (${cursor.incarnation})`)
  if (endSeq < cursor.seq)
    return yield* unfit(kind, partition, `at most as of record ${endSeq}, the journal's last`, `as of record ${cursor.seq}`)
})

/** What is told while a journal is projected. */
class Progress {
  readonly #report: (projected: Projected) => void
  #now: Projected

  constructor({ kind, partition, report }: ProjectOptions) {
    this.#report = report ?? (() => undefined)
    const failures = { conflict: 0, away: 0, other: 0 }
    this.#now = { kind, partition, seq: 0, endSeq: 0, atMs: 0, entries: 0, waitsFor: null, failures }
  }

  get seq(): number {
    return this.#now.seq
  }

  tell(changed: Partial<Projected>): void {
    const now = { ...this.#now, ...changed }
    this.#now = { ...now, endSeq: Math.max(now.endSeq, now.seq) }
    this.#report(this.#now)
  }

  failed(why: ProjectionSetback, waitsFor: string | null): void {
    const { failures } = this.#now
    this.tell({ waitsFor, failures: { ...failures, [why]: failures[why] + 1 } })
  }

  wrote(seq: number, atMs: number, entries: number): void {
    this.tell({ seq, atMs, entries: this.#now.entries + entries, waitsFor: null })
  }
}

/** Folds records and writes what comes of them. */
const writeRecords = Effect.fnUntraced(function* (
  { kind, partition, traced }: ProjectOptions,
  fold: JournalFold,
  records: ReadonlyArray<ReadRecord>,
  progress: Progress,
) {
  const committed = traced?.(kind, partition, records)
  const projection = yield* Projection
  const needed = fold.needs(records)
  if (needed.actors.length > 0 || needed.parts.length > 0) {
    const loaded = yield* projection.load(kind, needed)
    yield* folding(() => fold.put(loaded))
  }
  const batch = yield* folding(() => fold.take(records))
  if (!(yield* projection.write(batch))) return yield* new Elsewhere({ detail: "the cursor was moved" })
  committed?.()
  progress.wrote(batch.to.seq, records.at(-1)?.record.atMs ?? 0, batch.rows.ledger.length)
})

/** What the fold would not do. */
class FoldFailed extends Schema.TaggedError<FoldFailed>()("FoldFailed", { detail: Schema.String }) {}

/** A newer release writes this journal: its projector goes on here, and this one with the other journals. */
class NewerRelease extends Schema.TaggedError<NewerRelease>()("NewerRelease", { cause: Schema.String }) {
  override get message(): string {
    return `the journal is written by a newer release (${this.cause}): run the projector of that release`
  }
}

const folding = <A>(act: () => A): Effect.Effect<A, FoldFailed | Elsewhere | NewerRelease> =>
  Effect.try({
    try: act,
    catch: (error) => {
      const detail = error instanceof Error ? error.message : String(error)
      if (error instanceof JournalNewer) return new NewerRelease({ cause: detail })
      return error instanceof TablesMoved ? new Elsewhere({ detail }) : new FoldFailed({ detail })
    },
  })

/** Takes what arrived in batches that are not too large. */
const takeArrived = Effect.fnUntraced(function* (
  options: ProjectOptions,
  fold: JournalFold,
  arrived: ReadonlyArray<StoredRecord>,
  progress: Progress,
) {
  let records: Array<ReadRecord> = []
  let bytes = 0
  let lines = 0
  for (const stored of arrived) {
    // What was read before a reader began anew may come once more.
    if (stored.seq < fold.nextSeq) continue
    const read = yield* folding(() => fold.read(stored))
    records.push(read)
    bytes += stored.bytes.length
    for (const { events } of read.groups) lines += Math.max(1, events.length)
    if (bytes < projectedBytesMax && lines < projectedLinesMax) continue
    yield* writeRecords(options, fold, records, progress)
    records = []
    bytes = 0
    lines = 0
  }
  if (records.length > 0) yield* writeRecords(options, fold, records, progress)
})

/** From what the tables say on. */
const projectFrom = Effect.fnUntraced(function* (options: ProjectOptions, progress: Progress) {
  const { kind, partition, onlyToEnd = false } = options
  const projection = yield* Projection
  const journals = yield* Journals
  const cursor = yield* projection.cursor(kind, partition)
  const endSeq = yield* journals.endSeq(partition)
  yield* requireJournal(kind, partition, cursor, endSeq)
  progress.tell({ seq: cursor?.seq ?? 0, atMs: cursor === null ? 0 : Date.parse(cursor.at), endSeq, waitsFor: null })
  const projected = projectedKindOf(kind)
  const fold = new JournalFold(projected, partition, cursor, yield* projection.standing(kind, partition))
  const take = (arrived: ReadonlyArray<StoredRecord>) => {
    progress.tell({ endSeq: Math.max(endSeq, arrived.at(-1)?.seq ?? 0) })
    return takeArrived(options, fold, arrived, progress).pipe(
      Effect.catchTag("FoldFailed", ({ detail }) => whyNot(kind, partition, cursor, fold, detail)),
    )
  }
  if (fold.nextSeq <= endSeq) yield* readWholeJournal(partition, endSeq, take, projected.codec.decodeRecord, fold.nextSeq)
  if (onlyToEnd) return
  const following = Stream.runForEach(journals.follow(partition, fold.nextSeq), take)
  yield* Effect.raceFirst(following, watchEnd(options, fold, cursor))
})

/**
 * Fails where a journal that is followed ends before what is in the tables: it lost its tail, or was written anew from an archive. Nothing would come, and the tables would show what is lost, until it has gone past
 * them. Once is not enough: a server that begins to lead a stream may not have applied all of it yet.
 */
const watchEnd = Effect.fnUntraced(function* ({ kind, partition }: ProjectOptions, fold: JournalFold, cursor: ProjectionCursor | null) {
  const journals = yield* Journals
  for (let shorter = 0; ; ) {
    yield* Effect.sleep(projectedEndCheckMs)
    const endSeq = yield* journals.endSeq(partition).pipe(Effect.catchTag("BrokerUnavailable", () => Effect.succeed(null)))
    const writtenSeq = fold.writtenSeq ?? cursor?.seq ?? 0
    shorter = endSeq !== null && endSeq < writtenSeq ? shorter + 1 : 0
    if (shorter === projectedShorterMax)
      return yield* unfit(kind, partition, `at most as of record ${endSeq}, the journal's last`, `as of record ${writtenSeq}`)
  }
})

/** A fold that fails is at odds with the journal, unless the tables were moved under it: then what was loaded was of two moments. */
const whyNot = Effect.fnUntraced(function* (
  kind: Kind,
  partition: number,
  before: ProjectionCursor | null,
  fold: JournalFold,
  detail: string,
) {
  const now = yield* (yield* Projection).cursor(kind, partition)
  const writtenSeq = fold.writtenSeq ?? before?.seq ?? 0
  if ((now?.seq ?? 0) !== writtenSeq) return yield* new Elsewhere({ detail })
  return yield* unfit(kind, partition, `what its journal leads to`, `at odds with it after record ${writtenSeq} (${detail})`)
})

type Passing = DatabaseUnavailable | BrokerUnavailable | ArchiveFailed | Elsewhere | NewerRelease

const isPassing = (error: unknown): error is Passing =>
  error instanceof DatabaseUnavailable ||
  error instanceof BrokerUnavailable ||
  error instanceof ArchiveFailed ||
  error instanceof Elsewhere ||
  error instanceof NewerRelease

/** Waits for as long as somebody else writes the tables of this journal: two take turns at it, and each would throw half of its work away. */
const standBy = Effect.fnUntraced(function* ({ kind, partition }: ProjectOptions) {
  const projection = yield* Projection
  let before = yield* projection.cursor(kind, partition)
  for (;;) {
    yield* Effect.sleep(standByMs)
    const now = yield* projection.cursor(kind, partition)
    if (now?.seq === before?.seq) return
    before = now
  }
})

/** Says why nothing is written, once for as long as it is the same. */
const sayOnce = (options: ProjectOptions, progress: Progress) => {
  let said = ""
  return (error: unknown): Effect.Effect<void> => {
    if (!isPassing(error)) return Effect.void
    if (error instanceof Elsewhere) progress.failed("conflict", null)
    if (error instanceof Elsewhere) return Effect.logDebug("another projector writes too", { ...placeOf(options), detail: error.detail })
    progress.failed(error instanceof DatabaseUnavailable ? "away" : "other", error.message)
    if (said === error.message) return Effect.void
    said = error.message
    return Effect.logWarning("nothing is projected for now, trying again", { ...placeOf(options), cause: error.message })
  }
}

const placeOf = ({ kind, partition }: ProjectOptions) => ({ kind, partition })

/** Projects one journal. Whatever passes is waited for; fails only where somebody has to decide. */
export const projectJournal = Effect.fnUntraced(function* (options: ProjectOptions) {
  const progress = new Progress(options)
  const say = sayOnce(options, progress)
  let pauseMs = databaseRetryMsMin
  for (;;) {
    const before = progress.seq
    const ended = yield* Effect.result(projectFrom(options, progress))
    if (ended._tag === "Success") return
    const { failure } = ended
    if (!isPassing(failure)) return yield* failure
    yield* say(failure)
    if (failure instanceof Elsewhere) yield* Effect.ignore(standBy(options))
    pauseMs = progress.seq > before ? databaseRetryMsMin : Math.min(databaseRetryMsMax, 2 * pauseMs)
    yield* Effect.sleep(pauseMs)
  }
})
