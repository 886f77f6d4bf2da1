/**
 * Performs what an ingress asks for: answers, doors, what is handed over and what is stored. Each attempt is made once; the ingress decides what its outcome means and whether to try again.
 */
import { Effect } from "effect"
import { unreachable } from "../assert.ts"
import type { IngressInput, IngressOutput } from "../ingress/protocol.ts"
import type { Desk, OpenDoor } from "../ports/door.ts"
import type { Meter, TracedGone } from "../ports/meter.ts"
import { encodeDoorAnswer } from "../wire/answers.ts"
import { encodeFrame } from "../wire/taken.ts"
import type { WithoutClock } from "./mailbox.ts"
import type { Reigns } from "./reigns.ts"

/** An input before it has its clock. */
export type IngressTold = WithoutClock<IngressInput>

/** What whoever performs an ingress's outputs needs. */
export interface IngressShell {
  readonly door: OpenDoor
  readonly desk: Desk["Service"]
  readonly reigns: Reigns["Service"]
  readonly meter: Meter["Service"]
  /** The steady clock that the ingress is told. */
  readonly nowMs: () => number
  /** Tells the ingress; heard at once, or after what it is hearing now. */
  readonly tell: (told: IngressTold) => void
  /** Runs a fiber that ends with this life of the ingress. */
  readonly run: (effect: Effect.Effect<void>) => void
  readonly drained: () => void
}

type IngressOutputOf<Tag extends IngressOutput["_tag"]> = Extract<IngressOutput, { readonly _tag: Tag }>

const framed = { heard: "FrameHeard", unheard: "FrameUnheard", unknown: "FrameUnknown" } as const

/** Tells of messages with a trace what became of them. */
const tellTraced = (
  { meter, nowMs }: IngressShell,
  { kind, partition, traced }: IngressOutputOf<"HandOver" | "Store">,
  how: TracedGone["how"],
  outcome: TracedGone["outcome"],
): void => {
  if (traced !== undefined) meter.tracedGone({ kind, partition, how, outcome, messages: traced, nowMs: nowMs() })
}

/** Hands a frame to its owner: by a plain call if the owner is in this process, else by a request through the broker. */
const handOver = (shell: IngressShell, output: IngressOutputOf<"HandOver">): void => {
  const { desk, reigns, tell, run } = shell
  const { kind, partition, owner, frame, messages } = output
  const ended = (outcome: "heard" | "unheard" | "unknown"): void => {
    tellTraced(shell, output, "handedOver", outcome)
    tell({ _tag: framed[outcome], frame })
  }
  const local = reigns.of(kind, partition)
  if (local?.owner === owner) {
    local.hand(messages)
    return ended("heard")
  }
  run(Effect.map(desk.hand(kind, partition, owner, encodeFrame(messages)), ended))
}

const store = (shell: IngressShell, output: IngressOutputOf<"Store">): void => {
  const { desk, tell, run } = shell
  const { kind, partition, serial, bytes } = output
  run(
    Effect.flatMap(desk.store(kind, partition, bytes), (stored) => {
      switch (stored._tag) {
        case "Stored":
          return Effect.sync(() => {
            tellTraced(shell, output, "stored", "stored")
            tell({ _tag: "Stored", kind, partition, serial, seq: stored.seq })
          })
        case "Full":
          return Effect.sync(() => tell({ _tag: "StoreFull", kind, partition, serial }))
        case "Unknown":
          tell({ _tag: "StoreUnknown", kind, partition, serial })
          return Effect.logWarning("it isn't known whether something was stored; the same bytes are stored again", {
            kind,
            partition,
            serial,
            cause: stored.cause,
          })
        default:
          return unreachable(stored)
      }
    }),
  )
}

/** Performs an ingress's outputs, one at a time. */
export const makeIngressPerform =
  (shell: IngressShell) =>
  (output: IngressOutput): void => {
    switch (output._tag) {
      case "Answer":
        return shell.door.answer(output.sender, output.suffix, encodeDoorAnswer(output.answer))
      case "HandOver":
        return handOver(shell, output)
      case "Store":
        return store(shell, output)
      case "CloseDoor":
        shell.meter.doorClosed(output.sender, output.why)
        return shell.door.close(output.sender)
      case "OpenDoor":
        return shell.door.open(output.sender)
      case "Drained":
        return shell.drained()
      default:
        return unreachable(output)
    }
  }
