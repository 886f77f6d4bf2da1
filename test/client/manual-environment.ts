/**
 * A client environment whose time stands still until a test moves it, and whose turns end when a test says so.
 */
import type { ClientEnvironment } from "../../src/client/environment.ts"

export interface ManualEnvironment extends ClientEnvironment {
  /** Runs what was put off to the end of the turn, and what that puts off, until nothing is left. */
  readonly endTurn: () => void
  /** Moves both clocks, running every timer that becomes due at its own time, and ends the turn after each. */
  readonly advance: (byMs: number) => void
  readonly timers: () => number
}

export const startMs = 1_790_000_000_000

export const manualEnvironment = (chance: () => number = () => 0.5): ManualEnvironment => {
  let elapsedMs = 0
  let ids = 0
  let deferred: Array<() => void> = []
  let timers: Array<{ readonly atMs: number; readonly task: () => void }> = []
  const endTurn = (): void => {
    while (deferred.length > 0) {
      const tasks = deferred
      deferred = []
      for (const task of tasks) task()
    }
  }
  return {
    wallMs: () => startMs + elapsedMs,
    elapsedMs: () => elapsedMs,
    after: (delayMs, task) => {
      const timer = { atMs: elapsedMs + delayMs, task }
      timers.push(timer)
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    atTurnsEnd: (task) => {
      deferred.push(task)
    },
    randomId: () => `id-${++ids}`,
    chance,
    endTurn,
    timers: () => timers.length,
    advance: (byMs) => {
      const untilMs = elapsedMs + byMs
      endTurn()
      for (;;) {
        const due = timers.filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
        if (due === undefined) break
        timers = timers.filter((other) => other !== due)
        elapsedMs = Math.max(elapsedMs, due.atMs)
        due.task()
        endTurn()
      }
      elapsedMs = untilMs
    },
  }
}
