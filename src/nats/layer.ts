/** All that a worker needs of NATS, over one connection in each of the two accounts. */
import { Effect, Layer } from "effect"
import type { JournalRoom } from "../ports/archive.ts"
import type { Cluster, Commands, Journals, Outbound, Questions, Snapshots } from "../ports/broker.ts"
import type { BrokerUnavailable } from "../ports/errors.ts"
import { journalRoomLayer } from "./archivist.ts"
import { clusterLayer } from "./cluster.ts"
import { commandsLayer } from "./commands.ts"
import { engineInbox, workerInbox } from "./config.ts"
import { type Login, openLink, type ServerAddress } from "./connection.ts"
import { journalsLayer } from "./journals.ts"
import { outboundLayer, type SaidCodec } from "./outbound.ts"
import { questionsLayer } from "./questions.ts"
import { snapshotsLayer } from "./snapshots.ts"
import type { StreamSizes } from "./streams.ts"

export interface NatsConfig extends ServerAddress {
  /** The user of account HOLDFAST: journals, snapshots, leases, the feed's stream. */
  readonly engine: Login
  /** The user of account CHANNELS that reads commands, hears questions and answers. */
  readonly worker: Login
  /** Addresses of the servers' monitoring pages, `http://host:8222`; what isn't read there counts as not kept. */
  readonly monitorUrls: ReadonlyArray<string>
  /** Used when the commands stream is created; changed later with `nats stream edit`. Default: 1 GiB, no limit on messages. */
  readonly sizes?: Partial<StreamSizes>
  /** How the connections are called in the server's lists. Default: holdfast. */
  readonly name?: string
}

const sizesDefault: StreamSizes = { commandsBytesMax: 1_073_741_824, commandsMessagesMax: -1 }

/** The ports of a worker. Fails if no server answers at start; from then on it reconnects by itself, for ever. */
export const natsLayer = (
  config: NatsConfig,
  codec: SaidCodec,
): Layer.Layer<Cluster | Commands | JournalRoom | Journals | Outbound | Questions | Snapshots, BrokerUnavailable> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const name = config.name ?? "holdfast"
      const engine = yield* openLink(config, config.engine, engineInbox, `${name} engine`)
      const worker = yield* openLink(config, config.worker, workerInbox, `${name} worker`)
      const links = { engine, worker }
      return Layer.mergeAll(
        commandsLayer(worker),
        journalsLayer(engine),
        journalRoomLayer(engine),
        outboundLayer(links, codec),
        questionsLayer(worker),
        snapshotsLayer(engine),
        clusterLayer(links, { sizes: { ...sizesDefault, ...config.sizes }, monitorUrls: config.monitorUrls }),
      )
    }),
  )
