/** The rare states: every one that a suite is asked for can be noted at all. */
import "effect/schema/SchemaJITCompiler/enable"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { runSeed } from "../../sim/run.ts"
import { sometimesCatalogue, sometimesElsewhere, sometimesOfOrders } from "../../sim/sometimes.ts"

describe("the catalogue of rare states", () => {
  const names = [...sometimesCatalogue, ...sometimesElsewhere, ...sometimesOfOrders].map(({ name }) => name)

  it("names each once", () => {
    expect(new Set(names).size).toBe(names.length)
  })

  it("has none that no line notes: a suite asked for it would fail for ever", () => {
    const noting = ["tracker", "deaths", "door-states", "order-states", "run"]
      .map((file) => readFileSync(new URL(`../../sim/${file}.ts`, import.meta.url), "utf8"))
      .join("\n")
    expect(names.filter((name) => !noting.includes(`"${name}"`))).toEqual([])
  })
})

describe("a commands stream that is full", () => {
  it("is purged of what is decided, and that is said", () => {
    const drawn = { orders: 60, skus: 2, faultChance: 200 }
    const { sometimes, failures } = runSeed({
      seed: "1",
      profile: "last-unit",
      families: new Set(["jitter", "full-stream"]),
      drawn,
      wallNowMs: () => 0,
    })
    expect(failures).toEqual([])
    expect(sometimes.purged).toBe(1)
  })
})
