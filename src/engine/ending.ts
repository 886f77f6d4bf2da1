/**
 * How a reign ends. Where its state is the journal's, it ends alone: the partition follows on with all that it knows. Else the state is thrown away, by stepping down or by a halt that everybody shares.
 */
import { assert } from "../assert.ts"
import { forgetSaid } from "./actor.ts"
import { giveBackHanded } from "./handed.ts"
import { enter, following, halted, type Partition, type Serving, stopped } from "./partition.ts"
import type { Halt, HaltReason, Output, ReignEndReason, StepDownReason } from "./protocol.ts"
import { countAnew } from "./snapshot-due.ts"

/** Gives the partition up, with a state that can't be followed on with. Nothing further comes from it. */
export const stepDown = (partition: Partition, reason: StepDownReason, detail: string): Array<Output> => {
  assert(partition.phase !== "stopped" && partition.phase !== "halted", "INV-4 a partition is given up once")
  enter(partition, stopped)
  partition.inFlight = null
  return [{ _tag: "SteppedDown", reason, detail: `partition ${partition.id}: ${detail}` }]
}

/**
 * Ends the reign and keeps the state: nothing is in flight, so that it is what its journal says up to the newest record confirmed here. All else that the reign knew is forgotten, as if it had read that journal as a standby;
 * what of it was not said is said by whoever reigns next. O(actors).
 */
export const endReign = (partition: Serving, reason: ReignEndReason): Array<Output> => {
  assert(partition.inFlight === null, "INV-6 a state is kept only where it is the journal's")
  const outputs = giveBackHanded(partition.reign)
  const { walk, published } = partition.reign
  // Nobody waits any longer to hear that they are stored: until the next is, all behind the one before has to be replayed.
  for (const begun of [walk, published]) if (begun !== null) countAnew(partition, begun.before)
  for (const actor of partition.actorList) forgetSaid(actor)
  // Nothing that this reign asked for is answered any more, the next slice included.
  partition.continuing = false
  enter(partition, following)
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
  enter(partition, halted)
  partition.inFlight = null
  const told: Halt = { reason, detail: `partition ${partition.id}: ${detail}`, atMs: nowMs, resume: null }
  return [{ _tag: "Halted", halt: told }]
}
