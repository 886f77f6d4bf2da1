/** What a process grows by while the same goes on: told from what is collected and allocated in between, and never said of too few figures. */
import { readFileSync } from "node:fs"
import { Schema } from "effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ServerSecond } from "../../load/play/figures.ts"
import { Profile } from "../../load/play/profile.ts"
import { slopeOf, steadiness } from "../../load/play/steadiness.ts"
import type { Played } from "../../load/play/verdict.ts"

const profileNamed = (name: string) =>
  Schema.decodeUnknownSync(Profile)(JSON.parse(readFileSync(new URL(`../../load/profiles/${name}.json`, import.meta.url), "utf8")))

/** Half an hour of a worker whose heap fills and is collected every few seconds. */
const halfAnHour = (changed: (minute: number) => Partial<ServerSecond> = () => ({})): ReadonlyArray<ServerSecond> =>
  Array.from({ length: 1_800 }, (_, second) => ({
    atMs: second * 1_000,
    decidedPerSecond: 500,
    lagSeconds: 0,
    appendMs: 1,
    openHolds: 1_000,
    cores: 0.3,
    decided: second * 500,
    heapBytes: 100e6 + ((second * 7) % 13) * 4e6,
    residentBytes: 300e6 + second * 500 * 90,
    journalBytes: second * 500 * 640,
    openFiles: 30 + (second % 3),
    handles: 60 + (second % 5),
    ...changed(second / 60),
  }))

const broken = (server: ReadonlyArray<ServerSecond>) =>
  steadiness({ server } as Partial<Played> as Played, profileNamed("soak")).flatMap(({ what, isKept }) => (isKept ? [] : [what]))

describe("a soak", () => {
  it("keeps its promise where the heap only breathes, and each decision leaves what it may", () => {
    expect(broken(halfAnHour())).toEqual([])
  })

  it.each<[string, (minute: number) => Partial<ServerSecond>]>([
    ["memory on the heap", (minute) => ({ heapBytes: 100e6 + minute * 0.5e6 })],
    ["memory of the process", (minute) => ({ residentBytes: 300e6 + minute * 60 * 500 * 400 })],
    ["disk of the journals", (minute) => ({ journalBytes: minute * 60 * 500 * 2_000 })],
    ["open files and sockets", (minute) => ({ openFiles: 30 + Math.floor(minute) })],
    ["active handles", (minute) => ({ handles: 60 + Math.floor(minute) })],
  ])("finds what grows: %s", (what, changed) => {
    expect(broken(halfAnHour(changed))).toEqual([what])
  })

  it("doesn't say of too few figures that all is well", () => {
    expect(broken([])).toHaveLength(5)
    expect(broken(halfAnHour().slice(0, 2))).toHaveLength(5)
  })

  it("is asked of no profile that says nothing of it", () => {
    expect(steadiness({ server: halfAnHour() } as Partial<Played> as Played, profileNamed("drop"))).toEqual([])
  })
})

describe("the slope of a line", () => {
  it("is that of points on a line, with no doubt left, and none of fewer than three", () => {
    const slope = slopeOf([
      [0, 1],
      [1, 3],
      [2, 5],
      [3, 7],
    ])
    expect(slope).toEqual({ per: 2, low: 2, high: 2, mean: 4 })
    expect(slopeOf([])).toBeNull()
    expect(
      slopeOf([
        [0, 1],
        [1, 3],
      ]),
    ).toBeNull()
  })

  // Worked out by hand: slope 0.6, sum of squares left 2.4, 3 degrees of freedom, 3.182 * sqrt(0.8 / 10).
  it("has the interval that Student's t gives", () => {
    const slope = slopeOf([
      [1, 2],
      [2, 4],
      [3, 5],
      [4, 4],
      [5, 5],
    ])
    expect(slope?.per).toBeCloseTo(0.6, 10)
    expect(slope?.high).toBeCloseTo(0.6 + 3.182 * Math.sqrt(0.08), 10)
    expect(slope?.low).toBeCloseTo(0.6 - 3.182 * Math.sqrt(0.08), 10)
  })

  it("lies within its interval, and moves with its points", () => {
    const points = fc.array(fc.tuple(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 1_000 })), {
      minLength: 3,
      maxLength: 50,
    })
    fc.assert(
      fc.property(points, fc.integer({ min: -5, max: 5 }), (some, more) => {
        const before = slopeOf(some)
        const after = slopeOf(some.map(([x, y]) => [x, y + more * x]))
        if (before === null || after === null) {
          expect(new Set(some.map(([x]) => x)).size).toBe(1)
          return
        }
        expect(before.low).toBeLessThanOrEqual(before.per)
        expect(before.high).toBeGreaterThanOrEqual(before.per)
        expect(after.per).toBeCloseTo(before.per + more, 6)
      }),
    )
  })
})
