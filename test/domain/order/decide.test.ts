import { describe, expect, it } from "vitest"
import type { LocationId } from "../../../src/domain/names.ts"
import { decide } from "../../../src/domain/order/decide.ts"
import { carriedBy, type OrderEvent } from "../../../src/domain/order/events.ts"
import { isAtRest, lineOf, openQtyOfLine } from "../../../src/domain/order/order.ts"
import { decideReturn } from "../../../src/domain/order/returns.ts"
import { dueMsOf } from "../../../src/domain/order/timers.ts"
import { bodyBytesMax, orderHoldMsMax, orderKeptMs, orderLineBytesMax } from "../../../src/limits.ts"
import { north, nowMs, south, web } from "../given.ts"
import {
  answerIn,
  applied,
  cancel,
  confirm,
  confirmed,
  confirms,
  eventsOf,
  gives,
  having,
  held,
  holdMs,
  lamp,
  line,
  lineEndMs,
  mug,
  note,
  place,
  placed,
  refuses,
  releases,
  shirt,
  typesOf,
  when,
} from "./given.ts"

const refusal = (reason: string, field?: string) => ({ _tag: "Refused", refusal: field === undefined ? { reason } : { reason, field } })
const release = (sku: string, reason = "other") => ({ type: "Release", sku, reason })

describe("an order that is placed", () => {
  it("asks every SKU at once, and holds there until a grace after its own hold", () => {
    const events = eventsOf(undefined, place([line(shirt, 2), line(mug, 1)]))
    expect(events).toMatchObject([
      {
        type: "OrderPlaced",
        dueMs: nowMs + 10_000,
        lines: [
          { sku: shirt, qty: 2, minQty: 2 },
          { sku: mug, qty: 1, minQty: 1 },
        ],
        carries: [
          { type: "Reserve", sku: shirt, qty: 2, holdMs: lineEndMs - nowMs },
          { type: "Reserve", sku: mug, qty: 1, holdMs: lineEndMs - nowMs },
        ],
      },
    ])
  })
  it("is held and answered once every line has answered, not before", () => {
    expect(typesOf(eventsOf(placed, [shirt, gives(2)]))).toEqual(["LineReserved"])
    const events = eventsOf(having(placed, [shirt, gives(2)]), [mug, gives(1)], nowMs + 500)
    expect(typesOf(events)).toEqual(["LineReserved", "OrderHeld"])
    expect(events[1]).toMatchObject({ expiresAtMs: nowMs + 500 + holdMs })
    expect(answerIn(events)).toEqual({
      id: "place",
      lines: [
        { sku: shirt, qty: 2 },
        { sku: mug, qty: 1 },
      ],
    })
  })
  it("is never told a hold that a line's own could end within the grace of", () => {
    const late = having(placed, [shirt, gives(2, lineEndMs - 20_000)])
    expect(eventsOf(late, [mug, gives(1)], nowMs + 9_999)[1]).toMatchObject({ expiresAtMs: lineEndMs - 20_000 - 15 * 60_000 })
  })
  it("takes all lines of a SKU for one, over the sum", () => {
    const twice = place([line(shirt, 2), line(mug, 1), line(shirt, 3)])
    expect(eventsOf(undefined, twice)).toMatchObject([
      {
        carries: [
          { sku: shirt, qty: 5 },
          { sku: mug, qty: 1 },
        ],
      },
    ])
    const minimum = place([line(shirt, 2, { minQty: 1 }), line(shirt, 3, { minQty: 2 })], { fill: "minimum" })
    expect(eventsOf(undefined, minimum)).toMatchObject([{ lines: [{ sku: shirt, qty: 5, minQty: 3 }] }])
  })
  it("may have a thousand lines", () => {
    const lines = Array.from({ length: 1_000 }, (_, at) => line(`sku-${at}` as typeof shirt, 1))
    let order = having(undefined, place(lines))
    for (const { sku } of lines) order = having(order, [sku, gives(1)])
    expect(order).toMatchObject({ phase: "held", openQty: 1_000, askedCount: 0 })
  })
})

describe("the largest order", () => {
  it("adds no more bytes to a record than a record has for it, when it is placed, answered, and given back", () => {
    const most = 1_000_000_000
    // As long as a body may be, shared out among as many lines as there may be.
    const sku = (at: number) => `${at}`.padStart(38, "x") as typeof shirt
    const lines = Array.from({ length: 1_000 }, (_, at) => line(sku(at), at, { minQty: 0 })).map((one) => ({ ...one, qty: most }))
    const command = place(lines, { fill: "minimum", holdMs: orderHoldMsMax })
    const bound = 2 * bodyBytesMax + 1_000 * orderLineBytesMax
    const bytesOf = (events: ReadonlyArray<OrderEvent>) => JSON.stringify(events).length
    let order = having(undefined, command)
    expect(bytesOf(eventsOf(undefined, command))).toBeLessThan(bound)
    for (const { sku } of lines.slice(1)) order = having(order, [sku, gives(most)])
    const heldEvents = eventsOf(order, [sku(0), refuses("InsufficientStock", most)])
    expect(typesOf(heldEvents)).toContain("OrderHeld")
    expect(bytesOf(heldEvents)).toBeLessThan(bound)
    expect(bytesOf(eventsOf(order, { dueAtMs: nowMs + 10_000 }))).toBeLessThan(bound)
  })
})

describe("an order all or nothing", () => {
  it("gives back what it has as soon as one line fails, and says of each line what it could have had", () => {
    const short = eventsOf(having(placed, [shirt, gives(2)]), [mug, refuses("InsufficientStock", 0)])
    expect(typesOf(short)).toEqual(["LineRefused", "LinesGivenUp", "OrderRefused"])
    expect(carriedBy(short[1] as (typeof short)[number])).toEqual([release(shirt)])
    expect(answerIn(short)).toEqual({
      id: "place",
      refusal: { reason: "LinesRefused" },
      lines: [
        { sku: shirt, qty: 2 },
        { sku: mug, qty: 0, reason: "InsufficientStock", ats: 0 },
      ],
    })
  })
  it("gives back a line that answers after another has failed, and answers last", () => {
    const failed = having(placed, [shirt, refuses("NotSoldHere")])
    expect(failed).toMatchObject({ phase: "placing", openQty: 0 })
    const events = eventsOf(failed, [mug, gives(1)])
    expect(typesOf(events)).toEqual(["LineReserved", "LinesGivenUp", "OrderRefused"])
    const rest = having(applied(failed, events), [mug, releases(1)])
    expect(rest).toMatchObject({ phase: "ended", ending: "refused", openQty: 0 })
    expect(isAtRest(rest)).toBe(true)
  })
  it("is refused for an unknown SKU among good ones, and for one without a policy", () => {
    for (const reason of ["UnknownSku", "NotSoldHere"] as const) {
      const events = eventsOf(having(placed, [shirt, gives(2)]), [mug, refuses(reason)])
      expect(answerIn(events)).toMatchObject({ refusal: { reason: "LinesRefused" }, lines: [{}, { sku: mug, qty: 0, reason }] })
    }
  })
  it("does not wait for a line that does not answer: it is refused in time, and that line goes back when it does", () => {
    const stuck = having(placed, [shirt, gives(2)])
    expect(dueMsOf(stuck)).toBe(nowMs + 10_000)
    const events = eventsOf(stuck, { dueAtMs: nowMs + 10_000 })
    expect(typesOf(events)).toEqual(["OrderRefused", "LinesGivenUp"])
    expect(answerIn(events)).toMatchObject({ refusal: { reason: "LinesUnanswered" } })
    const late = eventsOf(applied(stuck, events), [mug, gives(1)])
    expect(late).toMatchObject([{ type: "LineReserved" }, { type: "LinesGivenUp", carries: [release(mug)] }])
  })
  it("is refused if its last line answers too late for what the others were promised", () => {
    const events = eventsOf(having(placed, [shirt, gives(2)]), [mug, gives(1)], nowMs + 10_000)
    expect(typesOf(events)).toEqual(["LineReserved", "OrderRefused", "LinesGivenUp"])
    expect(answerIn(events)).toMatchObject({ refusal: { reason: "LinesUnanswered" } })
  })
})

describe("an order in part", () => {
  const partial = having(undefined, place([line(shirt, 2), line(mug, 1)], { fill: "partial" }))
  it("asks SKUs for as much as there is", () => {
    expect(eventsOf(undefined, place([line(shirt, 2)], { fill: "partial" }))).toMatchObject([{ carries: [{ partial: true }] }])
  })
  it("is held with what there is, and says which line has less and why", () => {
    const events = eventsOf(having(partial, [shirt, gives(1)]), [mug, refuses("UnknownSku")])
    expect(typesOf(events)).toEqual(["LineRefused", "OrderHeld"])
    expect(answerIn(events)).toEqual({
      id: "place",
      lines: [
        { sku: shirt, qty: 1 },
        { sku: mug, qty: 0, reason: "UnknownSku" },
      ],
    })
  })
  it("is refused if no line has anything", () => {
    const events = eventsOf(having(partial, [shirt, refuses("InsufficientStock", 0)]), [mug, refuses("UnknownSku")])
    expect(answerIn(events)).toMatchObject({ refusal: { reason: "LinesRefused" } })
  })
  it("is refused if a line has less than its minimum", () => {
    const minimum = having(undefined, place([line(shirt, 5, { minQty: 3 }), line(mug, 1, { minQty: 0 })], { fill: "minimum" }))
    expect(having(minimum, [shirt, gives(3)], [mug, refuses("UnknownSku")]).phase).toBe("held")
    const events = eventsOf(having(minimum, [mug, gives(1)]), [shirt, gives(2)])
    expect(typesOf(events)).toEqual(["LineReserved", "LinesGivenUp", "OrderRefused"])
    expect(events[1]).toMatchObject({ carries: [release(shirt), release(mug)] })
  })
})

describe("bad orders", () => {
  const bad: ReadonlyArray<readonly [string, ReturnType<typeof place>, string, string]> = [
    ["no lines", place([]), "InvalidField", "lines"],
    ["1,001 lines", place(Array.from({ length: 1_001 }, () => line(shirt, 1))), "InvalidField", "lines"],
    ["a minimum in a whole order", place([line(shirt, 2, { minQty: 1 })]), "ContradictoryLines", "lines.0.minQty"],
    ["no minimum where each line has one", place([line(shirt, 2)], { fill: "minimum" }), "ContradictoryLines", "lines.0.minQty"],
    [
      "a minimum above the quantity",
      place([line(mug, 1, { minQty: 0 }), line(shirt, 2, { minQty: 3 })], { fill: "minimum" }),
      "ContradictoryLines",
      "lines.1.minQty",
    ],
    [
      "a SKU at two lists of locations",
      place([line(shirt, 1, { locations: [north] }), line(shirt, 1, { locations: [south] })]),
      "ContradictoryLines",
      "lines.1.locations",
    ],
    [
      "a SKU at a list of locations and at none",
      place([line(shirt, 1), line(shirt, 1, { locations: [north as LocationId] })]),
      "ContradictoryLines",
      "lines.1.locations",
    ],
    ["a sum beyond every quantity", place([line(shirt, 1_000_000_000), line(shirt, 1)]), "InvalidField", "lines.1.qty"],
  ]
  it.each(bad)("are refused for what is wrong: %s", (_, command, reason, field) => {
    expect(when(undefined, command)).toEqual(refusal(reason, field))
  })
  it("are refused under a name that is taken, whatever became of that order", () => {
    for (const order of [placed, held, confirmed, having(placed, { dueAtMs: nowMs + 10_000 })])
      expect(when(order, place([line(lamp, 1)]))).toEqual(refusal("OrderExists", "order"))
  })
})

describe("payment against expiry", () => {
  it("has one winner: payment before the end of the hold, and then no expiry", () => {
    const events = eventsOf(held, confirm, nowMs + holdMs - 1)
    expect(events).toEqual([
      {
        type: "OrderConfirming",
        id: "confirm",
        carries: [
          { type: "Confirm", sku: shirt },
          { type: "Confirm", sku: mug },
        ],
      },
    ])
    expect(dueMsOf(applied(held, events))).toBeUndefined()
  })
  it("is answered when every line is lasting", () => {
    const events = eventsOf(having(held, confirm, [shirt, confirms]), [mug, confirms])
    expect(typesOf(events)).toEqual(["LineConfirmed", "OrderConfirmed"])
    expect(answerIn(events)).toEqual({
      id: "confirm",
      lines: [
        { sku: shirt, qty: 2 },
        { sku: mug, qty: 1 },
      ],
    })
  })
  it("tells the loser what to refund, before its expiry is journaled as after", () => {
    const late = {
      ...refusal("OrderExpired"),
      lines: [
        { sku: shirt, qty: 0, refundQty: 2 },
        { sku: mug, qty: 0, refundQty: 1 },
      ],
    }
    expect(when(held, confirm, nowMs + holdMs)).toEqual(late)
    const expired = having(held, { dueAtMs: nowMs + holdMs })
    expect(when(expired, confirm, nowMs + holdMs + 1)).toEqual(late)
    expect(when(having(expired, [shirt, releases(2)], [mug, releases(1)]), confirm, nowMs + holdMs + 9)).toEqual(late)
  })
  it("asks for no refund of what was cancelled before", () => {
    const less = having(held, cancel([{ sku: mug }]), [mug, releases(1)])
    expect(when(less, confirm, nowMs + holdMs)).toMatchObject({ lines: [{ sku: shirt, qty: 0, refundQty: 2 }] })
  })
  it("gives every line back when the hold is over", () => {
    const events = eventsOf(held, { dueAtMs: nowMs + holdMs })
    expect(events).toEqual([{ type: "OrderExpired", carries: [release(shirt, "abandoned"), release(mug, "abandoned")] }])
    const rest = having(applied(held, events), [shirt, releases(2)], [mug, releases(1)])
    expect(rest).toMatchObject({ ending: "expired" })
    expect(isAtRest(rest)).toBe(true)
  })
  it("refuses a second payment, and one for an order that was refused or cancelled", () => {
    expect(when(confirmed, confirm)).toEqual(refusal("OrderConfirmed"))
    expect(when(having(placed, { dueAtMs: nowMs + 10_000 }), confirm)).toEqual(refusal("OrderRefused"))
    expect(when(having(held, cancel(), [shirt, releases(2)], [mug, releases(1)]), confirm)).toEqual(refusal("OrderCancelled"))
  })
  it("says what to refund where a SKU's own timer came first, after an outage longer than the grace", () => {
    const one = having(held, confirm, [shirt, confirms])
    const refusedLine = having(one, [mug, refuses("ReservationExpired")])
    // How it ended is on its way: the answer waits for it.
    expect(refusedLine.phase).toBe("confirming")
    const events = eventsOf(refusedLine, note(mug, "lost", 1))
    expect(typesOf(events)).toEqual(["LineNoted", "OrderConfirmed"])
    expect(answerIn(events)).toMatchObject({
      lines: [
        { sku: shirt, qty: 2 },
        { sku: mug, qty: 0, refundQty: 1, reason: "ReservationExpired" },
      ],
    })
  })
  it("is lost as a whole where every line was", () => {
    const one = having(held, confirm, note(shirt, "lost", 2), [shirt, refuses("ReservationExpired")])
    const events = eventsOf(one, [mug, refuses("UnknownReservation")])
    expect(typesOf(events)).toEqual(["LineLost", "OrderEnded", "OrderAtRest"])
    expect(answerIn(events)).toMatchObject({ refusal: { reason: "OrderExpired" }, lines: [{ refundQty: 2 }, { refundQty: 1 }] })
  })
  it("takes a line that its channel has confirmed itself for confirmed", () => {
    expect(having(held, confirm, [shirt, refuses("ReservationConfirmed")], [mug, confirms]).phase).toBe("confirmed")
  })
})

describe("a cancellation", () => {
  it("of all is answered when every line has given back, and ends the order", () => {
    const events = eventsOf(having(confirmed, cancel(), [shirt, releases(2)]), [mug, releases(1)])
    expect(typesOf(events)).toEqual(["LineReleased", "LinesCancelled", "OrderEnded", "OrderAtRest"])
    expect(answerIn(events)).toEqual({
      id: "cancel",
      lines: [
        { sku: shirt, qty: 2, refundQty: 2 },
        { sku: mug, qty: 1, refundQty: 1 },
      ],
    })
    expect(events[2]).toMatchObject({ ending: "cancelled" })
  })
  it("of a line, or some of it, leaves the rest", () => {
    const events = eventsOf(having(held, cancel([{ sku: shirt, qty: 1 }])), [shirt, releases(1)])
    expect(answerIn(events)).toEqual({ id: "cancel", lines: [{ sku: shirt, qty: 1 }] })
    const left = having(held, cancel([{ sku: shirt, qty: 1 }]), [shirt, releases(1)])
    expect(left).toMatchObject({ phase: "held", openQty: 2, waiting: null })
  })
  it("of a shipped line is refused where the order knows, and says nothing was given back where the SKU knows first", () => {
    const shipped = having(confirmed, note(mug, "fulfilled", 1))
    expect(when(shipped, cancel([{ sku: mug }]))).toEqual(refusal("QtyExceedsOpen", "lines.0"))
    const unaware = having(confirmed, cancel([{ sku: mug }]), [mug, refuses("ReservationFulfilled")])
    expect(unaware.waiting).not.toBeNull()
    const events = eventsOf(unaware, note(mug, "fulfilled", 1))
    expect(answerIn(events)).toEqual({ id: "cancel", lines: [{ sku: mug, qty: 0, reason: "ReservationFulfilled" }] })
  })
  it("of more units than are open is refused, and of a line the order has not", () => {
    expect(when(held, cancel([{ sku: shirt, qty: 3 }]))).toEqual(refusal("QtyExceedsOpen", "lines.0"))
    expect(when(held, cancel([{ sku: lamp }]))).toEqual(refusal("UnknownLine", "lines.0.sku"))
    expect(
      when(
        held,
        cancel([
          { sku: shirt, qty: 1 },
          { sku: shirt, qty: 1 },
        ]),
      ),
    ).toEqual(refusal("ContradictoryLines", "lines.1.sku"))
    expect(when(held, cancel([]))).toEqual(refusal("InvalidField", "lines"))
  })
  it("may meet the end of the hold: what it did not ask for goes back, too, and its answer comes all the same", () => {
    const cancelling = having(held, cancel([{ sku: shirt, qty: 1 }]))
    const expired = having(cancelling, { dueAtMs: nowMs + holdMs })
    expect(lineOf(expired, mug)?.asked?.type).toBe("Release")
    const events = eventsOf(expired, [shirt, releases(1)])
    expect(typesOf(events)).toEqual(["LineReleased", "LinesGivenUp", "LinesCancelled"])
    expect(events[1]).toMatchObject({ carries: [release(shirt, "abandoned")] })
  })
})

describe("a command for an order that owes an answer", () => {
  it("is told to come back, and nothing is decided", () => {
    for (const order of [placed, having(held, confirm), having(held, cancel([{ sku: mug }]))]) {
      expect(when(order, confirm)).toEqual({ _tag: "Later" })
      expect(when(order, cancel())).toEqual({ _tag: "Later" })
    }
  })
  it("or for an order nobody has placed is refused: another channel's can't be named", () => {
    expect(when(undefined, confirm)).toEqual(refusal("UnknownOrder"))
    expect(when(undefined, cancel())).toEqual(refusal("UnknownOrder"))
    expect(when(undefined, note(shirt, "fulfilled", 1))).toEqual(refusal("UnknownOrder"))
  })
})

describe("a decision that comes back", () => {
  it("twice changes nothing", () => {
    const event = lineOf(placed, shirt)?.asked?.event ?? 0
    const once = having(placed, [shirt, gives(2)])
    expect(decideReturn(once, { sku: shirt, event, outcome: gives(2) }, nowMs)).toEqual([])
    const asked = having(held, confirm)
    expect(decideReturn(asked, { sku: shirt, event, outcome: gives(2) }, nowMs)).toEqual([])
  })
  it("for a SKU that is no line changes nothing", () => {
    expect(decideReturn(placed, { sku: lamp, event: 1, outcome: gives(1) }, nowMs)).toEqual([])
  })
  it("that can't be known any more is followed by a command that needs not know", () => {
    const unsettled = { _tag: "Unsettled" } as const
    const reserve = eventsOf(having(placed, [shirt, gives(2)]), [mug, unsettled])
    expect(typesOf(reserve)).toEqual(["LineRefused", "LineAskedAgain", "LinesGivenUp", "OrderRefused"])
    expect(reserve[1]).toMatchObject({ carries: [release(mug)] })
    // The Reserve had been decided after all: what it held is found, and goes back.
    const rest = having(having(placed, [shirt, gives(2)]), [mug, unsettled], [mug, releases(1)], [shirt, releases(2)])
    expect(isAtRest(rest)).toBe(true)
    expect(lineOf(rest, mug)).toMatchObject({ reservedQty: 1, releasedQty: 1 })
    expect(eventsOf(having(held, confirm), [mug, unsettled])).toMatchObject([{ carries: [{ type: "Confirm", sku: mug }] }])
  })
})

describe("what a SKU tells of a line", () => {
  it("keeps the order's picture true, and ends the order with its last unit", () => {
    const shipping = having(confirmed, note(shirt, "fulfilled", 2))
    expect(shipping).toMatchObject({ phase: "confirmed", openQty: 1 })
    const events = eventsOf(shipping, note(mug, "released", 1))
    expect(typesOf(events)).toEqual(["LineNoted", "OrderEnded", "OrderAtRest"])
    expect(events[1]).toMatchObject({ ending: "fulfilled" })
  })
  it("may come before the line's own answer", () => {
    const early = having(placed, note(shirt, "fulfilled", 1))
    const line = lineOf(having(early, [shirt, gives(2)]), shirt)
    expect(line === undefined ? undefined : openQtyOfLine(line)).toBe(1)
  })
  it("may be of units that the order had given up for lost", () => {
    const lost = having(held, confirm, [shirt, confirms], [mug, refuses("UnknownReservation")])
    const found = having(lost, note(mug, "fulfilled", 1))
    expect(lineOf(found, mug)).toMatchObject({ lostQty: 0, fulfilledQty: 1 })
  })
  it("counts what left beyond what the order had apart", () => {
    expect(lineOf(having(confirmed, note(mug, "beyond", 1)), mug)).toMatchObject({ beyondQty: 1, fulfilledQty: 0 })
    expect(when(confirmed, note(lamp, "beyond", 1))).toEqual(refusal("UnknownLine", "sku"))
  })
})

describe("an order of which nothing is left to do", () => {
  const expired = having(held, { dueAtMs: held.dueMs })
  const atRest = having(expired, [shirt, releases(2)], [mug, releases(1)])
  const keptUntilMs = nowMs + orderKeptMs
  const over = { _tag: "Refused", refusal: { reason: "OrderExpired" } }

  it("is kept for a while, so that whoever confirms it too late is told what to refund", () => {
    expect(expired).toMatchObject({ phase: "ended", keptUntilMs: null })
    expect(atRest).toMatchObject({ phase: "ended", keptUntilMs, isForgotten: false })
    expect(dueMsOf(expired)).toBeUndefined()
    expect(dueMsOf(atRest)).toBe(keptUntilMs)
    expect(when(atRest, confirm, keptUntilMs - 1)).toMatchObject({ ...over, lines: [{ refundQty: 2 }, { refundQty: 1 }] })
  })

  it("is forgotten then, and its end is told for as long as that is remembered", () => {
    expect(typesOf(eventsOf(atRest, { dueAtMs: keptUntilMs }))).toEqual(["OrderForgotten"])
    expect(having(atRest, { dueAtMs: keptUntilMs }).isForgotten).toBe(true)
    const ended = () => "expired" as const
    expect(decide(undefined, confirm, web, keptUntilMs, ended)).toEqual(over)
    expect(decide(undefined, cancel(), web, keptUntilMs, ended)).toEqual(over)
    expect(decide(undefined, place([line(shirt, 1)]), web, keptUntilMs, ended)).toMatchObject({
      _tag: "Refused",
      refusal: { reason: "OrderExists" },
    })
    expect(decide(undefined, confirm, web, keptUntilMs)).toMatchObject({ refusal: { reason: "UnknownOrder" } })
  })

  it("comes to rest at once where nothing of it was held", () => {
    const refusedAtOnce = having(placed, [shirt, refuses("InsufficientStock", 0)], [mug, refuses("NotSoldHere")])
    expect(refusedAtOnce).toMatchObject({ ending: "refused", keptUntilMs })
    const events = eventsOf(having(placed, [shirt, refuses("InsufficientStock", 0)]), [mug, refuses("NotSoldHere")])
    expect(typesOf(events).at(-1)).toBe("OrderAtRest")
  })
})
