/**
 * How several workers share the partitions by themselves: each watches who is alive, computes the same ranking, and wants what it ranks
 * first for; what it ranks second for it follows as a hot standby.
 */
import { Clock, Effect, type Scope } from "effect"
import { type AnnouncedMember, Cluster, Journals, type Member } from "../ports/broker.ts"
import { logLine } from "../telemetry/names.ts"
import { runSlot } from "./lives.ts"
import type { MemberSeen } from "./outage.ts"
import type { PartitionPorts, RunningPartition } from "./partition.ts"
import { untilDone } from "./patience.ts"
import { watch } from "./reading.ts"
import { roleOf } from "./rendezvous.ts"
import { namesOf, Roster } from "./roster.ts"
import { makeSignal } from "./signal.ts"
import { isHalted, isIdle, makeSlot, type Slot, type SlotOptions } from "./slot.ts"

export interface Ownership {
  readonly slots: ReadonlyArray<Slot>
  /** Names of the workers alive, as last seen; empty before anything was seen. */
  readonly members: () => ReadonlyArray<string>
  /** What was last heard of each of them, and when, on the monotonic clock. */
  readonly heard: () => ReadonlyMap<string, MemberSeen>
  /** When anything was last heard of any of them. */
  readonly membersHeardMs: () => number
  /** Returns once this worker has followed the journals of all that will be its to where they ended when this was asked, or `timeoutMs` have passed. */
  readonly caughtUp: (timeoutMs: number) => Effect.Effect<void>
  /** Wants nothing any more: every partition is drained and its lease given back. Returns the partitions for which that took longer than `timeoutMs`. */
  readonly giveUp: (timeoutMs: number) => Effect.Effect<ReadonlyArray<number>>
}

/**
 * Starts a slot for each partition. Nothing is wanted before the members are known; from then on it follows what will be its own, and owns
 * it once it is a member itself. Everything ends with the scope.
 */
export const startOwnership: (options: SlotOptions) => Effect.Effect<Ownership, never, PartitionPorts | Scope.Scope> = Effect.fnUntraced(
  function* (options) {
    const cluster = yield* Cluster
    const slots = Array.from({ length: options.partitions }, (_, partition) => makeSlot(partition))
    const journals = yield* Journals
    const clock = yield* Clock.Clock
    const steadyMs = () => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)
    const roster = new Roster(steadyMs())
    const known = makeSignal()
    const run = Effect.runForkWith(yield* Effect.context<never>())
    let givingUp = false

    const assign = () => {
      const others = (roster.members ?? []).filter(({ worker }) => worker !== options.worker)
      const isMember = roster.members?.some(({ worker }) => worker === options.worker) === true
      for (const slot of slots) {
        slot.wanted =
          givingUp || slot.newer !== null ? "none" : roleOf(options.worker, [...readersAmong(others, slot), options.worker], slot.partition)
        slot.isMember = isMember
        slot.signal.notify()
      }
    }
    const change = (partition: number, apply: (slot: Slot) => void) => {
      const slot = slots[partition]
      if (slot === undefined) return
      apply(slot)
      slot.signal.notify()
    }

    yield* watchCluster(cluster, {
      members: (alive) => {
        if (!roster.hear(alive, steadyMs())) return
        run(Effect.logInfo(logLine.membersChanged, { members: namesOf(alive) }))
        assign()
        known.notify()
      },
      lease: (partition, holder, brokerMs) =>
        change(partition, (slot) => {
          slot.holder = holder
          // A renewal carries the broker's time. Standbys hear it too, so as to know what time it is before they decide anything. That a lease was given back may be old news.
          if (holder !== null) slot.running?.tell({ _tag: "BrokerTimeSeen", brokerMs })
        }),
      halt: (partition, halt) =>
        change(partition, (slot) => {
          slot.halt = halt
        }),
    })
    for (const slot of slots) yield* Effect.forkScoped(runSlot(slot, options))

    return {
      slots,
      members: () => namesOf(roster.members ?? []),
      heard: () => roster.heard,
      membersHeardMs: () => roster.heardMs,
      caughtUp: (timeoutMs) =>
        known
          .until(() => roster.members !== null)
          .pipe(
            Effect.andThen(Effect.forEach(slots, (slot) => catchUp(journals, slot), { concurrency: "unbounded", discard: true })),
            Effect.timeoutOption(timeoutMs),
          ),
      giveUp: Effect.fnUntraced(function* (timeoutMs) {
        givingUp = true
        assign()
        yield* Effect.forEach(slots, (slot) => slot.signal.until(() => isIdle(slot)), { concurrency: "unbounded", discard: true }).pipe(
          Effect.timeoutOption(timeoutMs),
        )
        return slots.filter((slot) => !isIdle(slot)).map((slot) => slot.partition)
      }),
    }
  },
)

/** Who of them can read the partition's journal: one that can't must not stand in the way of those that can. */
const readersAmong = (members: ReadonlyArray<Member>, { partition }: Slot): ReadonlyArray<string> =>
  namesOf(members.filter(({ unreadable }) => !unreadable.includes(partition)))

/** Returns once what this worker follows of the partition reaches to where the journal ends now, or it doesn't follow it. */
const catchUp = Effect.fnUntraced(function* (journals: Journals["Service"], slot: Slot) {
  const isOff = () => slot.wanted === "none" || isHalted(slot)
  const endSeq = yield* untilDone(`reading the end of the journal of partition ${slot.partition}`, journals.endSeq(slot.partition))
  let life: RunningPartition | null = null
  let isThere = false
  while (!isThere && !isOff()) {
    // A life that ended before it got there isn't waited for again.
    yield* slot.signal.until(() => slot.running !== life || isOff())
    life = slot.running
    if (life !== null) isThere = yield* life.confirmed(endSeq)
  }
})

interface ClusterChanges {
  readonly members: (workers: ReadonlyArray<AnnouncedMember>) => void
  readonly lease: (partition: number, holder: string | null, brokerMs: number) => void
  readonly halt: (partition: number, halt: Slot["halt"]) => void
}

const watchCluster = Effect.fnUntraced(function* (cluster: Cluster["Service"], changes: ClusterChanges) {
  yield* Effect.forkScoped(watch("watching the workers", cluster.members, (members) => changes.members(members)))
  yield* Effect.forkScoped(
    watch("watching the leases", cluster.leases, (seen) => changes.lease(seen.partition, seen.holder, seen.brokerMs)),
  )
  yield* Effect.forkScoped(watch("watching the halts", cluster.halts, (seen) => changes.halt(seen.partition, seen.halt)))
})
