import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { betweenPath, differences, drawnSpans, linear, numberTicks, stepPath, timeTicks } from "../../../sim/report/scale.ts"
import type { Points } from "../../../sim/result.ts"

const endMs = 1_000
/** Step functions with values few enough to meet one another. */
const stepFunction = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: endMs - 1 }), fc.integer({ min: 0, max: 4 })), {
    selector: ([atMs]) => atMs,
    maxLength: 40,
  })
  .map((points): Points => points.sort(([a], [b]) => a - b))

const valueAt = (points: Points, atMs: number): number | undefined => points.findLast(([pointMs]) => pointMs <= atMs)?.[1]

/** The x and y that a path of M, H, V passes, y by x: the lowest and highest it has there. */
const passed = (path: string): ReadonlyArray<readonly [number, number]> => {
  let x = 0
  let y = 0
  return [...path.matchAll(/([MHV])(-?[\d.]+)(?: (-?[\d.]+))?/g)].map(([, letter, first, second]) => {
    if (letter === "V") y = Number(first)
    else x = Number(first)
    if (letter === "M") y = Number(second)
    return [x, y] as const
  })
}

describe("the difference of two step functions", () => {
  it("is where both have a value and these differ, moment by moment", () => {
    fc.assert(
      fc.property(stepFunction, stepFunction, (left, right) => {
        const found = differences(left, right, endMs)
        for (let atMs = 0; atMs < endMs; atMs++) {
          const stretch = found.filter(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)
          const [l, r] = [valueAt(left, atMs), valueAt(right, atMs)]
          const expected = l === undefined || r === undefined || l === r ? [] : [{ left: l, right: r }]
          expect(stretch.map(({ left, right }) => ({ left, right }))).toEqual(expected)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe("the area between two step functions", () => {
  it("runs all in one direction, so that what lies on one another leaves no hole", () => {
    fc.assert(
      fc.property(stepFunction, stepFunction, (left, right) => {
        const path = betweenPath(differences(left, right, endMs), linear(0, endMs, 0, 300), (value) => value)
        for (const [, from, low, high, to] of path.matchAll(/M([\d.]+) ([\d.]+)V([\d.]+)H([\d.]+)V/g)) {
          expect(Number(to)).toBeGreaterThan(Number(from))
          expect(Number(high)).toBeGreaterThan(Number(low))
        }
      }),
    )
  })
  it("does not grow with the stretches beyond what its width can show", () => {
    const left = Array.from({ length: 50_000 }, (_, at) => [at * 2, at % 50] as const)
    const right = left.map(([atMs, value]) => [atMs + 1, value] as const)
    const path = betweenPath(differences(left, right, 100_000), linear(0, 100_000, 0, 1_000), (value) => value)
    expect(path.match(/M/g)?.length).toBe(1_000)
  })
})

describe("the path of a step function", () => {
  it("keeps what it is at its end and its extremes, however many points fall on one column", () => {
    const x = linear(0, endMs, 0, 10)
    fc.assert(
      fc.property(stepFunction, (points) => {
        const path = passed(stepPath(points, endMs, x, (value) => value))
        const values = points.map(([, value]) => value)
        expect(path.length === 0).toBe(values.length === 0)
        if (values.length === 0) return
        const ys = path.map(([, y]) => y)
        expect(Math.max(...ys)).toBe(Math.max(...values))
        expect(Math.min(...ys)).toBe(Math.min(...values))
        expect(path.at(-1)).toEqual([10, values.at(-1)])
        expect(path.every(([at], index) => index === 0 || at >= (path[index - 1]?.[0] ?? 0))).toBe(true)
      }),
    )
  })

  it("does not grow with the points beyond what its width can show", () => {
    const points = Array.from({ length: 200_000 }, (_, at) => [at, (at * 7) % 100] as const)
    expect(stepPath(points, 200_000, linear(0, 200_000, 0, 1_000), (value) => value).length).toBeLessThan(60_000)
  })
})

describe("spans of time", () => {
  const at = (span: readonly [number, number]): readonly [number, number] => span
  it("are drawn as one where they lie on one another, and none is lost", () => {
    const spans = Array.from({ length: 5_000 }, (_, index) => [index * 2, index * 2] as const)
    const drawn = drawnSpans(spans, at, linear(0, 10_000, 0, 1_000))
    expect(drawn.length).toBeLessThanOrEqual(501)
    expect(drawn.reduce((sum, { count }) => sum + count, 0)).toBe(5_000)
  })
  it("stay apart where they only touch, so that each keeps its name", () => {
    const spans = [
      [0, 100],
      [100, 200],
    ] as const
    expect(drawnSpans(spans, at, linear(0, 200, 0, 200))).toHaveLength(2)
  })
})

describe("the marks of an axis", () => {
  it.each([
    [0, 1, 3],
    [0, 7, 3],
    [-3, 512, 4],
    [0, 1_000_000, 5],
  ])("are round numbers between %i and %i", (from, to, about) => {
    const ticks = numberTicks(from, to, about)
    expect(ticks.length).toBeGreaterThan(0)
    expect(ticks.length).toBeLessThanOrEqual(about + 2)
    for (const tick of ticks) expect(tick >= from && tick <= to && Number.isInteger(tick)).toBe(true)
  })
  it("are moments that clocks show too", () => {
    expect(timeTicks(0, 3 * 3_600_000, 9)).toEqual([0, 1, 2, 3, 4, 5, 6].map((half) => half * 1_800_000))
    expect(timeTicks(0, 86_400_000 * 30, 9).length).toBeLessThan(12)
    expect(timeTicks(5, 6, 9)).toEqual([5, 6])
  })
})
