import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Holding, plannedChangeQty } from "../../../sim/comparison/allotment.ts"
import type { AllotmentPolicy } from "../../../sim/comparison/strategy.ts"

const policy: AllotmentPolicy = { sharePercent: 30, leastLines: 2, lowWaterPercent: 50, idleMs: 60_000, reviewMs: 1_000 }
const holding: Holding = { leftQty: 0, heardAtsQty: 0, returningQty: 0, typicalQty: 1, idleForMs: 0 }
const planned = (given: Partial<Holding>, share = 30) => plannedChangeQty({ ...holding, ...given }, share, policy)

describe("the planning of an allotment", () => {
  it("asks for its part of everything that is on sale, rounded up", () => {
    expect(planned({ heardAtsQty: 100 })).toBe(30)
    expect(planned({ heardAtsQty: 11 })).toBe(4)
  })
  it("asks again only at the low-water mark", () => {
    expect(planned({ leftQty: 16, heardAtsQty: 84 })).toBe(0)
    expect(planned({ leftQty: 15, heardAtsQty: 85 })).toBe(15)
  })
  it("gives back what is above its part once it lies idle, and not before", () => {
    expect(planned({ leftQty: 30, heardAtsQty: 10, idleForMs: 59_999 })).toBe(0)
    expect(planned({ leftQty: 30, heardAtsQty: 10, idleForMs: 60_000 })).toBe(-18)
  })
  it("counts what it gave back as on sale although it hasn't heard so yet", () => {
    expect(planned({ leftQty: 12, heardAtsQty: 10, returningQty: 18, idleForMs: 60_000 })).toBe(0)
  })
  it("holds nothing where its part is less than two of its buyers want", () => {
    expect(planned({ heardAtsQty: 60, typicalQty: 9 })).toBe(18)
    expect(planned({ heardAtsQty: 60, typicalQty: 9.5 })).toBe(0)
    expect(planned({ leftQty: 18, heardAtsQty: 40, typicalQty: 9.5, idleForMs: 60_000 })).toBe(-18)
  })
  it("asks for no more than is there, and gives back no more than it has", () => {
    const qty = fc.integer({ min: 0, max: 1_000 })
    fc.assert(
      fc.property(qty, qty, qty, qty, fc.integer({ min: 0, max: 100 }), (leftQty, heardAtsQty, returningQty, typicalQty, share) => {
        const change = plannedChangeQty({ leftQty, heardAtsQty, returningQty, typicalQty, idleForMs: 60_000 }, share, policy)
        expect(change).toBeLessThanOrEqual(heardAtsQty)
        expect(change).toBeGreaterThanOrEqual(-leftQty)
      }),
    )
  })
})
