/**
 * The demo's workers: processes that run `holdfast serve` as anybody would, told by their environment where the server is.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { open } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { EmbeddedConnection } from "../../nats/embedded.ts"
import { hasEnded } from "../beside.ts"
import type { Guardian } from "./guardian.ts"

export interface WorkerProcess {
  readonly name: string
  readonly pid: number
  readonly killNow: () => void
  /** SIGTERM, and the exit code once it has drained; null if it was killed or had to be. */
  readonly stop: Effect.Effect<number | null>
  readonly isRunning: () => boolean
  /** Its exit code, or what it was killed by; null while it runs. */
  readonly howEnded: () => string | null
}

/** The program itself. */
export const mainFile = fileURLToPath(new URL("../../main.ts", import.meta.url))

/** What such a process runs: a worker, an ingress alone, or a projector. */
export type ProcessCommand = "serve" | "ingress" | "project"

/** Milliseconds that a worker may take to leave before it is ended. */
const stopPatienceMs = 25_000

/** What `holdfast` is told by its environment, so that it reaches the server as a worker does. */
export const workerEnvironment = (
  name: string,
  connection: EmbeddedConnection,
  partitions: number,
  settings: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv => {
  const { engine, door } = connection.credentials
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("HOLDFAST_")))
  return {
    ...inherited,
    HOLDFAST_NATS_URL: connection.url,
    HOLDFAST_NATS_MONITOR_URL: connection.monitorUrl,
    HOLDFAST_ENGINE_USER: engine.user,
    HOLDFAST_ENGINE_PASSWORD: engine.password,
    HOLDFAST_DOOR_USER: door.user,
    HOLDFAST_DOOR_PASSWORD: door.password,
    HOLDFAST_SENDERS: connection.senders,
    HOLDFAST_PARTITIONS: String(partitions),
    // As whoever calls this has made the cluster.
    HOLDFAST_ORDER_PARTITIONS: String(partitions),
    HOLDFAST_REPLICAS: "1",
    HOLDFAST_WORKER: name,
    HOLDFAST_HTTP_HOST: "127.0.0.1",
    HOLDFAST_HTTP_PORT: "0",
    HOLDFAST_LOG: "json",
    ...settings,
  }
}

/** Where a process of that name logs. */
export const logFileOf = (folder: string, name: string): string => join(folder, `${name}.log`)

const launch = async (name: string, folder: string, env: NodeJS.ProcessEnv, command: ProcessCommand): Promise<ChildProcess> => {
  const log = await open(logFileOf(folder, name), "a")
  try {
    // In its own process group: Ctrl-C reaches us, who then end it in our order.
    return spawn(process.execPath, [mainFile, command], { env, stdio: ["ignore", log.fd, log.fd], detached: true })
  } finally {
    await log.close()
  }
}

const ended = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const tell = () => resume(Effect.void)
    if (hasEnded(child)) tell()
    else child.once("exit", tell)
    return Effect.sync(() => child.off("exit", tell))
  })

const signal = (child: ChildProcess, name: NodeJS.Signals): Effect.Effect<void> =>
  Effect.sync(() => void (hasEnded(child) ? false : child.kill(name))).pipe(Effect.andThen(ended(child)))

/**
 * Starts a worker whose log goes to `<name>.log` in the folder. It is ended with the scope, if it still runs. `settings`: variables of its
 * environment that are to differ from the demo's. `command`: what it runs, if it is no worker.
 */
export const startWorkerProcess = (
  name: string,
  folder: string,
  connection: EmbeddedConnection,
  partitions: number,
  guardian: Guardian,
  settings: Readonly<Record<string, string>> = {},
  command: ProcessCommand = "serve",
): Effect.Effect<WorkerProcess, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => launch(name, folder, workerEnvironment(name, connection, partitions, settings), command)),
    (child) => signal(child, "SIGKILL"),
  ).pipe(
    Effect.map((child) => {
      child.on("error", () => undefined)
      if (child.pid !== undefined) guardian.adopt(child.pid)
      return {
        name,
        pid: child.pid ?? 0,
        isRunning: () => !hasEnded(child),
        howEnded: () => (hasEnded(child) ? (child.signalCode ?? `code ${child.exitCode}`) : null),
        killNow: () => void child.kill("SIGKILL"),
        stop: signal(child, "SIGTERM").pipe(
          Effect.timeoutOrElse({ duration: stopPatienceMs, orElse: () => signal(child, "SIGKILL") }),
          Effect.map(() => child.exitCode),
        ),
      }
    }),
  )
