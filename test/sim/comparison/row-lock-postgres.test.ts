/**
 * Whether the row lock of the comparison is the one of a real Postgres: the same asks, by clients at once, come to the same.
 */
import type postgres from "postgres"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { play } from "../../../sim/comparison/playing.ts"
import { rowLock } from "../../../sim/comparison/row-lock.ts"
import type { StrategyDefinition } from "../../../sim/comparison/strategy.ts"
import { prngFromSeed } from "../../../src/workload/prng.ts"
import { type OwnPostgres, startPostgres } from "./own-postgres.ts"
import { lineOf, someOptions, trafficOf, web } from "./small-traffic.ts"

const clients = 8
const stockQty = [40, 90, 150, 7]

let server: OwnPostgres
let sql: postgres.Sql

beforeAll(async () => {
  server = await startPostgres()
  sql = server.connect(clients)
})

afterAll(async () => {
  await sql?.end()
  await server?.stop()
})

beforeEach(async () => {
  await sql`drop table if exists stock, decided`
  await sql`create table stock (sku int primary key, qty int not null)`
  await sql`create table decided (place bigserial primary key, ask int not null unique, sku int not null, qty int not null, sold boolean not null)`
  for (const [sku, qty] of stockQty.entries()) await sql`insert into stock values (${sku}, ${qty})`
})

interface Ask {
  readonly index: number
  readonly sku: number
  readonly qty: number
}

interface Row {
  readonly ask: number
  readonly sku: number
  readonly qty: number
  readonly sold: boolean
}

/** As a shop would: lock the row, look, lower it, and note the answer while the lock is still held. */
const decide = (ask: Ask): Promise<unknown> =>
  sql.begin(async (transaction) => {
    const [row] = await transaction<Array<{ qty: number }>>`select qty from stock where sku = ${ask.sku} for update`
    const sold = row !== undefined && row.qty >= ask.qty
    if (sold) await transaction`update stock set qty = qty - ${ask.qty} where sku = ${ask.sku}`
    await transaction`insert into decided (ask, sku, qty, sold) values (${ask.index}, ${ask.sku}, ${ask.qty}, ${sold})`
  })

/** Every client takes the next ask as soon as its last one was answered. */
const decideAll = async (asks: ReadonlyArray<Ask>): Promise<ReadonlyArray<Row>> => {
  let next = 0
  const client = async (): Promise<void> => {
    for (let ask = asks[next++]; ask !== undefined; ask = asks[next++]) await decide(ask)
  }
  await Promise.all(Array.from({ length: clients }, client))
  return sql<Array<Row>>`select ask, sku, qty, sold from decided order by place`
}

/** The same asks put to the strategy, in this order; which of them were sold. */
const playedBy = (asks: ReadonlyArray<Ask>) => {
  const sold = new Map<number, boolean>()
  const observed: StrategyDefinition = {
    ...rowLock,
    create: (world, options) =>
      rowLock.create(
        {
          ...world,
          promise: (demand) => {
            sold.set(demand.index, true)
            world.promise(demand)
          },
          refuse: (demand) => {
            sold.set(demand.index, false)
            world.refuse(demand)
          },
        },
        options,
      ),
  }
  const lines = asks.map(({ index, sku, qty }, place) => lineOf(index, { sku, qty, atMs: place }))
  const measures = play(observed, trafficOf(lines, { skus: ["A", "B", "C", "D"], stockQty }), [{ ...web, lagMs: 3 }], someOptions)
  return { sold, measures }
}

const soldQtyOf = (rows: ReadonlyArray<Row>): number => rows.reduce((sum, { qty, sold }) => sum + (sold ? qty : 0), 0)
const leftQty = async (): Promise<ReadonlyArray<number>> =>
  (await sql<Array<{ qty: number }>>`select qty from stock order by sku`).map(({ qty }) => qty)

describe("the row lock of the comparison and of Postgres", () => {
  it("sell exactly as many units where the order of asks can't matter, and none that isn't there", async () => {
    const prng = prngFromSeed("asks of one size")
    const asks = Array.from({ length: 400 }, (_, index): Ask => {
      const sku = prng.below(stockQty.length)
      return { index, sku, qty: sku + 1 }
    })
    const rows = await decideAll(asks)
    const { measures } = playedBy(asks)
    expect(rows).toHaveLength(asks.length)
    expect(soldQtyOf(rows)).toBe(measures.soldQty)
    expect(measures.oversoldQty).toBe(0)
    // One unit of each ask's size or less is left of every SKU: all were asked for more than there was.
    expect(await leftQty()).toEqual(stockQty.map((qty, sku) => qty % (sku + 1)))
  })

  it("give every ask the same answer, taken in the order in which Postgres let them have the row", async () => {
    const prng = prngFromSeed("asks of many sizes")
    const asks = Array.from({ length: 400 }, (_, index): Ask => ({ index, sku: prng.below(stockQty.length), qty: prng.between(1, 6) }))
    const rows = await decideAll(asks)
    const { sold, measures } = playedBy(rows.map(({ ask, sku, qty }) => ({ index: ask, sku, qty })))
    expect(rows.map(({ ask, sold: isSold }) => [ask, isSold])).toEqual(rows.map(({ ask }) => [ask, sold.get(ask)]))
    expect(soldQtyOf(rows)).toBe(measures.soldQty)
    expect(measures.oversoldQty).toBe(0)
    expect((await leftQty()).every((qty) => qty >= 0)).toBe(true)
  })

  it("let who waits for the row see what the one before left of it", async () => {
    const first = await sql.reserve()
    try {
      await first`begin`
      await first`select qty from stock where sku = 3 for update`
      const second = decide({ index: 1, sku: 3, qty: 4 })
      // Both want four of seven; the second may only look once the first is through.
      const waiting = async () => (await sql`select 1 from pg_stat_activity where wait_event_type = 'Lock'`).length
      await expect.poll(waiting).toBe(1)
      await first`update stock set qty = qty - 4 where sku = 3`
      await first`commit`
      await second
    } finally {
      first.release()
    }
    expect(await sql`select ask, sold from decided`).toEqual([{ ask: 1, sold: false }])
    const { sold } = playedBy([
      { index: 0, sku: 3, qty: 4 },
      { index: 1, sku: 3, qty: 4 },
    ])
    expect([sold.get(0), sold.get(1)]).toEqual([true, false])
  })

  it("need the lock: two clients that only read sell the last unit twice", async () => {
    await sql`update stock set qty = 1 where sku = 0`
    const [one, other] = await Promise.all([sql.reserve(), sql.reserve()])
    try {
      const lastUnitSold = async (client: postgres.ReservedSql): Promise<() => Promise<number>> => {
        await client`begin`
        const [row] = await client<Array<{ qty: number }>>`select qty from stock where sku = 0`
        return async () => {
          if (row?.qty !== 1) return 0
          await client`update stock set qty = qty - 1 where sku = 0`
          await client`commit`
          return 1
        }
      }
      const pay = [await lastUnitSold(one), await lastUnitSold(other)]
      let soldQty = 0
      for (const finish of pay) soldQty += await finish()
      expect(soldQty).toBe(2)
      expect((await leftQty())[0]).toBe(-1)
    } finally {
      one.release()
      other.release()
    }
  })
})
