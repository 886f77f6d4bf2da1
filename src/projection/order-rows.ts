/**
 * Orders as rows, and their lines as the orders know them.
 */
import type { SenderId } from "../domain/names.ts"
import type { BookEvent } from "../domain/order/events.ts"
import { orderBook } from "../domain/order/names.ts"
import type { Order, StoredOrder } from "../domain/order/order.ts"
import { loadedOrder, storedOrder } from "../domain/order/stored.ts"
import { orderKind } from "../kinds/order/kind.ts"
import type { OrderKind } from "../kinds/order/types.ts"
import type { OrderLineRow, ProjectedRows } from "../ports/projection.ts"
import { orderCodec } from "../wire/codec.ts"
import type { Began, ProjectedKind, RecordStamp } from "./kinds.ts"
import { jsonOf } from "./text.ts"

const aboutCommand = (command: OrderKind["command"], _sender: SenderId) => ({
  key: orderKind.commands.keyOf(command),
  sku: command.type === "NoteLine" ? command.sku : null,
  channel: command.channel,
  reservation: null,
  orderId: command.order,
})

const aboutEvent = (key: OrderKind["key"], event: BookEvent) => ({
  key,
  sku: "sku" in event ? event.sku : null,
  channel: event.channel,
  reservation: null,
  orderId: event.order,
})

const lineRows = (order: Order, seq: number): ReadonlyArray<OrderLineRow> =>
  order.lines.map((line, place) => ({
    channel: order.channel,
    orderId: order.id,
    sku: line.sku,
    seq,
    place,
    qty: line.qty,
    minQty: line.minQty,
    reserved: line.reservedQty,
    released: line.releasedQty,
    fulfilled: line.fulfilledQty,
    lost: line.lostQty,
    isConfirmed: line.isConfirmed,
    refusalReason: line.refusal?.reason ?? null,
  }))

const partRows = (_book: OrderKind["key"], order: Order, began: Began, stamp: RecordStamp, rows: ProjectedRows): void => {
  const { channel, id, phase, ending, fill, openQty, fulfilledQty, isForgotten } = order
  const { partition, seq, at } = stamp
  rows.orders.push({
    channel,
    orderId: id,
    partition,
    seq,
    at,
    placedSeq: began.seq,
    placedAt: began.at,
    phase,
    ending,
    fill,
    openQty,
    fulfilledQty,
    isForgotten,
    state: jsonOf(storedOrder(order)),
  })
  rows.orderLines.push(...lineRows(order, seq))
}

/** Order books, as their journals are projected. A book knows nothing beside its orders. */
export const projectedOrders: ProjectedKind<OrderKind> = {
  word: "order",
  kind: orderKind,
  codec: orderCodec,
  hasActorRows: false,
  begins: ({ type }) => type === "OrderPlaced",
  actorState: () => "null",
  loadActor: () => undefined,
  partIn: (state) => loadedOrder(state as StoredOrder),
  partKey: () => "",
  actorOfPart: (_, { channel, id }) => orderBook(channel, id),
  aboutCommand,
  aboutEvent,
  noteEvent: () => undefined,
  actorRows: () => undefined,
  partRows,
}
