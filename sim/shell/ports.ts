/**
 * All ports of a worker over its connections to simulated servers: one among the engines, one among the senders, as the real adapter has them.
 */
import { Layer } from "effect"
import type { Cluster, Commands, Journals, Outbound, Questions, Snapshots } from "../../src/ports/broker.ts"
import type { Connection } from "./connection.ts"
import type { Servers } from "./servers.ts"
import { clusterLayer, snapshotsLayer } from "./shared-ports.ts"
import { commandsLayer, journalsLayer, outboundLayer, questionsLayer, type SaidCodec } from "./stream-ports.ts"

/** A worker's two connections. */
export interface WorkerConnections {
  readonly engine: Connection
  readonly worker: Connection
}

export const workerPorts = (
  servers: Servers,
  { engine, worker }: WorkerConnections,
  codec: SaidCodec,
): Layer.Layer<Cluster | Commands | Journals | Outbound | Questions | Snapshots> =>
  Layer.mergeAll(
    clusterLayer(servers, engine),
    snapshotsLayer(servers, engine),
    journalsLayer(servers, engine),
    outboundLayer(servers, { engine, worker }, codec),
    commandsLayer(servers, worker),
    questionsLayer(servers, worker),
  )
