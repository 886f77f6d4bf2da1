/**
 * What a timed run is played on: servers with TLS, one or three, and a faulty proxy on every way to one of them; workers, an ingress, a gateway, a projector with its Postgres; clients of every sender. All on the
 * loopback interface, each a process of its own but the clients, and all ended with the run. What is done to them stands in acts.ts.
 */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import type { ClientOptions } from "../../../src/channel.ts"
import { type Guardian, startGuardian } from "../../../src/cli/demo/guardian.ts"
import { HeardWriter } from "../../../src/cli/demo/heard.ts"
import { type Judgement, judge } from "../../../src/cli/demo/judge.ts"
import { recordingLink } from "../../../src/cli/demo/recording-link.ts"
import { workerEnvironment } from "../../../src/cli/demo/workers.ts"
import { Client } from "../../../src/client/client.ts"
import { openSenderClient, type SenderClient } from "../../../src/client/promises.ts"
import type { SenderId } from "../../../src/domain/names.ts"
import { sendersOf } from "../../../src/domain/sender-list.ts"
import { freePort } from "../../../src/free-ports.ts"
import { addKey, noKeys } from "../../../src/http/keys.ts"
import { senderLinkLayer } from "../../../src/nats/channel-link.ts"
import { type EmbeddedServer, startEmbedded } from "../../../src/nats/embedded.ts"
import { engineLayer } from "../../../src/nats/layer.ts"
import { Cluster } from "../../../src/ports/broker.ts"
import { type EmbeddedPostgres, startPostgres } from "../../../src/postgres/embedded.ts"
import { temporaryFolder } from "../../../src/temporary-folder.ts"
import { certify, makeAuthority } from "../../../tools/certificates.ts"
import { processStarter, runHoldfast, type StageCommand, type StageProcess } from "../../stage/stage.ts"
import { startThreeServers } from "../three-of-a-cluster.ts"
import { type Proxies, startProxies } from "./proxies.ts"
import { ServerConfig } from "./server-config.ts"

export interface FieldOptions {
  readonly servers: 1 | 3
  readonly seed: number
  readonly partitions: number
  readonly workers: number
  readonly leaseTtlMs: number
  /** What each server's streams may take on its disk. */
  readonly fileStoreBytesMax: number
}

export const channelNames = ["web", "app"] as const
/** Sends over the gateway. */
export const gateSender = "till"
export const orderSender = "market"
const senders = sendersOf(
  `${[...channelNames, gateSender, orderSender].map((name) => `${name}=channel`).join(",")},dock=warehouse,planner=merchandiser`,
)

/** Where clients of this process reach the servers, among the names of processes. */
export const clientsName = "clients"

/** Of one start, where it differs. */
interface StartOptions {
  /** Of another build. */
  readonly main?: string
  readonly settings?: Readonly<Record<string, string>>
}

/** A process that is started again under its name. */
export class Actor {
  readonly name: string
  readonly command: StageCommand
  readonly #start: (options: StartOptions) => Promise<StageProcess>
  #now: StageProcess | undefined

  constructor(name: string, command: StageCommand, start: (options: StartOptions) => Promise<StageProcess>) {
    this.name = name
    this.command = command
    this.#start = start
  }

  /** Whether somebody ended it on purpose, and is to start it again. */
  isAway = true

  /** Resolves when it says that it is ready. */
  async start(options: StartOptions = {}): Promise<void> {
    this.isAway = true
    this.#now = await this.#start(options)
    this.isAway = false
  }

  async kill(): Promise<void> {
    this.isAway = true
    await this.#now?.signal("SIGKILL")
  }

  /** Told to leave; resolves with its exit code. */
  stop(): Promise<number | null> {
    this.isAway = true
    return this.now.stop()
  }

  /** Lets it go on where it stands still. */
  async wake(): Promise<void> {
    await this.#now?.signal("SIGCONT")
  }

  get now(): StageProcess {
    if (this.#now === undefined) throw new Error(`${this.name} was never started`)
    return this.#now
  }
}

/** Writers of what clients heard, one a sender. */
class Witness {
  readonly #folder: string
  readonly #writers = new Map<string, HeardWriter>()

  constructor(folder: string) {
    this.#folder = folder
  }

  of(sender: string): HeardWriter {
    const writer = this.#writers.get(sender) ?? new HeardWriter(this.#folder, sender)
    this.#writers.set(sender, writer)
    return writer
  }

  close(): void {
    for (const writer of this.#writers.values()) writer.close()
  }
}

const patienceMs = 30_000

interface Parts {
  readonly options: FieldOptions
  readonly folder: string
  readonly heardFolder: string
  readonly servers: ReadonlyArray<ServerConfig>
  readonly proxies: Proxies
  readonly actors: ReadonlyArray<Actor>
  readonly postgres: EmbeddedPostgres | null
  /** Where the gateway is, and the key of who sends over it. */
  readonly gate: { readonly url: string; readonly key: string }
  readonly ways: ReadonlyMap<string, Ways>
  readonly environment: (name: string) => NodeJS.ProcessEnv
}

/** The ways from one process to the servers, by the servers' places: proxies by name, and where they begin. */
interface Ways {
  readonly names: ReadonlyArray<string>
  readonly urls: ReadonlyArray<string>
}

export class Field {
  readonly parts: Parts
  readonly #witness: Witness

  constructor(parts: Parts) {
    this.parts = parts
    this.#witness = new Witness(parts.heardFolder)
  }

  get servers(): ReadonlyArray<ServerConfig> {
    return this.parts.servers
  }

  get actors(): ReadonlyArray<Actor> {
    return this.parts.actors
  }

  get first(): EmbeddedServer {
    const [first] = this.servers
    if (first === undefined) throw new Error("there is a server")
    return first.server
  }

  /** Names of the proxies on the ways from a process to the servers, by the servers' places. */
  waysOf(process: string): ReadonlyArray<string> {
    return this.parts.ways.get(process)?.names ?? []
  }

  /** A client of a sender, on the faulty ways. All that it hears is written down. Whoever opens it closes it. */
  open(sender: string, options: ClientOptions = {}): Promise<SenderClient> {
    const login = this.first.credentials.senders[sender]
    if (login === undefined) throw new Error(`the servers know no sender ${sender}`)
    const servers = this.parts.ways.get(clientsName)?.urls ?? []
    const link = senderLinkLayer({ servers, sender, login, tls: { caFile: caOf(this.parts.folder) }, connectTimeoutMs: patienceMs })
    const recorded = recordingLink(this.#witness.of(sender)).pipe(Layer.provide(link))
    return openSenderClient(
      Client.layer({ timeoutMs: patienceMs, retryMs: 1_000, retryMsMax: 2_000, ...options }).pipe(Layer.provide(recorded)),
    )
  }

  /** Runs `holdfast` with a worker's access, on the ways that are not faulty. */
  holdfast(...args: ReadonlyArray<string>): ReturnType<typeof runHoldfast> {
    const url = this.servers.map(({ server }) => server.url).join(",")
    const { postgres } = this.parts
    const tables = postgres === null ? {} : { HOLDFAST_POSTGRES_URL: postgres.url }
    return runHoldfast(args, { ...this.parts.environment("operator"), HOLDFAST_NATS_URL: url, ...tables })
  }

  /** Holds the journals to all that was heard. Called once, when all clients are closed. */
  judge(): Promise<Judgement> {
    this.#witness.close()
    const access = accessTo(
      this.parts.folder,
      this.servers.map(({ server }) => server),
    )
    const ports = (kind: "sku" | "order") => engineLayer({ ...access, kind })
    const { partitions } = this.parts.options
    const orders = {
      partitions,
      read: <A, E>(reading: Effect.Effect<A, E, Layer.Success<ReturnType<typeof ports>>>) => Effect.provide(reading, ports("order")),
    }
    return Effect.runPromise(Effect.provide(judge(partitions, this.parts.heardFolder, orders), ports("sku")))
  }
}

const address = (url: string): string => new URL(url).host
/** A worker's access, on the ways that are not faulty. */
const accessTo = (folder: string, servers: ReadonlyArray<EmbeddedServer>) => {
  const [first] = servers
  if (first === undefined) throw new Error("there is a server")
  const [urls, monitorUrls] = [servers.map(({ url }) => url), servers.map(({ monitorUrl }) => monitorUrl)]
  return { servers: urls, monitorUrls, engine: first.credentials.engine, tls: { caFile: caOf(folder) }, name: "chaos" }
}

const caOf = (folder: string): string => join(folder, "ca.pem")
const clusterAddress = (routes: string, place: number): string => [...routes.matchAll(/"nats:\/\/([^"]+)"/g)][place]?.[1] ?? ""

/** Puts proxies between servers, and gives all of them TLS; they are started again with that. */
const configure = async (
  servers: ReadonlyArray<EmbeddedServer>,
  proxies: Proxies,
  folder: string,
): Promise<ReadonlyArray<ServerConfig>> => {
  const configs: Array<ServerConfig> = []
  for (const [from, server] of servers.entries()) {
    const text = await readFile(join(server.storeDir, "nats-server.conf"), "utf8")
    const listed = /^ {2}routes: .*$/m.exec(text)?.[0] ?? ""
    const routes: Array<string> = []
    for (let to = 0; to < servers.length; to++)
      if (to !== from) routes.push(await proxies.add(routeName(from, to), clusterAddress(listed, to)))
    configs.push(await ServerConfig.of(server, { routes, certificate: join(folder, "server.pem"), key: join(folder, "server-key.pem") }))
  }
  await Promise.all(servers.map((server) => server.restart()))
  await Promise.all(servers.map((server) => server.ready()))
  return configs
}

/** The proxy on the way that one server dials another. */
export const routeName = (from: number, to: number): string => `route-${from}-${to}`

/** Two certificates for the same servers: which of them is in use is what `certificates` changes. */
export const certificateOf = (folder: string, which: "one" | "other"): string => join(folder, which)

/** Puts a certificate where the servers read theirs; they do when they are told to. */
export const useCertificate = async (folder: string, which: "one" | "other"): Promise<void> => {
  for (const ending of [".pem", "-key.pem"]) await copyFile(`${certificateOf(folder, which)}${ending}`, join(folder, `server${ending}`))
}

const makeCertificates = async (folder: string): Promise<void> => {
  const authority = { key: join(folder, "ca-key.pem"), certificate: caOf(folder) }
  makeAuthority(authority, "Holdfast chaos authority")
  for (const which of ["one", "other"] as const) certify(authority, certificateOf(folder, which), which, ["localhost", "127.0.0.1"])
  await useCertificate(folder, "one")
}

const startServers = ({ servers, fileStoreBytesMax }: FieldOptions): Promise<ReadonlyArray<EmbeddedServer>> =>
  servers === 3
    ? startThreeServers(senders, { fileStoreBytesMax })
    : startEmbedded({ senders, fileStoreBytesMax }).then((server) => [server])

const waysTo = async (proxies: Proxies, process: string, servers: ReadonlyArray<EmbeddedServer>): Promise<Ways> => {
  const names = servers.map((_, place) => `${process}-to-${place}`)
  const urls: Array<string> = []
  for (const [place, { url }] of servers.entries()) urls.push(`nats://${await proxies.add(names[place] ?? "", address(url))}`)
  return { names, urls }
}

/** Of the commands stream: what it may take is kept free on each server, and would be most of the room there is. */
const commandsBytesMax = 128 * 1_048_576

const makeStreams = (
  { partitions, servers: replicas }: FieldOptions,
  folder: string,
  servers: ReadonlyArray<EmbeddedServer>,
): Promise<void> => {
  const ports = engineLayer({ ...accessTo(folder, servers), kind: "sku", sizes: { commandsBytesMax } })
  const prepared = Cluster.use((cluster) => cluster.prepare({ partitions: { sku: partitions, order: partitions }, replicas }))
  const made = Effect.scoped(Effect.asVoid(Effect.provide(prepared, ports)))
  // Servers that have only just found each other take a while until they answer.
  return Effect.runPromise(Effect.retry(made, { schedule: Schedule.spaced("1 second"), times: 30 }))
}

/** The gateway's files: the login of who sends over it, and a key for that sender. */
const writeGate = async (
  folder: string,
  server: EmbeddedServer,
): Promise<{ readonly key: string; readonly settings: Readonly<Record<string, string>> }> => {
  const [keysFile, loginsFile] = [join(folder, "api-keys.json"), join(folder, "logins.json")]
  const added = addKey(noKeys(), { sender: gateSender as SenderId, scopes: ["sell"] }, new Date().toISOString())
  if (added === null) throw new Error("a sender may have a key")
  await writeFile(keysFile, JSON.stringify(added.file), { mode: 0o600 })
  await writeFile(loginsFile, JSON.stringify({ [gateSender]: server.credentials.senders[gateSender] }), { mode: 0o600 })
  const settings = {
    HOLDFAST_API_KEYS_FILE: keysFile,
    HOLDFAST_GATEWAY_LOGINS_FILE: loginsFile,
    HOLDFAST_GATEWAY_REQUESTS_PER_SECOND: "100000",
  }
  return { key: added.text, settings }
}

const namesOf = ({ workers }: FieldOptions): ReadonlyArray<readonly [name: string, command: StageCommand]> => [
  ...Array.from({ length: workers }, (_, n) => [`worker-${n + 1}`, "serve"] as const),
  ["ingress", "ingress"],
  ["gateway", "gateway"],
  ["projector", "project"],
]

/** What every process is told, and what only some are. */
const environmentFor =
  (
    options: FieldOptions,
    folder: string,
    servers: ReadonlyArray<EmbeddedServer>,
    ways: ReadonlyMap<string, Ways>,
    others: Readonly<Record<string, string>>,
  ) =>
  (name: string): NodeJS.ProcessEnv => {
    const [first] = servers
    if (first === undefined) throw new Error("there is a server")
    return {
      ...workerEnvironment(name, first, options.partitions),
      HOLDFAST_NATS_URL: (ways.get(name)?.urls ?? servers.map(({ url }) => url)).join(","),
      HOLDFAST_NATS_MONITOR_URL: servers.map(({ monitorUrl }) => monitorUrl).join(","),
      HOLDFAST_INGRESS_USER: first.credentials.ingress.user,
      HOLDFAST_INGRESS_PASSWORD: first.credentials.ingress.password,
      HOLDFAST_REPLICAS: String(options.servers),
      HOLDFAST_LEASE_TTL_MS: String(options.leaseTtlMs),
      NODE_EXTRA_CA_CERTS: caOf(folder),
      ...others,
    }
  }

/** Ends what was started, the last first. */
class Endings {
  readonly #all: Array<() => Promise<unknown>> = []
  add(end: () => Promise<unknown>): void {
    this.#all.unshift(end)
  }
  async run(): Promise<void> {
    for (const end of this.#all) await end().catch((error: unknown) => console.error(`could not be ended: ${String(error)}`))
  }
}

const startIn = async (options: FieldOptions, folder: string, guardian: Guardian, endings: Endings): Promise<Field> => {
  const heardFolder = join(folder, "heard")
  await mkdir(heardFolder)
  await makeCertificates(folder)
  const proxies = await startProxies(options.seed, guardian.adopt)
  endings.add(proxies.stop)
  const servers = await startServers(options)
  // Whatever stands still can't end.
  endings.add(() => Promise.all(servers.map((server) => server.kill("SIGCONT").then(server.stop))))
  const postgres = await startPostgres({ isFleeting: true }).catch(() => null)
  if (postgres !== null) endings.add(() => postgres.kill("SIGCONT").then(postgres.stop))
  const configs = await configure(servers, proxies, folder)
  await makeStreams(options, folder, servers)
  const ways = new Map<string, Ways>()
  for (const name of [...namesOf(options).map(([one]) => one), clientsName]) ways.set(name, await waysTo(proxies, name, servers))
  const [first] = servers
  if (first === undefined) throw new Error("there is a server")
  // Not a port of its own choice: one that is started again is to be where it was.
  const [gate, port] = await Promise.all([writeGate(folder, first), freePort()])
  const environment = environmentFor(options, folder, servers, ways, { ...gate.settings, HOLDFAST_GATEWAY_PORT: String(port) })
  // Workers are not told of it: they would project too.
  const tables: StartOptions = postgres === null ? {} : { settings: { HOLDFAST_POSTGRES_URL: postgres.url } }
  const { start, stopAll } = processStarter(folder, guardian, environment, false)
  const actors = namesOf(options)
    .filter(([, command]) => command !== "project" || postgres !== null)
    .map(
      ([name, command]) =>
        new Actor(name, command, ({ settings, main }) => start(command, name, command === "project" ? tables.settings : settings, main)),
    )
  endings.add(async () => {
    await Promise.all(actors.map((actor) => actor.wake()))
    await stopAll()
  })
  await Promise.all(actors.filter(({ command }) => command === "serve").map((actor) => actor.start()))
  await Promise.all(actors.filter(({ command }) => command !== "serve").map((actor) => actor.start()))
  return new Field({
    options,
    folder,
    heardFolder,
    servers: configs,
    proxies,
    actors,
    postgres,
    gate: { url: `http://127.0.0.1:${port}`, key: gate.key },
    ways,
    environment,
  })
}

/** Starts all, plays, and ends every process, however it went. The folder is kept, and named, where `play` says so or fails. */
export const withField = async <A>(
  options: FieldOptions,
  play: (field: Field) => Promise<{ readonly result: A; readonly keep: boolean }>,
): Promise<A> => {
  const temporary = temporaryFolder("holdfast-chaos-")
  const { path: folder } = temporary
  const scope = await Effect.runPromise(Scope.make())
  const endings = new Endings()
  let keep = true
  try {
    const guardian = await Effect.runPromise(Effect.provideService(startGuardian, Scope.Scope, scope))
    const played = await play(await startIn(options, folder, guardian, endings))
    keep = played.keep
    return played.result
  } finally {
    await endings.run()
    await Effect.runPromise(Scope.close(scope, Exit.void))
    if (!keep) await temporary.remove()
    else {
      temporary.keep()
      console.error(`logs, history and what was heard are kept in ${folder}`)
    }
  }
}
