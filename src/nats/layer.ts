/** All that a worker needs of NATS, over connections in each of the two accounts. */
import { Effect, Layer, type Scope } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { JournalRoom } from "../ports/archive.ts"
import type { Cluster, Commands, Journals, Outbound, Questions, Snapshots } from "../ports/broker.ts"
import type { BrokerUnavailable, LoginRefused } from "../ports/errors.ts"
import { journalRoomLayer } from "./archivist.ts"
import { clusterLayer } from "./cluster.ts"
import { commandsLayer } from "./commands.ts"
import { doorInbox, engineInbox } from "./config.ts"
import { type Link, type Login, openLink, type ServerAddress } from "./connection.ts"
import { journalsLayer } from "./journals.ts"
import { outboundLayer, type SaidCodec } from "./outbound.ts"
import { startPulse } from "./pulse.ts"
import { questionsLayer } from "./questions.ts"
import { snapshotsLayer } from "./snapshots.ts"
import type { StreamSizes } from "./streams.ts"

/** Access to what is stored: all that tools need that look at a cluster. */
interface EngineAccess extends ServerAddress {
  /** The workers' user of account HOLDFAST: all that is stored. */
  readonly engine: Login
  /** Addresses of the servers' monitoring pages, `http://host:8222`; what isn't read there counts as not kept. */
  readonly monitorUrls: ReadonlyArray<string>
  /** Used when the commands stream is created; changed later with `nats stream edit`. Default: 1 GiB, no limit on messages. */
  readonly sizes?: Partial<StreamSizes>
  /** How the connections are called in the server's lists. Default: holdfast. */
  readonly name?: string
}

/** Access to what is stored of one kind. */
export interface EngineConfig extends EngineAccess {
  /** Whose partitions: the ports are of the streams of one kind. */
  readonly kind: Kind
}

/** A worker's access to all that it works with, of whatever kind. */
export interface WorkerAccess extends EngineAccess {
  /** The user of account CHANNELS that hears senders, and answers them. */
  readonly door: Login
}

/** The same for one kind. */
export interface NatsConfig extends WorkerAccess {
  readonly kind: Kind
}

/** What a commands stream is made with unless somebody says otherwise. */
export const sizesDefault: StreamSizes = { commandsBytesMax: 1_073_741_824, commandsMessagesMax: -1 }
const nameDefault = "holdfast"

type EnginePorts = Cluster | Commands | JournalRoom | Journals | Snapshots

const openEngine = (config: EngineAccess) => openLink(config, config.engine, engineInbox, `${config.name ?? nameDefault} engine`)

const enginePorts = (engine: Link, kind: Kind, config: EngineAccess): Layer.Layer<EnginePorts> =>
  Layer.mergeAll(
    commandsLayer(engine, kind),
    journalsLayer(engine, kind),
    journalRoomLayer(engine, kind),
    snapshotsLayer(engine, kind),
    clusterLayer(engine, { kind, sizes: { ...sizesDefault, ...config.sizes }, monitorUrls: config.monitorUrls }),
  )

/** The ports over what is stored. Fails if no server answers at start; from then on it reconnects by itself, for ever. */
export const engineLayer = (config: EngineConfig): Layer.Layer<EnginePorts, BrokerUnavailable | LoginRefused> =>
  Layer.unwrap(Effect.map(openEngine(config), (engine) => enginePorts(engine, config.kind, config)))

/** Gives the connection up for another when it carries no answers any more, for as long as the scope lives. */
const watchPulse = Effect.fnUntraced(function* (link: Link, name: string, hasJetStream: boolean) {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const gaveUp = (why: string) =>
    void run(Effect.logWarning("a connection to the broker is given up for another", { name, server: link.nc.info?.server_name, why }))
  yield* Effect.acquireRelease(
    Effect.sync(() => startPulse(link, { hasJetStream, gaveUp })),
    (stop) => Effect.sync(stop),
  )
})

/** The ports of a worker for one kind. */
type WorkerPorts = EnginePorts | Outbound | Questions

/** The connections of a worker, and the ports over them for each kind: what works for several kinds has no more connections than what works for one. Fails if no server answers at start; from then on they reconnect by themselves, for ever. */
export const openWorker: (
  config: WorkerAccess,
) => Effect.Effect<(kind: Kind, codec: SaidCodec) => Layer.Layer<WorkerPorts>, BrokerUnavailable | LoginRefused, Scope.Scope> =
  Effect.fnUntraced(function* (config) {
    const name = config.name ?? nameDefault
    const engine = yield* openEngine(config)
    // Not the connection on which commands come in: what floods that must not hold up answers.
    const door = yield* openLink(config, config.door, doorInbox, `${name} answers`)
    const links = { engine, door }
    yield* watchPulse(engine, `${name} engine`, true)
    // The senders' account has no JetStream.
    yield* watchPulse(door, `${name} answers`, false)
    return (kind, codec) => Layer.mergeAll(enginePorts(engine, kind, config), outboundLayer(links, kind, codec), questionsLayer(door))
  })

/** The ports of a worker for one kind, over connections of its own. */
export const natsLayer = (config: NatsConfig, codec: SaidCodec): Layer.Layer<WorkerPorts, BrokerUnavailable | LoginRefused> =>
  Layer.unwrap(Effect.map(openWorker(config), (portsOf) => portsOf(config.kind, codec)))
