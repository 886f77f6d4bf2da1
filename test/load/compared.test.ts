import { describe, expect, it } from "vitest"
import type { ArmName } from "../../load/peers/arms.ts"
import { askedFor, rowsOf, wrongIn } from "../../load/peers/compared.ts"
import { drawsOf, unitRowsOf } from "../../load/peers/ground.ts"
import type { Checked, Count } from "../../load/peers/messages.ts"
import type { BenchRun, Measured } from "../../load/peers/run.ts"

const sound: Checked = {
  had: 1_100,
  unknown: 0,
  scarceAsked: 300,
  scarceHad: 100,
  taken: { qty: 1_100, reservations: 1_100, scarceQty: 100, oversoldSkus: 0 },
}
const withTaken = (taken: Partial<NonNullable<Checked["taken"]>>): Checked => ({
  ...sound,
  taken: { qty: 1_100, reservations: 1_100, scarceQty: 100, oversoldSkus: 0, ...taken },
})

describe("the count in a peer's own store", () => {
  it("finds nothing where store and callers agree, or there is no store", () => {
    expect(wrongIn(sound)).toEqual([])
    expect(wrongIn({ ...sound, taken: null })).toEqual([])
  })

  it.each<[string, Checked, RegExp]>([
    ["more of the scarce SKU is taken than there was", withTaken({ scarceQty: 101 }), /^OVERSOLD/],
    ["more callers had one than there were", { ...sound, scarceHad: 101 }, /^OVERSOLD/],
    ["a SKU is below zero", withTaken({ oversoldSkus: 1 }), /^OVERSOLD/],
    ["a yes was heard and nothing was taken", withTaken({ qty: 1_099 }), /1099 units are taken/],
    ["more was taken than was heard", withTaken({ qty: 1_101 }), /1101 units are taken/],
    ["a reservation is not noted", withTaken({ reservations: 1_099 }), /1099 reservations are noted/],
  ])("finds that %s", (_, checked, said) => expect(wrongIn(checked).join()).toMatch(said))

  it("lets what nobody heard of be taken or not", () => {
    expect(wrongIn({ ...sound, had: 1_098, unknown: 2 })).toEqual([])
    expect(wrongIn({ ...sound, had: 1_097, unknown: 2 })).not.toEqual([])
  })
})

const counted = (decided: number, p99Ms: number): Count => ({
  decided,
  refused: 0,
  elapsedMs: 1_000,
  p50Ms: 1,
  p99Ms,
  worstMs: p99Ms,
  clientCpuMs: 100,
  serverCpuMs: null,
  work: null,
  cores: null,
})
const measured = (arm: ArmName, round: number, count: Count): Measured => ({ arm, workload: "hot", inFlight: 1_000, round, count })
const runOf = (...all: ReadonlyArray<Measured>): BenchRun => ({ measured: all, checked: [], out: [], isPartial: false })

describe("arms compared", () => {
  it("are compared with the Holdfast that promises as much, round by round", () => {
    const run = runOf(
      measured("holdfast", 0, counted(1_000, 5)),
      measured("holdfast-fsync", 0, counted(600, 5)),
      measured("redis-everysec", 0, counted(2_000, 5)),
      measured("redis-always", 0, counted(300, 5)),
      measured("holdfast", 1, counted(1_000, 5)),
      measured("redis-everysec", 1, counted(500, 5)),
    )
    const rows = new Map(rowsOf(run, 8).map((row) => [row.arm, row]))
    expect(rows.get("redis-everysec")?.holdfastTimes).toEqual({ median: 2, min: 0.5, max: 2 })
    expect(rows.get("redis-always")?.holdfastTimes).toEqual({ median: 2, min: 2, max: 2 })
  })

  it("have no ratio where Holdfast was not measured", () => {
    expect(rowsOf(runOf(measured("redis-everysec", 0, counted(1, 1))), 8)[0]?.holdfastTimes).toBeNull()
    expect(askedFor(runOf(measured("redis-everysec", 0, counted(1, 1))))).toEqual([])
  })

  it("say what was asked for and not reached", () => {
    const slow = runOf(measured("holdfast", 0, counted(800, 30)), measured("floor", 0, counted(1_000, 10)))
    expect(askedFor(slow).map(({ isKept }) => isKept)).toEqual([false, false])
    const fast = runOf(measured("holdfast", 0, counted(900, 19)), measured("floor", 0, counted(1_000, 10)))
    expect(askedFor(fast).map(({ isKept }) => isKept)).toEqual([true, true])
  })
})

describe("what is asked for", () => {
  it("is one SKU, or the first more often than the second, or any as often", () => {
    const shares = (draws: Uint32Array, sku: number) => draws.filter((draw) => draw === sku).length / draws.length
    expect(shares(drawsOf("hot", { skus: 50 }, 1), 0)).toBe(1)
    const zipf = drawsOf("zipf", { skus: 20_000 }, 1)
    // Of 10,000 the first is asked for by 1 in 9.8, and half as often the second.
    expect(shares(zipf, 0)).toBeCloseTo(1 / 9.79, 2)
    expect(shares(zipf, 1)).toBeCloseTo(1 / 19.6, 2)
    expect(zipf.every((draw) => draw < 10_000)).toBe(true)
    const uniform = drawsOf("uniform", { skus: 10 }, 1)
    for (let sku = 0; sku < 10; sku++) expect(shares(uniform, sku)).toBeCloseTo(0.1, 2)
  })

  it("is the same for everybody", () => expect(drawsOf("zipf", { skus: 100 }, 1)).toEqual(drawsOf("zipf", { skus: 100 }, 1)))

  it("has a row for each scarce unit where units are rows, and no more", () => expect(unitRowsOf(300, { skus: 300 })).toBe(100))
})
