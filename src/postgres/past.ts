/**
 * The past as the tables tell it: lines of the ledger, put together again. The same lines as the journals themselves give (retention/journal-past.ts), found by their index.
 */
import { Effect, Layer, Stream } from "effect"
import type { Row, Sql } from "postgres"
import type { PartitionCounts } from "../domain/kinds.ts"
import { partitionOf, type SenderId } from "../domain/names.ts"
import { type OrderId, orderBook } from "../domain/order/names.ts"
import type { SkuStock } from "../domain/sku/stock.ts"
import type { DatabaseMismatch, DatabaseUnavailable } from "../ports/errors.ts"
import { Past, type PastExtent, PastUnavailable, type SkuMark } from "../ports/past.ts"
import { firstMonthKept, type LedgerCause, type LedgerDecision } from "../ports/projection.ts"
import type { OrderPastLine, PastLine, SkuPastLine } from "../wire/past-lines.ts"
import type { Database } from "./connection.ts"

/** Rows that are read at a time: more than one line can have. */
const pageRows = 2_000

const asPast = (error: DatabaseUnavailable | DatabaseMismatch): PastUnavailable => {
  if (error._tag === "DatabaseUnavailable")
    return new PastUnavailable({ operation: error.operation, cause: error.cause, remedy: error.remedy })
  const { what, found, expected, remedy } = error
  return new PastUnavailable({ operation: "read the tables", cause: `${what} is ${found}, not ${expected}`, remedy })
}

type Json = Readonly<Record<string, unknown>>
interface LineRow {
  readonly seq: string
  readonly place: number
  readonly line: number
  readonly partition: number
  readonly atMs: string
  readonly brokerMs: string | null
  readonly cause: LedgerCause
  readonly key: string | null
  readonly sender: string | null
  readonly class: string | null
  readonly onBehalf: string | null
  readonly isBulk: boolean
  readonly commandId: string | null
  readonly command: Json | null
  readonly decision: LedgerDecision | null
  readonly refusal: Json | null
  readonly event: Json | null
  readonly detail: Json | null
}

const columns = `seq, place, line, partition, (extract(epoch from at) * 1000)::int8 as "atMs", (extract(epoch from broker_at) * 1000)::int8 as "brokerMs",
  cause, key, sender, class, on_behalf as "onBehalf", is_bulk as "isBulk", command_id as "commandId", command, decision, refusal, event, detail`

const eventsOf = (rows: ReadonlyArray<LineRow>) => rows.flatMap(({ event }) => (event === null ? [] : [event]))

const decisionOf = (rows: ReadonlyArray<LineRow>, { decision, refusal, detail }: LineRow): Json => {
  switch (decision) {
    case "accepted":
      return { _tag: "Accepted", events: eventsOf(rows) }
    case "begun":
      return { _tag: "Begun", events: eventsOf(rows) }
    case "refused":
      return { _tag: "Refused", refusal }
    case "quarantined":
      return { _tag: "Quarantined", cause: detail?.cause, quarantined: detail?.quarantined }
    case "repeated":
      return { _tag: "Repeated", outcome: detail?.first }
    case "dropped":
      return { _tag: "Dropped", reason: detail?.reason }
    case "pending":
      return { _tag: "Pending" }
    case "expired":
    case null:
      return { _tag: "TooLate" }
  }
}

/** What a command says beside its version, which is its JSON's. */
const commandOf = (command: Json | null): Json | null => {
  if (command === null) return null
  const { v: _, ...said } = command
  return said
}

const saidOf = (rows: ReadonlyArray<LineRow>, first: LineRow): Json => {
  const { cause, key, sender, class: commandClass, onBehalf, isBulk, brokerMs, commandId, command, detail } = first
  switch (cause) {
    case "command":
    case "settled":
      return {
        _tag: "Command",
        key,
        sender,
        class: commandClass,
        onBehalf,
        bulk: isBulk,
        brokerMs: brokerMs === null ? null : Number(brokerMs),
        quarantined: detail?.settles ?? null,
        command: commandOf(command),
        id: commandId,
        decision: decisionOf(rows, first),
      }
    case "returned":
      return { _tag: "Returned", key, id: detail?.id, by: detail?.by, outcome: detail?.outcome, events: eventsOf(rows) }
    case "answered":
      return { _tag: "Answered", key, sender, class: commandClass, id: commandId, issuedAtMs: detail?.issuedAtMs, outcome: detail?.outcome }
    case "covered":
      return { _tag: "Covered", key, events: eventsOf(rows) }
    case "expiry":
    case "floor":
    case "reset":
    case "resumed":
    case "reading":
      return { _tag: "Expiry", key, events: eventsOf(rows) }
  }
}

/** The lines that rows are of, in order. */
const linesOf = (rows: ReadonlyArray<LineRow>): ReadonlyArray<PastLine> => {
  const groups: Array<Array<LineRow>> = []
  for (const row of rows) {
    const last = groups.at(-1)
    if (last?.[0]?.seq === row.seq && last[0].line === row.line) last.push(row)
    else groups.push([row])
  }
  return groups.flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const { partition, seq, line, atMs } = first
    // What was written here is what the journal said: see src/projection/lines.ts.
    return [{ ...saidOf(group, first), partition, seq: Number(seq), place: line, atMs: Number(atMs) } as unknown as PastLine]
  })
}

interface Asked {
  readonly where: string
  readonly parameters: ReadonlyArray<string>
  readonly toMs: number
  readonly afterSeq: number
}

const page = async (
  sql: Sql,
  { where, parameters, toMs, afterSeq }: Asked,
  fromSeq: string,
  fromPlace: number,
): Promise<ReadonlyArray<LineRow>> => {
  const n = parameters.length
  return sql.unsafe<Array<Row & LineRow>>(
    `select ${columns} from ledger where ${where} and line is not null and seq > $${n + 1}::text::int8
       and at <= to_timestamp($${n + 2}::text::float8 / 1000) and (seq, place) >= ($${n + 3}::text::int8, $${n + 4}::text::int4)
     order by seq, place limit ${pageRows}`,
    [...parameters, String(afterSeq), String(toMs), fromSeq, String(fromPlace)],
  )
}

interface Reading {
  readonly seq: string
  readonly place: number
}

/** Lines in pages. A line that a page's end may have cut is read again with the next. */
const linesRead = (database: Database, asked: Asked): Stream.Stream<ReadonlyArray<PastLine>, PastUnavailable> =>
  Stream.unfold<Reading | null, ReadonlyArray<PastLine>, PastUnavailable, never>({ seq: "0", place: 0 }, (from) => {
    if (from === null) return Effect.undefined
    return Effect.map(
      database.ask("read lines of the ledger", (sql) => page(sql, asked, from.seq, from.place)).pipe(Effect.mapError(asPast)),
      (rows) => {
        const last = rows.at(-1)
        if (rows.length < pageRows || last === undefined) return [linesOf(rows), null] as const
        const cut = rows.findIndex(({ seq, line }) => seq === last.seq && line === last.line)
        const next = rows[cut]
        return [linesOf(rows.slice(0, cut)), { seq: next?.seq ?? last.seq, place: next?.place ?? last.place }] as const
      },
    )
  })

const extentOf = async (sql: Sql, kind: string, partition: number): Promise<PastExtent> => {
  const [cursor] = await sql`select to_json(at) #>> '{}' as at from cursors where kind = ${kind} and partition = ${partition}`
  const [first] =
    await sql`select to_json(at) #>> '{}' as at from ledger where kind = ${kind} and partition = ${partition} order by seq limit 1`
  if (cursor === undefined) return { sinceMs: null, isFromTheFirst: true, knownToMs: 0 }
  const knownToMs = Date.parse(cursor.at)
  if (first === undefined) return { sinceMs: null, isFromTheFirst: true, knownToMs }
  // A month that isn't kept any more may have been before it.
  return { sinceMs: Date.parse(first.at), isFromTheFirst: first.at.slice(0, 7) > firstMonthKept(cursor.at), knownToMs }
}

const markOf = async (sql: Sql, sku: string, atMs: number): Promise<SkuMark | null> => {
  const [row] = await sql<Array<{ seq: string; atMs: string; state: Omit<SkuStock, "sku" | "reservations"> }>>`
    select seq, (extract(epoch from at) * 1000)::int8 as "atMs", state from (
      select seq, at, state from skus where sku = ${sku} union all select seq, at, state from sku_marks where sku = ${sku}) as marks
    where at <= to_timestamp(${String(atMs)}::text::float8 / 1000) order by seq desc limit 1`
  if (row === undefined) return null
  const { policy, locations, uses, shorts } = row.state
  return { seq: Number(row.seq), atMs: Number(row.atMs), stock: { sku, policy, locations, uses, shorts, reservations: null } as SkuStock }
}

/** The past, as the tables tell it. */
export const tablesPast = (database: Database, counts: PartitionCounts): Layer.Layer<Past> => {
  const ask = <A>(operation: string, queries: (sql: Sql) => PromiseLike<A>) =>
    database.ask(operation, queries).pipe(Effect.mapError(asPast))
  return Layer.succeed(Past, {
    partitions: counts.sku,
    extent: (kind, partition) => ask("read how far the past is known", (sql) => extentOf(sql, kind, partition)),
    mark: (sku, atMs) => ask("read a state of the past", (sql) => markOf(sql, sku, atMs)),
    skuLines: (scope, toMs, afterSeq) =>
      linesRead(
        database,
        "sku" in scope
          ? { where: "kind = 'sku' and sku = $1", parameters: [scope.sku], toMs, afterSeq }
          : { where: "kind = 'sku' and partition = $1::text::int4", parameters: [String(scope.partition)], toMs, afterSeq },
      ) as Stream.Stream<ReadonlyArray<SkuPastLine>, PastUnavailable>,
    orderLines: (channel: SenderId, order: OrderId, toMs) =>
      linesRead(database, {
        where: "kind = 'order' and correlation_id = $1",
        parameters: [`order/${channel}/${order}`],
        toMs,
        afterSeq: 0,
      }) as Stream.Stream<ReadonlyArray<OrderPastLine>, PastUnavailable>,
    orderPartition: (channel, order) => partitionOf(orderBook(channel, order), counts.order),
  })
}
