import { describe, expect, it } from "vitest"
import { decides, forEachKind, isKind, Kind } from "../../src/domain/kinds.ts"
import { classOf } from "../../src/domain/sku/commands.ts"

describe("a kind", () => {
  it("is one of the list's words, spelled as there", () => {
    for (const kind of Kind) expect(isKind(kind)).toBe(true)
    for (const text of ["", "SKU", "sku ", "Order", "*", ">", "toString", "__proto__"]) expect(isKind(text), text).toBe(false)
  })

  it("decides its own commands, and every command is of exactly one", () => {
    for (const type of Object.keys(classOf)) expect(Kind.filter((kind) => decides(kind, type))).toEqual(["sku"])
    for (const type of ["PlaceOrder", "ConfirmOrder", "CancelOrder", "NoteLine"])
      expect(Kind.filter((kind) => decides(kind, type))).toEqual(["order"])
    for (const type of ["", "Steal", "toString"])
      expect(
        Kind.some((kind) => decides(kind, type)),
        type,
      ).toBe(false)
  })

  it("has an entry in whatever is made for each", () => {
    expect(forEachKind((kind) => kind.length)).toEqual(Object.fromEntries(Kind.map((kind) => [kind, kind.length])))
  })
})
