/**
 * Processes that were started here and that nobody has told to end. Whatever waits asks after them first: who waits for what one does that has ended by itself waits in vain, and would say nothing of why.
 */
import { readFileSync, statSync } from "node:fs"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { logFileOf, startWorkerProcess, type WorkerProcess } from "../../src/cli/demo/workers.ts"

const shownLines = 12
const shownChars = 600

/** What a process says in its log, a JSON object a line. Made before the process starts: what earlier ones of its name have left there isn't its. */
export class ProcessLog {
  readonly file: string
  readonly #begins: number
  #pages: string | null = null

  constructor(file: string) {
    this.file = file
    this.#begins = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  }

  #lines(): ReadonlyArray<string> {
    const whole = statSync(this.file, { throwIfNoEntry: false }) === undefined ? Buffer.alloc(0) : readFileSync(this.file)
    return whole.subarray(this.#begins).toString().split("\n")
  }

  /** What it has put into a field of a line with that message. Null: it has not said that yet. */
  said(message: string, field: string): string | null {
    // What follows the last line's end is a line that is still being written.
    for (const line of this.#lines().slice(0, -1)) {
      if (!line.includes(JSON.stringify(message))) continue
      const value: unknown = Reflect.get(JSON.parse(line), field)
      if (typeof value === "string") return value
    }
    return null
  }

  /** Where it serves its pages: it takes a free port by itself, which nobody can take from it before it listens. Null: it doesn't yet. */
  pages(): string | null {
    this.#pages ??= this.said("telemetry is served", "metrics")?.replace(/\/metrics$/, "") ?? null
    return this.#pages
  }

  /** The last of what it said. */
  end(): string {
    const lines = this.#lines().filter((line) => line !== "")
    return lines
      .slice(-shownLines)
      .map((line) => line.slice(0, shownChars))
      .join("\n")
  }
}

interface Watched {
  readonly name: string
  /** With what it ended; null while it runs. */
  readonly howEnded: () => string | null
  readonly log: ProcessLog
}

/** With what it ended by itself, and the last that it said. */
export const howItEnded = ({ name, howEnded, log }: Watched): string => `${name} ended by itself (${howEnded()}):\n${log.end()}`

const watched = new Set<Watched>()

/** From now on whoever waits hears of its end. The answer takes it back, for whoever tells it to end. */
export const watchOver = (one: Watched): (() => void) => {
  watched.add(one)
  return () => void watched.delete(one)
}

/** Throws, with the last lines of its log, if one of them has ended. */
export const askAfterWatched = (): void => {
  for (const one of watched) if (one.howEnded() !== null) throw new Error(howItEnded(one))
}

/** A process of the rigs: its log says where its pages are. */
export interface WatchedProcess extends WorkerProcess {
  readonly log: ProcessLog
}

/** Starts a process as the demo does, for as long as the scope lives, and watches over it until it is told to end. */
export const startWatchedProcess = (...given: Parameters<typeof startWorkerProcess>): Effect.Effect<WatchedProcess, never, Scope.Scope> =>
  Effect.gen(function* () {
    const [name, folder] = given
    const log = new ProcessLog(logFileOf(folder, name))
    const started = yield* startWorkerProcess(...given)
    const { howEnded } = started
    // Given up before the process is: the scope ends what it holds in the reverse order.
    const giveUp = yield* Effect.acquireRelease(
      Effect.sync(() => watchOver({ name, howEnded, log })),
      (end) => Effect.sync(end),
    )
    return {
      ...started,
      log,
      killNow: () => {
        giveUp()
        started.killNow()
      },
      stop: Effect.andThen(Effect.sync(giveUp), started.stop),
    }
  })
