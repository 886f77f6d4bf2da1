/**
 * What the client takes from the process it runs in: time, timers, the event loop's turn, chance. Apart, so that a test hands it
 * a clock and ids of its own and sees the same run every time.
 */
import { randomInt, randomUUID } from "node:crypto"

export interface ClientEnvironment {
  /** Milliseconds since 1970: what commands are stamped with. May step. */
  readonly wallMs: () => number
  /** Milliseconds from any origin, never falling: what retries and patience are measured with. */
  readonly elapsedMs: () => number
  /** Runs `task` once after `delayMs`; the returned function prevents it. */
  readonly after: (delayMs: number, task: () => void) => () => void
  /** Runs `task` once when what is running in this turn of the event loop, promises included, has run. */
  readonly atTurnsEnd: (task: () => void) => void
  /** A fresh random id, fit to be a command id and a subject token. */
  readonly randomId: () => string
  /** A number of [0, 1): spreads retries. */
  readonly chance: () => number
}

const chanceSteps = 2 ** 32

export const processEnvironment: ClientEnvironment = {
  wallMs: () => Date.now(),
  elapsedMs: () => performance.now(),
  after: (delayMs, task) => {
    const timer = setTimeout(task, delayMs)
    return () => clearTimeout(timer)
  },
  // Not queueMicrotask: a thousand answers resolve a thousand promises, and the callers' next commands come out of as many
  // microtasks. Only the end of the turn has seen all of them, and so fills messages.
  atTurnsEnd: (task) => {
    setImmediate(task)
  },
  randomId: () => randomUUID(),
  chance: () => randomInt(chanceSteps) / chanceSteps,
}
