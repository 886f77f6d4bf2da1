/**
 * Decides how many units of each SKU there are before the first order: as a stock file says, or as a share of what the orders ask for, so that a
 * sale runs out. Order files themselves say nothing of it.
 */
import { assert } from "../assert.ts"
import type { LocationId, Sku } from "../domain/names.ts"
import { isId, isSku, whyNoSku } from "../domain/names.ts"
import { lookAlikeFault } from "../domain/sku/clear-sku.ts"
import { counted, grouped, shown } from "../domain/telling.ts"
import { idCharsMax, locationsPerSkuMax, onHandMax } from "../limits.ts"
import { bare, readTable, type Table, type TableRow } from "./csv-table.ts"
import { notStockedWords, type StockColumn, spreadsheetNumber, stockWishes, tellsOfStatus } from "./file-columns.ts"
import type { FileFault } from "./file-fault.ts"
import { type DecimalMark, type FileNumbers, numbersOf } from "./file-numbers.ts"
import { type FileReading, trimmedSkusOf } from "./order-lines.ts"

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
  "OpenQuote",
  "NoSku",
  "DamagedText",
  "SkuFromSpreadsheet",
  "InvalidSku",
  /** It looks like another: with what can't be seen in it, or not composed. The door would not let it be stocked. */
  "UnclearSku",
  "InvalidQuantity",
  /** A whole number if somebody says which mark stands before decimals. */
  "UnclearQuantity",
  "NegativeQuantity",
  /** More than a location may hold. */
  "QuantityTooLarge",
  "TooManyLocations",
] as const
export type StockRejectReason = (typeof StockRejectReason)[number]

interface RejectedStock {
  readonly row: number
  readonly line: number
  readonly reason: StockRejectReason
  readonly value: string
  readonly text: string
}

/** A stock file read: its rows are the levels, those merged into an earlier row of the same SKU and location, those that say a SKU isn't kept there, and the rejected. */
export interface StockLevels {
  readonly _tag: "StockLevels"
  readonly reading: FileReading
  readonly rows: number
  readonly levels: ReadonlyArray<StockLevel>
  readonly mergedRows: number
  readonly notStockedRows: number
  /** Places whose names are no ids, and the ids they are known by here. */
  readonly places: ReadonlyArray<{ readonly name: string; readonly location: LocationId }>
  readonly rejected: ReadonlyArray<RejectedStock>
}

/** Ids for places of any name: a name that is one stays what it is, and no two places share one. */
class Places {
  readonly #known = new Map<string, LocationId>()
  readonly #taken: Set<string>

  /** `plain` are the names that are ids. */
  constructor(plain: Iterable<string>) {
    this.#taken = new Set(plain)
  }

  idOf(name: string): LocationId {
    if (isId(name)) return name as LocationId
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const ascii = name.normalize("NFKD").replace(/\p{M}/gu, "")
    const words = ascii.replace(/[^A-Za-z0-9_.:]+/g, "-").replace(/^-+|-+$/g, "")
    const stem = words === "" ? "place" : words.slice(0, idCharsMax - 8)
    let id = stem
    for (let i = 2; this.#taken.has(id); i++) id = `${stem}-${i}`
    this.#taken.add(id)
    this.#known.set(name, id as LocationId)
    return id as LocationId
  }

  get named(): StockLevels["places"] {
    return [...this.#known].map(([name, location]) => ({ name: shown(name), location }))
  }
}

const onHandBound = `a location holds at most ${grouped(onHandMax)} units`

type JudgedLevel = StockLevel | "notStocked" | { readonly reason: StockRejectReason; readonly value: string }

const rejectedFor = (reason: StockRejectReason, name = "", value = "", why = ""): JudgedLevel => ({
  reason,
  value: name === "" ? "" : `${name} "${shown(value)}"${why === "" ? "" : `: ${why}`}`,
})

const judged = (row: TableRow<StockColumn>, defaultLocation: LocationId, places: Places, numbers: FileNumbers): JudgedLevel => {
  if (row.shape === "blank") return rejectedFor("EmptyRow")
  if (row.shape === "misshapen") return rejectedFor("ColumnCount")
  if (row.shape === "open") return rejectedFor("OpenQuote")
  const { sku = "", quantity = "", location = "" } = row.fields
  if (sku === "") return rejectedFor("NoSku")
  if (sku.includes("\ufffd")) return rejectedFor("DamagedText", "sku", sku)
  if (spreadsheetNumber.test(sku)) return rejectedFor("SkuFromSpreadsheet", "sku", sku)
  if (!isSku(sku)) return rejectedFor("InvalidSku", "sku", sku, whyNoSku(sku))
  const fault = lookAlikeFault(sku)
  if (fault !== undefined) return rejectedFor("UnclearSku", "sku", sku, fault)
  if (notStockedWords.has(bare(quantity))) return "notStocked"
  const qty = numbers.parse(quantity)
  if (qty === undefined) return rejectedFor(numbers.isUnclear(quantity) ? "UnclearQuantity" : "InvalidQuantity", "quantity", quantity)
  if (qty < 0) return rejectedFor("NegativeQuantity", "quantity", quantity)
  if (qty > onHandMax) return rejectedFor("QuantityTooLarge", "quantity", quantity, onHandBound)
  return { sku, qty, location: location === "" ? defaultLocation : places.idOf(location) }
}

/** How a stock file is read. */
export interface StockFileOptions {
  /** The file's own name of a column, where it isn't found by itself. */
  readonly columns?: Readonly<Partial<Record<StockColumn, string>>>
  readonly decimalMark?: DecimalMark
}

const readingOf = (table: Table<StockColumn>, numbers: FileNumbers): FileReading => {
  const used = new Set(Object.values(table.columns).flat())
  const unused = table.header.filter((name) => name !== "" && !used.has(name))
  return {
    delimiter: table.delimiter,
    shape: null,
    lines: table.lines,
    columns: table.columns,
    guesses: numbers.guess === null ? [] : [numbers.guess],
    unusedStates: unused.filter(tellsOfStatus),
    unused: unused.filter((name) => !tellsOfStatus(name)),
    trimmedSkus: trimmedSkusOf(table),
  }
}

function* quantitiesOf(table: Table<StockColumn>): Iterable<string> {
  for (const { fields } of table.rows) yield fields.quantity ?? ""
}

/** Reads a stock file: SKU, quantity, and location where there is such a column and it isn't blank. Rows of the same SKU and location are added up. */
export const readStockLevels = (text: string, defaultLocation: LocationId, options: StockFileOptions = {}): StockLevels | FileFault => {
  const table = readTable(text, stockWishes, options.columns, ["quantity"])
  if (table._tag === "FileFault") return table
  const numbers = numbersOf(quantitiesOf(table), options.decimalMark, "quantity")
  if (numbers._tag === "FileFault") return numbers
  const names = table.rows.flatMap(({ fields }) => (fields.location !== undefined && isId(fields.location) ? [fields.location] : []))
  const places = new Places([defaultLocation, ...names])
  const levels = new Map<Sku, Map<LocationId, StockLevel>>()
  const rejected: Array<RejectedStock> = []
  let mergedRows = 0
  let notStockedRows = 0
  for (const row of table.rows) {
    const reject = (reason: StockRejectReason, value: string) =>
      void rejected.push({ row: row.row, line: row.line, reason, value, text: row.text })
    const found = judged(row, defaultLocation, places, numbers)
    if (found === "notStocked") notStockedRows += 1
    else if ("reason" in found) reject(found.reason, found.value)
    else {
      const at = levels.get(found.sku) ?? new Map<LocationId, StockLevel>()
      const earlier = at.get(found.location)
      const qty = (earlier?.qty ?? 0) + found.qty
      if (qty > onHandMax) reject("QuantityTooLarge", `quantity ${earlier?.qty ?? 0} + ${found.qty}: ${onHandBound}`)
      else if (earlier === undefined && at.size >= locationsPerSkuMax)
        reject("TooManyLocations", `location ${found.location}: a SKU has at most ${counted(locationsPerSkuMax, "location")}`)
      else {
        if (earlier !== undefined) mergedRows += 1
        at.set(found.location, { ...found, qty })
        levels.set(found.sku, at)
      }
    }
  }
  return {
    _tag: "StockLevels",
    reading: readingOf(table, numbers),
    rows: table.rows.length,
    levels: [...levels.values()].flatMap((at) => [...at.values()]),
    mergedRows,
    notStockedRows,
    places: places.named,
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
