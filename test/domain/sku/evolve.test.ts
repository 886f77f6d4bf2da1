/**
 * What evolve keeps and forgets, and the impossible events that it stops at.
 */
import { describe, expect, it } from "vitest"
import { InvariantBroken } from "../../../src/assert.ts"
import type { ReservationId } from "../../../src/domain/names.ts"
import type { StockEvent } from "../../../src/domain/sku/events.ts"
import { evolve, forgetReservation } from "../../../src/domain/sku/evolve.ts"
import { emptyStock, type Reservation, reservationOf, type SkuStock } from "../../../src/domain/sku/stock.ts"
import {
  confirm,
  given,
  having,
  line,
  market,
  north,
  nowMs,
  part,
  r1,
  r2,
  received,
  release,
  reserve,
  reserved,
  sku,
  sold,
  south,
  web,
} from "../given.ts"

const held = given(sold([line(web), line(market)]), received(north, 5), reserved(web, r1, part(north, 3)))
const named = { channel: web, reservation: r1 }
const of = (stock: SkuStock, id: ReservationId): Reservation => {
  const found = reservationOf(stock, web, id)
  if (found === undefined) throw new Error(`no reservation ${id}`)
  return found
}

describe("evolve", () => {
  it("returns the reservation an event touched, and none for those that touch none", () => {
    const stock = structuredClone(held)
    expect(evolve(stock, { type: "Confirmed", ...named })).toBe(of(stock, r1))
    expect(evolve(stock, received(north, 1))).toBeUndefined()
    expect(evolve(stock, { type: "SaleTaken", channel: web, taken: [part(north, 1)] })).toBeUndefined()
  })
  it("leaves null what isn't needed yet", () => {
    expect(given(sold([line(web)]), received(north, 5))).toMatchObject({ uses: null, reservations: null })
    expect(emptyStock(sku)).toMatchObject({ policy: null, uses: null, reservations: null })
  })
  it("changes nothing for what is only said", () => {
    const stock = structuredClone(held)
    evolve(stock, { type: "DiscrepancyFound", kind: "Oversold", qty: 3 })
    evolve(stock, { type: "ShortageFound", location: south, qty: 3 })
    expect(stock).toEqual(held)
  })
  it("replaces a reservation's allocations, and never changes those that an event holds", () => {
    const stock = structuredClone(held)
    const allocations = of(stock, r1).allocations
    evolve(stock, { type: "Released", ...named, allocations: [part(north, 1)], reason: "other" })
    expect(allocations).toEqual([part(north, 3)])
    expect(of(stock, r1).allocations).toEqual([part(north, 2)])
  })
})

describe("an event that can't have been decided on this state", () => {
  const impossible: ReadonlyArray<readonly [string, StockEvent]> = [
    ["claims more than is there", reserved(web, r2, part(north, 3))],
    ["owes more than is there", { type: "SaleOwed", channel: web, reservation: r2, allocations: [part(north, 3)] }],
    ["claims where nothing is stocked", reserved(web, r2, part(south, 1))],
    ["claims nothing", reserved(web, r2)],
    ["begins a reservation that there is", reserved(web, r1, part(north, 1))],
    ["confirms what isn't known", { type: "Confirmed", channel: market, reservation: r1 }],
    ["shortens a hold", { type: "Extended", ...named, expiresAtMs: nowMs }],
    ["releases more than is open", { type: "Released", ...named, allocations: [part(north, 4)], reason: "other" }],
    ["expires only a part", { type: "Expired", ...named, allocations: [part(north, 2)] }],
    ["takes more than is there", { type: "SaleTaken", channel: web, taken: [part(north, 6)] }],
    ["counts away more than is there", { type: "StockAdjusted", location: north, qty: -6, reason: "count" }],
    ["moves out of a status what isn't in it", { type: "StatusMoved", location: north, from: "damaged", to: "available", qty: 1 }],
    ["damages more than is there", { type: "StatusMoved", location: north, from: "available", to: "damaged", qty: 6 }],
    ["brings back a policy that was replaced", sold([line(web)])],
  ]
  it.each(impossible)("stops the partition: it %s", (_, event) => {
    expect(() => evolve(structuredClone(held), event)).toThrow(InvariantBroken)
  })
  it("stops the partition: it changes a reservation that has ended, or confirms one twice", () => {
    const ended = having(held, release(r1))
    for (const event of [
      { type: "Confirmed", ...named },
      { type: "Fulfilled", ...named, allocations: [part(north, 1)], taken: [part(north, 1)] },
      { type: "SaleOwed", ...named, allocations: [part(north, 1)] },
      reserved(web, r1, part(north, 1)),
    ] as const) {
      expect(() => evolve(structuredClone(ended), event)).toThrow(InvariantBroken)
    }
    const confirmed = having(held, confirm(r1))
    expect(() => evolve(structuredClone(confirmed), { type: "Confirmed", ...named })).toThrow(InvariantBroken)
    expect(() => evolve(structuredClone(confirmed), { type: "Expired", ...named, allocations: [part(north, 3)] })).toThrow(InvariantBroken)
  })
})

describe("forgetting a reservation", () => {
  it("frees its id and its slot", () => {
    const stock = having(having(held, reserve(r2, 1)), release(r1))
    const slot = stock.reservations?.slots.indexOf(of(stock, r1)) ?? -1
    forgetReservation(stock, of(stock, r1))
    expect(reservationOf(stock, web, r1)).toBeUndefined()
    expect(stock.reservations?.slots[slot]).toBeUndefined()
    const again = having(stock, reserve(r1, 1))
    expect(again.reservations?.slots[slot]).toMatchObject({ id: r1, status: "held" })
    expect(again.reservations).toMatchObject({ freeSlots: [], openCount: 2 })
  })
  it("takes the table away with the last one", () => {
    const stock = having(held, release(r1))
    forgetReservation(stock, of(stock, r1))
    expect(stock.reservations).toBeNull()
  })
  it("is for ended ones only", () => {
    const stock = structuredClone(held)
    expect(() => forgetReservation(stock, of(stock, r1))).toThrow(InvariantBroken)
    expect(() => forgetReservation(stock, of(having(held, release(r1)), r1))).toThrow(InvariantBroken)
  })
})
