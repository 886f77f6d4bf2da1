/**
 * The cluster that is played against: one of our own in a temporary folder, ended with the run; or one that a `holdfast serve` left files about. How a door is opened there, where its figures are read, and how it is audited.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { readFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { temporaryFolder } from "../../src/temporary-folder.ts"
import { endsWithUs } from "../stage/ends-with-us.ts"
import { type Door, httpDoor, natsDoor } from "./door.ts"

export interface PlayedCluster {
  /** A way in as one of its senders. */
  readonly door: (sender: string) => Promise<Door>
  /** Where `/metrics` of its workers is; none: it has no figures of the server's side. */
  readonly metrics: ReadonlyArray<string>
  /** Judges its journals. Null: that takes a worker's access. */
  readonly audit: (() => Promise<{ readonly code: number | null; readonly text: string }>) | null
  readonly stop: () => Promise<void>
}

export type Over = "nats" | "http"

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url))
const patienceMs = 30_000
const socketsMax = 256

interface Connection {
  readonly url: string
  readonly credentials: { readonly senders: Readonly<Record<string, { readonly user: string; readonly password: string }>> }
}
interface Gateway {
  readonly url: string
  readonly keys: Readonly<Record<string, string>>
}

/** It was ended before it served. */
export class NotStarted extends Error {
  override readonly name = "NotStarted"
}

/** What was named can't be used, and what to do: wrong usage. */
export class NoCluster extends Error {
  override readonly name = "NoCluster"
}

const readJson = async <A>(file: string): Promise<A> => {
  try {
    return JSON.parse(await readFile(file, "utf8")) as A
  } catch (error) {
    throw new NoCluster(
      `${file} can't be read (${error instanceof Error ? error.message : String(error)}): name the folder of a running \`npm start\` with --folder`,
    )
  }
}

const natsAt = async (folder: string, url: string | null) => {
  const file = join(folder, ".cache", "holdfast", "connection.json")
  const { url: own, credentials } = await readJson<Connection>(file)
  return (sender: string): Promise<Door> => {
    const login = credentials.senders[sender]
    if (login === undefined) throw new NoCluster(`${file} has no login of ${sender}`)
    return natsDoor({ servers: [url ?? own], sender, login, patienceMs })
  }
}

const httpAt = async (folder: string, url: string | null) => {
  const file = join(folder, ".cache", "holdfast", "gateway.json")
  const { url: own, keys } = await readJson<Gateway>(file)
  return async (sender: string): Promise<Door> => {
    const key = keys[sender]
    if (key === undefined) throw new NoCluster(`${file} has no key of ${sender}`)
    return httpDoor({ url: url ?? own, key, patienceMs, sockets: socketsMax })
  }
}

const doorsAt = (folder: string, over: Over, url: string | null) => (over === "nats" ? natsAt(folder, url) : httpAt(folder, url))

const auditIn = (folder: string, env: NodeJS.ProcessEnv) => (): Promise<{ readonly code: number | null; readonly text: string }> => {
  const child = endsWithUs(
    spawn(process.execPath, ["--max-old-space-size-percentage=75", main, "audit"], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] }),
  )
  let text = ""
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (piece: string) => {
      text += piece
    })
  return new Promise((done) => child.once("close", (code) => done({ code, text })))
}

/** One that runs already, by the files that it left in a folder. `url`: another address than those say. */
export const namedCluster = async (
  folder: string,
  over: Over,
  url: string | null,
  metrics: ReadonlyArray<string>,
): Promise<PlayedCluster> => ({
  door: await doorsAt(resolve(folder), over, url),
  metrics,
  audit: auditIn(resolve(folder), process.env),
  stop: async () => undefined,
})

const isOk = (page: string): Promise<boolean> =>
  fetch(page).then(
    ({ ok }) => ok,
    () => false,
  )

/** Waits until every partition is served, and every worker process has its part of them. Returns the address of the metrics. */
const untilServing = async (child: ChildProcess, log: () => string, folder: string, over: Over, stop: AbortSignal): Promise<string> => {
  const file = join(folder, ".cache", "holdfast", over === "nats" ? "connection.json" : "gateway.json")
  for (;;) {
    if (stop.aborted) throw new NotStarted("ended by a signal before the cluster served")
    if (child.exitCode !== null) throw new Error(`holdfast serve ended by itself:\n${log().split("\n").slice(-12).join("\n")}`)
    const metrics = /"metrics":"([^"]+)"/.exec(log())?.[1]
    if (
      metrics !== undefined &&
      (await isOk(metrics.replace("/metrics", "/ready"))) &&
      (await isOk(metrics.replace("/metrics", "/worker"))) &&
      (await readFile(file, "utf8").then(
        () => true,
        () => false,
      ))
    )
      return metrics
    await new Promise((done) => setTimeout(done, 50))
  }
}

/** One of our own: a nats-server, a worker (or several, as processes under one supervisor) and a gateway in a folder that goes with it. `stop`: it is waited for no longer, and rejects with NotStarted. */
export const ownCluster = async (over: Over, partitions: number, processes: number, stop: AbortSignal): Promise<PlayedCluster> => {
  const { path: folder, remove } = temporaryFolder("holdfast-load-")
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME,
    HOLDFAST_OWN_NATS_PORT: "0",
    HOLDFAST_GATEWAY_PORT: "0",
    HOLDFAST_HTTP_PORT: "0",
    HOLDFAST_PARTITIONS: String(partitions),
    HOLDFAST_LOG: "json",
    HOLDFAST_GATEWAY_REQUESTS_PER_SECOND: "1000000",
  }
  // A group of its own: Ctrl-C reaches this process, which then asks for the last answers before it ends the cluster.
  const several = processes === 1 ? [] : ["--processes", String(processes)]
  const child = endsWithUs(
    spawn(process.execPath, [main, "serve", "--no-postgres", ...several], {
      cwd: folder,
      env,
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    }),
  )
  let said = ""
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    said = (said + piece).slice(-65_536)
  })
  const ended = new Promise<void>((done) => child.once("exit", () => done()))
  const end = async () => {
    child.kill("SIGTERM")
    await ended
    await remove()
  }
  try {
    const metrics = await untilServing(child, () => said, folder, over, stop)
    return { door: await doorsAt(folder, over, null), metrics: [metrics], audit: auditIn(folder, env), stop: end }
  } catch (error) {
    await end()
    throw error
  }
}
