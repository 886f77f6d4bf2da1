/**
 * The options by which order and stock files are read: one table for the demo, the simulator and the comparison, so that they have the same names and mean the same. Decides what
 * each takes, and which of them helps against what is wrong with a file.
 */
import { OrderColumn, StockColumn } from "./file-columns.ts"
import type { FileFault } from "./file-fault.ts"
import { DecimalMark } from "./file-numbers.ts"
import type { OrderFileOptions } from "./order-lines.ts"
import type { Share } from "./stock-levels.ts"
import { shareFromText } from "./stock-levels.ts"

interface ImportFlag {
  readonly type: "string" | "boolean"
  readonly takes?: string
  readonly text: string
}

/** Every option, in the order of `--help`. */
export const importFlags = {
  orders: {
    type: "string",
    takes: "FILE",
    text: "play these orders, as fast as they go: CSV or tab text as shops, marketplaces and tills export it; columns are found by usual names",
  },
  "dry-run": { type: "boolean", text: "with --orders: print what of the files is used, guessed, ignored and unusable, and play nothing" },
  columns: { type: "string", takes: "a=NAME,...", text: `the file's own names of ${OrderColumn.join(", ")}` },
  "date-format": { type: "string", takes: "FORMAT", text: "of its dates, such as D/M/YYYY H:mm, where they leave a doubt" },
  "decimal-mark": { type: "string", takes: "MARK", text: "what stands before decimals, . or ,: the other one groups thousands" },
  encoding: { type: "string", takes: "NAME", text: "of files without a byte order mark, such as utf-8, windows-1252, utf-16le (guessed)" },
  "unit-rows": { type: "boolean", text: "each row is one unit: for files without a quantity" },
  "cancelled-invoices": {
    type: "string",
    takes: "TEXT,...",
    text: "how the numbers of cancellations begin, whatever sign their quantities have (C, below zero only)",
  },
  "below-zero": { type: "string", takes: "WHAT", text: "return or count: what a quantity below zero is (return; in UCI's file count)" },
  "not-sold": {
    type: "string",
    takes: "WORD,...",
    text: "words of a status that say a row was not sold, or none (cancelled, voided, refunded, failed, ...)",
  },
  "no-goods": {
    type: "string",
    takes: "CODE,...",
    text: "SKUs that are no goods, such as POST,GIFT*, or none (none; in UCI's file its own)",
  },
  "drop-equal-rows": { type: "boolean", text: "leave out rows that are equal in every column to one before: for exports that overlap" },
  stock: { type: "string", takes: "FILE", text: "each SKU starts with what this file says: SKU, quantity, location" },
  "stock-columns": { type: "string", takes: "a=NAME,...", text: `its own names of ${StockColumn.join(", ")}` },
  "stock-share": { type: "string", takes: "SHARE", text: "each SKU starts with this share of what is sold of it: 0.6, 60% or 3/5 (0.6)" },
} as const satisfies Readonly<Record<string, ImportFlag>>

/** The name of an option by which files are read. */
export type ImportFlagName = keyof typeof importFlags

/** What was given; null: it wasn't. */
export type ImportGiven = {
  readonly [Name in ImportFlagName]: (typeof importFlags)[Name]["type"] extends "boolean" ? boolean : string | null
}

/** Where the initial stock comes from: a share of what is sold, or a file. */
export type StockAsked =
  | ({ readonly _tag: "Share" } & Share)
  | { readonly _tag: "File"; readonly path: string; readonly columns: Readonly<Partial<Record<StockColumn, string>>> }

/** What is to be imported. Plain data. */
export interface ImportAsked {
  readonly path: string
  readonly encoding: string | null
  readonly options: OrderFileOptions
  readonly stock: StockAsked
  readonly dryRun: boolean
}

/** `invoice=No,sku=Code`. A column's own name may hold a comma, unless what follows it looks like the next pair. */
const columnsFrom = <Name extends string>(
  problems: Array<string>,
  option: string,
  given: string | null,
  names: ReadonlyArray<Name>,
): Readonly<Partial<Record<Name, string>>> => {
  const columns: Partial<Record<Name, string>> = {}
  if (given === null) return columns
  const next = new RegExp(`,(?=\\s*(?:${names.join("|")})\\s*=)`)
  for (const pair of given.split(next)) {
    const at = pair.indexOf("=")
    const name = names.find((known) => known === pair.slice(0, at).trim())
    const column = pair.slice(at + 1).trim()
    if (at < 1 || name === undefined || column === "") {
      problems.push(`--${option}: expected ${names.join("=NAME,")}=NAME or some of these, not "${pair.trim()}"`)
    } else columns[name] = column
  }
  return columns
}

/** `a,b`; `none` is an empty list. */
const wordsFrom = (given: string): ReadonlyArray<string> =>
  given.trim().toLowerCase() === "none"
    ? []
    : given
        .split(",")
        .map((word) => word.trim())
        .filter((word) => word !== "")

const oneOf = <Word extends string>(
  problems: Array<string>,
  option: ImportFlagName,
  given: string | null,
  words: ReadonlyArray<Word>,
): Word | undefined => {
  const word = words.find((known) => known === given)
  if (given !== null && word === undefined) problems.push(`--${option}: expected ${words.join(" or ")}, not "${given}"`)
  return word
}

/** A share as asked for, six tenths where none is. */
const shareFrom = (problems: Array<string>, given: string | null): Share => {
  const share = shareFromText(given ?? "0.6")
  if (share === undefined) problems.push(`--stock-share: expected a share such as 0.6, 60% or 3/5, not "${given}"`)
  return share ?? { num: 6, den: 10 }
}

const stockFrom = (problems: Array<string>, given: ImportGiven): StockAsked => {
  const columns = columnsFrom(problems, "stock-columns", given["stock-columns"], StockColumn)
  if (given.stock !== null) {
    if (given["stock-share"] !== null) problems.push("--stock and --stock-share: give one of them")
    return { _tag: "File", path: given.stock, columns }
  }
  if (given["stock-columns"] !== null) problems.push("--stock-columns: only with --stock")
  return { _tag: "Share", ...shareFrom(problems, given["stock-share"]) }
}

const optionsFrom = (problems: Array<string>, given: ImportGiven): OrderFileOptions => {
  const decimalMark = oneOf(problems, "decimal-mark", given["decimal-mark"], DecimalMark)
  const belowZero = oneOf(problems, "below-zero", given["below-zero"], ["return", "count"] as const)
  const { "date-format": dateFormat, "cancelled-invoices": cancelled, "not-sold": notSold, "no-goods": noGoods } = given
  return {
    columns: columnsFrom(problems, "columns", given.columns, OrderColumn),
    ...(dateFormat === null ? {} : { dateFormat }),
    ...(decimalMark === undefined ? {} : { decimalMark }),
    ...(belowZero === undefined ? {} : { belowZero }),
    ...(cancelled === null ? {} : { cancellations: wordsFrom(cancelled) }),
    ...(notSold === null ? {} : { notSold: wordsFrom(notSold) }),
    ...(noGoods === null ? {} : { notGoods: wordsFrom(noGoods) }),
    unitRows: given["unit-rows"],
    dropsEqualRows: given["drop-equal-rows"],
  }
}

/** What the options ask for; null where no order file is named, and then each of the others is a problem. Problems name the option and the remedy. */
export const importAsked = (given: ImportGiven): { readonly asked: ImportAsked | null; readonly problems: ReadonlyArray<string> } => {
  const problems: Array<string> = []
  const { orders } = given
  if (orders === null) {
    for (const option of Object.keys(importFlags) as ReadonlyArray<ImportFlagName>)
      if (given[option] !== null && given[option] !== false) problems.push(`--${option}: only with --orders`)
    return { asked: null, problems }
  }
  if (orders === "") problems.push("--orders needs the name of a file")
  if (given.stock === "") problems.push("--stock needs the name of a file")
  const asked: ImportAsked = {
    path: orders,
    encoding: given.encoding,
    options: optionsFrom(problems, given),
    stock: stockFrom(problems, given),
    dryRun: given["dry-run"],
  }
  return { asked, problems }
}

/** The option that helps against what is wrong with a column. */
const remedyOfColumn = (of: FileFault["of"], column: string | null): string => {
  if (column === "nothing") return ""
  if (column === "spreadsheet") return "make that column text in the spreadsheet, and export it again"
  if (column === "decimalMark") return "--decimal-mark . or --decimal-mark ,"
  if (of === "stock") return `--stock-columns ${column ?? "sku"}=NAME`
  if (column === "date") return "--date-format FORMAT, --columns date=NAME"
  if (column === "quantity") return "--columns quantity=NAME, --decimal-mark, or --unit-rows where each row is one unit"
  if (column === "encoding") return "--encoding NAME"
  if (column === "status") return "--not-sold WORD,... names the words of a status that say so; --not-sold none: no word does"
  if (column === "noGoods") return "--no-goods CODE,... names the SKUs that are no goods; --no-goods none: all are goods"
  if (column === "sign") return "--columns quantity=NAME"
  return `--columns ${column ?? "invoice"}=NAME`
}

/** What helps rows that can't be used, where it is one thing for all of them; "" where it is none, or another for each. */
export const remedyOfRows = (column: string | undefined): string =>
  column === "decimalMark" || column === "date" || column === "encoding" || column === "spreadsheet" ? remedyOfColumn("orders", column) : ""

/** The options that help against a fault; "" where none does. */
export const remedyOf = ({ reason, of, column }: FileFault): string => {
  switch (reason) {
    case "MissingColumn":
    case "AmbiguousColumn":
    case "NoUsableRow":
      return remedyOfColumn(of, column)
    case "UnknownDateFormat":
    case "DateFormatNeeded":
      return "--date-format FORMAT"
    case "DecimalMarkNeeded":
      return remedyOfColumn(of, "decimalMark")
    case "EncodingUnknown":
      return "--encoding NAME"
    case "Unreadable":
    case "TooLarge":
    case "NoText":
    case "Empty":
    case "TooManyRows":
      return ""
  }
}
