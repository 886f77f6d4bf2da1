/**
 * How fast a backlog comes into the tables, against the same rows through bare multi-row inserts of postgres.js into the same tables of another schema, in one run on one Postgres. The journal is made by the
 * engine: holds and confirmations over many SKUs, in full batches.
 *
 * The projector reads, folds and guards; the bare inserts are handed the finished rows, and write over those of states that are there. Both write in transactions of the same rows. Ends with 1 if the projector comes to
 * less than `--ratio` of the bare inserts, or the audit of the tables finds anything.
 */
import "effect/schema/SchemaJITCompiler/enable"
import { Duration, Effect, Layer } from "effect"
import postgres, { type Sql } from "postgres"
import { counted } from "../src/domain/telling.ts"
import type { StoredRecord } from "../src/engine/records.ts"
import type { ProjectedBatch, ProjectedRows, TableName } from "../src/ports/projection.ts"
import { openDatabase } from "../src/postgres/connection.ts"
import { startPostgres } from "../src/postgres/embedded.ts"
import { migrate } from "../src/postgres/migrate.ts"
import { makeMonths } from "../src/postgres/months.ts"
import { projectionLayer } from "../src/postgres/projection.ts"
import { columnOf, tables } from "../src/postgres/tables.ts"
import { auditTables } from "../src/projection/audit.ts"
import { JournalFold } from "../src/projection/fold.ts"
import { projectJournal } from "../src/projection/project.ts"
import { projectedKindOf } from "../src/projection/registry.ts"
import { journalPorts } from "./projector/journal-ports.ts"
import { makeJournal } from "./recovery/journal.ts"
import { scriptOptions } from "./stage/options.ts"

const values = scriptOptions("Entries a second into the tables, against bare inserts of the same rows.", {
  commands: { fallback: "100000", help: "how many the journal has", whole: 1_000 },
  skus: { fallback: "2000", help: "how many SKUs they are about", whole: 1 },
  ratio: { fallback: "0.5", help: "the least share of the bare inserts' rate", decimal: true },
  "demo-rate": {
    fallback: "0",
    help: "entries a second that the demo makes; with it, three times that is asked of the projector",
    whole: 0,
  },
})
const startMs = 1_800_000_000_000
const rowsPerInsert = 1_000
const counts = { sku: 1, order: 0 }

const seconds = async (act: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await act()
  return (performance.now() - began) / 1_000
}

/** The batches that the projector writes, for those who write without one. */
const batchesOf = (records: ReadonlyArray<StoredRecord>): ReadonlyArray<ProjectedBatch> => {
  const fold = new JournalFold(projectedKindOf("sku"), 0, null, { senders: [], quarantine: [] }, true)
  const batches: Array<ProjectedBatch> = []
  for (let at = 0; at < records.length; at += 10) batches.push(fold.take(records.slice(at, at + 10).map((record) => fold.read(record))))
  return batches
}

const inColumns = (name: TableName, row: object): Record<string, unknown> =>
  Object.fromEntries(tables[name].columns.map(([field]) => [columnOf(field), Reflect.get(row, field)]))

const asRows = (rows: ProjectedRows) =>
  (Object.keys(tables) as ReadonlyArray<TableName>).flatMap((name) => {
    const all = (rows[name] as ReadonlyArray<object>).map((row) => inColumns(name, row))
    return Array.from({ length: Math.ceil(all.length / rowsPerInsert) }, (_, at) => ({
      name,
      rows: all.slice(at * rowsPerInsert, (at + 1) * rowsPerInsert),
    }))
  })

/** What anybody would write: rows in one statement, as postgres.js makes it. */
const insertBare = (sql: Sql, batches: ReadonlyArray<ReturnType<typeof asRows>>) =>
  batches.reduce(async (before, batch) => {
    await before
    await sql.begin(async (tx) => {
      for (const { name, rows } of batch) {
        const { name: table, key, columns } = tables[name]
        const keys = tx.unsafe(key.map(columnOf).join(", "))
        const sets = tx.unsafe(columns.map(([field]) => `${columnOf(field)} = excluded.${columnOf(field)}`).join(", "))
        await tx`insert into ${tx(table)} ${tx(rows)} on conflict (${keys}) do update set ${sets}`
      }
    })
  }, Promise.resolve())

const records: Array<StoredRecord> = []
makeJournal({ partition: 0, partitions: 1, commands: Number(values.commands), skus: Number(values.skus), startMs }, (record) => {
  records.push(record)
})
const server = await startPostgres()
const setUp = postgres(server.url, { max: 1, onnotice: () => undefined })
for (const schema of ["projected", "bare"]) await migrate(setUp, schema)

const projected = Effect.gen(function* () {
  const database = yield* openDatabase({ url: server.url, schema: "projected", connections: 2, name: "bench" })
  const ports = Layer.merge(projectionLayer(database), journalPorts([records]))
  let entries = 0
  const report = (now: { readonly entries: number }) => {
    entries = now.entries
  }
  const project = projectJournal({ kind: "sku", partition: 0, onlyToEnd: true, report }).pipe(Effect.provide(ports))
  const [duration] = yield* Effect.timed(project)
  const took = Duration.toSeconds(duration)
  const found = yield* auditTables({
    counts,
    differencesMax: 5,
    readJournal: (_kind, _partition, toSeq, take) => take(records.slice(0, toSeq)),
  }).pipe(Effect.provide(ports))
  return { entries, took, found }
})
const { entries, took, found } = await Effect.runPromise(Effect.scoped(projected))

const batches = batchesOf(records)
const rows = batches.reduce((sum, batch) => sum + Object.values(batch.rows).reduce((all, some) => all + some.length, 0), 0)
const prepared = batches.map((batch) => asRows(batch.rows))
const sql = postgres(server.url, {
  max: 1,
  onnotice: () => undefined,
  connection: { search_path: "bare", synchronous_commit: "off" },
})
await makeMonths(sql, [...new Set(batches.flatMap((batch) => batch.rows.ledger.map(({ at }) => at.slice(0, 7))))])
const bare = await seconds(() => insertBare(sql, prepared))
await sql.end()
await setUp.end()
await server.stop()

const rate = (time: number): number => Math.round(entries / time)
const ratio = bare / took
const demoRate = Number(values["demo-rate"])
console.log(`${counted(records.length, "record")}, ${entries} lines of the ledger, ${rows} rows in all`)
console.log(`projector      ${took.toFixed(1)} s   ${rate(took)} entries/s`)
console.log(`bare inserts   ${bare.toFixed(1)} s   ${rate(bare)} entries/s`)
console.log(`ratio          ${ratio.toFixed(2)} (at least ${values.ratio})`)
console.log(`audit          ${found.ok ? `the tables equal the fold (${found.rows} rows)` : JSON.stringify(found.differences)}`)
if (demoRate > 0) console.log(`demo           ${demoRate} entries/s: ${(rate(took) / demoRate).toFixed(1)} times (at least 3)`)
const isFast = ratio >= Number(values.ratio) && (demoRate === 0 || rate(took) >= 3 * demoRate)
process.exit(isFast && found.ok ? 0 : 1)
