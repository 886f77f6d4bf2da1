/**
 * Performs what a partition asks of the commands stream: reading it from its cursor, looking at one message, purging.
 */
import { Effect } from "effect"
import { Commands } from "../ports/broker.ts"
import { makeReading, readUntilBroken } from "./reading.ts"
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
  /** Readings in a row that broke before they brought anything. */
  let fruitless = 0
  return {
    readCommands: (fromSeq: number) => {
      setPaused(false)
      // What is behind a break is not read here: the stream may have lost its tail, and only the partition knows what it has to look at first.
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
        Effect.match(commands.at(seq), {
          onSuccess: (found) =>
            shell.tell({
              _tag: "CommandAtRead",
              seq,
              message: found.message,
              firstSeq: found.firstSeq,
              lastSeq: found.lastSeq,
              fill: found.fill,
            }),
          onFailure: () => shell.tell({ _tag: "ReadFailed", what: "CommandAt" }),
        }),
      ),
    readRawEnd: () => shell.tell({ _tag: "RawEndRead", endSeq: null }),
    // What isn't purged now is purged with the next one: the partition asks again with a higher sequence.
    purgeCommands: (beforeSeq: number) =>
      shell.run(
        Effect.catch(commands.purge(shell.partition, beforeSeq), (error) =>
          Effect.logDebug("commands were not purged", { partition: shell.partition, beforeSeq, cause: error.cause }),
        ),
      ),
  }
})
