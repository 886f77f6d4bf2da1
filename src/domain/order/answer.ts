/**
 * The one answer a channel gets to each command about an order: the order's, and for each line what is held, what was given back, what is to be refunded, and why there is less than was asked for.
 *
 * An answer stands in the event that gives it, so that it is the same whenever it is asked for again, whatever became of the order since.
 */
import type { LineTold, RefusalReason } from "../refusals.ts"
import type { OrderAnswer } from "./fields.ts"
import { lineOf, type Order, type OrderLine, openQtyOfLine, type Waiting } from "./order.ts"

const told = (line: OrderLine, qty: number, refundQty: number): LineTold => ({
  sku: line.sku,
  qty,
  ...(refundQty > 0 ? { refundQty } : {}),
  ...(line.refusal ?? {}),
})

/** Units of a line that reached its customer or still will. */
const keptQty = (line: OrderLine): number => openQtyOfLine(line) + line.fulfilledQty

/** What is told of one line to a command of this type. */
const lineTold = (order: Order, type: Waiting["type"], line: OrderLine, refused: boolean): LineTold => {
  switch (type) {
    case "PlaceOrder":
      return told(line, refused ? line.reservedQty : keptQty(line), 0)
    case "ConfirmOrder":
      return told(line, keptQty(line), line.lostQty)
    case "CancelOrder":
      return told(line, line.cancelledQty, order.phase === "confirmed" ? line.cancelledQty : 0)
  }
}

/** The answer to the command that waits. */
export const answerOf = (order: Order, waiting: Waiting, refusal?: { readonly reason: RefusalReason }): OrderAnswer => {
  const lines: Array<LineTold> = []
  for (const sku of waiting.skus) {
    const line = lineOf(order, sku)
    if (line !== undefined) lines.push(lineTold(order, waiting.type, line, refusal !== undefined))
  }
  return { id: waiting.id, ...(refusal === undefined ? {} : { refusal }), lines }
}

/** What whoever confirms an expired order has to give back: all that was promised until then, and has not left. */
export const refundsOf = (order: Order): ReadonlyArray<LineTold> =>
  order.lines.flatMap((line) => {
    const refundQty = order.phase === "ended" ? line.refundQty : openQtyOfLine(line) + line.lostQty
    return refundQty > 0 ? [{ sku: line.sku, qty: 0, refundQty }] : []
  })
