/**
 * Decides how many units of each SKU there are before the first order: as a stock file says, or as a share of what the orders ask for, so that a
 * sale runs out. Order files themselves say nothing of it.
 */
import { assert } from "../assert.ts"
import type { LocationId, Sku } from "../domain/names.ts"
import { isId, isSku } from "../domain/names.ts"
import { locationsPerSkuMax, onHandMax } from "../limits.ts"
import type { ColumnWish, FileFault, TableRow } from "./csv-table.ts"
import { readTable, wholeOf } from "./csv-table.ts"

export type StockColumn = "sku" | "quantity" | "location"

const wishes: ReadonlyArray<ColumnWish<StockColumn>> = [
  {
    name: "sku",
    aliases: ["sku", "StockCode", "product_sku", "item_sku", "product_code", "item_code", "product_id", "item_id", "product", "item"],
    required: true,
  },
  {
    name: "quantity",
    aliases: [
      "qty",
      "quantity",
      "stock",
      "on_hand",
      "qty_on_hand",
      "stock_level",
      "inventory",
      "inventory_quantity",
      "available",
      "units",
      "count",
    ],
    required: true,
  },
  { name: "location", aliases: ["location", "location_id", "warehouse", "store", "site", "branch"], required: false },
]

/** Units of one SKU at one location before the first order. */
export interface StockLevel {
  readonly sku: Sku
  readonly location: LocationId
  readonly qty: number
}

/** Why a row of a stock file can't be used, in the order in which it is looked for. */
export const StockRejectReason = [
  "EmptyRow",
  "ColumnCount",
  "NoSku",
  "InvalidSku",
  "InvalidQuantity",
  "NegativeQuantity",
  /** More than a location may hold. */
  "QuantityTooLarge",
  /** Locations are ids: letters, digits and `_ . : -`. */
  "InvalidLocation",
  "TooManyLocations",
] as const
export type StockRejectReason = (typeof StockRejectReason)[number]

/** A stock file read: its rows are the levels, those merged into an earlier row of the same SKU and location, and the rejected. */
export interface StockLevels {
  readonly _tag: "StockLevels"
  readonly rows: number
  readonly levels: ReadonlyArray<StockLevel>
  readonly mergedRows: number
  readonly rejected: ReadonlyArray<{ readonly row: number; readonly reason: StockRejectReason; readonly text: string }>
}

const judged = (row: TableRow<StockColumn>, defaultLocation: LocationId): StockLevel | StockRejectReason => {
  if (row.shape === "blank") return "EmptyRow"
  if (row.shape === "misshapen") return "ColumnCount"
  const { sku = "", quantity = "", location = "" } = row.fields
  if (sku === "") return "NoSku"
  if (!isSku(sku)) return "InvalidSku"
  const qty = wholeOf(quantity)
  if (qty === undefined) return "InvalidQuantity"
  if (qty < 0) return "NegativeQuantity"
  if (qty > onHandMax) return "QuantityTooLarge"
  if (location !== "" && !isId(location)) return "InvalidLocation"
  return { sku, qty, location: location === "" ? defaultLocation : (location as LocationId) }
}

/** Reads a stock file: SKU, quantity, and location where there is such a column and it isn't blank. Rows of the same SKU and location are added up. */
export const readStockLevels = (
  text: string,
  defaultLocation: LocationId,
  columns?: Readonly<Partial<Record<StockColumn, string>>>,
): StockLevels | FileFault => {
  const table = readTable(text, wishes, columns)
  if (table._tag === "FileFault") return table
  const levels = new Map<Sku, Map<LocationId, StockLevel>>()
  const rejected: Array<StockLevels["rejected"][number]> = []
  let mergedRows = 0
  for (const row of table.rows) {
    const found = judged(row, defaultLocation)
    if (typeof found === "string") {
      rejected.push({ row: row.row, reason: found, text: row.text })
      continue
    }
    const at = levels.get(found.sku) ?? new Map<LocationId, StockLevel>()
    const earlier = at.get(found.location)
    const qty = (earlier?.qty ?? 0) + found.qty
    if (qty > onHandMax) rejected.push({ row: row.row, reason: "QuantityTooLarge", text: row.text })
    else if (earlier === undefined && at.size >= locationsPerSkuMax)
      rejected.push({ row: row.row, reason: "TooManyLocations", text: row.text })
    else {
      if (earlier !== undefined) mergedRows += 1
      at.set(found.location, { ...found, qty })
      levels.set(found.sku, at)
    }
  }
  return {
    _tag: "StockLevels",
    rows: table.rows.length,
    levels: [...levels.values()].flatMap((at) => [...at.values()]),
    mergedRows,
    rejected,
  }
}

/** A ratio of whole numbers. */
export interface Share {
  readonly num: number
  readonly den: number
}

const shareTermMax = 1_000_000

/** `share` of a demand, rounded up, as far as a location may hold it. */
export const shareOf = (demandQty: number, share: Share): number => {
  assert(Number.isSafeInteger(share.num) && share.num >= 0 && share.num <= shareTermMax, "the numerator of a share is 0 to a million")
  assert(Number.isSafeInteger(share.den) && share.den >= 1 && share.den <= shareTermMax, "the denominator of a share is 1 to a million")
  const den = BigInt(share.den)
  const qty = Number((BigInt(demandQty) * BigInt(share.num) + den - 1n) / den)
  return Math.min(qty, onHandMax)
}

/** A share as people write it (`0.6`, `60%`, `3/5`, `1`), exactly, or undefined. */
export const shareFromText = (text: string): Share | undefined => {
  const trimmed = text.trim()
  const ratio = /^(\d{1,7})\/(\d{1,7})$/.exec(trimmed)
  const decimal = /^(\d{1,4})(?:\.(\d{1,3}))?(%?)$/.exec(trimmed)
  let share: Share
  if (ratio !== null) share = { num: Number(ratio[1]), den: Number(ratio[2]) }
  else if (decimal !== null) {
    const decimals = decimal[2] ?? ""
    share = { num: Number(`${decimal[1]}${decimals}`), den: 10 ** decimals.length * (decimal[3] === "%" ? 100 : 1) }
  } else return undefined
  return share.den >= 1 && share.den <= shareTermMax && share.num <= shareTermMax ? share : undefined
}
