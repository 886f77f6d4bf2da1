/** The planted defects: that all of them still fit the sources they change, and that some, hunted for real, are found. */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { mutantNamed, mutants } from "../../../sim/mutants/catalogue.ts"
import { hunt } from "../../../sim/mutants/hunt.ts"
import { huntAll } from "../../../sim/mutants/hunt-all.ts"
import type { Mutant } from "../../../sim/mutants/mutant.ts"
import { substituted } from "../../../sim/mutants/substitute.ts"
import { runSeed } from "../../../sim/run.ts"

const root = new URL("../../../", import.meta.url)
const wallNowMs = () => 0

describe("the catalogue of mutants", () => {
  it("has at least twenty, each under a name of its own, and one canary", () => {
    const names = mutants.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => name === "canary")).toHaveLength(1)
    expect(names.length).toBeGreaterThanOrEqual(21)
  })

  it("expects only checkers that there are, and changes something", () => {
    const { checked } = runSeed({ seed: "checkers", profile: "last-unit", families: new Set(["jitter"]), drawn: { orders: 5 }, wallNowMs })
    for (const { name, expected, loosened, bent, bentDoor, addressed, substituted: lines } of mutants) {
      expect(expected.length, name).toBeGreaterThan(0)
      for (const checker of expected) expect(Object.keys(checked), name).toContain(checker)
      expect(
        [loosened, bent, bentDoor, addressed, lines].some((planting) => planting !== undefined),
        name,
      ).toBe(true)
    }
  })

  it("fits the present sources: every line to be replaced stands in its file exactly once", () => {
    for (const mutant of mutants) {
      const modules = new Set((mutant.substituted ?? []).map(({ module }) => module))
      for (const module of modules) {
        const source = readFileSync(new URL(module, root), "utf8")
        const lines = (mutant.substituted ?? []).filter((one) => one.module === module)
        expect(() => substituted(source, lines), mutant.name).not.toThrow()
        expect(substituted(source, lines), mutant.name).not.toContain(source)
      }
    }
  })

  it("names the known ones when it is asked for one that there isn't", () => {
    expect(() => mutantNamed("nobody")).toThrow(/there is no mutant nobody; there are canary, /)
  })
})

describe("a substitution", () => {
  const line = { module: "src/a.ts", pattern: "a < b", replacement: "a <= b" }

  it("is refused where its pattern is gone, or stands twice", () => {
    expect(() => substituted("b > a", [line])).toThrow(`src/a.ts has 0 places that read "a < b", and a mutant needs one`)
    expect(() => substituted("a < b\na < b", [line])).toThrow("has 2 places")
  })

  it("keeps the numbers of the lines", () => {
    expect(substituted("const x = 1\nif (a < b) go()\n", [line]).split("\n")[1]).toBe("if (a <= b) go()")
  })
})

describe("a hunt", () => {
  it("finds mutants of every kind, by a checker named before, and the shipped code passes the same seed", async () => {
    const names = ["canary", "no-claim", "own-clock"]
    const lines = await huntAll({ names, seedBase: "test", threads: 2 })
    expect(lines.map(({ name }) => name)).toEqual(names)
    for (const { name, killedBy, marker, expected } of lines) {
      expect(expected, name).toContain(killedBy)
      expect(marker, name).toBeGreaterThan(0)
    }
  })

  it("does not find what changes nothing", async () => {
    const honest: Mutant = {
      name: "honest",
      breaks: "nothing",
      guarantee: "none",
      expected: ["replies", "chain", "epochs", "one-answer"],
      profile: "last-unit",
      families: ["jitter"],
      drawn: { orders: 20 },
      budget: 2,
      bent: (step) => step,
    }
    const { seedsToKill, seedsRun, marker, alsoFailed } = await hunt(honest, { seedBase: "test", wallNowMs })
    expect({ seedsToKill, seedsRun, marker, alsoFailed }).toEqual({ seedsToKill: null, seedsRun: 2, marker: 0, alsoFailed: [] })
  })

  it("rejects where a mutant can't be planted, with its name", async () => {
    await expect(huntAll({ names: ["nobody"], seedBase: "test", threads: 1 })).rejects.toThrow("there is no mutant nobody")
  })
})
