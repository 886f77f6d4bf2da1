/** The journal of a partition of orders as lines: all that happened, and the hash of the state it leads to. */
import { describe, expect, it } from "vitest"
import { readTrace } from "../../sim/trace/commands.ts"
import { JournalExport } from "../../src/cli/export-lines.ts"
import { stateHash } from "../../src/kinds/order/partition.ts"
import { orderCodec } from "../../src/wire/codec.ts"
import { Shop } from "../kinds/order/shop.ts"

/** An order that is held and expires, and one that has too little. */
const lived = (): Shop => {
  const shop = new Shop()
  shop.stock("shirt", 10)
  shop.answer(shop.placeOrder("o1", [["shirt", 2]]))
  shop.answer(shop.placeOrder("o2", [["shirt", 20]]))
  shop.elapse(70_000)
  return shop
}
const exported = (shop: Shop): ReadonlyArray<string> => {
  const { journal } = shop.place("order")
  const lines = new JournalExport({ kind: "order", partition: 0, partitions: 1, otherPartitions: 1, sku: null })
  return [lines.header("i", journal.length), ...lines.lines(journal), lines.end()]
}

describe("an export of a partition of orders", () => {
  it("says what was asked, what came back, what time did and who was answered, and ends with the hash of the state", () => {
    const shop = lived()
    const lines = exported(shop).map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines[0]).toEqual({
      line: "header",
      format: 1,
      kind: "order",
      partitions: 1,
      partition: 0,
      incarnation: "i",
      lastSeq: shop.place("order").journal.length,
    })
    const kinds = new Set(lines.map(({ line }) => line))
    for (const kind of ["message", "command", "returned", "answered", "expiry"]) expect(kinds).toContain(kind)
    expect(lines.find(({ line }) => line === "command")).toMatchObject({
      command: { v: 1, type: "PlaceOrder", order: "o1" },
      decision: { outcome: "begun" },
    })
    expect(lines.find(({ line }) => line === "expiry")).toMatchObject({
      book: expect.stringMatching(/^web\/[0-9]+$/),
      orders: ["web/o1"],
    })
    const [partition] = shop.orderPartitions()
    if (partition === undefined) throw new Error("there is one")
    expect(lines.at(-1)).toMatchObject({ line: "end", commands: 2, stateHash: stateHash(partition, orderCodec.sha256) })
  })

  it("is refused by whoever decides commands again, in words", () => {
    expect(() => readTrace(exported(lived()).join("\n"))).toThrow(/partition of orders/)
  })
})
