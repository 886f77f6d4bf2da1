/**
 * Chance in a simulated world: one stream a family, each choice numbered, so that a world can be run again with any of its choices left out.
 *
 * The value of a choice depends on the seed, its family and its number there alone: leaving one out changes no other. A choice is harmless
 * (0) or not; those that were not are the decisions of a run, and `kept` names the ones that may stand when a failure is shrunk.
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

/** The choices of one family. */
export class Family {
  readonly name: string
  /** Whether the family was drawn for this world at all: if not, every choice is harmless and none is counted. */
  isOn: boolean
  readonly #seed: number
  readonly #kept: ReadonlySet<number> | null
  #count = 0
  /** Numbers of the choices that were not harmless. */
  readonly decisions: Array<number> = []

  constructor(name: string, seed: number, isOn: boolean, kept: ReadonlySet<number> | null) {
    this.name = name
    this.#seed = seed
    this.isOn = isOn && (kept === null || kept.size > 0)
    this.#kept = kept
  }

  /** 0, or `num` times in `den` a number of 1 to `most`. A decision if it isn't 0. */
  draw(num: number, den: number, most = 1): number {
    if (!this.isOn || num === 0) return 0
    const number = this.#count++
    const drawn = mixed(this.#seed, number * 2)
    if (drawn % den >= num) return 0
    if (this.#kept !== null && !this.#kept.has(number)) return 0
    this.decisions.push(number)
    return most === 1 ? 1 : 1 + (mixed(this.#seed, number * 2 + 1) % most)
  }

  /** A number of 0 to `bound` − 1 that is no decision: details of one already taken, and what isn't worth shrinking. 0 where the family is off. */
  below(bound: number): number {
    return this.isOn ? mixed(this.#seed ^ 0x5bd1e995, this.#count++) % bound : 0
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
