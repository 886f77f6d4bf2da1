import { describe, expect, it } from "vitest"
import { type DemoFlags, demoOptions } from "../../../src/cli/demo/options.ts"
import { notGiven } from "../../workload/order-source.ts"

const nothing: DemoFlags = {
  ...notGiven,
  seed: null,
  ordersCount: null,
  skus: null,
  seconds: null,
  as: null,
  fill: null,
  killAt: null,
  kill: true,
  workers: null,
  partitions: null,
  inFlight: null,
  postgres: true,
  json: false,
  keep: false,
  look: null,
}

const problemsOf = (flags: Partial<DemoFlags>): ReadonlyArray<string> => {
  const options = demoOptions({ ...nothing, ...flags })
  return "problems" in options ? options.problems : []
}

describe("the demo's options", () => {
  it("are a flash sale of 20 seconds with a kill in the middle, where nothing is said", () => {
    expect(demoOptions(nothing)).toEqual({
      source: { _tag: "FlashSale", seed: "1", skus: 100, orders: 10_000, windowMs: 20_000 },
      partitions: 8,
      workers: 2,
      killAt: 0.5,
      inFlight: 2_000,
      postgres: true,
      json: false,
      keep: false,
      look: true,
    })
  })

  it("name the columns of a file, whatever they are called", () => {
    const options = demoOptions({ ...nothing, orders: "o.csv", columns: "invoice=Order, sent,sku = Item no ,quantity=a=b" })
    expect(options).toMatchObject({
      source: {
        path: "o.csv",
        options: { columns: { invoice: "Order, sent", sku: "Item no", quantity: "a=b" } },
        stock: { num: 6, den: 10 },
      },
    })
  })

  it("take the stock from a share or from a file", () => {
    expect(demoOptions({ ...nothing, orders: "o.csv", "stock-share": "60%" })).toMatchObject({ source: { stock: { _tag: "Share" } } })
    expect(demoOptions({ ...nothing, orders: "o.csv", stock: "s.csv", "stock-columns": "sku=Art" })).toMatchObject({
      source: { stock: { _tag: "File", path: "s.csv", columns: { sku: "Art" } } },
    })
  })

  it("kill nobody where one worker is alone, or where nobody shall be killed", () => {
    expect(demoOptions({ ...nothing, workers: 1 })).toMatchObject({ killAt: null })
    expect(demoOptions({ ...nothing, kill: false })).toMatchObject({ killAt: null })
    expect(demoOptions({ ...nothing, killAt: "0" })).toMatchObject({ killAt: 0 })
    expect(demoOptions({ ...nothing, killAt: "1" })).toMatchObject({ killAt: 1 })
  })

  it.each([
    ["an option of the other source", { columns: "sku=a" }, /--columns: only with --orders/],
    ["a seed with a file", { orders: "o.csv", seed: "2" }, /--seed: not with --orders/],
    ["a column nobody asks for", { orders: "o.csv", columns: "price=P" }, /--columns: .*price=P/],
    ["a share that is none", { orders: "o.csv", "stock-share": "much" }, /--stock-share: .*much/],
    ["both sources of stock", { orders: "o.csv", stock: "s.csv", "stock-share": "1" }, /--stock and --stock-share/],
    ["columns of a stock file that isn't there", { orders: "o.csv", "stock-columns": "sku=A" }, /--stock-columns: only with --stock/],
    ["a moment beyond the end", { killAt: "1.5" }, /--kill-at: .*1\.5/],
    ["a kill and none", { kill: false, killAt: "0.5" }, /--kill-at and --no-kill/],
    ["a kill of the only worker", { workers: 1, killAt: "0.5" }, /--workers 2/],
    ["too many workers", { workers: 99 }, /--workers: .*1 to 8/],
    ["no partitions", { partitions: 0 }, /--partitions: .*1 to 64/],
  ] as const)("refuse %s", (_, flags, problem) => {
    expect(problemsOf(flags)).toEqual([expect.stringMatching(problem)])
  })

  it("say everything that is wrong at once", () => {
    expect(problemsOf({ workers: 0, partitions: 0, stock: "s.csv", killAt: "x" })).toHaveLength(4)
  })
})
