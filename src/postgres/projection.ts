/**
 * INV-21. The tables, for whoever writes them: rows and cursor in one statement, the cursor first.
 *
 * Moving the cursor from where the batch begins takes its row's lock: of two who write one partition the second waits, and then finds that the tables are elsewhere. That the guard of every row holds without it
 * is another matter, and tried by itself.
 */
import { Effect, Layer } from "effect"
import type { Sql } from "postgres"
import type { Kind } from "../domain/kinds.ts"
import {
  type LoadedStates,
  type NeededStates,
  type ProjectedBatch,
  Projection,
  type ProjectionCursor,
  type QuarantineRow,
  type SenderRow,
  type TableName,
} from "../ports/projection.ts"
import { tablesAtOnce } from "./at-once.ts"
import type { Database } from "./connection.ts"
import { migrations, requireSame } from "./migrate.ts"
import { makeMonths } from "./months.ts"
import { insertText, listsOf } from "./statements.ts"
import { tables } from "./tables.ts"

const tableNames = Object.keys(tables) as ReadonlyArray<TableName>

const numbers = <Row extends object>(row: Row, ...fields: ReadonlyArray<keyof Row>): Row => {
  const read: Row = { ...row }
  for (const field of fields) if (row[field] !== null) Object.assign(read, { [field]: Number(row[field]) })
  return read
}

const cursorOf = async (sql: Sql, kind: Kind, partition: number): Promise<ProjectionCursor | null> => {
  const [row] = await sql<Array<ProjectionCursor>>`
    select kind, partition, seq, hash, incarnation, to_json(at) #>> '{}' as at, entries from cursors where kind = ${kind} and partition = ${partition}`
  return row === undefined ? null : numbers(row, "seq", "entries")
}

const actorsIn = async (sql: Sql, kind: Kind, keys: ReadonlyArray<string>): Promise<LoadedStates["actors"]> => {
  if (kind !== "sku" || keys.length === 0) return []
  const rows = await sql<Array<LoadedStates["actors"][number]>>`
    select sku as key, seq, to_json(at) #>> '{}' as at, state from skus where sku in (select jsonb_array_elements_text(${JSON.stringify(keys)}::text::jsonb))`
  return rows.map((row) => numbers(row, "seq"))
}

const partsIn = async (sql: Sql, kind: Kind, parts: NeededStates["parts"]): Promise<LoadedStates["parts"]> => {
  if (parts.length === 0) return []
  const wanted = JSON.stringify(parts)
  const rows =
    kind === "sku"
      ? await sql<Array<LoadedStates["parts"][number]>>`
          select sku as key, began_seq as "beganSeq", to_json(began_at) #>> '{}' as "beganAt", state
          from jsonb_array_elements(${wanted}::text::jsonb) as wanted
          join reservations on sku = wanted ->> 0 and channel = wanted ->> 1 and reservation = wanted ->> 2
          where status in ('held', 'confirmed')`
      : await sql<Array<LoadedStates["parts"][number]>>`
          select '' as key, placed_seq as "beganSeq", to_json(placed_at) #>> '{}' as "beganAt", state
          from jsonb_array_elements(${wanted}::text::jsonb) as wanted
          join orders on channel = wanted ->> 1 and order_id = wanted ->> 2
          where not is_forgotten`
  return rows.map((row) => numbers(row, "beganSeq"))
}

const standingOf = async (sql: Sql, kind: Kind, partition: number) => {
  const senders = await sql<Array<SenderRow>>`
    select kind, partition, sender, seq, to_json(at) #>> '{}' as at, accepted, refused, repeated, quarantined, expired, floors::text as floors
    from senders where kind = ${kind} and partition = ${partition}`
  const quarantine = await sql<Array<QuarantineRow>>`
    select kind, partition, quarantined, seq, to_json(at) #>> '{}' as at, key, sender, class, command::text as command, cause,
      began_seq as "beganSeq", to_json(began_at) #>> '{}' as "beganAt", null as "settledSeq", null as "settledAt", null as "settledAs"
    from quarantine where kind = ${kind} and partition = ${partition} and settled_seq is null`
  return {
    senders: senders.map((row) => numbers(row, "seq", "accepted", "refused", "repeated", "quarantined", "expired")),
    quarantine: quarantine.map((row) => numbers(row, "seq", "beganSeq")),
  }
}

/** What the cursor is moved by: eleven parameters, those of where it has to stand null where none of the journal was written yet. */
const movingParameters = 11
const moving = `moved as (
  insert into cursors (kind, partition, seq, hash, incarnation, at, entries)
  select $1::text, $2::text::int4, $3::text::int8, $4::text, $5::text, $6::text::timestamptz, $7::text::int8
  where (select count(*) from migrations) = $8::text::int8
    and ($9::text is null or exists (select 1 from cursors where kind = $1::text and partition = $2::text::int4))
  on conflict (kind, partition) do update
    set seq = excluded.seq, hash = excluded.hash, incarnation = excluded.incarnation, at = excluded.at, entries = excluded.entries, written_at = now()
    where cursors.seq = $9::text::int8 and cursors.hash = $10::text and cursors.incarnation = $11::text
  returning 1)`

/**
 * All of a batch in one statement, which is a transaction of its own: the cursor is moved from where the batch begins, and where that was done the rows are written. What is not there to be ended can't be left
 * open, and all names in it mean tables of one schema, though another takes its name meanwhile.
 */
const writeText = (() => {
  let before = movingParameters
  const inserts = tableNames.map((name) => {
    const text = `${tables[name].name}_written as (${insertText(tables[name], before, "(select count(*) from moved) = 1")})`
    before += tables[name].columns.length
    return text
  })
  return `with ${[moving, ...inserts].join(",\n")}\nselect count(*) as moved from moved`
})()

const textOf = (value: string | number | null | undefined): string | null => (value == null ? null : String(value))

const parametersOf = ({ from, to, rows }: ProjectedBatch, ranCount: number): Array<string | null> => [
  to.kind,
  ...[to.partition, to.seq, to.hash, to.incarnation, to.at, to.entries, ranCount, from?.seq, from?.hash, from?.incarnation].map(textOf),
  ...tableNames.flatMap((name) => listsOf(tables[name], rows[name])),
]

/** Writes a batch whole, or nothing of it: where the cursor doesn't stand where the batch begins, or a newer release has changed the tables meanwhile. */
const writeBatch = async (sql: Sql, batch: ProjectedBatch): Promise<boolean> => {
  const [row] = await sql.unsafe(writeText, parametersOf(batch, (await migrations()).length), { prepare: true })
  return Number(row?.moved) === 1
}

/** The port, over a schema that was brought forward; see migrate.ts. */
export const projectionLayer = (database: Database): Layer.Layer<Projection> =>
  Layer.sync(Projection, () => {
    const madeMonths = new Set<string>()
    const monthsMissing = (batch: ProjectedBatch) => [
      ...new Set(batch.rows.ledger.map(({ at }) => at.slice(0, 7)).filter((month) => !madeMonths.has(month))),
    ]
    const makeMissing = async (sql: Sql, batch: ProjectedBatch): Promise<void> => {
      const missing = monthsMissing(batch)
      if (missing.length === 0) return
      await makeMonths(sql, missing)
      for (const month of missing) madeMonths.add(month)
    }
    return Projection.of({
      atOnce: tablesAtOnce(database),
      cursor: (kind, partition) =>
        database.ask("read how far the tables are", async (sql) => {
          await requireSame(sql, database.schema)
          return cursorOf(sql, kind, partition)
        }),
      load: (kind, { actors, parts }) =>
        database.ask("read what is folded on", async (sql) => {
          const [actorRows, partRows] = await Promise.all([actorsIn(sql, kind, actors), partsIn(sql, kind, parts)])
          return { actors: actorRows, parts: partRows }
        }),
      standing: (kind, partition) => database.ask("read senders and quarantine", (sql) => standingOf(sql, kind, partition)),
      write: (batch) =>
        database
          .ask("write a batch", async (sql) => {
            await makeMissing(sql, batch)
            return writeBatch(sql, batch)
          })
          .pipe(Effect.tapError(() => Effect.sync(() => madeMonths.clear()))),
    })
  })
