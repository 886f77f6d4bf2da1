/** Recount: what it comes to, and what the auditor makes of one that comes to something else. */
import { describe, expect, it } from "vitest"
import type { LocationId } from "../../../../src/domain/names.ts"
import type { StockEvent } from "../../../../src/domain/sku/events.ts"
import { locationsPerSkuMax, onHandMax } from "../../../../src/limits.ts"
import * as story from "../../../audit/journal-builder.ts"
import { opened } from "../../../audit/story.ts"
import {
  command,
  depot,
  given,
  happened,
  having,
  line,
  north,
  part,
  r1,
  received,
  refusedAs,
  reserved,
  shelf,
  sold,
  web,
  when,
} from "../../given.ts"

const counted = (qty: number, location: LocationId = north) => command({ type: "Recount", location, qty })
const adjusted = (qty: number, location: LocationId = north): StockEvent => ({ type: "StockAdjusted", location, qty, reason: "count" })
const missed = (qty: number): StockEvent => ({ type: "DiscrepancyFound", kind: "NotOnHand", qty, location: north })

describe("Recount", () => {
  const stocked = given(sold([line(web)]), received(north, 5))

  it("makes what is on hand what was counted, more or less, at a new location too", () => {
    expect(when(stocked, counted(7), depot)).toEqual(happened(adjusted(2)))
    expect(when(stocked, counted(0), depot)).toEqual(happened(adjusted(-5)))
    expect(when(undefined, counted(4), depot)).toEqual(happened(adjusted(4)))
    expect(shelf(having(stocked, counted(3)), north)).toMatchObject({ onHand: 3 })
  })

  it("says that nothing differs where nothing does", () => {
    expect(when(stocked, counted(5), depot)).toEqual(happened(adjusted(0)))
    expect(when(undefined, counted(0), depot)).toEqual(happened(adjusted(0)))
  })

  it("leaves damaged units: what can't come off is a discrepancy", () => {
    const damaged = having(stocked, command({ type: "MoveStatus", location: north, from: "available", to: "damaged", qty: 4 }))
    expect(when(damaged, counted(4), depot), "the damaged ones were counted").toEqual(happened(adjusted(-1)))
    expect(when(damaged, counted(2), depot)).toEqual(happened(adjusted(-1), missed(2)))
  })

  it("finds a shortage where units are owed that weren't counted", () => {
    const held = given(sold([line(web)]), received(north, 5), reserved(web, r1, part(north, 3)))
    expect(when(held, counted(1), depot)).toEqual(happened(adjusted(-4), { type: "ShortageFound", location: north, qty: 2 }))
  })

  it("is refused where an operating bound is reached, and not for fewer units", () => {
    const crowded = given(...Array.from({ length: locationsPerSkuMax }, (_, at) => received(`l${at}` as LocationId, 1)))
    expect(when(crowded, counted(1), depot)).toEqual(refusedAs("LimitReached", "locations"))
    expect(when(given(received(north, onHandMax)), counted(onHandMax), depot)).toEqual(happened(adjusted(0)))
  })
})

describe("the auditor, of a Recount", () => {
  // After the opening, 10 units are on hand in the shop, 3 of them held.
  const foundAfter = (qty: number, ...events: ReadonlyArray<StockEvent>) => {
    const count = story.command("Recount", "n", { location: story.shop, qty })
    return story.foundBy(story.auditOf(opened().batch(1_000, { sender: story.depot, decided: [[count, story.accepted(...events)]] })))
  }

  it("lets one pass that leaves what was counted", () => {
    expect(foundAfter(8, adjusted(-2, story.shop))).toEqual([])
    expect(foundAfter(10, adjusted(0, story.shop))).toEqual([])
  })

  it("finds one that leaves another number, does so elsewhere or twice, or says nothing of what is missing", () => {
    for (const events of [
      [adjusted(-1, story.shop)],
      [adjusted(8, story.hall)],
      [adjusted(-1, story.shop), adjusted(-1, story.shop)],
      [missed(2)],
    ])
      expect(foundAfter(8, ...events)).toContain("effects")
  })
})
