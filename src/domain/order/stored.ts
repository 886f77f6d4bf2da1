/**
 * How an order is written where it outlives its owner, and read again: without what follows from its lines, and without what is nothing.
 */
import { assert } from "../../assert.ts"
import { widthOf } from "./bounds.ts"
import { type Order, type OrderLine, openQtyOfLine, type StoredLine, type StoredOrder } from "./order.ts"

const storedQty = <Name extends string>(name: Name, qty: number): { readonly [Key in Name]?: number } =>
  (qty === 0 ? {} : { [name]: qty }) as { readonly [Key in Name]?: number }

const storedFlag = <Name extends string>(name: Name, is: boolean): { readonly [Key in Name]?: true } =>
  (is ? { [name]: true } : {}) as { readonly [Key in Name]?: true }

const storedLine = (line: OrderLine): StoredLine => ({
  sku: line.sku,
  qty: line.qty,
  minQty: line.minQty,
  ...(line.asked === null ? {} : { asked: [line.asked.type, line.asked.event] as const }),
  ...storedFlag("isAwaited", line.isAwaited),
  ...storedFlag("isAwaitingWord", line.isAwaitingWord),
  ...storedFlag("isConfirmed", line.isConfirmed),
  ...(line.refusal === null ? {} : { refusal: line.refusal }),
  ...storedQty("reservedQty", line.reservedQty),
  ...storedQty("releasedQty", line.releasedQty),
  ...storedQty("fulfilledQty", line.fulfilledQty),
  ...storedQty("lostQty", line.lostQty),
  ...storedQty("beyondQty", line.beyondQty),
  ...storedQty("cancelledQty", line.cancelledQty),
  ...storedQty("refundQty", line.refundQty),
})

/** An order as it is written. */
export const storedOrder = (order: Order): StoredOrder => {
  const { waiting } = order
  const placeOf = (sku: OrderLine["sku"]): number => order.places.get(sku) ?? -1
  return {
    channel: order.channel,
    id: order.id,
    fill: order.fill,
    holdMs: order.holdMs,
    phase: order.phase,
    ending: order.ending,
    dueMs: order.dueMs,
    linesHeldUntilMs: order.linesHeldUntilMs,
    eventCount: order.eventCount,
    keptUntilMs: order.keptUntilMs,
    shortCount: order.shortCount,
    lines: order.lines.map(storedLine),
    waiting:
      waiting === null ? null : { type: waiting.type, id: waiting.id, places: waiting.skus.map(placeOf), leftCount: waiting.leftCount },
  }
}

const loadedLine = ({ asked, ...line }: StoredLine): OrderLine => ({
  sku: line.sku,
  qty: line.qty,
  minQty: line.minQty,
  asked: asked === undefined ? null : { type: asked[0], event: asked[1] },
  isAwaited: line.isAwaited ?? false,
  isAwaitingWord: line.isAwaitingWord ?? false,
  isConfirmed: line.isConfirmed ?? false,
  refusal: line.refusal ?? null,
  reservedQty: line.reservedQty ?? 0,
  releasedQty: line.releasedQty ?? 0,
  fulfilledQty: line.fulfilledQty ?? 0,
  lostQty: line.lostQty ?? 0,
  beyondQty: line.beyondQty ?? 0,
  cancelledQty: line.cancelledQty ?? 0,
  refundQty: line.refundQty ?? 0,
})

/** The order of what was written. */
export const loadedOrder = (stored: StoredOrder): Order => {
  const { waiting, lines: storedLines, ...rest } = stored
  const lines = storedLines.map(loadedLine)
  const skuAt = (place: number): OrderLine["sku"] => {
    const line = lines[place]
    assert(line !== undefined, "a command waits for lines of its order")
    return line.sku
  }
  return {
    ...rest,
    isForgotten: false,
    width: widthOf(lines),
    places: new Map(lines.map(({ sku }, at) => [sku, at])),
    lines,
    waiting:
      waiting === null ? null : { type: waiting.type, id: waiting.id, skus: waiting.places.map(skuAt), leftCount: waiting.leftCount },
    askedCount: lines.filter(({ asked }) => asked !== null).length,
    openQty: lines.reduce((qty, line) => qty + openQtyOfLine(line), 0),
    fulfilledQty: lines.reduce((qty, { fulfilledQty }) => qty + fulfilledQty, 0),
  }
}
