/** Shrinking: what is left fails alike, is far smaller, and is the world that was run. */
import { describe, expect, it } from "vitest"
import { type RunOptions, runSeed } from "../../../sim/run.ts"
import { runShrunk, shrink } from "../../../sim/shrink/shrink.ts"
import { protocolRules } from "../../../src/engine/rules.ts"

const wallNowMs = () => 0

/** Forgets what it refused: a channel that asks again is decided anew. A shrunk world is small by small steps only: of five seeds one stays at 54 decisions, the others come to 1 to 5. */
const forgetful: RunOptions = {
  seed: "forgetful-4",
  profile: "last-unit",
  rules: { ...protocolRules, remembers: (outcome) => outcome !== "refused" },
  drawn: { orders: 80, windowMs: 6_000, retryPercent: 30, skus: 1 },
  wallNowMs,
}

describe("shrinking a seed", () => {
  const { shrunk, result, decisionsBefore, decisionsAfter, runs } = shrink({ run: forgetful, runsMax: 300 })

  it("leaves next to nothing, by which the same checker finds the same", () => {
    expect(decisionsBefore).toBeGreaterThan(80)
    expect(decisionsAfter).toBeLessThanOrEqual(5)
    expect(runs).toBeLessThanOrEqual(300)
    expect(result.failures.map(({ checker }) => checker)).toContain(shrunk.checker)
  })

  it("gives a world that can be played again, to the same end", () => {
    const again = runShrunk({ seed: "", profile: "calm", wallNowMs, ...(forgetful.rules && { rules: forgetful.rules }) }, shrunk)
    expect(again.traceHash).toBe(result.traceHash)
    expect(again.failures).toEqual(result.failures)
  })

  it("gives a world that the shipped code passes", () => {
    expect(runShrunk({ seed: "", profile: "calm", wallNowMs }, shrunk).failures).toEqual([])
  })

  it("begins with the options it was run with, and makes none of them greater", () => {
    const { drawn } = runSeed(forgetful)
    for (const name of ["orders", "windowMs", "skus", "workers", "partitions", "faultChance", "loss", "spikes"])
      expect(result.drawn[name], name).toBeLessThanOrEqual(drawn[name] as number)
    expect(shrunk.untilMs).toBeLessThanOrEqual(6_000)
  })
})

describe("a seed that can't be shrunk", () => {
  it("is refused when it is green", () => {
    const green: RunOptions = { seed: "green", profile: "last-unit", drawn: { orders: 5, windowMs: 5_000 }, wallNowMs }
    expect(() => shrink({ run: green, runsMax: 10 })).toThrow("is green: there is nothing to shrink")
  })

  it("is refused when it doesn't fail by the checker that is named", () => {
    const failure = { checker: "chain", signature: "none" }
    expect(() => shrink({ run: forgetful, failure, runsMax: 10 })).toThrow("does not fail by chain")
  })
})
