/**
 * What may be read of a partition from outside: for questions, metrics and tools. Reads only.
 *
 * While an append is in flight the state already contains it. What is read of stock, ATS or quarantine is therefore as of `appliedSeq`, and may
 * be said only once that record is confirmed, by the same owner.
 */

import { type ActorKey, type EpochMs, partitionOf } from "../domain/names.ts"
import type { KindTypes } from "./kind.ts"
import type { Partition, Phase, QuarantinedCommand } from "./partition.ts"
import { publishedSeq } from "./publishing.ts"
import { overdueSinceMs } from "./timers.ts"

/** How a partition is doing. `frozen`: an append's outcome is unknown. */
export interface PartitionStatus {
  readonly phase: Phase | "frozen"
  readonly epoch: number
  readonly confirmedSeq: number
  readonly cursorSeq: number
  /** Messages that arrived and aren't decided. */
  readonly waiting: number
  readonly openHolds: number
  /** Parts that are open, where their kind has them counted. */
  readonly openParts: number
  /** Actors that wait for something which they are owed. */
  readonly shortActors: number
  /** Records that are confirmed and not known to be said, and commands that lie behind the newest snapshot. */
  readonly unsaidRecords: number
  readonly commandsSinceSnapshot: number
  readonly quarantined: number
  readonly actors: number
  readonly atMs: number
  /** Milliseconds by which the wall clock was last seen ahead of the broker's; null: not known yet. */
  readonly clockAheadMs: number | null
  /** Chunks loaded of the snapshot that is being read, or null if none is. */
  readonly loading: { readonly chunks: number; readonly of: number } | null
}

/** How a partition is doing just now. */
export const statusOf = (partition: Partition): PartitionStatus => ({
  phase: partition.inFlight?.frozen === true ? "frozen" : partition.phase,
  epoch: partition.epoch,
  confirmedSeq: partition.confirmedSeq,
  cursorSeq: partition.cursor.seq,
  waiting: partition.reign?.arrived.length ?? 0,
  openHolds: partition.openHolds,
  openParts: partition.openParts,
  shortActors: partition.short.size,
  unsaidRecords: Math.max(0, partition.confirmedSeq - publishedSeq(partition)),
  commandsSinceSnapshot: partition.sinceSnapshot.commands,
  quarantined: partition.quarantine.size,
  actors: partition.actorList.length,
  atMs: partition.atMs,
  clockAheadMs: partition.reign?.wallClock.aheadMs ?? null,
  loading: partition.loading === null ? null : { chunks: partition.loading.next, of: partition.loading.chunks.length },
})

/** Milliseconds since the end of the open hold that should have ended first, by the broker's clock; 0: none is over. */
export const overdueMsOf = ({ holds }: Partition, brokerNowMs: EpochMs): number =>
  brokerNowMs - (overdueSinceMs(holds, brokerNowMs) ?? brokerNowMs)

/** Whether this is the partition of the key, known or not. */
export const holdsKey = (partition: Pick<Partition, "id" | "partitions">, key: ActorKey): boolean =>
  partitionOf(key, partition.partitions) === partition.id

/** A page of what lies in quarantine, oldest first: those from the `after`th on. */
export const quarantinePage = <K extends KindTypes>(
  partition: Partition<K>,
  after: number,
  limit: number,
): { readonly page: ReadonlyArray<QuarantinedCommand<K>>; readonly next: number | null } => {
  const page: Array<QuarantinedCommand<K>> = []
  let place = 0
  for (const quarantined of partition.quarantine.values()) {
    if (page.length >= limit) break
    if (place++ >= after) page.push(quarantined)
  }
  return { page, next: after + limit < partition.quarantine.size ? after + limit : null }
}

/** What lies in quarantine, oldest first. */
export const quarantineView = <K extends KindTypes>(partition: Partition<K>): ReadonlyArray<QuarantinedCommand<K>> => [
  ...partition.quarantine.values(),
]
