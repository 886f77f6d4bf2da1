/**
 * Performs what a partition asks of the commands streams: reading one from its cursor, looking at one message, purging, and where the one of earlier releases ends.
 *
 * Each output names its stream. Where this process has no login for the stream of earlier releases, questions about it get no answer, and the partition decides nothing:
 * sequences of one stream mean nothing in another.
 */
import { Effect, Stream } from "effect"
import type { CursorStream } from "../engine/records.ts"
import { Commands, FormerCommands, type FormerStream } from "../ports/broker.ts"
import { BrokerUnavailable } from "../ports/errors.ts"
import { makeReading, readUntilBroken } from "./reading.ts"
import type { Shell } from "./shell.ts"
import { makeSignal } from "./signal.ts"

const noLogin = Effect.fail(
  new BrokerUnavailable({ operation: "use the commands stream of earlier releases", cause: "this process has no login there" }),
)
const outOfReach: Commands["Service"] = {
  read: () => Stream.fromEffect(noLogin),
  at: () => noLogin,
  purge: () => noLogin,
  waiting: () => noLogin,
}

/** Each stream that a cursor may be of. */
export const commandStreams: Effect.Effect<Readonly<Record<CursorStream, Commands["Service"]>>, never, Commands> = Effect.gen(function* () {
  return { stored: yield* Commands, raw: (yield* FormerCommands) ?? outOfReach }
})

/** Tells where the stream of earlier releases ends. An end that isn't known now is asked for again. */
const tellEnd = (shell: Shell, former: FormerStream | null): Effect.Effect<void> =>
  Effect.matchEffect(former === null ? noLogin : former.endSeq(shell.partition), {
    onSuccess: (endSeq) => Effect.sync(() => shell.tell({ _tag: "RawEndRead", endSeq })),
    onFailure: ({ message }) =>
      Effect.andThen(
        Effect.logWarning("the end of the former commands stream is not known yet", { partition: shell.partition, cause: message }),
        Effect.sync(() => shell.tell({ _tag: "RawEndRead", endSeq: null })),
      ),
  })

/** Performs the outputs of `shell`'s partition that are about commands streams. */
export const makeCommandOutputs = Effect.fnUntraced(function* (shell: Shell) {
  const streams = yield* commandStreams
  const former = yield* FormerCommands
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
    readCommands: (stream: CursorStream, fromSeq: number) => {
      setPaused(false)
      // A broken reading is not taken up again here: the stream may have lost its tail, so the partition first looks at the message its cursor names, and then asks for a new reading.
      reading.start((isCurrent) =>
        readUntilBroken({
          what: `reading the commands of partition ${shell.partition}`,
          fruitless,
          stream: streams[stream].read(shell.partition, fromSeq),
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
    readCommandAt: (stream: CursorStream, seq: number) =>
      shell.run(
        Effect.match(streams[stream].at(shell.partition, seq), {
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
    readRawEnd: () => shell.run(tellEnd(shell, former)),
    // A purge that fails is not tried again: the partition soon asks for one with a higher sequence, which covers this one.
    purgeCommands: (stream: CursorStream, beforeSeq: number) =>
      shell.run(
        Effect.catch(streams[stream].purge(shell.partition, beforeSeq), (error) =>
          Effect.logDebug("commands were not purged", { partition: shell.partition, beforeSeq, cause: error.cause }),
        ),
      ),
  }
})
