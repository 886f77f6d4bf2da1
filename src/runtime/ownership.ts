/**
 * How several workers share the partitions by themselves: each watches who is alive and computes the same ranking. It wants the partitions in which it ranks first, and follows
 * those in which it ranks second as a hot standby.
 */
import { Clock, Effect, type Scope } from "effect"
import { type AnnouncedMember, Cluster, type HaltChange, type Member } from "../ports/broker.ts"
import { logLine } from "../telemetry/names.ts"
import { runSlot } from "./lives.ts"
import type { MemberSeen } from "./outage.ts"
import type { PartitionPorts } from "./partition.ts"
import { watch } from "./reading.ts"
import { type PartitionRole, roleOf } from "./rendezvous.ts"
import { namesOf, Roster } from "./roster.ts"
import { makeSignal } from "./signal.ts"
import { heardHalt, isHalted, isIdle, makeSlot, type Slot, type SlotOptions } from "./slot.ts"

/** A slot for each partition, and the workers that are seen alive. */
export interface Ownership {
  readonly slots: ReadonlyArray<Slot>
  /** Names of the workers alive, as last seen; empty before anything was seen. */
  readonly members: () => ReadonlyArray<string>
  /** What was last heard of each of them, and when, on the monotonic clock. */
  readonly heard: () => ReadonlyMap<string, MemberSeen>
  /** When anything was last heard of any of them. */
  readonly membersHeardMs: () => number
  /** Returns once this worker has caught up with the journals of all that will be its. One that can't be read, or brings nothing for a while, isn't waited for: it is passed over for that one. */
  readonly caughtUp: Effect.Effect<void>
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
    const slots = Array.from({ length: options.partitions[options.kind] }, (_, partition) => makeSlot(partition))
    const clock = yield* Clock.Clock
    const steadyMs = () => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)
    const roster = new Roster(steadyMs())
    const known = makeSignal()
    const run = Effect.runForkWith(yield* Effect.context<never>())
    let givingUp = false

    const assignOne = (slot: Slot) => {
      slot.wanted = givingUp || slot.passedOver !== null ? "none" : roleAmong(roster.members ?? [], options.worker, slot)
      slot.isMember = roster.members?.some(({ worker }) => worker === options.worker) === true
      slot.signal.notify()
    }
    const assign = () => {
      for (const slot of slots) assignOne(slot)
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
          // A renewal carries the broker's time. Standbys hear it too, so as to know what time it is before they decide anything. A message that a lease was given back may be
          // old, so its time is not used.
          if (holder !== null) slot.running?.tell({ _tag: "BrokerTimeSeen", brokerMs })
        }),
      halt: ({ partition, halt, revision }) => change(partition, (slot) => heardHalt(slot, halt, revision)),
    })
    for (const slot of slots) {
      yield* Effect.forkScoped(runSlot(slot, options))
      yield* Effect.forkScoped(onCaughtUpChange(slot, () => assignOne(slot)))
    }

    return {
      slots,
      members: () => namesOf(roster.members ?? []),
      heard: () => roster.heard,
      membersHeardMs: () => roster.heardMs,
      caughtUp: known
        .until(() => roster.members !== null)
        .pipe(Effect.andThen(eachUntil(slots, (slot) => slot.wanted === "none" || isHalted(slot) || slot.isCaughtUp || slot.isStuck))),
      giveUp: Effect.fnUntraced(function* (timeoutMs) {
        givingUp = true
        assign()
        yield* eachUntil(slots, isIdle).pipe(Effect.timeoutOption(timeoutMs))
        return slots.filter((slot) => !isIdle(slot)).map((slot) => slot.partition)
      }),
    }
  },
)

/** Returns once that holds, or has held, for each of them. */
const eachUntil = (slots: ReadonlyArray<Slot>, holds: (slot: Slot) => boolean): Effect.Effect<void> =>
  Effect.forEach(slots, (slot) => slot.signal.until(() => holds(slot)), { concurrency: "unbounded", discard: true })

/** What this worker should be to the partition, whether the others already know of it or not. */
const roleAmong = (members: ReadonlyArray<Member>, self: string, slot: Slot): PartitionRole => {
  const others = members.filter(({ worker }) => worker !== self)
  const isCaughtUp = (worker: string) => (worker === self ? slot.isCaughtUp : hasCaughtUp(others, worker, slot))
  return roleOf(self, [...readersAmong(others, slot), self], slot.partition, isCaughtUp)
}

/** The members that can read the partition's journal. The others are left out of the ranking, so that they don't stand in the way. */
const readersAmong = (members: ReadonlyArray<Member>, { partition }: Slot): ReadonlyArray<string> =>
  namesOf(members.filter(({ unreadable }) => !unreadable.includes(partition)))

/** Whether a member has caught up with the partition's journal, as far as it has said. */
const hasCaughtUp = (members: ReadonlyArray<Member>, worker: string, { partition }: Slot): boolean => {
  const said = members.find((member) => member.worker === worker)?.caughtUp
  return said === null || said?.includes(partition) === true
}

/** Signals when this worker has caught up with the partition or has fallen behind: that can change its role. */
const onCaughtUpChange = (slot: Slot, changed: () => void): Effect.Effect<never> =>
  Effect.suspend(() => {
    const before = slot.isCaughtUp
    return Effect.map(
      slot.signal.until(() => slot.isCaughtUp !== before),
      changed,
    )
  }).pipe(Effect.forever)

interface ClusterChanges {
  readonly members: (workers: ReadonlyArray<AnnouncedMember>) => void
  readonly lease: (partition: number, holder: string | null, brokerMs: number) => void
  readonly halt: (change: HaltChange) => void
}

const watchCluster = Effect.fnUntraced(function* (cluster: Cluster["Service"], changes: ClusterChanges) {
  yield* Effect.forkScoped(watch("watching the workers", cluster.members, (members) => changes.members(members)))
  yield* Effect.forkScoped(
    watch("watching the leases", cluster.leases, (seen) => changes.lease(seen.partition, seen.holder, seen.brokerMs)),
  )
  yield* Effect.forkScoped(watch("watching the halts", cluster.halts, changes.halt))
})
