/** The stored worlds: each still shows the defect it is kept for, and the shipped code passes it. */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { beforeAll, describe, expect, it } from "vitest"
import { mutants } from "../../../sim/mutants/catalogue.ts"
import { defects } from "../../../sim/regressions/defects.ts"
import { readRegression, regressionNames } from "../../../sim/regressions/regression.ts"
import type { Replayed } from "../../../sim/regressions/replay.ts"
import { wrongWith } from "../../../sim/regressions/verdict.ts"

const program = new URL("../../../sim/regressions/replay.ts", import.meta.url).pathname
const decisionsMax = 20

/** Plays them in a program of its own; a code other than 0 is in its lines. */
const replay = async (...names: ReadonlyArray<string>): Promise<ReadonlyArray<Replayed>> => {
  const told = await promisify(execFile)(process.execPath, [program, ...names]).then(
    ({ stdout }) => stdout,
    (cause: { readonly stdout: string; readonly stderr: string }) => {
      if (cause.stdout === "") throw new Error(cause.stderr)
      return cause.stdout
    },
  )
  return told
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Replayed)
}

const names = regressionNames()

describe("the stored regressions", () => {
  it("are there for every defect that the core had and a world can show, and else for mutants", () => {
    const known = new Set(mutants.map(({ name }) => name))
    expect(names.filter((name) => !known.has(name))).toEqual(defects.map(({ name }) => name).sort())
  })

  it.each(names)("%s: is well-formed, and says as its defect does what was wrong and what made it right", (name) => {
    const { cause, remedy, foundBy, world, decisions } = readRegression(name)
    const defect = defects.find((known) => known.name === name)
    if (defect !== undefined)
      expect({ cause, remedy, foundBy }).toEqual({ cause: defect.cause, remedy: defect.remedy, foundBy: defect.foundBy })
    for (const said of [cause, remedy]) expect(said).toMatch(/^[A-Z][^.]*\.$/)
    expect(decisions).toBeLessThanOrEqual(decisionsMax)
    expect(decisions).toBeGreaterThan(0)
    const expected = [...defects, ...mutants].find((known) => known.name === name)?.expected
    expect(expected).toContain(world.checker)
  })
})

describe("a stored world", () => {
  let lines: ReadonlyArray<Replayed> = []
  beforeAll(async () => {
    lines = await replay()
  })

  it.each(names)("%s: fails as stored with the defect replanted, and is green as shipped", (name) => {
    const line = lines.find((one) => one.name === name)
    expect(line, "it was played").toBeDefined()
    expect(line?.wrong).toEqual([])
    expect(line?.shippedFailures).toEqual([])
    expect(line?.failedBy).toContain(readRegression(name).world.checker)
    expect(line?.decisions).toBeLessThanOrEqual(decisionsMax)
  })
})

describe("a world that shows nothing any more", () => {
  const regression = readRegression("clock-set-back")
  const { checker, signature } = regression.world
  const seen = { checker, signature, detail: "as stored" }

  it("is told, with how to make it anew, also where another checker or another signature fails it instead", () => {
    for (const failures of [[], [{ ...seen, checker: "chain" }], [{ ...seen, signature: "something else" }]])
      expect(wrongWith(regression, failures, [])).toEqual([expect.stringContaining("node sim/regressions/make.ts clock-set-back")])
  })

  it("is told where the shipped code fails it, though the defect does too", () => {
    expect(wrongWith(regression, [seen], [seen])).toEqual([expect.stringContaining("the shipped code fails its world")])
    expect(wrongWith(regression, [seen], [])).toEqual([])
  })

  it("is told where its file is missing", async () => {
    const [line, ...others] = await replay("nobody")
    expect(others).toEqual([])
    expect(line?.wrong).toEqual([expect.stringContaining("nobody: ENOENT")])
  })
})
