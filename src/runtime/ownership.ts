/**
 * How several workers share the partitions by themselves: each watches who is alive, computes the same ranking, and wants what it ranks
 * first for; what it ranks second for it follows as a hot standby.
 */
import { Effect, type Scope } from "effect"
import { Cluster } from "../ports/broker.ts"
import { logLine } from "../telemetry/names.ts"
import { runSlot } from "./lives.ts"
import type { PartitionPorts } from "./partition.ts"
import { watch } from "./reading.ts"
import { roleOf } from "./rendezvous.ts"
import { isIdle, makeSlot, type Slot, type SlotOptions } from "./slot.ts"

export interface Ownership {
  readonly slots: ReadonlyArray<Slot>
  /** Names of the workers alive, as last seen; empty before anything was seen. */
  readonly members: () => ReadonlyArray<string>
  /** Wants nothing any more: every partition is drained and its lease given back. Returns the partitions for which that took longer than `timeoutMs`. */
  readonly giveUp: (timeoutMs: number) => Effect.Effect<ReadonlyArray<number>>
}

/** Starts a slot for each partition. Nothing is wanted before the members are known. Everything ends with the scope. */
export const startOwnership: (options: SlotOptions) => Effect.Effect<Ownership, never, PartitionPorts | Scope.Scope> = Effect.fnUntraced(
  function* (options) {
    const cluster = yield* Cluster
    const slots = Array.from({ length: options.partitions }, (_, partition) => makeSlot(partition))
    let members: ReadonlyArray<string> = []
    let givingUp = false

    const assign = () => {
      for (const slot of slots) {
        slot.wanted = givingUp ? "none" : roleOf(options.worker, members, slot.partition)
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
      members: () => members,
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
