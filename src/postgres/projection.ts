/**
 * The tables, for whoever writes them: rows and cursor in one transaction, the cursor first.
 *
 * Moving the cursor from where the batch begins takes its row's lock: of two who write one partition the second waits, and then finds that the tables are elsewhere. That the guard of every row holds without it
 * is another matter, and tried by itself.
 */
import { Effect, Layer } from "effect"
import type { Sql, TransactionSql } from "postgres"
import type { Kind } from "../domain/kinds.ts"
import {
  type LoadedStates,
  type NeededStates,
  type ProjectedBatch,
  type ProjectedRows,
  Projection,
  type ProjectionCursor,
  type QuarantineRow,
  type SenderRow,
  type TableName,
} from "../ports/projection.ts"
import { tablesAtOnce } from "./at-once.ts"
import type { Database } from "./connection.ts"
import { share } from "./locks.ts"
import { migrations, requireSame } from "./migrate.ts"
import { makeMonths } from "./months.ts"
import { type Insert, insertOf } from "./statements.ts"
import { tables } from "./tables.ts"

const inserts = Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, insertOf(table)])) as Readonly<
  Record<TableName, Insert>
>
const tableNames = Object.keys(tables) as ReadonlyArray<TableName>

/** The tables are not where the batch begins. */
class NotThere extends Error {
  override readonly name = "NotThere"
}

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

/** Moves the cursor; no row if it doesn't stand where the batch begins, or a newer release has changed the tables meanwhile. */
const moveCursor = (sql: TransactionSql, { from, to }: ProjectedBatch, ranCount: number) => {
  const { kind, partition, seq, hash, incarnation, at, entries } = to
  const isOurs = sql`(select count(*) from migrations) = ${ranCount}::int8`
  if (from === null)
    return sql`
      insert into cursors (kind, partition, seq, hash, incarnation, at, entries)
      select ${kind}, ${partition}::int4, ${seq}::int8, ${hash}, ${incarnation}, ${at}::timestamptz, ${entries}::int8 where ${isOurs}
      on conflict (kind, partition) do nothing`
  return sql`
    update cursors set seq = ${seq}::int8, hash = ${hash}, incarnation = ${incarnation}, at = ${at}::timestamptz, entries = ${entries}::int8, written_at = now()
    where kind = ${kind} and partition = ${partition} and seq = ${from.seq}::int8 and hash = ${from.hash} and incarnation = ${from.incarnation} and ${isOurs}`
}

const insertRows = (sql: TransactionSql, rows: ProjectedRows) =>
  tableNames
    .filter((name) => rows[name].length > 0)
    .map((name) => sql.unsafe(inserts[name].text, inserts[name].listsOf(rows[name]), { prepare: true }))

/** Writes a batch whole, or nothing of it. */
const writeBatch = async (sql: Sql, batch: ProjectedBatch): Promise<boolean> => {
  const ranCount = (await migrations()).length
  try {
    await sql.begin(async (tx) => {
      // All statements are on their way at once; the first has the locks by the time that the others are looked at.
      const sent = [share(tx, "swap"), moveCursor(tx, batch, ranCount), ...insertRows(tx, batch.rows)]
      const [, moved] = await Promise.all(sent)
      if (moved?.count !== 1) throw new NotThere()
    })
    return true
  } catch (error) {
    if (error instanceof NotThere) return false
    throw error
  }
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
