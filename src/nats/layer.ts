/** All that a worker needs of NATS, over connections in each of the two accounts. */
import { Effect, Layer } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { JournalRoom } from "../ports/archive.ts"
import type { Cluster, Commands, Journals, Outbound, Questions, Snapshots } from "../ports/broker.ts"
import type { BrokerUnavailable, LoginRefused } from "../ports/errors.ts"
import { journalRoomLayer } from "./archivist.ts"
import { clusterLayer } from "./cluster.ts"
import { commandsLayer } from "./commands.ts"
import { doorInbox, engineInbox, formerInbox } from "./config.ts"
import { type Link, type Login, openLink, type ServerAddress } from "./connection.ts"
import { formerCommandsLayer } from "./former-commands.ts"
import { journalsLayer } from "./journals.ts"
import { outboundLayer, type SaidCodec } from "./outbound.ts"
import { startPulse } from "./pulse.ts"
import { questionsLayer } from "./questions.ts"
import { snapshotsLayer } from "./snapshots.ts"
import type { StreamSizes } from "./streams.ts"

/** Access to what is stored: all that tools need that look at a cluster. */
export interface EngineConfig extends ServerAddress {
  /** Whose partitions: the ports are of the streams of one kind. */
  readonly kind: Kind
  /** The workers' user of account HOLDFAST: all that is stored. */
  readonly engine: Login
  /** Addresses of the servers' monitoring pages, `http://host:8222`; what isn't read there counts as not kept. */
  readonly monitorUrls: ReadonlyArray<string>
  /** Used when the commands stream is created; changed later with `nats stream edit`. Default: 1 GiB, no limit on messages. */
  readonly sizes?: Partial<StreamSizes>
  /** How the connections are called in the server's lists. Default: holdfast. */
  readonly name?: string
}

export interface NatsConfig extends EngineConfig {
  /** The user of account CHANNELS that hears senders, and answers them. */
  readonly door: Login
  /** The user of account CHANNELS that drains the commands stream of earlier releases. Absent: there is nothing to drain. */
  readonly former?: Login
}

const sizesDefault: StreamSizes = { commandsBytesMax: 1_073_741_824, commandsMessagesMax: -1 }
const nameDefault = "holdfast"

type EnginePorts = Cluster | Commands | JournalRoom | Journals | Snapshots

const openEngine = (config: EngineConfig) => openLink(config, config.engine, engineInbox, `${config.name ?? nameDefault} engine`)

const enginePorts = (engine: Link, config: EngineConfig): Layer.Layer<EnginePorts> =>
  Layer.mergeAll(
    commandsLayer(engine, config.kind),
    journalsLayer(engine, config.kind),
    journalRoomLayer(engine, config.kind),
    snapshotsLayer(engine, config.kind),
    clusterLayer(engine, { kind: config.kind, sizes: { ...sizesDefault, ...config.sizes }, monitorUrls: config.monitorUrls }),
  )

/** The ports over what is stored. Fails if no server answers at start; from then on it reconnects by itself, for ever. */
export const engineLayer = (config: EngineConfig): Layer.Layer<EnginePorts, BrokerUnavailable | LoginRefused> =>
  Layer.unwrap(Effect.map(openEngine(config), (engine) => enginePorts(engine, config)))

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

/** The ports of a worker. Fails if no server answers at start; from then on it reconnects by itself, for ever. */
export const natsLayer = (
  config: NatsConfig,
  codec: SaidCodec,
): Layer.Layer<EnginePorts | Outbound | Questions, BrokerUnavailable | LoginRefused> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const name = config.name ?? nameDefault
      const engine = yield* openEngine(config)
      // Not the connection on which commands come in: what floods that must not hold up answers.
      const door = yield* openLink(config, config.door, doorInbox, `${name} answers`)
      const former = config.former === undefined ? null : yield* openLink(config, config.former, formerInbox, `${name} former`)
      const links = { engine, door }
      yield* watchPulse(engine, `${name} engine`, true)
      // The senders' account has no JetStream.
      yield* watchPulse(door, `${name} answers`, false)
      return Layer.mergeAll(enginePorts(engine, config), outboundLayer(links, codec), questionsLayer(door), formerCommandsLayer(former))
    }),
  )
