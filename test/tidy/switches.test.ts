/** That every switch ends exhaustively, and that the check for it finds what it is for. */
import { describe, expect, it } from "vitest"
import { switchFindings } from "./switches.ts"
import { repository, treeOf } from "./tree.ts"

const found = (body: string, more = "") => switchFindings(treeOf({ "src/a.ts": `${body}\n${more}` }))

describe("switches", () => {
  it("end exhaustively in this repository", () => expect(switchFindings(repository())).toEqual([]))

  it.each([
    ["a default that passes over", "const f = (e: E): number => { switch (e.type) { case 1: return 1\ndefault: return 0 } }"],
    ["an empty default", "const f = (e: E): void => { switch (e.type) { case 1: g(); break\ndefault: } }"],
    ["none, where nothing has to be returned", "const f = (e: E): void => { switch (e.type) { case 1: g() } }"],
    ["none, where nothing may be returned", "const f = (e: E): number | undefined => { switch (e.type) { case 1: return 1 } }"],
    ["none, where it isn't said what is returned", "const f = (e: E) => { switch (e.type) { case 1: return 1 } }"],
    ["none, and something after it", "const f = (e: E): number => { switch (e.type) { case 1: g() } return 1 }"],
    ["a default that asserts and goes on", "const f = (e: E): number => { switch (e.type) { default: unreachable(e); return 0 } }"],
  ])("are flagged with %s", (_, body) => expect(found(body)).toHaveLength(1))

  it("are flagged with what is handed on to a function that passes over it", () => {
    const next = "const g = (e: E): void => { switch (e.type) { case 2: h()\ndefault: return } }"
    expect(found("const f = (e: E): void => { switch (e.type) { case 1: return\ndefault: return g(e) } }", next)).toHaveLength(2)
    expect(found("const f = (e: E): void => { switch (e.type) { case 1: return\ndefault: return elsewhere(e) } }")).toHaveLength(1)
  })

  it.each([
    ["an assertion", "const f = (e: E): void => { switch (e.type) { case 1: g(); break\ndefault: unreachable(e) } }"],
    [
      "a returned assertion",
      "const f = (e: E): number | undefined => { switch (e.type) { case 1: return 1\ndefault: return unreachable(e) } }",
    ],
    ["a value returned from each", "const f = (e: E): number => { switch (e.type) { case 1: return 1\ncase 2: return 2 } }"],
  ])("are left alone with %s", (_, body) => expect(found(body)).toEqual([]))

  it("are held to it in the simulator too", () => {
    const body = "const f = (e: E): void => { switch (e.type) { case 1: return\ndefault: return } }"
    expect(switchFindings(treeOf({ "sim/a.ts": body }))).toHaveLength(1)
    expect(switchFindings(treeOf({ "test/a.ts": body }))).toEqual([])
  })

  it("are left alone with what is handed on to a function that ends well", () => {
    const next = "const g = (e: F): number => { switch (e.type) { case 2: return 2 } }"
    expect(found("const f = (e: E): number => { switch (e.type) { case 1: return 1\ndefault: return g(e) } }", next)).toEqual([])
  })
})
