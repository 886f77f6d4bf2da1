import { describe, expect, it } from "vitest"
import type { ComparedChannel } from "../../../sim/comparison/strategy.ts"
import { comparedTraffic } from "../../../sim/comparison/traffic.ts"
import type { SenderId } from "../../../src/domain/names.ts"
import { flashSale } from "../../../src/workload/flash-sale.ts"
import { planOrders } from "../../../src/workload/orders.ts"
import { prngFromSeed } from "../../../src/workload/prng.ts"
import { marketplace, web } from "./small-traffic.ts"

const header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,CustomerID\n"

const importedFrom = (rows: string) => {
  const plan = planOrders(header + rows, {
    stock: { _tag: "Share", num: 1, den: 2 },
    channels: [{ sender: "file" as SenderId, weight: 1 }],
    dateFormat: "YYYY-MM-DD",
    belowZero: "count",
  })
  if (plan._tag === "FileFault") throw new Error(plan.detail)
  return plan
}

const channels: ReadonlyArray<ComparedChannel> = [web, marketplace]
const trafficOf = (rows: string, seed = "1") =>
  comparedTraffic(importedFrom(rows), { channels, windowMs: 4_000, stockShare: null, prng: prngFromSeed(seed) })

describe("the compared traffic", () => {
  it("lies in the window in proportion; orders of the same time are spread in their order, all lines of one together", () => {
    const traffic = trafficOf(
      ["1,A,x,2,2010-12-01,7", "1,B,x,1,2010-12-01,7", "2,A,x,3,2010-12-01,8", "3,A,x,4,2010-12-02,9", "4,A,x,5,2010-12-04,9"].join("\n"),
    )
    // Five units of time: one day, two days, and one more for the last.
    expect(traffic.lines.map(({ demand }) => [demand.order, demand.atMs, demand.qty])).toEqual([
      ["1", 0, 2],
      ["1", 0, 1],
      ["2", 500, 3],
      ["3", 1_000, 4],
      ["4", 3_000, 5],
    ])
    expect(traffic.skus).toEqual(["A", "B"])
    expect(traffic.stockQty).toEqual([7, 1])
  })

  it("brings units back after their sale, and lets what was returned without one arrive", () => {
    const traffic = trafficOf(["1,A,x,6,2010-12-01,7", "C2,A,x,-2,2010-12-01,7", "C3,B,x,-9,2010-12-02,8"].join("\n"))
    expect(traffic.lines).toHaveLength(1)
    expect(traffic.lines[0]?.givesBack).toEqual([{ atMs: 1_000, qty: 2 }])
    expect(traffic.arrivals).toEqual([{ atMs: 2_000, sku: 1, qty: 9 }])
    expect(traffic.leftOut).toEqual({ unpaid: 0, writeOffs: 0 })
  })

  it("leaves out and counts what takes units away without a buyer, and buyers who never pay", () => {
    expect(trafficOf("1,A,x,6,2010-12-01,7\n2,A,broken,-2,2010-12-02,").leftOut).toEqual({ unpaid: 0, writeOffs: 1 })
    const sale = flashSale({ seed: 1, orders: 500, skus: 5 })
    const { leftOut, lines } = comparedTraffic(sale, { channels, windowMs: 4_000, stockShare: null, prng: prngFromSeed(1) })
    expect(leftOut.unpaid).toBeGreaterThan(50)
    expect(lines.length + leftOut.unpaid).toBe(500)
  })

  it("gives whole orders to channels by the seed, and leaves those that are a channel's own", () => {
    const rows = Array.from({ length: 200 }, (_, i) => `${i >> 1},SKU${i},x,1,2010-12-01,7`).join("\n")
    const channelsBy = (seed: string) => trafficOf(rows, seed).lines.map(({ demand }) => demand.channel)
    const drawn = channelsBy("1")
    expect(drawn.every((channel, i) => channel === drawn[i ^ 1])).toBe(true)
    expect(drawn.filter((channel) => channel === 1).length).toBeGreaterThan(60)
    expect(channelsBy("1")).toEqual(drawn)
    expect(channelsBy("2")).not.toEqual(drawn)
    const own = flashSale({ seed: 1, orders: 300, skus: 5, channels: [{ sender: "marketplace" as SenderId, kind: "web", weight: 1 }] })
    const { lines } = comparedTraffic(own, { channels, windowMs: 4_000, stockShare: { num: 1, den: 2 }, prng: prngFromSeed(1) })
    expect(lines.every(({ demand }) => demand.channel === 1)).toBe(true)
  })
})
