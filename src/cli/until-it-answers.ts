/**
 * Waiting for a broker that isn't there yet, as processes do that are to stay: they say so, and try again.
 */
import { Effect, Schedule } from "effect"
import { BrokerUnavailable } from "../ports/errors.ts"

/** Milliseconds between two attempts to reach the broker at start: often enough to be there when it is, rarely enough to be read. */
const retryMs = 2_000

const isUnavailable = (error: unknown): error is BrokerUnavailable => error instanceof BrokerUnavailable

/** Tries until the broker answers, and says each time that it doesn't. Other failures end it. */
export const untilItAnswers = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  effect.pipe(
    Effect.tapError((error) =>
      isUnavailable(error)
        ? Effect.logWarning("the broker is not there yet, trying again", {
            operation: error.operation,
            cause: error.cause,
            againInMs: retryMs,
          })
        : Effect.void,
    ),
    Effect.retry({ while: isUnavailable, schedule: Schedule.spaced(retryMs) }),
  )
