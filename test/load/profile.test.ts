/** Profiles of load: those that are there can be played, and shoppers come as a profile says. */
import { readdirSync, readFileSync } from "node:fs"
import { Schema } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { arrivedBy, lengthMs, peakPerSecond, rateAt, scaled } from "../../load/play/arrivals.ts"
import { Profile } from "../../load/play/profile.ts"
import { Shoppers, skusOf } from "../../load/play/shoppers.ts"

const folder = new URL("../../load/profiles/", import.meta.url)
const profiles = readdirSync(folder).map((name) => ({
  name,
  profile: Schema.decodeUnknownSync(Profile, { onExcessProperty: "error" })(JSON.parse(readFileSync(new URL(name, folder), "utf8"))),
}))

const flash = profiles.find(({ name }) => name === "flash-sale.json")?.profile
if (flash === undefined) throw new Error("there is a profile of a flash sale")

const stagesArbitrary = fc.array(
  fc.record({ forMs: fc.integer({ min: 1, max: 100_000 }), toPerSecond: fc.integer({ min: 0, max: 5_000 }) }),
  {
    minLength: 1,
    maxLength: 8,
  },
)
const withStages = (stages: ReadonlyArray<{ readonly forMs: number; readonly toPerSecond: number }>): Profile => {
  const [first, ...rest] = stages
  return first === undefined ? flash : { ...flash, stages: [first, ...rest] }
}

describe("the profiles that are there", () => {
  it("are the six that people know by name, and can be read", () => {
    expect(profiles.map(({ name }) => name)).toEqual(
      ["black-friday", "drop", "flash-sale", "restock-during-sale", "retry-storm", "soak"].map((name) => `${name}.json`),
    )
    for (const { profile } of profiles) expect(arrivedBy(profile, lengthMs(profile))).toBeGreaterThan(1_000)
  })

  it("a flash sale rises from idle to fifty times as much within ten seconds", () => {
    expect(rateAt(flash, 10_000)).toBe(16)
    expect(rateAt(flash, 20_000)).toBe(50 * 16)
  })
})

describe("arrivals", () => {
  it("are what lies under the rate: never fewer than before, and none before the start or after the end", () => {
    fc.assert(
      fc.property(stagesArbitrary, fc.nat(400_000), fc.nat(400_000), (stages, a, b) => {
        const profile = withStages(stages)
        const [early, late] = [Math.min(a, b), Math.max(a, b)]
        expect(arrivedBy(profile, 0)).toBe(0)
        expect(arrivedBy(profile, late)).toBeGreaterThanOrEqual(arrivedBy(profile, early))
        expect(arrivedBy(profile, lengthMs(profile) + late)).toBe(arrivedBy(profile, lengthMs(profile)))
      }),
    )
  })

  it("add up to the rate, counted a second time in small steps", () => {
    fc.assert(
      fc.property(stagesArbitrary, (stages) => {
        const profile = withStages(stages)
        const steps = 20_000
        const stepMs = lengthMs(profile) / steps
        let sum = 0
        for (let step = 0; step < steps; step++) sum += rateAt(profile, (step + 0.5) * stepMs) * (stepMs / 1_000)
        const whole = arrivedBy(profile, lengthMs(profile))
        expect(Math.abs(sum - whole)).toBeLessThanOrEqual(whole * 0.01 + stages.length * peakPerSecond(profile) * (stepMs / 1_000))
      }),
      { numRuns: 25 },
    )
  })

  it("scale with the rate and the time that are asked for, and keep their shape", () => {
    const other = scaled(flash, { rateTimes: 0.25, timeTimes: 0.5 })
    expect(peakPerSecond(other)).toBe(peakPerSecond(flash) / 4)
    expect(lengthMs(other)).toBe(lengthMs(flash) / 2)
    expect(arrivedBy(other, lengthMs(other))).toBeCloseTo(arrivedBy(flash, lengthMs(flash)) / 8)
    expect(other.skus.unitsEach).toBe(Math.round(flash.skus.unitsEach / 8))
  })
})

describe("shoppers", () => {
  it("are the same for the same seed, and want SKUs that are stocked under ids that are theirs alone", () => {
    const draw = (seed: string) => {
      const shoppers = new Shoppers(flash, seed, "run")
      return Array.from({ length: 2_000 }, () => shoppers.next())
    }
    const drawn = draw("1")
    expect(draw("1")).toEqual(drawn)
    expect(draw("2")).not.toEqual(drawn)
    expect(new Set(drawn.map(({ first }) => first.id)).size).toBe(2_000)
    const stocked = new Set(skusOf(flash))
    for (const { first } of drawn) if (first.type === "Reserve") expect(stocked.has(String(first.sku))).toBe(true)
    const orders = drawn.filter(({ first }) => first.type === "PlaceOrder").length
    expect(orders / 2_000).toBeCloseTo(flash.shopper.orderShare, 1)
  })
})
