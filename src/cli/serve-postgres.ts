/**
 * What a worker does about tables beside its work: it keeps `holdfast project` running as a process of its own, and, where it has a cluster of its own, starts a Postgres for it. Whatever becomes of either, the
 * worker decides on.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdir, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, Schedule } from "effect"
import { postgresSettings, settings } from "../config.ts"
import { startPostgres } from "../postgres/embedded.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { ownPostgresFile, ownPostgresFolder } from "./postgres-access.ts"

/** The program itself. */
const mainFile = fileURLToPath(new URL("../main.ts", import.meta.url))
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
  await mkdir(dirname(ownPostgresFile), { recursive: true, mode: 0o700 })
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
  Effect.tap(({ folder }) => Effect.logInfo("a Postgres of our own runs, for the tables", { folder, address: ownPostgresFile })),
  Effect.map(({ url }) => url),
)

const hasEnded = (child: ChildProcess): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null

const ended = (child: ChildProcess): Effect.Effect<number | null> =>
  Effect.callback<number | null>((resume) => {
    const tell = () => resume(Effect.succeed(child.exitCode))
    if (hasEnded(child)) tell()
    child.once("exit", tell)
    child.once("error", tell)
  })

/** Runs a projector to its end. It ends with the scope, and by itself with this process. */
const runProjector = (url: string): Effect.Effect<number | null> =>
  Effect.scoped(
    Effect.gen(function* () {
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, [mainFile, "project"], {
            // Its pages are at a port of their own, which its log names.
            env: { ...process.env, [postgresSettings.url.name]: url, [settings.httpPort.name]: "0" },
            stdio: ["ignore", "ignore", "inherit", "ipc"],
            // In its own process group: Ctrl-C reaches us, who then end it.
            detached: true,
          }),
        ),
        (running) =>
          Effect.suspend(() => {
            running.kill("SIGTERM")
            return Effect.asVoid(ended(running))
          }),
      )
      return yield* ended(child)
    }),
  )

/** Keeps tables, where they are wanted and somebody says where, for as long as it runs. */
export const keepProjecting = ({ url, isOwnCluster }: ServePostgres): Effect.Effect<void> =>
  Effect.scoped(
    Effect.gen(function* () {
      if (url === "none" || (url === null && !isOwnCluster)) return
      const address = url ?? (yield* ownPostgres)
      yield* runProjector(address).pipe(
        Effect.tap((code) => Effect.logWarning("the projector ended, and is started again", { code, againInMs: startAgainMs })),
        Effect.repeat(Schedule.spaced(startAgainMs)),
      )
    }),
  ).pipe(
    Effect.catch(({ message }) => Effect.logWarning("there are no tables: decisions go on without them", { cause: message })),
    Effect.asVoid,
  )
