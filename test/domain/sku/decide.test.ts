/**
 * Examples of commands, and every business refusal in the order of its precedence: each is shown to win over those below it that could apply too.
 */
import { describe, expect, it } from "vitest"
import type { LocationId, ReservationId } from "../../../src/domain/names.ts"
import { RefusalReason } from "../../../src/domain/refusals.ts"
import { expire } from "../../../src/domain/sku/decide.ts"
import type { StockEvent } from "../../../src/domain/sku/events.ts"
import { evolve } from "../../../src/domain/sku/evolve.ts"
import { reservationOf } from "../../../src/domain/sku/stock.ts"
import { allocationsMax, locationsPerSkuMax, openReservationsPerSkuMax } from "../../../src/limits.ts"
import {
  command,
  confirm,
  depot,
  east,
  extend,
  fulfil,
  given,
  happened,
  having,
  line,
  market,
  north,
  nowMs,
  part,
  policy,
  r1,
  r2,
  received,
  refusedAs,
  release,
  reserve,
  reserved,
  sku,
  sold,
  south,
  web,
  when,
} from "../given.ts"

const afterExpiryMs = nowMs + 10_000
const inStock = given(sold([line(web), line(market)]), received(north, 5), received(south, 3))
const heldByWeb = given(sold([line(web), line(market)]), received(north, 5), reserved(web, r1, part(north, 4)))
const confirmedByWeb = having(heldByWeb, confirm(r1))
const insufficient = (ats: number) => ({ _tag: "Refused", refusal: { reason: "InsufficientStock", ats } })

/** For each business refusal, one command that gets it although refusals further down could apply as well. */
const refusals: Readonly<Record<string, () => void>> = {
  LimitReached: () => {
    const full = structuredClone(heldByWeb)
    if (full.reservations !== null) full.reservations.openCount = openReservationsPerSkuMax
    expect(when(full, reserve(r1, 99), depot)).toEqual(refusedAs("LimitReached", "openReservations"))
    const crowded = given(...Array.from({ length: locationsPerSkuMax }, (_, at) => received(`l${at}` as LocationId, 1)), sold([]))
    const outdated = command({ type: "SetPolicy", policy: policy([], { safety: [{ location: north, qty: 1 }] }) })
    expect(when(crowded, outdated)).toEqual(refusedAs("LimitReached", "locations"))
  },
  UnknownSku: () => {
    for (const asked of [reserve(r1, 1), confirm(r1), release(r1), extend(r1, 1)])
      expect(when(undefined, asked)).toEqual(refusedAs("UnknownSku"))
    expect(when(undefined, fulfil(web, r1, north))).toEqual(refusedAs("UnknownSku"))
  },
  PolicyOutdated: () => {
    const stock = given(sold([line(web)], { version: 7 }))
    for (const version of [6, 7]) {
      expect(when(stock, command({ type: "SetPolicy", policy: policy([], { version }) }))).toEqual({
        _tag: "Refused",
        refusal: { reason: "PolicyOutdated", field: "policy.version", policyVersion: 7 },
      })
    }
  },
  NotSoldHere: () => {
    expect(when(heldByWeb, reserve(r1, 99, { locations: [south] }), depot)).toEqual(refusedAs("NotSoldHere"))
    expect(when(given(received(north, 5)), reserve(r1, 1))).toEqual(refusedAs("NotSoldHere"))
  },
  ReservationExists: () => {
    expect(when(heldByWeb, reserve(r1, 99, { locations: [south] }))).toEqual(refusedAs("ReservationExists"))
    expect(when(having(heldByWeb, release(r1)), reserve(r1, 1))).toEqual(refusedAs("ReservationExists"))
  },
  UnknownReservation: () => {
    for (const asked of [confirm(r1), release(r1, 99), extend(r1, 1)]) {
      expect(when(heldByWeb, asked, market)).toEqual(refusedAs("UnknownReservation"))
      expect(when(inStock, asked)).toEqual(refusedAs("UnknownReservation"))
    }
    expect(when(inStock, fulfil(web, r1, north), depot)).toEqual(refusedAs("UnknownReservation"))
  },
  ReservationExpired: () => {
    const expired = structuredClone(heldByWeb)
    const hold = reservationOf(expired, web, r1)
    if (hold !== undefined) evolve(expired, expire(hold))
    for (const asked of [confirm(r1), release(r1, 99), extend(r1, 1)]) {
      expect(when(expired, asked)).toEqual(refusedAs("ReservationExpired"))
      expect(when(heldByWeb, asked, web, afterExpiryMs), "its time is up, nobody has journaled it yet").toEqual(
        refusedAs("ReservationExpired"),
      )
    }
    expect(when(expired, fulfil(web, r1, north), depot)).toEqual(refusedAs("ReservationExpired"))
  },
  ReservationReleased: () => {
    const released = having(confirmedByWeb, release(r1))
    for (const asked of [confirm(r1), release(r1, 99), extend(r1, 1)]) {
      expect(when(released, asked, web, afterExpiryMs)).toEqual(refusedAs("ReservationReleased"))
    }
    expect(when(released, fulfil(web, r1, north), depot)).toEqual(refusedAs("ReservationReleased"))
  },
  ReservationFulfilled: () => {
    const shipped = having(confirmedByWeb, fulfil(web, r1, north))
    for (const asked of [confirm(r1), release(r1, 99), extend(r1, 1)]) {
      expect(when(shipped, asked)).toEqual(refusedAs("ReservationFulfilled"))
    }
    expect(when(shipped, fulfil(web, r1, north), depot)).toEqual(refusedAs("ReservationFulfilled"))
    const partly = having(heldByWeb, fulfil(web, r1, north, 1))
    expect(when(partly, confirm(r1), web, afterExpiryMs), "a hold of which a unit was shipped").toEqual(refusedAs("ReservationFulfilled"))
  },
  ReservationConfirmed: () => {
    expect(when(confirmedByWeb, confirm(r1), web, afterExpiryMs)).toEqual(refusedAs("ReservationConfirmed"))
    expect(when(confirmedByWeb, extend(r1, 1), web, afterExpiryMs)).toEqual(refusedAs("ReservationConfirmed"))
  },
  QtyExceedsOpen: () => {
    expect(when(heldByWeb, release(r1, 5))).toEqual(refusedAs("QtyExceedsOpen", "qty"))
    expect(when(having(heldByWeb, release(r1, 3)), release(r1, 2))).toEqual(refusedAs("QtyExceedsOpen", "qty"))
  },
  UnknownLocation: () => {
    expect(when(inStock, reserve(r1, 99, { locations: [north, east] }))).toEqual(refusedAs("UnknownLocation", "locations"))
  },
  InsufficientStock: () => {
    expect(when(inStock, reserve(r1, 9))).toEqual(insufficient(8))
    expect(when(inStock, reserve(r1, 4, { locations: [south] }))).toEqual(insufficient(3))
    expect(when(given(sold([line(web)])), reserve(r1, 1, { partial: true }))).toEqual(insufficient(0))
  },
}

describe("business refusals, in descending precedence", () => {
  // What follows is said of orders.
  const business = RefusalReason.slice(RefusalReason.indexOf("LimitReached"), RefusalReason.indexOf("ContradictoryLines"))
  for (const reason of business) {
    it(`${reason} is given where it applies, before those below it`, () => {
      expect(refusals).toHaveProperty(reason)
      refusals[reason]?.()
    })
  }
})

describe("Reserve", () => {
  const three = given(sold([line(web)], { sourcing: [south, east] }), received(north, 5), received(south, 3), received(east, 1))
  const allocationsOf = (decision: ReturnType<typeof when>) =>
    decision._tag === "Accepted" && decision.events[0].type === "Reserved" ? decision.events[0].allocations : undefined

  it("holds the units until its time is up", () => {
    const allocations = [part(north, 5), part(south, 1)]
    expect(when(inStock, reserve(r1, 6))).toEqual(
      happened({ type: "Reserved", channel: web, reservation: r1, allocations, expiresAtMs: nowMs + 5_000 }),
    )
  })
  it("draws on the policy's sourcing order, then on the rest in the order they were stocked", () => {
    expect(allocationsOf(when(three, reserve(r1, 7)))).toEqual([part(south, 3), part(east, 1), part(north, 3)])
  })
  it("draws on the locations it names, in its own order, and on no other", () => {
    expect(allocationsOf(when(three, reserve(r1, 6, { locations: [north, east] })))).toEqual([part(north, 5), part(east, 1)])
    expect(when(three, reserve(r1, 7, { locations: [north, east] }))).toEqual(insufficient(6))
  })
  it("counts a location that it names twice once", () => {
    expect(when(three, reserve(r1, 6, { locations: [north, north] }))).toEqual(insufficient(5))
  })
  it("takes what there is when part of it will do", () => {
    expect(allocationsOf(when(three, reserve(r1, 99, { partial: true })))).toEqual([part(south, 3), part(east, 1), part(north, 5)])
  })
  it("is split over a bounded number of locations", () => {
    const scattered = given(
      sold([line(web)]),
      ...Array.from({ length: allocationsMax + 4 }, (_, at): StockEvent => received(`l${at}` as LocationId, 1)),
    )
    expect(when(scattered, reserve(r1, allocationsMax + 1))).toEqual(insufficient(allocationsMax))
    expect(allocationsOf(when(scattered, reserve(r1, allocationsMax)))).toHaveLength(allocationsMax)
  })
  it("can have what another's expired hold gives back only once its expiry is journaled", () => {
    const last = given(sold([line(web), line(market)]), received(north, 4), reserved(web, r1, part(north, 4)))
    expect(when(last, reserve(r1, 1), market, afterExpiryMs)).toEqual(insufficient(0))
    const hold = reservationOf(last, web, r1)
    if (hold !== undefined) evolve(last, expire(hold))
    expect(when(last, reserve(r1, 1), market, afterExpiryMs)._tag).toBe("Accepted")
  })
  it("may use an id that another channel uses", () => {
    expect(when(heldByWeb, reserve(r1, 1), market)._tag).toBe("Accepted")
  })
})

describe("Confirm, Extend and Release", () => {
  it("confirming makes a hold lasting", () => {
    expect(when(heldByWeb, confirm(r1), web, afterExpiryMs - 1)).toEqual(happened({ type: "Confirmed", channel: web, reservation: r1 }))
    expect(reservationOf(confirmedByWeb, web, r1)?.status).toBe("confirmed")
  })
  it("extending moves the end later, never earlier", () => {
    const extended = (expiresAtMs: number) => happened({ type: "Extended", channel: web, reservation: r1, expiresAtMs })
    expect(when(heldByWeb, extend(r1, 30_000))).toEqual(extended(nowMs + 30_000))
    expect(when(heldByWeb, extend(r1, 1))).toEqual(extended(nowMs + 10_000))
  })
  it("releasing a part gives back what was drawn last", () => {
    const stock = given(sold([line(web)]), received(north, 5), received(south, 3), reserved(web, r1, part(north, 2), part(south, 3)))
    const event = { type: "Released", channel: web, reservation: r1, reason: "cancelled" } as const
    expect(when(stock, release(r1, 4))).toEqual(happened({ ...event, allocations: [part(south, 3), part(north, 1)] }))
    expect(reservationOf(having(stock, release(r1, 4)), web, r1)).toMatchObject({ status: "held", allocations: [part(north, 1)] })
  })
  it("releasing everything ends the reservation, as fulfilled if a unit of it was", () => {
    expect(reservationOf(having(heldByWeb, release(r1)), web, r1)).toMatchObject({ status: "released", allocations: [] })
    const partly = having(confirmedByWeb, fulfil(web, r1, north, 1))
    expect(reservationOf(having(partly, release(r1, 3)), web, r1)).toMatchObject({ status: "fulfilled", fulfilledQty: 1 })
  })
  it("is still possible for a channel that the policy no longer names", () => {
    const delisted = having(heldByWeb, command({ type: "SetPolicy", policy: policy([line(market)], { version: 2 }) }))
    expect(when(delisted, confirm(r1))._tag).toBe("Accepted")
    expect(when(delisted, release(r1))._tag).toBe("Accepted")
    expect(when(delisted, reserve(r2, 1))).toEqual(refusedAs("NotSoldHere"))
  })
})

describe("SetPolicy", () => {
  it("takes the present version plus one where it says none, and 1 where there is no policy", () => {
    const { version: _, ...next } = policy([line(web)])
    const asked = command({ type: "SetPolicy", policy: next })
    expect(when(undefined, asked)).toEqual(happened({ type: "PolicySet", policy: { ...next, version: 1 } }))
    const stock = given(sold([line(web)], { version: 7 }))
    expect(when(stock, asked)).toEqual(happened({ type: "PolicySet", policy: { ...next, version: 8 } }))
  })
  it("without a version where no higher one can be written: refused, for there is none", () => {
    const { version: _, ...next } = policy([line(web)])
    const stock = given(sold([line(web)], { version: Number.MAX_SAFE_INTEGER }))
    expect(when(stock, command({ type: "SetPolicy", policy: next }))).toEqual(refusedAs("LimitReached", "policy.version"))
  })
  it("is accepted for a SKU that nobody has heard of", () => {
    const first = policy([line(web)])
    expect(when(undefined, command({ type: "SetPolicy", policy: first }))).toEqual(happened({ type: "PolicySet", policy: first }))
  })
  it("may keep back more than is left, which takes nothing from who has it", () => {
    const next = policy([line(web)], { version: 2, safety: [{ location: north, qty: 100 }] })
    expect(when(heldByWeb, command({ type: "SetPolicy", policy: next }))).toEqual(happened({ type: "PolicySet", policy: next }))
    const stock = having(heldByWeb, command({ type: "SetPolicy", policy: next }))
    expect(when(stock, reserve(r2, 1))).toEqual(insufficient(0))
    expect(when(stock, confirm(r1))._tag).toBe("Accepted")
  })
  it("drops the safety stock of the policy before", () => {
    const stock = given(sold([line(web)], { safety: [{ location: north, qty: 5 }] }), received(north, 5))
    expect(when(stock, reserve(r1, 1))).toEqual(insufficient(0))
    const next = having(stock, command({ type: "SetPolicy", policy: policy([line(web)], { version: 2 }) }))
    expect(when(next, reserve(r1, 5))._tag).toBe("Accepted")
  })
})

describe("expire", () => {
  it("gives back all that a hold has open", () => {
    const hold = reservationOf(having(heldByWeb, release(r1, 1)), web, r1)
    expect(hold === undefined ? undefined : expire(hold)).toEqual({
      type: "Expired",
      channel: web,
      reservation: "r1" as ReservationId,
      allocations: [part(north, 3)],
    })
  })
  it("leaves the SKU as it was before the hold", () => {
    const stock = structuredClone(heldByWeb)
    const hold = reservationOf(stock, web, r1)
    if (hold !== undefined) evolve(stock, expire(hold))
    expect(stock.locations[0]).toMatchObject({ onHand: 5, reserved: 0 })
    expect(stock.sku).toBe(sku)
  })
})
