/**
 * The clock that the engine counts on: what the wall clock said once, and what the monotonic clock has counted since.
 *
 * Setting the machine's clock, by hand or by a time service, doesn't move it. It stays wrong by what the wall clock was wrong by at first, which the engine
 * finds out from the broker's stamps; so two of them are not to be compared with each other, nor with what another process says.
 */
import { Clock, Effect } from "effect"

/** A clock that never steps. */
export interface SteadyClock {
  /** In milliseconds since 1970, wrong by a constant. */
  readonly nowMs: () => number
  /** What the machine believes the time to be now: for alarms, and for people. */
  readonly wallMs: () => number
}

const nanosPerMs = 1_000_000n

/** Begins with the wall clock as it is now. */
export const steadyClock: Effect.Effect<SteadyClock> = Effect.map(Clock.Clock, (clock) => {
  const baseMs = clock.currentTimeMillisUnsafe()
  const baseNanos = clock.monotonicTimeNanosUnsafe()
  return {
    nowMs: () => baseMs + Number((clock.monotonicTimeNanosUnsafe() - baseNanos) / nanosPerMs),
    wallMs: () => clock.currentTimeMillisUnsafe(),
  }
})
