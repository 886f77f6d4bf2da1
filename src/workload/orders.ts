/**
 * Turns an order file into traffic: stock and policies first, then what each line of each invoice does to stock, in the time of the file.
 *
 * A sale is reserved, confirmed and later shipped. A cancellation gives units of an earlier sale back: as a release while they are not shipped, as a return
 * afterwards, or when no such sale is in the file. What is taken off without a cancellation is an adjustment. Every row of the file is in exactly
 * one part of the report.
 */
import { assert } from "../assert.ts"
import type { CommandId, EpochMs, LocationId, ReservationId, SenderId, Sku } from "../domain/names.ts"
import { lookAlikesOf } from "../domain/sku/clear-sku.ts"
import { plainLine } from "../domain/sku/policy.ts"
import { counted, grouped, shownName } from "../domain/telling.ts"
import { holdMsMax, qtyMax } from "../limits.ts"
import type { StockColumn } from "./file-columns.ts"
import { type FileFault, fault } from "./file-fault.ts"
import type { Flow, PlannedSend, Traffic } from "./flows.ts"
import { sendOf } from "./flows.ts"
import type { FileOrderLine, FileReading, OrderFileOptions, OrderLines, RejectedRow } from "./order-lines.ts"
import { cancelledAtDate, readOrderLines } from "./order-lines.ts"
import type { WeightedChoice } from "./popularity.ts"
import { drawPlace, weightedChoice } from "./popularity.ts"
import { prngFromSeed } from "./prng.ts"
import type { Share, StockLevel, StockLevels } from "./stock-levels.ts"
import { readStockLevels, shareOf } from "./stock-levels.ts"

/** Where the initial stock comes from. */
export type InitialStock =
  /** Each SKU starts with this share of the units sold in the file, rounded up, at the default location. */
  | ({ readonly _tag: "Share" } & Share)
  | { readonly _tag: "File"; readonly text: string; readonly columns?: Readonly<Partial<Record<StockColumn, string>>> }

/** How an order file becomes traffic. */
export interface OrderPlanOptions extends OrderFileOptions {
  readonly stock: InitialStock
  /** Who sells: each invoice belongs to one of them by its number alone, as often as `weight` says. In the order of their priority. At least one. */
  readonly channels: ReadonlyArray<{ readonly sender: SenderId; readonly weight: number }>
  /** Sends the facts of stock. `warehouse` unless given. */
  readonly warehouse?: SenderId
  /** Sends the policies. `planner` unless given. */
  readonly planner?: SenderId
  /** Where stock is that no stock file places. `main` unless given. */
  readonly location?: LocationId
  /** Milliseconds a sale is held while it is paid: 15 minutes unless given. In the player's time, not the file's. */
  readonly holdMs?: number
  /** Milliseconds in the file's time from sale to payment: 0 unless given. */
  readonly confirmDelayMs?: number
  /** Milliseconds in the file's time from sale to shipment: one day unless given. More than `confirmDelayMs`. */
  readonly shippingDelayMs?: number
}

/** Where each row of the file went. {@link accountedRows} adds the parts up, and gives `rows`. */
export interface OrderReport {
  /** How the file was read. */
  readonly reading: FileReading
  readonly rows: number
  /** Rows that are an order line, or the first row of one. */
  readonly sales: number
  readonly cancellations: { readonly released: number; readonly returned: number }
  /** Rows whose units were added to an earlier row of the same invoice and SKU. */
  readonly mergedDuplicates: number
  /** Rows that are equal in every column to an earlier one: added too, or left out. */
  readonly equalRows: number
  readonly dropsEqualRows: boolean
  readonly notGoods: { readonly rows: number; readonly byCode: Readonly<Record<string, number>> }
  /** Of orders that were cancelled, voided, refunded or failed; why, and their units. */
  readonly notSold: { readonly rows: number; readonly qty: number; readonly by: Readonly<Record<string, number>> }
  /** Rows that are played, by the status they have. */
  readonly statuses: OrderLines["statuses"]
  /** Rows that are played although something that is no date stands where that of their cancellation would. */
  readonly unclearCancelled: OrderLines["unclearCancelled"]
  /** Below zero without being a cancellation: damage and counts. */
  readonly adjustments: number
  readonly rejected: ReadonlyArray<RejectedRow>
  /** Of the rows played: those without a customer. */
  readonly blankCustomers: number
  /** Of the cancellations returned: those whose sale isn't in the file. */
  readonly cancellationsWithoutSale: number
  /** SKUs that differ only by case, width or white space: each its own SKU. */
  readonly lookAlikes: ReadonlyArray<ReadonlyArray<Sku>>
  /** How the stock file was read, if there was one. */
  readonly stockFile: StockLevels | null
  /** SKUs sold that start without stock. */
  readonly skusWithoutStock: number
}

/** What the plan amounts to, whatever is decided. Units. */
export interface OrderTotals {
  readonly skus: number
  readonly orderLines: number
  readonly receivedQty: number
  readonly demandQty: number
  /** Ordered and cancelled, by a column of their row: they are in no other sum. */
  readonly cancelledQty: number
  /** Cancelled before they were shipped, after, and without their sale. */
  readonly releasedQty: number
  readonly returnedQty: number
  readonly returnedWithoutSaleQty: number
  readonly writtenOffQty: number
}

/** The traffic that an order file makes, and what became of its rows. */
export interface OrderPlan extends Traffic {
  readonly _tag: "OrderPlan"
  readonly report: OrderReport
  readonly totals: OrderTotals
}

type FullOrderOptions = Required<Omit<OrderPlanOptions, keyof OrderFileOptions | "stock">>

const settled = (options: OrderPlanOptions): FullOrderOptions => {
  const chosen = {
    channels: options.channels,
    warehouse: options.warehouse ?? ("warehouse" as SenderId),
    planner: options.planner ?? ("planner" as SenderId),
    location: options.location ?? ("main" as LocationId),
    holdMs: options.holdMs ?? 15 * 60_000,
    confirmDelayMs: options.confirmDelayMs ?? 0,
    shippingDelayMs: options.shippingDelayMs ?? 24 * 3_600_000,
  }
  assert(chosen.channels.length > 0, "at least one channel sells")
  assert(chosen.holdMs >= 1 && chosen.holdMs <= holdMsMax, "a hold is as long as a command may ask for")
  assert(chosen.confirmDelayMs >= 0 && chosen.confirmDelayMs < chosen.shippingDelayMs, "a sale is paid before it is shipped")
  return chosen
}

/** A line in the file's time, with its place there and an id of its own. */
interface Placed extends FileOrderLine {
  readonly order: number
  readonly key: string
}

/** A sale and the cancellations that take units of it back. */
interface SaleLine {
  readonly line: Placed
  openQty: number
  readonly cancellations: Array<Placed>
}

const plainInvoice = /^[A-Za-z0-9_-]{1,40}$/

/**
 * The lines by time, those of one time as in the file. A key is unique and fits an id: invoice and number of the line in it; an invoice that is no id, or a
 * long one, is named by its place, which can't look like an invoice because of the colon.
 */
const placed = (lines: ReadonlyArray<FileOrderLine>): ReadonlyArray<Placed> => {
  const invoices = new Map<string, { readonly name: string; lines: number }>()
  const keyed = lines.map((line) => {
    const invoice = invoices.get(line.invoice) ?? {
      name: plainInvoice.test(line.invoice) ? line.invoice : `:${invoices.size + 1}`,
      lines: 0,
    }
    invoices.set(line.invoice, invoice)
    invoice.lines += 1
    return { line, key: `${invoice.name}.${invoice.lines}` }
  })
  keyed.sort((a, b) => a.line.atMs - b.line.atMs || a.line.row - b.line.row)
  return keyed.map(({ line, key }, order) => ({ ...line, order, key }))
}

/** Gives each cancellation the latest earlier sale of its customer and SKU that has enough units left. An unknown customer is the invoice's. */
const matched = (lines: ReadonlyArray<Placed>): { readonly sales: ReadonlyArray<SaleLine>; readonly alone: ReadonlyArray<Placed> } => {
  const sales: Array<SaleLine> = []
  const alone: Array<Placed> = []
  const byBuyer = new Map<string, Array<SaleLine>>()
  for (const line of lines) {
    const buyer = line.customer === null ? `${line.sku}\nof ${line.invoice}` : `${line.sku}\n${line.customer}`
    const earlier = byBuyer.get(buyer)
    if (line.kind === "sale") {
      const sale = { line, openQty: line.qty - line.returnedQty, cancellations: [] }
      sales.push(sale)
      if (earlier !== undefined) earlier.push(sale)
      else byBuyer.set(buyer, [sale])
    } else {
      const sale = line.kind === "cancellation" ? earlier?.findLast((candidate) => candidate.openQty >= line.qty) : undefined
      if (sale === undefined) alone.push(line)
      else {
        sale.openQty -= line.qty
        sale.cancellations.push(line)
      }
    }
  }
  return { sales, alone }
}

const commandBase = (kind: string, line: Placed, sku: Sku, atMs: EpochMs) => ({
  id: `${kind}.${line.key}` as CommandId,
  sku,
  issuedAtMs: atMs,
})

const returnSend = (line: Placed, location: LocationId, actor: SenderId): PlannedSend =>
  sendOf(line, actor, {
    type: "AdjustStock",
    ...commandBase("return", line, line.sku, line.atMs),
    location,
    qty: line.qty,
    reason: "return",
    reference: line.key,
  })

/** Whether the sale was already shipped when it was cancelled. */
const isShipped = (sale: SaleLine, cancellation: Placed, options: FullOrderOptions): boolean =>
  cancellation.atMs >= sale.line.atMs + options.shippingDelayMs

const saleFlow = (sale: SaleLine, location: LocationId, channel: SenderId, options: FullOrderOptions): Flow => {
  const { line } = sale
  const reservation = line.key as ReservationId
  const confirmMs = line.atMs + options.confirmDelayMs
  const shipMs = line.atMs + options.shippingDelayMs
  const releases = sale.cancellations.filter((cancellation) => !isShipped(sale, cancellation, options))
  const returns = sale.cancellations.filter((cancellation) => isShipped(sale, cancellation, options))
  const releasedBy = (beforeMs: EpochMs) => releases.reduce((sum, release) => sum + (release.atMs < beforeMs ? release.qty : 0), 0)
  const base = (kind: string, atMs: EpochMs) => commandBase(kind, line, line.sku, atMs)
  const sends: Array<PlannedSend> = [
    sendOf(line, channel, { type: "Reserve", ...base("reserve", line.atMs), reservation, qty: line.qty, holdMs: options.holdMs }),
  ]
  if (releasedBy(confirmMs) < line.qty) {
    sends.push(sendOf({ atMs: confirmMs, order: line.order }, channel, { type: "Confirm", ...base("confirm", confirmMs), reservation }))
  }
  for (const release of releases) {
    const asked = commandBase("release", release, line.sku, release.atMs)
    sends.push(sendOf(release, channel, { type: "Release", ...asked, reservation, qty: release.qty, reason: "cancelled" }))
  }
  const shippedQty = line.qty - releasedBy(shipMs)
  if (shippedQty > 0) {
    const shipped = { type: "Fulfil", ...base("fulfil", shipMs), channel, reservation, location, qty: shippedQty } as const
    sends.push(sendOf({ atMs: shipMs, order: line.order }, options.warehouse, shipped))
  }
  for (const returned of returns) sends.push(returnSend(returned, location, options.warehouse))
  // The file doesn't say when the units came back; they are taken to come back right after they left.
  if (line.returnedQty > 0) sends.push(returnSend({ ...line, qty: line.returnedQty, atMs: shipMs }, location, options.warehouse))
  sends.sort((a, b) => a.atMs - b.atMs || a.order - b.order)
  return { name: line.key, ending: shippedQty > 0 ? "paid" : "cancelled", sends }
}

/** A cancellation without its sale, or a write-off: one fact of the warehouse. */
const factFlow = (line: Placed, location: LocationId, options: FullOrderOptions): Flow => {
  if (line.kind === "cancellation") return { name: line.key, ending: "fact", sends: [returnSend(line, location, options.warehouse)] }
  const send = sendOf(line, options.warehouse, {
    type: "AdjustStock",
    ...commandBase("adjust", line, line.sku, line.atMs),
    location,
    qty: -line.qty,
    reason: line.damaged ? "damage" : "count",
    reference: line.key,
  })
  return { name: line.key, ending: "fact", sends: [send] }
}

/** Stock and policy of every SKU, at the time of the first line. What is more than one command may move arrives in several. */
const setupSends = (
  skus: Iterable<Sku>,
  levels: ReadonlyArray<StockLevel>,
  atMs: EpochMs,
  options: FullOrderOptions,
): ReadonlyArray<PlannedSend> => {
  const at = { atMs, order: -1 }
  const sends: Array<PlannedSend> = []
  for (const { sku, location, qty } of levels) {
    for (let left = qty; left > 0; left -= qtyMax) {
      const id = `receive.${sends.length + 1}` as CommandId
      sends.push(
        sendOf(at, options.warehouse, {
          type: "ReceiveStock",
          id,
          sku,
          issuedAtMs: atMs,
          location,
          qty: Math.min(left, qtyMax),
          reference: "initial",
        }),
      )
    }
  }
  const channels = options.channels.map(({ sender }, priority) => plainLine(sender, priority))
  const policy = { version: 1, channels, safety: [], sourcing: [] }
  for (const sku of skus)
    sends.push(sendOf(at, options.planner, { type: "SetPolicy", id: "policy.1" as CommandId, sku, issuedAtMs: atMs, policy }))
  return sends
}

const demandBySku = (sales: ReadonlyArray<SaleLine>): Map<Sku, number> => {
  const demand = new Map<Sku, number>()
  for (const { line } of sales) demand.set(line.sku, (demand.get(line.sku) ?? 0) + line.qty)
  return demand
}

const qtyOf = (lines: ReadonlyArray<{ readonly qty: number }>): number => lines.reduce((sum, line) => sum + line.qty, 0)

interface Composed {
  readonly read: OrderLines
  readonly sales: ReadonlyArray<SaleLine>
  readonly alone: ReadonlyArray<Placed>
  readonly levels: ReadonlyArray<StockLevel>
  readonly stockFile: StockLevels | null
  readonly skus: ReadonlySet<Sku>
  readonly demand: ReadonlyMap<Sku, number>
  readonly dropsEqualRows: boolean
}

const reportOf = (composed: Composed, options: FullOrderOptions): { readonly report: OrderReport; readonly totals: OrderTotals } => {
  const { read, sales, alone, levels } = composed
  const cancelled = sales.flatMap((sale) =>
    sale.cancellations.map((line) => ({ line, qty: line.qty, shipped: isShipped(sale, line, options) })),
  )
  const released = cancelled.filter(({ shipped }) => !shipped)
  const returned = cancelled.filter(({ shipped }) => shipped)
  const withoutSale = alone.filter((line) => line.kind === "cancellation")
  const writtenOff = alone.filter((line) => line.kind === "writeOff")
  const stocked = new Set(levels.flatMap((level) => (level.qty > 0 ? [level.sku] : [])))
  const report: OrderReport = {
    reading: read.reading,
    rows: read.rows,
    sales: sales.length,
    cancellations: { released: released.length, returned: returned.length + withoutSale.length },
    mergedDuplicates: read.mergedRows,
    equalRows: read.equalRows,
    dropsEqualRows: composed.dropsEqualRows,
    notSold: { rows: read.notSoldRows, qty: read.notSoldQty, by: read.notSoldBy },
    statuses: read.statuses,
    unclearCancelled: read.unclearCancelled,
    notGoods: { rows: read.notGoodsRows, byCode: read.notGoodsByCode },
    adjustments: writtenOff.length,
    rejected: read.rejected,
    blankCustomers: read.blankCustomerRows,
    cancellationsWithoutSale: withoutSale.length,
    lookAlikes: lookAlikesOf(composed.skus),
    stockFile: composed.stockFile,
    skusWithoutStock: [...composed.demand.keys()].filter((sku) => !stocked.has(sku)).length,
  }
  const totals: OrderTotals = {
    skus: composed.skus.size,
    orderLines: sales.length,
    receivedQty: qtyOf(levels),
    demandQty: qtyOf(sales.map((sale) => sale.line)),
    releasedQty: qtyOf(released),
    cancelledQty: read.cancelledQty,
    returnedQty: qtyOf(returned) + sales.reduce((sum, { line }) => sum + line.returnedQty, 0),
    returnedWithoutSaleQty: qtyOf(withoutSale),
    writtenOffQty: qtyOf(writtenOff),
  }
  return { report, totals }
}

/** The rows of a report, added up from its parts: always `report.rows`. */
export const accountedRows = (report: OrderReport): number =>
  report.sales +
  report.cancellations.released +
  report.cancellations.returned +
  report.mergedDuplicates +
  report.equalRows +
  report.notSold.rows +
  report.notGoods.rows +
  report.adjustments +
  report.rejected.length

interface ReasonCount<Row> {
  readonly reason: string
  readonly rows: number
  readonly firsts: ReadonlyArray<Row>
}

/** How many rows there are of each reason, the most frequent first, with the first of each. */
export const reasonsOf = <Row extends { readonly reason: string }>(rejected: ReadonlyArray<Row>): ReadonlyArray<ReasonCount<Row>> => {
  const reasons = new Map<string, { reason: string; rows: number; firsts: Array<Row> }>()
  for (const row of rejected) {
    const known: { reason: string; rows: number; firsts: Array<Row> } = reasons.get(row.reason) ?? {
      reason: row.reason,
      rows: 0,
      firsts: [],
    }
    known.rows += 1
    if (known.firsts.length < firstsMax) known.firsts.push(row)
    reasons.set(row.reason, known)
  }
  return [...reasons.values()].sort((a, b) => b.rows - a.rows)
}

/** Rows that are shown of each reason. */
const firstsMax = 3

/** The column that a reason is about, or what else of the file it is: what helps against it depends on that. */
export const columnOfReason: Readonly<Record<string, string>> = {
  NoInvoice: "invoice",
  NoSku: "sku",
  DamagedText: "encoding",
  SkuFromSpreadsheet: "spreadsheet",
  InvalidSku: "sku",
  UnclearSku: "sku",
  InvalidQuantity: "quantity",
  UnclearQuantity: "decimalMark",
  ZeroQuantity: "quantity",
  NegativeQuantity: "quantity",
  QuantityTooLarge: "quantity",
  QuantitiesDisagree: "quantity",
  InvalidDate: "date",
}

/** No row can be used: what is the matter with most, and what else became of them. */
const noneUsable = (
  what: string,
  rows: number,
  rejected: ReadonlyArray<{ readonly line: number; readonly reason: string; readonly value: string }>,
  others: ReadonlyArray<Other>,
): FileFault => {
  const reasons = reasonsOf(rejected)
  const parts = reasons.map(({ reason, rows: count, firsts }) => {
    const values = [...new Set(firsts.map(({ value }) => value))].filter((value) => value !== "")
    const seen = values.length === 0 ? "" : `: ${values.join(", ")}`
    return `${grouped(count)} ${reason}, the first in line ${firsts[0]?.line}${seen}`
  })
  for (const { rows: count, what: name } of others) if (count > 0) parts.push(`${grouped(count)} ${name}`)
  const why = rows === 0 ? "below the header there is no row" : `of ${counted(rows, "row")}, ${parts.join("; ")}`
  // What helps most rows is advised; of what is rejected and what was read as something else, the former where both are as many.
  const most = Math.max(...others.map((other) => other.rows))
  const first = reasons[0]
  const column =
    first !== undefined && first.rows >= most ? columnOfReason[first.reason] : others.find((other) => other.rows === most)?.column
  return fault("NoUsableRow", `there is ${what} in it: ${why}`, rows === 0 ? "nothing" : (column ?? null))
}

/** Rows that were read, but are none of what was looked for, and the column that says so. */
interface Other {
  readonly rows: number
  readonly what: string
  readonly column: string
}

/** The most frequent of some words, in quotes where a file wrote them. */
const wordsSeen = (counts: Readonly<Record<string, number>>): string => {
  const words = Object.entries(counts).sort(([, a], [, b]) => b - a)
  const seen = words.slice(0, firstsMax).map(([word]) => shownName(word))
  return seen.length === 0 ? "" : ` (${seen.join(", ")}${words.length > firstsMax ? ", ..." : ""})`
}

const othersOf = (read: OrderLines, others: number): ReadonlyArray<Other> => {
  const isByDate = (read.notSoldBy[cancelledAtDate] ?? 0) * 2 > read.notSoldRows
  return [
    { rows: read.notSoldRows, what: `not sold${wordsSeen(read.notSoldBy)}`, column: isByDate ? "cancelledAt" : "status" },
    { rows: read.notGoodsRows, what: `no goods${wordsSeen(read.notGoodsByCode)}`, column: "noGoods" },
    { rows: others, what: "given back or written off", column: "sign" },
  ]
}

/** Plans an order file. The same texts and options give the same plan. A file that can't be read as a whole is a {@link FileFault}, the stock file's included. */
export const planOrders = (text: string, given: OrderPlanOptions): OrderPlan | FileFault => {
  const options = settled(given)
  const read = readOrderLines(text, given)
  if (read._tag === "FileFault") return read
  const { stock } = given
  const { decimalMark } = given
  const stockOptions = {
    ...(decimalMark === undefined ? {} : { decimalMark }),
    ...(stock._tag === "File" ? { columns: stock.columns ?? {} } : {}),
  }
  const stockFile = stock._tag === "File" ? readStockLevels(stock.text, options.location, stockOptions) : null
  if (stockFile?._tag === "FileFault") return { ...stockFile, of: "stock" }
  if (stockFile !== null && stockFile.levels.length === 0) {
    const notStocked = [{ rows: stockFile.notStockedRows, what: "not stocked", column: "quantity" }]
    return { ...noneUsable("no stock", stockFile.rows, stockFile.rejected, notStocked), of: "stock" }
  }
  const lines = placed(read.lines)
  const { sales, alone } = matched(lines)
  if (sales.length === 0) {
    return noneUsable("no order", read.rows, read.rejected, othersOf(read, lines.length))
  }
  const demand = demandBySku(sales)
  const levels =
    stock._tag === "Share"
      ? [...demand].map(([sku, qty]): StockLevel => ({ sku, location: options.location, qty: shareOf(qty, stock) }))
      : (stockFile?.levels ?? [])
  const skus = new Set([...lines.map((line) => line.sku), ...levels.map((level) => level.sku)])
  const locations = new Map(levels.toReversed().map((level) => [level.sku, level.location]))
  const locationOf = (sku: Sku): LocationId => locations.get(sku) ?? options.location
  const choice: WeightedChoice = weightedChoice(options.channels.map((channel) => channel.weight))
  const channelOf = (line: Placed): SenderId =>
    (options.channels[drawPlace(choice, prngFromSeed(`channel of ${line.invoice}`))] as { readonly sender: SenderId }).sender
  const flows = [
    ...sales.map((sale) => saleFlow(sale, locationOf(sale.line.sku), channelOf(sale.line), options)),
    ...alone.map((line) => factFlow(line, locationOf(line.sku), options)),
  ].sort((a, b) => (a.sends[0]?.order ?? 0) - (b.sends[0]?.order ?? 0))
  const composed = { read, sales, alone, levels, stockFile, skus, demand, dropsEqualRows: given.dropsEqualRows === true }
  const plan: OrderPlan = {
    _tag: "OrderPlan",
    setup: setupSends(skus, levels, lines[0]?.atMs ?? 0, options),
    flows,
    ...reportOf(composed, options),
  }
  assert(accountedRows(plan.report) === plan.report.rows, "every row of the file is in one part of the report")
  return plan
}
