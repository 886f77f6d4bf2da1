/**
 * Spreads jobs over threads: one at a time to each, so that a long one holds up no other, and what a thread dies of is the end of one job only.
 *
 * It knows nothing of what a job is about. A job whose thread dies, or that takes longer than its limit, ends without a result, by name.
 */
import { Worker } from "node:worker_threads"
import { type Done, type Job, wallNowMs } from "./job.ts"
import type { PlayedFile } from "./played-file.ts"

/** How a job ended. */
export type JobEnd =
  | { readonly _tag: "Done"; readonly done: Done }
  /** Its thread died, or was ended because the job took too long. */
  | { readonly _tag: "Lost"; readonly cause: string }

export interface FleetOptions {
  readonly threads: number
  /** Milliseconds of this machine that one job may take. */
  readonly jobMsMax: number
  /** Megabytes that one thread may keep: a job that grows without end then ends its thread, and not the run. */
  readonly threadMbMax: number
  /** What all jobs play, if it is a file. */
  readonly file: PlayedFile | null
  /** The next job, or null once there is none left. */
  readonly next: () => Job | null
  readonly ended: (job: Job, end: JobEnd) => void
}

/** Megabytes of the young generation: a world makes garbage all the time and keeps little of it, so a small one is copied over and over. */
const maxYoungGenerationSizeMb = 384

/** Threads that may die one after another without a single job done in between: after that the fault is not the jobs'. */
const deathsMax = 6

interface Thread {
  readonly worker: Worker
  job: Job | null
  limit: NodeJS.Timeout | null
  cause: string | null
  /** Ended because its job took too long: that is the job's fault. */
  isLate: boolean
}

export class Fleet {
  readonly #options: FleetOptions
  readonly #threads = new Set<Thread>()
  #deathsInARow = 0
  #isStopped = false
  #finished: () => void = () => undefined
  #failed: (error: Error) => void = () => undefined

  constructor(options: FleetOptions) {
    this.#options = options
  }

  /** Runs until no job is left, or it is stopped. Rejects if threads die whatever they are given. */
  run(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#finished = resolve
    this.#failed = reject
    for (let i = 0; i < this.#options.threads; i++) this.#hire()
    this.#endIfIdle()
    return promise
  }

  /** Ends every thread at once. What they were at ends without a word. */
  stop(): void {
    this.#isStopped = true
    for (const thread of this.#threads) {
      if (thread.limit !== null) clearTimeout(thread.limit)
      void thread.worker.terminate()
    }
    this.#threads.clear()
    this.#endIfIdle()
  }

  #hire(): void {
    const job = this.#isStopped ? null : this.#options.next()
    if (job === null) return
    const resourceLimits = { maxYoungGenerationSizeMb, maxOldGenerationSizeMb: this.#options.threadMbMax }
    const worker = new Worker(new URL("./thread.ts", import.meta.url), { resourceLimits, workerData: this.#options.file })
    const thread: Thread = { worker, job: null, limit: null, cause: null, isLate: false }
    this.#threads.add(thread)
    worker.on("message", (done: Done) => this.#done(thread, done))
    worker.on("error", (error: unknown) => {
      thread.cause ??= error instanceof Error ? `its thread died: ${error.message}` : `its thread died: ${String(error)}`
    })
    worker.on("exit", (code) => this.#gone(thread, code))
    this.#give(thread, job)
  }

  #give(thread: Thread, job: Job): void {
    const { jobMsMax } = this.#options
    const startedMs = wallNowMs()
    thread.job = job
    thread.limit = setTimeout(() => {
      thread.isLate = true
      thread.cause = `it was ended after ${Math.round((wallNowMs() - startedMs) / 1_000)} s, its limit is ${jobMsMax / 1_000} s`
      void thread.worker.terminate()
    }, jobMsMax)
    thread.worker.postMessage(job)
  }

  #done(thread: Thread, done: Done): void {
    const { job } = thread
    // Ended for taking too long while its answer was on its way: what was said of it stands.
    if (this.#isStopped || job === null || thread.cause !== null) return
    this.#deathsInARow = 0
    this.#release(thread)
    this.#options.ended(job, { _tag: "Done", done })
    const next = this.#isStopped ? null : this.#options.next()
    if (next !== null) return this.#give(thread, next)
    this.#threads.delete(thread)
    void thread.worker.terminate()
    this.#endIfIdle()
  }

  #release(thread: Thread): void {
    if (thread.limit !== null) clearTimeout(thread.limit)
    thread.limit = null
    thread.job = null
  }

  #gone(thread: Thread, code: number): void {
    const { job, cause } = thread
    this.#release(thread)
    if (!this.#threads.delete(thread) || this.#isStopped) return
    const why = cause ?? `its thread ended with code ${code}`
    if (job !== null) this.#options.ended(job, { _tag: "Lost", cause: why })
    if (!thread.isLate && ++this.#deathsInARow >= deathsMax) {
      this.#failed(new Error(`${deathsMax} threads died one after another without a result; the last: ${why}`))
      return this.stop()
    }
    this.#hire()
    this.#endIfIdle()
  }

  #endIfIdle(): void {
    if (this.#threads.size === 0) this.#finished()
  }
}
