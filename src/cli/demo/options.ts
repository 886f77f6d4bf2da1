/**
 * What may be asked of the demo on its command line: names, meanings, defaults, bounds, and which of them belong together.
 *
 * Everything wrong is said at once. Files are not opened here; what their columns and dates mean is decided where they are read.
 */

import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
import type { OrderColumn } from "../../workload/order-lines.ts"
import type { Share, StockColumn } from "../../workload/stock-levels.ts"
import { shareFromText } from "../../workload/stock-levels.ts"

/** Where the initial stock of played orders comes from: a share of what the file sells, or a file. */
type StockSource =
  | ({ readonly _tag: "Share" } & Share)
  | { readonly _tag: "File"; readonly path: string; readonly columns: Readonly<Partial<Record<StockColumn, string>>> }

export interface FlashSource {
  readonly _tag: "FlashSale"
  readonly seed: string
  readonly skus: number
  readonly orders: number
  readonly windowMs: number
}

export interface OrdersSource {
  readonly _tag: "Orders"
  readonly path: string
  readonly columns: Readonly<Partial<Record<OrderColumn, string>>>
  readonly dateFormat: string | null
  readonly stock: StockSource
}

export interface DemoOptions {
  readonly source: FlashSource | OrdersSource
  readonly partitions: number
  readonly workers: number
  /** The share of the flows after which one worker is killed; null: none is. */
  readonly killAt: number | null
  /** Commands on their way at once, at most. */
  readonly inFlight: number
  readonly json: boolean
  readonly keep: boolean
}

const text = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar(metavar),
    Flag.withDescription(description),
    Flag.optional,
    Flag.map((given) => Option.getOrNull(given)),
  )

const whole = (name: string, description: string) =>
  Flag.Int(name).pipe(
    Flag.withMetavar("N"),
    Flag.withDescription(description),
    Flag.optional,
    Flag.map((given) => Option.getOrNull(given)),
  )

const flag = (name: string, fallback: boolean, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(fallback))

/** In the order of --help: the sale invented, the orders played, and what goes with either. */
export const demoFlags = {
  seed: text("seed", "TEXT", "of the flash sale: the same seed, the same commands (1)"),
  ordersCount: whole("orders-count", "orders of the flash sale (10000)"),
  skus: whole("skus", "SKUs of the flash sale; the first is the hot one (100)"),
  seconds: whole("seconds", "how long the flash sale lasts (20)"),
  orders: text("orders", "FILE.csv", "play these orders instead, as fast as they go: invoice, SKU, quantity, date, found by usual names"),
  columns: text("columns", "a=NAME,...", "the file's own names of invoice, sku, quantity, date, customer, description"),
  dateFormat: text("date-format", "FORMAT", "of the file, such as D/M/YYYY H:mm; not needed for dates that begin with the year"),
  stockShare: text("stock-share", "SHARE", "each SKU starts with this share of what the file sells of it: 0.6, 60% or 3/5 (0.6)"),
  stock: text("stock", "FILE.csv", "each SKU starts with what this file says: SKU, quantity, location"),
  stockColumns: text("stock-columns", "a=NAME,...", "its own names of sku, quantity, location"),
  killAt: text("kill-at", "SHARE", "kill a worker with SIGKILL when this share of the orders is through, 0 to 1 (0.5)"),
  kill: flag("kill", true, "kill a worker; --no-kill: none"),
  workers: whole("workers", "worker processes, 1 to 8 (2)"),
  partitions: whole("partitions", "shares of the SKUs, 1 to 64 (8)"),
  inFlight: whole("in-flight", "commands on their way at once (2000)"),
  json: flag("json", false, "print nothing but the verdict, as JSON"),
  keep: flag("keep", false, "keep the temporary folder: journals, logs, what every channel heard"),
}

type Given<Flags> = { readonly [Name in keyof Flags]: Flags[Name] extends Flag.Flag<infer Value> ? Value : never }
/** The flags as they were given. */
export type DemoFlags = Given<typeof demoFlags>

const bounded = (
  problems: Array<string>,
  option: string,
  given: number | null,
  range: readonly [number, number],
  fallback: number,
): number => {
  if (given === null) return fallback
  if (given < range[0] || given > range[1]) problems.push(`--${option}: expected ${range[0]} to ${range[1]}, not ${given}`)
  return given
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

const stockFrom = (problems: Array<string>, given: DemoFlags): StockSource => {
  const columns = columnsFrom(problems, "stock-columns", given.stockColumns, ["sku", "quantity", "location"] as const)
  if (given.stock !== null) {
    if (given.stockShare !== null) problems.push("--stock and --stock-share: give one of them")
    return { _tag: "File", path: given.stock, columns }
  }
  if (given.stockColumns !== null) problems.push("--stock-columns: only with --stock")
  const share = shareFromText(given.stockShare ?? "0.6")
  if (share === undefined) problems.push(`--stock-share: expected a share such as 0.6, 60% or 3/5, not "${given.stockShare}"`)
  return { _tag: "Share", ...(share ?? { num: 6, den: 10 }) }
}

/** Says which of `values` were given though they don't belong here. */
const misplaced = (problems: Array<string>, why: string, values: Readonly<Record<string, unknown>>): void => {
  for (const [option, value] of Object.entries(values)) if (value !== null) problems.push(`--${option}: ${why}`)
}

const sourceFrom = (problems: Array<string>, given: DemoFlags): DemoOptions["source"] => {
  const { seed, ordersCount, skus, seconds, orders, columns, dateFormat, stockShare, stock, stockColumns } = given
  if (orders === null) {
    const ofFiles = { columns, "date-format": dateFormat, "stock-share": stockShare, stock, "stock-columns": stockColumns }
    misplaced(problems, "only with --orders", ofFiles)
    return {
      _tag: "FlashSale",
      seed: seed ?? "1",
      skus: bounded(problems, "skus", skus, [1, 1_000_000], 100),
      orders: bounded(problems, "orders-count", ordersCount, [1, 10_000_000], 10_000),
      windowMs: bounded(problems, "seconds", seconds, [1, 86_400], 20) * 1_000,
    }
  }
  misplaced(problems, "not with --orders", { seed, "orders-count": ordersCount, skus, seconds })
  const names = ["invoice", "sku", "quantity", "date", "customer", "description"] as const
  return {
    _tag: "Orders",
    path: orders,
    columns: columnsFrom(problems, "columns", columns, names),
    dateFormat,
    stock: stockFrom(problems, given),
  }
}

const killFrom = (problems: Array<string>, { kill, killAt }: DemoFlags, workers: number): number | null => {
  if (!kill && killAt !== null) problems.push("--kill-at and --no-kill: give one of them")
  if (killAt !== null && workers === 1) problems.push("--kill-at: needs --workers 2 or more, so that another takes over")
  if (killAt !== null && !/^(?:0|1|0?\.\d{1,6}|1\.0{1,6})$/.test(killAt)) {
    problems.push(`--kill-at: expected a share from 0 to 1, such as 0.5, not "${killAt}"`)
  }
  return kill && workers > 1 ? Number(killAt ?? 0.5) : null
}

/** What the flags ask for, or what is wrong with them: each problem names the option and the remedy. */
export const demoOptions = (given: DemoFlags): DemoOptions | { readonly problems: ReadonlyArray<string> } => {
  const problems: Array<string> = []
  const workers = bounded(problems, "workers", given.workers, [1, 8], 2)
  const options: DemoOptions = {
    source: sourceFrom(problems, given),
    workers,
    killAt: killFrom(problems, given, workers),
    partitions: bounded(problems, "partitions", given.partitions, [1, 64], 8),
    inFlight: bounded(problems, "in-flight", given.inFlight, [1, 100_000], 2_000),
    json: given.json,
    keep: given.keep,
  }
  return problems.length > 0 ? { problems } : options
}
