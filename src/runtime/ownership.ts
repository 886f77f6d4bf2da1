/**
 * How several workers share the partitions by themselves: each watches who is alive, computes the same ranking, and wants what it ranks
 * first for; what it ranks second for it follows as a hot standby.
 */
import { Effect, type Scope } from "effect"
import { Cluster, Journals } from "../ports/broker.ts"
import { logLine } from "../telemetry/names.ts"
import { runSlot } from "./lives.ts"
import type { PartitionPorts, RunningPartition } from "./partition.ts"
import { untilDone } from "./patience.ts"
import { watch } from "./reading.ts"
import { roleOf } from "./rendezvous.ts"
import { makeSignal } from "./signal.ts"
import { isHalted, isIdle, makeSlot, type Slot, type SlotOptions } from "./slot.ts"

export interface Ownership {
  readonly slots: ReadonlyArray<Slot>
  /** Names of the workers alive, as last seen; empty before anything was seen. */
  readonly members: () => ReadonlyArray<string>
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
    let members: ReadonlyArray<string> | null = null
    const known = makeSignal()
    let givingUp = false

    const assign = () => {
      const alive = members ?? []
      for (const slot of slots) {
        slot.wanted = givingUp ? "none" : roleOf(options.worker, [...alive, options.worker], slot.partition)
        slot.isMember = alive.includes(options.worker)
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
      members: (names) => {
        members = names
        assign()
        known.notify()
      },
      lease: (partition, holder, brokerMs) =>
        change(partition, (slot) => {
          slot.holder = holder
          // A renewal carries the broker's time: what journaled time may not run ahead of, on a partition without commands.
          if (slot.running?.isClaimed() === true) slot.running.tell({ _tag: "BrokerTimeSeen", brokerMs })
        }),
      halt: (partition, halt) =>
        change(partition, (slot) => {
          slot.halt = halt
        }),
    })
    for (const slot of slots) yield* Effect.forkScoped(runSlot(slot, options))

    return {
      slots,
      members: () => members ?? [],
      caughtUp: (timeoutMs) =>
        known
          .until(() => members !== null)
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
  readonly members: (workers: ReadonlyArray<string>) => void
  readonly lease: (partition: number, holder: string | null, brokerMs: number) => void
  readonly halt: (partition: number, halt: Slot["halt"]) => void
}

const watchCluster = Effect.fnUntraced(function* (cluster: Cluster["Service"], changes: ClusterChanges) {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  yield* Effect.forkScoped(
    watch("watching the workers", cluster.members, (members) => {
      const names = members.map((member) => member.worker).sort()
      run(Effect.logInfo(logLine.membersChanged, { members: names }))
      changes.members(names)
    }),
  )
  yield* Effect.forkScoped(
    watch("watching the leases", cluster.leases, (seen) => changes.lease(seen.partition, seen.holder, seen.brokerMs)),
  )
  yield* Effect.forkScoped(watch("watching the halts", cluster.halts, (seen) => changes.halt(seen.partition, seen.halt)))
})
