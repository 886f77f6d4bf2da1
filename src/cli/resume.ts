/**
 * `holdfast resume`: an operator has looked at a halted partition and lets it go on. What is said here is journaled by the next owner.
 */
import { userInfo } from "node:os"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Kind } from "../domain/kinds.ts"
import type { Halt } from "../engine/protocol.ts"
import { engineLayer } from "../nats/layer.ts"
import { Cluster } from "../ports/broker.ts"
import { whyNotResumed } from "../retention/rebuild-plan.ts"
import { engineAccess } from "./access.ts"
import { kindFlag, partitionArgument, textFlag } from "./arguments.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { helpText } from "./help-text.ts"
import { isoTime, jsonFlag, printJson, printLine } from "./print.ts"

const usage = (message: string) => new CommandFailed({ code: exitCode.usage, message })

/** Milliseconds that a worker gets to hear of it, claim the partition and journal it. */
const resumedWithinMs = 15_000
const lookEveryMs = 250

/** What came of it: a worker journaled it and cleared the halt, or halted again, or none has taken it up in time. */
interface Resumed {
  readonly kind: Kind
  readonly partition: number
  readonly halt: Halt
  readonly cleared: boolean
  readonly haltedAgain: Halt | null
}

/** The shared halt once a worker has answered to the resume, or as it is when time is up. */
const answeredHalt = (partition: number) =>
  Effect.gen(function* () {
    const cluster = yield* Cluster
    const present = Effect.map(cluster.marks(partition), ({ halt }) => halt)
    return yield* present.pipe(
      Effect.repeat({ until: (halt) => halt?.resume == null, schedule: Schedule.spaced(lookEveryMs) }),
      Effect.timeoutOrElse({ duration: resumedWithinMs, orElse: () => present }),
    )
  })

const resume = Effect.fnUntraced(function* (kind: Kind, partition: number, by: string, reason: string) {
  const cluster = yield* Cluster
  // Before the halt is read: one that changes meanwhile is answered by nobody who hasn't seen it.
  const over = yield* cluster.haltRevision(partition)
  const { halt } = yield* cluster.marks(partition)
  if (halt === null) {
    return yield* new CommandFailed({
      code: exitCode.failed,
      message: `partition ${partition} of kind ${kind} is not halted: there is nothing to resume`,
    })
  }
  const why = whyNotResumed(halt)
  if (why !== undefined)
    return yield* new CommandFailed({
      code: exitCode.halted,
      message: `the journal of partition ${partition} of kind ${kind} can't be resumed: ${why}`,
    })
  const asked: Halt = { ...halt, resume: { by, reason } }
  const stands = yield* cluster.putHalt(partition, asked, over)
  if (stands?.resume?.by !== by || stands.resume.reason !== reason) {
    return yield* new CommandFailed({
      code: exitCode.halted,
      message: `the halt of partition ${partition} of kind ${kind} changed meanwhile: look at it again (holdfast topology), then resume`,
    })
  }
  const present = yield* answeredHalt(partition)
  const resumed: Resumed = {
    kind,
    partition,
    halt: asked,
    cleared: present === null,
    haltedAgain: present?.resume === null ? present : null,
  }
  return resumed
})

const cameOfIt = ({ cleared, haltedAgain }: Resumed): string => {
  if (cleared) return "It goes on; the reason is journaled."
  if (haltedAgain !== null) {
    return `A worker took it up, and halted again: ${haltedAgain.reason}: ${haltedAgain.detail}. That can't be passed over: mend the journal first, then resume.`
  }
  return `It may go on, but no worker has taken it up within ${resumedWithinMs / 1_000} s: is one running? The next one that does will journal the reason.`
}

const text = (resumed: Resumed): string => {
  const { kind, partition, halt } = resumed
  return [
    `Partition ${partition} of kind ${kind} was halted at ${isoTime(halt.atMs)}: ${halt.reason}: ${halt.detail}`,
    cameOfIt(resumed),
  ].join("\n")
}

const description = `Let a halted partition go on, after a look at why it was halted (see docs/OPERATIONS.md). If confirmed records are lost, what is sold again may have been sold
before: export the partition and audit first, and bring the stock to what is true by facts.

Needs a worker's access, as for \`serve\`. Ends with 6 if no worker took it up, or if it was halted again.`

/** Who runs this: the login, or the user's number where it has none, as in a container. */
const whoRuns = (): string => {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`
  }
}

export const resumeCommand = Command.make(
  "resume",
  {
    partition: partitionArgument("Which partition"),
    kind: kindFlag,
    by: textFlag("by", "Who decided it; your login if absent").pipe(Flag.withDefault(whoRuns())),
    reason: textFlag("reason", "Why it may go on; journaled"),
    json: jsonFlag,
  },
  Effect.fn(function* ({ partition, kind, by, reason, json }) {
    const { nats, counts } = yield* engineAccess
    if (partition >= counts[kind]) return yield* usage(`there is no partition ${partition} of kind ${kind}: 0 to ${counts[kind] - 1}`)
    const resumed = yield* resume(kind, partition, by, reason).pipe(Effect.provide(engineLayer({ ...nats, kind })))
    yield* json ? printJson(resumed) : printLine(text(resumed))
    if (resumed.cleared) return
    const message =
      resumed.haltedAgain === null
        ? `no worker has taken partition ${partition} of kind ${kind} up yet`
        : `partition ${partition} of kind ${kind} is halted again`
    return yield* new CommandFailed({ code: exitCode.halted, message })
  }),
).pipe(Command.withDescription(helpText(description)))
