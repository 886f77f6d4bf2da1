import { describe, expect, it } from "vitest"
import { runSeed } from "../../../sim/run.ts"
import { ordersTraffic } from "../../../sim/trace/orders.ts"
import { worldStartMs } from "../../../sim/world/world.ts"
import { sourceOf } from "../../workload/order-source.ts"

/** Three days of a small shop: several lines an invoice, a cancellation, a write-off, postage, and a date without a time. */
const rows = [
  ...Array.from(
    { length: 60 },
    (_, i) => `${1_000 + (i >> 1)},${["LAMP", "MUG", "BELL"][i % 3]},${1 + (i % 4)},${1 + Math.floor(i / 24)}/12/2010,${i % 7}`,
  ),
  "C1003,LAMP,-2,2/12/2010,1",
  "1900,MUG,-1,3/12/2010,",
  "1901,POST,1,3/12/2010,5",
]
const text = `InvoiceNo,StockCode,Quantity,InvoiceDate,CustomerID\n${rows.join("\n")}\n`
const windowMs = 30_000

const trafficOf = (seed: string) => {
  const traffic = ordersTraffic(sourceOf(text, { "date-format": "D/M/YYYY" }), seed, windowMs)
  if (traffic._tag === "Refused") throw new Error(traffic.message)
  return traffic
}

describe("an order file as traffic", () => {
  it("has all its rows, within the window, in the order of the file, nothing of a flow before what came earlier in it", () => {
    const { flows, report } = trafficOf("1")
    expect(report.rows).toBe(rows.length)
    const starts = flows.map(({ sends }) => (sends[0]?.atMs ?? 0) - worldStartMs)
    expect(starts).toEqual(starts.toSorted((a, b) => a - b))
    // What has the same day is spread over it.
    expect(new Set(starts).size).toBeGreaterThan(50)
    for (const { sends } of flows) {
      const times = sends.map(({ atMs }) => atMs)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      for (const atMs of times) expect(atMs - worldStartMs).toBeLessThan(windowMs)
    }
  })

  it("has each channel sell a share of it that the seed draws", () => {
    const soldBy = (seed: string) => JSON.stringify(trafficOf(seed).flows.map(({ sends }) => sends[0]?.actor))
    expect(soldBy("1")).toBe(soldBy("1"))
    expect(new Set(["1", "2", "3", "4"].map(soldBy)).size).toBeGreaterThan(1)
    expect(trafficOf("1").channels.map(({ sender }) => sender)).toEqual(["web", "marketplace", "pos", "wholesale"])
  })

  it("starts with the share of what is sold that was asked for", () => {
    const receivedQty = (num: number) => {
      const traffic = ordersTraffic(sourceOf(text, { "date-format": "D/M/YYYY", "stock-share": String(num) }), "1", windowMs)
      if (traffic._tag === "Refused") throw new Error(traffic.message)
      return traffic.setup.reduce((sum, { command }) => sum + (command.type === "ReceiveStock" ? command.qty : 0), 0)
    }
    expect(receivedQty(2)).toBe(2 * receivedQty(1))
    expect(receivedQty(1)).toBeGreaterThan(100)
  })

  it("that can't be read says why", () => {
    const why = (content: string) => {
      const traffic = ordersTraffic(sourceOf(content), "1", windowMs)
      return traffic._tag === "Refused" ? traffic.message : ""
    }
    expect(why(text)).toMatch(/^--orders: orders\.csv: dates like .* \(--date-format FORMAT\)$/)
    expect(why("a,b\n1,2\n")).toMatch(/no column for the invoice.* \(--columns invoice=NAME\)$/)
  })

  for (const profile of ["calm", "flash-sale"] as const)
    it(`played in a world is sold as the file says, and nothing twice: ${profile}`, () => {
      const traffic = trafficOf("1")
      const result = runSeed({ seed: "1", profile, traffic, drawn: { windowMs }, wallNowMs: () => 0 })
      expect(result.failures).toEqual([])
      expect(result.totals.accepted).toBeGreaterThan(60)
      expect(result.totals.refused).toBeGreaterThan(0)
      expect(result.commands).toBeGreaterThan(traffic.flows.length)
    })
})
