/**
 * What the shows of the front door are played on: one real nats-server or three, workers and ingresses as processes of their own, all on this machine and all ended with the stage.
 *
 * Nothing is judged here. Everything listens on the loopback interface, on free ports, and keeps its files in temporary folders.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { type NatsConnection, connect as natsConnect } from "@nats-io/transport-node"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ClientOptions, connect, type SenderClient } from "../../src/channel.ts"
import { hasEnded } from "../../src/cli/beside.ts"
import { demoFolder } from "../../src/cli/demo/folder.ts"
import { type Guardian, startGuardian } from "../../src/cli/demo/guardian.ts"
import { logFileOf, mainFile, workerEnvironment } from "../../src/cli/demo/workers.ts"
import type { SenderAccess } from "../../src/domain/roles.ts"
import { plainLine } from "../../src/domain/sku/policy.ts"
import type { UserPassword } from "../../src/nats/config.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { engineLayer } from "../../src/nats/layer.ts"
import { Cluster } from "../../src/ports/broker.ts"
import { startThreeServers } from "../chaos/three-of-a-cluster.ts"
import { askAfterWatched, howItEnded, ProcessLog, watchOver } from "./watched.ts"

/** Variables of an environment. */
type Settings = Readonly<Record<string, string>>

export interface StageOptions {
  readonly servers: 1 | 3
  readonly workers: number
  readonly partitions: number
  readonly senders: ReadonlyArray<SenderAccess>
  readonly syncAlways?: boolean
  /** Bytes of the commands stream. Absent: what a worker makes by itself. */
  readonly commandsBytesMax?: number
  /** Variables of the processes' environment that are to differ. */
  readonly settings?: Settings
}

/** A worker or an ingress, as a process. */
export interface StageProcess {
  readonly name: string
  readonly pid: number
  /** Where its pages are: host and port. */
  readonly address: string
  readonly log: ProcessLog
  readonly isRunning: () => boolean
  /** Its exit code, or what it was killed by; null while it runs. */
  readonly howEnded: () => string | null
  readonly page: (path: "/metrics" | "/ready") => Promise<string>
  /** Whether it says that the whole cluster is served. False too while it doesn't answer. */
  readonly isReady: () => Promise<boolean>
  /** From now on nobody who waits for something is told that it ended by itself: that is what is waited for. */
  readonly mayEnd: () => void
  /** SIGTERM; resolves with its exit code when it has ended. */
  readonly stop: () => Promise<number | null>
  /** Resolves, for SIGKILL, when it has ended. */
  readonly signal: (signal: "SIGKILL" | "SIGSTOP" | "SIGCONT") => Promise<void>
}

/** What a process of the stage runs. */
export type StageCommand = "serve" | "ingress" | "gateway" | "project"

export interface Stage {
  readonly options: StageOptions
  readonly servers: ReadonlyArray<EmbeddedServer>
  readonly loginOf: (sender: string) => UserPassword
  /** A client of a sender. Whoever opens it closes it. */
  readonly open: (sender: string, options?: ClientOptions) => Promise<SenderClient>
  /** A connection that may do what a worker may. Whoever opens it closes it. */
  readonly engine: () => Promise<NatsConnection>
  /** `settings`: variables of its environment alone that are to differ. `main`: of another checkout of this program, where it isn't this one's. */
  readonly startWorker: (name: string, settings?: Settings, main?: string) => Promise<StageProcess>
  /** A worker that can't be ready, for its partitions are halted: it is waited for until it answers. */
  readonly startHalted: (name: string) => Promise<StageProcess>
  readonly startIngress: (name: string, settings?: Settings, main?: string) => Promise<StageProcess>
  /** Another process of the cluster, told what is in `settings` beside what a worker is told. */
  readonly start: (command: "gateway" | "project", name: string, settings: Settings) => Promise<StageProcess>
  /** Where processes keep their logs, and whatever else the stage is given: it goes with it. */
  readonly folder: string
  /** Runs `holdfast` with a worker's access. */
  readonly holdfast: (...args: ReadonlyArray<string>) => Promise<{ readonly code: number | null; readonly out: string }>
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const pollMs = 50
const patienceMs = 120_000

/** Asks until `condition` holds. Rejects, naming `what`, when patience ends, and at once where a process of a stage has ended by itself. */
export const until = async (what: string, condition: () => boolean | Promise<boolean>, patience = patienceMs): Promise<void> => {
  const startedMs = performance.now()
  for (askAfterWatched(); !(await condition()); askAfterWatched()) {
    if (performance.now() - startedMs > patience) throw new Error(`waited ${patience / 1_000} s in vain: ${what}`)
    await pause(pollMs)
  }
}

/** The sum of a metric of a page over all its labels, or over those lines that contain `label`. */
export const sumOf = (page: string, metric: string, label = ""): number => {
  let sum = 0
  for (const line of page.split("\n")) {
    if ((line.startsWith(`${metric}{`) || line.startsWith(`${metric} `)) && line.includes(label))
      sum += Number(line.slice(line.lastIndexOf(" ")))
  }
  return sum
}

const endOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    if (hasEnded(child)) resolve(child.exitCode)
    else child.once("exit", (code) => resolve(code))
  })

const stopPatienceMs = 40_000

const stopChild = async (child: ChildProcess): Promise<number | null> => {
  if (!hasEnded(child)) child.kill("SIGTERM")
  const timer = setTimeout(() => child.kill("SIGKILL"), stopPatienceMs)
  const code = await endOf(child)
  clearTimeout(timer)
  return code
}

/** What `holdfast` is told here. */
const environmentOf = ({ settings, servers: count, partitions }: StageOptions, servers: ReadonlyArray<EmbeddedServer>, name: string) => {
  const [first] = servers
  if (first === undefined) throw new Error("there is a server")
  return {
    ...workerEnvironment(name, first, partitions),
    HOLDFAST_NATS_URL: servers.map(({ url }) => url).join(","),
    HOLDFAST_NATS_MONITOR_URL: servers.map(({ monitorUrl }) => monitorUrl).join(","),
    HOLDFAST_INGRESS_USER: first.credentials.ingress.user,
    HOLDFAST_INGRESS_PASSWORD: first.credentials.ingress.password,
    HOLDFAST_REPLICAS: String(count),
    ...settings,
  }
}

/** As `npm run holdfast` does: an audit remembers every command it has read, and ten million of them don't fit into the heap that Node would give it. */
export const runHoldfast = async (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv) => {
  const child = spawn(process.execPath, ["--max-old-space-size-percentage=75", mainFile, ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  })
  let out = ""
  child.stdout.on("data", (chunk) => {
    out += String(chunk)
  })
  child.stderr.on("data", (chunk) => {
    out += String(chunk)
  })
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve))
  return { code, out }
}

const startServers = ({ servers, senders, syncAlways = false }: StageOptions): Promise<ReadonlyArray<EmbeddedServer>> =>
  servers === 3 ? startThreeServers(senders, { syncAlways }) : startEmbedded({ senders, syncAlways }).then((server) => [server])

/** Makes the streams before any worker does, where one is to have another size. */
const makeStreams = ({ partitions, servers: replicas, commandsBytesMax }: StageOptions, servers: ReadonlyArray<EmbeddedServer>) => {
  const [first] = servers
  if (first === undefined || commandsBytesMax === undefined) return Promise.resolve()
  const ports = engineLayer({
    kind: "sku",
    servers: servers.map(({ url }) => url),
    monitorUrls: servers.map(({ monitorUrl }) => monitorUrl),
    engine: first.credentials.engine,
    sizes: { commandsBytesMax },
    name: "stage",
  })
  const prepared = Cluster.use((cluster) => cluster.prepare({ partitions: { sku: partitions, order: partitions }, replicas }))
  return Effect.runPromise(Effect.scoped(Effect.asVoid(Effect.provide(prepared, ports))))
}

const signalChild = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  if (hasEnded(child)) return
  child.kill(signal)
  if (signal === "SIGKILL") await endOf(child)
}

const howEnded = (child: ChildProcess): string | null => (hasEnded(child) ? (child.signalCode ?? `code ${child.exitCode}`) : null)

const pagesOf = ({ name, log }: { readonly name: string; readonly log: ProcessLog }): string => {
  const pages = log.pages()
  if (pages === null) throw new Error(`${name} has not said yet where its pages are`)
  return pages
}

/** Starts processes that end with the stage, each with its log in the folder. `isWatched`: whether whoever waits hears at once of one that ends by itself; otherwise only who waits for its start does. */
export const processStarter = (folder: string, guardian: Guardian, envOf: (name: string) => NodeJS.ProcessEnv, isWatched: boolean) => {
  const stops = new Set<() => Promise<number | null>>()
  const start = async (
    command: StageCommand,
    name: string,
    settings: Settings = {},
    main = mainFile,
    hasToBeReady = true,
  ): Promise<StageProcess> => {
    const log = new ProcessLog(logFileOf(folder, name))
    const logged = openSync(log.file, "a")
    const env = { ...envOf(name), ...settings }
    const child = spawn(process.execPath, [main, command], { env, stdio: ["ignore", logged, logged], detached: true })
    closeSync(logged)
    if (child.pid !== undefined) guardian.adopt(child.pid)
    const watched = { name, howEnded: () => howEnded(child), log }
    const giveUp = isWatched ? watchOver(watched) : () => undefined
    const stop = () => {
      giveUp()
      return stopChild(child)
    }
    stops.add(stop)
    const page: StageProcess["page"] = async (path) => {
      const answer = await fetch(`${pagesOf(watched)}${path}`, { headers: { connection: "close" } })
      return answer.text()
    }
    // Its ingress, which the page speaks of too, is ready long before the cluster is.
    const answersReady = async () => (JSON.parse(await page("/ready")) as { readonly ready: boolean }).ready
    await until(`${name} is ready`, () => {
      if (hasEnded(child)) throw new Error(howItEnded(watched))
      return answersReady().then(
        (isReady) => isReady || !hasToBeReady,
        () => false,
      )
    })
    return {
      ...watched,
      pid: child.pid ?? 0,
      address: new URL(pagesOf(watched)).host,
      isRunning: () => !hasEnded(child),
      page,
      isReady: () => answersReady().catch(() => false),
      mayEnd: giveUp,
      stop,
      signal: (signal) => {
        if (signal === "SIGKILL") giveUp()
        return signalChild(child, signal)
      },
    }
  }
  return { start, stopAll: () => Promise.all([...stops].map((stop) => stop())) }
}

const startStage: (options: StageOptions) => Effect.Effect<Stage, never, Scope.Scope> = Effect.fnUntraced(function* (options) {
  const folder = yield* demoFolder(false)
  const guardian = yield* startGuardian
  const servers = yield* Effect.acquireRelease(
    Effect.promise(() => startServers(options)),
    (started) => Effect.promise(() => Promise.all(started.map((server) => server.stop()))),
  )
  yield* Effect.promise(() => makeStreams(options, servers))
  const envOf = (name: string) => environmentOf(options, servers, name)
  const processes = yield* Effect.acquireRelease(
    Effect.sync(() => processStarter(folder.path, guardian, envOf, true)),
    ({ stopAll }) => Effect.promise(stopAll),
  )
  const urls = servers.map(({ url }) => url)
  const loginOf = (sender: string): UserPassword => {
    const login = servers[0]?.credentials.senders[sender]
    if (login === undefined) throw new Error(`the servers know no sender ${sender}`)
    return login
  }
  const engine = (): Promise<NatsConnection> => {
    const login = servers[0]?.credentials.engine
    return natsConnect({ servers: urls, user: login?.user ?? "", pass: login?.password ?? "", inboxPrefix: "_INBOX.engine" })
  }
  return {
    options,
    servers,
    loginOf,
    open: (sender, client = {}) => connect({ timeoutMs: patienceMs, ...client, servers: urls, sender, login: loginOf(sender) }),
    engine,
    startWorker: (name, settings, main) => processes.start("serve", name, settings, main),
    startHalted: (name) => processes.start("serve", name, {}, mainFile, false),
    startIngress: (name, settings, main) => processes.start("ingress", name, settings, main),
    start: processes.start,
    folder: folder.path,
    holdfast: (...args) => runHoldfast(args, envOf("operator")),
  }
})

/** Sets a stage, plays, and ends every process, however it went. */
export const withStage = <A>(options: StageOptions, play: (stage: Stage, workers: ReadonlyArray<StageProcess>) => Promise<A>): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(startStage(options), (stage) =>
        Effect.promise(async () => {
          const names = Array.from({ length: options.workers }, (_, number) => `worker-${number + 1}`)
          return play(stage, await Promise.all(names.map((name) => stage.startWorker(name))))
        }),
      ),
    ),
  )

/** Stock without end of each SKU, and a policy by which these channels sell it all, each as far as it is there. */
export const stockUp = async (
  stage: Stage,
  skus: ReadonlyArray<string>,
  channels: ReadonlyArray<string>,
  as: { readonly dock: string; readonly planner: string },
) => {
  const [dock, planner] = await Promise.all([stage.open(as.dock), stage.open(as.planner)])
  const lines = channels.map((channel) => plainLine(channel, 0))
  await Promise.all(
    skus.map(async (sku) => {
      await planner.setPolicy({ sku, policy: { version: 1, channels: lines, safety: [], sourcing: ["DC1"] } })
      await dock.receiveStock({ sku, location: "DC1", qty: 1_000_000_000 })
    }),
  )
  await Promise.all([dock.close(), planner.close()])
}

/** The middle, and what so many thousandths of the values lie below. */
export const quantile = (sorted: Float64Array, share: number): number =>
  sorted.length === 0 ? Number.NaN : (sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN)
