/**
 * The scheduler that every fiber of a simulated process runs on: what is ready runs in the same instant, until nothing is, in an order that the
 * seed decides. It never hands anything to the event loop of this machine, so a run needs no real time and no promise.
 *
 * Fibers that are ready at the same time may run in any order as far as Effect promises; Node's happens to be first come, first served. That is the harmless
 * choice; another one is a decision of the family it is given. Priorities are kept, as Effect's own scheduler keeps them.
 */
import type { Fiber, Scheduler } from "effect"
import { assert } from "../../src/assert.ts"
import type { Family } from "../world/chance.ts"

/** Operations of a fiber before it lets others run: Effect's own number. */
const operationsMax = 2_048
/** Tasks of one turn. A turn takes no virtual time, so one that never ends is a loop that nothing outside can stop. */
const tasksPerTurnMax = 200_000
/** One task in so many is taken out of turn, where the family of the seed is on. */
const outOfTurnOneIn = 4

interface Task {
  readonly run: () => void
  readonly priority: number
}

export class SeededScheduler implements Scheduler.Scheduler {
  readonly executionMode = "async"
  readonly #order: Family
  #ready: Array<Task> = []
  #isRunning = false
  #isStopped = false
  /** Tasks run so far. */
  tasks = 0

  constructor(order: Family) {
    this.#order = order
  }

  shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    return fiber.currentOpCount >= operationsMax
  }

  makeDispatcher(): Scheduler.SchedulerDispatcher {
    return {
      scheduleTask: (run, priority) => {
        if (!this.#isStopped) this.#ready.push({ run, priority })
      },
      flush: () => this.runAll(() => false),
    }
  }

  /** Nothing that is ready, or ever becomes so, runs any more: the process is dead. */
  stop(): void {
    this.#isStopped = true
    this.#ready = []
  }

  /** Runs what is ready, and what that makes ready, until nothing is left or `dies` says so, which is asked after every task. */
  runAll(dies: () => boolean): void {
    if (this.#isRunning) return
    this.#isRunning = true
    try {
      for (let count = 0; this.#ready.length > 0; count++) {
        assert(count < tasksPerTurnMax, "the fibers of a process come to rest")
        this.tasks++
        this.#next().run()
        if (dies()) return
      }
    } finally {
      this.#isRunning = false
    }
  }

  /** The task that runs next: of those with the lowest priority number the first, or one that the seed picks. */
  #next(): Task {
    let priority = Number.POSITIVE_INFINITY
    let count = 0
    for (const task of this.#ready) {
      if (task.priority > priority) continue
      count = task.priority === priority ? count + 1 : 1
      priority = task.priority
    }
    let skipped = count === 1 ? 0 : this.#order.draw(1, outOfTurnOneIn, count - 1)
    const place = this.#ready.findIndex((task) => task.priority === priority && skipped-- === 0)
    const [task] = this.#ready.splice(place, 1)
    assert(task !== undefined, "there is a task to run")
    return task
  }
}
