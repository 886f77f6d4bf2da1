import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { call, inFolder, start } from "./calling.ts"

const header = "InvoiceNo,StockCode,Quantity,InvoiceDate\n"

describe("--compare", () => {
  it("prints the table of an order file, and says which rows can't be played", async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, "orders.csv"), `${header}1,A,4,2010-12-01\n2,A,3,2010-12-01\n3,A,many,2010-12-02\n`)
      const { code, out } = await start(folder, ["--compare", "--orders", "orders.csv", "--window-minutes", "1"]).ended
      expect(code).toBe(0)
      expect(out).toContain(
        "orders.csv (1 of 3 rows can't be played, the first in line 4 (InvalidQuantity)): 2 orders, 2 lines, 7 units of 1 SKU in 1 min\n",
      )
      expect(out).toContain("(d) Holdfast")
    })
  })

  it("refuses a file without an order to play", async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, "none.csv"), `${header}1,A,many,2010-12-01\n`)
      const { code, err } = await start(folder, ["--compare", "--orders", "none.csv"]).ended
      expect(code).toBe(2)
      expect(err).toContain(
        '--orders: none.csv: there is no order in it: of 1 row, 1 InvalidQuantity, the first in line 2: quantity "many"',
      )
    })
  })

  it("takes the options of the demo: columns, stock, and a look without playing", async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, "orders.csv"), "No;Art;Stk;Tag\n1;A;1.250;2010-12-01\n2;A;750;2010-12-01\n")
      writeFileSync(join(folder, "stock.csv"), "sku,qty,location\nA,900,Shop One\n")
      const files = ["--orders", "orders.csv", "--columns", "invoice=No,sku=Art,quantity=Stk,date=Tag", "--stock", "stock.csv"]
      const look = await start(folder, [...files, "--dry-run"]).ended
      expect(look.code).toBe(0)
      expect(look.out).toContain('place "Shop One" is the location Shop-One')
      expect(look.out).toContain("Nothing was played")
      expect(look.out).not.toContain("seed")
      const { code, out } = await start(folder, ["--compare", ...files, "--window-minutes", "1", "--json"]).ended
      expect(code).toBe(0)
      expect(JSON.parse(out).compared).toMatchObject({ traffic: { units: 2_000, stockQty: 900 } })
      const seed = await start(folder, [...files, "--profile", "calm", "--seed", "1"]).ended
      expect(seed.code).toBe(0)
    })
  })

  it("plays what its flags say, and tells it in the JSON", async () => {
    const { code, out } = await call(
      ...["--compare", "--orders-count", "200", "--skus", "5", "--compare-seed", "7", "--stock-share", "1/2"],
      ...["--window-minutes", "30", "--batch-minutes", "0", "--channel", "till:asks:1:1", "--channel", "fair:listed:2:1", "--json"],
    )
    expect(code).toBe(0)
    const channels = [
      { name: "till", asks: true, lagMs: 1, weight: 1 },
      { name: "fair", asks: false, lagMs: 2, weight: 1 },
    ]
    expect(JSON.parse(out)).toMatchObject({
      seeds: 0,
      compared: {
        options: {
          source: "a flash sale from seed 7",
          seed: "7",
          stockShare: { num: 1, den: 2 },
          windowMs: 1_800_000,
          batchMs: 0,
          channels,
        },
        traffic: { skus: 5 },
        withoutLag: { oversoldQty: 0 },
      },
      comparison: [{}, {}, {}, { name: "holdfast" }],
    })
  })
})

describe("--exhaustive", () => {
  it("explores the small worlds whose name contains what was asked for, and no others", async () => {
    const { code, out } = await call("--exhaustive", "--small-world", "deadline", "--json")
    expect(code).toBe(0)
    const { smallWorlds, parts } = JSON.parse(out) as {
      readonly smallWorlds: ReadonlyArray<unknown>
      readonly parts: ReadonlyArray<unknown>
    }
    const explored = { loosened: null, complete: true, violations: [] }
    expect(smallWorlds).toMatchObject([
      { name: "deadline", ...explored },
      { name: "two doors, deadline", ...explored },
    ])
    expect(parts).toMatchObject([{ part: "Small worlds", verdict: "kept" }])
  })

  it("counts a world that is given up as no verdict", async () => {
    const { code, out } = await call("--exhaustive", "--small-world", "deadline", "--states", "50")
    expect(code).toBe(15)
    expect(out).toMatch(/deadline: 5\d states, .*, NOT COMPLETE, no violation/)
  })

  it("shows loosened rules found out, each with the way there, and ends green", async () => {
    const { code, out } = await call("--exhaustive", "--loosened", "--small-world", "first start")
    expect(code).toBe(0)
    expect(out).toMatch(/message id without the expected sequence \(first start\): .*, found out/)
    expect(out).toMatch(/violated: every command gets its answer.*\n {6}1\. /)
  })

  it("ends without a verdict where a loosened rule was not found out before its world was given up", async () => {
    const { code, out } = await call("--exhaustive", "--loosened", "--small-world", "deadline", "--states", "5")
    expect(code).toBe(15)
    expect(out).toContain("NOT COMPLETE, NOT FOUND OUT")
  })

  it("refuses a name that no small world has, and says which there are", async () => {
    const { code, out, err } = await call("--exhaustive", "--small-world", "nowhere")
    expect({ code, out }).toEqual({ code: 2, out: "" })
    expect(err).toMatch(/--small-world: there is none whose name contains “nowhere”; there are “takeover, one replica”/)
  })
})
