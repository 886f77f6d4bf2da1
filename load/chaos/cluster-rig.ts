/**
 * Real servers, one or three, and workers as processes of their own, each asked over its pages as an operator would ask. For what is done to servers and workers, not
 * for what is sold: nothing that is heard is written down.
 */

import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from "@nats-io/jetstream"
import { connect, type NatsConnection } from "@nats-io/transport-node"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { type Guardian, startGuardian } from "../../src/cli/demo/guardian.ts"
import type { ProcessCommand, WorkerProcess } from "../../src/cli/demo/workers.ts"
import { sendersOf } from "../../src/domain/sender-list.ts"
import { type EmbeddedServer, startEmbedded } from "../../src/nats/embedded.ts"
import { natsLayer } from "../../src/nats/layer.ts"
import { Cluster } from "../../src/ports/broker.ts"
import { temporaryFolder } from "../../src/temporary-folder.ts"
import { saidCodec } from "../../src/wire/said.ts"
import { startWatchedProcess } from "../stage/watched.ts"
import { startThreeServers } from "./three-of-a-cluster.ts"

export interface ClusterRigOptions {
  readonly servers: 1 | 3
  readonly partitions: number
  readonly leaseTtlMs: number
  readonly fileStoreBytesMax?: number
}

const senders = sendersOf("web=channel,dock=warehouse,planner=merchandiser")

/** A page of a worker, as it was answered. */
export interface Page {
  readonly status: number
  readonly text: string
}

export interface ClusterWorker {
  readonly name: string
  readonly process: WorkerProcess
  /** SIGTERM; resolves when it has ended. */
  readonly stop: () => Promise<number | null>
  /** Null where nobody answers within a second, and before it has said where its pages are. */
  readonly page: (path: string) => Promise<Page | null>
}

const pagePatienceMs = 1_000

const pageAt = (address: string, path: string): Promise<Page | null> =>
  fetch(`${address}${path}`, { signal: AbortSignal.timeout(pagePatienceMs) }).then(
    async (answer) => ({ status: answer.status, text: await answer.text() }),
    () => null,
  )

export class ClusterRig {
  readonly options: ClusterRigOptions
  readonly folder: string
  readonly servers: ReadonlyArray<EmbeddedServer>
  readonly #guardian: Guardian
  readonly #scope: Scope.Closeable
  readonly #connections: Array<NatsConnection> = []

  constructor(
    options: ClusterRigOptions,
    folder: string,
    servers: ReadonlyArray<EmbeddedServer>,
    guardian: Guardian,
    scope: Scope.Closeable,
  ) {
    this.options = options
    this.folder = folder
    this.servers = servers
    this.#guardian = guardian
    this.#scope = scope
  }

  get first(): EmbeddedServer {
    const [first] = this.servers
    if (first === undefined) throw new Error("no server started")
    return first
  }

  get urls(): string {
    return this.servers.map(({ url }) => url).join(",")
  }

  /** Starts a worker's process; whether it has joined is for whoever asks its pages. `settings`: variables that are to differ. */
  startWorker(name: string, settings: Readonly<Record<string, string>> = {}): Promise<ClusterWorker> {
    return this.#start("serve", name, settings)
  }

  /** Starts an ingress alone: it stores facts while all workers are away. Whether it is open is for whoever asks its pages. */
  startIngress(name: string): Promise<ClusterWorker> {
    const { user, password } = this.first.credentials.ingress
    return this.#start("ingress", name, { HOLDFAST_INGRESS_USER: user, HOLDFAST_INGRESS_PASSWORD: password })
  }

  async #start(command: ProcessCommand, name: string, settings: Readonly<Record<string, string>>): Promise<ClusterWorker> {
    const all = {
      HOLDFAST_NATS_URL: this.urls,
      HOLDFAST_NATS_MONITOR_URL: this.servers.map(({ monitorUrl }) => monitorUrl).join(","),
      HOLDFAST_REPLICAS: String(this.options.servers),
      HOLDFAST_LEASE_TTL_MS: String(this.options.leaseTtlMs),
      ...settings,
    }
    const starting = startWatchedProcess(name, this.folder, this.first, this.options.partitions, this.#guardian, all, command)
    const process = await Effect.runPromise(Effect.provideService(starting, Scope.Scope, this.#scope))
    return {
      name,
      process,
      stop: () => Effect.runPromise(process.stop),
      page: async (path) => {
        const pages = process.log.pages()
        return pages === null ? null : pageAt(pages, path)
      },
    }
  }

  /** Creates the streams, with less room for commands than a worker would make. */
  async prepare(commandsBytesMax: number): Promise<void> {
    const { engine, door } = this.first.credentials
    const servers = this.servers.map(({ url }) => url)
    const ports = natsLayer({ kind: "sku", servers, monitorUrls: [], engine, door, sizes: { commandsBytesMax } }, saidCodec)
    const { partitions, servers: replicas } = this.options
    const prepared = Cluster.use((cluster) => cluster.prepare({ partitions: { sku: partitions, order: partitions }, replicas }))
    await Effect.runPromise(Effect.scoped(prepared.pipe(Effect.provide(ports))))
  }

  /** A connection of a user of the server, closed with the rig. */
  async connectAs(user: "engine" | "door" | "admin" | "web" | "dock" | "planner", server?: EmbeddedServer): Promise<NatsConnection> {
    const { senders: others, ...ours } = this.first.credentials
    const isOurs = user === "engine" || user === "door" || user === "admin"
    const login = isOurs ? ours[user] : others[user]
    if (login === undefined) throw new Error(`the server knows no user ${user}`)
    const inboxPrefix = isOurs ? `_INBOX.${user}` : `hf.reply.${user}`
    const servers = server === undefined ? this.servers.map(({ url }) => url) : [server.url]
    const nc = await connect({
      servers,
      user: login.user,
      pass: login.password,
      inboxPrefix,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
    })
    this.#connections.push(nc)
    return nc
  }

  /** For what an operator does to streams. */
  async admin(): Promise<{ readonly jsm: JetStreamManager; readonly js: JetStreamClient }> {
    const nc = await this.connectAs("admin")
    return { jsm: await jetstreamManager(nc, { checkAPI: false }), js: jetstream(nc) }
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map((nc) => nc.close().catch(() => undefined)))
  }
}

const startServers = ({ servers, fileStoreBytesMax }: ClusterRigOptions): Promise<ReadonlyArray<EmbeddedServer>> => {
  const others = fileStoreBytesMax === undefined ? {} : { fileStoreBytesMax }
  return servers === 3 ? startThreeServers(senders, others) : startEmbedded({ ...others, senders }).then((server) => [server])
}

/** Starts servers, plays, and ends every process, however it went. */
export const withClusterRig = async <A>(options: ClusterRigOptions, play: (rig: ClusterRig) => Promise<A>): Promise<A> => {
  const scope = await Effect.runPromise(Scope.make())
  const temporary = temporaryFolder("holdfast-rig-")
  const { path: folder } = temporary
  let servers: ReadonlyArray<EmbeddedServer> = []
  let rig: ClusterRig | undefined
  try {
    const guardian = await Effect.runPromise(Effect.provideService(startGuardian, Scope.Scope, scope))
    servers = await startServers(options)
    rig = new ClusterRig(options, folder, servers, guardian, scope)
    return await play(rig)
  } finally {
    await rig?.close()
    // Whatever stands still can't end.
    await Promise.all(servers.map((server) => server.kill("SIGCONT")))
    await Effect.runPromise(Scope.close(scope, Exit.void))
    await Promise.all(servers.map((server) => server.stop()))
    await temporary.remove()
  }
}
