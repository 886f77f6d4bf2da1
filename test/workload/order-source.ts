import { basename } from "node:path"
import { textOf } from "../../src/workload/file-text.ts"
import { type ImportGiven, importAsked } from "../../src/workload/import-options.ts"
import type { OrderSource } from "../../src/workload/importer.ts"

/** No option of the importer given. */
export const notGiven: ImportGiven = {
  orders: null,
  "dry-run": false,
  columns: null,
  "date-format": null,
  "decimal-mark": null,
  encoding: null,
  "unit-rows": false,
  "cancelled-invoices": null,
  "below-zero": null,
  "not-sold": null,
  "no-goods": null,
  "drop-equal-rows": false,
  stock: null,
  "stock-columns": null,
  "stock-share": null,
}

const readOf = (path: string, content: string | Uint8Array, encoding: string | null) => {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
  const text = textOf(bytes, encoding ?? undefined)
  if (text._tag === "FileFault") throw new Error(text.detail)
  return { path, name: basename(path), text }
}

/** An order file, and a stock file if there is one, as the importer reads them from a disk. */
export const sourceOf = (
  orders: string | Uint8Array,
  given: Partial<ImportGiven> = {},
  stock: string | Uint8Array | null = null,
): OrderSource => {
  const all = { ...notGiven, orders: "orders.csv", ...(stock === null ? {} : { stock: "stock.csv" }), ...given }
  const { asked, problems } = importAsked(all)
  if (asked === null || problems.length > 0) throw new Error(problems.join("; "))
  return {
    _tag: "OrderSource",
    asked,
    orders: readOf("orders.csv", orders, all.encoding),
    stock: stock === null ? null : readOf("stock.csv", stock, all.encoding),
  }
}
