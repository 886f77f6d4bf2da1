import "effect/schema/SchemaJITCompiler/enable"
import { Effect, Layer, type Scope } from "effect"
import postgres, { type Sql } from "postgres"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { journalPorts } from "../../load/projector/journal-ports.ts"
import { Kind } from "../../src/domain/kinds.ts"
import type { Projection } from "../../src/ports/projection.ts"
import { openDatabase } from "../../src/postgres/connection.ts"
import { type EmbeddedPostgres, startPostgres } from "../../src/postgres/embedded.ts"
import { migrate } from "../../src/postgres/migrate.ts"
import { projectionLayer } from "../../src/postgres/projection.ts"
import { auditTables } from "../../src/projection/audit.ts"
import { projectJournal } from "../../src/projection/project.ts"
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

const inTables = <A, E>(schema: string, effect: (projection: Layer.Layer<Projection>) => Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  Effect.gen(function* () {
    const database = yield* openDatabase({ url: server.url, schema, connections: 2, name: "test" })
    return yield* effect(projectionLayer(database))
  }).pipe(Effect.scoped, Effect.runPromise)

const projectAll = (schema: string) =>
  inTables(schema, (tables) =>
    Effect.forEach(Kind, (kind) =>
      Effect.forEach(world.journals[kind], (_, partition) =>
        projectJournal({ kind, partition, onlyToEnd: true }).pipe(Effect.provide(Layer.merge(tables, journalPorts(world.journals[kind])))),
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
  }, 60_000)
})
