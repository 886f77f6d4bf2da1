/**
 * What a watcher of keys knows of them, over all its consumers: what is new to it, and which keys may be gone because it does not hear them again.
 *
 * Decides nothing about those: a consumer that a lagging follower serves leaves out what was acknowledged a moment ago, so the stream's leader is asked first.
 */
import type { EpochMs } from "../domain/names.ts"

export interface KeyState {
  /** Null: the key was deleted, or its time was up. */
  readonly value: string | null
  /** Sequence of the message that says so: what a guarded write expects. */
  readonly revision: number
  readonly brokerMs: EpochMs
}

export interface KeyChange extends KeyState {
  readonly key: string
}

/** The keys known to a watcher. After a reconnection it hears all that are set again: a key it knew and does not hear is missed. */
export class KnownKeys {
  readonly #known = new Map<string, KeyState>()
  #heard = new Set<string>()
  #missed = new Set<string>()
  #generation = 0
  #isWhole = false
  #newestMs = 0
  /** Whether all keys were heard once, in this generation or a former one. */
  wasWhole = false

  /** What is new in the given changes of one generation of the reader, after which `pending` are still to come. */
  apply(generation: number, changes: ReadonlyArray<KeyChange>, pending: number): ReadonlyArray<KeyChange> {
    if (generation !== this.#generation) {
      this.#generation = generation
      this.#heard = new Set()
      this.#missed = new Set()
      this.#isWhole = false
    }
    const news = changes.filter((change) => this.#isNews(change))
    if (!this.#isWhole && pending === 0) {
      this.#isWhole = true
      this.wasWhole = true
      for (const [key, { value }] of this.#known) if (value !== null && !this.#heard.has(key)) this.#missed.add(key)
    }
    return news
  }

  /** Keys that were known, are not said to be gone, and were not among all that is set: for the stream's leader to be asked about. */
  get missed(): ReadonlyArray<string> {
    return [...this.#missed]
  }

  /** What the stream's leader knows of a missed key (null: nothing), as a change if it is one. */
  settle(key: string, found: KeyState | null): KeyChange | undefined {
    const state = this.#known.get(key)
    if (!this.#missed.delete(key) || state === undefined) return undefined
    if (found !== null && found.value !== null) {
      const change = { ...found, key }
      return this.#isNews(change) ? change : undefined
    }
    const revision = Math.max(state.revision, found?.revision ?? 0)
    const gone = { key, value: null, revision, brokerMs: found?.brokerMs ?? this.#newestMs }
    this.#known.set(key, gone)
    return gone
  }

  #isNews(change: KeyChange): boolean {
    this.#heard.add(change.key)
    this.#missed.delete(change.key)
    this.#newestMs = Math.max(this.#newestMs, change.brokerMs)
    if ((this.#known.get(change.key)?.revision ?? 0) >= change.revision) return false
    this.#known.set(change.key, change)
    return true
  }
}
