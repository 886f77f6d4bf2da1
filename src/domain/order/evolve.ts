/**
 * Applies a decided event to its order, in place: the only place where an order changes. Replay applies the same events, and decides nothing.
 *
 * What must be true if every event was decided on this very order is asserted, in production too: a throw here means that the journal and the state have parted.
 */
import { assert, unreachable } from "../../assert.ts"
import { widthOf } from "./bounds.ts"
import type { LineCommand } from "./carried.ts"
import type { LineFact } from "./commands/note-line/events.ts"
import type { OrderPlaced } from "./commands/place-order/events.ts"
import { carriedBy, type OrderEvent } from "./events.ts"
import { isAtRest, type Order, type OrderEnding, type OrderLine, openQtyOfLine, type Waiting } from "./order.ts"

/** The order after an event; `order` is undefined before its first. */
export const evolve = (order: Order | undefined, event: OrderEvent): Order => {
  if (event.type === "OrderPlaced") {
    assert(order === undefined, "an order is placed once")
    return place(event)
  }
  assert(order !== undefined, "what happens to an order happens after it was placed")
  order.eventCount += 1
  apply(order, event)
  carry(order, carriedBy(event), event.type === "LineAskedAgain")
  return order
}

const place = (event: OrderPlaced): Order => {
  const lines = event.lines.map(
    ({ sku, qty, minQty }): OrderLine => ({
      sku,
      qty,
      minQty,
      asked: null,
      isAwaited: true,
      isAwaitingWord: false,
      isConfirmed: false,
      refusal: null,
      reservedQty: 0,
      releasedQty: 0,
      fulfilledQty: 0,
      lostQty: 0,
      beyondQty: 0,
      cancelledQty: 0,
      refundQty: 0,
    }),
  )
  const order: Order = {
    channel: event.channel,
    id: event.order,
    fill: event.fill,
    holdMs: event.holdMs,
    phase: "placing",
    ending: null,
    dueMs: event.dueMs,
    linesHeldUntilMs: Number.MAX_SAFE_INTEGER,
    eventCount: 1,
    keptUntilMs: null,
    isForgotten: false,
    width: widthOf(lines),
    places: new Map(lines.map(({ sku }, at) => [sku, at])),
    lines,
    waiting: { type: "PlaceOrder", id: event.id, skus: lines.map(({ sku }) => sku), leftCount: lines.length },
    askedCount: 0,
    shortCount: 0,
    openQty: 0,
    fulfilledQty: 0,
  }
  assert(order.places.size === lines.length, "a SKU is one line of an order")
  carry(order, event.carries, false)
  return order
}

/** An event that is about one line. */
type LineEvent = Extract<OrderEvent, { readonly sku: unknown }>

const applyToLine = (order: Order, event: LineEvent): void => {
  switch (event.type) {
    case "LineReserved":
      answerReserve(order, event.sku, { reservedQty: event.qty })
      order.linesHeldUntilMs = Math.min(order.linesHeldUntilMs, event.expiresAtMs)
      return
    case "LineRefused":
      refuse(order, event)
      return
    case "LineConfirmed":
      change(order, event.sku, () => ({ asked: null, isConfirmed: true }))
      return
    case "LineReleased":
      change(order, event.sku, (line) => ({
        asked: null,
        releasedQty: line.releasedQty + event.qty,
        cancelledQty: line.isAwaited ? line.cancelledQty + event.qty : line.cancelledQty,
      }))
      return
    case "LineLost":
      change(order, event.sku, (line) => ({ asked: null, lostQty: line.lostQty + event.qty }))
      return
    case "LineNoted":
      change(order, event.sku, (line) => noted(line, event.fact, event.qty))
      return
    default:
      unreachable(event)
  }
}

const apply = (order: Order, event: Exclude<OrderEvent, OrderPlaced>): void => {
  if ("sku" in event) return applyToLine(order, event)
  switch (event.type) {
    case "OrderHeld":
      assert(order.phase === "placing", "INV-19 an order is answered once")
      order.phase = "held"
      order.dueMs = event.expiresAtMs
      order.waiting = null
      return
    case "OrderRefused":
      assert(order.phase === "placing", "INV-19 an order is answered once")
      end(order, "refused")
      giveUpWaiting(order)
      return
    case "OrderConfirming":
      assert(order.phase === "held", "INV-20 payment and expiry are put in order once")
      order.phase = "confirming"
      wait(order, { type: "ConfirmOrder", id: event.id, skus: order.lines.map(({ sku }) => sku), leftCount: 0 }, event.carries)
      return
    case "OrderConfirmed":
      order.phase = "confirmed"
      order.waiting = null
      return
    case "LinesCancelling":
      wait(order, { type: "CancelOrder", id: event.id, skus: event.carries.map(({ sku }) => sku), leftCount: 0 }, event.carries)
      return
    case "LinesCancelled":
      order.waiting = null
      return
    case "OrderExpired":
      assert(order.phase === "held", "INV-20 payment and expiry are put in order once")
      for (const { sku } of order.lines) change(order, sku, (line) => ({ refundQty: openQtyOfLine(line) + line.lostQty }))
      end(order, "expired")
      return
    case "OrderEnded":
      assert(order.openQty === 0, "INV-18 an order that ends of itself has nothing open")
      end(order, event.ending)
      if (event.answer !== undefined) order.waiting = null
      return
    case "OrderAtRest":
      assert(isAtRest(order) && order.keptUntilMs === null, "INV-18 an order is at rest once nothing of it is open or under way")
      order.keptUntilMs = event.keptUntilMs
      return
    case "OrderForgotten":
      assert(order.keptUntilMs !== null, "INV-18 only an order at rest is forgotten")
      order.isForgotten = true
      return
    case "LineAskedAgain":
    case "LinesGivenUp":
      return
    default:
      unreachable(event)
  }
}

const end = (order: Order, ending: OrderEnding): void => {
  assert(order.ending === null, "INV-20 an order ends once")
  order.phase = "ended"
  order.ending = ending
}

/** A line whose account says more than it was given: a SKU told of units that were lost to the order, or that it never heard of. Not while it may yet hear of them. */
const balanced = (line: OrderLine): OrderLine => {
  const missingQty = -openQtyOfLine(line)
  if (missingQty <= 0 || line.asked?.type === "Reserve") return line
  const foundQty = Math.min(missingQty, line.lostQty)
  return { ...line, lostQty: line.lostQty - foundQty, reservedQty: line.reservedQty + missingQty - foundQty }
}

/** Changes a line, and all that is counted over lines with it. */
const change = (order: Order, sku: OrderLine["sku"], changed: (line: OrderLine) => Partial<OrderLine>): OrderLine => {
  const at = order.places.get(sku)
  const before = at === undefined ? undefined : order.lines[at]
  assert(at !== undefined && before !== undefined, "what changes a line names one of its order")
  let line = balanced({ ...before, ...changed(before) })
  if (line.isAwaitingWord && openQtyOfLine(line) <= 0) line = { ...line, isAwaitingWord: false }
  if (line.isAwaited && line.asked === null && !line.isAwaitingWord) {
    line = { ...line, isAwaited: false }
    if (order.waiting !== null) order.waiting = { ...order.waiting, leftCount: order.waiting.leftCount - 1 }
  }
  order.askedCount += (line.asked === null ? 0 : 1) - (before.asked === null ? 0 : 1)
  order.openQty += openQtyOfLine(line) - openQtyOfLine(before)
  order.fulfilledQty += line.fulfilledQty - before.fulfilledQty
  order.lines[at] = line
  return line
}

/** A line's Reserve is answered: it has what it will ever have. */
const answerReserve = (order: Order, sku: OrderLine["sku"], answered: Partial<OrderLine>): void => {
  const line = change(order, sku, (before) => {
    assert(before.asked?.type === "Reserve", "INV-17 a decision comes back once, to whoever asked")
    return { ...answered, asked: null }
  })
  if (line.reservedQty < line.minQty) order.shortCount += 1
}

const refuse = (order: Order, event: Extract<OrderEvent, { readonly type: "LineRefused" }>): void => {
  const refusal = event.ats === undefined ? { reason: event.reason } : { reason: event.reason, ats: event.ats }
  if (event.command === "Reserve") answerReserve(order, event.sku, { refusal })
  else change(order, event.sku, () => ({ asked: null, refusal, isAwaitingWord: event.hasEnded }))
}

const noted = (line: OrderLine, fact: LineFact, qty: number): Partial<OrderLine> => {
  switch (fact) {
    case "fulfilled":
      return { fulfilledQty: line.fulfilledQty + qty }
    case "released":
      return { releasedQty: line.releasedQty + qty }
    case "lost":
      return { lostQty: line.lostQty + qty }
    case "beyond":
      return { beyondQty: line.beyondQty + qty }
  }
}

/** Lines are asked for something, each for one thing at a time; or for another in the place of what can't be answered any more. */
const carry = (order: Order, carries: ReadonlyArray<LineCommand>, isAgain: boolean): void => {
  for (const { sku, type } of carries)
    change(order, sku, (line) => {
      assert(isAgain || line.asked === null, "INV-17 one command at a time is under way from an order to a SKU")
      return { asked: { type, event: order.eventCount } }
    })
}

/** An answer is owed once these lines have answered. */
const wait = (order: Order, waiting: Waiting, carries: ReadonlyArray<LineCommand>): void => {
  assert(order.waiting === null, "INV-19 one answer at a time is owed of an order")
  order.waiting = { ...waiting, leftCount: carries.length }
  for (const { sku } of carries) {
    const at = order.places.get(sku) ?? -1
    const line = order.lines[at]
    assert(line !== undefined, "what is asked of a line names one of its order")
    order.lines[at] = { ...line, isAwaited: true, cancelledQty: 0, refusal: null }
  }
}

/** The answer was given without waiting any longer. */
const giveUpWaiting = (order: Order): void => {
  order.waiting = null
  order.lines = order.lines.map((line) => (line.isAwaited ? { ...line, isAwaited: false } : line))
}
