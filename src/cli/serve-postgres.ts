/**
 * What a worker does about tables beside its work: it keeps `holdfast project` running as a process of its own, and, where it has a cluster of its own, starts a Postgres for it. Whatever becomes of either, the
 * worker decides on.
 */

import { writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { Effect, Schedule } from "effect"
import { postgresSettings, settings } from "../config.ts"
import { makeFolder } from "../make-folder.ts"
import { startPostgres } from "../postgres/embedded.ts"
import { runBeside } from "./beside.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { keepRunning } from "./keep-running.ts"
import { ownPostgresFile, ownPostgresFolder } from "./postgres-access.ts"

/** Milliseconds before a projector that ended is started again. */
const startAgainMs = 5_000

/** The Postgres that `serve` keeps tables in, and how it is told. */
export interface ServePostgres {
  /** Where the tables are; null: nobody says. "none": they aren't wanted. */
  readonly url: string | null | "none"
  /** Whether the cluster is this process's own, so that a Postgres of its own goes with it. */
  readonly isOwnCluster: boolean
}

const start = async () => {
  const server = await startPostgres({ folder: ownPostgresFolder })
  await makeFolder(dirname(ownPostgresFile), 0o700)
  await writeFile(ownPostgresFile, `${JSON.stringify({ url: server.url }, null, 2)}\n`, { mode: 0o600 })
  return server
}

/** A Postgres of our own, for as long as the scope lives. */
const ownPostgres = Effect.acquireRelease(
  Effect.tryPromise({
    try: start,
    catch: (error) => new CommandFailed({ code: exitCode.failed, message: error instanceof Error ? error.message : String(error) }),
  }),
  (server) => Effect.promise(() => server.stop()),
).pipe(
  Effect.tap((server) => Effect.forkScoped(keepRunning("Postgres", server))),
  Effect.tap(({ folder, pid }) =>
    Effect.logInfo("a Postgres of our own runs, for the tables", { pid: pid(), folder, address: ownPostgresFile }),
  ),
  Effect.map(({ url }) => url),
)

/** Runs a projector to its end. Its pages are at a port of their own, which its log names. */
const runProjector = (url: string): Effect.Effect<string> =>
  runBeside({ name: "projector", args: ["project"], env: { [postgresSettings.url.name]: url, [settings.httpPort.name]: "0" } })

/** Keeps tables, where they are wanted and somebody says where, for as long as it runs. */
export const keepProjecting = ({ url, isOwnCluster }: ServePostgres): Effect.Effect<void> =>
  Effect.scoped(
    Effect.gen(function* () {
      if (url === "none" || (url === null && !isOwnCluster)) return
      const address = url ?? (yield* ownPostgres)
      yield* runProjector(address).pipe(
        Effect.tap((how) => Effect.logWarning(`the projector ended ${how}, and is started again`, { againInMs: startAgainMs })),
        Effect.repeat(Schedule.spaced(startAgainMs)),
      )
    }),
  ).pipe(
    Effect.catch(({ message }) => Effect.logWarning("there are no tables: decisions go on without them", { cause: message })),
    Effect.asVoid,
  )
