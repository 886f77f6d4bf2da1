import { describe, expect, it } from "vitest"
import type { LocationId, ReservationId, SenderId } from "../../../src/domain/names.ts"
import { atsOf } from "../../../src/domain/sku/availability.ts"
import { coverShortages } from "../../../src/domain/sku/cover.ts"
import type { Allocation, StockEvent } from "../../../src/domain/sku/events.ts"
import { evolve } from "../../../src/domain/sku/evolve.ts"
import { reservationOf, type SkuStock, shortQtyOf } from "../../../src/domain/sku/stock.ts"
import { allocationsMax } from "../../../src/limits.ts"
import {
  adjust,
  confirm,
  depot,
  eventsOf,
  fulfil,
  given,
  happened,
  having,
  line,
  market,
  north,
  nowMs,
  part,
  r1,
  r2,
  receive,
  received,
  release,
  reserve,
  reserved,
  sale,
  sold,
  south,
  web,
  when,
} from "../given.ts"

const channels = sold([line(web), line(market)])
const covered = (reservation: ReservationId, ...allocations: ReadonlyArray<Allocation>): StockEvent => ({
  type: "ShortageCovered",
  channel: market,
  reservation,
  allocations,
})
const owed = (stock: SkuStock, reservation: ReservationId, qty: number, location?: LocationId): SkuStock =>
  having(stock, sale("owed", qty, location === undefined ? { reservation } : { reservation, location }), market)
const cover = (stock: SkuStock, most = Number.MAX_SAFE_INTEGER): SkuStock => {
  const next = structuredClone(stock)
  for (const event of coverShortages(stock, most)) evolve(next, event)
  return next
}
const shortOf = (stock: SkuStock, reservation: ReservationId, channel: SenderId = market) =>
  reservationOf(stock, channel, reservation)?.shortQty

/** 2 on hand, sold 5 and 1 without asking. */
const oversold = owed(owed(given(channels, received(north, 2)), r1, 5), r2, 1)

describe("what was sold and is not there", () => {
  it("stands as a shortage of each sale, oldest first", () => {
    expect(oversold.shorts?.list).toEqual([
      { channel: market, reservation: r1, qty: 3, at: null },
      { channel: market, reservation: r2, qty: 1, at: null },
    ])
    expect(reservationOf(oversold, market, r1)).toMatchObject({ allocations: [part(north, 2)], shortQty: 3 })
    expect(reservationOf(oversold, market, r2)).toMatchObject({ status: "confirmed", allocations: [], shortQty: 1 })
  })
  it("is not offered when it comes, covered yet or not, and a Reserve is refused", () => {
    const came = having(oversold, receive(north, 4), depot)
    for (const stock of [came, cover(came)]) {
      expect(atsOf(stock, web)).toBe(0)
      expect(when(stock, reserve(r1, 4), web)).toMatchObject({ refusal: { reason: "InsufficientStock", ats: 0 } })
    }
    expect(shortQtyOf(cover(came))).toBe(0)
    expect(atsOf(cover(having(came, receive(north, 1), depot)), web)).toBe(1)
  })
  it("is covered oldest first, wherever goods come", () => {
    expect(coverShortages(having(oversold, receive(south, 2), depot), 9)).toEqual([covered(r1, part(south, 2))])
    expect(coverShortages(having(oversold, receive(south, 4), depot), 9)).toEqual([
      covered(r1, part(south, 3)),
      covered(r2, part(south, 1)),
    ])
    const next = cover(having(oversold, receive(south, 2), depot))
    expect(coverShortages(having(next, receive(north, 9), depot), 9)).toEqual([covered(r1, part(north, 1)), covered(r2, part(north, 1))])
  })
  it("is covered by units that are found, given up by others, or let go by a hold whose time is up", () => {
    expect(coverShortages(having(oversold, adjust(north, 1), depot), 9)).toEqual([covered(r1, part(north, 1))])
    const held = given(channels, received(north, 2), reserved(web, r1, part(north, 2)))
    const waiting = owed(held, r1, 3)
    expect(coverShortages(having(waiting, release(r1, 1)), 9)).toEqual([covered(r1, part(north, 1))])
    const ended = structuredClone(waiting)
    evolve(ended, { type: "Expired", channel: web, reservation: r1, allocations: [part(north, 2)] })
    expect(coverShortages(ended, 9)).toEqual([covered(r1, part(north, 2))])
  })
  it("waits at the one location that a sale named, which becomes known by it; goods elsewhere are offered", () => {
    const there = owed(given(channels, received(north, 2)), r1, 3, south)
    expect(there.locations.map(({ location, short }) => [location, short])).toEqual([
      [north, 0],
      [south, 3],
    ])
    expect(atsOf(there, web)).toBe(2)
    expect(coverShortages(there, 9)).toEqual([])
    const came = having(there, receive(south, 4), depot)
    expect(atsOf(came, web)).toBe(3)
    expect(coverShortages(came, 9)).toEqual([covered(r1, part(south, 3))])
  })
  it("is covered anywhere once two notices of one sale named different locations", () => {
    const two = owed(owed(given(channels), r1, 1, north), r1, 3, south)
    expect(two.shorts).toEqual({ list: [{ channel: market, reservation: r1, qty: 3, at: null }], anywhereQty: 3 })
    expect(two.locations.map(({ short }) => short)).toEqual([0, 0])
  })
  it("comes before a later sale, though goods are there", () => {
    const came = having(oversold, receive(north, 4), depot)
    const later = owed(came, "r3" as ReservationId, 2)
    expect(shortOf(later, "r3" as ReservationId)).toBe(2)
    expect(cover(later).shorts?.list).toEqual([{ channel: market, reservation: "r3", qty: 2, at: null }])
  })
  it("is given up first when the sale is released in part, and ends with it", () => {
    const less = having(oversold, release(r1, 4), market)
    expect(reservationOf(less, market, r1)).toMatchObject({ status: "confirmed", allocations: [part(north, 1)], shortQty: 0 })
    expect(cover(less).shorts).toBeNull()
    const none = having(having(oversold, release(r1), market), release(r2), market)
    expect(none.shorts).toBeNull()
    expect(reservationOf(none, market, r2)).toMatchObject({ status: "released" })
    expect(atsOf(none, web)).toBe(2)
  })
  it("is shipped with the rest, though it was not believed there", () => {
    expect(when(oversold, fulfil(market, r1, north), depot)).toEqual(
      happened(
        { type: "Fulfilled", channel: market, reservation: r1, allocations: [part(north, 2)], taken: [part(north, 2)], shortQty: 3 },
        { type: "DiscrepancyFound", kind: "NotOnHand", qty: 3, location: north },
      ),
    )
    const shipped = having(oversold, fulfil(market, r1, north), depot)
    expect(reservationOf(shipped, market, r1)).toMatchObject({ status: "fulfilled", fulfilledQty: 5, shortQty: 0 })
    expect(when(shipped, fulfil(market, r1, north, 1), depot)).toMatchObject({ events: [{ kind: "NotOnHand" }, { kind: "NotReserved" }] })
  })
  it("is drawn on by a second notice of the same sale, not owed twice", () => {
    expect(when(oversold, sale("owed", 5, { reservation: r1 }), market)).toMatchObject({ events: [{ type: "SaleOwed", allocations: [] }] })
    expect(shortOf(owed(oversold, r1, 5), r1)).toBe(3)
    expect(shortOf(owed(oversold, r1, 6), r1)).toBe(4)
  })
  it("counts as used of its channel's fence", () => {
    const fenced = owed(given(sold([line(web), line(market, { fenceQty: 3 })])), r1, 2)
    expect(atsOf(cover(having(fenced, receive(north, 10), depot)), web)).toBe(7)
  })
  it("is covered a few at a time where there are many", () => {
    let stock = given(channels)
    for (let n = 0; n < 5; n++) stock = owed(stock, `m${n}` as ReservationId, 1)
    const came = having(stock, receive(north, 9), depot)
    expect(coverShortages(came, 2).map(({ reservation }) => reservation)).toEqual(["m0", "m1"])
    expect(atsOf(cover(came, 2), web)).toBe(4)
    expect(atsOf(cover(cover(came, 2)), web)).toBe(4)
  })
  it("is not put where its reservation may not lie, and goods there are kept for it", () => {
    const many = Array.from({ length: allocationsMax }, (_, at): StockEvent => received(`l${at}` as LocationId, 1))
    const full = owed(given(channels, ...many), r1, allocationsMax + 2)
    const came = having(full, receive(north, 3), depot)
    expect(coverShortages(came, 9)).toEqual([])
    expect(atsOf(came, web)).toBe(1)
    expect(coverShortages(having(came, receive("l0" as LocationId, 1), depot), 9)).toEqual([covered(r1, part("l0" as LocationId, 1))])
  })
})

describe("a hold that a fact has eaten", () => {
  const eaten = having(given(channels, received(north, 2), reserved(web, r1, part(north, 2))), adjust(north, -2), depot)
  it("is confirmed, and its channel hears what its locations lack", () => {
    expect(eventsOf(when(eaten, confirm(r1)))).toEqual([
      { type: "Confirmed", channel: web, reservation: r1 },
      { type: "ShortageFound", location: north, qty: 2 },
    ])
  })
  it("says nothing of it once goods are there", () => {
    expect(eventsOf(when(having(eaten, receive(north, 2), depot), confirm(r1), web, nowMs))).toHaveLength(1)
  })
})
