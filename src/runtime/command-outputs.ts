/**
 * Performs what a partition asks of the commands stream: reading it from its cursor, looking at one message, purging.
 */
import { Effect } from "effect"
import { Commands } from "../ports/broker.ts"
import { makeReading, readForEver } from "./reading.ts"
import type { Shell } from "./shell.ts"
import { makeSignal } from "./signal.ts"

export const makeCommandOutputs = Effect.fnUntraced(function* (shell: Shell) {
  const commands = yield* Commands
  const reading = makeReading(shell)
  const flow = makeSignal()
  let paused = false
  const setPaused = (value: boolean) => {
    paused = value
    flow.notify()
  }
  return {
    readCommands: (fromSeq: number) => {
      setPaused(false)
      reading.start((isCurrent) =>
        readForEver({
          what: `reading the commands of partition ${shell.partition}`,
          fromSeq,
          open: (seq) => commands.read(shell.partition, seq),
          take: (messages) => {
            shell.tellWhile(isCurrent, { _tag: "CommandsArrived", messages })
            return Effect.andThen(
              shell.heard,
              flow.until(() => !paused),
            )
          },
        }),
      )
    },
    pauseReading: () => setPaused(true),
    resumeReading: () => setPaused(false),
    readCommandAt: (seq: number) =>
      shell.run(
        Effect.match(commands.at(seq), {
          onSuccess: (found) =>
            shell.tell({ _tag: "CommandAtRead", seq, message: found.message, firstSeq: found.firstSeq, lastSeq: found.lastSeq }),
          onFailure: () => shell.tell({ _tag: "ReadFailed", what: "CommandAt" }),
        }),
      ),
    // What isn't purged now is purged with the next one: the partition asks again with a higher sequence.
    purgeCommands: (beforeSeq: number) =>
      shell.run(
        Effect.catch(commands.purge(shell.partition, beforeSeq), (error) =>
          Effect.logDebug("commands were not purged", { partition: shell.partition, beforeSeq, cause: error.cause }),
        ),
      ),
  }
})
