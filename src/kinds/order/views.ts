/**
 * What may be read of a partition of orders from outside, beside what may be read of any partition (engine/views.ts): for questions. Reads only.
 *
 * While an append is in flight the state already contains it. What is read here is therefore as of `appliedSeq`, and may be said only once that record is confirmed, by the same owner.
 */
import type { SenderId } from "../../domain/names.ts"
import { orderIn } from "../../domain/order/book.ts"
import { type OrderId, orderBook } from "../../domain/order/names.ts"
import { type OrderLine, openQtyOfLine } from "../../domain/order/order.ts"
import { holdsKey } from "../../engine/views.ts"
import type { OrderPartition } from "./types.ts"

/** A line as it stands. What is nothing is left out. */
const lineView = (line: OrderLine) => {
  const { sku, qty, minQty, isConfirmed, asked, releasedQty, fulfilledQty, lostQty, beyondQty, refusal } = line
  return {
    sku,
    qty,
    ...(minQty === qty ? {} : { minQty }),
    openQty: Math.max(0, openQtyOfLine(line)),
    ...(isConfirmed ? { confirmed: true as const } : {}),
    ...(releasedQty > 0 ? { releasedQty } : {}),
    ...(fulfilledQty > 0 ? { fulfilledQty } : {}),
    ...(lostQty > 0 ? { lostQty } : {}),
    ...(beyondQty > 0 ? { beyondQty } : {}),
    ...(asked === null ? {} : { asked: asked.type }),
    ...(refusal ?? {}),
  }
}

/** Whether this is the partition of the book that the order falls into, known or not. */
export const holdsOrder = (partition: Parameters<typeof holdsKey>[0], channel: SenderId, id: OrderId): boolean =>
  holdsKey(partition, orderBook(channel, id))

/** A channel's order as it stands, or undefined if there is none, or it ended so long ago that it is no longer kept. */
export const orderView = (partition: OrderPartition, channel: SenderId, id: OrderId) => {
  const book = partition.actors.get(orderBook(channel, id))?.state
  const order = book === undefined ? undefined : orderIn(book, channel, id)
  if (order === undefined) return undefined
  const { phase, ending, fill, dueMs, waiting, lines } = order
  return {
    atMs: partition.atMs,
    phase,
    ending,
    fill,
    expiresAtMs: phase === "held" ? dueMs : null,
    owes: waiting === null ? null : { type: waiting.type, id: waiting.id },
    lines: lines.map(lineView),
  }
}
