import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { drawPlace, weightedChoice, zipfChoice } from "../../src/workload/popularity.ts"
import { Prng, prngFromSeed } from "../../src/workload/prng.ts"

const drawn = (prng: Prng, count: number): ReadonlyArray<number> => Array.from({ length: count }, () => prng.next())

describe("prng", () => {
  it("gives the numbers published for xoshiro128** from the state 1, 2, 3, 4", () => {
    const published = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804]
    expect(drawn(new Prng("published", [1, 2, 3, 4]), 10)).toEqual(published)
  })

  it("gives the same numbers for the same seed, whether it is a number or its text", () => {
    expect(drawn(prngFromSeed(42), 50)).toEqual(drawn(prngFromSeed("42"), 50))
  })

  it("gives other numbers for a neighbouring seed", () => {
    const ofOne = new Set(drawn(prngFromSeed(1), 200))
    expect(drawn(prngFromSeed(2), 200).filter((number) => ofOne.has(number))).toEqual([])
  })

  it("keeps a stream the same whatever was drawn from its parent or from others", () => {
    const used = prngFromSeed("sale")
    drawn(used, 1_000)
    drawn(used.stream("times"), 10)
    expect(drawn(used.stream("popularity"), 20)).toEqual(drawn(prngFromSeed("sale").stream("popularity"), 20))
  })

  it("stays below the bound, and reaches every number below a small one", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
        const prng = prngFromSeed(seed)
        for (let i = 0; i < 20; i++) {
          const number = prng.below(bound)
          expect(Number.isInteger(number) && number >= 0 && number < bound).toBe(true)
        }
      }),
    )
    const prng = prngFromSeed("small")
    expect(new Set(Array.from({ length: 200 }, () => prng.below(6)))).toEqual(new Set([0, 1, 2, 3, 4, 5]))
  })

  it("refuses a bound of nothing or of more than 32 bits", () => {
    for (const bound of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) expect(() => prngFromSeed(1).below(bound)).toThrow("a bound is")
  })

  it("is always or never true at the ends of a chance", () => {
    const prng = prngFromSeed(7)
    for (let i = 0; i < 100; i++) {
      expect(prng.chance(0, 10)).toBe(false)
      expect(prng.chance(10, 10)).toBe(true)
    }
  })

  it("shuffles without losing, doubling or touching what it was given", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.integer(), (items, seed) => {
        const before = [...items]
        const shuffled = prngFromSeed(seed).shuffle(items)
        expect(items).toEqual(before)
        expect([...shuffled].sort((a, b) => a - b)).toEqual(before.sort((a, b) => a - b))
      }),
    )
  })
})

describe("weighted choice", () => {
  it("never draws a place of weight 0, and draws every other", () => {
    const prng = prngFromSeed("weights")
    const choice = weightedChoice([0, 3, 0, 1, 0])
    expect(new Set(Array.from({ length: 200 }, () => drawPlace(choice, prng)))).toEqual(new Set([1, 3]))
  })

  it("draws the first of Zipf's places about twice as often as the second and ten times as often as the tenth", () => {
    const prng = prngFromSeed("zipf")
    const choice = zipfChoice(1_000)
    const counts = new Map<number, number>()
    for (let i = 0; i < 100_000; i++) {
      const place = drawPlace(choice, prng)
      counts.set(place, (counts.get(place) ?? 0) + 1)
    }
    const first = counts.get(0) ?? 0
    expect(Math.round(first / (counts.get(1) ?? 1))).toBe(2)
    expect(Math.round(first / (counts.get(9) ?? 1) / 2)).toBe(5)
  })
})
