/**
 * Chance in a simulated world: one stream a family, each choice under a key (who draws, and what for) and its number there, so that a world can be run
 * again with any of its choices left out.
 *
 * The value of a choice depends on the seed, its family, its key and how many were drawn under that key before: neither leaving a choice out nor leaving
 * out a message, with all that would have been drawn for it, changes another. A choice is harmless (0) or not; those that were not are the decisions of
 * a run, and `kept` names the ones that may stand when a failure is shrunk.
 */
import { prngFromSeed } from "../../src/workload/prng.ts"

/** Which decisions may stand: all of a family that isn't named, those with the given numbers otherwise. Null: all. */
export type Kept = Readonly<Record<string, ReadonlyArray<number>>> | null

/** A number of 32 bits from a counter, well mixed (the finalizer of MurmurHash3, twice keyed). */
const mixed = (seed: number, counter: number): number => {
  let hash = (seed ^ Math.imul(counter, 0x9e3779b9)) >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  hash ^= hash >>> 16
  hash = Math.imul((hash + seed) ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}

/** Who draws, and what for. */
export type Key = number

/** Whoever draws without one: choices numbered by the order in which they come. */
const unkeyed: Key = 0

/** One key for these parts; never that of nobody. */
export const keyOf = (...parts: ReadonlyArray<string | number>): Key => {
  let hash = 0x811c9dc5
  for (const part of parts) {
    if (typeof part === "number") hash = mixed(hash, part)
    else for (let at = 0; at < part.length; at++) hash = Math.imul(hash ^ part.charCodeAt(at), 0x01000193)
    hash = Math.imul(hash ^ 0xff, 0x01000193)
  }
  return hash >>> 0 || 1
}

/** Details of one thing that is already decided: numbered under its key. */
export interface Details {
  /** A number of 0 to `bound` − 1. */
  readonly below: (bound: number) => number
}

/**
 * One of `items` by the details of a decision, such that taking another one away changes nothing: who has the lowest of numbers drawn for their names.
 * Undefined if there is none.
 */
export const pickByName = <T>(details: Details, items: Iterable<T>, name: (item: T) => string): T | undefined => {
  const salt = details.below(0x1_0000_0000)
  let picked: T | undefined
  let least = Number.POSITIVE_INFINITY
  for (const item of items) {
    const drawn = mixed(salt, keyOf(name(item)))
    if (drawn >= least) continue
    least = drawn
    picked = item
  }
  return picked
}

/** The choices of one family. */
export class Family implements Details {
  readonly name: string
  /** Whether the family was drawn for this world at all: if not, every choice is harmless and none is counted. */
  isOn: boolean
  readonly #seed: number
  readonly #kept: ReadonlySet<number> | null
  readonly #counts = new Map<Key, number>()
  /** Numbers of the choices that were not harmless. */
  readonly decisions: Array<number> = []

  constructor(name: string, seed: number, isOn: boolean, kept: ReadonlySet<number> | null) {
    this.name = name
    this.#seed = seed
    this.isOn = isOn && (kept === null || kept.size > 0)
    this.#kept = kept
  }

  /** The number of the next choice under a key. */
  #next(key: Key): number {
    const count = this.#counts.get(key) ?? 0
    this.#counts.set(key, count + 1)
    return key === unkeyed ? count : mixed(key, count)
  }

  /** 0, or `num` times in `den` a number of 1 to `most`. A decision if it isn't 0. */
  draw(num: number, den: number, most = 1, key: Key = unkeyed): number {
    if (!this.isOn || num === 0) return 0
    const number = this.#next(key)
    if (mixed(this.#seed, number) % den >= num) return 0
    if (this.#kept !== null && !this.#kept.has(number)) return 0
    this.decisions.push(number)
    return most === 1 ? 1 : 1 + (mixed(this.#seed ^ 0x2545f491, number) % most)
  }

  /** A number of 0 to `bound` − 1 that is no decision: details of one already taken, and what isn't worth shrinking. 0 where the family is off. */
  below(bound: number, key: Key = unkeyed): number {
    return this.isOn ? mixed(this.#seed ^ 0x5bd1e995, this.#next(key)) % bound : 0
  }

  /** Details of one thing that is decided under a key. */
  details(key: Key): Details {
    return { below: (bound) => this.below(bound, key) }
  }
}

/** All families of a world. */
export class Chance {
  readonly #seed: string
  readonly #kept: Kept
  readonly #on: ReadonlySet<string>
  readonly #families = new Map<string, Family>()

  /** `on`: the families drawn for this world. */
  constructor(seed: string, on: ReadonlySet<string>, kept: Kept = null) {
    this.#seed = seed
    this.#on = on
    this.#kept = kept
  }

  family(name: string): Family {
    const known = this.#families.get(name)
    if (known !== undefined) return known
    const kept = this.#kept?.[name]
    const family = new Family(
      name,
      prngFromSeed(`${this.#seed}/${name}`).next(),
      this.#on.has(name),
      kept === undefined ? null : new Set(kept),
    )
    this.#families.set(name, family)
    return family
  }

  /** From now on every choice is harmless, but for those of the families in `but`. */
  quiet(but: ReadonlyArray<string> = []): void {
    for (const family of this.#families.values()) if (!but.includes(family.name)) family.isOn = false
  }

  /** The decisions of the run so far, by family: what `kept` names. */
  decisions(): Readonly<Record<string, ReadonlyArray<number>>> {
    return Object.fromEntries(
      [...this.#families].filter(([, { decisions }]) => decisions.length > 0).map(([name, { decisions }]) => [name, decisions]),
    )
  }
}
