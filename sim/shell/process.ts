/**
 * A process of the simulated world that runs the shipped runtime: its own scheduler, clock and chance, all fed from virtual time.
 *
 * Everything that happens to it is a turn: one event of the world, then every fiber that became ready, until none is. It can die between any two
 * tasks of a turn, without a word; it can be frozen, and then goes on as if nothing had been, while its clocks did not stand still.
 */
import { Cause, Clock, Context, Duration, Effect, Logger, Random, References, Scheduler } from "effect"
import { prngFromSeed } from "../../src/workload/prng.ts"
import type { Chance, Family } from "../world/chance.ts"
import type { Host } from "../world/heap.ts"
import { EventKind, type World, worldStartMs } from "../world/world.ts"
import { SeededScheduler } from "./scheduler.ts"

/** Where something that waits for virtual time or for the network takes its turns. */
export interface Turns {
  /** Plans a turn in `afterMs` milliseconds, in the present life only, and not while it is frozen. */
  readonly in: (afterMs: number, kind: EventKind, run: () => void) => void
}

/** Turns of something that has no fibers: a channel. */
export const plainTurns = (world: World): Turns => {
  const host = world.host()
  return { in: (afterMs, kind, run) => world.in(afterMs, kind, host, run) }
}

export interface ProcessOptions {
  readonly world: World
  readonly chance: Chance
  readonly name: string
  /** Seeds its ids and delays. */
  readonly seed: string
  /** After one of how many steps of a fiber it dies, where the family for that is on. */
  readonly crashOneIn: number
  /** Told what its fibers log as an error or worse. */
  readonly onError: (text: string) => void
}

export class Process implements Turns {
  readonly name: string
  readonly #world: World
  readonly #host: Host
  readonly #seed: string
  readonly #order: Family
  readonly #crash: Family
  readonly #crashOneIn: number
  readonly #onError: (text: string) => void
  #scheduler: SeededScheduler
  #isAlive = false
  /** Milliseconds by which its wall clock is wrong. The monotonic one only ever goes on. */
  wallErrorMs = 0
  /** It doesn't die by itself. */
  isCalm = true
  /** Told when it dies in the middle of a turn. */
  onDeath: () => void = () => undefined

  constructor({ world, chance, name, seed, crashOneIn, onError }: ProcessOptions) {
    this.name = name
    this.#world = world
    this.#host = world.host()
    this.#seed = seed
    this.#order = chance.family("schedule")
    this.#crash = chance.family("crashPoint")
    this.#crashOneIn = crashOneIn
    this.#onError = onError
    this.#scheduler = new SeededScheduler(this.#order)
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** Milliseconds until it goes on, if it is frozen. */
  get frozenForMs(): number {
    return this.#isAlive ? Math.max(0, this.#host.pausedUntilMs - this.#world.nowMs) : 0
  }

  in(afterMs: number, kind: EventKind, run: () => void): void {
    this.#world.in(afterMs, kind, this.#host, () => this.turn(run))
  }

  /** Runs `run` and then everything that is ready. */
  turn(run: () => void): void {
    const scheduler = this.#scheduler
    const before = scheduler.tasks
    run()
    scheduler.runAll(() => {
      if (this.isCalm || this.#crash.draw(1, this.#crashOneIn) === 0) return false
      this.die()
      this.onDeath()
      return true
    })
    this.#world.trace(scheduler.tasks - before)
  }

  /** Begins a life: fibers run on this context, with `context` in it. */
  begin<R>(context: Context.Context<R>): Context.Context<R> {
    this.#host.life++
    this.#host.pausedUntilMs = 0
    this.#isAlive = true
    this.#scheduler = new SeededScheduler(this.#order)
    const chance = prngFromSeed(`${this.#seed}/${this.name}/${this.#host.life}`)
    return context.pipe(
      Context.add(Scheduler.Scheduler, this.#scheduler),
      Context.add(Clock.Clock, this.#clock()),
      Context.add(Random.Random, { nextIntUnsafe: () => chance.next(), nextDoubleUnsafe: () => chance.next() / 0x1_0000_0000 }),
      Context.add(Logger.CurrentLoggers, new Set([this.#logger()])),
      Context.add(References.MinimumLogLevel, "Error"),
    )
  }

  /** Ends the life at once. No finalizer runs, nothing more is said. */
  die(): void {
    this.#host.life++
    this.#isAlive = false
    this.#scheduler.stop()
  }

  /** Nothing happens in it for so long; then everything that should have, in order. */
  freeze(forMs: number): void {
    this.#host.pausedUntilMs = Math.max(this.#host.pausedUntilMs, this.#world.nowMs + forMs)
  }

  #logger(): Logger.Logger<unknown, void> {
    return Logger.make(({ message, cause }) => this.#onError(`${this.name}: ${JSON.stringify(message)} ${Cause.pretty(cause)}`))
  }

  #clock(): Clock.Clock {
    const world = this.#world
    const wallMs = () => world.nowMs + this.wallErrorMs
    const wallNanos = () => BigInt(wallMs()) * 1_000_000n
    const monotonicNanos = () => BigInt(world.nowMs - worldStartMs) * 1_000_000n
    return {
      currentTimeMillisUnsafe: wallMs,
      currentTimeMillis: Effect.sync(wallMs),
      currentTimeNanosUnsafe: wallNanos,
      currentTimeNanos: Effect.sync(wallNanos),
      monotonicTimeNanosUnsafe: monotonicNanos,
      monotonicTimeNanos: Effect.sync(monotonicNanos),
      sleep: (duration) => this.#sleep(Duration.toMillis(duration)),
    }
  }

  #sleep(ms: number): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      if (Number.isFinite(ms)) this.in(Math.max(0, Math.ceil(ms)), EventKind.tick, () => resume(Effect.void))
    })
  }
}
