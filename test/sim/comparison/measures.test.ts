import { describe, expect, it } from "vitest"
import { Ledger } from "../../../sim/comparison/measures.ts"
import { lineOf, marketplace, web } from "./small-traffic.ts"

/** Two channels, one SKU of five units, a window of a second, and a clock in the test's hand. */
const ledgerOf = (allots = false) => {
  const clock = { nowMs: 0 }
  const ledger = new Ledger({ channels: [web, marketplace], stockQty: [5], allots, nowMs: () => clock.nowMs, endMs: 1_000 })
  for (const channel of [0, 1]) ledger.list(channel, 0, allots ? 0 : 5)
  const demand = (index: number, qty: number, order = `order-${index}`) => {
    const { demand: made } = lineOf(index, { qty, order, channel: index % 2 })
    ledger.demanded(made)
    return made
  }
  return { clock, ledger, demand }
}

describe("the measures", () => {
  it("count as oversold what is promised while no free unit is there, and a cancelled order once", () => {
    const { ledger, demand } = ledgerOf()
    ledger.promise(demand(0, 4))
    const short = demand(1, 3, "twice")
    const shorter = demand(2, 1, "twice")
    ledger.promise(short)
    ledger.promise(shorter)
    ledger.cancel(short)
    ledger.cancel(shorter)
    expect(ledger.finish()).toMatchObject({
      demandedQty: 8,
      soldQty: 4,
      oversoldQty: 3,
      cancelledQty: 4,
      cancelledLines: 2,
      cancelledOrders: 1,
    })
  })

  it("call a refusal a lost sale only if the whole line was free", () => {
    const { ledger, demand } = ledgerOf()
    ledger.promise(demand(0, 2))
    ledger.refuse(demand(1, 3))
    ledger.refuse(demand(2, 4))
    expect(ledger.finish()).toMatchObject({ refusedQty: 7, lostSalesQty: 3, lostSalesByChannel: { web: 0, marketplace: 3 } })
  })

  it("call units stranded as far as lines that fit them were refused or cancelled", () => {
    const { ledger, demand } = ledgerOf()
    ledger.promise(demand(0, 2))
    ledger.refuse(demand(1, 4))
    expect(ledger.finish().strandedQty).toBe(0)
    const other = ledgerOf()
    other.ledger.promise(other.demand(0, 1))
    other.ledger.refuse(other.demand(1, 2))
    other.ledger.refuse(other.demand(2, 5))
    expect(other.ledger.finish().strandedQty).toBe(2)
  })

  it("count units that buyers give back apart, and put them back on the shelf", () => {
    const { ledger, demand } = ledgerOf()
    const kept = demand(0, 5)
    ledger.promise(kept)
    ledger.gaveBack(kept, 2)
    expect(ledger.freeQty(0)).toBe(2)
    expect(ledger.finish()).toMatchObject({ soldQty: 3, gaveBackQty: 2, refusedQty: 0 })
  })

  it("call a view stale from the moment it is wrong to the moment it is right, and no longer than the window", () => {
    const { clock, ledger, demand } = ledgerOf()
    clock.nowMs = 100
    ledger.promise(demand(0, 1))
    ledger.list(0, 0, 4)
    clock.nowMs = 300
    ledger.list(1, 0, 4)
    clock.nowMs = 900
    ledger.arrived(0, 1)
    clock.nowMs = 1_500
    ledger.list(0, 0, 5)
    const { staleMsByChannel, staleMsMean, staleMsMax, overstatedMsMean } = ledger.finish()
    expect(staleMsByChannel).toEqual({ web: 100, marketplace: 300 })
    expect({ staleMsMean, staleMsMax, overstatedMsMean }).toEqual({ staleMsMean: 200, staleMsMax: 200, overstatedMsMean: 100 })
  })

  it("entitle a channel with an allotment to what was set aside for it, and the others to the rest", () => {
    const { clock, ledger, demand } = ledgerOf(true)
    ledger.setAside(1, 0, 2)
    ledger.list(0, 0, 3)
    clock.nowMs = 400
    ledger.list(1, 0, 2)
    clock.nowMs = 500
    ledger.promise(demand(1, 1))
    ledger.setAside(1, 0, -1)
    ledger.list(1, 0, 1)
    const { staleMsByChannel, overstatedMsMean } = ledger.finish()
    expect(staleMsByChannel).toEqual({ web: 0, marketplace: 400 })
    expect(overstatedMsMean).toBe(0)
  })

  it("refuse books that answer a buyer twice, or end with one who got no answer", () => {
    const { ledger, demand } = ledgerOf()
    const answered = demand(0, 1)
    ledger.refuse(answered)
    expect(() => ledger.promise(answered)).toThrow("answered once")
    demand(1, 1)
    expect(() => ledger.finish()).toThrow("every buyer got an answer")
  })
})
