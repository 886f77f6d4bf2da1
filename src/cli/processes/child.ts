/**
 * One worker as a process of its own beside its siblings: started, asked for its pages, started again when it ends, and ended with whoever supervises it. Which partitions it owns is settled among workers, as it is
 * between machines: a supervisor has no say in it.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Effect, Option, Schema, type Scope } from "effect"
import { childPageMs, childStartAgainMs, childStartAgainMsMax } from "../../limits.ts"
import { ended, endWithin, hasEnded } from "../beside.ts"

/** The program itself. */
const mainFile = fileURLToPath(new URL("../../main.ts", import.meta.url))

/** What a worker tells the process that started it: the address of its pages. */
const ChildNews = Schema.Struct({ pages: Schema.String })
const readNews = Schema.decodeUnknownOption(ChildNews)

/** Tells the process that started this one, if one listens, where this one's pages are. */
export const tellSupervisor = (pages: string): Effect.Effect<void> =>
  Effect.sync(() => {
    if (process.connected) process.send?.({ pages } satisfies typeof ChildNews.Type)
  })

/** A worker process that lives longer than this before it ends is started again without delay. */
const settledMs = 60_000

/** One place for a worker process, whichever process is in it now. */
export class WorkerPlace {
  readonly name: string
  readonly #env: NodeJS.ProcessEnv
  readonly #restarted: (why: "ended" | "asked") => void
  readonly #endMs: number
  #child: ChildProcess | null = null
  #pages: string | null = null
  #isAsked = false

  /** `endMs`: what its process gets to end. */
  constructor(name: string, env: NodeJS.ProcessEnv, endMs: number, restarted: (why: "ended" | "asked") => void) {
    this.name = name
    this.#endMs = endMs
    this.#env = env
    this.#restarted = restarted
  }

  get isRunning(): boolean {
    return this.#child !== null && !hasEnded(this.#child)
  }

  get pid(): number | null {
    return this.isRunning ? (this.#child?.pid ?? null) : null
  }

  /** Whether the process that was here last ended with code 0, which says that it drained; or by the signal that asks it to: then it wasn't so far yet as to listen for one, and had nothing to drain. */
  get endedWell(): boolean {
    return this.#child === null || this.#child.exitCode === 0 || this.#child.signalCode === "SIGTERM"
  }

  /** One of its pages, with its status; null: it doesn't answer. */
  async page(path: "/metrics" | "/worker" | "/ready"): Promise<{ readonly isOk: boolean; readonly text: string } | null> {
    if (this.#pages === null || !this.isRunning) return null
    try {
      const answer = await fetch(`${this.#pages}${path}`, { signal: AbortSignal.timeout(childPageMs) })
      return { isOk: answer.ok, text: await answer.text() }
    } catch {
      return null
    }
  }

  /** Tells a process to end, which drains, and kills it where it doesn't end in its time. */
  #end(child: ChildProcess): Effect.Effect<void> {
    return endWithin(child, `worker process ${this.name}`, this.#endMs)
  }

  /** Ends the process that is there, which drains; the place starts another at once. Does nothing where none runs. */
  readonly restart = Effect.suspend(() => {
    const child = this.#child
    if (child === null || hasEnded(child)) return Effect.void
    this.#isAsked = true
    return this.#end(child)
  })

  /** A process for as long as the scope lives. It drains when the scope closes. */
  #start(): Effect.Effect<ChildProcess, never, Scope.Scope> {
    const start = Effect.sync(() => {
      // In its own process group: Ctrl-C reaches the supervisor, who then ends all in order. The channel ends with the supervisor, and the worker with the channel.
      const child = spawn(process.execPath, [...process.execArgv, mainFile, "serve", "--no-postgres"], {
        env: { ...this.#env },
        stdio: ["ignore", "ignore", "inherit", "ipc"],
        detached: true,
      })
      this.#child = child
      this.#pages = null
      child.on("error", () => undefined)
      child.on("message", (news: unknown) => {
        const read = readNews(news)
        if (Option.isSome(read)) this.#pages = read.value.pages
      })
      return child
    })
    return Effect.acquireRelease(start, (child) => (hasEnded(child) ? Effect.void : this.#end(child)))
  }

  /** Keeps a process here for ever: one that ends is followed by another, after a while if it ended by itself and soon. */
  readonly keep: Effect.Effect<never> = Effect.suspend(() => {
    let delayMs = childStartAgainMs
    const once = Effect.gen({ self: this }, function* () {
      const startedMs = performance.now()
      const child = yield* this.#start()
      yield* ended(child)
      const wasAsked = this.#isAsked
      this.#isAsked = false
      this.#restarted(wasAsked ? "asked" : "ended")
      if (wasAsked) return
      if (performance.now() - startedMs > settledMs) delayMs = childStartAgainMs
      yield* Effect.logWarning("a worker process ended, and is started again", {
        worker: this.name,
        code: child.exitCode,
        signal: child.signalCode,
        againInMs: delayMs,
      })
      yield* Effect.sleep(delayMs)
      delayMs = Math.min(2 * delayMs, childStartAgainMsMax)
    })
    return Effect.forever(Effect.scoped(once))
  })
}
