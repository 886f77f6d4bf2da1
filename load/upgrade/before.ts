/**
 * The build before, as processes of its own: a nats-server in the layout that it makes, and its workers. Nothing of it is loaded here.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { pathToFileURL } from "node:url"
import type { UserPassword } from "../../src/nats/config.ts"

/** What the build before keeps of its server. */
export interface BeforeServer {
  readonly url: string
  readonly monitorUrl: string
  readonly credentials: {
    readonly engine: UserPassword
    readonly worker: UserPassword
    readonly senders: Readonly<Record<string, UserPassword>>
  }
  readonly stop: () => Promise<void>
}

/** Keeps the server until its standard input ends. */
const keeper = `
const { startEmbedded } = await import(process.argv[1])
const { url, monitorUrl, credentials, stop } = await startEmbedded(JSON.parse(process.argv[2]))
console.log(JSON.stringify({ url, monitorUrl, credentials }))
process.stdin.resume().once("end", () => stop().then(() => process.exit(0)))
`

export const startBeforeServer = async (folder: string, options: object): Promise<BeforeServer> => {
  const embedded = pathToFileURL(join(resolve(folder), "src/nats/embedded.ts")).href
  const child = spawn(process.execPath, ["--input-type=module", "-e", keeper, embedded, JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "inherit"],
  })
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    once(child, "exit").then(() => Promise.reject(new Error(`the build in ${folder} starts no server`))),
  ])
  return {
    ...(JSON.parse(String(line)) as Omit<BeforeServer, "stop">),
    stop: async () => {
      const ended = once(child, "exit")
      child.stdin.end()
      await ended
    },
  }
}

export const beforeMain = (folder: string): string => join(resolve(folder), "src/main.ts")

/** What a worker of the build before is told. */
export const beforeEnvironment = (name: string, server: BeforeServer, partitions: number): NodeJS.ProcessEnv => {
  const { engine, worker } = server.credentials
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("HOLDFAST_")))
  return {
    ...inherited,
    HOLDFAST_NATS_URL: server.url,
    HOLDFAST_NATS_MONITOR_URL: server.monitorUrl,
    HOLDFAST_ENGINE_USER: engine.user,
    HOLDFAST_ENGINE_PASSWORD: engine.password,
    HOLDFAST_WORKER_USER: worker.user,
    HOLDFAST_WORKER_PASSWORD: worker.password,
    HOLDFAST_PARTITIONS: String(partitions),
    HOLDFAST_WORKER: name,
    HOLDFAST_HTTP_PORT: "0",
    HOLDFAST_LOG: "json",
  }
}
