/**
 * A cluster on this machine as its operators and channels know it: a real nats-server, workers as processes of their own, senders with credentials
 * of their own. What is done to it, and what must hold afterwards, is decided by those who play with it.
 *
 * Everything that was heard is written down, so that the journals can be held against it.
 */
import { execFile } from "node:child_process"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { AtsValue, ClientOptions } from "../../src/channel.ts"
import { demoFolder } from "../../src/cli/demo/folder.ts"
import { startGuardian } from "../../src/cli/demo/guardian.ts"
import { HeardWriter } from "../../src/cli/demo/heard.ts"
import { type Judgement, judge } from "../../src/cli/demo/judge.ts"
import { recordingLink } from "../../src/cli/demo/recording-link.ts"
import { lookAtWorkers, type Sight } from "../../src/cli/demo/watch.ts"
import { mainFile, type WorkerProcess, workerEnvironment } from "../../src/cli/demo/workers.ts"
import { Client } from "../../src/client/client.ts"
import { openSenderClient, type SenderClient } from "../../src/client/promises.ts"
import { partitionOf } from "../../src/domain/names.ts"
import { sendersOf } from "../../src/domain/sender-list.ts"
import { senderLinkLayer } from "../../src/nats/channel-link.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { natsLayer } from "../../src/nats/layer.ts"
import { Cluster } from "../../src/ports/broker.ts"
import { saidCodec } from "../../src/wire/said.ts"
import { askAfterWatched, startWatchedProcess, type WatchedProcess } from "../stage/watched.ts"

export const channelNames = ["web", "app", "marketplace", "shop"] as const
export type ChannelName = (typeof channelNames)[number]
type SenderName = ChannelName | "dock" | "planner"

const senders = sendersOf(`${channelNames.map((name) => `${name}=channel`).join(",")},dock=warehouse,planner=merchandiser,looker=reader`)

export interface RigOptions {
  readonly partitions: number
  readonly workers: number
  readonly leaseTtlMs: number
}

/** A worker's process. */
export interface RigWorker {
  readonly name: string
  readonly pid: number
  readonly isRunning: () => boolean
  /** Where its pages are; null before it has said so. */
  readonly pages: () => string | null
  /** SIGKILL, SIGSTOP, SIGCONT. */
  readonly signal: (signal: "SIGKILL" | "SIGSTOP" | "SIGCONT") => void
  /** SIGTERM; resolves with the exit code when it has ended, null if it had to be killed. */
  readonly stop: () => Promise<number | null>
  /** The sum of a metric of its page over all its labels, or over those lines that contain `label`. Rejects if it doesn't answer. */
  readonly metric: (name: string, label?: string) => Promise<number>
}

export interface Rig {
  readonly options: RigOptions
  readonly server: EmbeddedServer
  readonly workers: ReadonlyArray<RigWorker>
  /** A connection of its own for one client of a sender. All that passes is written down. Closed with the rig, if not before. */
  readonly open: (sender: SenderName, options?: ClientOptions) => Promise<SenderClient>
  /** Writes down an ATS value that a channel accepted. */
  readonly heardAts: (sender: string, value: AtsValue) => void
  /** Who owns what, as the workers that are given say it; all that run unless given. */
  readonly look: (workers?: ReadonlyArray<RigWorker>) => Promise<Sight>
  /** Runs the `holdfast` binary as an operator with a worker's access; resolves with its exit code and what it printed. */
  readonly holdfast: (...args: ReadonlyArray<string>) => Promise<{ readonly code: number; readonly printed: string }>
  /** The same with variables of its environment beside those. */
  readonly holdfastWith: (
    settings: Readonly<Record<string, string>>,
    ...args: ReadonlyArray<string>
  ) => Promise<{ readonly code: number; readonly printed: string }>
  /** Starts a projector into a database. It is ended with the rig, if not before. */
  readonly startProjector: (url: string) => Promise<WorkerProcess>
  /** Runs what needs the ports of a worker. */
  readonly asWorker: <A, E>(effect: Effect.Effect<A, E, Layer.Success<ReturnType<typeof natsLayer>> | Scope.Scope>) => Promise<A>
  /** Starts one more worker, or one that has ended, under that name; resolves when it has joined the others. */
  readonly startWorker: (name: string) => Promise<RigWorker>
  /** Audits the journals against all that was written down. Called once, when the channels are closed. */
  readonly judge: () => Promise<Judgement>
}

const pollMs = 20
const patienceMs = 60_000
const closePatienceMs = 5_000

const pause = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs))

/** Asks until `condition` holds, and resolves with the milliseconds that took. Rejects, naming `what`, when patience ends, and at once where a process of a rig has ended by itself. */
export const until = async (what: string, condition: () => boolean | Promise<boolean>, forMs = patienceMs): Promise<number> => {
  const startedMs = performance.now()
  for (askAfterWatched(); !(await condition()); askAfterWatched()) {
    if (performance.now() - startedMs > forMs) throw new Error(`waited ${forMs / 1_000} s in vain: ${what}`)
    await pause(pollMs)
  }
  return performance.now() - startedMs
}

const pageOf = async (address: string | null, path: string): Promise<string> => {
  if (address === null) throw new Error("a worker that has not said where it serves can't be asked")
  const answer = await fetch(`${address}${path}`)
  return answer.text()
}

const sumOf = (metrics: string, name: string, label: string): number => {
  let sum = 0
  for (const line of metrics.split("\n"))
    if (line.startsWith(`${name}{`) && line.includes(label)) sum += Number(line.slice(line.lastIndexOf(" ")))
  return sum
}

const rigWorker = (worker: WatchedProcess): RigWorker => ({
  name: worker.name,
  pid: worker.pid,
  isRunning: worker.isRunning,
  pages: () => worker.log.pages(),
  signal: (signal) => (signal === "SIGKILL" ? worker.killNow() : void process.kill(worker.pid, signal)),
  stop: () => Effect.runPromise(worker.stop),
  metric: async (name, label = "") => sumOf(await pageOf(worker.log.pages(), "/metrics"), name, label),
})

const runHoldfast = (args: ReadonlyArray<string>, env: NodeJS.ProcessEnv): ReturnType<Rig["holdfast"]> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [mainFile, ...args], { env, timeout: patienceMs }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, printed: `${stdout}${stderr}` })
    })
  })

const startServer = (storeDir: string): Effect.Effect<EmbeddedServer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => startEmbedded({ storeDir, senders })),
    (server) => Effect.promise(() => server.stop()),
  )

/** The writers of what is heard, one for each sender however many clients it has. */
const heardWriters = (
  folder: string,
): Effect.Effect<{ readonly of: (sender: string) => HeardWriter; readonly close: () => void }, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const writers = new Map<string, HeardWriter>()
      const of = (sender: string): HeardWriter => {
        const writer = writers.get(sender) ?? new HeardWriter(folder, sender)
        writers.set(sender, writer)
        return writer
      }
      const close = () => {
        for (const writer of writers.values()) writer.close()
      }
      return { of, close }
    }),
    ({ close }) => Effect.sync(close),
  )

/** Opens clients, and closes those that are left with the scope. */
const opener = Effect.fnUntraced(function* (server: EmbeddedServer, writerOf: (sender: string) => HeardWriter) {
  const open = new Set<SenderClient>()
  // After a failure, nobody may be left who answers what is under way.
  const closeAll = () => Promise.race([Promise.all([...open].map((channel) => channel.close())), pause(closePatienceMs)])
  yield* Effect.addFinalizer(() => Effect.promise(closeAll))
  return async (sender: string, options: ClientOptions = {}): Promise<SenderClient> => {
    const login = server.credentials.senders[sender]
    if (login === undefined) throw new Error(`the server knows no sender ${sender}`)
    const link = recordingLink(writerOf(sender)).pipe(
      Layer.provide(senderLinkLayer({ servers: [server.url], sender, login, connectTimeoutMs: patienceMs })),
    )
    const channel = await openSenderClient(Client.layer({ timeoutMs: patienceMs, ...options }).pipe(Layer.provide(link)))
    open.add(channel)
    const close = async () => {
      open.delete(channel)
      await channel.close()
    }
    return { ...channel, close }
  }
})

/** The addresses that workers have told the others, kept when they leave. */
const watchAddresses = Effect.fnUntraced(function* (addresses: Map<string, string>) {
  const cluster = yield* Cluster
  return yield* Stream.runForEach(cluster.members, (members) =>
    Effect.sync(() => {
      for (const { worker, address } of members) addresses.set(worker, address)
    }),
  ).pipe(Effect.retry(Schedule.spaced("100 millis")))
})

const startRig = Effect.fnUntraced(function* (options: RigOptions) {
  const { partitions, leaseTtlMs } = options
  const folder = yield* demoFolder(false)
  const guardian = yield* startGuardian
  const server = yield* startServer(folder.nats)
  const { engine, door } = server.credentials
  const ports = natsLayer({ kind: "sku", servers: [server.url], monitorUrls: [server.monitorUrl], engine, door, name: "rig" }, saidCodec)
  const runtime = yield* Effect.acquireRelease(
    Effect.sync(() => ManagedRuntime.make(ports)),
    (made) => made.disposeEffect,
  )
  yield* Effect.promise(() =>
    runtime.runPromise(Cluster.use((cluster) => cluster.prepare({ partitions: { sku: partitions, order: partitions }, replicas: 1 }))),
  )
  const addresses = new Map<string, string>()
  runtime.runFork(watchAddresses(addresses))
  const writers = yield* heardWriters(folder.heard)
  const open = yield* opener(server, writers.of)
  const runPromise = Effect.runPromiseWith(yield* Effect.context<Scope.Scope>())
  const workers: Array<RigWorker> = []
  const startWorker = async (name: string): Promise<RigWorker> => {
    const starting = startWatchedProcess(name, folder.path, server, partitions, guardian, { HOLDFAST_LEASE_TTL_MS: String(leaseTtlMs) })
    const started = rigWorker(await runPromise(starting))
    const place = workers.findIndex((one) => one.name === name)
    workers.splice(place < 0 ? workers.length : place, 1, started)
    await until(`${name} has joined`, () => addresses.has(name) && addresses.get(name) === started.pages())
    return started
  }
  const rig: Rig = {
    options,
    server,
    workers,
    open,
    heardAts: (sender, { channel, sku, ats, version }) =>
      writers.of(sender).write(partitionOf(sku, partitions), JSON.stringify({ kind: "ats", value: { channel, sku, ats, version } })),
    startWorker,
    look: (asked = workers.filter(({ isRunning }) => isRunning())) =>
      runPromise(
        lookAtWorkers(
          asked.map(({ name, pages }) => ({ name, address: pages() ?? "" })).filter(({ address }) => address !== ""),
          partitions,
        ),
      ),
    holdfast: (...args) => runHoldfast(args, workerEnvironment("operator", server, partitions)),
    holdfastWith: (settings, ...args) => runHoldfast(args, workerEnvironment("operator", server, partitions, settings)),
    startProjector: (url) =>
      runPromise(startWatchedProcess("projector", folder.path, server, partitions, guardian, { HOLDFAST_POSTGRES_URL: url }, "project")),
    asWorker: (effect) => runtime.runPromise(Effect.scoped(effect)),
    judge: () => {
      writers.close()
      return runtime.runPromise(judge(partitions, folder.heard))
    },
  }
  return rig
})

/** Whether every partition is served by one of `workers`; of those that run, unless given. */
export const isServedBy = async (rig: Rig, workers?: ReadonlyArray<RigWorker>): Promise<boolean> =>
  (await rig.look(workers)).owners.every((owner) => owner !== null)

/** The worker that owns most partitions now, and how many; asked once all are served, for a look may find a worker too busy to answer. */
export const busiest = async (rig: Rig): Promise<{ readonly worker: RigWorker; readonly partitions: number }> => {
  let owners: Sight["owners"] = []
  await until("every partition is served", async () => {
    owners = (await rig.look()).owners
    return owners.every((owner) => owner !== null)
  })
  const counted = rig.workers.map((worker) => ({ worker, partitions: owners.filter((owner) => owner === worker.name).length }))
  const [first] = counted.toSorted((a, b) => b.partitions - a.partitions)
  if (first === undefined) throw new Error("there are workers")
  return first
}

/** Starts a rig, waits until its workers share the partitions, plays, and ends every process, however it went. */
export const withRig = <A>(options: RigOptions, play: (rig: Rig) => Promise<A>): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(startRig(options), (rig) =>
        Effect.promise(async () => {
          await Promise.all(Array.from({ length: options.workers }, (_, number) => rig.startWorker(`worker-${number + 1}`)))
          await until("every worker has its share of the partitions", async () => {
            const { owners } = await rig.look()
            return owners.every((owner) => owner !== null) && new Set(owners).size === options.workers
          })
          return play(rig)
        }),
      ),
    ),
  )
