/**
 * Reading a stream for a partition: for ever, over every failure of the broker, without leaving anything out, and not further ahead
 * than the partition follows.
 */
import { Deferred, Effect, Stream } from "effect"
import { BrokerUnavailable } from "../ports/errors.ts"
import { pause, withPatience } from "./patience.ts"
import type { Shell } from "./shell.ts"

interface Numbered {
  readonly seq: number
}

/** How a stream is read: `open` starts it at a sequence, `take` hands an array over and returns when the next may come. */
export interface ReadingPlan<Item extends Numbered> {
  readonly what: string
  readonly fromSeq: number
  readonly open: (fromSeq: number) => Stream.Stream<ReadonlyArray<Item>, BrokerUnavailable>
  readonly take: (items: ReadonlyArray<Item>) => Effect.Effect<void>
}

/** Milliseconds before a stream that ended, though it never should, is opened again. */
const reopenMs = 100

/** Reads for ever. A stream that fails or ends is opened again after the last item that was taken. */
export const readForEver = <Item extends Numbered>(plan: ReadingPlan<Item>): Effect.Effect<never> =>
  Effect.suspend(() => {
    let nextSeq = plan.fromSeq
    return withPatience(plan.what, (progressed) =>
      Stream.runForEach(plan.open(nextSeq), (items) => {
        const last = items.at(-1)
        if (last === undefined) return Effect.void
        progressed()
        return Effect.map(plan.take(items), () => {
          nextSeq = last.seq + 1
        })
      }),
    ).pipe(Effect.andThen(Effect.sleep(reopenMs)), Effect.forever)
  })

/** How a stream is read that may not be opened again without a look at what it holds. */
export interface OneReading<Item> {
  readonly what: string
  /** How many readings in a row brought nothing. From the second on, the break is told after a pause, so that a broker which refuses is not asked again at once. */
  readonly fruitless: number
  readonly stream: Stream.Stream<ReadonlyArray<Item>, BrokerUnavailable>
  readonly take: (items: ReadonlyArray<Item>) => Effect.Effect<void>
  readonly broke: () => void
}

/** Reads until the stream fails, or ends, though it never should; says so, and leaves it at that. */
export const readUntilBroken = <Item>({ what, fruitless, stream, take, broke }: OneReading<Item>): Effect.Effect<void> =>
  Stream.runForEach(stream, take).pipe(
    Effect.andThen(new BrokerUnavailable({ operation: what, cause: "the stream ended" })),
    Effect.catch(({ operation, cause }) => {
      const say = fruitless === 0 ? Effect.logWarning : Effect.logDebug
      return say(`${what}: it broke, the partition looks at its cursor before it reads on`, { operation, cause, fruitless })
    }),
    Effect.andThen(fruitless === 0 ? Effect.void : pause(fruitless)),
    Effect.andThen(Effect.sync(broke)),
  )

/** Takes everything a never-ending stream of changes brings, over every failure of the broker. Changes that happen between two readings are not seen. */
export const watch = <A, R>(
  what: string,
  changes: Stream.Stream<A, BrokerUnavailable, R>,
  take: (change: A) => void,
): Effect.Effect<never, never, R> =>
  withPatience(what, (progressed) =>
    Stream.runForEach(changes, (change) =>
      Effect.sync(() => {
        progressed()
        take(change)
      }),
    ),
  ).pipe(Effect.andThen(Effect.sleep(reopenMs)), Effect.forever)

/** A reading that a later one replaces. */
export interface Reading {
  /** Ends the present reading and begins another. `isCurrent` turns false when that is replaced in its turn. */
  readonly start: (reading: (isCurrent: () => boolean) => Effect.Effect<void>) => void
  readonly stop: () => void
}

/**
 * At most one reading at a time. When a reading is replaced, what the old one delivered and the partition has not heard is dropped: a partition that asked to read again from 7
 * must not hear message 500 and take 7 to 499 for read.
 */
export const makeReading = (shell: Shell): Reading => {
  let generation = 0
  let stopped = Deferred.makeUnsafe<void>()
  const stop = (): void => {
    generation++
    Deferred.doneUnsafe(stopped, Effect.void)
    stopped = Deferred.makeUnsafe<void>()
  }
  return {
    stop,
    start: (reading) => {
      stop()
      const mine = generation
      shell.run(
        Effect.raceFirst(
          Deferred.await(stopped),
          reading(() => generation === mine),
        ),
      )
    },
  }
}
