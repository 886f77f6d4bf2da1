/**
 * Chance from a seed: the same seed gives the same numbers on every machine, and only whole numbers come out.
 *
 * Streams are named, and each depends on the seed and its own name alone: drawing more from one never changes another, so a generator can grow a
 * new choice without changing the choices it made before. Floating point is kept out of the interface altogether. Not for secrets.
 */
import { assert } from "../assert.ts"

const word = 0x1_0000_0000

/** FNV-1a over UTF-16 units, begun at `basis`, then mixed (the finalizer of MurmurHash3), so that neighbouring seeds share nothing. */
const hashedWord = (text: string, basis: number): number => {
  let hash = basis
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

const rotatedLeft = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits))

/** The four words of a generator's state; not all of them zero. */
export type PrngState = readonly [number, number, number, number]

/** A generator of whole numbers: xoshiro128** (Blackman and Vigna). */
export class Prng {
  readonly #name: string
  #a: number
  #b: number
  #c: number
  #d: number

  /** From a state given outright: only to compare with the algorithm's published numbers. `name` is what streams are derived from. */
  constructor(name: string, state: PrngState) {
    assert((state[0] | state[1] | state[2] | state[3]) !== 0, "the state of a generator is not all zero")
    this.#name = name
    ;[this.#a, this.#b, this.#c, this.#d] = state
  }

  /** A generator of its own, the same whenever it is asked for under the same name, whatever was drawn from this one. */
  stream(name: string): Prng {
    return prngFromSeed(`${this.#name}/${name}`)
  }

  /** The next 32 bits, as 0 to 2^32 - 1. */
  next(): number {
    const result = Math.imul(rotatedLeft(Math.imul(this.#b, 5), 7), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotatedLeft(this.#d, 11)
    return result
  }

  /** A number of 0 to `bound` - 1, each as likely as any other. `bound` is 1 to 2^32. */
  below(bound: number): number {
    assert(Number.isSafeInteger(bound) && bound >= 1 && bound <= word, "a bound is a whole number of 1 to 2^32")
    // What lies above the last whole multiple of the bound is drawn again: taken modulo, it would favour the small numbers.
    const fair = word - (word % bound)
    let drawn = this.next()
    while (drawn >= fair) drawn = this.next()
    return drawn % bound
  }

  /** A number of `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  /** True `num` times in `den`. */
  chance(num: number, den: number): boolean {
    return this.below(den) < num
  }

  /** One of `choices`, each as likely as any other. */
  pick<T>(choices: ReadonlyArray<T>): T {
    assert(choices.length > 0, "there is something to pick from")
    return choices[this.below(choices.length)] as T
  }

  /** `items` in an order of chance, as a new array. */
  shuffle<T>(items: ReadonlyArray<T>): Array<T> {
    const shuffled = [...items]
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const item = shuffled[i] as T
      shuffled[i] = shuffled[j] as T
      shuffled[j] = item
    }
    return shuffled
  }
}

/** The generator of a seed. A number and its decimal text are the same seed; any text will do. */
export const prngFromSeed = (seed: number | string): Prng => {
  const name = String(seed)
  const state: PrngState = [
    hashedWord(name, 0x811c9dc5),
    hashedWord(name, 0x9e3779b9),
    hashedWord(name, 0x7f4a7c15),
    // One word in 2^128 states would be all zero; this one never is.
    hashedWord(name, 0x94d049bb) | 1,
  ]
  return new Prng(name, state)
}
