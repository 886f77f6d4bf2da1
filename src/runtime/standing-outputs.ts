/**
 * Performs what a partition says about itself: that it serves, how a batch went, what is alarming, and that it is over.
 */
import { Effect } from "effect"
import type { Halt, Output, StepDownReason } from "../engine/protocol.ts"
import { Meter } from "../ports/meter.ts"
import { logLine } from "../telemetry/names.ts"
import type { Shell } from "./shell.ts"

type OutputOf<Tag extends Output["_tag"]> = Extract<Output, { readonly _tag: Tag }>

/** How a life of a partition ended. */
export type Ended =
  | { readonly _tag: "SteppedDown"; readonly reason: StepDownReason; readonly detail: string }
  | { readonly _tag: "Halted"; readonly halt: Halt }

/** What ingresses have to know of it. */
interface Reign {
  readonly begin: (epoch: number) => void
  readonly end: () => void
}

export const makeStandingOutputs = Effect.fnUntraced(function* (shell: Shell, reign: Reign, end: (ended: Ended) => void) {
  const meter = yield* Meter
  const { partition } = shell
  return {
    serving: ({ epoch, seq }: OutputOf<"Serving">) => {
      meter.tookOver(partition)
      reign.begin(epoch)
      shell.run(Effect.logInfo(logLine.serving, { partition, epoch, seq }))
    },
    // A claim or a reset is a record too, but no batch: it would blur what is measured of batches.
    batchConfirmed: ({ record, stats }: OutputOf<"BatchConfirmed">) => {
      if (record.kind === "batch" || record.kind === "expiry") meter.batchConfirmed(partition, stats)
    },
    alarm: ({ kind, detail }: OutputOf<"Alarm">) => {
      meter.alarm(partition, kind)
      if (kind === "AppendUnknown") meter.appendUnknown(partition)
      shell.run(Effect.logWarning(logLine.alarm, { partition, kind, detail }))
    },
    steppedDown: ({ reason, detail }: OutputOf<"SteppedDown">) => {
      meter.steppedDown(partition, reason)
      reign.end()
      end({ _tag: "SteppedDown", reason, detail })
    },
    halted: ({ halt }: OutputOf<"Halted">) => {
      reign.end()
      end({ _tag: "Halted", halt })
    },
  }
})
