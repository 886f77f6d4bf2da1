/**
 * How a reign ends: its state is thrown away, by stepping down or by a halt that everybody shares.
 */
import type { Partition } from "./partition.ts"
import type { Halt, HaltReason, Output, StepDownReason } from "./protocol.ts"

/** Gives the partition up. Nothing further comes from this state. */
export const stepDown = (partition: Partition, reason: StepDownReason, detail: string): Array<Output> => {
  partition.phase = "stopped"
  partition.inFlight = null
  return [{ _tag: "SteppedDown", reason, detail: `partition ${partition.id}: ${detail}` }]
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
