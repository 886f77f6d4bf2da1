/**
 * The two arms of the end-to-end bench, Holdfast and the floor: each a nats-server, a worker and a client of its own, all separate processes,
 * of which those of one arm work while the others wait.
 */
import { type ChildProcess, fork, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { connect } from "../../src/channel.ts"
import { workerEnvironment } from "../../src/cli/demo/workers.ts"
import { sendersOf } from "../../src/domain/sender-list.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import { plainLine } from "../../src/domain/sku/policy.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { commandText } from "../../src/wire/canonical.ts"
import { endsWithUs } from "../stage/ends-with-us.ts"
import { hotSku, samples } from "./hot-sku.ts"
import type { ClientCount, EchoSample, EchoSamples, FromClient, FromEcho, Mode, ToClient, ToEcho } from "./messages.ts"
import { countOf, type WorkerCount } from "./worker-page.ts"

/** How a worker, or one that echoes, is started. */
export interface WorkerOptions {
  readonly partitions: number
  /** Where processes write CPU profiles when they end; absent: none. */
  readonly profileFolder: string | undefined
  /** Variables of a worker's environment that are to differ. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface BenchOptions extends WorkerOptions {
  readonly inFlight: number
}

/** Totals of all processes of an arm at one moment. */
export interface ArmCount {
  readonly client: ClientCount
  readonly worker: WorkerCount
  /** CPU time of nats-server; null where the system doesn't tell. */
  readonly serverCpuMs: number | null
}

export interface Arm {
  readonly name: string
  readonly start: (mode: Mode) => Promise<void>
  readonly count: () => Promise<ArmCount>
  readonly stop: () => Promise<void>
  readonly end: () => Promise<void>
}

const place = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const nodeArguments = (folder: string | undefined): Array<string> =>
  folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}`]

/** A process that answers each message once, in order. */
class Actor<To extends object, From> {
  readonly #child: ChildProcess
  #waiting: Array<{ readonly resolve: (answer: From) => void; readonly reject: (error: Error) => void }> = []
  readonly #ended: Promise<void>
  #end: Error | undefined

  constructor(script: string, options: WorkerOptions) {
    this.#child = fork(place(script), { execArgv: nodeArguments(options.profileFolder) })
    this.#child.on("message", (answer) => this.#waiting.shift()?.resolve(answer as From))
    this.#ended = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => {
        this.#end = new Error(`${script} ended with ${code ?? signal}`)
        for (const { reject } of this.#waiting) reject(this.#end)
        resolve()
      })
    })
  }

  pid(): number {
    return this.#child.pid ?? 0
  }

  ask(message: To): Promise<From> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) throw this.#end
      this.#waiting.push({ resolve, reject })
      this.#child.send(message, (error) => (error === null ? undefined : reject(error)))
    })
  }

  /** It ends by itself when it is no longer connected, and writes its profile. */
  async end(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    await this.#ended
  }
}

export const senders = sendersOf("web=channel,dc=warehouse,plan=merchandiser")

export const loginOf = ({ credentials }: EmbeddedServer, sender: string) => {
  const login = credentials.senders[sender]
  if (login === undefined) throw new Error(`${sender} has no login`)
  return login
}

export const connectAs = (server: EmbeddedServer, sender: string) =>
  connect({ servers: [server.url], sender, login: loginOf(server, sender) })

/** Clock ticks of a process, as Linux counts them: a hundred a second. */
const cpuMsOf = (pid: number): number | null => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")
    return (Number(fields?.[11]) + Number(fields?.[12])) * 10
  } catch {
    return null
  }
}

const startClient = async (server: EmbeddedServer, options: BenchOptions) => {
  const client = new Actor<ToClient, FromClient>("./client.ts", options)
  await client.ask({
    _tag: "Setup",
    setup: { url: server.url, sender: "web", login: loginOf(server, "web"), inFlight: options.inFlight },
  })
  return client
}

const armOf = (
  name: string,
  server: EmbeddedServer,
  client: Actor<ToClient, FromClient>,
  countWorker: () => Promise<WorkerCount>,
  endWorker: () => Promise<void>,
): Arm => ({
  name,
  start: async (mode) => void (await client.ask({ _tag: "Start", mode })),
  stop: async () => void (await client.ask({ _tag: "Stop" })),
  count: async () => {
    const worker = await countWorker()
    const answer = await client.ask({ _tag: "Count" })
    if (answer._tag !== "Counted") throw new Error("the client did not count")
    return { client: answer.count, worker, serverCpuMs: cpuMsOf(server.pid()) }
  },
  end: async () => {
    await client.end()
    await endWorker()
    await server.stop()
  },
})

/** A worker as anybody would run it, which tells this process where its pages are. */
export const startWorker = (server: EmbeddedServer, options: WorkerOptions) => {
  const child = spawn(process.execPath, [...nodeArguments(options.profileFolder), place("../../src/main.ts"), "serve"], {
    env: workerEnvironment("bench", server, options.partitions, { HOLDFAST_LOG_LEVEL: "Error", ...options.settings }),
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  })
  endsWithUs(child)
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve())
  })
  const pages = new Promise<string>((resolve, reject) => {
    child.once("message", (news: { readonly pages: string }) => resolve(news.pages))
    child.once("exit", (code) => reject(new Error(`the worker ended with code ${code} before it served its pages`)))
  })
  // Who doesn't ask for it needs no word of it.
  pages.catch(() => undefined)
  const end = async () => {
    child.kill("SIGTERM")
    await ended
  }
  return { pid: child.pid ?? 0, pages, end }
}

/** Stock without end, and a policy by which one channel sells it all. */
export const stockUp = async (server: EmbeddedServer): Promise<void> => {
  const warehouse = await connectAs(server, "dc")
  await warehouse.receiveStock({ sku: hotSku, location: "DC1", qty: 1_000_000_000 })
  await warehouse.close()
  const planner = await connectAs(server, "plan")
  const line = plainLine("web", 0)
  await planner.setPolicy({ sku: hotSku, policy: { version: 1, channels: [line], safety: [], sourcing: ["DC1"] } })
  await planner.close()
}

/** Holdfast: `serve` as anybody would run it, on a server of its own. */
export const startHoldfast = async (options: BenchOptions): Promise<{ readonly arm: Arm; readonly samples: EchoSamples }> => {
  const server = await startEmbedded({ senders })
  const worker = startWorker(server, options)
  await stockUp(server)
  const answered = await sampleReplies(server)
  const client = await startClient(server, options)
  const pages = await worker.pages
  const page = () => fetch(`${pages}/metrics`, { headers: { connection: "close" } }).then((answer) => answer.text())
  return { arm: armOf("holdfast", server, client, async () => countOf(await page()), worker.end), samples: answered }
}

/** What is really answered to one command of each type, so that the floor can answer as many bytes. */
const sampleReplies = async (server: EmbeddedServer): Promise<EchoSamples> => {
  const channel = await connectAs(server, "web")
  const { reserve, confirm } = samples(Date.now())
  const answered = async (command: Command): Promise<EchoSample> => ({
    id: command.id,
    command: commandText(command),
    reply: JSON.stringify(await channel.send(command)),
  })
  const found = { sku: hotSku, reserve: await answered(reserve), confirm: await answered(confirm) }
  await channel.close()
  return found
}

/** A worker that echoes, as a process. */
export interface EchoProcess {
  readonly pid: () => number
  readonly count: () => Promise<WorkerCount>
  /** What a record holds beside its commands, and for each of them, as measured of Holdfast. */
  readonly setRecordBytes: (perRecord: number, perCommand: number) => Promise<void>
  readonly end: () => Promise<void>
}

/** Starts one at a server. Resolves when it serves. */
export const startEcho = async (server: EmbeddedServer, options: WorkerOptions, known: EchoSamples): Promise<EchoProcess> => {
  const echo = new Actor<ToEcho, FromEcho>("./echo-worker.ts", options)
  const { url, monitorUrl, credentials } = server
  const { engine, door } = credentials
  const setup = { url, monitorUrl, engine, door, senders: server.senders, partitions: options.partitions, samples: known }
  await echo.ask({ _tag: "Setup", setup })
  return {
    pid: () => echo.pid(),
    count: async () => {
      const answer = await echo.ask({ _tag: "Count" })
      if (answer._tag !== "Counted") throw new Error("the echo did not count")
      return countOf(answer.page)
    },
    setRecordBytes: async (perRecord, perCommand) => void (await echo.ask({ _tag: "RecordBytes", perRecord, perCommand })),
    end: () => echo.end(),
  }
}

export interface FloorArm extends Arm {
  /** What a record holds for each command, as measured of Holdfast. */
  readonly setRecordBytes: (perCommand: number) => Promise<void>
}

/** The floor: the same, undecided. */
export const startFloor = async (options: BenchOptions, known: EchoSamples): Promise<FloorArm> => {
  const server = await startEmbedded({ senders })
  const echo = await startEcho(server, options, known)
  const client = await startClient(server, options)
  return {
    ...armOf("floor", server, client, echo.count, echo.end),
    setRecordBytes: (perCommand) => echo.setRecordBytes(0, perCommand),
  }
}
