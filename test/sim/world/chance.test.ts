/** Numbered choices: what is left out changes nothing else. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Chance } from "../../../sim/world/chance.ts"

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
})
