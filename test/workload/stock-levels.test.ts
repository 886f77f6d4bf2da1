import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { LocationId } from "../../src/domain/names.ts"
import { readStockLevels, shareFromText, shareOf } from "../../src/workload/stock-levels.ts"

const main = "main" as LocationId

describe("stock file", () => {
  it("adds up rows of the same SKU and location, and puts what has no location at the default one", () => {
    const read = readStockLevels("sku,qty,location\nA,1,north\nA,2,\nB,0,north\nA,3,north\n", main)
    expect(read).toMatchObject({
      _tag: "StockLevels",
      rows: 4,
      levels: [
        { sku: "A", qty: 4, location: "north" },
        { sku: "A", qty: 2, location: "main" },
        { sku: "B", qty: 0, location: "north" },
      ],
      mergedRows: 1,
      rejected: [],
    })
  })

  it("rejects rows one by one, with the first reason that applies", () => {
    const read = readStockLevels(
      `sku,qty,location\n,,\nA,1,x,y\n,1,x\n${"A".repeat(129)},1,x\nA,many,x\nA,-1,x\nA,1000000000001,x\nA,1,no where\nA,5,x\n`,
      main,
    )
    expect(read._tag === "StockLevels" && read.rejected.map(({ row, reason }) => [row, reason])).toEqual([
      [1, "EmptyRow"],
      [2, "ColumnCount"],
      [3, "NoSku"],
      [4, "InvalidSku"],
      [5, "InvalidQuantity"],
      [6, "NegativeQuantity"],
      [7, "QuantityTooLarge"],
    ])
  })

  it("accounts for every row", () => {
    const cell = fc.constantFrom("A", "a", "B,C", "", "1", "-3", "0", "2.0", "north", "no where", "999999999999")
    fc.assert(
      fc.property(fc.array(fc.array(cell, { maxLength: 4 })), (rows) => {
        const text = ["sku,qty,location", ...rows.map((row) => row.join(","))].join("\n")
        const read = readStockLevels(text, main)
        expect(read._tag === "StockLevels" && read.levels.length + read.mergedRows + read.rejected.length - read.rows).toBe(0)
      }),
    )
  })
})

describe("share", () => {
  it.each([
    ["0.6", { num: 6, den: 10 }],
    ["60%", { num: 60, den: 100 }],
    ["12.5%", { num: 125, den: 1000 }],
    ["3/5", { num: 3, den: 5 }],
    ["1", { num: 1, den: 1 }],
    ["0", { num: 0, den: 1 }],
  ])("is read from %j exactly", (text, meant) => {
    expect(shareFromText(text)).toEqual(meant)
  })

  it.each(["", "half", "-0.5", "1/0", "0,6", "1.2345", "9999999/1"])("is not %j", (text) => {
    expect(shareFromText(text)).toBeUndefined()
  })

  it("is rounded up, without losing a unit to floating point", () => {
    expect(shareOf(3, { num: 6, den: 10 })).toBe(2)
    expect(shareOf(10, { num: 1, den: 10 })).toBe(1)
    expect(shareOf(0, { num: 6, den: 10 })).toBe(0)
    expect(shareOf(1_000_000_000_000, { num: 999_999, den: 1_000_000 })).toBe(999_999_000_000)
    expect(shareOf(1_000_000_000_000, { num: 3, den: 1 })).toBe(1_000_000_000_000)
  })
})
