/**
 * Examples of facts: each in its plain form, and where it doesn't fit what was believed.
 */
import { describe, expect, it } from "vitest"
import type { CommandId, LocationId, ReservationId } from "../../../src/domain/names.ts"
import type { DiscrepancyKind, StockEvent } from "../../../src/domain/sku/events.ts"
import { reservationOf } from "../../../src/domain/sku/stock.ts"
import { allocationsMax, locationsPerSkuMax, onHandMax, openReservationsPerSkuMax } from "../../../src/limits.ts"
import {
  adjust,
  command,
  confirm,
  depot,
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
  refusedAs,
  release,
  reserve,
  reserved,
  sale,
  shelf,
  sold,
  south,
  till,
  web,
  when,
} from "../given.ts"

const discrepancy = (kind: DiscrepancyKind, qty: number, location?: LocationId): StockEvent =>
  location === undefined ? { type: "DiscrepancyFound", kind, qty } : { type: "DiscrepancyFound", kind, qty, location }
const shortage = (location: LocationId, qty: number): StockEvent => ({ type: "ShortageFound", location, qty })
const channels = sold([line(web), line(market), line(till)])
const stocked = given(channels, received(north, 5), received(south, 3))
const held = given(channels, received(north, 5), received(south, 3), reserved(web, r1, part(north, 3), part(south, 2)))

describe("ReceiveStock", () => {
  it("begins a SKU and a location", () => {
    expect(when(undefined, receive(north, 5), depot)).toEqual(happened(received(north, 5)))
    expect(shelf(having(stocked, receive("west" as LocationId, 2)), "west" as LocationId)).toEqual({ onHand: 2, reserved: 0 })
  })
  it("is refused where an operating bound is reached", () => {
    const crowded = given(...Array.from({ length: locationsPerSkuMax }, (_, at) => received(`l${at}` as LocationId, 1)))
    expect(when(crowded, receive(north, 1), depot)).toEqual(refusedAs("LimitReached", "locations"))
    expect(when(crowded, receive("l0" as LocationId, 1), depot)._tag).toBe("Accepted")
    expect(when(given(received(north, onHandMax)), receive(north, 1), depot)).toEqual(refusedAs("LimitReached", "onHand"))
  })
  it("says what is left of a shortage, and 0 when it is over", () => {
    const short = having(held, adjust(north, -4))
    expect(when(short, receive(north, 1), depot)).toEqual(happened(received(north, 1), shortage(north, 1)))
    expect(when(short, receive(north, 9), depot)).toEqual(happened(received(north, 9), shortage(north, 0)))
  })
})

describe("AdjustStock", () => {
  const adjusted = (qty: number): StockEvent => ({ type: "StockAdjusted", location: north, qty, reason: "count" })
  it("adds what was found or returned, at a new location too", () => {
    expect(when(undefined, adjust(north, 2), depot)).toEqual(happened(adjusted(2)))
    expect(when(given(received(north, onHandMax)), adjust(north, 1), depot)).toEqual(refusedAs("LimitReached", "onHand"))
  })
  it("takes away what is missing", () => {
    expect(when(stocked, adjust(north, -5), depot)).toEqual(happened(adjusted(-5)))
  })
  it("takes away what there is, the rest is a discrepancy", () => {
    expect(when(stocked, adjust(north, -7), depot)).toEqual(happened(adjusted(-5), discrepancy("NotOnHand", 2, north)))
    expect(when(undefined, adjust(north, -7), depot)).toEqual(happened(discrepancy("NotOnHand", 7, north)))
  })
  it("leaves damaged units and those in inspection", () => {
    const damaged = having(stocked, command({ type: "MoveStatus", location: north, from: "available", to: "damaged", qty: 4 }))
    expect(when(damaged, adjust(north, -2), depot)).toEqual(happened(adjusted(-1), discrepancy("NotOnHand", 1, north)))
  })
  it("finds a shortage where units are owed that aren't there", () => {
    expect(when(held, adjust(north, -2), depot), "two are free").toEqual(happened(adjusted(-2)))
    expect(when(held, adjust(north, -4), depot)).toEqual(happened(adjusted(-4), shortage(north, 2)))
    expect(when(held, adjust(north, -6), depot)).toEqual(happened(adjusted(-5), discrepancy("NotOnHand", 1, north), shortage(north, 3)))
  })
  it("doesn't repeat a shortage that it doesn't change", () => {
    const empty = having(held, adjust(north, -5))
    expect(when(empty, adjust(north, -1), depot)).toEqual(happened(discrepancy("NotOnHand", 1, north)))
  })
})

describe("MoveStatus", () => {
  const move = (from: "available" | "damaged" | "inspection", to: "available" | "damaged" | "inspection", qty: number) =>
    ({ type: "MoveStatus", location: north, from, to, qty }) as const
  const moved = (from: "available" | "damaged" | "inspection", to: "available" | "damaged" | "inspection", qty: number): StockEvent => ({
    type: "StatusMoved",
    location: north,
    from,
    to,
    qty,
  })
  it("takes units from what may be sold, and brings them back", () => {
    const broken = having(stocked, command(move("available", "inspection", 3)))
    expect(when(broken, reserve(r1, 6))).toMatchObject({ refusal: { reason: "InsufficientStock", ats: 5 } })
    const judged = having(having(broken, command(move("inspection", "damaged", 1))), command(move("inspection", "available", 2)))
    expect(judged.locations[0]).toMatchObject({ onHand: 5, damaged: 1, inspection: 0 })
    expect(when(judged, reserve(r1, 7))._tag).toBe("Accepted")
  })
  it("moves what is in the status, the rest is a discrepancy", () => {
    expect(when(stocked, command(move("available", "damaged", 6)))).toEqual(
      happened(moved("available", "damaged", 5), discrepancy("NotInStatus", 1, north)),
    )
    expect(when(stocked, command(move("damaged", "available", 1)))).toEqual(happened(discrepancy("NotInStatus", 1, north)))
    expect(when(undefined, command(move("available", "damaged", 1)))).toEqual(happened(discrepancy("NotInStatus", 1, north)))
  })
  it("finds and ends a shortage", () => {
    const short = having(held, command(move("available", "damaged", 4)))
    expect(when(held, command(move("available", "damaged", 4)))).toEqual(happened(moved("available", "damaged", 4), shortage(north, 2)))
    expect(when(short, command(move("damaged", "available", 2)))).toEqual(happened(moved("damaged", "available", 2), shortage(north, 0)))
  })
})

describe("Fulfil", () => {
  const fulfilled = (allocations: ReadonlyArray<ReturnType<typeof part>>, taken: ReadonlyArray<ReturnType<typeof part>>): StockEvent => ({
    type: "Fulfilled",
    channel: web,
    reservation: r1,
    allocations,
    taken,
  })
  const shipped = (location: LocationId, qty: number): StockEvent => ({
    type: "ShippedUnreserved",
    channel: web,
    reservation: r1,
    taken: [part(location, qty)],
  })

  it("ships a part from where it was allocated", () => {
    expect(when(held, fulfil(web, r1, south, 2), depot)).toEqual(happened(fulfilled([part(south, 2)], [part(south, 2)])))
    expect(reservationOf(having(held, fulfil(web, r1, south, 2)), web, r1)).toMatchObject({ status: "held", fulfilledQty: 2 })
  })
  it("ships all that is open from one location, and frees what was allocated elsewhere", () => {
    const stock = having(held, fulfil(web, r1, north))
    expect(when(held, fulfil(web, r1, north), depot)).toEqual(happened(fulfilled([part(north, 3), part(south, 2)], [part(north, 5)])))
    expect(reservationOf(stock, web, r1)).toMatchObject({ status: "fulfilled", fulfilledQty: 5, allocations: [] })
    expect([shelf(stock, north), shelf(stock, south)]).toEqual([
      { onHand: 0, reserved: 0 },
      { onHand: 3, reserved: 0 },
    ])
  })
  it("sets units against their own location first", () => {
    expect(when(held, fulfil(web, r1, south, 3), depot)).toEqual(happened(fulfilled([part(south, 2), part(north, 1)], [part(south, 3)])))
  })
  it("ends the reservation although the shelf was believed empty, and says so", () => {
    expect(when(held, fulfil(web, r1, south), depot)).toEqual(
      happened(fulfilled([part(north, 3), part(south, 2)], [part(south, 3)]), discrepancy("NotOnHand", 2, south)),
    )
    expect(when(held, fulfil(web, r1, "west" as LocationId), depot)).toEqual(
      happened(fulfilled([part(north, 3), part(south, 2)], []), discrepancy("NotOnHand", 5, "west" as LocationId)),
    )
  })
  it("takes what nobody had reserved, and says so", () => {
    const most = happened(
      fulfilled([part(north, 3), part(south, 2)], [part(north, 5)]),
      discrepancy("NotOnHand", 1, north),
      discrepancy("NotReserved", 1, north),
    )
    expect(when(held, fulfil(web, r1, north, 6), depot)).toEqual(most)
    const small = given(channels, received(north, 5), reserved(web, r1, part(north, 1)))
    expect(when(small, fulfil(web, r1, north, 3), depot)).toEqual(
      happened(fulfilled([part(north, 1)], [part(north, 1)]), shipped(north, 2), discrepancy("NotReserved", 2, north)),
    )
  })
  it("takes what left for an ended or unknown reservation, if it says how much", () => {
    expect(when(having(held, release(r1)), fulfil(web, r1, north, 2), depot)).toEqual(
      happened(shipped(north, 2), discrepancy("NotReserved", 2, north)),
    )
    expect(when(undefined, fulfil(web, r1, north, 2), depot)).toEqual(
      happened(discrepancy("NotOnHand", 2, north), discrepancy("NotReserved", 2, north)),
    )
  })
  it("ships a hold whose time is up as long as its expiry isn't journaled", () => {
    expect(when(held, fulfil(web, r1, south, 2), depot, nowMs + 99_999)).toEqual(happened(fulfilled([part(south, 2)], [part(south, 2)])))
  })
  it("finds a shortage where it shipped what others are owed", () => {
    const both = given(
      channels,
      received(north, 5),
      received(south, 5),
      reserved(web, r1, part(north, 4)),
      reserved(market, r1, part(south, 4)),
    )
    expect(when(both, fulfil(web, r1, south), depot)).toEqual(happened(fulfilled([part(north, 4)], [part(south, 4)]), shortage(south, 3)))
  })
  it("tells what becomes of a shortage at the location it came off", () => {
    const short = having(held, adjust(north, -5))
    expect(when(short, fulfil(web, r1, south, 3), depot)).toEqual(
      happened(fulfilled([part(south, 2), part(north, 1)], [part(south, 3)]), shortage(north, 2)),
    )
  })
  it("doesn't repeat a shortage that it doesn't change", () => {
    const short = having(held, adjust(north, -3))
    expect(when(short, fulfil(web, r1, north, 2), depot)).toEqual(happened(fulfilled([part(north, 2)], [part(north, 2)])))
  })
  it("is of the channel it names: another's reservation of the same id stays", () => {
    const both = having(held, reserve(r1, 1), market)
    expect(reservationOf(having(both, fulfil(web, r1, north)), market, r1)?.status).toBe("held")
  })
})

describe("RecordSale, taken", () => {
  const taken = (qty: number): StockEvent => ({ type: "SaleTaken", channel: till, taken: [part(north, qty)] })
  it("takes the units, from what others are owed too", () => {
    expect(when(stocked, sale("taken", 2, { location: north }), till)).toEqual(happened(taken(2)))
    expect(when(held, sale("taken", 4, { location: north }), till)).toEqual(happened(taken(4), shortage(north, 2)))
  })
  it("takes what there is, the rest is a discrepancy", () => {
    expect(when(stocked, sale("taken", 7, { location: north }), till)).toEqual(happened(taken(5), discrepancy("NotOnHand", 2, north)))
    expect(when(undefined, sale("taken", 7, { location: north }), till)).toEqual(happened(discrepancy("NotOnHand", 7, north)))
  })
  it("draws on the open reservation it names, and takes the rest from the shelf", () => {
    const own = given(channels, received(north, 5), reserved(till, r1, part(north, 2)))
    const drawn: StockEvent = { type: "Fulfilled", channel: till, reservation: r1, allocations: [part(north, 2)], taken: [part(north, 2)] }
    expect(when(own, sale("taken", 3, { location: north, reservation: r1 }), till)).toEqual(happened(drawn, taken(1)))
    expect(when(own, sale("taken", 6, { location: north, reservation: r1 }), till)).toEqual(
      happened(drawn, taken(3), discrepancy("NotOnHand", 1, north)),
    )
  })
  it("is a plain sale if the reservation isn't open, or another's", () => {
    expect(when(held, sale("taken", 1, { location: north, reservation: r1 }), till)).toEqual(happened(taken(1)))
    const ended = having(held, release(r1))
    expect(when(ended, sale("taken", 1, { location: north, reservation: r1 }), web)).toEqual(
      happened({ type: "SaleTaken", channel: web, taken: [part(north, 1)] }),
    )
  })
  it("can't be decided without its location", () => {
    expect(() => when(stocked, sale("taken", 1), till)).toThrow("names its location")
  })
})

const owed = (reservation: string, ...allocations: ReadonlyArray<ReturnType<typeof part>>) =>
  ({ type: "SaleOwed", channel: market, reservation: reservation as ReservationId, allocations }) as const

describe("RecordSale, owed", () => {
  it("stands as a confirmed reservation", () => {
    expect(when(stocked, sale("owed", 6, { reservation: r1 }), market)).toEqual(happened(owed("r1", part(north, 5), part(south, 1))))
    expect(reservationOf(having(stocked, sale("owed", 6, { reservation: r1 }), market), market, r1)?.status).toBe("confirmed")
  })
  it("is drawn on the location it names only", () => {
    expect(when(stocked, sale("owed", 4, { reservation: r1, location: south }), market)).toEqual(
      happened({ ...owed("r1", part(south, 3)), shortQty: 1, shortAt: south }, discrepancy("Oversold", 1, south)),
    )
  })
  it("may have what is kept back from offers, never what others are owed", () => {
    const keptBack = given(
      sold([line(market, { bufferQty: 9 }), line(web, { fenceQty: 9 })], { safety: [{ location: north, qty: 9 }] }),
      received(north, 5),
      reserved(web, r1, part(north, 3)),
    )
    expect(when(keptBack, sale("owed", 4, { reservation: r1 }), market)).toEqual(
      happened({ ...owed("r1", part(north, 2)), shortQty: 2 }, discrepancy("Oversold", 2)),
    )
  })
  it("is owed whole if no unit is left, and where nothing was ever stocked", () => {
    expect(when(undefined, sale("owed", 2, { reservation: r1 }), market)).toEqual(
      happened({ ...owed("r1"), shortQty: 2 }, discrepancy("Oversold", 2)),
    )
    const short = having(given(channels), sale("owed", 2, { reservation: r1 }), market)
    expect(reservationOf(short, market, r1)).toMatchObject({ status: "confirmed", allocations: [], shortQty: 2 })
    expect(short.locations).toEqual([])
  })
  it("makes the hold it names lasting, whole, and adds what that doesn't cover", () => {
    const hold = given(channels, received(north, 5), received(south, 3), reserved(market, r1, part(south, 2)))
    expect(when(hold, sale("owed", 1, { reservation: r1 }), market, nowMs + 99_999)).toEqual(happened(owed("r1")))
    const covered = having(hold, sale("owed", 1, { reservation: r1 }), market)
    expect(reservationOf(covered, market, r1)).toMatchObject({ status: "confirmed", allocations: [part(south, 2)] })
    const added = having(hold, sale("owed", 8, { reservation: r1 }), market)
    expect(reservationOf(added, market, r1)).toMatchObject({ status: "confirmed", allocations: [part(south, 3), part(north, 5)] })
  })
  it("changes nothing if a confirmed reservation covers it, and is accepted", () => {
    const confirmed = having(having(stocked, reserve(r1, 2), market), confirm(r1), market)
    expect(when(confirmed, sale("owed", 2, { reservation: r1 }), market)).toEqual(happened(owed("r1")))
    expect(having(confirmed, sale("owed", 2, { reservation: r1 }), market)).toEqual(confirmed)
  })
  it("stands under a name of its own if the reservation it names has ended", () => {
    const ended = having(having(stocked, reserve(r1, 2), market), release(r1), market)
    const late = sale("owed", 2, { reservation: r1, id: "order-7" as CommandId })
    expect(when(ended, late, market)).toEqual(happened(owed("r1~order-7", part(north, 2))))
    const standing = having(ended, late, market)
    expect(reservationOf(standing, market, r1)?.status).toBe("released")
    const shipped = having(standing, fulfil(market, "r1~order-7" as ReservationId, north))
    expect(when(shipped, late, market), "decided again by an operator after its end").toEqual(
      happened(owed("r1~order-7~2", part(north, 2))),
    )
  })
  it("keeps a reservation within the locations it may lie at", () => {
    const events = Array.from({ length: allocationsMax + 2 }, (_, at): StockEvent => received(`l${at}` as LocationId, 2))
    const hold = given(channels, ...events, reserved(market, r1, part("l3" as LocationId, 1)))
    const full = having(hold, sale("owed", 999, { reservation: r1 }), market)
    expect(reservationOf(full, market, r1)?.allocations).toHaveLength(allocationsMax)
    expect(when(hold, sale("owed", 999, { reservation: r1 }), market)).toMatchObject({
      events: [{ type: "SaleOwed" }, { type: "DiscrepancyFound", kind: "Oversold", qty: 999 - 2 * allocationsMax }],
    })
  })
  it("is refused where no more reservations may be open, unless it draws on one", () => {
    const full = having(stocked, reserve(r1, 2), market)
    if (full.reservations !== null) full.reservations.openCount = openReservationsPerSkuMax
    expect(when(full, sale("owed", 1, { reservation: r2 }), market)).toEqual(refusedAs("LimitReached", "openReservations"))
    expect(when(full, sale("owed", 1, { reservation: r1 }), market)._tag).toBe("Accepted")
  })
})
