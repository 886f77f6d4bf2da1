/**
 * ATS by hand: the examples of docs/AVAILABILITY.md, and the corners of each term of the formula.
 */
import { describe, expect, it } from "vitest"
import { atsByChannel, atsOf, offeredQty } from "../../../src/domain/sku/availability.ts"
import type { ChannelPolicy } from "../../../src/domain/sku/policy.ts"
import type { SkuStock } from "../../../src/domain/sku/stock.ts"
import {
  adjust,
  command,
  confirm,
  depot,
  fulfil,
  given,
  having,
  line,
  market,
  north,
  part,
  policy,
  r1,
  r2,
  received,
  release,
  reserve,
  reserved,
  sale,
  sold,
  south,
  till,
  web,
} from "../given.ts"

const setPolicy = (version: number, channels: ReadonlyArray<ChannelPolicy>) =>
  command({ type: "SetPolicy", policy: policy(channels, { version }) })
/** A SKU with `qty` units at one place, sold by these. */
const offering = (qty: number, ...channels: ReadonlyArray<ChannelPolicy>): SkuStock => given(sold(channels), received(north, qty))

describe("what is offered", () => {
  it("is what is neither owed, kept back nor unsound, location by location", () => {
    const stock = given(
      sold([line(web)], { safety: [part(north, 2)] }),
      received(north, 10),
      received(south, 4),
      reserved(web, r1, part(north, 3)),
      { type: "StatusMoved", location: south, from: "available", to: "damaged", qty: 1 },
      { type: "StatusMoved", location: south, from: "available", to: "inspection", qty: 1 },
    )
    expect(offeredQty(stock)).toBe(5 + 2)
  })
  it("is not lessened by a shortage elsewhere, nor by safety stock beyond what is there", () => {
    const stock = given(sold([line(web)], { safety: [part(south, 9)] }), received(north, 5), received(south, 4))
    expect(offeredQty(stock)).toBe(5)
    const short = having(
      given(sold([line(web)]), received(north, 5), received(south, 4), reserved(web, r1, part(south, 4))),
      adjust(south, -3),
    )
    expect(offeredQty(short)).toBe(5)
  })
})

describe("who has an ATS", () => {
  it("nobody without a policy", () => {
    expect(atsByChannel(given(received(north, 5)))).toEqual([])
    expect(atsOf(given(received(north, 5)), web)).toBe(0)
  })
  it("a channel that the policy names, and no other", () => {
    const stock = offering(5, line(web), line(market))
    expect([atsOf(stock, web), atsOf(stock, market), atsOf(stock, till)]).toEqual([5, 5, 0])
    expect(atsByChannel(stock)).toEqual([5, 5])
  })
})

describe("a buffer", () => {
  it("is the larger of its quantity and its percentage, rounded up", () => {
    expect(atsOf(offering(10, line(web, { bufferQty: 3, bufferPercent: 20 })), web)).toBe(7)
    expect(atsOf(offering(10, line(web, { bufferQty: 1, bufferPercent: 25 })), web)).toBe(7)
    expect(atsOf(offering(1, line(web, { bufferPercent: 1 })), web)).toBe(0)
    expect(atsOf(offering(5, line(web, { bufferPercent: 100 })), web)).toBe(0)
    expect(atsOf(offering(5, line(web, { bufferQty: 6 })), web)).toBe(0)
  })
  it("is of what is offered, not of what is left after the fences", () => {
    expect(atsOf(offering(10, line(web, { bufferPercent: 10 }), line(market, { fenceQty: 5 })), web)).toBe(10 - 5 - 1)
  })
  it("is exact where percent times quantity is no safe integer", () => {
    const each = 999_999_999_999
    const stock = given(
      sold([line(web, { bufferPercent: 99 })]),
      ...Array.from({ length: 200 }, (_, at) => ({ ...received(north, each), location: `l${at}` as typeof north })),
    )
    const offered = BigInt(each) * 200n
    expect(BigInt(atsOf(stock, web))).toBe(offered - (offered * 99n + 99n) / 100n)
  })
})

describe("a floor", () => {
  it("shows and sells nothing below it, and all from it on", () => {
    expect(atsOf(offering(4, line(web, { floorQty: 5 })), web)).toBe(0)
    expect(atsOf(offering(5, line(web, { floorQty: 5 })), web)).toBe(5)
    expect(atsOf(offering(6, line(web, { floorQty: 5, bufferQty: 2 })), web)).toBe(0)
  })
})

describe("a fence", () => {
  it("keeps its units from the others, not from its own channel", () => {
    expect(atsByChannel(offering(10, line(web, { fenceQty: 4 }), line(market), line(till, { fenceQty: 1 })))).toEqual([9, 5, 6])
  })
  it("is used up by what its channel has open, at once and whatever was there first", () => {
    const stock = offering(10, line(web, { fenceQty: 4 }), line(market))
    expect(atsByChannel(having(stock, reserve(r1, 3)))).toEqual([7, 6])
    expect(atsByChannel(having(stock, reserve(r1, 6)))).toEqual([4, 4])
    const held = having(offering(10, line(web), line(market)), reserve(r1, 3))
    expect(atsByChannel(having(held, setPolicy(2, [line(web, { fenceQty: 4 }), line(market)])))).toEqual([7, 6])
  })
  it("opens again when a reservation is given up", () => {
    const stock = having(offering(10, line(web, { fenceQty: 4 }), line(market)), reserve(r1, 3))
    expect(atsByChannel(having(stock, release(r1)))).toEqual([10, 6])
  })
  it("stays used by what was fulfilled, or sold without asking", () => {
    const stock = having(having(offering(10, line(web, { fenceQty: 4 }), line(market)), reserve(r1, 3)), confirm(r1))
    const shipped = having(stock, fulfil(web, r1, north), depot)
    expect(atsByChannel(shipped)).toEqual([7, 6])
    expect(atsByChannel(having(shipped, sale("taken", 1, { location: north })))).toEqual([6, 6])
    expect(atsByChannel(having(shipped, sale("owed", 1, { reservation: r2 })))).toEqual([6, 6])
  })
  it("is whole again when its quantity changes, and only then", () => {
    const stock = having(having(offering(10, line(web, { fenceQty: 4 }), line(market)), reserve(r1, 3)), fulfil(web, r1, north), depot)
    expect(atsByChannel(having(stock, setPolicy(2, [line(web, { fenceQty: 4 }), line(market)])))).toEqual([7, 6])
    expect(atsByChannel(having(stock, setPolicy(2, [line(web, { fenceQty: 5 }), line(market)])))).toEqual([7, 2])
    const without = having(stock, setPolicy(2, [line(market)]))
    expect(atsByChannel(having(without, setPolicy(3, [line(web, { fenceQty: 4 }), line(market)])))).toEqual([7, 3])
  })
  it("is honoured in the order of priorities where stock doesn't cover all, ties in the order of the list", () => {
    const fenced = (webPriority: number, marketPriority: number) =>
      offering(10, line(web, { fenceQty: 8, priority: webPriority }), line(market, { fenceQty: 8, priority: marketPriority }), line(till))
    expect(atsByChannel(fenced(0, 1))).toEqual([8, 2, 0])
    expect(atsByChannel(fenced(1, 0))).toEqual([2, 8, 0])
    expect(atsByChannel(fenced(3, 3))).toEqual([8, 2, 0])
  })
  it("is within its channel's reach only as far as the channel's own buffer and floor let it", () => {
    expect(atsByChannel(offering(10, line(web, { fenceQty: 10, bufferQty: 2 }), line(market)))).toEqual([8, 0])
  })
})

describe("the worked example of docs/AVAILABILITY.md", () => {
  const channels = [
    line(web, { fenceQty: 20, bufferQty: 2, bufferPercent: 5 }),
    line(market, { priority: 1, fenceQty: 30, bufferPercent: 10 }),
    line(till, { priority: 2, floorQty: 10 }),
  ]
  const start = given(sold(channels, { safety: [part(north, 5)] }), received(north, 70), received(south, 30), {
    type: "StatusMoved",
    location: south,
    from: "available",
    to: "damaged",
    qty: 3,
  })
  it("comes out as it is written there", () => {
    expect([offeredQty(start), atsByChannel(start)]).toEqual([92, [57, 62, 42]])
    const sale1 = having(start, reserve(r1, 25), web)
    expect([offeredQty(sale1), atsByChannel(sale1)]).toEqual([67, [33, 60, 37]])
    const sale2 = having(sale1, reserve(r1, 50), market)
    expect([offeredQty(sale2), atsByChannel(sale2)]).toEqual([17, [15, 15, 17]])
    const sale3 = having(sale2, sale("taken", 8, { location: south }), till)
    expect([offeredQty(sale3), atsByChannel(sale3)]).toEqual([9, [7, 8, 0]])
  })
})
