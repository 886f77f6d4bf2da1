/**
 * The nats-server that `serve` starts when it isn't told of one: on the loopback interface, for development.
 *
 * What is stored stays in its folder (own-folder.ts) from one start to the next, with the logins, so that whoever tries
 * things out finds his stock again.
 */
import { readFile } from "node:fs/promises"
import { createServer } from "node:net"
import { dirname } from "node:path"
import { Effect, type Scope } from "effect"
import { settings } from "../config.ts"
import { sendersOf } from "../domain/sender-list.ts"
import { makeFolder } from "../make-folder.ts"
import { type EmbeddedConnection, type EmbeddedServer, startEmbedded } from "../nats/embedded.ts"
import type { WorkerAccess } from "../nats/layer.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { keepRunning } from "./keep-running.ts"
import { inOwnFolder, ownFolder } from "./own-folder.ts"

/** Who may connect: one of each role to try things out with, and a second channel to sell against. */
export const ownSenders = sendersOf("web=channel,shop=channel,warehouse=warehouse,planner=merchandiser,operator=operator")

/** Where the own server listens, so that what was configured once finds it after a restart. HOLDFAST_OWN_NATS_PORT names another; 0 takes a free one. */
const portVariable = settings.ownNatsPort.name
const portMax = 65_535

const ownPort = (): number => {
  const given = process.env[portVariable]
  const port = Number(given === undefined || given === "" ? settings.ownNatsPort.fallback : given)
  if (Number.isInteger(port) && port >= 0 && port <= portMax) return port
  throw new CommandFailed({ code: exitCode.usage, message: `${portVariable} is "${given}", not a port from 0 to ${portMax}` })
}

/** Whoever else listens there would hear our senders' passwords, and be taken for us. */
const refuseTaken = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once("error", (error) =>
      reject(
        new CommandFailed({
          code: exitCode.failed,
          message: `port ${port}, at which the own nats-server listens, can't be used (${error.message}): end what listens there, choose another with ${portVariable}, or name that server with HOLDFAST_NATS_URL`,
        }),
      ),
    )
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve()))
  })

const isAnswering = (monitorUrl: string): Promise<boolean> =>
  fetch(`${monitorUrl}/healthz`).then(
    (answer) => answer.body?.cancel().then(() => true) ?? true,
    () => false,
  )

/** Two servers over one store would destroy it. */
export const refuseSecond = async (storeDir: string): Promise<void> => {
  const text = await readFile(inOwnFolder(storeDir).connection, "utf8").catch(() => null)
  if (text === null) return
  const { url, monitorUrl } = JSON.parse(text) as EmbeddedConnection
  if (!(await isAnswering(monitorUrl))) return
  throw new CommandFailed({
    code: exitCode.failed,
    message: `a nats-server of another \`serve\` runs over ${storeDir} at ${url}: stop that one, name another folder with ${settings.ownFolder.name}, or name a server with HOLDFAST_NATS_URL`,
  })
}

const notMade =
  (folder: string) =>
  (error: unknown): never => {
    const cause = error instanceof Error ? error.message : String(error)
    throw new CommandFailed({
      code: exitCode.usage,
      message: `the own nats-server's folder, ${folder}, can't be made (${cause}): name another with ${settings.ownFolder.name}`,
    })
  }

const start = async (): Promise<EmbeddedServer> => {
  const port = ownPort()
  const storeDir = ownFolder
  await refuseSecond(storeDir)
  // What isn't run as root may have its folder beside ours.
  const made = makeFolder(dirname(storeDir)).then(() => makeFolder(storeDir, 0o700))
  await made.catch(notMade(storeDir))
  if (port === 0) return startEmbedded({ storeDir, senders: ownSenders })
  await refuseTaken(port)
  return startEmbedded({ storeDir, port, senders: ownSenders })
}

const failure = (error: unknown): CommandFailed =>
  error instanceof CommandFailed
    ? error
    : new CommandFailed({ code: exitCode.failed, message: error instanceof Error ? error.message : String(error) })

/** Starts the server, says how to reach it, keeps it running, and ends it when the scope closes. */
export const startOwnServer = (connectionName: string): Effect.Effect<WorkerAccess, CommandFailed, Scope.Scope> =>
  Effect.acquireRelease(Effect.tryPromise({ try: start, catch: failure }), (server) => Effect.promise(() => server.stop())).pipe(
    Effect.tap((server) => Effect.forkScoped(keepRunning("nats-server", server))),
    Effect.tap(({ url, connectionFile, pid }) =>
      Effect.logInfo("a nats-server of our own runs, for development", {
        pid: pid(),
        url,
        logins: connectionFile,
        senders: ownSenders.map(({ sender }) => sender),
      }),
    ),
    Effect.map(({ url, monitorUrl, credentials }) => ({
      servers: [url],
      monitorUrls: [monitorUrl],
      engine: credentials.engine,
      door: credentials.door,
      name: connectionName,
    })),
  )
