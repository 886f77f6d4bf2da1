/**
 * Making a cluster in two steps, as the port `ClusterMaking`: with a worker's login, which may make what is missing and append, and can neither change nor remove what is there.
 */
import { Effect, Layer } from "effect"
import { Kind, type PartitionCounts } from "../domain/kinds.ts"
import { BrokerUnavailable, TopologyMismatch } from "../ports/errors.ts"
import { ClusterMaking } from "../ports/making.ts"
import { journalPartition, journalStream } from "../wire/subjects.ts"
import { heldIn } from "./archivist.ts"
import { attempt } from "./attempt.ts"
import { engineInbox } from "./config.ts"
import { type Link, openLink } from "./connection.ts"
import { describe } from "./errors.ts"
import { type EngineConfig, sizesDefault } from "./layer.ts"
import { knownPartitions } from "./partition-count.ts"
import { prepareMarks, prepareTopology, streamInfoOrNull, type TopologyOptions } from "./topology.ts"

const making = <A>(operation: string, make: () => Promise<A>): Effect.Effect<A, BrokerUnavailable | TopologyMismatch> =>
  Effect.tryPromise({
    try: make,
    catch: (error) => (error instanceof TopologyMismatch ? error : new BrokerUnavailable({ operation, cause: describe(error) })),
  })

/** The kind and partition of a journal's stream; undefined: it is none of a journal. */
const journalNamed = (stream: string): { readonly kind: Kind; readonly partition: number } | undefined => {
  for (const kind of Kind) {
    const partition = journalPartition(kind, stream)
    if (partition !== undefined) return { kind, partition }
  }
  return undefined
}

const serviceOf = (link: Link, config: EngineConfig): ClusterMaking["Service"] => {
  const optionsOf = (partitions: PartitionCounts, replicas: number): TopologyOptions => ({
    partitions,
    replicas,
    sizes: { ...sizesDefault, ...config.sizes },
    monitorUrls: config.monitorUrls,
    strict: false,
  })
  return {
    partitions: making("look how many partitions there are", () => knownPartitions(link)),
    held: (kind, partition) =>
      attempt(link, `look at journal ${partition}`, () => streamInfoOrNull(link.lookups, journalStream(kind, partition))).pipe(
        Effect.map((info) => (info === null ? null : heldIn(info))),
      ),
    makeMarks: (partitions, replicas) => making("make the marks", () => prepareMarks(link, optionsOf(partitions, replicas))),
    makeStreams: (partitions, replicas, firstSeqOf) =>
      making("make the streams", async () => {
        const firstSeq = (stream: string): number => {
          const named = journalNamed(stream)
          return named === undefined ? 1 : firstSeqOf(named.kind, named.partition)
        }
        await prepareTopology(link, { ...optionsOf(partitions, replicas), firstSeq })
      }),
  }
}

/** Connects with a worker's login. Fails if no server answers now. */
export const makingLayer = (config: EngineConfig) =>
  Layer.effect(
    ClusterMaking,
    Effect.map(openLink(config, config.engine, engineInbox, `${config.name ?? "holdfast"} making`), (link) => serviceOf(link, config)),
  )
