/** A database that may not be written, doesn't let the projector in or has no room, from the start on and in the middle: what the projector says to do, and that it goes on from there with nothing lost. */
import "effect/schema/SchemaJITCompiler/enable"
import { Effect, Fiber, Layer } from "effect"
import postgres, { type Sql } from "postgres"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { journalPorts } from "../../load/projector/journal-ports.ts"
import { Projection } from "../../src/ports/projection.ts"
import { openDatabase, servedSchema } from "../../src/postgres/connection.ts"
import { type EmbeddedPostgres, startPostgres } from "../../src/postgres/embedded.ts"
import { migrate } from "../../src/postgres/migrate.ts"
import { projectionLayer } from "../../src/postgres/projection.ts"
import { auditTables } from "../../src/projection/audit.ts"
import { type Projected, projectJournal } from "../../src/projection/project.ts"
import { played } from "./played.ts"

let server: EmbeddedPostgres
let sql: Sql
let url: string
const records = played("41", "orders").journals.sku[0] ?? []

beforeAll(async () => {
  server = await startPostgres({ isFleeting: true })
  sql = postgres(server.url, { max: 1, onnotice: () => undefined })
  await sql`create role projector superuser login password 'right'`
  const ofRole = new URL(server.url)
  ofRole.username = "projector"
  ofRole.password = "right"
  url = String(ofRole)
})
afterAll(async () => {
  await sql?.end()
  await server?.stop()
})
beforeEach(async () => {
  await sql`drop schema if exists holdfast cascade`
  await migrate(sql, servedSchema)
})

/** Whoever is connected has to connect anew, and is met by what was changed. */
const disconnect = () => sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'projector'`

interface Trouble {
  readonly code: string
  readonly remedy: string
  readonly begin: () => Promise<unknown>
  readonly end: () => Promise<unknown>
}

const troubles: ReadonlyArray<readonly [string, Trouble]> = [
  [
    "read-only",
    {
      code: "25006",
      remedy: "name the primary in HOLDFAST_POSTGRES_URL",
      begin: () => sql`alter role projector set default_transaction_read_only = on`.then(disconnect),
      // Whoever is connected keeps what the role was when it came: the projector has to come anew by itself.
      end: () => sql`alter role projector set default_transaction_read_only = off`,
    },
  ],
  [
    "closed to a wrong password",
    {
      code: "28P01",
      remedy: "Put the right user and password into HOLDFAST_POSTGRES_URL",
      begin: () => sql`alter role projector password 'another'`.then(disconnect),
      end: () => sql`alter role projector password 'right'`,
    },
  ],
  [
    "full",
    {
      code: "53100",
      remedy: "Make room for the database",
      // The server itself says so, as of a disk that is full.
      begin: () =>
        sql.unsafe(`create or replace function holdfast.full() returns trigger language plpgsql as
            $$ begin raise exception 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$;
          create trigger full_disk before insert on holdfast.ledger for each statement execute function holdfast.full()`),
      end: () => sql`drop trigger full_disk on holdfast.ledger`,
    },
  ],
]

/** The tables, with something done once the first batch is written. */
const afterFirstWrite = (tables: Layer.Layer<Projection>, act: () => Promise<unknown>) => {
  let isFirst = true
  return Layer.effect(
    Projection,
    Effect.map(Projection, (projection) => ({
      ...projection,
      write: (batch: Parameters<typeof projection.write>[0]) =>
        Effect.tap(projection.write(batch), () => {
          if (!isFirst) return Effect.void
          isFirst = false
          return Effect.promise(act)
        }),
    })),
  ).pipe(Layer.provide(tables))
}

/** Projects all records through a trouble, which ends when the projector has named it. Returns what it told. */
const projectThrough = (trouble: Trouble, isInTheMiddle: boolean): Promise<ReadonlyArray<Projected>> =>
  Effect.gen(function* () {
    if (!isInTheMiddle) yield* Effect.promise(trouble.begin)
    const told: Array<Projected> = []
    const database = yield* openDatabase({ url, schema: servedSchema, connections: 1, name: "test" })
    const tables = projectionLayer(database)
    const ports = Layer.merge(isInTheMiddle ? afterFirstWrite(tables, trouble.begin) : tables, journalPorts([records]))
    const all = projectJournal({ kind: "sku", partition: 0, onlyToEnd: true, report: (one) => told.push(one) })
    const projecting = yield* Effect.forkScoped(Effect.provide(all, ports))
    yield* Effect.promise(() => expect.poll(() => told.at(-1)?.waitsFor ?? "").toContain(trouble.code))
    yield* Effect.promise(trouble.end)
    yield* Fiber.join(projecting)
    return told
  }).pipe(Effect.scoped, Effect.runPromise)

const differences = () =>
  Effect.gen(function* () {
    const database = yield* openDatabase({ url, schema: servedSchema, connections: 1, name: "test" })
    return yield* auditTables({
      counts: { sku: 1, order: 0 },
      differencesMax: 3,
      readJournal: (_kind, _partition, toSeq, take) => take(records.slice(0, toSeq)),
    }).pipe(Effect.provide(projectionLayer(database)))
  }).pipe(Effect.scoped, Effect.runPromise)

describe.each(troubles)("a database that is %s", (_, trouble) => {
  it.each([
    ["from the start on", false],
    ["in the middle", true],
  ])("%s: the projector names it and the remedy, and goes on when it is over", async (_, isInTheMiddle) => {
    const told = await projectThrough(trouble, isInTheMiddle)
    const named = told.find(({ waitsFor }) => waitsFor?.includes(trouble.code) === true)
    expect(named?.waitsFor).toContain(trouble.remedy)
    expect([named?.seq ?? -1].map((seq) => [seq > 0, seq < records.length])).toEqual([[isInTheMiddle, true]])
    expect(told.at(-1)).toMatchObject({ seq: records.length, waitsFor: null, failures: { conflict: 0, other: 0 } })
    expect(await differences()).toMatchObject({ ok: true, differences: [], unprojected: [] })
  })
})
