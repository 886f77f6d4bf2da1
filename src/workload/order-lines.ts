/**
 * Decides what each row of an order file is: a sale, a cancellation, a write-off, a line that was not sold or is no goods, a repeat of a SKU in its invoice, or
 * nothing that can be played. Every row is exactly one of these. What the lines do to stock is decided in orders.ts, what columns and words mean in file-columns.ts.
 */

import type { EpochMs, Sku } from "../domain/names.ts"
import { isSku, whyNoSku } from "../domain/names.ts"
import { lookAlikeFault } from "../domain/sku/clear-sku.ts"
import { counted, grouped, shown } from "../domain/telling.ts"
import { qtyMax } from "../limits.ts"
import { type Lines, readTable, type Table } from "./csv-table.ts"
import { type OrderColumn, orderWishes, type StockColumn, shapeOf, spreadsheetNumber, tellsOfStatus } from "./file-columns.ts"
import { datesOf, type FileDates } from "./file-dates.ts"
import type { FileFault } from "./file-fault.ts"
import { type DecimalMark, type FileNumbers, numbersOf } from "./file-numbers.ts"
import { type CompletedRows, completed, type OrderRow, type StatusMeaning, saysCancelled, statusReader } from "./order-rows.ts"

/** What of a row below zero says that goods were spoilt; otherwise they were counted away. */
const damageWords = /\b(?:damaged?|damages|broken|crushed|smashed|cracked|faulty|mouldy|wet|rusty|spoilt|spoiled|thrown away)\b/i

/** Of how many columns and states a report tells by name. */
const namedMax = 30

/** How an order file is read. */
export interface OrderFileOptions {
  /** The file's own name of a column, where it isn't found by itself. */
  readonly columns?: Readonly<Partial<Record<OrderColumn, string>>>
  /** In the language of date-format.ts. Without it, dates are read that leave no doubt in this file. */
  readonly dateFormat?: string
  /** What stands before decimals in its numbers. */
  readonly decimalMark?: DecimalMark
  /** Each row is one unit, whatever columns there are. */
  readonly unitRows?: boolean
  /** Beginnings of the numbers of cancellations, whatever sign their quantities have. Without it, C where the quantity is below zero. */
  readonly cancellations?: ReadonlyArray<string>
  /** Codes that are no goods, in any case; an asterisk at the end is anything. Without it, those of a known file shape. */
  readonly notGoods?: ReadonlyArray<string>
  /** Words of a status that say a line was not sold. Without it, the usual ones. */
  readonly notSold?: ReadonlyArray<string>
  /** What is below zero and no cancellation was given back, or counted and written off. Without it, as the file's shape has it: given back, unless it is UCI's. */
  readonly belowZero?: "return" | "count"
  /** Rows that are equal in every column to one before them are left out. */
  readonly dropsEqualRows?: boolean
}

/** Why a row can't be played, in the order in which it is looked for. */
export const RejectReason = [
  "EmptyRow",
  /** More or fewer values than the header has columns. */
  "ColumnCount",
  /** A quote opens one of the columns used, and nothing closes it. */
  "OpenQuote",
  "NoInvoice",
  "NoSku",
  /** It holds the character that replaces what could not be read: what it was before is lost. */
  "DamagedText",
  /** A spreadsheet made a number of it, `8.71253E+12`: many SKUs look like this, and which it was is lost. */
  "SkuFromSpreadsheet",
  /** Too long, or with control characters. */
  "InvalidSku",
  /** It looks like another: with what can't be seen in it, or not composed. The door would not let it be stocked. */
  "UnclearSku",
  "InvalidQuantity",
  /** A whole number if somebody says which mark stands before decimals: `1,000`. */
  "UnclearQuantity",
  "ZeroQuantity",
  /** More units than one command may move, this row alone or together with those it is merged with. */
  "QuantityTooLarge",
  /** More units were cancelled and given back than were ordered. */
  "QuantitiesDisagree",
  "InvalidDate",
] as const
export type RejectReason = (typeof RejectReason)[number]

/** A row that can't be used, and why. */
export interface RejectedRow {
  readonly row: number
  readonly line: number
  readonly reason: RejectReason
  /** The value that is the matter, in words; "" where it is the whole row. */
  readonly value: string
  readonly text: string
}

/** One SKU in one invoice. */
export interface FileOrderLine {
  readonly kind: "sale" | "cancellation" | "writeOff"
  readonly invoice: string
  readonly sku: Sku
  /** Units moved, above zero whichever way they go. */
  readonly qty: number
  /** Of a sale, the units that came back, by the file's own column. */
  readonly returnedQty: number
  /** Time and customer of the first row. */
  readonly atMs: EpochMs
  readonly customer: string | null
  readonly damaged: boolean
  /** The first row. */
  readonly row: number
}

/** How a file was read: what of it was used, guessed and left. */
export interface FileReading {
  readonly delimiter: string
  /** What made it, as its columns say; null: nothing that is known. */
  readonly shape: string | null
  readonly lines: Lines
  /** The file's own names of the columns used. */
  readonly columns: Readonly<Record<string, ReadonlyArray<string>>>
  /** Sentences. */
  readonly guesses: ReadonlyArray<string>
  /** Columns that may tell of cancellations, returns or states, and aren't used; and all others that aren't. */
  readonly unusedStates: ReadonlyArray<string>
  readonly unused: ReadonlyArray<string>
  /** Rows with white space around the SKU, which is no part of it, and the first of these as it stands in the file. */
  readonly trimmedSkus: { readonly rows: number; readonly first: string }
}

/** The rows of a file, told apart: `lines` and the five others are of different rows, and together all of them. */
export interface OrderLines {
  readonly _tag: "OrderLines"
  readonly reading: FileReading
  readonly rows: number
  /** In the order of the file. */
  readonly lines: ReadonlyArray<FileOrderLine>
  /** Rows whose units were added to an earlier row with the same invoice and SKU. */
  readonly mergedRows: number
  /** Rows that are equal in every column to an earlier one. */
  readonly equalRows: number
  readonly notGoodsRows: number
  readonly notGoodsByCode: Readonly<Record<string, number>>
  /** Rows of orders that were cancelled, voided, refunded or failed, and their units as far as they can be read. */
  readonly notSoldRows: number
  readonly notSoldQty: number
  readonly notSoldBy: Readonly<Record<string, number>>
  /** Units cancelled in rows of which others were sold. */
  readonly cancelledQty: number
  /** Rows by status, among those that are sold. */
  readonly statuses: ReadonlyArray<{ readonly status: string; readonly meaning: StatusMeaning; readonly rows: number }>
  /** Rows among those that are sold, by what stands where the date of their cancellation would: no date, and nothing that is known. */
  readonly unclearCancelled: Readonly<Record<string, number>>
  readonly rejected: ReadonlyArray<RejectedRow>
  /** Rows that are played although nobody says for whom. */
  readonly blankCustomerRows: number
}

type JudgedLine =
  | (FileOrderLine & { readonly cancelledQty: number })
  | { readonly kind: "notGoods"; readonly code: string }
  | { readonly kind: "notSold"; readonly by: string; readonly qty: number }
  | { readonly kind: "rejected"; readonly reason: RejectReason; readonly value: string }

const rejectedFor = (reason: RejectReason, name = "", value = "", why = ""): JudgedLine => ({
  kind: "rejected",
  reason,
  value: name === "" ? "" : `${name} "${shown(value)}"${why === "" ? "" : `: ${why}`}`,
})

interface Rules {
  readonly isCancellation: (invoice: string, qty: number) => boolean
  readonly isNotGoods: (code: string) => boolean
  readonly meaningOf: (status: string) => StatusMeaning
  readonly numbers: FileNumbers
  readonly dates: FileDates
  readonly belowZero: "return" | "count"
  readonly unitRows: boolean
}

const skuFault = (sku: string): JudgedLine | undefined => {
  if (sku === "") return rejectedFor("NoSku")
  if (sku.includes("\ufffd")) return rejectedFor("DamagedText", "sku", sku)
  if (spreadsheetNumber.test(sku)) return rejectedFor("SkuFromSpreadsheet", "sku", sku)
  if (!isSku(sku)) return rejectedFor("InvalidSku", "sku", sku, whyNoSku(sku))
  const fault = lookAlikeFault(sku)
  return fault === undefined ? undefined : rejectedFor("UnclearSku", "sku", sku, fault)
}

/** Why it was not sold, or undefined where it was. */
const notSoldBy = ({ statuses, cancelledAts }: OrderRow, { meaningOf }: Rules): string | undefined =>
  statuses.find((status) => meaningOf(status) === "notSold") ??
  (cancelledAts.some((value) => saysCancelled(value, meaningOf)) ? cancelledAtDate : undefined)

/** What a row that a column of dates cancels is counted under. */
export const cancelledAtDate = "cancelled at a date"

interface Units {
  readonly qty: number
  readonly cancelledQty: number
  readonly returnedQty: number
}

/** The largest of several columns that say the same: they would be counted twice if they were added. Blank is 0. */
const largestOf = (values: ReadonlyArray<string>, { numbers }: Rules): number | string => {
  let largest = 0
  for (const value of values) {
    const qty = value === "" ? 0 : numbers.parse(value)
    if (qty === undefined) return value
    // Some write what came back below zero.
    largest = Math.max(largest, Math.abs(qty))
  }
  return largest
}

const unreadable = (name: string, value: string, { numbers }: Rules): JudgedLine =>
  rejectedFor(numbers.isUnclear(value) ? "UnclearQuantity" : "InvalidQuantity", name, value)

const unitsOf = ({ row }: OrderRow, rules: Rules): Units | JudgedLine => {
  const { quantity = "" } = row.fields
  const qty = rules.unitRows ? 1 : rules.numbers.parse(quantity)
  if (qty === undefined) return unreadable("quantity", quantity, rules)
  if (qty === 0) return rejectedFor("ZeroQuantity", "quantity", quantity)
  if (Math.abs(qty) > qtyMax)
    return rejectedFor("QuantityTooLarge", "quantity", quantity, `a command moves at most ${grouped(qtyMax)} units`)
  if (qty < 0) return { qty, cancelledQty: 0, returnedQty: 0 }
  const cancelledQty = largestOf(row.lists.cancelledQuantity ?? [], rules)
  if (typeof cancelledQty === "string") return unreadable("cancelledQuantity", cancelledQty, rules)
  const returnedQty = largestOf(row.lists.returnedQuantity ?? [], rules)
  if (typeof returnedQty === "string") return unreadable("returnedQuantity", returnedQty, rules)
  if (cancelledQty + returnedQty > qty) {
    const value = `${quantity}, of which ${cancelledQty} cancelled and ${returnedQty} given back`
    return rejectedFor("QuantitiesDisagree", "quantity", value)
  }
  return { qty, cancelledQty, returnedQty }
}

/** What one row is, looked at alone. */
const judged = (full: OrderRow, rules: Rules): JudgedLine => {
  const { row, invoice, date, customer } = full
  if (row.shape === "blank") return rejectedFor("EmptyRow")
  if (row.shape === "misshapen") return rejectedFor("ColumnCount")
  if (row.shape === "open") return rejectedFor("OpenQuote")
  if (invoice === "") return rejectedFor("NoInvoice")
  if (invoice.includes("\ufffd")) return rejectedFor("DamagedText", "invoice", invoice)
  const { sku = "", description = "" } = row.fields
  const by = notSoldBy(full, rules)
  if (by !== undefined) {
    const units = unitsOf(full, rules)
    return { kind: "notSold", by, qty: "kind" in units ? 0 : Math.max(0, units.qty) }
  }
  if (sku !== "" && rules.isNotGoods(sku)) return { kind: "notGoods", code: sku }
  const wrong = skuFault(sku)
  if (wrong !== undefined) return wrong
  const units = unitsOf(full, rules)
  if ("kind" in units) return units
  const atMs = rules.dates.parse(date)
  if (typeof atMs === "string") {
    const said = rejectedFor("InvalidDate", "date", date)
    return said.kind === "rejected" ? { ...said, value: date === "" ? "no date" : `${said.value} ${atMs}` } : said
  }
  const { qty, cancelledQty, returnedQty } = units
  if (qty > 0 && cancelledQty === qty) return { kind: "notSold", by: "all units cancelled", qty }
  const isCancellation = rules.isCancellation(invoice, qty) || (qty < 0 && rules.belowZero === "return")
  return {
    kind: isCancellation ? "cancellation" : qty > 0 ? "sale" : "writeOff",
    invoice,
    sku: sku as Sku,
    qty: Math.abs(qty) - cancelledQty,
    returnedQty: isCancellation ? 0 : returnedQty,
    cancelledQty,
    atMs,
    customer: customer === "" ? null : customer,
    damaged: damageWords.test(description),
    row: row.row,
  }
}

/** Whether a code is one of `codes`: whole and in any case, or by its beginning where an asterisk ends it. */
const codeMatcher = (codes: ReadonlyArray<string>): ((code: string) => boolean) => {
  const lower = codes.map((code) => code.trim().toLowerCase()).filter((code) => code !== "")
  const whole = new Set(lower.filter((code) => !code.endsWith("*")))
  const beginnings = lower.filter((code) => code.endsWith("*")).map((code) => code.slice(0, -1))
  return (code) => whole.has(code.toLowerCase()) || beginnings.some((beginning) => code.toLowerCase().startsWith(beginning))
}

function* quantitiesOf(table: Table<OrderColumn>): Iterable<string> {
  for (const { fields, lists } of table.rows) {
    yield fields.quantity ?? ""
    yield* lists.cancelledQuantity ?? []
    yield* lists.returnedQuantity ?? []
  }
}

function* otherDatesOf(table: Table<OrderColumn>): Iterable<string> {
  for (const { lists } of table.rows) {
    yield* lists.otherDate ?? []
    yield* lists.cancelledAt ?? []
  }
}

/** How this file is read: where something in it says which of two ways, that; a fault where nothing does. */
const rulesOf = (table: Table<OrderColumn>, options: OrderFileOptions): Rules | FileFault => {
  const shape = shapeOf(table.header)
  const numbers = numbersOf(quantitiesOf(table), options.decimalMark, "quantity")
  if (numbers._tag === "FileFault") return numbers
  const values = table.rows.flatMap(({ fields }) => (fields.date === undefined || fields.date === "" ? [] : [fields.date]))
  const dates = datesOf(values, otherDatesOf(table), options.dateFormat)
  if (dates._tag === "FileFault") return dates
  const { cancellations } = options
  return {
    // A number that begins with C is an order of a country, or a kind, as often as not: unless somebody says so, it cancels only what is below zero.
    isCancellation: (invoice, qty) =>
      cancellations === undefined ? qty < 0 && invoice.startsWith("C") : cancellations.some((beginning) => invoice.startsWith(beginning)),
    isNotGoods: codeMatcher(options.notGoods ?? shape?.notGoods ?? []),
    meaningOf: statusReader(options.notSold, shape?.notSold ?? []),
    numbers,
    dates,
    belowZero: options.belowZero ?? (shape?.belowZeroIsCount === true ? "count" : "return"),
    unitRows: options.unitRows === true,
  }
}

/** Rows of a table whose SKU was trimmed to something. */
export const trimmedSkusOf = (table: Table<OrderColumn> | Table<StockColumn>): FileReading["trimmedSkus"] => {
  let [rows, first] = [0, ""]
  for (const { fields, untrimmed } of table.rows) {
    if (untrimmed.sku === undefined || fields.sku === "") continue
    if (rows === 0) first = untrimmed.sku
    rows += 1
  }
  return { rows, first }
}

const readingOf = (table: Table<OrderColumn>, rows: CompletedRows, rules: Rules, options: OrderFileOptions): FileReading => {
  const { otherDate: _onlyLookedAt, ...columns } = table.columns
  const used = new Set(Object.values(columns).flat())
  const unused = table.header.filter((name) => name !== "" && !used.has(name))
  const shape = shapeOf(table.header)
  const hints: Array<string> = []
  if (rows.carriedInvoices > 0)
    hints.push(
      `${counted(rows.carriedInvoices, "row")} without a number ${rows.carriedInvoices === 1 ? "belongs" : "belong"} to the order above`,
    )
  if (rows.carriedDates > 0)
    hints.push(`${counted(rows.carriedDates, "row")} without a date ${rows.carriedDates === 1 ? "has" : "have"} that of the order`)
  if (rows.orderLevel.length > 0)
    hints.push(`${rows.orderLevel.map((name) => `"${shown(name)}"`).join(", ")} in the first row of an order holds of all its rows`)
  if (shape?.belowZeroIsCount === true && options.belowZero === undefined)
    hints.push("what is below zero is a count or a loss, unless its number begins with C")
  if (shape?.notGoods !== undefined && options.notGoods === undefined)
    hints.push(`codes like ${shape.notGoods.slice(0, 3).join(", ")} are no goods`)
  return {
    delimiter: table.delimiter,
    shape: shape?.name ?? null,
    lines: table.lines,
    columns,
    guesses: [...(rules.numbers.guess === null ? [] : [rules.numbers.guess]), ...rules.dates.guesses, ...hints],
    unusedStates: unused.filter(tellsOfStatus).slice(0, namedMax),
    unused: unused.filter((name) => !tellsOfStatus(name)).slice(0, namedMax),
    trimmedSkus: trimmedSkusOf(table),
  }
}

/** An order line as it grows. */
interface Growing {
  line: FileOrderLine
  /** The first row as it stands in the file, and of further ones all, to find those that are equal. */
  readonly first: string
  more: Set<string> | null
}

/** The counts of a file as they grow. */
class Sorting {
  readonly lines = new Map<string, Growing>()
  readonly rejected: Array<RejectedRow> = []
  readonly codes = new Map<string, number>()
  readonly notSold = new Map<string, number>()
  readonly statuses = new Map<string, number>()
  readonly unclearCancelled = new Map<string, number>()
  mergedRows = 0
  equalRows = 0
  notGoodsRows = 0
  notSoldRows = 0
  notSoldQty = 0
  cancelledQty = 0
  blankCustomerRows = 0

  readonly #dropsEqualRows: boolean

  constructor(dropsEqualRows: boolean) {
    this.#dropsEqualRows = dropsEqualRows
  }

  add(full: OrderRow, found: JudgedLine): void {
    if (found.kind === "rejected") this.#reject(full, found.reason, found.value)
    else if (found.kind === "notGoods") {
      this.notGoodsRows += 1
      count(this.codes, shown(found.code))
    } else if (found.kind === "notSold") {
      this.notSoldRows += 1
      this.notSoldQty += found.qty
      count(this.notSold, shown(found.by))
    } else {
      for (const status of full.statuses) count(this.statuses, status)
      for (const value of full.cancelledAts) count(this.unclearCancelled, shown(value))
      this.#line(full, found)
    }
  }

  #reject({ row }: OrderRow, reason: RejectReason, value: string): void {
    this.rejected.push({ row: row.row, line: row.line, reason, value, text: row.text })
  }

  #line(full: OrderRow, { cancelledQty, ...found }: FileOrderLine & { readonly cancelledQty: number }): void {
    const { raw } = full.row
    const key = `${found.kind}\n${found.invoice}\n${found.sku}`
    const earlier = this.lines.get(key)
    const isEqual = earlier !== undefined && (earlier.first === raw || earlier.more?.has(raw) === true)
    if (isEqual && this.#dropsEqualRows) {
      this.equalRows += 1
      return
    }
    if (earlier !== undefined && earlier.line.qty + found.qty > qtyMax) {
      this.#reject(
        full,
        "QuantityTooLarge",
        `quantity ${earlier.line.qty} + ${found.qty}: a command moves at most ${grouped(qtyMax)} units`,
      )
      return
    }
    this.cancelledQty += cancelledQty
    if (found.customer === null) this.blankCustomerRows += 1
    if (earlier === undefined) {
      this.lines.set(key, { line: found, first: raw, more: null })
      return
    }
    if (isEqual) this.equalRows += 1
    else {
      this.mergedRows += 1
      earlier.more ??= new Set()
      earlier.more.add(raw)
    }
    const { line } = earlier
    earlier.line = { ...line, qty: line.qty + found.qty, returnedQty: line.returnedQty + found.returnedQty }
  }
}

/** Different words that are counted by name; the rest together. */
const countedMax = 200

const count = (counts: Map<string, number>, name: string): void => {
  const key = counts.has(name) || counts.size < countedMax ? name : "others"
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

/** Reads an order file. A file whose columns, numbers or dates can't be understood is a {@link FileFault}; a row that can't is one of `rejected`. */
export const readOrderLines = (text: string, options: OrderFileOptions = {}): OrderLines | FileFault => {
  const table = readTable(text, orderWishes(options.unitRows === true), options.columns, ["quantity", "date"])
  if (table._tag === "FileFault") return table
  const rules = rulesOf(table, options)
  if ("_tag" in rules) return rules
  const rows = completed(table)
  const sorting = new Sorting(options.dropsEqualRows === true)
  for (const full of rows.rows) sorting.add(full, judged(full, rules))
  return {
    _tag: "OrderLines",
    reading: readingOf(table, rows, rules, options),
    rows: table.rows.length,
    lines: [...sorting.lines.values()].map(({ line }) => line),
    mergedRows: sorting.mergedRows,
    equalRows: sorting.equalRows,
    notGoodsRows: sorting.notGoodsRows,
    notGoodsByCode: Object.fromEntries(sorting.codes),
    notSoldRows: sorting.notSoldRows,
    notSoldQty: sorting.notSoldQty,
    notSoldBy: Object.fromEntries(sorting.notSold),
    cancelledQty: sorting.cancelledQty,
    statuses: [...sorting.statuses].map(([status, rows]) => ({ status: shown(status), meaning: rules.meaningOf(status), rows })),
    unclearCancelled: Object.fromEntries(sorting.unclearCancelled),
    rejected: sorting.rejected,
    blankCustomerRows: sorting.blankCustomerRows,
  }
}
