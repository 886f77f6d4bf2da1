/** Orders that nobody placed, as a shop would export them: few SKUs are in many, and some orders are cancelled later. Always the same. */
import { writeFile } from "node:fs/promises"
import { prngFromSeed } from "../../src/workload/prng.ts"

const skuCount = 60
const linesMax = 4
const qtyMax = 6
const startMs = Date.UTC(2026, 10, 2, 8)
const minuteMs = 60_000

/** How their dates are written. */
export const inventedDates = "D/M/YYYY H:mm"

const dateText = (atMs: number): string => {
  const at = new Date(atMs)
  const two = (value: number) => String(value).padStart(2, "0")
  return `${at.getUTCDate()}/${at.getUTCMonth() + 1}/${at.getUTCFullYear()} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`
}

/** Writes so many orders to a file. */
export const inventOrders = async (file: string, orders: number): Promise<void> => {
  const chance = prngFromSeed(1).stream("invented orders")
  const rows = ["InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"]
  for (let n = 0; n < orders; n++) {
    const date = dateText(startMs + n * minuteMs)
    const customer = 12_000 + chance.below(200)
    const isCancelled = chance.chance(1, 20)
    for (let line = chance.between(1, linesMax); line > 0; line--) {
      // The lower of two is often low.
      const sku = 10_001 + Math.min(chance.below(skuCount), chance.below(skuCount))
      const qty = chance.between(1, qtyMax)
      const row = (invoice: string, units: number, at: string) =>
        `${invoice},${sku},THING ${sku},${units},${at},1.50,${customer},United Kingdom`
      rows.push(row(String(500_000 + n), qty, date))
      if (isCancelled) rows.push(row(`C${500_000 + n}`, -qty, dateText(startMs + (n + 30) * minuteMs)))
    }
  }
  await writeFile(file, `${rows.join("\n")}\n`)
}
