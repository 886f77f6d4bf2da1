/**
 * What making a cluster takes for whoever writes its journals anew: its marks before its journals, so that nobody can begin a journal that isn't whole yet.
 */
import { Context, type Effect } from "effect"
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import type { JournalHeld } from "./archive.ts"
import type { BrokerUnavailable, TopologyMismatch } from "./errors.ts"

/** A cluster that is being made. */
export class ClusterMaking extends Context.Service<
  ClusterMaking,
  {
    /** How many partitions the cluster says it has; null: nobody has made it yet. */
    readonly partitions: Effect.Effect<PartitionCounts | null, BrokerUnavailable | TopologyMismatch>
    /** What a journal's stream holds; null: there is no such stream. */
    readonly held: (kind: Kind, partition: number) => Effect.Effect<JournalHeld | null, BrokerUnavailable>
    /** Makes the bucket of marks where it is missing, and says there how many partitions there are. */
    readonly makeMarks: (partitions: PartitionCounts, replicas: number) => Effect.Effect<void, BrokerUnavailable | TopologyMismatch>
    /** Makes all other streams that are missing. A journal's first record gets the number that `firstSeqOf` says. */
    readonly makeStreams: (
      partitions: PartitionCounts,
      replicas: number,
      firstSeqOf: (kind: Kind, partition: number) => number,
    ) => Effect.Effect<void, BrokerUnavailable | TopologyMismatch>
  }
>()("holdfast/ports/ClusterMaking") {}
