/**
 * The way between a process and the server: how long it takes, what is lost on it, when it is cut.
 *
 * Each direction is judged for itself, so a request may arrive and its answer be lost. Whether anything goes wrong is drawn from the families
 * of faults that the link is given; one that is off costs nothing.
 */
import type { Family } from "./chance.ts"
import type { World } from "./world.ts"

/** Chances in ten thousand, and lengths in milliseconds. */
export interface LinkQuality {
  readonly baseMs: number
  readonly jitterMs: number
  readonly loss: number
  readonly duplicates: number
  readonly spikes: number
  readonly spikeMs: number
}

export interface LinkFamilies {
  readonly jitter: Family
  readonly lostRequests: Family
  readonly lostAnswers: Family
  readonly duplicates: Family
  readonly spikes: Family
}

export class Link {
  readonly #world: World
  readonly #families: LinkFamilies
  quality: LinkQuality
  /** Nothing gets through in this direction before then. */
  cutThereUntilMs = 0
  cutBackUntilMs = 0
  /** Everything takes this much longer, until then: a channel that lags. */
  lagMs = 0
  lagUntilMs = 0

  constructor(world: World, families: LinkFamilies, quality: LinkQuality) {
    this.#world = world
    this.#families = families
    this.quality = quality
  }

  heal(): void {
    this.cutThereUntilMs = 0
    this.cutBackUntilMs = 0
    this.lagUntilMs = 0
  }

  /** Milliseconds a request takes, or -1: it never arrives. */
  there(): number {
    if (this.#world.nowMs < this.cutThereUntilMs) return -1
    if (this.#families.lostRequests.draw(this.quality.loss, 10_000) > 0) return -1
    return this.#delayMs()
  }

  /** Milliseconds an answer takes, or -1: it never arrives. */
  back(): number {
    if (this.#world.nowMs < this.cutBackUntilMs) return -1
    if (this.#families.lostAnswers.draw(this.quality.loss, 10_000) > 0) return -1
    return this.#delayMs()
  }

  /** Milliseconds after which a message arrives a second time, or -1: it doesn't. */
  again(): number {
    const after = this.#families.duplicates.draw(this.quality.duplicates, 10_000, 5_000)
    return after === 0 ? -1 : after
  }

  /** Milliseconds one way takes that nothing is lost on. */
  delayMs(): number {
    return this.#delayMs()
  }

  #delayMs(): number {
    const { baseMs, jitterMs, spikes, spikeMs } = this.quality
    const spike = this.#families.spikes.draw(spikes, 10_000, spikeMs)
    const lag = this.#world.nowMs < this.lagUntilMs ? this.lagMs : 0
    return baseMs + (jitterMs === 0 ? 0 : this.#families.jitter.below(jitterMs)) + spike + lag
  }
}

/** Milliseconds after which somebody who hears nothing gives up waiting. */
export interface Ask<T> {
  readonly timeoutMs: number
  /** Runs where the request arrives; `answer` sends the answer back, null says that none will come. */
  readonly serve: (answer: (value: T | null) => void) => void
  readonly answered: (value: T) => void
  readonly unanswered: () => void
  /** Whether it never arrives twice. */
  readonly isOnce?: boolean
}
