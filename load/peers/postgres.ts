/**
 * Postgres, in three ways: the row of the SKU locked and decided by the program, one statement that takes what is there, and a row for each unit.
 *
 * As its advocates would have it: prepared statements, as many as wait together in one transaction where the way allows it, sent without waiting for one another, over a pool of a few connections for a
 * machine with few cores; `shared_buffers` that hold all of it; a table of reservations by their id beside the stock, so that what was had can be confirmed or given back.
 */
import postgres from "postgres"
import { startPostgres } from "../../src/postgres/embedded.ts"
import { type Ask, Asks, answered } from "./asks.ts"
import { type Ground, plentyQty, scarceQty, scarceSku, unitRowsOf } from "./ground.ts"
import type { Peer, StartPeer, Taken } from "./peer.ts"

type Way = "for-update" | "one-statement" | "unit-rows"

/** Asks of one transaction: with what begins and ends it, the client sends so many without waiting for an answer. */
const batchMax = 64

const settings = { shared_buffers: "512MB", max_wal_size: "4GB" }

/** A client of one connection, so that what belongs to a transaction goes over it one after another. */
type Connection = postgres.Sql
const connectionTo = (url: string): Connection => postgres(url, { max: 1, onnotice: () => undefined })

type Rows = ReadonlyArray<Readonly<Record<string, unknown>>>

/** The row stays locked from the look at it until the transaction is over. What needs no answer travels with what follows. */
const lockAndDecide = async (connection: Connection, { sku, reservation }: Ask): Promise<boolean> => {
  const begun = connection`begin`.execute()
  const looked = connection<Array<{ available: number }>>`select available from stock where sku = ${sku} for update`.execute()
  const [, rows] = await Promise.all([begun, looked])
  if ((rows[0]?.available ?? 0) < 1) {
    await connection`rollback`
    return false
  }
  const lowered = connection`update stock set available = available - 1 where sku = ${sku}`.execute()
  const noted = connection`insert into reservation (id, sku, qty) values (${reservation}, ${sku}, 1)`.execute()
  await Promise.all([lowered, noted, connection`commit`.execute()])
  return true
}

/** Sends a statement that gives a row back if there was a unit. */
type Take = (connection: Connection, ask: Ask) => Promise<Rows>

const takeIfThere: Take = (connection, { sku, reservation }) =>
  connection`
    with taken as (update stock set available = available - 1 where sku = ${sku} and available >= 1 returning sku)
    insert into reservation (id, sku, qty) select ${reservation}, sku, 1 from taken returning id`.execute()

const takeUnit: Take = (connection, { sku, reservation }) =>
  connection`
    with free as (select id from unit where sku = ${sku} and reservation is null limit 1 for update skip locked)
    update unit set reservation = ${reservation} from free where unit.id = free.id returning unit.id`.execute()

/** All of a batch in one transaction, in the order of their SKUs, so that no two transactions wait for each other. Sent in that order, without waiting for one another. */
const inOneTransaction =
  (take: Take) =>
  async (connection: Connection, batch: ReadonlyArray<Ask>): Promise<ReadonlyArray<boolean>> => {
    const [first] = batch
    if (first !== undefined && batch.length === 1) return [(await take(connection, first)).length === 1]
    const sorted = batch.toSorted((one, other) => one.sku - other.sku)
    const begun = connection`begin`.execute()
    const taken = sorted.map((ask) => take(connection, ask))
    await Promise.all([begun, ...taken, connection`commit`.execute()])
    const had = new Map<Ask, boolean>()
    for (const [place, rows] of (await Promise.all(taken)).entries()) {
      const ask = sorted[place]
      if (ask !== undefined) had.set(ask, rows.length === 1)
    }
    return batch.map((ask) => had.get(ask) === true)
  }

const eachAlone = async (connection: Connection, batch: ReadonlyArray<Ask>): Promise<ReadonlyArray<boolean>> => {
  const had: Array<boolean> = []
  for (const ask of batch) had.push(await lockAndDecide(connection, ask))
  return had
}

/**
 * Connections of each, as was best of 4, 8, 16 and 32 on two cores: where one hot row was asked for by 1,000 at once, batches over 16 and 32 did a third of what they did over 4, for they wait for each other;
 * elsewhere runs differed by more than the numbers did.
 */
const ways = {
  "for-update": { connections: 8, most: 1, decide: eachAlone },
  "one-statement": { connections: 4, most: batchMax, decide: inOneTransaction(takeIfThere) },
  "unit-rows": { connections: 4, most: batchMax, decide: inOneTransaction(takeUnit) },
} as const

const makeStock = async (sql: postgres.Sql, ground: Ground): Promise<void> => {
  // Room in each page for the versions of its rows that updates leave behind.
  await sql`create table stock (sku int primary key, available int not null check (available >= 0)) with (fillfactor = 50)`
  await sql`create table reservation (id bigint primary key, sku int not null, qty int not null)`
  await sql`insert into stock select sku, ${plentyQty} from generate_series(0, ${ground.skus - 1}) sku`
  await sql`insert into stock values (${scarceSku(ground)}, ${scarceQty})`
  await sql`vacuum analyze stock`
}

/** SKUs whose rows are put in by one statement. */
const unitSkusAtOnce = 10_000

const makeUnits = async (sql: postgres.Sql, ground: Ground): Promise<void> => {
  await sql`create table unit (id bigint generated always as identity, sku int not null, reservation bigint) with (fillfactor = 50)`
  for (let from = 0; from <= ground.skus; from += unitSkusAtOnce) {
    const skus = Array.from({ length: Math.min(unitSkusAtOnce, ground.skus + 1 - from) }, (_, n) => from + n)
    const rows = skus.map((sku) => unitRowsOf(sku, ground))
    await sql`
      insert into unit (sku) select sku from unnest(${sql.array(skus)}::int[], ${sql.array(rows)}::int[]) each (sku, rows), generate_series(1, each.rows)`
  }
  await sql`alter table unit add primary key (id)`
  await sql`create index unit_free on unit (sku) where reservation is null`
  await sql`create unique index unit_reserved on unit (reservation) where reservation is not null`
  await sql`vacuum analyze unit`
}

const takenOfStock = async (sql: postgres.Sql, ground: Ground): Promise<Taken> => {
  const [stock] = await sql<Array<{ qty: string; below: number }>>`
    select sum(${plentyQty}::bigint - available)::text as qty, count(*) filter (where available < 0)::int as below
    from stock where sku <> ${scarceSku(ground)}`
  const [scarce] = await sql<Array<{ available: number }>>`select available from stock where sku = ${scarceSku(ground)}`
  const scarceTaken = scarceQty - (scarce?.available ?? Number.NaN)
  const [noted] = await sql<Array<{ count: number }>>`select count(*)::int as count from reservation`
  return {
    qty: Number(stock?.qty) + scarceTaken,
    reservations: noted?.count ?? null,
    scarceQty: scarceTaken,
    oversoldSkus: (stock?.below ?? Number.NaN) + (scarceTaken > scarceQty ? 1 : 0),
  }
}

/** A row is taken once or not at all, so a SKU is oversold only where more rows are taken than were made. */
const takenOfUnits = async (sql: postgres.Sql, ground: Ground): Promise<Taken> => {
  const rows = await sql<Array<{ sku: number; taken: number }>>`
    select sku, count(reservation)::int as taken from unit where reservation is not null group by sku`
  const [noted] = await sql<Array<{ count: number }>>`select count(distinct reservation)::int as count from unit`
  return {
    qty: rows.reduce((sum, { taken }) => sum + taken, 0),
    reservations: noted?.count ?? null,
    scarceQty: rows.find(({ sku }) => sku === scarceSku(ground))?.taken ?? 0,
    oversoldSkus: rows.filter(({ sku, taken }) => taken > unitRowsOf(sku, ground)).length,
  }
}

/** Takes what waits, again and again, until the connection is given back. */
const serve = async (asks: Asks, connection: Connection, { decide }: (typeof ways)[Way]): Promise<void> => {
  for (;;) {
    const batch = await asks.take()
    await answered(batch, () => decide(connection, batch))
  }
}

export const startPostgresPeer =
  (way: Way): StartPeer =>
  async ({ ground }): Promise<Peer> => {
    const server = await startPostgres({ settings })
    const sql = connectionTo(server.url)
    await (way === "unit-rows" ? makeUnits : makeStock)(sql, ground)
    await sql`checkpoint`
    const asks = new Asks(ways[way].most)
    const lanes = Array.from({ length: ways[way].connections }, () => connectionTo(server.url))
    for (const lane of lanes) void serve(asks, lane, ways[way])
    return {
      reserve: (sku, reservation) => asks.ask(sku, reservation),
      taken: () => (way === "unit-rows" ? takenOfUnits : takenOfStock)(sql, ground),
      pids: () => [server.pid()],
      stages: null,
      stop: async () => {
        await Promise.all([sql, ...lanes].map((lane) => lane.end({ timeout: 0 })))
        await server.stop()
      },
    }
  }
