/**
 * Turns the traffic of an order file, a reservation a line, into orders: each invoice is one PlaceOrder, paid by a ConfirmOrder; what its customer cancelled later are CancelOrders, one for each line of the
 * cancellation. What is no part of an order (returns without a sale, damage, counts) stays what it is.
 *
 * Every row of the file stays accounted for: the rows of sales and of their cancellations are told apart by what became of their order, which whoever plays it notes in {@link createOrderTally}.
 */
import { assert } from "../assert.ts"
import type { CommandId, SenderId } from "../domain/names.ts"
import type { OrderId } from "../domain/order/names.ts"
import type { OrderFill } from "../domain/order/order.ts"
import type { Reserve } from "../domain/sku/commands.ts"
import { orderLinesMax } from "../limits.ts"
import { type AnyPlayed, type Flow, orderSendOf, type PlannedSend, type SentOrder } from "./flows.ts"

/** How orders are placed. `minimum` is not for files: no row says a minimum. */
export type FileFill = Exclude<OrderFill, "minimum">

/** The lines of an invoice, and what of them was cancelled. */
interface Invoice {
  readonly name: string
  readonly actor: SenderId
  readonly first: PlannedSend
  readonly confirmMs: number
  readonly lines: Array<Reserve>
  readonly cancelled: Array<{ readonly at: PlannedSend; readonly sku: Reserve["sku"]; readonly qty: number }>
}

/** The invoice of a line's reservation: what stands before the number of the line. */
const invoiceOf = (reservation: string): string => reservation.slice(0, reservation.lastIndexOf("."))

/** Whether a send gives units of the flow's own sale back. */
const cancelledQtyOf = ({ command }: PlannedSend): number => {
  if (command.type === "Release") return command.qty ?? 0
  return command.type === "AdjustStock" && command.reason === "return" ? command.qty : 0
}

const addLine = (invoices: Map<string, Invoice>, flow: Flow, reserve: Reserve): void => {
  const [first] = flow.sends
  assert(first !== undefined, "a flow has a first command")
  const name = invoiceOf(reserve.reservation)
  const confirm = flow.sends.find(({ command }) => command.type === "Confirm")
  let invoice = invoices.get(name)
  if (invoice === undefined) {
    invoice = { name, actor: first.actor, first, confirmMs: confirm?.atMs ?? first.atMs, lines: [], cancelled: [] }
    invoices.set(name, invoice)
  }
  invoice.lines.push(reserve)
  for (const send of flow.sends) {
    const qty = cancelledQtyOf(send)
    if (qty > 0) invoice.cancelled.push({ at: send, sku: reserve.sku, qty })
  }
}

const orderFlow = ({ name, actor, first, confirmMs, lines, cancelled }: Invoice, fill: FileFill, holdMs: number): Flow<SentOrder> => {
  const base = (step: string, issuedAtMs: number) => ({ id: `${step}.${name}` as CommandId, order: name as OrderId, issuedAtMs })
  const given = lines.map(({ sku, qty }) => ({ sku, qty }))
  const sends = [
    orderSendOf(first, actor, { type: "PlaceOrder", ...base("place", first.atMs), fill, holdMs, lines: given }),
    orderSendOf({ atMs: confirmMs, order: first.order }, actor, { type: "ConfirmOrder", ...base("pay", confirmMs) }),
    ...cancelled.map(({ at, sku, qty }, i) =>
      orderSendOf({ atMs: Math.max(confirmMs, at.atMs), order: at.order }, actor, {
        type: "CancelOrder",
        ...base(`cancel${i + 1}`, at.atMs),
        reason: "cancelled",
        lines: [{ sku, qty }],
      }),
    ),
  ]
  return { name: `order ${name}`, ending: "paid", sends: sends.toSorted((a, b) => rank(a) - rank(b) || a.atMs - b.atMs) }
}

/** Placed, paid, and then cancelled in part: in this order, whatever the file's times say. */
const rank = ({ command }: PlannedSend<SentOrder>): number => ["PlaceOrder", "ConfirmOrder", "CancelOrder"].indexOf(command.type)

/** Lines of invoices with more lines than an order may have: they are not played. */
export interface TooLong {
  readonly invoices: number
  readonly lines: number
  readonly cancellations: number
}

/** The traffic of an order file, as orders. */
export interface WholeOrders {
  readonly flows: ReadonlyArray<Flow<AnyPlayed>>
  readonly orders: number
  readonly lines: number
  readonly cancellations: number
  readonly tooLong: TooLong
}

/** Makes orders of flows that begin with a Reserve each. */
export const wholeOrders = (flows: ReadonlyArray<Flow>, fill: FileFill, holdMs: number): WholeOrders => {
  const invoices = new Map<string, Invoice>()
  const others: Array<Flow<AnyPlayed>> = []
  for (const flow of flows) {
    const command = flow.sends[0]?.command
    if (command?.type === "Reserve") addLine(invoices, flow, command)
    else others.push(flow)
  }
  const all = [...invoices.values()]
  const fitting = all.filter(({ lines }) => lines.length <= orderLinesMax)
  const long = all.filter(({ lines }) => lines.length > orderLinesMax)
  const sum = (of: ReadonlyArray<Invoice>, count: (invoice: Invoice) => number) => of.reduce((total, invoice) => total + count(invoice), 0)
  return {
    flows: [...fitting.map((invoice) => orderFlow(invoice, fill, holdMs)), ...others],
    orders: fitting.length,
    lines: sum(fitting, ({ lines }) => lines.length),
    cancellations: sum(fitting, ({ cancelled }) => cancelled.length),
    tooLong: {
      invoices: long.length,
      lines: sum(long, ({ lines }) => lines.length),
      cancellations: sum(long, ({ cancelled }) => cancelled.length),
    },
  }
}

/** What came of orders that were played. Orders, unless a name says otherwise. */
export interface OrderOutcomes {
  readonly placed: number
  readonly held: number
  readonly refused: number
  readonly unanswered: number
  readonly confirmed: number
  readonly expired: number
  /** Rows of the file: a line each. */
  readonly linesHeld: number
  readonly linesRefused: number
  readonly linesUnanswered: number
  /** Cancellations that were answered, refused (nothing was open any more), and not asked for, because the order came to nothing. */
  readonly cancelled: number
  readonly cancelRefused: number
  readonly cancelUnasked: number
}

/** Notes what is answered to commands about orders. */
export const createOrderTally = () => {
  const counts = {
    placed: 0,
    held: 0,
    refused: 0,
    unanswered: 0,
    confirmed: 0,
    expired: 0,
    linesHeld: 0,
    linesRefused: 0,
    linesUnanswered: 0,
    cancelled: 0,
    cancelRefused: 0,
  }
  const placed = (lines: number, outcome: string): void => {
    counts.placed += 1
    if (outcome === "accepted") {
      counts.held += 1
      counts.linesHeld += lines
    } else if (outcome === "refused") {
      counts.refused += 1
      counts.linesRefused += lines
    } else {
      counts.unanswered += 1
      counts.linesUnanswered += lines
    }
  }
  return {
    answered: (command: AnyPlayed, outcome: string, reason: string | undefined): void => {
      if (command.type === "PlaceOrder") placed(command.lines.length, outcome)
      if (command.type === "ConfirmOrder" && outcome === "accepted") counts.confirmed += 1
      if (command.type === "ConfirmOrder" && reason === "OrderExpired") counts.expired += 1
      if (command.type === "CancelOrder") counts[outcome === "accepted" ? "cancelled" : "cancelRefused"] += 1
    },
    /** `cancellations`: those that were planned. */
    finish: (cancellations: number): OrderOutcomes => ({
      ...counts,
      cancelUnasked: Math.max(0, cancellations - counts.cancelled - counts.cancelRefused),
    }),
  }
}
/** What came of orders, as it is noted. */
export type OrderTally = ReturnType<typeof createOrderTally>
