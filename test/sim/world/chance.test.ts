/** Numbered choices: what is left out changes nothing else. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Chance, keyOf, pickByName } from "../../../sim/world/chance.ts"

const drawn = (chance: Chance, name: string, times: number): ReadonlyArray<number> => {
  const family = chance.family(name)
  return Array.from({ length: times }, () => family.draw(1, 3, 100))
}

describe("choices of a family", () => {
  it("are the same for the same seed, and others for another", () => {
    const on = new Set(["cuts"])
    const once = drawn(new Chance("7", on), "cuts", 200)
    expect(drawn(new Chance("7", on), "cuts", 200)).toEqual(once)
    expect(drawn(new Chance("8", on), "cuts", 200)).not.toEqual(once)
  })

  it("don't depend on what other families drew", () => {
    const on = new Set(["cuts", "crashes"])
    const alone = drawn(new Chance("7", on), "cuts", 50)
    const beside = new Chance("7", on)
    drawn(beside, "crashes", 13)
    expect(drawn(beside, "cuts", 50)).toEqual(alone)
  })

  it("stay what they were when some of them are left out", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 99 }), { minLength: 1, maxLength: 100 }), (kept) => {
        const on = new Set(["cuts"])
        const all = drawn(new Chance("7", on), "cuts", 100)
        const some = drawn(new Chance("7", on, { cuts: kept }), "cuts", 100)
        for (const [number, value] of some.entries()) expect(value).toBe(kept.includes(number) ? all[number] : 0)
      }),
    )
  })

  it("are harmless where their family is off, and once it is quiet", () => {
    const chance = new Chance("7", new Set(["cuts"]))
    expect(drawn(chance, "crashes", 100).every((value) => value === 0)).toBe(true)
    expect(drawn(chance, "cuts", 100).some((value) => value > 0)).toBe(true)
    chance.quiet()
    expect(drawn(chance, "cuts", 100).every((value) => value === 0)).toBe(true)
  })

  it("are listed by number when they were not harmless", () => {
    const chance = new Chance("7", new Set(["cuts"]))
    const values = drawn(chance, "cuts", 100)
    expect(chance.decisions()).toEqual({ cuts: values.flatMap((value, number) => (value > 0 ? [number] : [])) })
  })

  it("stay what they were when all that was drawn under other keys is left out", () => {
    // Who asks, in which order: leaving one of them out altogether moves the places of the others, and nothing else.
    const asked = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 60 })
    fc.assert(
      fc.property(asked, fc.constantFrom("a", "b", "c", "d"), (names, leftOut) => {
        const drawnBy = (those: ReadonlyArray<string>) => {
          const family = new Chance("7", new Set(["cuts"])).family("cuts")
          const values: Array<readonly [string, number, number]> = []
          for (const name of those) values.push([name, family.draw(1, 3, 100, keyOf(name)), family.below(100, keyOf(name))])
          return { values, decisions: family.decisions }
        }
        const all = drawnBy(names)
        const some = drawnBy(names.filter((name) => name !== leftOut))
        expect(some.values).toEqual(all.values.filter(([name]) => name !== leftOut))
        expect(all.decisions).toEqual(expect.arrayContaining(some.decisions))
      }),
    )
  })

  it("pick by name the same whoever else is there", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 2, maxLength: 20 }), fc.nat(), (names, salt) => {
        const details = { below: () => salt }
        const picked = pickByName(details, names, (name) => name)
        const others = names.filter((name) => name === picked || name.length % 2 === 0)
        expect(pickByName(details, others, (name) => name)).toBe(picked)
      }),
    )
  })
})
