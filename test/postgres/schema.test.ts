import { getTableName } from "drizzle-orm"
import { getTableConfig, PgTable } from "drizzle-orm/pg-core"
import postgres, { type Sql } from "postgres"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { servedSchema } from "../../src/postgres/connection.ts"
import { type EmbeddedPostgres, startPostgres } from "../../src/postgres/embedded.ts"
import { migrate, migrations, requireSame } from "../../src/postgres/migrate.ts"
import { makeMonths } from "../../src/postgres/months.ts"
import * as schema from "../../src/postgres/schema.ts"
import { columnOf, tables } from "../../src/postgres/tables.ts"

let server: EmbeddedPostgres
let sql: Sql

beforeAll(async () => {
  server = await startPostgres({ isFleeting: true })
  sql = postgres(server.url, { max: 4, onnotice: () => undefined })
}, 60_000)
afterAll(async () => {
  await sql?.end()
  await server?.stop()
})

const declared: ReadonlyArray<PgTable> = Object.values<unknown>(schema).filter((value) => value instanceof PgTable)

const typeNames: Readonly<Record<string, string>> = {
  text: "text",
  integer: "int4",
  smallint: "int2",
  bigint: "int8",
  boolean: "bool",
  "timestamp with time zone": "timestamptz",
  jsonb: "jsonb",
}

describe("the writer's tables", () => {
  it("are those of the schema, column by column", () => {
    const ofSchema = declared
      .filter((table) => getTableName(table) !== "cursors")
      .map((table) => {
        const { name, columns, primaryKeys } = getTableConfig(table)
        const written = columns.filter(({ generated }) => generated === undefined)
        const key =
          primaryKeys[0]?.columns.map((column) => column.name) ?? columns.filter(({ primary }) => primary).map((column) => column.name)
        return [name, written.map((column) => `${column.name} ${typeNames[column.getSQLType()]}`).sort(), key]
      })
    const ofWriter = Object.values(tables).map(({ name, columns, key }) => [
      name,
      columns.map(([field, type]) => `${columnOf(field)} ${type}`).sort(),
      key.map(columnOf),
    ])
    const byName = (one: (typeof ofWriter)[number], other: (typeof ofWriter)[number]) => (String(one[0]) < String(other[0]) ? -1 : 1)
    expect(ofWriter.sort(byName)).toEqual(ofSchema.sort(byName))
  })
})

describe("migrations", () => {
  it("make every constraint and index that the schema declares", async () => {
    await migrate(sql, "asked")
    const found = await sql<Array<{ name: string }>>`
      select conname as name from pg_constraint where connamespace = 'asked'::regnamespace and contype in ('p', 'c')
      union select indexname from pg_indexes where schemaname = 'asked'`
    const names = new Set(found.map(({ name }) => name))
    const wanted = declared.flatMap((table) => {
      const { checks, indexes, primaryKeys } = getTableConfig(table)
      return [
        ...checks.map(({ name }) => name),
        ...indexes.map(({ config }) => config.name ?? ""),
        ...primaryKeys.map((key) => key.getName()),
      ]
    })
    expect(wanted.length).toBeGreaterThan(30)
    expect(wanted.filter((name) => !names.has(name))).toEqual([])
    const [ledger] = await sql`select relkind from pg_class where oid = 'asked.ledger'::regclass`
    expect(ledger?.relkind).toBe("p")
    const row = {
      sku: "A",
      location: "L",
      seq: 1,
      at: "2026-11-29T00:00:00Z",
      damaged: 0,
      inspection: 0,
      reserved: 3,
      exposed: 0,
      safety: 1,
      short: 0,
    }
    await sql`insert into asked.stock ${sql({ ...row, on_hand: 2 })}`
    expect(await sql`select available::text from asked.stock`).toEqual([{ available: "-2" }])
    await expect(sql`insert into asked.stock ${sql({ ...row, location: "M", on_hand: -1 })}`).rejects.toThrow("stock_units")
  })

  it("run once, whoever runs them at the same time", async () => {
    const both = await Promise.all([migrate(sql, "twice"), migrate(sql, "twice"), migrate(sql, "twice")])
    expect(both.map((ran) => ran.length).sort()).toEqual([0, 0, (await migrations()).length])
    const [{ count } = { count: 0 }] = await sql`select count(*)::int from twice.migrations`
    expect(count).toBe((await migrations()).length)
  })

  it("leave nothing behind where one fails", async () => {
    const broken = { tag: "9999_broken", hash: "", statements: ["create table half_made (id int)", "create table half_made (id int)"] }
    await expect(migrate(sql, "broken", [broken])).rejects.toThrow("half_made")
    expect(await sql`select to_regnamespace('broken') is null as "isGone"`).toEqual([{ isGone: true }])
  })

  it.each([
    ["of a newer release", { tag: "9999_later", hash: "later", statements: [] }, "run that release or a newer one here"],
    ["not there", null, "start `holdfast project`"],
  ])("refuse a schema that is %s, with the remedy", async (found, more, remedy) => {
    const name = found.replaceAll(" ", "_")
    if (more !== null) await migrate(sql, name, [...(await migrations()), more])
    await expect(requireSame(sql, name)).rejects.toThrow(found)
    await expect(requireSame(sql, name)).rejects.toThrow(remedy)
    if (more !== null) await expect(migrate(sql, name)).rejects.toThrow(remedy)
  })

  it("bring an older schema forward, which whoever reads refuses until then", async () => {
    const [first] = await migrations()
    if (first === undefined) throw new Error("there is a migration")
    await migrate(sql, "older", [])
    await expect(requireSame(sql, "older")).rejects.toThrow("run `holdfast project` of this release")
    expect(await migrate(sql, "older")).toEqual((await migrations()).map(({ tag }) => tag))
    await requireSame(sql, "older")
  })

  it("refuse what another build made", async () => {
    const [first] = await migrations()
    if (first === undefined) throw new Error("there is a migration")
    await migrate(sql, "other", [{ ...first, hash: "other", statements: [] }])
    await expect(migrate(sql, "other")).rejects.toThrow("made by another build")
  })
})

describe("a month of the ledger", () => {
  it("is made once by many who need it at the same moment, and none of them fails", async () => {
    const others = Array.from({ length: 8 }, () =>
      postgres(server.url, { max: 1, onnotice: () => undefined, connection: { search_path: servedSchema } }),
    )
    const [first] = others
    if (first === undefined) throw new Error("there are eight")
    await migrate(first, servedSchema)
    const months = Array.from({ length: 24 }, (_, n) => `${2030 + Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, "0")}`)
    await Promise.all(others.map((one) => makeMonths(one, months)))
    const rows =
      await first`select child.relname from pg_inherits join pg_class child on child.oid = inhrelid where inhparent = 'ledger'::regclass`
    expect(rows).toHaveLength(months.length)
    await Promise.all(others.map((one) => one.end()))
  })
})
