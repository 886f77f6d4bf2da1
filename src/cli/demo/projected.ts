/**
 * The demo's tables: a Postgres and a projector beside the sale, and whether the tables equal the fold of the journals in the end. Where no Postgres can be started, the demo says so and goes on without.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Kind } from "../../domain/kinds.ts"
import type { EmbeddedServer } from "../../nats/embedded.ts"
import { engineLayer } from "../../nats/layer.ts"
import { openDatabase, servedSchema } from "../../postgres/connection.ts"
import { type EmbeddedPostgres, startPostgres } from "../../postgres/embedded.ts"
import { projectionLayer } from "../../postgres/projection.ts"
import { auditTables } from "../../projection/audit.ts"
import { projectJournal } from "../../projection/project.ts"
import { readWholeJournal } from "../../retention/whole-journal.ts"
import { engineCodec, orderCodec } from "../../wire/codec.ts"
import type { DemoFolder } from "./folder.ts"
import type { Guardian } from "./guardian.ts"
import { startWorkerProcess, type WorkerProcess } from "./workers.ts"

/** What became of the tables. */
export interface TablesVerdict {
  readonly rows: number
  readonly differences: number
  /** Milliseconds after the last answer until the tables held all of it. */
  readonly caughtUpMs: number
}

/** The tables of a running demo. */
export interface DemoTables {
  readonly process: WorkerProcess
  readonly judge: Effect.Effect<TablesVerdict, unknown>
}

/** What the parts of a demo are told of it. */
export interface ProjectedDemo {
  readonly folder: DemoFolder
  readonly server: EmbeddedServer
  readonly guardian: Guardian
  readonly partitions: number
}

const judge = Effect.fnUntraced(function* ({ server, partitions }: ProjectedDemo, { url }: EmbeddedPostgres, projector: WorkerProcess) {
  // What it has not written by now is written here, from where its tables are.
  yield* projector.stop
  const { engine } = server.credentials
  const portsOf = (kind: Kind) =>
    engineLayer({ kind, servers: [server.url], monitorUrls: [server.monitorUrl], engine, name: "demo tables" })
  const database = yield* openDatabase({ url, schema: servedSchema, connections: 2, name: "holdfast demo" })
  const began = performance.now()
  for (const kind of Kind)
    yield* Effect.forEach(
      Array.from({ length: partitions }, (_, partition) => partition),
      (partition) => projectJournal({ kind, partition, onlyToEnd: true }),
      { discard: true },
    ).pipe(Effect.provide(Layer.merge(projectionLayer(database), portsOf(kind))))
  const caughtUpMs = Math.round(performance.now() - began)
  const { rows, differenceCount } = yield* auditTables({
    counts: { sku: partitions, order: partitions },
    differencesMax: 0,
    readJournal: (kind, partition, toSeq, take) =>
      readWholeJournal(partition, toSeq, take, (kind === "sku" ? engineCodec : orderCodec).decodeRecord).pipe(
        Effect.provide(portsOf(kind)),
      ),
  }).pipe(Effect.provide(projectionLayer(database)))
  return { rows, differences: differenceCount, caughtUpMs } satisfies TablesVerdict
}, Effect.scoped)

/** Starts a Postgres and a projector, for as long as the scope lives. Null: no Postgres can be started here; `say` is told why. */
export const startTables = (demo: ProjectedDemo, say: (line: string) => void): Effect.Effect<DemoTables | null, never, Scope.Scope> =>
  Effect.gen(function* () {
    const postgres = yield* Effect.acquireRelease(
      Effect.tryPromise(() => startPostgres({ isFleeting: true })),
      (started) => Effect.promise(() => started.stop()),
    )
    const { folder, server, guardian, partitions } = demo
    const process = yield* startWorkerProcess(
      "projector",
      folder.path,
      server,
      partitions,
      guardian,
      { HOLDFAST_POSTGRES_URL: postgres.url },
      "project",
    )
    return { process, judge: judge(demo, postgres, process) } satisfies DemoTables
  }).pipe(
    Effect.catch((error) => {
      const { cause } = error
      return Effect.sync(() => {
        say(`There are no tables: ${cause instanceof Error ? cause.message : String(cause)}`)
        return null
      })
    }),
  )
