/**
 * Tidy checks of the sources: each finds nothing in this repository, and finds what it is for in a few lines of bad source.
 */
import { describe, expect, it } from "vitest"
import { deadExportFindings } from "./exports.ts"
import { layerFindings, ringFindings } from "./layers.ts"
import { purityFindings } from "./purity.ts"
import { castFindings, longFunctionFindings, nameFindings, openingFindings, pathFindings, wordFindings } from "./shape.ts"
import { repository, treeOf } from "./tree.ts"

const here = repository()

describe("imports by layer", () => {
  it("follow the table in this repository", () => expect(layerFindings(here)).toEqual([]))

  const bad: ReadonlyArray<readonly [string, string, string]> = [
    ["the domain imports the engine", "src/domain/a.ts", `import { step } from "../engine/step.ts"`],
    ["the domain imports a type of the engine", "src/domain/a.ts", `import type { Entry } from "../engine/records.ts"`],
    ["the domain imports config", "src/domain/a.ts", `import { config } from "../config.ts"`],
    ["the domain imports Effect", "src/domain/a.ts", `import { Effect } from "effect"`],
    ["the engine imports a module of Node", "src/engine/a.ts", `import { createHash } from "node:crypto"`],
    ["the engine imports wire", "src/engine/a.ts", `import { encode } from "../wire/records.ts"`],
    ["the engine imports a kind's domain", "src/engine/a.ts", `import type { Command } from "../domain/sku/commands.ts"`],
    ["the engine imports a kind", "src/engine/a.ts", `import { skuKind } from "../kinds/sku/kind.ts"`],
    ["wire imports behaviour of the engine", "src/wire/a.ts", `import { step } from "../engine/step.ts"`],
    ["audit imports logic of the domain", "src/audit/a.ts", `import { decide } from "../domain/decide.ts"`],
    ["an adapter imports another", "src/client/a.ts", `import { connect } from "../nats/connect.ts"`],
    ["a client imports NATS itself", "src/client/a.ts", `import { connect } from "@nats-io/transport-node"`],
    ["the runtime imports telemetry beyond its names", "src/runtime/a.ts", `import { exporter } from "../telemetry/exporter.ts"`],
    ["src imports a test", "src/cli/a.ts", `import { x } from "../../test/x.ts"`],
    ["src imports the simulator by a dynamic import", "src/cli/a.ts", `export const f = () => import("../../sim/x.ts")`],
    ["src imports load as a type", "src/cli/a.ts", `export type T = import("../../load/x.ts").T`],
    ["src passes on what it may not import", "src/domain/a.ts", `export { step } from "../engine/step.ts"`],
    ["the simulator imports an adapter", "sim/world.ts", `import { connect } from "../src/nats/connect.ts"`],
    ["a part is not in the table", "src/misc/a.ts", `export const a = 1`],
  ]
  it.each(bad)("are flagged when %s", (_, path, text) => expect(layerFindings(treeOf({ [path]: text }))).toHaveLength(1))

  it("are allowed as the table says", () => {
    const good = {
      "src/wire/a.ts": `import type { Entry } from "../engine/records.ts"\nimport { assert } from "../assert.ts"\nimport { Schema } from "effect"`,
      "src/runtime/a.ts": `import { names } from "../telemetry/names.ts"\nimport { step } from "../engine/step.ts"`,
    }
    expect(layerFindings(treeOf(good))).toEqual([])
  })
})

describe("rings of imports", () => {
  it("are not in this repository", () => expect(ringFindings(here)).toEqual([]))
  it("are flagged, and not when one side is a type", () => {
    const a = `import { b } from "./b.ts"\nexport const a = () => b()`
    expect(
      ringFindings(treeOf({ "src/domain/a.ts": a, "src/domain/b.ts": `import { a } from "./a.ts"\nexport const b = () => a()` })),
    ).toHaveLength(1)
    expect(
      ringFindings(treeOf({ "src/domain/a.ts": a, "src/domain/b.ts": `import type { a } from "./a.ts"\nexport type B = typeof a` })),
    ).toEqual([])
  })
})

describe("the pure core", () => {
  it("reaches for nothing in this repository", () => expect(purityFindings(here)).toEqual([]))

  const banned = [
    "export const a = Date.now()",
    "export const a = new Date(5)",
    "export const a = Math.random()",
    `export const a = Math["random"]()`,
    "export const a = performance.now()",
    "setTimeout(() => 1, 5)",
    "setInterval(() => 1, 5)",
    "setImmediate(() => 1)",
    "queueMicrotask(() => 1)",
    "export const a = Promise.resolve(1)",
    "export type A = Promise<number>",
    "export const a = async () => 1",
    "export class A { async m() {} }",
    "await 1",
    "export const a = crypto.randomUUID()",
    "export const a = process.env.A",
    "export const a = globalThis",
    "export const a = [process]",
    "export const a = { process }",
    `export const a = "a".localeCompare("b")`,
  ]
  it.each(banned)("is flagged for: %s", (text) => {
    expect(purityFindings(treeOf({ "src/domain/a.ts": text })).length).toBeGreaterThan(0)
    expect(purityFindings(treeOf({ "src/engine/a.ts": text })).length).toBeGreaterThan(0)
  })
  it("may have members and keys of those names", () => {
    const text = "export const a = (x: { process: number; Date: number }) => ({ process: x.process, crypto: x.Date })"
    expect(purityFindings(treeOf({ "src/engine/a.ts": text }))).toEqual([])
  })

  const unseeded = ["Date.now()", "new Date()", "Date()", "Math.random()", "crypto.randomUUID()", "performance.now()", "setTimeout(b, 5)"]
  it.each(unseeded)("has neighbours that are flagged for: %s", (call) => {
    for (const path of [
      "src/wire/a.ts",
      "src/audit/a.ts",
      "src/workload/a.ts",
      "src/ports/a.ts",
      "src/runtime/a.ts",
      "src/limits.ts",
      "sim/a.ts",
    ])
      expect(purityFindings(treeOf({ [path]: `export const a = ${call}` }))).toHaveLength(1)
    for (const path of ["src/nats/a.ts", "src/cli/a.ts", "src/main.ts"])
      expect(purityFindings(treeOf({ [path]: `export const a = ${call}` }))).toEqual([])
  })
})

describe("functions", () => {
  const lines = (count: number): string => "\n".repeat(count)
  it("are at most 70 lines long in this repository", () => expect(longFunctionFindings(here)).toEqual([]))
  it.each([
    ["an arrow function", `export const f = () => {${lines(70)}}`],
    ["a function", `export function f() {${lines(70)}}`],
    ["a method", `export class A { m() {${lines(70)}} }`],
    ["a generator", `export const f = gen(function* () {${lines(70)}})`],
    ["an arrow function without braces", `export const f = () => g({${lines(70)}})`],
  ])("are flagged when longer: %s", (_, text) => expect(longFunctionFindings(treeOf({ "src/domain/a.ts": text }))).toHaveLength(1))
  it("are counted from the arrow, not from their parameters", () => {
    expect(longFunctionFindings(treeOf({ "src/a.ts": `export const f = (${lines(60)}) => {${lines(69)}}` }))).toEqual([])
  })
  it("may be as long as their tests when they are a block of tests", () => {
    const block = `describe("a", () => {${lines(200)}})`
    expect(longFunctionFindings(treeOf({ "test/a.test.ts": block, "test/contract/a.ts": `export const suite = () => ${block}` }))).toEqual(
      [],
    )
    expect(longFunctionFindings(treeOf({ "src/a.ts": block, "test/b.ts": `export const f = () => {${lines(70)}}` }))).toHaveLength(2)
  })
})

describe("exports", () => {
  it("are all imported somewhere in this repository", () => expect(deadExportFindings(here)).toEqual([]))
  it.each([
    ["nobody imports them", { "src/a.ts": "export const a = 1" }],
    ["only their own file uses them", { "src/a.ts": "export const a = 1\nconst b = a + 1" }],
    ["another name is imported", { "src/a.ts": "export const a = 1", "src/main.ts": `import { b } from "./a.ts"` }],
    ["a type nobody needs is exported", { "src/a.ts": "export type A = 1" }],
    ["they are passed on to nobody", { "src/a.ts": "export const a = 1", "src/b.ts": `export { a } from "./a.ts"` }],
  ])("are flagged when %s", (_, files) => expect(deadExportFindings(treeOf(files))).toHaveLength(1))
  it.each([
    ["a test imports them", { "src/a.ts": "export const a = 1", "test/a.test.ts": `import { a } from "../src/a.ts"` }],
    ["a load script imports all of them", { "src/a.ts": "export const a = 1", "load/a.ts": `import * as all from "../src/a.ts"` }],
    [
      "they are an error in a signature",
      { "src/a.ts": "export class E {}\nexport const f: () => Effect<E> = g", "src/main.ts": `import { f } from "./a.ts"` },
    ],
    ["they are public", { "src/channel.ts": "export const a = 1" }],
    [
      "they are a type of which another export is made",
      { "src/a.ts": "export type A = 1\nexport const b: A = 1", "src/main.ts": `import { b } from "./a.ts"` },
    ],
  ])("are left alone when %s", (_, files) => expect(deadExportFindings(treeOf(files))).toEqual([]))
})

describe("files", () => {
  it("open with a paragraph in this repository", () => expect(openingFindings(here)).toEqual([]))
  it("are flagged when they don't", () => {
    expect(openingFindings(treeOf({ "src/a.ts": `// why\nexport const a = 1`, "src/b.ts": `/** What it decides. */` }))).toHaveLength(1)
    expect(openingFindings(treeOf({ "src/main.ts": `#!/usr/bin/env node\n/** What it decides. */` }))).toEqual([])
  })
  it("have names that say what is in them in this repository", () => expect(nameFindings(here)).toEqual([]))
  it.each(["src/wire/utils.ts", "src/helpers/a.ts", "src/leaseManager.ts", "src/data.ts", "test/util.test.ts"])(
    "are flagged when named %s",
    (path) => {
      expect(nameFindings(treeOf({ [path]: "" }))).toHaveLength(1)
    },
  )
})

describe("words", () => {
  it("are finished and of no machine in this repository", () => expect(wordFindings(here)).toEqual([]))
  it.each([
    ["src/a.ts", `// TO${"DO"} later`],
    ["docs/a.md", `FIX${"ME"}`],
    ["README.md", `X${"XX"} here`],
    ["docs/a.md", `see /wo${"rk"}/main/a`],
    ["test/a.ts", `const folder = "/tm${"p"}/a"`],
    ["test/a.test.ts", `it.sk${"ip"}("a", () => {})`],
    ["test/a.test.ts", `describe.on${"ly"}("a", () => {})`],
    ["test/a.test.ts", `it.sk${"ipIf"}(true)("a", () => {})`],
  ])("are flagged in %s: %s", (path, text) => expect(wordFindings(treeOf({ [path]: text }))).toHaveLength(1))
})

describe("paths of fields", () => {
  it("have dots in this repository", () => expect(pathFindings(here)).toEqual([]))
  it.each([`refused(\`lines[\${place}].qty\`)`, `refused(\`of \${order}: lines[\${place}]\`)`, 'refused("lines[0].qty")'])(
    "are flagged with brackets: %s",
    (text) => expect(pathFindings(treeOf({ "src/a.ts": text }))).toHaveLength(1),
  )
  it.each([`\`[\${list}]\``, '"[1]"', `\`[A-Z]\${rest}\``, "lines[0]"])("are not seen in: %s", (text) =>
    expect(pathFindings(treeOf({ "src/a.ts": text }))).toEqual([]),
  )
})

describe("escapes from the type checker", () => {
  it("have a reason in this repository", () => expect(castFindings(here)).toEqual([]))
  it.each([
    ["a cast through unknown", `export const a = 1 as unknown as string`],
    ["a switched off line", `// @ts-${"ignore"}\nexport const a: string = 1`],
  ])("are flagged without one: %s", (_, text) => expect(castFindings(treeOf({ "src/a.ts": text }))).toHaveLength(1))
  it("are left alone when a comment says why", () => {
    expect(castFindings(treeOf({ "src/a.ts": `// The library's type is wrong here.\nexport const a = 1 as unknown as string` }))).toEqual(
      [],
    )
  })
})
