/** The shell mode: a seed is a run, runs are green, and a defect in the engine or around it turns some of them red. */
import { describe, expect, it } from "vitest"
import { runShellSeed, type ShellOptions } from "../../../sim/shell/run.ts"
import { protocolRules } from "../../../src/engine/rules.ts"

const seeds = (from: number, count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, i) => String(from + i))

/** The checkers that see the defect in the first of `budget` seeds that any of them turns red. */
const killedBy = (budget: number, planted: Omit<ShellOptions, "seed">): ReadonlyArray<string> => {
  for (const seed of seeds(1, budget)) {
    const { failures } = runShellSeed({ seed, ...planted })
    if (failures.length > 0) return [...new Set(failures.map(({ checker }) => checker))]
  }
  return []
}

describe("A seed of the shell mode", () => {
  it("is the same run whenever it is run", () => {
    for (const seed of ["1", "5"]) expect(runShellSeed({ seed })).toEqual(runShellSeed({ seed }))
  })

  it("is another run than its neighbour", () => {
    const hashes = seeds(1, 5).map((seed) => runShellSeed({ seed }).traceHash)
    expect(new Set(hashes).size).toBe(5)
  })

  it("keeps every promise and comes to rest, over a few dozen seeds in which everything that can go wrong does", () => {
    const results = seeds(100, 36).map((seed) => runShellSeed({ seed }))
    expect(results.flatMap(({ seed, failures }) => failures.map((failure) => ({ seed, failure })))).toEqual([])
    const seen = new Set(results.flatMap(({ faults, sometimes }) => [...Object.keys(faults), ...Object.keys(sometimes)]))
    for (const name of ["kill", "crashPoint", "freeze", "leave", "election", "outage", "stepped down: Fenced", "left in time"])
      expect(seen).toContain(name)
    for (const checker of ["chain", "replies", "feed", "completeness"]) {
      for (const { checked } of results) expect(checked[checker]).toBeGreaterThan(0)
    }
  })
})

describe("A defect in what the shell mode runs", () => {
  it("is seen where every record found is taken for one's own", () => {
    expect(killedBy(60, { rules: { ...protocolRules, isMine: () => true } })).not.toEqual([])
  })
})
