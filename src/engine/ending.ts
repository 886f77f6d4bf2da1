/**
 * How a reign ends. Where its state is the journal's, it ends alone: the partition follows on with all that it knows. Else the state is thrown away, by stepping down or by a halt that everybody shares.
 */
import { assert } from "../assert.ts"
import { forgetSaid } from "./actor.ts"
import { giveBackHanded } from "./handed.ts"
import { noReign, type Partition } from "./partition.ts"
import type { Halt, HaltReason, Output, ReignEndReason, StepDownReason } from "./protocol.ts"
import { countAnew } from "./snapshot-due.ts"

/** Gives the partition up, with a state that can't be followed on with. Nothing further comes from it. */
export const stepDown = (partition: Partition, reason: StepDownReason, detail: string): Array<Output> => {
  partition.phase = "stopped"
  partition.inFlight = null
  return [{ _tag: "SteppedDown", reason, detail: `partition ${partition.id}: ${detail}` }]
}

/**
 * Ends the reign and keeps the state: nothing is in flight, so that it is what its journal says up to the newest record confirmed here. All else that the reign knew is forgotten, as if it had read that journal as a standby;
 * what of it was not said is said by whoever reigns next. O(actors).
 */
export const endReign = (partition: Partition, reason: ReignEndReason): Array<Output> => {
  assert(partition.phase === "serving" && partition.inFlight === null, "INV-6 a state is kept only where it is the journal's")
  const outputs = giveBackHanded(partition)
  const { walk, published } = partition
  // Nobody waits any longer to hear that they are stored: until the next is, all behind the one before has to be replayed.
  for (const begun of [walk, published]) if (begun !== null) countAnew(partition, begun.before)
  Object.assign(partition, noReign())
  for (const actor of partition.actorList) forgetSaid(actor)
  partition.publishing.republishAfterSeq = partition.saidSeq
  partition.phase = "following"
  outputs.push({ _tag: "ReignEnded", reason })
  if (walk !== null) outputs.push({ _tag: "DiscardSnapshot", id: walk.id })
  outputs.push({ _tag: "FollowJournal", fromSeq: partition.confirmedSeq + 1 })
  return outputs
}

/** Leaves the partition to those who can read what a newer release wrote. No halt: a worker of an older release must not stop the owner of a newer one. */
export const stepAside = (partition: Partition, detail: string): Array<Output> => [
  { _tag: "Alarm", kind: "NewerRelease", detail: `partition ${partition.id}: ${detail}` },
  ...stepDown(partition, "NewerRelease", detail),
]

/** Stops the partition until an operator has looked at it. */
export const halt = (partition: Partition, reason: HaltReason, detail: string, nowMs: number): Array<Output> => {
  partition.phase = "halted"
  partition.inFlight = null
  const halted: Halt = { reason, detail: `partition ${partition.id}: ${detail}`, atMs: nowMs, resume: null }
  return [{ _tag: "Halted", halt: halted }]
}
