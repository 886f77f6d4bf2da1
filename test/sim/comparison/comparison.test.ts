import { describe, expect, it } from "vitest"
import { runComparison } from "../../../sim/comparison/comparison.ts"
import { usualChannels } from "../../../sim/comparison/strategy.ts"
import { comparisonTable } from "../../../sim/comparison/table.ts"
import type { SenderId } from "../../../src/domain/names.ts"
import { flashSale } from "../../../src/workload/flash-sale.ts"

const sale = (seed: number) =>
  flashSale({
    seed,
    orders: 600,
    skus: 4,
    channels: usualChannels.map(({ name, asks, weight }) => ({
      sender: name as SenderId,
      kind: asks ? "web" : "marketplace",
      weight,
    })),
  })
const reportOf = (seed = 1) => runComparison({ flows: sale(seed), source: "a small sale", stockShare: { num: 6, den: 10 }, seed })

describe("the comparison", () => {
  it("shows the three others overselling on a scarce sale with lag, and Holdfast not", () => {
    for (const seed of [1, 2, 3]) {
      const [batch, naive, locked, held] = reportOf(seed).strategies
      expect(batch?.oversoldQty).toBeGreaterThan(naive?.oversoldQty ?? 0)
      expect(naive?.oversoldQty).toBeGreaterThan(0)
      expect(locked?.cancelledOrders).toBeGreaterThan(0)
      expect(held).toMatchObject({ name: "holdfast", oversoldQty: 0, cancelledOrders: 0 })
      // Its price: units that lie in the marketplace's block while others are refused.
      expect(held?.lostSalesQty).toBeGreaterThan(locked?.lostSalesQty ?? 0)
    }
  })

  it("gives the same report for the same options, as plain JSON", () => {
    const report = reportOf()
    expect(reportOf()).toEqual(report)
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    expect(reportOf(2).strategies).not.toEqual(report.strategies)
  })

  it("oversells and loses nothing where nothing lags, with the same demand", () => {
    const { withoutLag, strategies } = reportOf()
    expect(withoutLag).toMatchObject({ oversoldQty: 0, lostSalesQty: 0, staleMsMax: 0 })
    for (const { demandedQty } of strategies) expect(demandedQty).toBe(withoutLag.demandedQty)
  })

  it("names every strategy and every measure in a table that fits a terminal", () => {
    const table = comparisonTable(reportOf())
    for (const { title } of reportOf().strategies) expect(table).toContain(title)
    for (const word of ["oversold", "cancelled orders", "lost sales", "stranded", "stale"]) expect(table).toContain(word)
    for (const line of table.split("\n")) expect(line.length).toBeLessThanOrEqual(170)
  })

  it("refuses channels of the same name, and a window without length", () => {
    const flows = sale(1)
    expect(() => runComparison({ flows, source: "x", channels: [] })).toThrow("name of its own")
    expect(() => runComparison({ flows, source: "x", windowMs: 0 })).toThrow("have a length")
  })
})
