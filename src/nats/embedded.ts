/**
 * A real nats-server as a child of this process, on the loopback interface, for development, tests, the demo and `serve` without a server.
 *
 * It never outlives its parent, however that one ends. It is not for production: one server, and by default the server's own fsync interval.
 */

import { type ChildProcess, execFile, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { open, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import type { SenderAccess } from "../domain/roles.ts"
import { sendersText } from "../domain/sender-list.ts"
import { freePorts } from "../free-ports.ts"
import { makeFolder } from "../make-folder.ts"
import { endedByItself, type OwnRun, restartable } from "../restartable.ts"
import { temporaryFolder } from "../temporary-folder.ts"
import { watchdog } from "../watchdog.ts"
import type { ServerOptions, UserPassword } from "./config.ts"
import { serverConfig } from "./config.ts"
import { natsServerBinary } from "./server-binary.ts"

export interface EmbeddedOptions {
  /** Where streams and credentials are kept. Absent: a temporary folder, removed by `stop`. */
  readonly storeDir?: string
  /** Absent: a free one. */
  readonly port?: number
  /** Absent: no WebSocket listener. 0: a free port. */
  readonly websocketPort?: number
  /** Who may connect, and as what. */
  readonly senders: ReadonlyArray<SenderAccess>
  /** fsync before acknowledging. Default: false. */
  readonly syncAlways?: boolean
  /** What all streams may use together on disk. Default: what the server finds there. */
  readonly fileStoreBytesMax?: number
  /** For a cluster: this server's name, cluster port and all routes. */
  readonly cluster?: { readonly serverName: string; readonly port: number; readonly routes: ReadonlyArray<string> }
  /** For a cluster: the secrets all its servers share. Absent: those kept in `storeDir`, or new ones. */
  readonly credentials?: EmbeddedCredentials
}

export interface EmbeddedCredentials {
  readonly engine: UserPassword
  readonly archivist: UserPassword
  readonly admin: UserPassword
  readonly ingress: UserPassword
  readonly door: UserPassword
  readonly senders: Readonly<Record<string, UserPassword>>
}

/** What a client needs to reach the server; also kept as JSON in `connectionFile`, mode 0600. */
export interface EmbeddedConnection {
  readonly url: string
  readonly monitorUrl: string
  readonly websocketUrl: string | null
  readonly credentials: EmbeddedCredentials
  /** Who may send, and as what, as HOLDFAST_SENDERS says it. */
  readonly senders: string
}

export interface EmbeddedServer extends EmbeddedConnection {
  readonly storeDir: string
  readonly connectionFile: string
  /** Of the process that runs now, or ran last. */
  readonly pid: () => number
  /** Ends the server if it still runs, and starts it again on the same port and store. Resolves when it is ready. */
  readonly restart: () => Promise<void>
  /** Kills the server and takes its disk from it; `restart` then starts it with an empty one. */
  readonly loseDisk: () => Promise<void>
  /** Resolves with how it ended once the server's process has ended though nobody here told it to. */
  readonly endedByItself: () => Promise<string>
  /** Resolves when JetStream answers; needed only for a cluster, whose servers wait for one another. */
  readonly ready: () => Promise<void>
  /** Sends the signal to the server's process. Resolves, for SIGKILL and SIGTERM, when it has ended, and for SIGSTOP when it stands still. */
  readonly kill: (signal: NodeJS.Signals) => Promise<void>
  /** Ends the server and removes a temporary folder. Safe to repeat. */
  readonly stop: () => Promise<void>
}

/** The server did not start. The message holds the end of its log. */
class ServerNotStarted extends Error {
  override readonly name = "ServerNotStarted"
}

const host = "127.0.0.1"
/** Ends what hangs; a server that can't start ends by itself, and is noticed at once. Three that wait for one another take seconds. */
const startTimeoutMs = 60_000
const startAttempts = 5

const secret = (user: string): UserPassword => ({ user, password: randomBytes(24).toString("base64url") })

/** Those of an earlier start in the same folder, so that what was configured with them still connects; new ones for whoever is new. */
const credentialsFor = async (connectionFile: string, options: EmbeddedOptions): Promise<EmbeddedCredentials> => {
  const kept =
    options.credentials ??
    (await readFile(connectionFile, "utf8").then(
      (text) => (JSON.parse(text) as EmbeddedConnection).credentials,
      () => undefined,
    ))
  const senders: Record<string, UserPassword> = {}
  for (const { sender } of options.senders) senders[sender] = kept?.senders[sender] ?? secret(sender)
  const login = (user: Exclude<keyof EmbeddedCredentials, "senders">): UserPassword => kept?.[user] ?? secret(user)
  return {
    engine: login("engine"),
    ingress: login("ingress"),
    door: login("door"),
    archivist: login("archivist"),
    admin: login("admin"),
    senders,
  }
}

const optionsFor = (options: EmbeddedOptions, ports: Ports, storeDir: string, credentials: EmbeddedCredentials): ServerOptions => ({
  serverName: options.cluster?.serverName ?? "holdfast-embedded",
  host,
  port: ports.client,
  monitorPort: ports.monitor,
  storeDir: join(storeDir, "jetstream"),
  syncAlways: options.syncAlways ?? false,
  ...(options.fileStoreBytesMax === undefined ? {} : { fileStoreBytesMax: options.fileStoreBytesMax }),
  ...(ports.websocket === undefined ? {} : { websocketPort: ports.websocket }),
  ...(options.cluster === undefined ? {} : { cluster: { name: "holdfast", port: options.cluster.port, routes: options.cluster.routes } }),
  engine: credentials.engine,
  archivist: credentials.archivist,
  admin: credentials.admin,
  ingress: credentials.ingress,
  door: credentials.door,
  senders: options.senders.map((access) => ({ ...access, login: credentials.senders[access.sender] ?? secret(access.sender) })),
})

interface Ports {
  readonly client: number
  readonly monitor: number
  readonly websocket: number | undefined
}

interface RunningServer extends OwnRun {
  readonly child: ChildProcess
}

const launch = async (binary: string, configFile: string, logFile: string): Promise<RunningServer> => {
  const log = await open(logFile, "a", 0o600)
  try {
    // In its own process group: Ctrl-C reaches us, who then drain and stop the server, and not the server at the same time.
    const child = spawn(binary, ["-c", configFile], { stdio: ["ignore", log.fd, log.fd], detached: true })
    const ended = new Promise<void>((resolve) => {
      child.once("exit", () => resolve())
      child.once("error", () => resolve())
    })
    child.unref()
    if (child.pid !== undefined) void ended.then(watchdog(child.pid, "TERM"))
    return { child, ended, isTold: false }
  } finally {
    await log.close()
  }
}

const isRunning = (running: RunningServer): boolean =>
  running.child.pid !== undefined && running.child.exitCode === null && running.child.signalCode === null

const untilReady = async (running: RunningServer, monitorUrl: string, logFile: string): Promise<void> => {
  const deadline = performance.now() + startTimeoutMs
  while (performance.now() < deadline && isRunning(running)) {
    const healthy = await fetch(`${monitorUrl}/healthz`).then(
      (answer) => answer.body?.cancel().then(() => answer.ok) ?? answer.ok,
      () => false,
    )
    if (healthy) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const tail = (await readFile(logFile, "utf8").catch(() => "")).split("\n").slice(-12).join("\n")
  throw new ServerNotStarted(`nats-server did not become ready at ${monitorUrl}\n${tail}`)
}

/** The state letters of a process's threads, of the whole process where threads are not listed. None if there is no such process. */
const statesOf = async (pid: number): Promise<ReadonlyArray<string>> => {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => null)
  if (threads === null) {
    const listed = await promisify(execFile)("ps", ["-o", "state=", "-p", String(pid)]).catch(() => ({ stdout: "" }))
    return listed.stdout.trim() === "" ? [] : [listed.stdout.trim().slice(0, 1)]
  }
  const lines = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, "utf8").catch(() => "")))
  // The state follows the name, which stands in parentheses and may hold any character.
  return lines.filter((line) => line !== "").map((line) => line.slice(line.lastIndexOf(")") + 2).slice(0, 1))
}

/** A stopped process goes on for a while after it was told to, thread by thread, and may still answer. */
const untilStandingStill = async (running: RunningServer): Promise<void> => {
  while (isRunning(running) && (await statesOf(running.child.pid ?? 0)).some((state) => state !== "T"))
    await new Promise((resolve) => setTimeout(resolve, 5))
}

const end = async (running: RunningServer, signal: NodeJS.Signals): Promise<void> => {
  // From here on its end is waited for, so it keeps this process alive.
  running.child.ref()
  if (signal === "SIGKILL" || signal === "SIGTERM") running.isTold = true
  if (isRunning(running)) running.child.kill(signal)
  if (signal === "SIGKILL" || signal === "SIGTERM") await running.ended
  if (signal === "SIGSTOP") await untilStandingStill(running)
}

const portsFor = async (options: EmbeddedOptions): Promise<Ports> => {
  const [client = 0, monitor = 0, websocket = 0] = await freePorts(3)
  return {
    client: options.port ?? client,
    monitor,
    websocket: options.websocketPort === 0 ? websocket : options.websocketPort,
  }
}

/** Starts a server and waits until JetStream is ready. Rejects with ServerNotStarted, or ServerBinaryMissing if there is no server to run. */
export const startEmbedded = async (options: EmbeddedOptions): Promise<EmbeddedServer> => {
  const binary = await natsServerBinary()
  const temporary = options.storeDir === undefined ? temporaryFolder("holdfast-nats-") : null
  const storeDir = options.storeDir ?? temporary?.path ?? ""
  await makeFolder(storeDir, 0o700)
  const connectionFile = join(storeDir, "connection.json")
  const configFile = join(storeDir, "nats-server.conf")
  const logFile = join(storeDir, "nats-server.log")
  const credentials = await credentialsFor(connectionFile, options)
  const removeStore = () => temporary?.remove() ?? Promise.resolve()

  const attempt = async (attemptsLeft: number): Promise<{ readonly running: RunningServer; readonly ports: Ports }> => {
    const ports = await portsFor(options)
    await writeFile(configFile, serverConfig(optionsFor(options, ports, storeDir, credentials)), { mode: 0o600 })
    const running = await launch(binary, configFile, logFile)
    // A cluster is ready only with its majority: whoever starts its servers waits for that, with `ready`.
    if (options.cluster !== undefined) return { running, ports }
    return untilReady(running, `http://${host}:${ports.monitor}`, logFile).then(
      () => ({ running, ports }),
      async (error: unknown) => {
        await end(running, "SIGKILL")
        // A port found free may be taken by another before the server listens on it.
        if (attemptsLeft > 1 && options.port === undefined) return attempt(attemptsLeft - 1)
        throw error
      },
    )
  }
  const started = await attempt(startAttempts).catch(async (error: unknown) => {
    await removeStore()
    throw error
  })
  const { ports } = started
  const server = restartable(started.running, async (before, begun) => {
    await end(before, "SIGTERM")
    const next = await launch(binary, configFile, logFile)
    begun(next)
    if (options.cluster === undefined) await untilReady(next, connection.monitorUrl, logFile)
  })
  const connection: EmbeddedConnection = {
    url: `nats://${host}:${ports.client}`,
    monitorUrl: `http://${host}:${ports.monitor}`,
    websocketUrl: ports.websocket === undefined ? null : `ws://${host}:${ports.websocket}`,
    credentials,
    senders: sendersText(options.senders),
  }
  await writeFile(connectionFile, `${JSON.stringify(connection, null, 2)}\n`, { mode: 0o600 })
  return {
    ...connection,
    storeDir,
    connectionFile,
    pid: () => server.present().child.pid ?? 0,
    ready: () => untilReady(server.present(), connection.monitorUrl, logFile),
    kill: (signal) => end(server.present(), signal),
    loseDisk: async () => {
      await end(server.present(), "SIGKILL")
      await rm(join(storeDir, "jetstream"), { recursive: true, force: true })
    },
    endedByItself: () => endedByItself(server.present()),
    restart: server.restart,
    stop: async () => {
      await server.settled()
      await end(server.present(), "SIGTERM")
      await removeStore()
    },
  }
}
