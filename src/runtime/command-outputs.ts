/**
 * Performs what a partition asks of the commands stream: reading it from its cursor, looking at one message, purging.
 */
import { Effect } from "effect"
import { Commands } from "../ports/broker.ts"
import { makeReading, readUntilBroken } from "./reading.ts"
import type { Shell } from "./shell.ts"
import { makeSignal } from "./signal.ts"

/** Performs the outputs of `shell`'s partition that are about the commands stream. */
export const makeCommandOutputs = Effect.fnUntraced(function* (shell: Shell) {
  const commands = yield* Commands
  const reading = makeReading(shell)
  const flow = makeSignal()
  let paused = false
  const setPaused = (value: boolean) => {
    paused = value
    flow.notify()
  }
  /** Readings in a row that broke before they brought anything. */
  let fruitless = 0
  return {
    readCommands: (fromSeq: number) => {
      setPaused(false)
      // A broken reading is not taken up again here: the stream may have lost its tail, so the partition first looks at the message its cursor names, and then asks for a new reading.
      reading.start((isCurrent) =>
        readUntilBroken({
          what: `reading the commands of partition ${shell.partition}`,
          fruitless,
          stream: commands.read(shell.partition, fromSeq),
          take: (messages) => {
            fruitless = 0
            shell.tellWhile(isCurrent, { _tag: "CommandsArrived", messages })
            return Effect.andThen(
              shell.heard,
              flow.until(() => !paused),
            )
          },
          broke: () => {
            fruitless++
            shell.tellWhile(isCurrent, { _tag: "ReadingBroke" })
          },
        }),
      )
    },
    pauseReading: () => setPaused(true),
    resumeReading: () => setPaused(false),
    readCommandAt: (seq: number) =>
      shell.run(
        Effect.match(commands.at(shell.partition, seq), {
          onSuccess: (found) =>
            shell.tell({
              _tag: "CommandAtRead",
              seq,
              message: found.message,
              firstSeq: found.firstSeq,
              lastSeq: found.lastSeq,
              nextSeq: found.nextSeq,
              fill: found.fill,
            }),
          onFailure: () => shell.tell({ _tag: "ReadFailed", what: "CommandAt" }),
        }),
      ),
    // A purge that fails is not tried again: the partition soon asks for one with a higher sequence, which covers this one.
    purgeCommands: (beforeSeq: number) =>
      shell.run(
        Effect.catch(commands.purge(shell.partition, beforeSeq), (error) =>
          Effect.logDebug("commands were not purged", { partition: shell.partition, beforeSeq, cause: error.cause }),
        ),
      ),
  }
})
