/**
 * The way between a process and the server: how long it takes, what is lost on it, when it is cut.
 *
 * Each direction is judged for itself, so a request may arrive and its answer be lost. Whether anything goes wrong is drawn from the families
 * of faults that the link is given, under a key that says what is on its way; one that is off costs nothing.
 */
import { type Family, type Key, keyOf } from "./chance.ts"
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
  readonly #name: Key
  quality: LinkQuality
  /** Nothing gets through in this direction before then. */
  cutThereUntilMs = 0
  cutBackUntilMs = 0
  /** Everything takes this much longer, until then: a channel that lags. */
  lagMs = 0
  lagUntilMs = 0

  /** `name`: whose link it is, and to where. */
  constructor(name: string, world: World, families: LinkFamilies, quality: LinkQuality) {
    this.#name = keyOf(name)
    this.#world = world
    this.#families = families
    this.quality = quality
  }

  heal(): void {
    this.cutThereUntilMs = 0
    this.cutBackUntilMs = 0
    this.lagUntilMs = 0
  }

  /** The key of what goes over this link now and has no name of its own: the same question, asked at about the same time. */
  keyNow(what: string): Key {
    return keyOf(what, this.#world.moment)
  }

  /** Milliseconds a request takes, or -1: it never arrives. */
  there(what: Key): number {
    if (this.#world.nowMs < this.cutThereUntilMs) return -1
    const key = keyOf(this.#name, 1, what)
    if (this.#families.lostRequests.draw(this.quality.loss, 10_000, 1, key) > 0) return -1
    return this.#delayMs(key)
  }

  /** Milliseconds an answer takes, or -1: it never arrives. */
  back(what: Key): number {
    if (this.#world.nowMs < this.cutBackUntilMs) return -1
    const key = keyOf(this.#name, 2, what)
    if (this.#families.lostAnswers.draw(this.quality.loss, 10_000, 1, key) > 0) return -1
    return this.#delayMs(key)
  }

  /** Milliseconds after which a message arrives a second time, or -1: it doesn't. */
  again(what: Key): number {
    if (!this.#families.duplicates.isOn) return -1
    const after = this.#families.duplicates.draw(this.quality.duplicates, 10_000, 5_000, keyOf(this.#name, 3, what))
    return after === 0 ? -1 : after
  }

  /** Milliseconds one way takes that nothing is lost on. */
  delayMs(what: Key): number {
    return this.#delayMs(keyOf(this.#name, 4, what))
  }

  #delayMs(key: Key): number {
    const { baseMs, jitterMs, spikes, spikeMs } = this.quality
    const spike = this.#families.spikes.draw(spikes, 10_000, spikeMs, key)
    const lag = this.#world.nowMs < this.lagUntilMs ? this.lagMs : 0
    return baseMs + (jitterMs === 0 ? 0 : this.#families.jitter.below(jitterMs, key)) + spike + lag
  }
}

/** Milliseconds after which somebody who hears nothing gives up waiting. */
export interface Ask<T> {
  /** What is asked, so that chance tells one question from another. */
  readonly what: string
  readonly timeoutMs: number
  /** Runs where the request arrives; `answer` sends the answer back, null says that none will come. */
  readonly serve: (answer: (value: T | null) => void) => void
  readonly answered: (value: T) => void
  readonly unanswered: () => void
  /** Whether it never arrives twice. */
  readonly isOnce?: boolean
}
