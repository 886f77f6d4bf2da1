/**
 * Part of the checker `orders` (INV-18 to INV-20): whether an event may happen to an order as it stands, and what must have followed by the end of its record.
 *
 * An order is held only when every line has what it asks at least, refused only for a line that has less or for time; payment wins only before the time its channel was told, and expiry only after it; nothing
 * ends an order that has ended. What an order that won't be, or is no more, still has, is asked back in the same record.
 */
import { unreachable } from "../assert.ts"
import type { EpochMs } from "../domain/names.ts"
import type { LineCommand } from "../domain/order/carried.ts"
import type { BookEvent } from "../domain/order/events.ts"
import { orderGraceMs, orderKeptMs, orderPlacingMsMax } from "../limits.ts"
import { isAtRest, isLineEvent, type LineModel, type OrderModel, openQtyOf } from "./order-model.ts"
import { same } from "./plain.ts"

type Placed = Extract<BookEvent, { readonly type: "OrderPlaced" }>

/** Whether anything can be asked of a line now. */
export const canBeAsked = (line: LineModel): boolean => line.asked === null && !line.awaitsWord && openQtyOf(line) > 0

/** Lines that have answered, and have less than their order asks of them. */
const shortLines = ({ lines }: OrderModel): ReadonlyArray<LineModel> =>
  [...lines.values()].filter((line) => line.asked?.type !== "Reserve" && line.reservedQty < line.minQty)

const isCount = (qty: number): boolean => Number.isSafeInteger(qty) && qty > 0

/** What is wrong with an order's first event, by itself. */
export const wrongPlaced = (event: Placed, atMs: EpochMs): string | null => {
  if (event.n !== 1) return `begins with its event ${event.n}`
  if (event.dueMs !== atMs + orderPlacingMsMax) return `waits for its lines until ${event.dueMs}, not ${atMs + orderPlacingMsMax}`
  if (event.lines.length === 0) return "has no line"
  if (new Set(event.lines.map(({ sku }) => sku)).size !== event.lines.length) return "has two lines of one SKU"
  for (const { sku, qty, minQty } of event.lines)
    if (!isCount(qty) || minQty < 0 || minQty > qty) return `asks for ${qty} units of ${sku}, and ${minQty} at least`
  return null
}

/** What an order asks its SKUs for when it is placed: without the places that its lines may name. */
export const reservesOf = (event: Placed): ReadonlyArray<object> =>
  event.lines.map(({ sku, qty, minQty }) => ({
    type: "Reserve",
    sku,
    qty,
    holdMs: orderPlacingMsMax + event.holdMs + orderGraceMs,
    ...(minQty < qty ? { partial: true } : {}),
  }))

/** What is wrong with what an event carries, where it has to ask these lines. */
const wrongAsking = (carries: ReadonlyArray<LineCommand>, type: LineCommand["type"], lines: ReadonlyArray<LineModel>): string | null => {
  const skus = lines.map(({ sku }) => sku)
  if (carries.some((carried) => carried.type !== type)) return `carries something else than ${type}`
  const asked = carries.map(({ sku }): string => sku)
  return same(asked, skus) ? null : `asks ${asked.join(", ") || "no line"}, where ${skus.join(", ") || "none"} can be asked`
}

const wrongHeld = (order: OrderModel, expiresAtMs: EpochMs, atMs: EpochMs): string | null => {
  const lines = [...order.lines.values()]
  const waits = lines.find((line) => line.asked !== null || line.isAwaited)
  if (order.phase !== "placing") return `is held when it is ${order.phase}`
  if (waits !== undefined) return `is held before its line ${waits.sku} has answered`
  const [short] = shortLines(order)
  if (short !== undefined) return `is held with ${short.reservedQty} units of ${short.sku}, where it asks for ${short.minQty} at least`
  if (lines.every((line) => openQtyOf(line) + line.fulfilledQty === 0)) return "is held with nothing"
  if (atMs >= order.dueMs) return `is held at ${atMs}, when its lines should have answered by ${order.dueMs}`
  const untilMs = Math.min(atMs + order.holdMs, order.linesUntilMs - orderGraceMs)
  return expiresAtMs === untilMs ? null : `is held until ${expiresAtMs}, not ${untilMs}`
}

const wrongRefused = (order: OrderModel, atMs: EpochMs): string | null => {
  if (order.phase !== "placing") return `is refused when it is ${order.phase}`
  const lines = [...order.lines.values()]
  const hasNothing = lines.every((line) => !line.isAwaited && openQtyOf(line) + line.fulfilledQty <= 0)
  return atMs >= order.dueMs || hasNothing || shortLines(order).length > 0 ? null : "is refused, and no line has too little"
}

const wrongEnded = (order: OrderModel, ending: NonNullable<OrderModel["ending"]>): string | null => {
  const lines = [...order.lines.values()]
  const open = lines.find((line) => openQtyOf(line) !== 0)
  if (order.phase === "ended") return `ends as ${ending}, and has ended as ${order.ending}`
  if (open !== undefined) return `ends as ${ending} with ${openQtyOf(open)} units of ${open.sku}`
  const isFulfilled = lines.some((line) => line.fulfilledQty > 0)
  return isFulfilled === (ending === "fulfilled") ? null : `ends as ${ending}, and ${isFulfilled ? "some of it" : "nothing"} was fulfilled`
}

/** What is wrong with an event that tells of one line. */
const wrongLine = (order: OrderModel, event: BookEvent & { readonly sku: string }): string | null => {
  const line = order.lines.get(event.sku)
  if (line === undefined) return `hears of ${event.sku}, of which it has no line`
  if ("qty" in event && !(Number.isSafeInteger(event.qty) && event.qty >= 0)) return `hears of ${event.qty} units of ${event.sku}`
  if (event.type === "LineReserved") {
    if (line.asked?.type !== "Reserve") return `is given units of ${event.sku}, which it did not ask for`
    if (event.qty > line.qty) return `is given ${event.qty} units of ${event.sku}, where it asked for ${line.qty}`
  }
  if (event.type === "LineNoted") return null
  return line.asked === null ? `hears an answer of ${event.sku}, which it did not ask` : null
}

/** What is wrong with an event after an order's first, given the order before it; null: nothing. */
export const wrongEvent = (order: OrderModel, event: Exclude<BookEvent, Placed>, atMs: EpochMs): string | null => {
  const lines = [...order.lines.values()]
  const { phase } = order
  if (event.n !== order.n + 1) return `has its event ${event.n} after ${order.n}`
  if (isLineEvent(event)) return wrongLine(order, event)
  switch (event.type) {
    case "OrderHeld":
      return wrongHeld(order, event.expiresAtMs, atMs)
    case "OrderRefused":
      return wrongRefused(order, atMs)
    case "OrderConfirming":
      if (phase !== "held" || order.owed !== null) return `is confirmed when it is ${phase}`
      if (atMs >= order.dueMs) return `is confirmed at ${atMs}, its time was up at ${order.dueMs}`
      return wrongAsking(event.carries, "Confirm", lines.filter(canBeAsked))
    case "OrderConfirmed":
      return phase === "confirming" ? null : `is confirmed when it is ${phase}`
    case "LinesCancelling":
      if (phase !== "held" && phase !== "confirmed") return `is cancelled when it is ${phase}`
      if (order.owed !== null) return `is cancelled while its ${order.owed.type} is not answered`
      if (phase === "held" && atMs >= order.dueMs) return `is cancelled at ${atMs}, its time was up at ${order.dueMs}`
      return event.carries.every(({ type }) => type === "Release") ? null : "carries something else than Release"
    case "LinesCancelled":
      return order.owed?.type === "CancelOrder" ? null : "is told to be cancelled, and nobody asked"
    case "OrderExpired":
      if (phase !== "held") return `expires when it is ${phase}`
      if (atMs < order.dueMs) return `expires at ${atMs}, before its time is up at ${order.dueMs}`
      return wrongAsking(event.carries, "Release", lines.filter(canBeAsked))
    case "OrderEnded":
      return wrongEnded(order, event.ending)
    case "LinesGivenUp":
      if (phase !== "ended" && (phase !== "placing" || shortLines(order).length === 0)) return `gives up lines when it is ${phase}`
      return event.carries.every(({ type }) => type === "Release") ? null : "carries something else than Release"
    case "OrderAtRest":
      if (!isAtRest(order) || order.keptUntilMs !== null) return "is said to be at rest, and is not, or was before"
      return event.keptUntilMs === atMs + orderKeptMs ? null : `is kept until ${event.keptUntilMs}, not ${atMs + orderKeptMs}`
    case "OrderForgotten":
      if (order.keptUntilMs === null) return "is forgotten, and is not at rest"
      return atMs < order.keptUntilMs ? `is forgotten at ${atMs}, and kept until ${order.keptUntilMs}` : null
    case "LineAskedAgain":
      return null
    default:
      return unreachable(event)
  }
}

/** What should have followed in the record that changed an order last, in words, or null. */
export const unfinished = (order: OrderModel): string | null => {
  const lines = [...order.lines.values()]
  const isDoomed = order.phase === "ended" || (order.phase === "placing" && shortLines(order).length > 0)
  const kept = isDoomed ? lines.find(canBeAsked) : undefined
  if (kept !== undefined) return `keeps ${openQtyOf(kept)} units of ${kept.sku}, and does not give them back`
  const isWaiting = lines.some((line) => line.asked !== null || line.awaitsWord)
  if (order.owed !== null && !isWaiting) return `owes an answer to ${order.owed.id}, and waits for no line`
  const isEmpty = lines.every((line) => openQtyOf(line) === 0)
  if (isAtRest(order) && order.keptUntilMs === null) return "is at rest, and does not say so"
  const isSettled = order.owed === null && !isWaiting && isEmpty
  return isSettled && (order.phase === "held" || order.phase === "confirmed") ? "has nothing open, and does not end" : null
}
