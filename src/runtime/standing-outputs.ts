/**
 * Performs what a partition says about itself: that it serves, how a batch went, what is alarming, and that it is over.
 */

import { Effect } from "effect"
import { unreachable } from "../assert.ts"
import type { Halt, Output, StepDownReason } from "../engine/protocol.ts"
import { Meter } from "../ports/meter.ts"
import { logLine } from "../telemetry/names.ts"
import type { Shell } from "./shell.ts"

type OutputOf<Tag extends Output["_tag"]> = Extract<Output, { readonly _tag: Tag }>

/** What is performed here. */
type StandingOutput = OutputOf<"Serving" | "BatchConfirmed" | "Alarm" | "ClaimEnded" | "ReignEnded" | "SteppedDown" | "Halted">

/** How a life of a partition ended. */
export type LifeEnd =
  | { readonly _tag: "SteppedDown"; readonly reason: StepDownReason; readonly detail: string }
  | { readonly _tag: "Halted"; readonly halt: Halt }

/** What ingresses have to know of it. */
interface ReignListener {
  readonly begin: (epoch: number) => void
  readonly end: () => void
}

/** Who hears that a partition's standing on this worker changed. */
export interface StandingListener {
  /** It is over: it stepped down or halted. */
  readonly ended: (ended: LifeEnd) => void
  /** It gave its claim up and follows on. */
  readonly claimEnded: () => void
  /** Its reign is over, and it follows on: what was asked for in it is given up. */
  readonly reignEnded: () => void
}

/** Performs the outputs by which `shell`'s partition says how it stands. */
export const makeStandingOutputs = Effect.fnUntraced(function* (
  shell: Shell,
  reign: ReignListener,
  { ended, claimEnded, reignEnded }: StandingListener,
) {
  const meter = yield* Meter
  const { partition } = shell
  /** Claims and resets are records too, but no batches, and would distort the figures about batches. */
  const batchConfirmed = ({ seq, record, stats }: OutputOf<"BatchConfirmed">) => {
    if (record.kind === "batch" || record.kind === "expiry") meter.batchConfirmed(partition, stats, seq, record, shell.brokerNowMs())
  }
  const alarm = ({ kind, detail }: OutputOf<"Alarm">) => {
    meter.alarm(partition, kind)
    if (kind === "AppendUnknown") meter.appendUnknown(partition)
    shell.run(Effect.logWarning(logLine.alarm, { partition, alarm: kind, detail }))
  }
  return {
    perform: (output: StandingOutput) => {
      switch (output._tag) {
        case "Serving":
          meter.tookOver(partition)
          reign.begin(output.epoch)
          return shell.run(Effect.logInfo(logLine.serving, { partition, epoch: output.epoch, seq: output.seq }))
        case "BatchConfirmed":
          return batchConfirmed(output)
        case "Alarm":
          return alarm(output)
        case "ClaimEnded":
          shell.run(Effect.logInfo(logLine.claimEnded, { partition, reason: output.reason }))
          return claimEnded()
        case "ReignEnded":
          meter.reignEnded(partition, output.reason)
          reign.end()
          shell.run(Effect.logInfo(logLine.reignEnded, { partition, reason: output.reason }))
          return reignEnded()
        case "SteppedDown":
          meter.steppedDown(partition, output.reason)
          reign.end()
          return ended(output)
        case "Halted":
          meter.haltedHere(partition, output.halt.reason)
          reign.end()
          return ended(output)
        default:
          return unreachable(output)
      }
    },
  }
})
