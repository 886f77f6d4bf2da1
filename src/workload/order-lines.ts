/**
 * Decides what each row of an order file is: a sale, a cancellation, a write-off, a line that is no goods, a repeat of a SKU in its invoice, or
 * nothing that can be played. Every row is exactly one of these. What the lines do to stock is decided in orders.ts.
 */

import type { EpochMs, Sku } from "../domain/names.ts"
import { isSku } from "../domain/names.ts"
import { qtyMax } from "../limits.ts"
import type { ColumnWish, FileFault, Table, TableRow } from "./csv-table.ts"
import { readTable, wholeOf } from "./csv-table.ts"
import type { DateFormat } from "./date-format.ts"
import { dateFormat } from "./date-format.ts"

/** The columns an order file is read for. */
export type OrderColumn = "invoice" | "sku" | "quantity" | "date" | "customer" | "description"

const wishes: ReadonlyArray<ColumnWish<OrderColumn>> = [
  {
    name: "invoice",
    aliases: [
      "InvoiceNo",
      "Invoice",
      "invoice_id",
      "invoice_number",
      "order_id",
      "order_no",
      "order_number",
      "order",
      "receipt",
      "transaction_id",
    ],
    required: true,
  },
  {
    name: "sku",
    aliases: [
      "StockCode",
      "sku",
      "product_sku",
      "item_sku",
      "lineitem_sku",
      "product_code",
      "item_code",
      "product_id",
      "item_id",
      "product",
      "item",
      "article",
    ],
    required: true,
  },
  { name: "quantity", aliases: ["Quantity", "qty", "lineitem_quantity", "ordered_qty", "quantity_ordered", "units"], required: true },
  {
    name: "date",
    aliases: [
      "InvoiceDate",
      "order_date",
      "created_at",
      "ordered_at",
      "placed_at",
      "sold_at",
      "date",
      "datetime",
      "date_time",
      "timestamp",
      "time",
    ],
    required: true,
  },
  {
    name: "customer",
    aliases: ["CustomerID", "customer", "customer_no", "customer_number", "client_id", "buyer_id", "buyer", "user_id", "email"],
    required: false,
  },
  { name: "description", aliases: ["Description", "product_name", "item_name", "lineitem_name", "title"], required: false },
]

/**
 * Codes that are no goods, whole and in any case: postage, carriage, discounts, fees, samples, manual entries, vouchers. Nothing is assumed of
 * other codes: some files' goods have no digit in their code.
 */
const notGoodsDefault = /^(?:POST|POSTAGE|DOT|C2|C3|D|M|S|CRUK|PADS|BANK CHARGES|AMAZONFEE|ADJUST\d*|GIFT|GIFT_.*|SHIPPING|DISCOUNT|FEE)$/i

/** An invoice number beginning with C is a cancellation. */
const cancellationDefault = /^C/

/** What of a row without cancellation and below zero says that goods were spoilt; otherwise they were counted away. */
const damageWords = /\b(?:damaged?|damages|broken|crushed|smashed|cracked|faulty|mouldy|wet|rusty|spoilt|spoiled|thrown away)\b/i

export interface OrderFileOptions {
  /** The file's own name of a column, where it isn't found by itself. */
  readonly columns?: Readonly<Partial<Record<OrderColumn, string>>>
  /** In the language of date-format.ts. Without it, only dates that begin with year, month, day are understood. */
  readonly dateFormat?: string
  /** Which invoices are cancellations: those that begin with C unless given. */
  readonly cancellation?: RegExp
  /** Which codes are no goods: those listed above as `notGoodsDefault` unless given. */
  readonly notGoods?: RegExp
}

/** Why a row can't be played, in the order in which it is looked for. */
export const RejectReason = [
  "EmptyRow",
  /** More or fewer values than the header has columns. */
  "ColumnCount",
  "NoInvoice",
  "NoSku",
  /** Too long, or with control characters. */
  "InvalidSku",
  "InvalidQuantity",
  "ZeroQuantity",
  /** More units than one command may move, this row alone or together with those it is merged with. */
  "QuantityTooLarge",
  /** A cancellation takes back units: its quantity is below zero. */
  "PositiveCancellation",
  "InvalidDate",
] as const
export type RejectReason = (typeof RejectReason)[number]

export interface RejectedRow {
  readonly row: number
  readonly reason: RejectReason
  readonly text: string
}

/** One SKU in one invoice. */
export interface OrderLine {
  readonly kind: "sale" | "cancellation" | "writeOff"
  readonly invoice: string
  readonly sku: Sku
  /** Units moved, above zero whichever way they go. */
  readonly qty: number
  /** Time and customer of the first row. */
  readonly atMs: EpochMs
  readonly customer: string | null
  readonly damaged: boolean
  /** The first row. */
  readonly row: number
}

/** The rows of a file, told apart: `lines` and the three others are of different rows, and together all of them. */
export interface OrderLines {
  readonly _tag: "OrderLines"
  readonly rows: number
  /** In the order of the file. */
  readonly lines: ReadonlyArray<OrderLine>
  /** Rows whose units were added to an earlier row with the same invoice and SKU. */
  readonly mergedRows: number
  readonly notGoodsRows: number
  readonly notGoodsByCode: Readonly<Record<string, number>>
  readonly rejected: ReadonlyArray<RejectedRow>
  /** Rows that are played although nobody says for whom. */
  readonly blankCustomerRows: number
}

/** Tried in this order where no format is given: no other reading of them exists. */
const isoFormats = ["YYYY-MM-DD", "YYYY-MM-DDTHH:mm:ss", "YYYY-MM-DD HH:mm:ss", "YYYY-MM-DDTHH:mm", "YYYY-MM-DD HH:mm"]
  .flatMap((format) => (format.endsWith("D") ? [format] : [format, `${format}Z`]))
  .concat(["YYYY-MM-DDTHH:mm:ss.SSS", "YYYY-MM-DDTHH:mm:ss.SSSZ", "YYYY-MM-DD HH:mm:ssZ", "YYYY-MM-DD HH:mm:ss Z"])

const parseIso = (): DateFormat["parse"] => {
  const parsers = isoFormats.flatMap((format) => {
    const compiled = dateFormat(format)
    return compiled._tag === "DateFormat" ? [compiled.parse] : []
  })
  return (text) => {
    for (const parse of parsers) {
      const atMs = parse(text)
      if (atMs !== undefined) return atMs
    }
    return undefined
  }
}

/** How this file's dates are read: as stated, or by themselves where the first one leaves no doubt. */
const datesOf = (table: Table<OrderColumn>, format: string | undefined): DateFormat["parse"] | FileFault => {
  if (format !== undefined) {
    const compiled = dateFormat(format)
    if (compiled._tag === "DateFormat") return compiled.parse
    return {
      _tag: "FileFault",
      reason: "UnknownDateFormat",
      detail: `"${format}" is no date format: ${compiled.detail}; D/M/YYYY H:mm is one`,
    }
  }
  const parse = parseIso()
  const first = table.rows.find((row) => (row.fields.date ?? "") !== "")?.fields.date
  if (first === undefined || parse(first) !== undefined) return parse
  const detail = `dates like "${first}" can be read in more than one way: say which is meant, such as D/M/YYYY or M/D/YYYY H:mm`
  return { _tag: "FileFault", reason: "DateFormatNeeded", detail }
}

type Judged =
  | OrderLine
  | { readonly kind: "notGoods"; readonly code: string }
  | { readonly kind: "rejected"; readonly reason: RejectReason }

const rejectedFor = (reason: RejectReason): Judged => ({ kind: "rejected", reason })

interface Rules {
  readonly cancellation: RegExp
  readonly notGoods: RegExp
  readonly parseDate: DateFormat["parse"]
}

/** What one row is, looked at alone. */
const judged = (row: TableRow<OrderColumn>, rules: Rules): Judged => {
  if (row.shape === "blank") return rejectedFor("EmptyRow")
  if (row.shape === "misshapen") return rejectedFor("ColumnCount")
  const { invoice = "", sku = "", quantity = "", date = "", customer = "", description = "" } = row.fields
  if (invoice === "") return rejectedFor("NoInvoice")
  if (sku === "") return rejectedFor("NoSku")
  if (rules.notGoods.test(sku)) return { kind: "notGoods", code: sku }
  if (!isSku(sku)) return rejectedFor("InvalidSku")
  const qty = wholeOf(quantity)
  if (qty === undefined) return rejectedFor("InvalidQuantity")
  if (qty === 0) return rejectedFor("ZeroQuantity")
  if (Math.abs(qty) > qtyMax) return rejectedFor("QuantityTooLarge")
  const cancels = rules.cancellation.test(invoice)
  if (cancels && qty > 0) return rejectedFor("PositiveCancellation")
  const atMs = rules.parseDate(date)
  if (atMs === undefined) return rejectedFor("InvalidDate")
  return {
    kind: cancels ? "cancellation" : qty > 0 ? "sale" : "writeOff",
    invoice,
    sku,
    qty: Math.abs(qty),
    atMs,
    customer: customer === "" ? null : customer,
    damaged: damageWords.test(description),
    row: row.row,
  }
}

const withoutState = (pattern: RegExp): RegExp => new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ""))

/** Reads an order file. A file whose columns or dates can't be understood is a {@link FileFault}; a row that can't is one of `rejected`. */
export const readOrderLines = (text: string, options: OrderFileOptions = {}): OrderLines | FileFault => {
  const table = readTable(text, wishes, options.columns)
  if (table._tag === "FileFault") return table
  const parseDate = datesOf(table, options.dateFormat)
  if (typeof parseDate !== "function") return parseDate
  const rules: Rules = {
    cancellation: withoutState(options.cancellation ?? cancellationDefault),
    notGoods: withoutState(options.notGoods ?? notGoodsDefault),
    parseDate,
  }
  const lines = new Map<string, OrderLine>()
  const rejected: Array<RejectedRow> = []
  const codes = new Map<string, number>()
  let mergedRows = 0
  let notGoodsRows = 0
  let blankCustomerRows = 0
  for (const row of table.rows) {
    let found = judged(row, rules)
    if (found.kind !== "rejected" && found.kind !== "notGoods") {
      const key = `${found.kind}\n${found.invoice}\n${found.sku}`
      const earlier = lines.get(key)
      if (earlier !== undefined && earlier.qty + found.qty > qtyMax) found = { kind: "rejected", reason: "QuantityTooLarge" }
      else {
        if (earlier !== undefined) mergedRows += 1
        if (found.customer === null) blankCustomerRows += 1
        lines.set(key, earlier === undefined ? found : { ...earlier, qty: earlier.qty + found.qty })
      }
    }
    if (found.kind === "rejected") rejected.push({ row: row.row, reason: found.reason, text: row.text })
    if (found.kind === "notGoods") {
      notGoodsRows += 1
      codes.set(found.code, (codes.get(found.code) ?? 0) + 1)
    }
  }
  return {
    _tag: "OrderLines",
    rows: table.rows.length,
    lines: [...lines.values()],
    mergedRows,
    notGoodsRows,
    notGoodsByCode: Object.fromEntries(codes),
    rejected,
    blankCustomerRows,
  }
}
