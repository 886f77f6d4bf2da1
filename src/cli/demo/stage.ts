/**
 * Plays a sale with its actors: hands what may be sent to the processes that send it, hears their answers, and gives the cue to kill a
 * worker when its moment has come.
 */
import * as Effect from "effect/Effect"
import { CommandFailed, type ExitCode, exitCode } from "../exit-codes.ts"
import type { HeardAnswer, SendOrder } from "./messages.ts"
import type { Player } from "./player.ts"

export interface Cue {
  /** Flows that must have ended. */
  readonly afterFlows: number
  /** Called once; the play goes on meanwhile. */
  readonly run: () => void
}

export interface StageOptions {
  readonly player: Player
  /** Sends through the actor's process. */
  readonly send: (actor: string, orders: ReadonlyArray<SendOrder>) => void
  readonly cue: Cue | null
}

/** Milliseconds without any answer, while some are awaited, after which the play is given up. */
const silenceMs = 90_000

export class Stage {
  readonly #options: StageOptions
  #cue: Cue | null
  #pump: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  #silence: NodeJS.Timeout | undefined
  #end: ((failure: CommandFailed | null) => void) | undefined
  #startedMs = 0
  #setUpMs: number | null = null
  #endedMs: number | null = null

  constructor(options: StageOptions) {
    this.#options = options
    this.#cue = options.cue
  }

  /** Milliseconds of the play so far, or in all: from when stock and policies were in place to the last answer. */
  get playedMs(): number {
    return this.#setUpMs === null ? 0 : (this.#endedMs ?? performance.now()) - this.#setUpMs
  }

  /** In the middle of the play, in milliseconds on the process's own clock. */
  get middleMs(): number {
    return this.#startedMs + this.elapsedMs / 2
  }

  /** Milliseconds since the play was begun, setup included. */
  get elapsedMs(): number {
    return this.#startedMs === 0 ? 0 : (this.#endedMs ?? performance.now()) - this.#startedMs
  }

  answers(answers: ReadonlyArray<HeardAnswer>): void {
    if (this.#end === undefined) return
    const nowMs = Date.now()
    try {
      for (const answer of answers) this.#options.player.answered(answer, nowMs)
    } catch (error) {
      this.failed(error instanceof Error ? error.message : String(error))
      return
    }
    this.#silence?.refresh()
    this.#pumpSoon()
  }

  /** Gives the play up. */
  failed(message: string, code: ExitCode = exitCode.failed): void {
    this.#finish(new CommandFailed({ code, message }))
  }

  /** Plays to the end. Fails when an actor does, or when nothing is answered any more. */
  readonly play: Effect.Effect<void, CommandFailed> = Effect.callback<void, CommandFailed>((resume) => {
    this.#begin((failure) => resume(failure === null ? Effect.void : Effect.fail(failure)))
    return Effect.sync(() => this.#stop())
  })

  #begin(end: (failure: CommandFailed | null) => void): void {
    this.#startedMs = performance.now()
    this.#end = end
    this.#silence = setTimeout(() => this.failed(`nothing was answered for ${silenceMs / 1_000} s`), silenceMs)
    this.#pumpSoon()
  }

  #stop(): void {
    this.#end = undefined
    clearImmediate(this.#pump)
    clearTimeout(this.#timer)
    clearTimeout(this.#silence)
  }

  #finish(failure: CommandFailed | null): void {
    const end = this.#end
    if (end === undefined) return
    this.#endedMs = performance.now()
    this.#stop()
    end(failure)
  }

  /** At the end of the turn: answers of several actors that came together are followed by one hand-out. */
  #pumpSoon(): void {
    if (this.#pump !== undefined || this.#end === undefined) return
    this.#pump = setImmediate(() => {
      this.#pump = undefined
      this.#handOut()
    })
  }

  #handOut(): void {
    const { player } = this.#options
    const byActor = new Map<string, Array<SendOrder>>()
    const nowMs = Date.now()
    for (const { actor, order } of player.take(nowMs)) {
      const orders = byActor.get(actor)
      if (orders === undefined) byActor.set(actor, [order])
      else orders.push(order)
    }
    for (const [actor, orders] of byActor) this.#options.send(actor, orders)
    if (player.isSetUp && this.#setUpMs === null) {
      this.#setUpMs = performance.now()
      this.#pumpSoon()
    }
    this.#runCue()
    if (player.done) {
      this.#finish(null)
      return
    }
    clearTimeout(this.#timer)
    const dueInMs = player.dueInMs(nowMs)
    if (dueInMs !== null) this.#timer = setTimeout(() => this.#pumpSoon(), dueInMs)
  }

  #runCue(): void {
    const cue = this.#cue
    if (cue === null || !this.#options.player.isSetUp || this.#options.player.played.flowsEnded < cue.afterFlows) return
    this.#cue = null
    cue.run()
  }
}
