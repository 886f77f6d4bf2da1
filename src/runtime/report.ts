/**
 * What a worker says about itself: whether it is ready, and how each of its partitions is.
 */
import type { Kind } from "../domain/kinds.ts"
import { statusOf } from "../engine/views.ts"
import type { PartitionFigures } from "./figures.ts"
import type { KindWorker } from "./kind-worker.ts"
import type { PartitionRole } from "./rendezvous.ts"
import { isHalted, isServing, type Slot } from "./slot.ts"
import type { OutageReport } from "./vigil.ts"

/** What a worker says of one partition. */
export interface PartitionReport {
  readonly kind: Kind
  readonly partition: number
  /** What this worker should be to it. */
  readonly role: PartitionRole
  /** The engine's phase; "unreadable" where a newer release writes its journal, or its commands lie where this worker has no login, "absent" where this worker has nothing to do with it. */
  readonly phase: ReturnType<typeof statusOf>["phase"] | "unreadable" | "absent"
  readonly epoch: number
  readonly confirmedSeq: number
  /** Where its journal ended when this worker last asked, where it follows it: what lies between is what it is behind. */
  readonly endSeq: number | null
  /** Whether it is close enough to own it. */
  readonly caughtUp: boolean
  /** Chunks loaded of the snapshot that a life begins with, while it does. */
  readonly loading: { readonly chunks: number; readonly of: number } | null
  /** Commands that its actors sent to others and whose decision has not come back, and for how long the oldest has had none; null where this worker doesn't own it. */
  readonly underWay: { readonly count: number; readonly oldestSeconds: number } | null
  /** What its owner counted of it a moment ago; null where this worker doesn't own it, or has not looked yet. */
  readonly figures: PartitionFigures | null
  /** Who holds the lease, as far as this worker knows. */
  readonly holder: string | null
  /** Why it is halted, or can't be read here, if either is so. */
  readonly halt: string | null
}

/** What a worker says of itself. */
export interface WorkerReport {
  readonly worker: string
  /** Joined for every kind, and every partition that it should own is served, by it or still by its former owner; and every one that it can't read is somebody's. */
  readonly ready: boolean
  readonly state: "joining" | "joined" | "leaving"
  /** The workers alive, of any kind. */
  readonly members: ReadonlyArray<string>
  readonly partitions: ReadonlyArray<PartitionReport>
}

/** What a worker says of the whole cluster. */
export interface Readiness extends WorkerReport {
  /** This worker alone: what {@link WorkerReport.ready} says. `ready` here is of the cluster: this worker is, and every partition is served by somebody. */
  readonly workerReady: boolean
  readonly outages: ReadonlyArray<OutageReport>
}

/** What /ready answers: the cluster as this worker sees it. */
export const readinessOf = (report: WorkerReport, kinds: ReadonlyArray<Pick<KindWorker, "vigil">>): Readiness => ({
  ...report,
  ready: report.ready && kinds.every(({ vigil }) => vigil.isServed()),
  workerReady: report.ready,
  outages: kinds.flatMap(({ vigil }) => vigil.outages()),
})

const partitionReport = (kind: Kind, slot: Slot): PartitionReport => {
  const status = slot.running === null ? null : statusOf(slot.running.state)
  const halted = isHalted(slot)
  return {
    kind,
    partition: slot.partition,
    role: slot.wanted,
    phase: halted ? "halted" : slot.passedOver !== null ? "unreadable" : (status?.phase ?? "absent"),
    epoch: status?.epoch ?? 0,
    confirmedSeq: status?.confirmedSeq ?? 0,
    endSeq: slot.running?.isClaimed() === true ? null : slot.endSeq,
    caughtUp: slot.isCaughtUp,
    loading: status?.loading ?? null,
    underWay: slot.carried === null ? null : { count: slot.carried.underWay, oldestSeconds: Math.round(slot.carried.oldestMs / 1_000) },
    figures: slot.figures,
    holder: slot.holder ?? null,
    halt: halted && slot.halt !== null ? `${slot.halt.reason}: ${slot.halt.detail}` : slot.passedOver,
  }
}

/** Whether a partition that this worker should own is looked after. */
const isLookedAfter = (slot: Slot, worker: string): boolean => {
  const isWithAnother = slot.lease === null && slot.holder !== null && slot.holder !== undefined && slot.holder !== worker
  // After a rollback to an older release, maybe no worker can read the partition's journal. Then none of the workers that passed it over is ready.
  if (slot.passedOver !== null) return isWithAnother
  if (slot.wanted !== "owner") return true
  if (isHalted(slot)) return false
  return isWithAnother || isServing(slot)
}

/** What this worker says of itself now. */
export const workerReport = (
  worker: string,
  kinds: ReadonlyArray<Pick<KindWorker, "kind" | "ownership">>,
  isLeaving: boolean,
): WorkerReport => {
  const isJoined = kinds.every(({ ownership }) => ownership.members().includes(worker))
  const isWell = kinds.every(({ ownership }) => ownership.slots.every((slot) => isLookedAfter(slot, worker)))
  return {
    worker,
    ready: isJoined && !isLeaving && isWell,
    state: isLeaving ? "leaving" : isJoined ? "joined" : "joining",
    members: [...new Set(kinds.flatMap(({ ownership }) => ownership.members()))].sort(),
    partitions: kinds.flatMap(({ kind, ownership }) => ownership.slots.map((slot) => partitionReport(kind, slot))),
  }
}
