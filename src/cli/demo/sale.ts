/**
 * Makes what the demo plays from what it was asked for: a flash sale from a seed, or the orders of a file. Reads the files; what their rows
 * mean is decided in workload/.
 */
import * as Effect from "effect/Effect"
import type { LocationId, SenderId } from "../../domain/names.ts"
import type { SenderAccess } from "../../domain/roles.ts"
import { counted, grouped, shown } from "../../domain/telling.ts"
import { flashOrders } from "../../workload/flash-orders.ts"
import { flashSale } from "../../workload/flash-sale.ts"
import type { AnyPlayed, Flow, Traffic } from "../../workload/flows.ts"
import { importLines } from "../../workload/import-report.ts"
import { planOf, readSource } from "../../workload/importer.ts"
import type { OrderReport } from "../../workload/orders.ts"
import { type WholeOrders, wholeOrders } from "../../workload/whole-orders.ts"
import { CommandFailed, exitCode } from "../exit-codes.ts"
import type { FlashSource, OrdersSource } from "./options.ts"

/** Who plays: one process each, with credentials of its own. */
export type DemoSender = SenderAccess

/** Orders that are to be played. */
export interface PlannedOrders extends Pick<WholeOrders, "orders" | "lines" | "cancellations"> {
  /** Rows of invoices that are longer than an order may be; null: there is no file. */
  readonly tooLong: WholeOrders["tooLong"] | null
}

/** Something to play. */
export interface DemoSale {
  readonly title: string
  readonly traffic: Traffic<AnyPlayed>
  readonly actors: ReadonlyArray<DemoSender>
  /** The SKU that is asked for most. */
  readonly hotSku: string
  /** Whether to play at the traffic's own pace, or as fast as answers come. */
  readonly realTime: boolean
  /** Milliseconds that the sale is meant to take at its own pace; null: it has none. */
  readonly meantMs: number | null
  /** Milliseconds after the last order until the holds that nobody pays have ended; null: they are longer than anybody waits. */
  readonly holdsEndMs: number | null
  /** What is made of orders, to be completed by what becomes of them; null: nothing is ordered but by single lines. */
  readonly orders: PlannedOrders | null
  /** What became of each row, if there was a file. */
  readonly rows: OrderReport | null
  /** What of the file was used, guessed and ignored, to be read before anything plays. */
  readonly reading: ReadonlyArray<string>
}

const warehouse = "warehouse" as SenderId
const planner = "planner" as SenderId

/** Who sells orders of a file, and how much of them, in the order of priority. */
const fileChannels: ReadonlyArray<{ readonly sender: SenderId; readonly weight: number }> = [
  { sender: "web" as SenderId, weight: 60 },
  { sender: "marketplace" as SenderId, weight: 20 },
  { sender: "pos" as SenderId, weight: 12 },
  { sender: "wholesale" as SenderId, weight: 8 },
]

const actorsFor = (channels: ReadonlyArray<{ readonly sender: SenderId }>): ReadonlyArray<DemoSender> => [
  ...channels.map(({ sender }): DemoSender => ({ sender, roles: ["channel"] })),
  { sender: warehouse, roles: ["warehouse"] },
  { sender: planner, roles: ["merchandiser"] },
]

const shortHoldMs = 1_500
/** How many things are played, in the words of headline, progress and verdict: each is an order with all that follows from it, or a fact of the warehouse by itself. */
export const countedFlows = (flows: number): string => counted(flows, "order or fact", "orders and facts")

/** A flash sale has one order of several lines beside so many single ones. */
const flashOrderShare = 20

const flashSaleOf = ({ seed, skus, orders, windowMs }: FlashSource): DemoSale => {
  const sale = flashSale({ seed, skus, orders, windowMs, shortHoldMs, warehouse, planner })
  const beside = flashOrders(sale.flows, { seed, count: Math.ceil(orders / flashOrderShare), shortHoldMs })
  const lines = beside.reduce((sum, { sends }) => sum + (sends[0]?.command.type === "PlaceOrder" ? sends[0].command.lines.length : 0), 0)
  const facts = sale.flows.length - orders
  const parts = `${grouped(orders)} of one line, ${grouped(beside.length)} of several, ${counted(facts, "fact")} of the warehouse`
  const cancellations = beside.filter(({ ending }) => ending === "cancelled").length
  return {
    title: `flash sale from seed ${seed}: ${countedFlows(sale.flows.length + beside.length)} (${parts}) of ${counted(skus, "SKU")} in ${windowMs / 1_000} s`,
    traffic: { setup: sale.setup, flows: [...sale.flows, ...beside] },
    orders: { orders: beside.length, lines, cancellations, tooLong: null },
    actors: actorsFor(sale.channels),
    hotSku: sale.hotSku,
    realTime: true,
    meantMs: windowMs,
    holdsEndMs: shortHoldMs,
    rows: null,
    reading: [],
  }
}

const mostWanted = (flows: ReadonlyArray<Flow>): string => {
  const qtyBySku = new Map<string, number>()
  let most = { sku: "", qty: 0 }
  for (const flow of flows) {
    const command = flow.sends[0]?.command
    if (command?.type !== "Reserve") continue
    const qty = (qtyBySku.get(command.sku) ?? 0) + command.qty
    qtyBySku.set(command.sku, qty)
    if (qty > most.qty) most = { sku: command.sku, qty }
  }
  return most.sku
}

/** Milliseconds an order of a file is held until it is paid. */
const fileHoldMs = 15 * 60_000

/** Of a path in a title. */
const pathCharsMax = 200

const unusable = (message: string) => new CommandFailed({ code: exitCode.usage, message })

const ordersOf = Effect.fnUntraced(function* (asked: OrdersSource) {
  const source = readSource(asked)
  if (source._tag === "Refused") return yield* unusable(source.message)
  const plan = planOf(source, { channels: fileChannels, warehouse, planner, location: "main" as LocationId })
  if (plan._tag === "Refused") return yield* unusable(plan.message)
  const whole = asked.fill === null ? null : wholeOrders(plan.flows, asked.fill, fileHoldMs)
  const what =
    whole === null
      ? counted(plan.totals.orderLines, "sale")
      : `${counted(whole.orders, "order")} of ${counted(whole.lines, "line")}, ${asked.fill},`
  const flows = whole?.flows ?? plan.flows
  const sale: DemoSale = {
    title: `${shown(asked.path, pathCharsMax)}: ${counted(plan.report.rows, "row")}, ${what} of ${counted(plan.totals.skus, "SKU")}; ${countedFlows(flows.length)} as fast as they go`,
    traffic: { setup: plan.setup, flows },
    orders: whole,
    actors: actorsFor(fileChannels),
    hotSku: mostWanted(plan.flows),
    realTime: false,
    meantMs: null,
    holdsEndMs: null,
    rows: plan.report,
    reading: importLines(source, plan),
  }
  return sale
})

/** Reads or invents the sale. Fails where a file can't be used. */
export const saleOf = (source: FlashSource | OrdersSource): Effect.Effect<DemoSale, CommandFailed> =>
  source._tag === "FlashSale" ? Effect.sync(() => flashSaleOf(source)) : ordersOf(source)
