import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

interface Ended {
  readonly code: number
  readonly out: string
  readonly error: string
}

const compare = (...args: ReadonlyArray<string>): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, ["sim/comparison/compare.ts", ...args], (failure, out, error) =>
      resolve({ code: typeof failure?.code === "number" ? failure.code : 0, out, error }),
    )
  })

let folder: string
const fileOf = async (name: string, rows: string): Promise<string> => {
  const path = join(folder, name)
  await writeFile(path, `InvoiceNo,StockCode,Quantity,InvoiceDate\n${rows}`)
  return path
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-compare-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe("the comparison's command line", () => {
  it("prints the table of an order file, and says which rows can't be played", async () => {
    const path = await fileOf("orders.csv", "1,A,4,2010-12-01\n2,A,3,2010-12-01\n3,A,many,2010-12-02\n")
    const { code, out } = await compare("--orders", path, "--minutes", "1")
    expect(code).toBe(0)
    expect(out).toContain(
      "orders.csv (1 of 3 rows can't be played, the first is row 3 (InvalidQuantity)): 2 orders, 2 lines, 7 units of 1 SKUs",
    )
    expect(out).toContain("(d) Holdfast")
  })

  it("prints the report as JSON", async () => {
    const { out } = await compare("--orders-count", "200", "--skus", "5", "--json", "--seed", "7")
    expect(JSON.parse(out)).toMatchObject({ options: { seed: "7", windowMs: 3_600_000 }, strategies: [{}, {}, {}, { name: "holdfast" }] })
  })

  it.each([
    ["a file that isn't there", ["--orders", "no-such.csv"], "--orders: no-such.csv can't be read"],
    ["a number that is none", ["--minutes", "soon"], '--minutes: expected a whole number from 1 to 100000, not "soon"'],
    ["a share that is none", ["--stock-share", "most"], "--stock-share: expected a share"],
    ["a channel half described", ["--channel", "web:asks"], "--channel: expected NAME:asks:LAG_MS:WEIGHT"],
    ["a lag beyond a day", ["--channel", "web:asks:86400001:1"], "--channel: expected a lag of at most a day"],
    ["a channel twice", ["--channel", "web:asks:1:1", "--channel", "web:asks:1:1"], "--channel: each name once"],
    ["a flag that isn't one", ["--channels"], "--help lists the flags"],
    ["a date format without a file", ["--date-format", "D/M/YYYY"], "--date-format: only with --orders"],
  ])("refuses %s, naming the flag", async (_, args, message) => {
    const { code, out, error } = await compare(...args)
    expect({ code, out }).toEqual({ code: 2, out: "" })
    expect(error).toContain(message)
  })

  it("refuses a file without an order to play", async () => {
    const { code, error } = await compare("--orders", await fileOf("none.csv", "1,A,many,2010-12-01\n"))
    expect(code).toBe(2)
    expect(error).toContain("has no order to play: 1 of 1 rows can't be played")
  })
})
