/**
 * `holdfast project`: keeps the tables in Postgres in step with the journals, for as long as it runs. It reads journals, and no decision ever waits for it.
 */

import * as Context from "effect/Context"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { loadProcess, postgresSettings, postgresSettingsHelp, settings } from "../config.ts"
import { Kind, type PartitionCounts } from "../domain/kinds.ts"
import { swapBehindMax } from "../limits.ts"
import { type EngineConfig, engineLayer } from "../nats/layer.ts"
import { DatabaseUnavailable } from "../ports/errors.ts"
import { type Database, openDatabase, servedSchema } from "../postgres/connection.ts"
import { oldestHoldMs } from "../postgres/holds.ts"
import { migrate } from "../postgres/migrate.ts"
import { projectionLayer } from "../postgres/projection.ts"
import { dropNext, nextSchema, swap } from "../postgres/rebuild.ts"
import { keepMonths } from "../postgres/retention.ts"
import { type Projected, type ProjectOptions, projectJournal } from "../projection/project.ts"
import { loggingLayer } from "../telemetry/logging.ts"
import { engineAccess } from "./access.ts"
import { archiveFlag, namedArchive } from "./archive-folder.ts"
import { helpText } from "./help-text.ts"
import { parentGone } from "./parent-gone.ts"
import { postgresUrl } from "./postgres-access.ts"
import { serveProjectorPages } from "./projector-pages.ts"
import { untilItAnswers } from "./until-it-answers.ts"

interface Flags {
  readonly rebuild: boolean
  readonly once: boolean
  readonly migrate: boolean
  readonly archive: string | null
}

/** Reads the journals of each kind: connections and archive are shared by all partitions of it. */
const readersOf = Effect.fnUntraced(function* (nats: EngineConfig, archive: string | null) {
  const scope = yield* Effect.scope
  return yield* Effect.forEach(Kind, (kind) =>
    Effect.gen(function* () {
      const archived = yield* namedArchive(archive, kind)
      const ports = yield* untilItAnswers(Layer.buildWithScope(Layer.merge(engineLayer({ ...nats, kind }), archived), scope))
      return { kind, ports }
    }),
  )
})

type Readers = Effect.Success<ReturnType<typeof readersOf>>

/** Tries until the database does what it is asked for, and says once what is wrong with it. */
const untilDatabaseAnswers = <A, E, R>(effect: Effect.Effect<A, E | DatabaseUnavailable, R>): Effect.Effect<A, E, R> => {
  let said = ""
  const pauseMs = 2_000
  const attempt: Effect.Effect<A, E, R> = Effect.catchIf(
    effect,
    (error): error is DatabaseUnavailable => error instanceof DatabaseUnavailable,
    (error) =>
      Effect.suspend(() => {
        const isNew = said !== error.message
        said = error.message
        return isNew ? Effect.logWarning("the database can't be used yet, trying again", { cause: error.message }) : Effect.void
      }).pipe(Effect.andThen(Effect.sleep(pauseMs)), Effect.andThen(Effect.suspend(() => attempt))),
  ) as Effect.Effect<A, E, R>
  return attempt
}

interface Projecting {
  readonly counts: PartitionCounts
  readonly readers: Readers
  readonly database: Database
  readonly onlyToEnd: boolean
  readonly report: (projected: Projected) => void
  readonly traced: ProjectOptions["traced"]
}

/** Projects all journals at once. Fails with the first that somebody has to decide about. */
const projectAll = ({ counts, readers, database, onlyToEnd, report, traced }: Projecting) => {
  const tables = projectionLayer(database)
  const journals = readers.flatMap(({ kind, ports }) =>
    Array.from({ length: counts[kind] }, (_, partition) =>
      projectJournal({ kind, partition, onlyToEnd, report, ...(traced === undefined ? {} : { traced }) }).pipe(
        Effect.provide(Context.merge(Context.empty(), ports)),
      ),
    ),
  )
  return Effect.forEach(journals, (one) => one, { concurrency: "unbounded", discard: true }).pipe(Effect.provide(tables))
}

/** Rounds after which the tables are put into their place though they are a little behind. */
const swapRoundsMax = 8

/** Makes the tables anew beside those that are served, and puts them into their place. */
const rebuild = Effect.fnUntraced(function* (url: string, projecting: Omit<Projecting, "database" | "onlyToEnd" | "traced">) {
  const schema = nextSchema(servedSchema)
  const database = yield* openDatabase({ url, schema, connections: connectionsMax, name: "holdfast rebuild" })
  yield* untilDatabaseAnswers(database.ask("make room for new tables", (sql) => dropNext(sql, servedSchema)))
  yield* untilDatabaseAnswers(database.ask("make the new tables", (sql) => migrate(sql, schema)))
  yield* Effect.logInfo("the tables are made anew beside those that are served", { schema })
  for (let round = 1; ; round++) {
    // Records from the first one on: none of them is on a command's way now.
    yield* projectAll({ ...projecting, database, onlyToEnd: true, traced: undefined })
    const behindMax = round < swapRoundsMax ? 0 : swapBehindMax
    const isSwapped = yield* database.ask("put the new tables into their place", (sql) => swap(sql, servedSchema, { behindMax }))
    if (isSwapped) break
  }
  yield* Effect.logInfo("the new tables are served", { schema: servedSchema })
})

/** Connections to the database: partitions share them. */
const connectionsMax = 4

const totalOf = (latest: ReadonlyMap<string, Projected>) => {
  let [behind, entries] = [0, 0]
  for (const { seq, endSeq, entries: written } of latest.values()) {
    behind += endSeq - seq
    entries += written
  }
  return { behind, entries }
}

const project = Effect.fnUntraced(function* (flags: Flags, config: Effect.Success<typeof loadProcess>) {
  const url = yield* postgresUrl
  const { nats, counts } = yield* untilItAnswers(engineAccess)
  const readers = yield* readersOf({ ...nats, name: "holdfast project" }, flags.archive)
  const latest = new Map<string, Projected>()
  const pages = flags.once ? null : yield* serveProjectorPages(config, counts)
  const traced = pages?.traced
  const report = (projected: Projected): void => {
    latest.set(`${projected.kind} ${projected.partition}`, projected)
    pages?.tell(projected)
  }
  if (flags.rebuild) yield* Effect.scoped(rebuild(url, { counts, readers, report }))
  const database = yield* openDatabase({ url, schema: servedSchema, connections: connectionsMax, name: "holdfast project" })
  if (flags.migrate) {
    const ran = yield* untilDatabaseAnswers(database.ask("bring the tables forward", (sql) => migrate(sql, servedSchema)))
    if (ran.length > 0) yield* Effect.logInfo("the tables were brought forward", { migrations: ran })
  }
  yield* Effect.logInfo("journals are projected", { partitions: counts, database: placeIn(url) })
  const all = projectAll({ counts, readers, database, onlyToEnd: flags.once, report, traced })
  if (flags.once) {
    yield* all
    yield* Effect.logInfo("the tables are as of the journals' ends", totalOf(latest))
    return
  }
  yield* Effect.forkScoped(keepMonths(database))
  if (pages !== null) yield* Effect.forkScoped(pages.tellOldestHold(oldestHoldMs(database)))
  // The first that ends, however it ends: a race that waits for a success would keep a projector that failed, and projects nothing, for ever.
  yield* Effect.raceFirst(all, parentGone)
}, Effect.scoped)

/** A database's address without its password. */
const placeIn = (url: string): string => {
  const parsed = URL.parse(url)
  return parsed === null ? "" : `${parsed.host}${parsed.pathname}`
}

const description = `Keep the tables in Postgres in step with the journals: every event, stock by location, reservations, orders, ATS by channel, policies, quarantine, shortages and
senders, for whoever asks in SQL. Decisions never wait for it: it reads journals. It may be killed, run twice, and be away for days; the tables then follow.

It makes the tables, and brings those of an older release forward (--no-migrate: it refuses them). Postgres that is away, full or read-only is waited for. With --rebuild all tables are
made anew from the first record on, beside those that are served, and take their place when they hold as much.

Its metrics are at ${settings.httpHost.name} and ${settings.httpPort.name}, unless it ends by itself (--once); with ${settings.otlpUrl.name} it tells a collector when the rows of traced commands are there. Needs a worker's access, as for \`serve\`, and

${postgresSettingsHelp()}`

/** `holdfast project`. */
export const projectCommand = Command.make(
  "project",
  {
    rebuild: Flag.Boolean("rebuild").pipe(
      Flag.withDescription("First make all tables anew from the journals, beside those that are served"),
      Flag.withDefault(false),
    ),
    once: Flag.Boolean("once").pipe(
      Flag.withDescription("End when the tables are as of where the journals ended at the beginning"),
      Flag.withDefault(false),
    ),
    migrate: Flag.Boolean("migrate").pipe(
      Flag.withDescription("Bring tables of an older release forward; --no-migrate: refuse them, for a login that may not change tables"),
      Flag.withDefault(true),
    ),
    archive: archiveFlag,
  },
  (flags: Flags) =>
    Effect.gen(function* () {
      const config = yield* loadProcess
      return yield* project(flags, config).pipe(Effect.provide(loggingLayer({ format: config.log, level: config.logLevel })))
    }),
).pipe(
  Command.withDescription(helpText(description)),
  Command.withExamples([
    {
      command: `${postgresSettings.url.name}=postgres://holdfast:…@db:5432/holdfast holdfast project`,
      description: "beside workers on a cluster",
    },
    { command: "holdfast project --rebuild --once", description: "make the tables anew, and end" },
  ]),
)
