/**
 * Every export of src is described, but for a number of older ones that may only fall.
 */
import { describe, expect, it } from "vitest"
import { undescribedFindings } from "./docstrings.ts"
import { repository, treeOf } from "./tree.ts"

/** Exports of src without a comment today. Lower it whenever some were described; nothing may raise it. */
const undescribedMax = 145

describe("exports of src", () => {
  it("are described, but for those that were not on the day this began", () => {
    const found = undescribedFindings(repository())
    expect(found.length, `described too few:\n${found.join("\n")}`).toBeLessThanOrEqual(undescribedMax)
  })
  it.each([
    ["a value without a comment", "/** The file. */\n\nexport const a = 1"],
    ["a value under the file's head", "/** The file. */\nexport const a = 1"],
    ["a type", "/** The file. */\nimport { b } from './b.ts'\nexport type A = 1"],
    ["a class", "const b = 1\nexport class A {}"],
    ["a function below a described one", "const b = 1\n/** What it is. */\nexport const a = () => 1\nexport const c = () => 2"],
    ["a value whose comment stands apart", "const b = 1\n/** Of nothing. */\n\nexport const a = 1"],
  ])("are flagged: %s", (_, text) => expect(undescribedFindings(treeOf({ "src/a.ts": text }))).toHaveLength(1))
  it.each([
    ["a described value", "const b = 1\n/** What it is. */\nexport const a = 1"],
    ["a type and a value of one name", "const b = 1\n/** Both. */\nexport const A = [1] as const\nexport type A = 1"],
    ["values that share a comment", "const b = 1\n/** Messages, and bytes of them. */\nexport const a = 1\nexport const c = 2 * a"],
    ["what is passed on", "export { a } from './b.ts'"],
    ["what is not exported", "const a = 1"],
  ])("are left alone: %s", (_, text) => expect(undescribedFindings(treeOf({ "src/a.ts": text }))).toEqual([]))
})
