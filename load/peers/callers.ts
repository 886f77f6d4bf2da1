/**
 * The callers of an arm: so many that each ask for one unit after another, and what they heard and how long it took. The same for every arm.
 */
import { type WorkerCount, workBetween } from "../end-to-end/worker-page.ts"
import { quantile } from "../stage/stage.ts"
import { type CoreTimes, coresBetween, coreTimes } from "./cores.ts"
import { drawsOf, type Ground, scarceQty, scarceSku, scarceTimes, type Workload } from "./ground.ts"
import type { Checked, Count } from "./messages.ts"
import type { Peer } from "./peer.ts"
import { treeCpuMs } from "./process-cpu.ts"

/** Times that are kept of one cell: beyond it none is added, and the quantiles are those of the first. */
const timesMax = 4_000_000
/** Milliseconds without an answer after which an arm stands still. Longer than a takeover takes on a busy machine. */
const standsStillMs = 30_000
const lookEveryMs = 500
const seed = 1
const scarceInFlight = 64

interface Asked {
  readonly next: () => number
  /** Whether anybody is to ask again. */
  readonly goesOn: () => boolean
}

export class Callers {
  readonly #peer: Peer
  readonly #ground: Ground
  readonly #times = new Float64Array(timesMax)
  readonly #draws = new Map<Workload, Uint32Array>()
  #kept = 0
  #answered = 0
  #refused = 0
  #had = 0
  #unknown = 0
  #open = 0
  #reservations = 0

  constructor(peer: Peer, ground: Ground) {
    this.#peer = peer
    this.#ground = ground
  }

  /** Rejects if the peer fails, or nothing is answered for half a minute. */
  async measure(workload: Workload, inFlight: number, warmUpMs: number, forMs: number): Promise<Count> {
    const draws = this.#drawsOf(workload)
    let place = 0
    let running = true
    const calling = this.#call(inFlight, { next: () => draws[place++ % draws.length] ?? 0, goesOn: () => running })
    // Looked at only at the end: it may fail before.
    calling.catch(() => undefined)
    try {
      await whileCalling(calling, warmUpMs)
      const counted = await this.#count(calling, forMs)
      running = false
      await calling
      return counted
    } finally {
      running = false
    }
  }

  async #count(calling: Promise<void>, forMs: number): Promise<Count> {
    // Asked for first, and last: what a page costs lies outside.
    const workBefore = await this.#work()
    const before = this.#usage()
    const [answered, refused, beganMs] = [this.#answered, this.#refused, performance.now()]
    this.#kept = 0
    // Where nothing was answered in all that time, until something is, or all stand still for too long.
    do await whileCalling(calling, forMs)
    while (this.#answered === answered)
    const elapsedMs = performance.now() - beganMs
    const after = this.#usage()
    const decided = this.#answered - answered
    const refusedMeanwhile = this.#refused - refused
    const times = this.#times.slice(0, this.#kept)
    const workAfter = await this.#work()
    times.sort()
    return {
      decided,
      refused: refusedMeanwhile,
      elapsedMs,
      p50Ms: quantile(times, 0.5),
      p99Ms: quantile(times, 0.99),
      worstMs: times.at(-1) ?? Number.NaN,
      ...usageBetween(before, after),
      work: both(workBefore, workAfter, workBetween),
    }
  }

  /** Asks for more of the scarce SKU than there is, and then counts. */
  async check(): Promise<Checked> {
    const had = this.#had
    let left = scarceQty * scarceTimes
    await this.#call(Math.min(scarceInFlight, left), { next: () => scarceSku(this.#ground), goesOn: () => left-- > 0 })
    const scarceHad = this.#had - had
    return { had: this.#had, unknown: this.#unknown, scarceAsked: scarceQty * scarceTimes, scarceHad, taken: await this.#peer.taken() }
  }

  #drawsOf(workload: Workload): Uint32Array {
    const known = this.#draws.get(workload) ?? drawsOf(workload, this.#ground, seed)
    this.#draws.set(workload, known)
    return known
  }

  #usage(): Usage {
    const { user, system } = process.cpuUsage()
    const { stages } = this.#peer
    return {
      clientCpuMs: (user + system) / 1_000,
      serverCpuMs: treeCpuMs(this.#peer.pids()),
      cores: stages === null ? null : coreTimes(stages.parts),
    }
  }

  async #work(): Promise<WorkerCount | null> {
    return this.#peer.stages === null ? null : this.#peer.stages.count()
  }

  /** Resolves when every caller has its last answer; rejects at the first failure, or when all stand still. */
  async #call(inFlight: number, asked: Asked): Promise<void> {
    const standing = this.#watch()
    const callers = Array.from({ length: inFlight }, () => this.#caller(asked))
    try {
      await Promise.race([Promise.all(callers), standing.failed])
    } finally {
      standing.stop()
    }
  }

  async #caller({ next, goesOn }: Asked): Promise<void> {
    while (goesOn()) {
      const sentMs = performance.now()
      this.#open++
      try {
        const had = await this.#peer.reserve(next(), ++this.#reservations)
        if (had) this.#had++
        else this.#refused++
      } catch (cause) {
        this.#unknown++
        throw cause
      } finally {
        this.#open--
      }
      this.#answered++
      if (this.#kept < timesMax) this.#times[this.#kept++] = performance.now() - sentMs
    }
  }

  #watch() {
    let answered = -1
    let sinceMs = performance.now()
    let timer: NodeJS.Timeout | undefined
    const failed = new Promise<never>((_, reject) => {
      timer = setInterval(() => {
        if (this.#answered !== answered || this.#open === 0) [answered, sinceMs] = [this.#answered, performance.now()]
        else if (performance.now() - sinceMs > standsStillMs)
          reject(new Error(`stands still: ${this.#open} reservations wait, and none was answered for ${standsStillMs / 1_000} s`))
      }, lookEveryMs)
    })
    return { failed, stop: () => clearInterval(timer) }
  }
}

/** Waits; rejects at once if the callers fail meanwhile. */
const whileCalling = async (calling: Promise<void>, forMs: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, forMs)
  })
  try {
    await Promise.race([waited, calling])
  } finally {
    clearTimeout(timer)
  }
}

interface Usage {
  readonly clientCpuMs: number
  readonly serverCpuMs: number | null
  readonly cores: CoreTimes | null
}

/** Null where one of them is. */
const both = <A, B>(before: A | null, after: A | null, of: (before: A, after: A) => B): B | null =>
  before === null || after === null ? null : of(before, after)

const usageBetween = (before: Usage, after: Usage): Usage => ({
  clientCpuMs: after.clientCpuMs - before.clientCpuMs,
  serverCpuMs: both(before.serverCpuMs, after.serverCpuMs, (earlier, later) => later - earlier),
  cores: both(before.cores, after.cores, coresBetween),
})
