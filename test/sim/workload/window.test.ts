import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { pressedInto } from "../../../sim/workload/window.ts"

const at = (atMs: number, order: number) => ({ atMs, order })
const dayMs = 86_400_000

describe("moments pressed into a window", () => {
  it("lie in it in proportion, the last as long before its end as the shortest time between two", () => {
    const moments = [at(0, 0), at(2 * dayMs, 1), at(3 * dayMs, 2)]
    const { placeMs, scale } = pressedInto(moments, 4_000)
    expect(moments.map(placeMs)).toEqual([0, 2_000, 3_000])
    expect(scale * dayMs).toBe(1_000)
  })

  it("of the same time are spread until the next time, in their order, each once", () => {
    const moments = [at(0, 7), at(0, 2), at(dayMs, 9), at(0, 5), at(0, 9), at(0, 7)]
    expect(moments.map(pressedInto(moments, 8_000).placeMs)).toEqual([2_000, 0, 4_000, 1_000, 3_000, 2_000])
  })

  it("keep their order and stay within it, whatever they are", () => {
    const moment = fc.record({ atMs: fc.integer({ min: 0, max: 20 }).map((day) => day * dayMs), order: fc.nat(50) })
    fc.assert(
      fc.property(fc.array(moment, { minLength: 1 }), fc.integer({ min: 1, max: 10_000_000 }), (moments, windowMs) => {
        const { placeMs } = pressedInto(moments, windowMs)
        const places = moments.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order).map(placeMs)
        expect(places[0]).toBe(0)
        expect(places).toEqual(places.toSorted((a, b) => a - b))
        expect(places.at(-1)).toBeLessThan(windowMs)
      }),
    )
  })

  it("are the only ones that have a place in it", () => {
    expect(() => pressedInto([at(0, 0)], 1_000).placeMs(at(0, 1))).toThrow("only what was pressed")
  })
})
