/**
 * Audits the tables of a running projection: as of one moment, against the journals up to where the tables then were.
 */
import { Effect, Stream } from "effect"
import { Kind, type PartitionCounts } from "../domain/kinds.ts"
import type { StoredRecord } from "../engine/records.ts"
import { type BrokerUnavailable, DatabaseMismatch } from "../ports/errors.ts"
import { firstMonthKept, Projection, type TablesAtOnce } from "../ports/projection.ts"
import { type Difference, stateTables, TablesAudit } from "./compare.ts"

/** What the audit of the tables found. */
export interface TablesReport {
  readonly ok: boolean
  /** Rows of the tables that were looked at, lines of the ledger among them, and records they were held to. */
  readonly rows: number
  readonly records: number
  /** Journals that nothing is projected of. */
  readonly unprojected: ReadonlyArray<{ readonly kind: Kind; readonly partition: number }>
  /** Records that journals hold beyond where the tables are: they were held to nothing. */
  readonly behind: number
  readonly differenceCount: number
  readonly differences: ReadonlyArray<Difference>
}

type Take<E> = (records: ReadonlyArray<StoredRecord>) => Effect.Effect<void, E>

/** What an audit is told. */
export interface TablesAuditOptions<E, R> {
  readonly counts: PartitionCounts
  readonly differencesMax: number
  /** Where a journal ends. Absent: whoever asks knows how far the tables are. */
  readonly endSeq?: (kind: Kind, partition: number) => Effect.Effect<number, BrokerUnavailable>
  /** Reads a journal from its first record to one. */
  readonly readJournal: <F>(kind: Kind, partition: number, toSeq: number, take: Take<F>) => Effect.Effect<void, E | F, R>
}

/** Records that are folded at a time, and so lines of the ledger that are read at a time. */
const recordsAtOnce = 16

const unreadable = (kind: Kind, partition: number) => (error: unknown) =>
  new DatabaseMismatch({
    what: `the journal of ${kind} partition ${partition}`,
    expected: "one that can be replayed",
    found: error instanceof Error ? error.message : String(error),
    remedy: "see holdfast audit without --postgres",
  })

const slices = (records: ReadonlyArray<StoredRecord>): ReadonlyArray<ReadonlyArray<StoredRecord>> =>
  Array.from({ length: Math.ceil(records.length / recordsAtOnce) }, (_, at) => records.slice(at * recordsAtOnce, (at + 1) * recordsAtOnce))

const auditJournal = Effect.fnUntraced(function* <E, R>(
  audit: TablesAudit,
  tables: TablesAtOnce,
  { readJournal }: TablesAuditOptions<E, R>,
  kind: Kind,
  partition: number,
) {
  const cursor = tables.cursors.find((one) => one.kind === kind && one.partition === partition)
  if (cursor === undefined) return 0
  const journal = audit.journal(kind, partition)
  let lines = 0
  const takeSlice = Effect.fnUntraced(function* (records: ReadonlyArray<StoredRecord>) {
    const rows = yield* Effect.try({ try: () => journal.take(records), catch: unreadable(kind, partition) })
    lines += rows.length
    const [first, last] = [records[0]?.seq ?? 0, records.at(-1)?.seq ?? 0]
    audit.lines(kind, partition, rows, yield* tables.lines(kind, partition, first, last))
  })
  yield* readJournal(kind, partition, cursor.seq, (records) => Effect.forEach(slices(records), takeSlice, { discard: true }))
  journal.finish()
  if (lines !== cursor.entries)
    audit.found({
      table: "cursors",
      row: `${kind} / ${partition}`,
      what: "other than its journal says",
      detail: `entries: ${cursor.entries}, not ${lines}`,
    })
  return cursor.seq
})

/** Holds all tables to all journals. */
export const auditTables = <E, R>(options: TablesAuditOptions<E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const tables = yield* (yield* Projection).atOnce
      // Of what is older, lines may be there still, or no more.
      const keptFrom = firstMonthKept(tables.cursors.reduce((newest, { at }) => (at > newest ? at : newest), ""))
      const audit = new TablesAudit(options.counts, options.differencesMax, keptFrom)
      const unprojected: Array<{ readonly kind: Kind; readonly partition: number }> = []
      let records = 0
      let behind = 0
      for (const kind of Kind)
        for (let partition = 0; partition < options.counts[kind]; partition++) {
          const audited = yield* auditJournal(audit, tables, options, kind, partition)
          if (audited === 0) unprojected.push({ kind, partition })
          records += audited
          if (options.endSeq !== undefined) behind += Math.max(0, (yield* options.endSeq(kind, partition)) - audited)
        }
      for (const table of stateTables) yield* Stream.runForEach(tables.rows(table), (rows) => Effect.sync(() => audit.read(table, rows)))
      audit.finish(yield* tables.lineCounts(keptFrom))
      const { differences, differenceCount, rows } = audit
      const report: TablesReport = { ok: differenceCount === 0, rows, records, unprojected, behind, differenceCount, differences }
      return report
    }),
  )
