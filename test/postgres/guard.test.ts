/** What must not depend on one process that behaves: two that write at once, statements that come late, connections that end between statements, tables that are made anew meanwhile. */
import "effect/schema/SchemaJITCompiler/enable"
import { Effect, Layer, type Scope } from "effect"
import postgres, { type Sql } from "postgres"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { journalPorts } from "../../load/projector/journal-ports.ts"
import { DatabaseUnavailable } from "../../src/ports/errors.ts"
import { type ProjectedBatch, Projection } from "../../src/ports/projection.ts"
import { openDatabase } from "../../src/postgres/connection.ts"
import { type EmbeddedPostgres, startPostgres } from "../../src/postgres/embedded.ts"
import { migrate } from "../../src/postgres/migrate.ts"
import { projectionLayer } from "../../src/postgres/projection.ts"
import { dropNext, nextSchema, swap } from "../../src/postgres/rebuild.ts"
import { auditTables } from "../../src/projection/audit.ts"
import { JournalFold } from "../../src/projection/fold.ts"
import { projectJournal } from "../../src/projection/project.ts"
import { projectedKindOf } from "../../src/projection/registry.ts"
import { played } from "./played.ts"

let server: EmbeddedPostgres
let sql: Sql
const schema = "holdfast"
const records = played("41", "orders").journals.sku[0] ?? []

/** Batches of this many records, made without the tables. */
const batchesOf = (size: number): ReadonlyArray<ProjectedBatch> => {
  const fold = new JournalFold(projectedKindOf("sku"), 0, null, { senders: [], quarantine: [] }, true)
  return Array.from({ length: Math.ceil(records.length / size) }, (_, at) =>
    fold.take(records.slice(at * size, (at + 1) * size).map((record) => fold.read(record))),
  )
}

beforeAll(async () => {
  server = await startPostgres({ isFleeting: true })
  sql = postgres(server.url, { max: 2, onnotice: () => undefined })
}, 60_000)
afterAll(async () => {
  await sql?.end()
  await server?.stop()
})
beforeEach(async () => {
  await sql`drop schema if exists holdfast cascade`
  await migrate(sql, schema)
})

type Ports = Layer.Success<ReturnType<typeof journalPorts>> | Projection

const withTables = <A, E>(effect: Effect.Effect<A, E, Ports | Scope.Scope>, where = schema, journal = records): Promise<A> =>
  Effect.gen(function* () {
    const database = yield* openDatabase({ url: server.url, schema: where, connections: 2, name: "test" })
    return yield* effect.pipe(Effect.provide(Layer.merge(projectionLayer(database), journalPorts([journal]))))
  }).pipe(Effect.scoped, Effect.runPromise)

const write = (batch: ProjectedBatch) => withTables(Projection.use((projection) => projection.write(batch)))
const projectToEnd = projectJournal({ kind: "sku", partition: 0, onlyToEnd: true })

const differences = async (): Promise<unknown> => {
  const counts = { sku: 1, order: 0 }
  const found = await withTables(
    auditTables({ counts, differencesMax: 3, readJournal: (_kind, _partition, toSeq, take) => take(records.slice(0, toSeq)) }),
  )
  return { differences: found.differences, unprojected: found.unprojected }
}
const lost = new DatabaseUnavailable({ operation: "write", cause: "the answer was lost", remedy: "", isLasting: false })
const none = { differences: [], unprojected: [] }

describe("a batch", () => {
  it("is written once, whoever sends it again", async () => {
    const [first, second] = batchesOf(30)
    if (first === undefined || second === undefined) throw new Error("there are batches")
    expect(await write(first)).toBe(true)
    expect(await write(first)).toBe(false)
    expect(await write(second)).toBe(true)
    expect(await write(first)).toBe(false)
    expect(await differences()).toEqual(none)
  })

  it("changes nothing where the tables hold newer rows, though nobody looks at the cursor", async () => {
    await withTables(projectToEnd)
    const before = await sql`select * from holdfast.stock order by sku, location`
    const [end] = await sql`select seq, hash, incarnation, entries, at from holdfast.cursors`
    // The cursor is set back by hand: what follows is a writer that takes old tables for its own.
    for (const batch of batchesOf(60)) {
      if (batch.from === null) await sql`delete from holdfast.cursors`
      else await sql`update holdfast.cursors set seq = ${batch.from.seq}, hash = ${batch.from.hash}`
      expect(await write(batch)).toBe(true)
      expect(await sql`select * from holdfast.stock order by sku, location`).toEqual(before)
    }
    expect((await sql`select seq, hash, incarnation, entries, at from holdfast.cursors`)[0]).toEqual(end)
    expect(await differences()).toEqual(none)
  })
})

describe("projectors", () => {
  it("two at once come to what one comes to", async () => {
    await Promise.all([withTables(projectToEnd), withTables(projectToEnd), withTables(projectToEnd)])
    expect(await differences()).toEqual(none)
  })

  it("take turns, each from what the tables say", async () => {
    for (let at = 17; at < records.length + 17; at += 17) await withTables(projectToEnd, schema, records.slice(0, at))
    expect(await differences()).toEqual(none)
  })

  it("go on where the connection ended at any statement, the last included", async () => {
    // The first statement on the table ends its own connection; a sequence isn't set back with the transaction.
    await sql.unsafe(`
      create sequence public.blows;
      create function public.blow() returns trigger language plpgsql as
        $$ begin if nextval('public.blows') = 1 then perform pg_terminate_backend(pg_backend_pid()); end if; return null; end $$`)
    const places = ["cursors", "ledger", "skus", "stock", "reservations", "ats", "senders", "commit"]
    for (const [at, place] of places.entries()) {
      await sql`alter sequence public.blows restart`
      await sql.unsafe(
        place === "commit"
          ? "create constraint trigger blow after update on holdfast.cursors deferrable initially deferred for each row execute function public.blow()"
          : `create trigger blow after insert or update on holdfast.${place} for each statement execute function public.blow()`,
      )
      await withTables(projectToEnd, schema, records.slice(0, 30 * (at + 1)))
      const [{ blows } = { blows: 0 }] = await sql`select last_value::int as blows from public.blows`
      expect(blows, place).toBeGreaterThan(1)
      await sql.unsafe(`drop trigger blow on holdfast.${place === "commit" ? "cursors" : place}`)
    }
    await withTables(projectToEnd)
    expect(await differences()).toEqual(none)
  })

  it("go on where a commit was not heard of", async () => {
    let unheard = 0
    const deaf = Layer.effect(
      Projection,
      Effect.map(Projection, (projection) => ({
        ...projection,
        write: (batch: ProjectedBatch) =>
          Effect.flatMap(projection.write(batch), (written) => {
            unheard++
            return unheard > 2 ? Effect.succeed(written) : Effect.fail(lost)
          }),
      })),
    )
    await withTables(
      Effect.flatMap(Projection, (projection) => Effect.provide(projectToEnd, Layer.provide(deaf, Layer.succeed(Projection, projection)))),
    )
    expect(unheard).toBeGreaterThan(2)
    expect(await differences()).toEqual(none)
  })
})

describe("tables that are made anew", () => {
  it("take the place of those that are served, under whoever writes them", async () => {
    await withTables(projectToEnd, schema, records.slice(0, 100))
    await sql`update holdfast.stock set on_hand = on_hand + 1`
    await dropNext(sql, schema)
    await migrate(sql, nextSchema(schema))
    await withTables(projectToEnd, nextSchema(schema), records.slice(0, 50))
    expect(await swap(sql, schema, { behindMax: 0 })).toBe(false)
    // One that has written here goes on there, over the same connections.
    await withTables(
      Effect.gen(function* () {
        const projection = yield* Projection
        const before = yield* projection.cursor("sku", 0)
        yield* Effect.promise(() => withTables(projectToEnd, nextSchema(schema), records.slice(0, 120)))
        expect(yield* Effect.promise(() => swap(sql, schema, { behindMax: 0 }))).toBe(true)
        const late = batchesOf(100)[1]
        if (late === undefined || before === null) throw new Error("there are batches")
        expect(before.seq).toBe(late.from?.seq)
        expect(yield* projection.write(late)).toBe(false)
        yield* projectToEnd
      }),
    )
    expect(await differences()).toEqual(none)
    expect(await sql`select to_regnamespace('holdfast_next') is null and to_regnamespace('holdfast_former') is null as "areGone"`).toEqual([
      { areGone: true },
    ])
  })
})
