/**
 * A worker's relation to one partition: what it should be to it, and what it is. Plain state, changed by those who watch the cluster,
 * by the lease and by the lives; each change is signalled.
 */
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import type { Halt } from "../engine/protocol.ts"
import { statusOf } from "../engine/views.ts"
import type { Progress } from "../ports/broker.ts"
import type { CarriedLook } from "./carried-clock.ts"
import type { PartitionFigures } from "./figures.ts"
import type { RunningPartition } from "./partition.ts"
import type { PartitionRole } from "./rendezvous.ts"
import { makeSignal, type Signal } from "./signal.ts"

/** The lease while it is ours. */
export interface Lease {
  /** What renewing and releasing it needs. */
  readonly revision: number
  /** When the request that last renewed it was begun, on the monotonic clock, in milliseconds: the server counts its TTL from no earlier. */
  readonly sinceMs: number
}

/** What all slots of a worker have in common. */
export interface SlotOptions {
  readonly worker: string
  readonly kind: Kind
  readonly partitions: PartitionCounts
  readonly leaseTtlMs: number
}

/** What this worker knows of its relation to one partition. */
export interface Slot {
  readonly partition: number
  /** Told whenever anything here changes. */
  readonly signal: Signal
  /** The role among those alive and this worker, whether the others already know of it or not. */
  wanted: PartitionRole
  /** Whether the others know of this worker. */
  isMember: boolean
  /** The shared halt, as last seen. */
  halt: Halt | null
  /** The revision of the halt that was seen last; 0 before any was. */
  haltSeenRevision: number
  /** The halt's revision from before this life began: what it finds, it finds in what stood since then. */
  haltRevision: number
  /** Why this worker leaves the partition to others, if it does: a newer release writes its journal. It stays so until this process ends: its release can't change before. */
  passedOver: string | null
  /** Who holds the lease, as last seen: undefined before anything was seen. */
  holder: string | null | undefined
  lease: Lease | null
  running: RunningPartition | null
  /** How this worker gets on with it, as it last looked; null where it doesn't own it. */
  progress: Progress | null
  /** What its actors have under way to others, as it last looked; null where it doesn't own it. */
  carried: CarriedLook | null
  /** What it counted of it, as it last looked; null where it doesn't own it. */
  figures: PartitionFigures | null
  /** Where the journal ended when this life last asked; null before it was told. */
  endSeq: number | null
  /** Whether this life follows the journal closely, or owns the partition: it reached the end that it was last told within a look's time. */
  isCaughtUp: boolean
  /** Whether this life has brought nothing forward for a while, and has not caught up: joining the others doesn't wait for it. */
  isStuck: boolean
}

/** A slot of a worker that wants nothing of the partition yet. */
export const makeSlot = (partition: number): Slot => ({
  partition,
  signal: makeSignal(),
  wanted: "none",
  isMember: false,
  halt: null,
  haltSeenRevision: 0,
  haltRevision: 0,
  passedOver: null,
  holder: undefined,
  lease: null,
  running: null,
  progress: null,
  carried: null,
  figures: null,
  endSeq: null,
  isCaughtUp: false,
  isStuck: false,
})

/**
 * Takes in what the watch tells of the shared halt. Where a life began under a halt that was answered, and that one is lifted, nothing was halted since it began: what it finds from then on is its own, and is
 * shared over what stands now.
 */
export const heardHalt = (slot: Slot, halt: Halt | null, revision: number): void => {
  const isItsLifted = halt === null && slot.halt !== null && slot.halt.resume !== null && slot.haltRevision === slot.haltSeenRevision
  if (isItsLifted) slot.haltRevision = revision
  slot.haltSeenRevision = revision
  slot.halt = halt
}

/** Whether nobody may serve the partition: it is halted, and no operator has said to go on. */
export const isHalted = (slot: Slot): boolean => slot.halt !== null && slot.halt.resume === null

/** Whether this worker may go on owning the partition. A worker that isn't seen among the members for a moment keeps its partitions: the others can't take them as long as it renews the leases. */
export const mayOwn = (slot: Slot): boolean => slot.wanted === "owner" && !isHalted(slot)

/** Whether this worker leaves the partition to those who can read it. */
export const isPassedOver = (slot: Slot): boolean => slot.passedOver !== null

/** Whether this worker should try to become the partition's owner: it has caught up, and no claim of it is still open. Otherwise its lease would run out unused while it still reads. */
export const shouldAcquire = (slot: Slot): boolean =>
  slot.isMember &&
  mayOwn(slot) &&
  !isPassedOver(slot) &&
  slot.isCaughtUp &&
  slot.running !== null &&
  statusOf(slot.running.state).phase === "following"

/** Whether nothing is left to do here: no life, no lease. */
export const isIdle = (slot: Slot): boolean => slot.running === null && slot.lease === null

/** Whether this worker serves the partition now. */
export const isServing = (slot: Slot): boolean => slot.running !== null && statusOf(slot.running.state).phase === "serving"

/** Whether this worker is the partition's owner: also while the outcome of an append is unknown, and nothing is decided. */
export const isOwning = (slot: Slot): boolean =>
  isServing(slot) || (slot.running !== null && statusOf(slot.running.state).phase === "frozen")
