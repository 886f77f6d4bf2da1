/**
 * Tidy checks of the documents: each finds nothing in this repository, and finds what it is for in a few lines of a bad document.
 */
import { describe, expect, it } from "vitest"
import {
  changelogFindings,
  dependencyFindings,
  engineFindings,
  hazardFindings,
  invariantFindings,
  operationsFindings,
  pathFindings,
  pointerFindings,
  scriptFindings,
} from "./documents.ts"
import { repository, treeOf } from "./tree.ts"

const here = repository()
const manifest = JSON.stringify({ version: "1.2.3", scripts: { demo: "x" }, dependencies: { effect: "4.1.0" } })

describe("ids of invariants", () => {
  const table = "| id | statement |\n| --- | --- |\n| INV-7 | seven |\n"
  it("stand in the document and in code, both, in this repository", () => expect(invariantFindings(here)).toEqual([]))
  it("are flagged when code names one that is not defined", () => {
    expect(
      invariantFindings(treeOf({ "docs/INVARIANTS.md": table, "src/a.ts": `assert(ok, "INV-7 a")\nassert(ok, "INV-8 b")` })),
    ).toHaveLength(1)
  })
  it("are flagged when nothing in code names a defined one", () => {
    expect(invariantFindings(treeOf({ "docs/INVARIANTS.md": table, "README.md": "INV-7" }))).toHaveLength(1)
  })
  it("are flagged when a document names one that is not defined", () => {
    expect(invariantFindings(treeOf({ "docs/INVARIANTS.md": table, "src/a.ts": "// INV-7", "CHANGELOG.md": "INV-70" }))).toHaveLength(1)
  })
})

describe("hazards", () => {
  it("are tried by tests of their number, or name what tries them, in this repository", () => expect(hazardFindings(here)).toEqual([]))
  it("are flagged when nothing tries them, and tests when there is no such hazard", () => {
    const rows = "| no. | what |\n| --: | --- |\n| 1 | tried |\n| 2 | not tried |\n| 3 | `test/a.test.ts` |\n"
    const tests = `it("1: does", () => {})\nit("4: does", () => {})\n`
    expect(hazardFindings(treeOf({ "docs/HAZARDS.md": rows, "test/engine/hazards.test.ts": tests }))).toHaveLength(2)
  })
})

describe("commands in documents", () => {
  it("are scripts in this repository", () => expect(scriptFindings(here)).toEqual([]))
  it("are flagged when there is no such script", () => {
    expect(scriptFindings(treeOf({ "package.json": manifest, "README.md": "npm run demo\nnpm run domo\n`npm test`" }))).toHaveLength(2)
  })
})

describe("files of the engine", () => {
  it("are each named once in the map, in this repository", () => expect(engineFindings(here)).toEqual([]))
  it("are flagged when the map leaves one out, has one twice, or one that isn't there", () => {
    const map = "| about | files of `src/engine` |\n| --- | --- |\n| all | `a.ts`, `a.ts`, `gone.ts` |\n\n`b.ts`"
    expect(engineFindings(treeOf({ "docs/ARCHITECTURE.md": map, "src/engine/a.ts": "", "src/engine/b.ts": "" }))).toHaveLength(3)
  })
})

describe("paths and links in documents", () => {
  it("lead somewhere in this repository", () => expect(pathFindings(here)).toEqual([]))
  it("are flagged when they lead nowhere", () => {
    const files = { "docs/a.md": "`src/a.ts` `src/b.ts` [b](b.md) [c](../README.md) [d](https://nats.io)", "src/a.ts": "", "README.md": "" }
    expect(pathFindings(treeOf(files))).toHaveLength(2)
  })
  it("are flagged when they name a heading that is not there", () => {
    const files = { "docs/a.md": "# A `b`, c\n[1](#a-b-c) [2](#d) [3](b.md#e-f) [4](b.md#g)", "docs/b.md": "## E f\n" }
    expect(pathFindings(treeOf(files))).toHaveLength(2)
  })
})

describe("names that documents find in a file", () => {
  it("stand there in this repository", () => expect(pointerFindings(here)).toEqual([]))
  it("are flagged when they don't", () => {
    const files = {
      "src/a.ts": "export const here = 1",
      "docs/GLOSSARY.md": "| a | means b | `src/a.ts`: `here`, `gone` |\n| c | of a file that is not there | `src/b.ts`: `here` |",
      "docs/ARCHITECTURE.md": "| where? | `src/a.ts` | `here` |\n| and where? | `src/a.ts` | `lost`, then `here` |",
    }
    expect(pointerFindings(treeOf(files))).toHaveLength(3)
  })
})

describe("settings, halts and alarms", () => {
  it("are explained to operators in this repository", () => expect(operationsFindings(here)).toEqual([]))
  it("are flagged when they are not explained, or explained and not there", () => {
    const files = {
      "src/config.ts": `setting("HOLDFAST_A", "1", "a")\nsetting("HOLDFAST_B", "1", "b")`,
      "src/engine/protocol.ts": `export const HaltReason = [\n "Lost",\n "Gone",\n] as const\nconst other = ["Fine"]`,
      "docs/OPERATIONS.md": "| `Lost` | a |\n| `Found` | b |\n| `HOLDFAST_A` | a | 1 |\n| `HOLDFAST_C` | c | 1 |",
    }
    expect(operationsFindings(treeOf(files))).toHaveLength(4)
  })
})

describe("the changelog", () => {
  it("is about this version in this repository", () => expect(changelogFindings(here)).toEqual([]))
  it("is flagged when it is about another, or has a section of its own", () => {
    expect(changelogFindings(treeOf({ "package.json": manifest, "CHANGELOG.md": "## 1.2.2, today\n\n### Fun\n" }))).toHaveLength(2)
    expect(changelogFindings(treeOf({ "package.json": manifest, "CHANGELOG.md": "## 1.2.3, today\n\n### Safety\n" }))).toEqual([])
  })
})

describe("dependencies", () => {
  const lock = (fields: object): string => JSON.stringify({ packages: { "node_modules/effect": fields } })
  it("are exact and from the public registry in this repository", () => expect(dependencyFindings(here)).toEqual([]))
  it("are flagged when a version is a range", () => {
    const ranged = JSON.stringify({ dependencies: { effect: "^4.1.0" } })
    expect(dependencyFindings(treeOf({ "package.json": ranged, "package-lock.json": lock({ version: "^4.1.0" }) }))).toHaveLength(1)
  })
  it("are flagged when the lock file holds another version or another registry", () => {
    const other = lock({ version: "4.0.0", resolved: "http://10.0.0.1/effect" })
    expect(dependencyFindings(treeOf({ "package.json": manifest, "package-lock.json": other }))).toHaveLength(2)
  })
})
