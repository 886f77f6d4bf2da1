/** The rare states: every one that a suite is asked for can be noted at all. */
import "effect/schema/SchemaJITCompiler/enable"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { runSeed } from "../../sim/run.ts"
import { sometimesCatalogue, sometimesElsewhere } from "../../sim/sometimes.ts"

describe("the catalogue of rare states", () => {
  const names = [...sometimesCatalogue, ...sometimesElsewhere].map(({ name }) => name)

  it("names each once", () => {
    expect(new Set(names).size).toBe(names.length)
  })

  it("has none that no line notes: a suite asked for it would fail for ever", () => {
    const noting = ["tracker", "deaths", "run"]
      .map((file) => readFileSync(new URL(`../../sim/${file}.ts`, import.meta.url), "utf8"))
      .join("\n")
    expect(names.filter((name) => !noting.includes(`"${name}"`))).toEqual([])
  })
})

describe("a long day", () => {
  it("purges commands, and says so", () => {
    const drawn = { orders: 60, skus: 2, windowMs: 8 * 3_600_000 }
    const { sometimes, failures } = runSeed({ seed: "1", profile: "long-day", families: new Set(["jitter"]), drawn, wallNowMs: () => 0 })
    expect(failures).toEqual([])
    expect(sometimes.purged).toBe(1)
  })
})
