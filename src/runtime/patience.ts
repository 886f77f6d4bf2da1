/**
 * Retries what a broker doesn't answer, with backoff, for as long as the fiber that wants the answer lives.
 *
 * Nothing here may be used for an append: whether an append is tried again is decided by the engine alone.
 */
import { Effect, Random } from "effect"
import type { BrokerUnavailable } from "../ports/errors.ts"

const delayMsMin = 50
const delayMsMax = 2_000

/** Waits before the attempt after the `failures`th failure: doubling up to two seconds, spread so that workers don't come back in step. */
export const pause = (failures: number): Effect.Effect<void> =>
  Effect.flatMap(Random.next, (chance) =>
    Effect.sleep(Math.min(delayMsMax, delayMsMin * 2 ** Math.min(failures - 1, 10)) * (0.5 + chance / 2)),
  )

/**
 * Performs `attempt` until it succeeds. The first failure in a row is a warning, the others are only said when debugging.
 * What works for long before it fails says `progressed`, and is then tried again as after a first failure.
 */
export const withPatience = <A, R>(
  what: string,
  attempt: (progressed: () => void) => Effect.Effect<A, BrokerUnavailable, R>,
): Effect.Effect<A, never, R> =>
  Effect.suspend(() => {
    let failures = 0
    const progressed = () => {
      failures = 0
    }
    const trying: Effect.Effect<A, never, R> = Effect.catch(
      Effect.suspend(() => attempt(progressed)),
      (error) => {
        failures++
        const say = failures === 1 ? Effect.logWarning : Effect.logDebug
        return say(`${what}: the broker does not answer, trying again`, { operation: error.operation, cause: error.cause, failures }).pipe(
          Effect.andThen(pause(failures)),
          Effect.andThen(trying),
        )
      },
    )
    return trying
  })

/** {@link withPatience} for what either succeeds or fails at once. */
export const untilDone = <A, R>(what: string, effect: Effect.Effect<A, BrokerUnavailable, R>): Effect.Effect<A, never, R> =>
  withPatience(what, () => effect)
