/** WriteOff: what it comes to, and what the auditor makes of one that comes to something else. */
import { describe, expect, it } from "vitest"
import type { LocationId } from "../../../../src/domain/names.ts"
import type { StockEvent } from "../../../../src/domain/sku/events.ts"
import { locationStock, type SkuStock } from "../../../../src/domain/sku/stock.ts"
import { locationsPerSkuMax } from "../../../../src/limits.ts"
import * as story from "../../../audit/journal-builder.ts"
import { opened } from "../../../audit/story.ts"
import { command, depot, given, happened, having, line, north, part, r1, received, reserved, sold, south, web, when } from "../../given.ts"

const gone = (qty: number, location: LocationId = north) => command({ type: "WriteOff", location, qty })
const written = (qty: number, damagedQty = 0, inspectionQty = 0, location: LocationId = north): StockEvent => ({
  type: "WrittenOff",
  location,
  qty,
  damagedQty,
  inspectionQty,
})
const missed = (qty: number, location: LocationId = north): StockEvent => ({ type: "DiscrepancyFound", kind: "NotOnHand", qty, location })
const moved = (stock: SkuStock, to: "damaged" | "inspection", qty: number) =>
  having(stock, command({ type: "MoveStatus", location: north, from: "available", to, qty }))

describe("WriteOff", () => {
  const stocked = given(sold([line(web)]), received(north, 5))
  // Two are damaged, one is in inspection, two are sound.
  const mixed = moved(moved(stocked, "damaged", 2), "inspection", 1)

  it("takes damaged units first, then those in inspection, then sound ones", () => {
    expect(when(mixed, gone(1), depot)).toEqual(happened(written(1, 1)))
    expect(when(mixed, gone(3), depot)).toEqual(happened(written(3, 2, 1)))
    expect(when(mixed, gone(4), depot)).toEqual(happened(written(4, 2, 1)))
    expect(locationStock(having(mixed, gone(4)), north)).toMatchObject({ onHand: 1, damaged: 0, inspection: 0 })
  })

  it("says what isn't there to be written off, and founds neither SKU nor location", () => {
    expect(when(mixed, gone(7), depot)).toEqual(happened(written(5, 2, 1), missed(2)))
    expect(when(stocked, gone(3, south), depot)).toEqual(happened(missed(3, south)))
    expect(when(undefined, gone(3), depot)).toEqual(happened(missed(3)))
    expect(having(stocked, gone(3, south))).toEqual(stocked)
  })

  it("finds a shortage where sound units are gone that are owed, and none where others are", () => {
    const held = given(sold([line(web)]), received(north, 5), reserved(web, r1, part(north, 3)))
    expect(when(moved(held, "damaged", 2), gone(2), depot)).toEqual(happened(written(2, 2)))
    expect(when(moved(held, "damaged", 2), gone(3), depot)).toEqual(
      happened(written(3, 2), { type: "ShortageFound", location: north, qty: 1 }),
    )
  })

  it("is refused by no operating bound, for it adds nothing", () => {
    const crowded = given(...Array.from({ length: locationsPerSkuMax }, (_, at) => received(`l${at}` as LocationId, 1)))
    expect(when(crowded, gone(1), depot)).toEqual(happened(missed(1)))
  })
})

describe("the auditor, of a WriteOff", () => {
  // After the opening, 10 units are on hand in the shop, 3 of them held; then 2 are damaged and 1 is in inspection.
  const foundAfter = (qty: number, ...events: ReadonlyArray<StockEvent>) => {
    const status = (id: string, to: "damaged" | "inspection", units: number) => {
      const move = { location: story.shop, from: "available", to, qty: units } as const
      return [story.command("MoveStatus", id, move), story.accepted({ type: "StatusMoved", ...move })] as const
    }
    const loss = [story.command("WriteOff", "w", { location: story.shop, qty }), story.accepted(...events)] as const
    const decided = [status("d", "damaged", 2), status("i", "inspection", 1), loss]
    return story.foundBy(story.auditOf(opened().batch(1_000, { sender: story.depot, decided })))
  }
  const atShop = (...units: [qty: number, damagedQty?: number, inspectionQty?: number]) => written(units[0], units[1], units[2], story.shop)
  const missedThere = (qty: number) => missed(qty, story.shop)

  it("lets one pass that takes the units that are said to be gone, in their order", () => {
    expect(foundAfter(1, atShop(1, 1))).toEqual([])
    expect(foundAfter(6, atShop(6, 2, 1))).toEqual([])
    expect(foundAfter(12, atShop(10, 2, 1), missedThere(2), { type: "ShortageFound", location: story.shop, qty: 3 })).toEqual([])
  })

  it("finds one that takes another number or other units, does so elsewhere or twice, or misses what is there", () => {
    for (const events of [
      [atShop(3, 2, 1)],
      [atShop(4, 2, 0)],
      [atShop(4, 1, 1)],
      [atShop(4)],
      [written(4, 2, 1, story.hall)],
      [atShop(2, 2), atShop(2, 0, 1)],
      [atShop(3, 2, 1), missedThere(1)],
      [missedThere(4)],
    ])
      expect(foundAfter(4, ...events)).toContain("effects")
  })
})
