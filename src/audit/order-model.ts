/**
 * An own, obvious model of one order: of each line what was asked for, what its SKU gave and took back, and what is still waited for.
 *
 * Folds events and judges nothing: it takes even an impossible event, so that one broken record doesn't hide the next. Shares no line with the domain whose events it folds.
 */
import { unreachable } from "../assert.ts"
import type { EpochMs } from "../domain/names.ts"
import type { BookEvent } from "../domain/order/events.ts"
import type { RefusalReason } from "../domain/refusals.ts"

/** One SKU of an order. Quantities only rise; see {@link openQtyOf}. */
export interface LineModel {
  readonly sku: string
  readonly qty: number
  readonly minQty: number
  /** The command whose decision has not come back, and the event that carries it. */
  asked: { readonly type: "Reserve" | "Confirm" | "Release"; readonly n: number } | null
  /** Its SKU said that the reservation has ended, and how is on its way. */
  awaitsWord: boolean
  /** The answer that is owed waits for it. */
  isAwaited: boolean
  refusal: { readonly reason: RefusalReason; readonly ats?: number } | null
  reservedQty: number
  releasedQty: number
  fulfilledQty: number
  lostQty: number
  /** Given back since the cancellation began whose answer is owed. */
  cancelledQty: number
  /** Promised when the order expired: what is to be given back if somebody paid all the same. */
  promisedQty: number
}

/** A command whose answer is owed. */
export interface OwedCommand {
  readonly type: "PlaceOrder" | "ConfirmOrder" | "CancelOrder"
  readonly id: string
  readonly skus: ReadonlyArray<string>
}

/** One order as the auditor works it out from events alone. */
export interface OrderModel {
  readonly channel: string
  readonly id: string
  readonly partition: number
  readonly holdMs: number
  phase: "placing" | "held" | "confirming" | "confirmed" | "ended"
  ending: "refused" | "cancelled" | "expired" | "fulfilled" | null
  /** Until when its lines have to answer, and then until when it is held. */
  dueMs: EpochMs
  /** The first end of any line's hold at its SKU. */
  linesUntilMs: EpochMs
  /** Events so far. */
  n: number
  readonly lines: Map<string, LineModel>
  owed: OwedCommand | null
  /** Until when it is kept, once it is at rest. */
  keptUntilMs: EpochMs | null
  changedSeq: number
}

/** An order's key: channels contain no slash. */
export const orderKeyOf = (channel: string, order: string): string => `${channel}/${order}`

/** Units that a line's SKU keeps for it, as far as the order was told. Negative only while its Reserve is under way. */
export const openQtyOf = ({ reservedQty, releasedQty, fulfilledQty, lostQty }: LineModel): number =>
  reservedQty - releasedQty - fulfilledQty - lostQty

/** Units of a line that reached its customer or still will. */
export const keptQtyOf = (line: LineModel): number => openQtyOf(line) + line.fulfilledQty

/** Whether nothing of an order is left to be done or told. */
export const isAtRest = ({ phase, owed, lines }: OrderModel): boolean =>
  phase === "ended" && owed === null && [...lines.values()].every((line) => line.asked === null && openQtyOf(line) === 0)

type Placed = Extract<BookEvent, { readonly type: "OrderPlaced" }>

/** An order as its first event makes it. */
export const placedModel = (event: Placed, partition: number, seq: number): OrderModel => {
  const lines = event.lines.map(
    ({ sku, qty, minQty }): LineModel => ({
      sku,
      qty,
      minQty,
      asked: null,
      awaitsWord: false,
      isAwaited: true,
      refusal: null,
      reservedQty: 0,
      releasedQty: 0,
      fulfilledQty: 0,
      lostQty: 0,
      cancelledQty: 0,
      promisedQty: 0,
    }),
  )
  const order: OrderModel = {
    channel: event.channel,
    id: event.order,
    partition,
    holdMs: event.holdMs,
    phase: "placing",
    ending: null,
    dueMs: event.dueMs,
    linesUntilMs: Number.MAX_SAFE_INTEGER,
    n: 1,
    lines: new Map(lines.map((line) => [line.sku, line])),
    owed: { type: "PlaceOrder", id: event.id, skus: lines.map(({ sku }) => sku) },
    keptUntilMs: null,
    changedSeq: seq,
  }
  ask(order, event)
  return order
}

/** A line whose account says more than it was given: units that were lost to it were found, or it was told of some that it never heard of. Not while it may yet hear of them. */
const setRight = (line: LineModel): void => {
  const missingQty = -openQtyOf(line)
  if (missingQty <= 0 || line.asked?.type === "Reserve") return
  const foundQty = Math.min(missingQty, line.lostQty)
  line.lostQty -= foundQty
  line.reservedQty += missingQty - foundQty
}

/** A line after something happened to it: what is waited for may be over. */
const settleLine = (line: LineModel): void => {
  setRight(line)
  if (line.awaitsWord && openQtyOf(line) <= 0) line.awaitsWord = false
  if (line.asked === null && !line.awaitsWord) line.isAwaited = false
}

const ask = (order: OrderModel, event: BookEvent): void => {
  for (const { sku, type } of "carries" in event ? event.carries : []) {
    const line = order.lines.get(sku)
    if (line !== undefined) line.asked = { type, n: event.n }
  }
}

/** An answer is owed, once these lines have answered. */
const owe = (order: OrderModel, owed: OwedCommand, asked: ReadonlyArray<{ readonly sku: string }>): void => {
  order.owed = owed
  for (const { sku } of asked) {
    const line = order.lines.get(sku)
    if (line !== undefined) Object.assign(line, { isAwaited: true, cancelledQty: 0, refusal: null })
  }
}

const end = (order: OrderModel, ending: NonNullable<OrderModel["ending"]>): void => {
  order.phase = "ended"
  order.ending = ending
}

type LineEvent = Extract<
  BookEvent,
  { readonly type: "LineReserved" | "LineConfirmed" | "LineReleased" | "LineRefused" | "LineLost" | "LineNoted" }
>
const lineEvents: ReadonlySet<string> = new Set(["LineReserved", "LineConfirmed", "LineReleased", "LineRefused", "LineLost", "LineNoted"])
/** Whether an event is about one line. */
export const isLineEvent = (event: BookEvent): event is BookEvent & LineEvent => lineEvents.has(event.type)

const foldLine = (order: OrderModel, line: LineModel, event: LineEvent): void => {
  if (event.type !== "LineNoted") line.asked = null
  switch (event.type) {
    case "LineReserved":
      line.reservedQty += event.qty
      order.linesUntilMs = Math.min(order.linesUntilMs, event.expiresAtMs)
      return
    case "LineConfirmed":
      return
    case "LineReleased":
      line.releasedQty += event.qty
      if (line.isAwaited) line.cancelledQty += event.qty
      return
    case "LineLost":
      line.lostQty += event.qty
      return
    case "LineRefused":
      line.refusal = event.ats === undefined ? { reason: event.reason } : { reason: event.reason, ats: event.ats }
      line.awaitsWord = event.hasEnded
      return
    case "LineNoted":
      if (event.fact === "fulfilled") line.fulfilledQty += event.qty
      if (event.fact === "released") line.releasedQty += event.qty
      if (event.fact === "lost") line.lostQty += event.qty
      return
    default:
      unreachable(event)
  }
}

const foldOrder = (order: OrderModel, event: Exclude<BookEvent, LineEvent | Placed>): void => {
  switch (event.type) {
    case "OrderHeld":
      order.phase = "held"
      order.dueMs = event.expiresAtMs
      order.owed = null
      return
    case "OrderRefused":
      end(order, "refused")
      order.owed = null
      for (const line of order.lines.values()) line.isAwaited = false
      return
    case "OrderConfirming":
      order.phase = "confirming"
      owe(order, { type: "ConfirmOrder", id: event.id, skus: [...order.lines.keys()] }, event.carries)
      return
    case "OrderConfirmed":
      order.phase = "confirmed"
      order.owed = null
      return
    case "LinesCancelling":
      owe(order, { type: "CancelOrder", id: event.id, skus: event.carries.map(({ sku }) => sku) }, event.carries)
      return
    case "LinesCancelled":
      order.owed = null
      return
    case "OrderExpired":
      for (const line of order.lines.values()) line.promisedQty = openQtyOf(line) + line.lostQty
      end(order, "expired")
      return
    case "OrderEnded":
      end(order, event.ending)
      if (event.answer !== undefined) order.owed = null
      return
    case "OrderAtRest":
      order.keptUntilMs = event.keptUntilMs
      return
    case "LineAskedAgain":
    case "LinesGivenUp":
    case "OrderForgotten":
      return
    default:
      unreachable(event)
  }
}

/** Brings an order forward by one event after its first. */
export const foldOrderEvent = (order: OrderModel, event: Exclude<BookEvent, Placed>, seq: number): void => {
  order.n = event.n
  order.changedSeq = seq
  if (isLineEvent(event)) {
    const line = order.lines.get(event.sku)
    if (line === undefined) return
    foldLine(order, line, event)
    settleLine(line)
    return
  }
  foldOrder(order, event)
  ask(order, event)
}
