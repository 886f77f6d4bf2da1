/**
 * SKUs that nobody could tell from another by looking: which they are, what is said of each, and which commands it concerns.
 */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isSku } from "../../../src/domain/names.ts"
import { lookAlikeFault, lookAlikesOf, unclearSku } from "../../../src/domain/sku/clear-sku.ts"
import type { Command } from "../../../src/domain/sku/commands.ts"

/** Anything that may be a SKU, and often what this is about. */
const odd = fc.constantFrom(
  "\u00a0",
  "\u200b",
  "\u0301",
  "e",
  "E",
  "\u00e9",
  "\u00c9",
  "\uff25",
  " ",
  "\u202e",
  "\ufe0f",
  "\u1100",
  "\u1161",
  "\u212b",
  "\u00c5",
)
const anySku = fc
  .oneof(fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }), fc.string({ unit: odd, minLength: 1, maxLength: 6 }))
  .filter(isSku)
const clearSku = anySku.filter((sku) => lookAlikeFault(sku) === undefined)

describe("what is wrong with a SKU that looks like another", () => {
  it.each([
    ["84997B\u00a0", /^U\+00A0 at its character 7 is white space/],
    ["\u00a084997B", /^U\+00A0 at its character 1 /],
    ["DOTCOM\u00a0POST", /^U\+00A0 at its character 7 /],
    ["DOTCOM\u3000POST", /^U\+3000 .* white space/],
    ["A\u2028B", /^U\+2028 /],
    [" A", /^U\+0020, white space, at its beginning$/],
    ["A ", /^U\+0020, white space, at its end$/],
    ["A\u200bB", /^U\+200B at its character 2 can't be seen$/],
    ["\ufeffA", /^U\+FEFF /],
    ["A\u00ad", /^U\+00AD .* can't be seen/],
    ["\ud83d\ude00\u200d", /^U\+200D at its character 2 /],
    ["A\u202eB", /^U\+202E /],
    ["A\u3164", /^U\+3164 /],
    ["A\ufe0f", /^U\+FE0F /],
    ["A\u{e0041}", /^U\+E0041 /u],
    ["A\u2800", /^U\+2800 .* can't be seen/],
    ["Cafe\u0301", /^not in normal form C, which is "Caf\u00e9" \(Caf%C3%A9\)$/],
    ["\u212b", /^not in normal form C, which is "\u00c5"/],
  ])("%j", (sku, fault) => {
    expect(isSku(sku)).toBe(true)
    expect(lookAlikeFault(sku)).toMatch(fault)
  })

  it.each(["85123A", "DOTCOM POST", "gr\u00f6\u00dfe/\u96e8~!'()", "a b.c/\u00fc\u20ac\u{1f600}", "Caf\u00e9", "\uff21"])(
    "is nothing: %j",
    (sku) => expect(lookAlikeFault(sku)).toBeUndefined(),
  )

  it("is found wherever it stands, and in every SKU that isn't spelled in the one way it may be", () => {
    fc.assert(
      fc.property(clearSku, fc.constantFrom("\u00a0", "\u200b", "\u2060", "\u00ad", "\u2003", "\u034f"), fc.nat(), (sku, hidden, place) => {
        const chars = [...sku]
        chars.splice(place % (chars.length + 1), 0, hidden)
        expect(lookAlikeFault(chars.join(""))).toBeDefined()
        expect(lookAlikeFault(` ${sku}`)).toBeDefined()
        expect(lookAlikeFault(`${sku} `)).toBeDefined()
        const apart = sku.normalize("NFD")
        if (apart !== sku) expect(lookAlikeFault(apart)).toBeDefined()
      }),
    )
  })

  it("leaves no two SKUs that differ by nothing but composition, or by what can't be seen", () => {
    fc.assert(
      fc.property(clearSku, clearSku, (one, other) => {
        const bare = (sku: string) => sku.normalize("NFD").replace(/[\p{Default_Ignorable_Code_Point}\p{Cf}]|[^\S ]/gu, "")
        if (one !== other) expect(bare(one)).not.toBe(bare(other))
      }),
    )
  })
})

describe("an unclear SKU", () => {
  const command = (fields: object) => ({ id: "1", sku: "A\u00a0", issuedAtMs: 1, location: "L", qty: 1, ...fields }) as Command

  it.each([{ type: "ReceiveStock" }, { type: "AdjustStock", reason: "count" }, { type: "SetPolicy" }])("is not stocked by %j", (fields) => {
    expect(unclearSku(command(fields))).toMatch(/^U\+00A0/)
    expect(unclearSku({ ...command(fields), sku: "A" } as Command)).toBeUndefined()
  })

  it.each([
    { type: "AdjustStock", reason: "count", qty: -1 },
    { type: "MoveStatus", from: "available", to: "damaged" },
    { type: "Fulfil" },
    { type: "RecordSale" },
    { type: "Reserve" },
    { type: "Confirm" },
    { type: "Release" },
    { type: "Extend" },
    { type: "ReplayQuarantined" },
    { type: "DropQuarantined" },
  ])("that stands already can be sold, moved and counted away by %j", (fields) => {
    expect(unclearSku(command(fields))).toBeUndefined()
  })
})

describe("SKUs that look alike", () => {
  it("are those that differ by case, width, composition, white space or what can't be seen", () => {
    const skus = ["84997b", "84997B", "AB", "A B", "\uff21b", "A\u200bB", "Cafe\u0301", "CAF\u00c9", "alone"]
    expect(lookAlikesOf(skus)).toEqual([
      ["84997b", "84997B"],
      ["AB", "A B", "\uff21b", "A\u200bB"],
      ["Cafe\u0301", "CAF\u00c9"],
    ])
  })

  it("are in one group each, every other in none, in whatever order they come", () => {
    fc.assert(
      fc.property(fc.uniqueArray(anySku, { maxLength: 30 }), (skus) => {
        const grouped = lookAlikesOf(skus).flat()
        expect(new Set(grouped).size).toBe(grouped.length)
        const sets = (groups: ReadonlyArray<ReadonlyArray<string>>) => groups.map((group) => [...group].sort().join("\n")).sort()
        expect(sets(lookAlikesOf([...skus].reverse()))).toEqual(sets(lookAlikesOf(skus)))
      }),
    )
  })
})
