/**
 * Waiting for a condition over plain state. Whoever changes the state calls the signal, and then the condition of each waiter is looked at again.
 *
 * A condition is looked at in the same turn in which its waiter is added, so that no change in between is missed.
 */
import { Effect } from "effect"

/** Wakes whoever waits for a condition when the state it is about has changed. */
export interface Signal {
  /** Something changed: every waiter whose condition now holds goes on. */
  readonly notify: () => void
  /** Returns once `condition` holds; at once if it does already. */
  readonly until: (condition: () => boolean) => Effect.Effect<void>
}

interface SignalWaiter {
  readonly condition: () => boolean
  readonly go: () => void
}

/** A signal that nobody waits for yet. */
export const makeSignal = (): Signal => {
  const waiters = new Set<SignalWaiter>()
  return {
    notify: () => {
      for (const waiter of waiters) {
        if (!waiter.condition()) continue
        waiters.delete(waiter)
        waiter.go()
      }
    },
    until: (condition) =>
      Effect.callback<void>((resume) => {
        if (condition()) {
          resume(Effect.void)
          return
        }
        const waiter: SignalWaiter = { condition, go: () => resume(Effect.void) }
        waiters.add(waiter)
        return Effect.sync(() => {
          waiters.delete(waiter)
        })
      }),
  }
}
