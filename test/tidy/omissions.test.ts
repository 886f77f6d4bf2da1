/** That what `npm run omissions` leaves out is still there to be left out, that what must find it is, and that docs/CONTRIBUTING.md lists it: whether it is found takes minutes, and is shown by that script. */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { omissions } from "../../tools/omissions.ts"

const textOf = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8")

describe("what a command needs", () => {
  it.each(omissions.map((one) => [one.name, one] as const))("can be left out: %s", (_, { file, pattern, replacement, foundBy }) => {
    expect(textOf(file).split(pattern)).toHaveLength(2)
    expect(replacement).not.toBe(pattern)
    if ("test" in foundBy) expect(textOf(foundBy.file)).toContain(foundBy.test)
  })

  it("is listed in docs/CONTRIBUTING.md, in this order, with what finds it", () => {
    const [, table = ""] = textOf("docs/CONTRIBUTING.md").split("## What is forgotten is found")
    const rows = [...table.matchAll(/^\| (.+) \| (.+) \|$/gm)].slice(2).map(([, name, by]) => [name, by])
    expect(rows).toEqual(omissions.map(({ name, foundBy }) => [name, "test" in foundBy ? `\`${foundBy.test}\`` : "the compiler"]))
  })
})
