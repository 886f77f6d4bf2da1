/**
 * One life of a partition after another, on one worker.
 *
 * A life ends when the engine steps down or halts, or when this worker has nothing to do with the partition any more; not with a lease, nor with a reign. Its state is
 * thrown away each time; the next life begins as a standby that reads the journal.
 */
import { Cause, Clock, Effect, type Exit } from "effect"
import type { Halt } from "../engine/protocol.ts"
import { Cluster } from "../ports/broker.ts"
import { logLine } from "../telemetry/names.ts"
import { forgetPosition, keepUp } from "./keeping-up.ts"
import { hasLapsedOf, keepLease, releaseLease } from "./lease.ts"
import { type PartitionPorts, type RunningPartition, startPartition } from "./partition.ts"
import { untilDone } from "./patience.ts"
import { isHalted, type Slot, type SlotOptions } from "./slot.ts"
import type { LifeEnd } from "./standing-outputs.ts"

type LifeOutcome = LifeEnd | { readonly _tag: "NotWanted" }

/** Milliseconds before a partition whose life ended against its will is started again: two that fence each other must not do so in a loop. */
const restartDelayMs = 200
const restartAfterDefectMs = 2_000

/** Ends a life that is not wanted any more. It must have no lease and no claim: then it only follows the journal, and can end at any time. */
const notWanted = (slot: Slot, running: RunningPartition): Effect.Effect<LifeOutcome> =>
  Effect.as(
    slot.signal.until(() => (slot.wanted === "none" || isHalted(slot)) && slot.lease === null && !running.isClaimed()),
    { _tag: "NotWanted" },
  )

const live = Effect.fnUntraced(function* (slot: Slot, options: SlotOptions) {
  const { partition, signal } = slot
  const { haltRevision } = yield* Cluster
  slot.haltRevision = yield* untilDone(`reading the halt of partition ${partition}`, haltRevision(partition))
  const hasLapsed = hasLapsedOf(slot, options, yield* Clock.Clock)
  const running = yield* startPartition({ partition, partitions: options.partitions, changed: signal.notify, hasLapsed })
  slot.running = running
  slot.signal.notify()
  yield* Effect.forkScoped(keepUp(slot, running))
  yield* Effect.forkScoped(keepLease(slot, running, options))
  const ended: Effect.Effect<LifeOutcome> = running.ended
  return yield* Effect.raceFirst(ended, notWanted(slot, running))
}, Effect.scoped)

/**
 * Shares a halt, so that it survives this worker. A halt that stands and that no operator has answered is not replaced: the first one says most about the cause. One that was found by a life
 * from before a halt that an operator has answered since (a standby that slept, a claimant that asked before) is not shared: the next life begins with what the journal says now, and finds it again
 * if it is still so.
 */
const shareHalt = Effect.fnUntraced(function* (slot: Slot, halt: Halt) {
  slot.halt = halt
  yield* Effect.logError(logLine.halted, { partition: slot.partition, reason: halt.reason, detail: halt.detail })
  const cluster = yield* Cluster
  const put = Effect.flatMap(cluster.marks(slot.partition), ({ halt: stands }) =>
    stands !== null && stands.resume === null ? Effect.succeed(stands) : cluster.putHalt(slot.partition, halt, slot.haltRevision),
  )
  const stands = yield* untilDone(`sharing the halt of partition ${slot.partition}`, put)
  // Whatever the watch has told meanwhile is as new.
  if (slot.halt === halt) slot.halt = stands
})

const afterwards = Effect.fnUntraced(function* (slot: Slot, exit: Exit.Exit<LifeOutcome>) {
  const { partition } = slot
  if (exit._tag === "Failure") {
    yield* Effect.logError("a partition's fiber died; it starts again", { partition, cause: Cause.pretty(exit.cause) })
    yield* Effect.sleep(restartAfterDefectMs)
    return
  }
  const ending = exit.value
  if (ending._tag === "SteppedDown") {
    const log = ending.reason === "NewerRelease" ? Effect.logError(logLine.newerRelease, { partition, detail: ending.detail }) : Effect.void
    yield* Effect.andThen(Effect.logInfo(logLine.steppedDown, { partition, reason: ending.reason, detail: ending.detail }), log)
    yield* Effect.sleep(restartDelayMs)
  }
})

/** Why no other life is to begin, if that is so. */
const whyPassedOver = (ending: LifeOutcome): string | null =>
  ending._tag === "SteppedDown" && ending.reason === "NewerRelease" ? `NewerRelease: ${ending.detail}` : null

/** Leaves the partition to those who can read it, for good: another life would read as far, and stop there again. */
const passOver = (slot: Slot, why: string): void => {
  slot.passedOver = why
  slot.wanted = "none"
}

/** One life after another, for as long as the fiber lives. */
export const runSlot = (slot: Slot, options: SlotOptions): Effect.Effect<never, never, PartitionPorts> =>
  slot.signal
    .until(() => slot.wanted !== "none" && !isHalted(slot))
    .pipe(
      Effect.andThen(
        Effect.gen(function* () {
          const exit = yield* Effect.exit(live(slot, options))
          const why = exit._tag === "Success" ? whyPassedOver(exit.value) : null
          if (why !== null) passOver(slot, why)
          slot.running = null
          forgetPosition(slot)
          // The halt is shared before the lease is given back, so that whoever takes the lease finds it.
          if (exit._tag === "Success" && exit.value._tag === "Halted") yield* shareHalt(slot, exit.value.halt)
          yield* releaseLease(slot, options)
          slot.signal.notify()
          yield* afterwards(slot, exit)
        }),
      ),
      Effect.forever,
    )
