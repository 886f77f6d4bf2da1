/**
 * Small worlds of carried commands: complete and without a violation under the rules as they are, and with one as soon as a rule is left out.
 */
import { describe, expect, it } from "vitest"
import { exploreCarried } from "../../../sim/small-world/carried/exploration.ts"
import { carriedLoosened } from "../../../sim/small-world/carried/loosened.ts"
import { carriedWorlds } from "../../../sim/small-world/carried/worlds.ts"

/** Bounded by states, not by a clock. */
const untilDone = { timeout: 0 }

describe("a small world of orders", untilDone, () => {
  const rare: Readonly<Record<string, ReadonlyArray<string>>> = {
    "order, payment against expiry": ["an order expired", "a SKU forgot what was settled"],
    "order, last units": ["lines did not answer in time"],
    "order, facts on lines": ["a line was fulfilled", "a line was released", "a line was beyond"],
    "order, orphaned": ["a SKU ended an order's hold by itself", "a line was lost"],
  }
  for (const world of carriedWorlds)
    it(`is explored to its end without a violation: ${world.name}`, () => {
      const report = exploreCarried({ world })
      expect(report.violations).toEqual([])
      expect(report.complete).toBe(true)
      expect(Object.keys(report.reached)).toEqual(expect.arrayContaining([...(rare[world.name] ?? [])]))
    })
})

describe("a rule of carried commands left out", untilDone, () => {
  for (const { name, rules, world, breaks } of carriedLoosened)
    it(`is found out within a few moves: ${name}`, () => {
      const found = carriedWorlds.find((one) => one.name === world)
      if (found === undefined) throw new Error(`no small world is called ${world}`)
      const report = exploreCarried({ world: found, rules, untilViolation: true })
      expect(report.violations.map(({ property }) => property.slice(0, breaks.length))).toContain(breaks)
      expect(report.violations[0]?.path.length).toBeLessThan(16)
    })
})
