import "effect/schema/SchemaJITCompiler/enable"
import { Effect, Layer, type Scope, Stream } from "effect"
import postgres, { type Sql } from "postgres"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { journalPorts } from "../../load/projector/journal-ports.ts"
import { Kind } from "../../src/domain/kinds.ts"
import { Past } from "../../src/ports/past.ts"
import type { Projection } from "../../src/ports/projection.ts"
import { type Database, openDatabase } from "../../src/postgres/connection.ts"
import { type EmbeddedPostgres, startPostgres } from "../../src/postgres/embedded.ts"
import { oldestHoldMs } from "../../src/postgres/holds.ts"
import { migrate } from "../../src/postgres/migrate.ts"
import { tablesPast } from "../../src/postgres/past.ts"
import { projectionLayer } from "../../src/postgres/projection.ts"
import { auditTables } from "../../src/projection/audit.ts"
import { type ProjectOptions, projectJournal } from "../../src/projection/project.ts"
import { engineCodec, orderCodec } from "../../src/wire/codec.ts"
import { orderLinesOf, orderOfLine, skuLinesOf } from "../../src/wire/past-lines.ts"
import { played } from "./played.ts"

let server: EmbeddedPostgres
let sql: Sql
const world = played("41", "orders")

beforeAll(async () => {
  server = await startPostgres({ isFleeting: true })
  sql = postgres(server.url, { max: 2, onnotice: () => undefined })
})
afterAll(async () => {
  await sql?.end()
  await server?.stop()
})

const inTablesOf = <A, E>(schema: string, effect: (database: Database) => Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  openDatabase({ url: server.url, schema, connections: 2, name: "test" }).pipe(Effect.flatMap(effect), Effect.scoped, Effect.runPromise)

const inTables = <A, E>(schema: string, effect: (projection: Layer.Layer<Projection>) => Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  inTablesOf(schema, (database) => effect(projectionLayer(database)))

/** Sequences of records as a tracer is told of them: taken, and committed, by kind and partition. */
const told = { taken: new Map<string, Array<number>>(), committed: new Map<string, Array<number>>() }
const traced: ProjectOptions["traced"] = (kind, partition, records) => {
  const note = (of: Map<string, Array<number>>) => {
    const name = `${kind} ${partition}`
    of.set(name, [...(of.get(name) ?? []), ...records.map(({ seq }) => seq)])
  }
  note(told.taken)
  return () => note(told.committed)
}

const projectAll = (schema: string) =>
  inTables(schema, (tables) =>
    Effect.forEach(Kind, (kind) =>
      Effect.forEach(world.journals[kind], (_, partition) =>
        projectJournal({ kind, partition, onlyToEnd: true, traced }).pipe(
          Effect.provide(Layer.merge(tables, journalPorts(world.journals[kind]))),
        ),
      ),
    ),
  )

const audit = (schema: string) =>
  inTables(schema, (tables) =>
    auditTables({
      counts: world.counts,
      differencesMax: 5,
      readJournal: (kind, partition, toSeq, take) => take((world.journals[kind][partition] ?? []).slice(0, toSeq)),
    }).pipe(Effect.provide(tables)),
  )

describe("the tables", () => {
  it("hold what the journals lead to", async () => {
    await migrate(sql, "holdfast")
    await projectAll("holdfast")
    const report = await audit("holdfast")
    expect(report).toMatchObject({ differences: [], unprojected: [], ok: true })
    expect(report.rows).toBeGreaterThan(1_000)
    // Each record was told once, in its order, and that its rows are there.
    const journals = Kind.flatMap((kind) =>
      world.journals[kind].map((records, partition) => [`${kind} ${partition}`, records.map(({ seq }) => seq)] as const),
    )
    expect([...told.committed].sort()).toEqual(journals.filter(([, seqs]) => seqs.length > 0).sort())
    expect(told.taken).toEqual(told.committed)
  }, 60_000)

  it("know the oldest hold by an index of holds alone", async () => {
    const [{ expected } = { expected: null }] = await sql`
      select (extract(epoch from began_at) * 1000)::int8::text as expected from holdfast.reservations where status = 'held' order by began_at limit 1`
    const asked = inTablesOf("holdfast", (database) => oldestHoldMs(database))
    expect(await asked).toBe(expected === null ? null : Number(expected))
    const plan = await sql.begin(async (tx) => {
      await tx`set local enable_seqscan = off`
      return tx`explain select min(began_at) from holdfast.reservations where status = 'held'`
    })
    expect(JSON.stringify(plan)).toContain("using reservations_held")
  })

  it("tell the same of the past as the journals", async () => {
    const recordsOf = <A>(
      kind: Kind,
      decode: (bytes: Uint8Array) => { readonly _tag: string; readonly record?: A },
    ): ReadonlyArray<readonly [number, A]> =>
      world.journals[kind].flatMap((records) =>
        records.flatMap(({ seq, bytes }) => {
          const { record } = decode(bytes)
          return record === undefined ? [] : [[seq, record] as const]
        }),
      )
    const skuLines = recordsOf("sku", engineCodec.decodeRecord).flatMap(([seq, record]) => skuLinesOf(seq, record))
    const orderLines = recordsOf("order", orderCodec.decodeRecord).flatMap(([seq, record]) => orderLinesOf(seq, record))
    const database = await Effect.runPromise(
      Effect.gen(function* () {
        const opened = yield* openDatabase({ url: server.url, schema: "holdfast", connections: 2, name: "test" })
        return yield* Effect.gen(function* () {
          const past = yield* Past
          const read = <A, E>(lines: Stream.Stream<ReadonlyArray<A>, E>) => Effect.map(Stream.runCollect(lines), (pages) => pages.flat())
          const end = Number.MAX_SAFE_INTEGER / 1_000
          const [sku] = skuLines.flatMap(({ key }) => key ?? [])
          const about = orderLines.flatMap((line) => orderOfLine(line) ?? [])
          const [first] = about
          if (sku === undefined || first === undefined) throw new Error("the world has both")
          return {
            all: yield* read(past.skuLines({ partition: 0 }, end, 0)),
            one: yield* read(past.skuLines({ sku }, end, 20)),
            sku,
            order: yield* read(past.orderLines(first.channel, first.order, end)),
            first,
            mark: yield* past.mark(sku, end),
            extent: yield* past.extent("sku", 0),
          }
        }).pipe(Effect.provide(tablesPast(opened, world.counts, () => Effect.succeed(null))))
      }).pipe(Effect.scoped),
    )
    const { all, one, sku, order, first, mark, extent } = database
    expect(all).toEqual(skuLines)
    expect(one).toEqual(skuLines.filter(({ key, seq }) => key === sku && seq > 20))
    const isOfFirst = (line: (typeof orderLines)[number]) => {
      const about = orderOfLine(line)
      return about?.channel === first.channel && about.order === first.order
    }
    expect(order).toEqual(orderLines.filter(isOfFirst))
    expect(mark?.stock.locations.length).toBeGreaterThan(0)
    expect(extent.isFromTheFirst).toBe(true)
  }, 60_000)
})
