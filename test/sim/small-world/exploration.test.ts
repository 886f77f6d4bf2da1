/**
 * The exploration of small worlds: complete where it says so, without a violation under production's rules, and with one under each loosened rule.
 */
import { describe, expect, it } from "vitest"
import { exploreSmallWorld } from "../../../sim/small-world/exploration.ts"
import { loosened } from "../../../sim/small-world/loosened.ts"
import { none, type SmallWorld } from "../../../sim/small-world/small-world.ts"
import { smallWorlds } from "../../../sim/small-world/worlds.ts"
import { protocolRules } from "../../../src/engine/rules.ts"

const worldNamed = (name: string): SmallWorld => {
  const found = smallWorlds.find((world) => world.name === name)
  if (found === undefined) throw new Error(`no small world is called ${name}`)
  return found
}

/** The world with a single command, and no misfortune but those given: explored within a second or two. */
const smaller = (name: string, bounds: Partial<SmallWorld["bounds"]>): SmallWorld => {
  const world = worldNamed(name)
  return { ...world, templates: world.templates.slice(0, 1), bounds: { ...none, ...bounds } }
}

/** What an exploration costs is bounded by its states, not by a clock: beside thirty other programs it takes many minutes. */
const untilDone = { timeout: 0 }

describe("a small world under production's rules", untilDone, () => {
  const small: ReadonlyArray<readonly [string, SmallWorld, ReadonlyArray<string>]> = [
    [
      "one replica",
      smaller("takeover, one replica", { claims: 1, timeouts: 1 }),
      [
        "a zombie's append refused",
        "an append unknown, and stored",
        "an append unknown, and not stored",
        "an append stored while somebody claims",
      ],
    ],
    [
      "three replicas",
      smaller("takeover, three replicas", { claims: 1, timeouts: 1 }),
      ["a resend acknowledged as a duplicate", "two workers believe they serve", "stepped down: Fenced"],
    ],
    ["a crash", smaller("takeover, one replica", { claims: 1, crashes: 1 }), ["what was perhaps not said is said again"]],
    ["retries", { ...worldNamed("retries"), bounds: { ...worldNamed("retries").bounds, claims: 0 } }, ["a duplicate answered as repeated"]],
    [
      "expiry against payment",
      { ...worldNamed("expiry against payment"), bounds: { ...worldNamed("expiry against payment").bounds, claims: 0 } },
      ["a hold expired", "confirmed before the hold expired", "confirmed too late"],
    ],
  ]
  for (const [name, world, reached] of small)
    it(`is explored to its end without a violation, and comes by what is rare: ${name}`, () => {
      const report = exploreSmallWorld({ world })
      expect(report.violations).toEqual([])
      expect(report.complete).toBe(true)
      expect(Object.keys(report.reached)).toEqual(expect.arrayContaining([...reached]))
      expect(report.resting).toBeGreaterThan(0)
    })

  it("is explored to its end without a violation where commands are lost", () => {
    const report = exploreSmallWorld({ world: worldNamed("lost commands") })
    expect(report.violations).toEqual([])
    expect(report.complete).toBe(true)
  })

  it("halts nobody, and keeps nobody from serving, where marks are told beside an end from before them", () => {
    const report = exploreSmallWorld({ world: { ...worldNamed("late marks"), readsFirst: "end" } })
    expect(report.violations).toEqual([])
    expect(report.complete).toBe(true)
  })

  it("gives the same report each time", () => {
    const world = smaller("takeover, one replica", { claims: 1 })
    expect(exploreSmallWorld({ world })).toEqual(exploreSmallWorld({ world }))
  })

  it("says that it is not complete where the cap on states came first", () => {
    const report = exploreSmallWorld({ world: { ...worldNamed("takeover, one replica"), statesMax: 500 } })
    expect(report.complete).toBe(false)
    expect(report.states).toBeGreaterThanOrEqual(500)
    expect(report.states).toBeLessThan(600)
  })
})

describe("a small world under a loosened rule", untilDone, () => {
  for (const { name, rules, world, breaks } of loosened)
    it(`shows what the rule is for: ${name}`, () => {
      const report = exploreSmallWorld({ world: worldNamed(world), rules, untilViolation: true })
      expect(report.violations.map(({ property }) => property.slice(0, breaks.length))).toContain(breaks)
      const [first] = report.violations
      expect(first?.path.length).toBeGreaterThan(0)
      expect(first?.path.length).toBeLessThan(16)
    })

  it("shows that marks have to be read before the journal's end, where an end before them is believed at once", () => {
    const world = { ...worldNamed("late marks"), readsFirst: "end" } as const
    const rules = { ...protocolRules, believesShortEnd: () => true }
    const report = exploreSmallWorld({ world, rules, untilViolation: true })
    expect(report.violations[0]?.property).toContain("JournalLostTail")
  })

  it("shows that a reading must not outlive a lost tail: whoever reads on skips what took the place of what was lost", () => {
    const report = exploreSmallWorld({ world: { ...worldNamed("lost commands"), afterTailLoss: "reads on" }, untilViolation: true })
    expect(report.violations[0]?.property).toContain("every command gets its answer")
  })
})
