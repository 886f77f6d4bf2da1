/**
 * Completes the rows of an order file: what an export writes once for an order (its number, its date, who bought, whether it was cancelled) stands for every row of it. Decides
 * what is carried down and what isn't, for the file as a whole.
 */
import type { Table, TableRow } from "./csv-table.ts"
import { notSoldWords, type OrderColumn, partlyWords, soldWords, yesWords } from "./file-columns.ts"
import { isDate } from "./file-dates.ts"

/** A row, and what its order says of it. */
export interface OrderRow {
  readonly row: TableRow<OrderColumn>
  /** "" where no row says them. */
  readonly invoice: string
  readonly date: string
  readonly customer: string
  /** Every value of a status that holds of it. */
  readonly statuses: ReadonlyArray<string>
  /** Every value of a column that says when it was cancelled; one says it of the row by being a date. */
  readonly cancelledAts: ReadonlyArray<string>
}

/** Rows with what their order says once filled in. */
export interface CompletedRows {
  readonly rows: ReadonlyArray<OrderRow>
  /** Rows that have the number of their order, and its date, from a row above. */
  readonly carriedInvoices: number
  readonly carriedDates: number
  /** Columns of states that stand in the first row of each order only. */
  readonly orderLevel: ReadonlyArray<string>
}

/** What programs write where there is nothing. */
const nothing = /^(?:|0000-00-00.*|null|none|n\/?a|false|no|0|-)$/i

interface Carried {
  readonly numbers: ReadonlyArray<string>
  readonly count: number
}

/** The number of each row's order. One without a number belongs to the row above, unless its own date or buyer says otherwise. */
const numbersOf = (rows: ReadonlyArray<TableRow<OrderColumn>>): Carried => {
  let above: { invoice: string; date: string; customer: string } | null = null
  let count = 0
  const numbers = rows.map(({ shape, fields }): string => {
    const { invoice = "", date = "", customer = "" } = fields
    if (shape !== "sound") {
      above = null
      return ""
    }
    if (invoice !== "") {
      above = { invoice, date, customer }
      return invoice
    }
    const isOfAbove = above !== null && (date === "" || date === above.date) && (customer === "" || customer === above.customer)
    if (!isOfAbove) above = null
    if (above === null) return ""
    count += 1
    return above.invoice
  })
  return { numbers, count }
}

/** For each order the first value that isn't blank. */
const firstOf = (
  rows: ReadonlyArray<TableRow<OrderColumn>>,
  numbers: ReadonlyArray<string>,
  name: OrderColumn,
): ReadonlyMap<string, string> => {
  const first = new Map<string, string>()
  for (const [i, { fields }] of rows.entries()) {
    const value = fields[name] ?? ""
    const number = numbers[i] as string
    if (value !== "" && number !== "" && !first.has(number)) first.set(number, value)
  }
  return first
}

/** The values of a column of states for each row: where only first rows of orders have one, it is the order's. */
const statesOf = (rows: ReadonlyArray<TableRow<OrderColumn>>, numbers: ReadonlyArray<string>, name: OrderColumn, place: number) => {
  const first = new Map<string, string>()
  let isOrders = true
  let hasFurther = false
  const own = rows.map(({ lists }) => lists[name]?.[place] ?? "")
  for (const [i, value] of own.entries()) {
    const number = numbers[i] as string
    if (number === "") continue
    if (!first.has(number)) first.set(number, value)
    else {
      hasFurther = true
      if (value !== "") isOrders = false
    }
  }
  const carries = isOrders && hasFurther
  return { carries, values: own.map((value, i) => (carries && value === "" ? (first.get(numbers[i] as string) ?? "") : value)) }
}

/** The rows of a table, completed. */
export const completed = (table: Table<OrderColumn>): CompletedRows => {
  const { rows, columns } = table
  const { numbers, count } = numbersOf(rows)
  const dates = firstOf(rows, numbers, "date")
  const customers = firstOf(rows, numbers, "customer")
  const orderLevel: Array<string> = []
  const states = (name: "status" | "cancelledAt") =>
    (columns[name] ?? []).map((column, place) => {
      const { carries, values } = statesOf(rows, numbers, name, place)
      if (carries) orderLevel.push(column)
      return values
    })
  const statuses = states("status")
  const cancelledAts = states("cancelledAt")
  let carriedDates = 0
  const done = rows.map((row, i): OrderRow => {
    const invoice = numbers[i] as string
    const own = row.fields.date ?? ""
    const date = own === "" ? (dates.get(invoice) ?? "") : own
    if (own === "" && date !== "") carriedDates += 1
    return {
      row,
      invoice,
      date,
      customer: row.fields.customer === undefined || row.fields.customer === "" ? (customers.get(invoice) ?? "") : row.fields.customer,
      statuses: statuses.flatMap((values) => (nothing.test(values[i] ?? "") ? [] : [values[i] as string])),
      cancelledAts: cancelledAts.flatMap((values) => (nothing.test(values[i] ?? "") ? [] : [values[i] as string])),
    }
  })
  return { rows: done, carriedInvoices: count, carriedDates, orderLevel }
}

/** What a status says of a line: it was sold; it wasn't; some of its units weren't, and how many is not said; or nothing that is known, and it is taken as sold. */
export type StatusMeaning = "sold" | "notSold" | "partly" | "unknown"

/** A word without case and accents. */
const plainWord = (word: string): string => word.trim().toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "")

/** How the statuses of a file are read. `words` are those that say it wasn't sold, where somebody says which. */
export const statusReader = (
  words: ReadonlyArray<string> | undefined,
  more: ReadonlyArray<string>,
): ((status: string) => StatusMeaning) => {
  const notSold = new Set((words ?? [...notSoldWords, ...more]).map(plainWord))
  const partly = new Set(partlyWords.map(plainWord))
  const sold = new Set(soldWords.map(plainWord))
  const known = new Map<string, StatusMeaning>()
  return (status) => {
    const earlier = known.get(status)
    if (earlier !== undefined) return earlier
    const plain = plainWord(status)
    const parts = plain.split(/[^\p{L}\p{N}]+/u)
    let meaning: StatusMeaning = "unknown"
    if (notSold.has(plain)) meaning = "notSold"
    else if (parts.some((part) => notSold.has(part))) meaning = parts.some((part) => partly.has(part)) ? "partly" : "notSold"
    else if (parts.some((part) => sold.has(part))) meaning = "sold"
    if (known.size < 10_000) known.set(status, meaning)
    return meaning
  }
}

/** Whether a value of a column that says when it was cancelled says that it was: a date, a yes, or a status that says so. What is none of these says nothing that is known. */
export const saysCancelled = (value: string, meaningOf: (status: string) => StatusMeaning): boolean =>
  isDate(value) || yesWords.has(plainWord(value)) || meaningOf(value) === "notSold"
