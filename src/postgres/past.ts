/**
 * The past as the tables tell it: lines of the ledger, put together again. The same lines as the journals themselves give (retention/journal-past.ts), found by their index.
 */
import { Clock, Effect, Layer, type Scope, Stream } from "effect"
import type { Row, Sql } from "postgres"
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import { type EpochMs, partitionOf, type SenderId } from "../domain/names.ts"
import { type OrderId, orderBook } from "../domain/order/names.ts"
import type { SkuStock } from "../domain/sku/stock.ts"
import type { DatabaseMismatch, DatabaseUnavailable } from "../ports/errors.ts"
import {
  type JournalEnd,
  type JournalEnds,
  Past,
  type PastExtent,
  type PastFailed,
  PastUnavailable,
  type SkuMark,
  type SkuScope,
} from "../ports/past.ts"
import { firstMonthKept, type LedgerCause, type LedgerDecision } from "../ports/projection.ts"
import type { OrderPastLine, PastLine, SkuPastLine } from "../wire/past-lines.ts"
import { type Database, openDatabase, servedSchema } from "./connection.ts"
import { requireSame } from "./migrate.ts"

/** Rows that are read at a time: more than one line can have. */
const pageRows = 2_000

const instead = "or read the journals themselves (--source journals)"

const asPast = (error: DatabaseUnavailable | DatabaseMismatch): PastUnavailable => {
  if (error._tag === "DatabaseUnavailable")
    return new PastUnavailable({ operation: error.operation, cause: error.cause, remedy: `${error.remedy}; ${instead}` })
  const { what, found, expected, remedy } = error
  const said = `${remedy.slice(0, 1).toUpperCase()}${remedy.slice(1)}`
  return new PastUnavailable({ operation: "read the tables", cause: `${what} is ${found}, not ${expected}`, remedy: `${said}; ${instead}` })
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

interface Found {
  readonly cursor: { readonly seq: string; readonly at: string; readonly incarnation: string } | undefined
  /** The time of the first line that is kept. */
  readonly firstAt: string | undefined
}

const standingOf = async (sql: Sql, kind: string, partition: number): Promise<Found> => {
  const [cursor] = await sql<Array<NonNullable<Found["cursor"]>>>`
    select seq, to_json(at) #>> '{}' as at, incarnation from cursors where kind = ${kind} and partition = ${partition}`
  const [first] = await sql<Array<{ at: string }>>`
    select to_json(at) #>> '{}' as at from ledger where kind = ${kind} and partition = ${partition} order by seq limit 1`
  return { cursor, firstAt: first?.at }
}

/** How far the tables know a partition. `end`: where its journal ended before they were asked, at `nowMs`. */
const extentOf = (kind: Kind, partition: number, end: JournalEnd | null, nowMs: EpochMs, { cursor, firstAt }: Found): PastExtent => {
  const seq = Number(cursor?.seq ?? 0)
  const atMs = cursor === undefined ? 0 : Date.parse(cursor.at)
  const behind = end === null ? null : Math.max(0, end.seq - seq)
  return {
    sinceMs: firstAt === undefined ? null : Date.parse(firstAt),
    // A month that isn't kept any more may have been before it.
    isFromTheFirst: cursor === undefined || firstAt === undefined || firstAt.slice(0, 7) > firstMonthKept(cursor.at),
    knownToMs: behind === 0 ? Math.max(nowMs, atMs) : atMs - 1,
    known: { source: "tables", kind, partition, seq, atMs, behind },
  }
}

/** The tables follow another journal than the one that is asked about. */
const ofAnother = (kind: Kind, partition: number): PastUnavailable =>
  new PastUnavailable({
    operation: "read the tables",
    cause: `what they hold of ${kind} partition ${partition} is another cluster's`,
    remedy: `Name this cluster's database in HOLDFAST_POSTGRES_URL, make its tables anew (holdfast project --rebuild), ${instead}`,
  })

/** What was read was of tables that have changed under it: months were dropped, or the tables made anew. */
const movedMeanwhile = new PastUnavailable({
  operation: "read the tables",
  cause: "they were made anew, or months were dropped, while they were read",
  remedy: "Ask again",
})

const markOf = async (sql: Sql, sku: string, atMs: number): Promise<SkuMark | null> => {
  const [row] = await sql<Array<{ seq: string; atMs: string; state: Omit<SkuStock, "sku" | "reservations"> }>>`
    select seq, (extract(epoch from at) * 1000)::int8 as "atMs", state from (
      select seq, at, state from skus where sku = ${sku} union all select seq, at, state from sku_marks where sku = ${sku}) as marks
    where at <= to_timestamp(${String(atMs)}::text::float8 / 1000) order by seq desc limit 1`
  if (row === undefined) return null
  const { policy, locations, uses, shorts } = row.state
  return { seq: Number(row.seq), atMs: Number(row.atMs), stock: { sku, policy, locations, uses, shorts, reservations: null } as SkuStock }
}

/** One question to the tables: each part of it has to see at least what was found when it began. */
class TablesQuestion {
  readonly #database: Database
  readonly #counts: PartitionCounts
  readonly #ends: JournalEnds
  readonly #began = new Map<string, Found>()

  constructor(database: Database, counts: PartitionCounts, ends: JournalEnds) {
    this.#database = database
    this.#counts = counts
    this.#ends = ends
  }

  ask<A>(operation: string, queries: (sql: Sql) => PromiseLike<A>): Effect.Effect<A, PastUnavailable> {
    return this.#database.ask(operation, queries).pipe(Effect.mapError(asPast))
  }

  #standing(kind: Kind, partition: number): Effect.Effect<Found, PastUnavailable> {
    return this.ask("read how far the past is known", (sql) => standingOf(sql, kind, partition))
  }

  extent(kind: Kind, partition: number): Effect.Effect<PastExtent, PastFailed> {
    return Effect.gen({ self: this }, function* () {
      const nowMs = yield* Clock.currentTimeMillis
      // The end first: what is found in the tables afterwards may be newer, and never seems to be behind what was not there yet.
      const end = yield* this.#ends(kind, partition)
      const found = yield* this.#standing(kind, partition)
      const incarnation = end?.incarnation ?? null
      if (incarnation !== null && found.cursor !== undefined && found.cursor.incarnation !== incarnation)
        return yield* ofAnother(kind, partition)
      this.#began.set(`${kind} ${partition}`, found)
      return extentOf(kind, partition, end, nowMs, found)
    })
  }

  /** A fold is of no use where what it began with is gone by its end. */
  #stillThere(kind: Kind, partition: number): Effect.Effect<void, PastUnavailable> {
    const began = this.#began.get(`${kind} ${partition}`)
    if (began === undefined) return Effect.void
    return Effect.flatMap(this.#standing(kind, partition), ({ cursor, firstAt }) =>
      firstAt === began.firstAt && Number(cursor?.seq ?? 0) >= Number(began.cursor?.seq ?? 0) ? Effect.void : Effect.fail(movedMeanwhile),
    )
  }

  #lines<Line extends PastLine>(kind: Kind, partition: number, asked: Asked): Stream.Stream<ReadonlyArray<Line>, PastUnavailable> {
    const checked = Stream.fromEffectDrain(this.#stillThere(kind, partition))
    // Which kind of lines it is, its condition says.
    return Stream.concat(linesRead(this.#database, asked), checked) as Stream.Stream<ReadonlyArray<Line>, PastUnavailable>
  }

  skuLines(scope: SkuScope, toMs: EpochMs, afterSeq: number) {
    const [partition, where, parameter] =
      "sku" in scope
        ? ([partitionOf(scope.sku, this.#counts.sku), "sku = $1", scope.sku] as const)
        : ([scope.partition, "partition = $1::text::int4", String(scope.partition)] as const)
    return this.#lines<SkuPastLine>("sku", partition, { where: `kind = 'sku' and ${where}`, parameters: [parameter], toMs, afterSeq })
  }

  orderPartition(channel: SenderId, order: OrderId): number {
    return partitionOf(orderBook(channel, order), this.#counts.order)
  }

  orderLines(channel: SenderId, order: OrderId, toMs: EpochMs) {
    const parameters = [`order/${channel}/${order}`]
    const asked = { where: "kind = 'order' and correlation_id = $1", parameters, toMs, afterSeq: 0 }
    return this.#lines<OrderPastLine>("order", this.orderPartition(channel, order), asked)
  }
}

/** The past, as the tables tell it to one question. `ends`: where the journals end now. */
export const tablesPast = (database: Database, counts: PartitionCounts, ends: JournalEnds): Layer.Layer<Past> => {
  const question = new TablesQuestion(database, counts, ends)
  return Layer.succeed(Past, {
    partitions: counts.sku,
    extent: (kind, partition) => question.extent(kind, partition),
    mark: (sku, atMs) => question.ask("read a state of the past", (sql) => markOf(sql, sku, atMs)),
    skuLines: (scope, toMs, afterSeq) => question.skuLines(scope, toMs, afterSeq),
    orderLines: (channel, order, toMs) => question.orderLines(channel, order, toMs),
    orderPartition: (channel, order) => question.orderPartition(channel, order),
  })
}

/** Opens the tables for one question, until the scope closes. Fails where they are away, or not as this build made them. */
export const openTablesPast: (
  url: string,
  counts: PartitionCounts,
  ends: JournalEnds,
) => Effect.Effect<Layer.Layer<Past>, DatabaseUnavailable | DatabaseMismatch, Scope.Scope> = Effect.fnUntraced(
  function* (url, counts, ends) {
    const database = yield* openDatabase({ url, schema: servedSchema, connections: 2, name: "holdfast past" })
    yield* database.ask("look at the tables", (sql) => requireSame(sql, servedSchema))
    return tablesPast(database, counts, ends)
  },
)
