/**
 * Reads the tables as of one moment: one transaction that sees what was committed when it began, and nothing later.
 */
import { Effect, type Scope, Stream } from "effect"
import type { ReservedSql, Row, Sql } from "postgres"
import type { DatabaseMismatch, DatabaseUnavailable } from "../ports/errors.ts"
import type { ProjectionCursor, ReadRow, TablesAtOnce } from "../ports/projection.ts"
import type { Database } from "./connection.ts"
import { type ColumnType, columnOf, type Table, tables } from "./tables.ts"

/** Rows that are read at a time. */
const pageRows = 2_000

const quoted = (name: string): string => `"${name}"`

/** A column as it is read: times and JSON as text, so that nothing is made of them on the way. */
const readAs = (field: string, type: ColumnType): string => {
  const column = quoted(columnOf(field))
  return type === "timestamptz" || type === "jsonb" ? `${column}::text as ${quoted(field)}` : `${column} as ${quoted(field)}`
}

const readValue = (value: unknown, type: ColumnType): ReadRow[string] => {
  if (value === null || value === undefined) return null
  switch (type) {
    case "int8":
    case "int4":
    case "int2":
      return Number(value)
    case "bool":
      return value === true
    case "timestamptz":
      return new Date(String(value)).toISOString()
    case "jsonb":
    case "text":
      return String(value)
  }
}

const readRow = ({ columns }: Table, row: Row): ReadRow =>
  Object.fromEntries(columns.map(([field, type]) => [field, readValue(row[field], type)]))

const selectOf = ({ name, columns }: Table): string =>
  `select ${columns.map(([field, type]) => readAs(field, type)).join(", ")} from ${quoted(name)}`

const begin = async (pool: Sql): Promise<ReservedSql> => {
  // postgres.js 3.4.9 with fetch_types off never reserves a connection that has yet to be made.
  await pool`select 1`
  const sql = await pool.reserve()
  await sql`begin isolation level repeatable read read only`
  return sql
}

const end = async (sql: ReservedSql): Promise<void> => {
  await sql`rollback`.catch(() => undefined)
  sql.release()
}

const numbered = ({ seq, entries, ...cursor }: ProjectionCursor): ProjectionCursor => ({
  ...cursor,
  seq: Number(seq),
  entries: Number(entries),
})

/** The tables of a database as of now, until the scope closes. */
export const tablesAtOnce = (database: Database): Effect.Effect<TablesAtOnce, DatabaseUnavailable | DatabaseMismatch, Scope.Scope> =>
  Effect.gen(function* () {
    const sql = yield* Effect.acquireRelease(database.ask("look at the tables at once", begin), (reserved) =>
      Effect.promise(() => end(reserved)),
    )
    const ask = <A>(operation: string, queries: () => PromiseLike<A>) => database.ask(operation, queries)
    const cursors = yield* ask(
      "read how far the tables are",
      () => sql<Array<ProjectionCursor>>`select kind, partition, seq, hash, incarnation, to_json(at) #>> '{}' as at, entries from cursors`,
    )
    const page = async (iterator: AsyncIterator<ReadonlyArray<Row>>, table: Table): Promise<ReadonlyArray<ReadRow> | null> => {
      const next = await iterator.next()
      return next.done === true ? null : next.value.map((row) => readRow(table, row))
    }
    const rows: TablesAtOnce["rows"] = (name) =>
      Stream.suspend(() => {
        const table = tables[name]
        const iterator = sql.unsafe(selectOf(table)).cursor(pageRows)[Symbol.asyncIterator]()
        return Stream.unfold(null, () =>
          Effect.map(
            ask(`read table ${table.name}`, () => page(iterator, table)),
            (read) => (read === null ? undefined : ([read, null] as const)),
          ),
        )
      })
    return {
      cursors: cursors.map(numbered),
      rows,
      lines: (kind, partition, fromSeq, toSeq) =>
        ask("read lines of the ledger", async () => {
          const found = await sql.unsafe(
            `${selectOf(tables.ledger)} where kind = $1 and partition = $2::text::int4 and seq between $3::text::int8 and $4::text::int8 order by seq, place`,
            [kind, String(partition), String(fromSeq), String(toSeq)],
          )
          return found.map((row) => readRow(tables.ledger, row))
        }),
      lineCounts: (fromMonth) =>
        ask("count lines of the ledger", async () => {
          const counts = await sql<Array<{ kind: "sku" | "order"; partition: number; lines: string }>>`
            select kind, partition, count(*) as lines from ledger where at >= ${`${fromMonth}-01T00:00:00Z`}::text::timestamptz group by 1, 2`
          return counts.map((row) => ({ ...row, lines: Number(row.lines) }))
        }),
    }
  })
