/** Files of pure tests share a process (vitest.config.ts): none of them may change for the others what holds for all of it. */
import { matchesGlob } from "node:path"
import { describe, expect, it } from "vitest"
import { compiling, onRealParts } from "../../vitest.config.ts"
import { repository, type Tree, treeOf } from "./tree.ts"

const compiled = "effect/schema/SchemaJITCompiler/enable"

/** Files of tests that switch compiled Schemas on, and share their process with others. */
const findings = ({ sources }: Tree): ReadonlyArray<string> =>
  [...sources.values()]
    .filter(({ path, imports }) => path.startsWith("test/") && imports.some(({ from }) => from === compiled))
    .map(({ path }) => path)
    .filter((path) => ![...onRealParts, ...compiling].some((pattern) => matchesGlob(path, pattern)))

describe("tests that switch something on for their whole process", () => {
  it("have one of their own in this repository, as vitest.config.ts lists them", () => {
    const here = repository()
    expect(findings(here)).toEqual([])
    for (const path of compiling) expect(here.sources.get(path)?.imports).toContainEqual(expect.objectContaining({ from: compiled }))
  })

  it("are found where they are not listed", () => {
    const text = `import "${compiled}"`
    expect(findings(treeOf({ "test/wire/more.test.ts": text, "test/nats/more.test.ts": text }))).toEqual(["test/wire/more.test.ts"])
  })
})
