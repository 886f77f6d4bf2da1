import { describe, expect, it } from "vitest"
import type { StockEvent } from "../../src/domain/sku/events.ts"
import { saleQtyMax } from "../../src/limits.ts"
import {
  accepted,
  at,
  auditOf,
  back,
  command,
  confirmed,
  covered,
  depot,
  expired,
  extended,
  foundBy,
  fulfilled,
  hall,
  owed,
  policy,
  received,
  refused,
  released,
  reserved,
  type Said,
  shop,
  sku,
  startMs,
  till,
  web,
} from "./journal-builder.ts"
import { confirmA, counted, minuteMs, opened, reservationA, traded } from "./story.ts"

type Decided = Said["decided"][number]

/** What is found when, after the opening (web's A holds 3 in the shop, till's B 2 in the hall, of 10 and 5), this is decided. */
const foundAfter = (afterMs: number, sender: Said["sender"], ...decided: ReadonlyArray<Decided>) =>
  foundBy(auditOf(opened().batch(afterMs, { sender, decided })))

const reserve = (qty: number, more: { readonly partial?: boolean } = {}) =>
  command("Reserve", "r", { reservation: "R", qty, holdMs: minuteMs, ...more })
const untilMs = startMs + 1_000 + minuteMs

describe("effects at several places", () => {
  /** Web's C holds 7 in the shop and 2 in the hall: all that is left of both but 3. */
  const split = reserved(web, "C", startMs + 30 + minuteMs, at(shop, 7), at(hall, 2))
  const reserveC = command("Reserve", "c", { reservation: "C", qty: 9, holdMs: minuteMs, locations: [shop, hall] })
  const foundWith = (...decided: ReadonlyArray<Decided>) =>
    foundBy(
      auditOf(
        opened()
          .batch(30, { sender: web, decided: [[reserveC, accepted(split)]] })
          .batch(40, { sender: web, decided }),
      ),
    )
  const release = (qty: number) => command("Release", "d", { reservation: "C", qty, reason: "cancelled" })

  it("finds units drawn on in another order than was asked for, or left at a place that comes before", () => {
    expect(foundWith()).toEqual([])
    const turned = reserved(web, "C", startMs + 30 + minuteMs, at(hall, 2), at(shop, 7))
    expect(foundAfter(30, web, [reserveC, accepted(turned)])).toEqual(["effects"])
    const left = reserved(web, "C", startMs + 30 + minuteMs, at(shop, 6), at(hall, 3))
    expect(foundAfter(30, web, [reserveC, accepted(left)])).toEqual(["effects"])
  })

  it("finds a release in part that gives back what was sourced first", () => {
    expect(foundWith([release(1), accepted(released(web, "C", at(hall, 1)))])).toEqual([])
    expect(foundWith([release(1), accepted(released(web, "C", at(shop, 1)))])).toEqual(["effects"])
    expect(foundWith([release(3), accepted(released(web, "C", at(hall, 2), at(shop, 1)))])).toEqual([])
  })

  it("finds units that left one place and are set against those at another", () => {
    const ship = command("Fulfil", "s", { channel: web, reservation: "C", location: hall, qty: 2 })
    const shippedAs = (allocation: ReturnType<typeof at>): Decided => [
      ship,
      accepted({ type: "Fulfilled", channel: web, reservation: "C" as never, allocations: [allocation], taken: [at(hall, 2)] }),
    ]
    const judged = (decided: Decided) =>
      foundBy(
        auditOf(
          opened()
            .batch(30, { sender: web, decided: [[reserveC, accepted(split)]] })
            .batch(40, { sender: depot, decided: [decided] }),
        ),
      )
    expect(judged(shippedAs(at(hall, 2)))).toEqual([])
    expect(judged(shippedAs(at(shop, 2)))).toContain("effects")
  })

  it("finds a sale taken that leaves the reservation it names open", () => {
    const sale = command("RecordSale", "t", { mode: "taken", qty: 2, location: shop, reservation: "C" })
    const beside = { type: "SaleTaken", channel: web, taken: [at(shop, 2)] } as const
    const drawnOn = {
      type: "Fulfilled",
      channel: web,
      reservation: "C" as never,
      allocations: [at(shop, 2)],
      taken: [at(shop, 2)],
    } as const
    expect(foundWith([sale, accepted(drawnOn)])).toEqual([])
    expect(foundWith([sale, accepted(beside)])).toContain("effects")
  })
})

describe("reservations", () => {
  it("finds a hold that is confirmed or extended once its time is up", () => {
    const extend = command("Extend", "x", { reservation: "A", holdMs: minuteMs })
    expect(foundAfter(20 + minuteMs, web, [confirmA, accepted(confirmed(web, "A"))])).toEqual(["reservations", "availability"])
    expect(foundAfter(19 + minuteMs, web, [confirmA, accepted(confirmed(web, "A"))])).toEqual([])
    expect(foundAfter(20 + minuteMs, web, [extend, accepted(extended(web, "A", startMs + 20 + 2 * minuteMs))])).toEqual([
      "reservations",
      "availability",
    ])
  })

  it("finds a hold that expires too early, twice, or in part", () => {
    const expiry = (qty: number) => ({ _tag: "Expiry", key: sku, events: [expired(web, "A", at(shop, qty))] }) as const
    expect(foundBy(auditOf(opened().batch(19 + minuteMs, expiry(3))))).toEqual(["reservations"])
    expect(foundBy(auditOf(opened().batch(20 + minuteMs, expiry(3))))).toEqual([])
    expect(foundBy(auditOf(opened().batch(20 + minuteMs, expiry(2))))).toEqual(["reservations"])
    expect(
      foundBy(
        auditOf(
          opened()
            .batch(20 + minuteMs, expiry(3))
            .batch(21 + minuteMs, expiry(3)),
        ),
      ),
    ).toContain("reservations")
  })

  it("finds a lasting reservation that expires", () => {
    const written = traded().batch(10 * minuteMs, { _tag: "Expiry", key: sku, events: [expired(web, "D", at(shop, 2))] })
    expect(foundBy(auditOf(written))).toEqual(["reservations"])
  })

  it("finds a reservation that ends twice or goes on after its end", () => {
    const release = command("Release", "z", { reservation: "A", reason: "cancelled" })
    const again = traded().batch(5 * minuteMs, { sender: web, decided: [[release, accepted(released(web, "A", at(shop, 1)))]] })
    const confirmB = command("Confirm", "z", { reservation: "B" })
    const lateConfirm = traded().batch(5 * minuteMs, { sender: till, decided: [[confirmB, accepted(confirmed(till, "B"))]] })
    expect(foundBy(auditOf(again))).toContain("reservations")
    expect(foundBy(auditOf(lateConfirm))).toEqual(["reservations"])
  })

  it("finds an ended reservation's id used anew, until the id is forgotten", () => {
    const anew = (afterMs: number) => {
      const one = command("Reserve", "b2", { reservation: "B", qty: 1, holdMs: minuteMs, issuedAtMs: startMs + afterMs })
      const event = reserved(till, "B", startMs + afterMs + minuteMs, at(hall, 1))
      return foundBy(auditOf(traded().batch(afterMs, { sender: till, decided: [[one, accepted(event)]] })))
    }
    expect(anew(6 * minuteMs)).toEqual(["reservations"])
    expect(anew(25 * 60 * minuteMs)).toEqual([])
  })

  it("finds more given up at a location than is open there", () => {
    const release = command("Release", "z", { reservation: "A", reason: "cancelled" })
    expect(foundAfter(1_000, web, [release, accepted(released(web, "A", at(hall, 3)))])).toContain("reservations")
  })
})

describe("conservation", () => {
  it("finds one unit sold too many, and says how many", () => {
    const ask = command("Reserve", "r", { reservation: "R", qty: 8, holdMs: minuteMs })
    const report = auditOf(opened().batch(1_000, { sender: web, decided: [[ask, accepted(reserved(web, "R", untilMs, at(shop, 8)))]] }))
    expect(foundBy(report)).toEqual(["conservation"])
    expect(report.totals.oversoldQty).toBe(1)
  })

  it("lets a fact leave units owed that aren't there, but not silently or by another number", () => {
    const count = command("AdjustStock", "n", { location: shop, qty: -8, reason: "count" })
    const adjusted = { type: "StockAdjusted", location: shop, qty: -8, reason: "count" } as const
    const short = (qty: number) => ({ type: "ShortageFound", location: shop, qty }) as const
    expect(foundAfter(1_000, depot, [count, accepted(adjusted, short(1))])).toEqual([])
    expect(foundAfter(1_000, depot, [count, accepted(adjusted)])).toEqual(["conservation"])
    expect(foundAfter(1_000, depot, [count, accepted(adjusted, short(2))])).toEqual(["conservation"])
  })

  it("finds what is reserved on top of a shortage", () => {
    const count = command("AdjustStock", "n", { location: shop, qty: -8, reason: "count" })
    const decision = accepted(
      { type: "StockAdjusted", location: shop, qty: -8, reason: "count" },
      { type: "ShortageFound", location: shop, qty: 1 },
    )
    const report = auditOf(
      opened()
        .batch(1_000, { sender: depot, decided: [[count, decision]] })
        .batch(1_000, { sender: web, decided: [[reserve(1), accepted(reserved(web, "R", untilMs, at(shop, 1)))]] }),
    )
    expect(foundBy(report)).toEqual(["conservation"])
    expect(report.totals.oversoldQty).toBe(1)
  })

  it("finds a number below nothing", () => {
    const count = command("AdjustStock", "n", { location: shop, qty: -11, reason: "count" })
    const adjusted = { type: "StockAdjusted", location: shop, qty: -11, reason: "count" } as const
    const short = { type: "ShortageFound", location: shop, qty: 4 } as const
    expect(foundAfter(1_000, depot, [count, accepted(adjusted, short)])).toEqual(["conservation"])
    const move = command("MoveStatus", "m", { location: hall, from: "damaged", to: "available", qty: 1 })
    const moved = { type: "StatusMoved", location: hall, from: "damaged", to: "available", qty: 1 } as const
    expect(foundAfter(1_000, depot, [move, accepted(moved)])).toEqual(["conservation"])
  })

  it("finds reserved units that no reservation has", () => {
    const release = command("Release", "z", { reservation: "unknown", reason: "cancelled" })
    expect(foundAfter(1_000, web, [release, accepted(released(web, "unknown", at(shop, 1)))])).toContain("conservation")
  })
})

describe("availability", () => {
  const fenced = policy(2, {
    channels: [
      { channel: web, priority: 1, bufferQty: 1, bufferPercent: 25, floorQty: 3, fenceQty: 0 },
      { channel: till, priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 4 },
    ],
    safety: [{ location: shop, qty: 1 }],
  })
  const setPolicy: Said = {
    sender: back,
    decided: [[command("SetPolicy", "p2", { policy: fenced }), accepted({ type: "PolicySet", policy: fenced })]],
  }

  /** Offered: 10 − 3 − 1 in the shop and 5 − 2 in the hall; web may have 9 − till's 2 unused fenced − ⌈25 %⌉. */
  const webAtsQty = 4

  const asked = (decided: Decided) => foundBy(auditOf(opened().batch(1_000, setPolicy, { sender: web, decided: [decided] })))

  it("finds a reservation beyond the channel's ATS though units are there", () => {
    expect(asked([reserve(webAtsQty), accepted(reserved(web, "R", untilMs, at(shop, webAtsQty)))])).toEqual([])
    expect(asked([reserve(webAtsQty + 1), accepted(reserved(web, "R", untilMs, at(shop, webAtsQty + 1)))])).toEqual(["availability"])
  })

  it("finds a refusal for want of units that could be had, or with another number", () => {
    expect(asked([reserve(webAtsQty + 1), refused("InsufficientStock", { ats: webAtsQty })])).toEqual([])
    expect(asked([reserve(webAtsQty), refused("InsufficientStock", { ats: webAtsQty - 1 })])).toEqual(["availability"])
    expect(asked([reserve(webAtsQty + 1), refused("InsufficientStock", { ats: webAtsQty + 1 })])).toEqual(["availability"])
    expect(asked([reserve(webAtsQty + 1, { partial: true }), refused("InsufficientStock")])).toEqual(["availability"])
  })
})

describe("effects", () => {
  it("finds what does more or less than was asked", () => {
    expect(foundAfter(1_000, web, [reserve(2), accepted(reserved(web, "R", untilMs, at(shop, 1)))])).toEqual(["effects"])
    expect(foundAfter(1_000, web, [reserve(2, { partial: true }), accepted(reserved(web, "R", untilMs, at(shop, 1)))])).toEqual([])
    expect(foundAfter(1_000, web, [reserve(2), accepted(reserved(web, "R", untilMs + 1, at(shop, 2)))])).toEqual(["effects"])
    const receive = command("ReceiveStock", "n", { location: shop, qty: 4 })
    expect(foundAfter(1_000, depot, [receive, accepted(received(shop, 5))])).toEqual(["effects"])
    expect(foundAfter(1_000, depot, [receive, accepted(received(hall, 4))])).toEqual(["effects"])
    expect(foundAfter(1_000, depot, [receive, accepted()])).toEqual(["effects"])
  })

  it("finds a channel that acts on another's reservation", () => {
    const release = command("Release", "z", { reservation: "A", reason: "cancelled" })
    expect(foundAfter(1_000, till, [release, accepted(released(web, "A", at(shop, 3)))])).toEqual(["effects"])
  })

  it("finds an event that its command can't have", () => {
    expect(foundAfter(1_000, web, [confirmA, accepted(confirmed(web, "A"), received(shop, 1))])).toEqual(["effects"])
  })

  it("finds shipped or sold units that don't add up to the command's", () => {
    const fulfil = command("Fulfil", "f", { channel: web, reservation: "A", location: shop, qty: 2 })
    expect(foundAfter(1_000, depot, [fulfil, accepted(fulfilled(web, "A", shop, 1))])).toEqual(["effects"])
    const taken = command("RecordSale", "s", { mode: "taken", qty: 2, location: shop })
    expect(foundAfter(1_000, till, [taken, accepted({ type: "SaleTaken", channel: till, taken: [at(shop, 1)] })])).toEqual(["effects"])
    const sold = command("RecordSale", "s", { mode: "owed", qty: 2, reservation: "M" })
    expect(foundAfter(1_000, till, [sold, accepted(owed(till, "M", at(shop, 1)))])).toEqual(["effects"])
    expect(foundAfter(1_000, till, [sold, accepted(owed(till, "N", at(shop, 2)))])).toEqual(["effects"])
    expect(foundAfter(1_000, till, [sold, accepted(owed(till, "M~s", at(shop, 2)))])).toEqual([])
  })

  it("finds a sale beyond its channel's word, unless its sender had the role for it", () => {
    const sold = (qty: number) =>
      [
        command("RecordSale", "s", { mode: "taken", qty, location: shop }),
        accepted(
          { type: "SaleTaken", channel: till, taken: [at(shop, 1)] },
          { type: "DiscrepancyFound", kind: "NotOnHand", qty: qty - 1, location: shop },
        ),
      ] as const
    const found = (sender: Said["sender"], qty: number, bulk: boolean) =>
      foundBy(auditOf(opened().batch(1_000, { sender, bulk, decided: [sold(qty)] })))
    expect(found(till, saleQtyMax, false)).toEqual([])
    expect(found(till, saleQtyMax + 1, false)).toEqual(["effects"])
    expect(found(till, saleQtyMax + 1, true)).toEqual([])
  })

  it("finds a sale of a SKU whose policy doesn't name its channel", () => {
    const sold = [
      command("RecordSale", "s", { mode: "taken", qty: 1, location: shop }),
      accepted({ type: "SaleTaken", channel: back, taken: [at(shop, 1)] }),
    ] as const
    expect(foundAfter(1_000, back, sold)).toEqual(["effects"])
    expect(foundBy(auditOf(opened().batch(1_000, { sender: back, bulk: true, decided: [sold] })))).toEqual([])
  })

  it("finds a policy that replaces a newer one, or isn't the one that was sent", () => {
    const old = command("SetPolicy", "q", { policy: policy(1) })
    expect(foundAfter(1_000, back, [old, accepted({ type: "PolicySet", policy: policy(1) })])).toEqual(["effects"])
    const next = command("SetPolicy", "q", { policy: policy(2) })
    expect(foundAfter(1_000, back, [next, accepted({ type: "PolicySet", policy: policy(3) })])).toEqual(["effects"])
  })

  it("passes a sale owed under a hold, a shipment of more than was there, and what ends a shortage", () => {
    const sold = command("RecordSale", "s", { mode: "owed", qty: 4, reservation: "A" })
    expect(foundAfter(1_000, web, [sold, accepted(confirmed(web, "A"), owed(web, "A", at(shop, 1)))])).toEqual([])
    const fulfil = command("Fulfil", "f", { channel: web, reservation: "A", location: hall, qty: 6 })
    const events: ReadonlyArray<StockEvent> = [
      { type: "Fulfilled", channel: web, reservation: reservationA, allocations: [at(shop, 3)], taken: [at(hall, 3)] },
      { type: "ShippedUnreserved", channel: web, reservation: reservationA, taken: [at(hall, 2)] },
      { type: "DiscrepancyFound", kind: "NotOnHand", qty: 1, location: hall },
      { type: "DiscrepancyFound", kind: "NotReserved", qty: 3, location: hall },
      { type: "ShortageFound", location: hall, qty: 2 },
    ]
    expect(foundAfter(1_000, depot, [fulfil, accepted(...events)])).toEqual([])
    expect(foundBy(auditOf(counted()))).toEqual([])
  })
})

describe("debts", () => {
  const sold = (name: string, qty: number, shortQty: number) =>
    [
      command("RecordSale", name, { mode: "owed", qty, reservation: name }),
      accepted({ ...owed(web, name), shortQty } as StockEvent, { type: "DiscrepancyFound", kind: "Oversold", qty: shortQty }),
    ] as const
  /** All that is there is taken by a sale, and M1 and M2 wait for 2 and 1. */
  const waiting = () =>
    opened()
      .batch(1_000, {
        sender: web,
        decided: [
          [command("RecordSale", "all", { mode: "owed", qty: 10, reservation: "M0" }), accepted(owed(web, "M0", at(shop, 7), at(hall, 3)))],
        ],
      })
      .batch(2_000, { sender: web, decided: [sold("M1", 2, 2), sold("M2", 1, 1)] })
  const arrives = (qty: number, ...events: ReadonlyArray<ReturnType<typeof covered>>) =>
    foundBy(
      auditOf(
        waiting().batch(
          3_000,
          { sender: depot, decided: [[command("ReceiveStock", "in", { location: shop, qty }), accepted(received(shop, qty))]] },
          ...(events.length === 0 ? [] : [{ _tag: "Covered", key: sku, events } as const]),
        ),
      ),
    )

  it("passes what covers the oldest first", () => {
    expect(arrives(2, covered(web, "M1", at(shop, 2)))).toEqual([])
    expect(arrives(9, covered(web, "M1", at(shop, 2)), covered(web, "M2", at(shop, 1)))).toEqual([])
  })
  it("finds goods that lie idle beside who waits for them, and the youngest covered first", () => {
    expect(arrives(3)).toEqual(["debts"])
    expect(arrives(3, covered(web, "M1", at(shop, 2)))).toEqual(["debts"])
    expect(arrives(1, covered(web, "M2", at(shop, 1)))).toEqual(["debts"])
  })
  it("finds units that cover what nobody is owed, or that are not there", () => {
    expect(arrives(4, covered(web, "M1", at(shop, 3)), covered(web, "M2", at(shop, 1)))).toContain("debts")
    expect(arrives(1, covered(web, "M1", at(shop, 2)))).toContain("debts")
  })
  it("finds them reserved for somebody else, though they were there", () => {
    const taken = waiting().batch(
      3_000,
      { sender: depot, decided: [[command("ReceiveStock", "in", { location: shop, qty: 3 }), accepted(received(shop, 3))]] },
      { sender: till, decided: [[reserve(3), accepted(reserved(till, "R", startMs + 3_000 + minuteMs, at(shop, 3)))]] },
    )
    expect(foundBy(auditOf(taken))).toContain("availability")
  })
})

describe("what a refusal says of a reservation", () => {
  const confirm = command("Confirm", "late", { reservation: reservationA })
  const release = command("Release", "gone", { reservation: reservationA, reason: "cancelled" })
  const anew = command("Reserve", "anew", { reservation: reservationA, qty: 1, holdMs: minuteMs })
  const other = command("Reserve", "anew", { reservation: "never", qty: 1, holdMs: minuteMs })
  const given = [release, accepted(released(web, reservationA, at(shop, 3)))] as const

  it("is how it ended, and that its name is taken", () => {
    expect(foundAfter(30, web, given, [confirm, refused("ReservationReleased")], [anew, refused("ReservationExists")])).toEqual([])
    expect(foundAfter(30, web, given, [confirm, refused("ReservationExpired")])).toEqual(["reservations"])
    expect(foundAfter(30, web, given, [confirm, refused("UnknownReservation")])).toEqual(["reservations"])
  })

  it("is found where it is open, or never began", () => {
    expect(foundAfter(30, web, [confirm, refused("ReservationReleased")])).toEqual(["reservations"])
    expect(foundAfter(30, web, [other, refused("ReservationExists")])).toEqual(["reservations"])
    expect(foundAfter(30, till, [confirm, refused("UnknownReservation")])).toEqual([])
  })
})
