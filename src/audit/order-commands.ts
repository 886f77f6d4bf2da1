/**
 * Part of the checker `orders` (INV-17, INV-19, INV-20): what a decided command has to do with the events it came to, what a decision that came back has, and which refusals fit the order they are about.
 */
import { unreachable } from "../assert.ts"
import type { EpochMs } from "../domain/names.ts"
import type { CancelOrder } from "../domain/order/commands/cancel-order/command.ts"
import type { PlaceOrder } from "../domain/order/commands/place-order/command.ts"
import type { BookEvent } from "../domain/order/events.ts"
import type { Refusal, RefusalReason } from "../domain/refusals.ts"
import type { ReturnedOutcome } from "../engine/records.ts"
import type { OrderKind } from "../kinds/order/types.ts"
import { refundsOf } from "./answers.ts"
import type { CarriedSeen } from "./carried.ts"
import { canBeAsked, reservesOf } from "./order-life.ts"
import { type OrderModel, openQtyOf } from "./order-model.ts"
import { same, textOf } from "./plain.ts"

type OrderCommandType = OrderKind["command"]["type"]
type SettlingType = "ReplayOrderCommand" | "DropOrderCommand"

/** What is expected of each type: whether it tells what already happened, whether its answer comes later, and what its first event is. Written apart from the commands' own declarations, and complete by type. */
const expected: Readonly<
  Record<Exclude<OrderCommandType, SettlingType>, { readonly isFact: boolean; readonly begins: boolean; readonly event: BookEvent["type"] }>
> = {
  PlaceOrder: { isFact: false, begins: true, event: "OrderPlaced" },
  ConfirmOrder: { isFact: false, begins: true, event: "OrderConfirming" },
  CancelOrder: { isFact: false, begins: true, event: "LinesCancelling" },
  NoteLine: { isFact: true, begins: false, event: "LineNoted" },
}

/** The place in quarantine that an operator's command settles; null: it is no operator's. */
export const settledBy = (command: OrderKind["command"]): string | null =>
  command.type === "ReplayOrderCommand" || command.type === "DropOrderCommand" ? command.quarantined : null

/** Whether a command about an order tells what already happened. */
export const isOrderFact = (type: OrderCommandType): boolean =>
  type !== "ReplayOrderCommand" && type !== "DropOrderCommand" && expected[type].isFact

const minQtyOf = (fill: PlaceOrder["fill"], { qty, minQty = 0 }: PlaceOrder["lines"][number]): number =>
  fill === "whole" ? qty : fill === "partial" ? 0 : minQty

/** What is wrong with an order that began, beside the command that placed it. */
const wrongPlacing = (command: PlaceOrder, event: Extract<BookEvent, { readonly type: "OrderPlaced" }>): string | null => {
  const bySku = new Map<string, { qty: number; minQty: number; readonly locations: ReadonlyArray<string> | undefined }>()
  for (const line of command.lines) {
    const one = bySku.get(line.sku) ?? { qty: 0, minQty: 0, locations: line.locations }
    one.qty += line.qty
    one.minQty += minQtyOf(command.fill, line)
    bySku.set(line.sku, one)
  }
  const lines = [...bySku].map(([sku, { qty, minQty }]) => ({ sku, qty, minQty }))
  if (event.fill !== command.fill || event.holdMs !== command.holdMs) return "is placed with another fill or hold"
  if (!same(event.lines, lines)) return `is placed with lines ${textOf(event.lines)}, and they are ${textOf(lines)}`
  const asked = reservesOf(event).map((reserve, place) => {
    const locations = bySku.get(event.lines[place]?.sku ?? "")?.locations
    return locations === undefined ? reserve : { ...reserve, locations }
  })
  return same(event.carries, asked) ? null : `asks for ${textOf(event.carries)}, and not for ${textOf(asked)}`
}

/** What is wrong with the events that a command about an order came to, in words, or null. */
export const wrongCommanded = (
  command: OrderKind["command"],
  tag: "Accepted" | "Begun",
  events: ReadonlyArray<BookEvent>,
  order: OrderModel | undefined,
): string | null => {
  const [first] = events
  if (command.type === "ReplayOrderCommand" || command.type === "DropOrderCommand")
    return tag === "Accepted" && first === undefined ? null : "is an operator's, and does something itself"
  const { begins, event: type } = expected[command.type]
  if (begins !== (tag === "Begun")) return `is ${begins ? "answered at once" : "to be answered later"}`
  if (first === undefined) return "did nothing"
  if (first.type !== type) return `became ${first.type}`
  if (events.some((event) => event.channel !== command.channel || event.order !== command.order)) return "acts on another order"
  if ("id" in first && first.id !== command.id) return `began ${first.id}`
  if (command.type === "PlaceOrder") return first.type === "OrderPlaced" ? wrongPlacing(command, first) : null
  if (command.type === "NoteLine")
    return first.type === "LineNoted" && first.sku === command.sku && first.fact === command.fact && first.qty === command.qty
      ? null
      : "notes something else than it was told"
  return command.type === "CancelOrder" && first.type === "LinesCancelling" ? wrongCancelling(command, first, order) : null
}

/** What is wrong with what lines are asked to give up, beside the command that cancels them. */
const wrongCancelling = (
  { lines, reason }: CancelOrder,
  event: Extract<BookEvent, { readonly type: "LinesCancelling" }>,
  order: OrderModel | undefined,
): string | null => {
  if (order === undefined) return null
  const all = [...order.lines.values()].filter(canBeAsked)
  const named: ReadonlyArray<{ readonly sku: string; readonly qty?: number }> = lines ?? all.map(({ sku }) => ({ sku }))
  const asked = named.map(({ sku, qty }) => ({ type: "Release", sku, reason, ...(qty === undefined ? {} : { qty }) }))
  const over = named.find(({ sku, qty = 1 }) => all.every((line) => line.sku !== sku || qty > openQtyOf(line)))
  if (over !== undefined) return `asks ${over.sku} for ${over.qty ?? 1} units, which it does not have`
  return same(event.carries, asked) ? null : `asks for ${textOf(event.carries)}, and not for ${textOf(asked)}`
}

const endedReasons: ReadonlySet<RefusalReason> = new Set(["ReservationExpired", "ReservationReleased", "ReservationFulfilled"])
const unknownReasons: ReadonlySet<RefusalReason> = new Set(["UnknownReservation", "UnknownSku"])

type Expected = Partial<Record<string, unknown>> & { readonly type: BookEvent["type"] }

/** What the refusal of a line's command means. */
const refusedMeans = (type: string, { reason, ats }: Refusal, openQty: number): Expected => {
  const said = { type: "LineRefused", command: type, reason, hasEnded: false, ...(ats === undefined ? {} : { ats }) } as const
  if (reason === "TooOld") return type === "Reserve" ? said : { type: "LineAskedAgain" }
  if (type === "Reserve") return said
  if (reason === "ReservationConfirmed" && type === "Confirm") return { type: "LineConfirmed" }
  if (unknownReasons.has(reason)) return { type: "LineLost", qty: openQty }
  return { ...said, hasEnded: endedReasons.has(reason) }
}

/** What the decision of a line's command means to its order: the event it has to come to. */
const returnMeans = (type: string, outcome: ReturnedOutcome, openQty: number): Expected => {
  if (outcome.outcome === "refused") return refusedMeans(type, outcome, openQty)
  if (outcome.outcome !== "accepted") return refusedMeans(type, { reason: "TooOld" }, openQty)
  if (type === "Reserve") return { type: "LineReserved", qty: outcome.qty, expiresAtMs: outcome.expiresAtMs }
  if (type === "Confirm") return { type: "LineConfirmed" }
  return { type: "LineReleased", qty: outcome.qty }
}

/** What is wrong with what an order makes of a decision that came back, in words, or null. */
export const wrongReturned = (
  order: OrderModel | undefined,
  carried: CarriedSeen,
  outcome: ReturnedOutcome,
  events: ReadonlyArray<BookEvent>,
): string | null => {
  const line = order?.lines.get(carried.sku)
  const [first] = events
  if (line === undefined || line.asked?.n !== carried.n)
    return first === undefined ? null : `becomes ${first.type}, and nobody waits for it`
  const means = returnMeans(line.asked.type, outcome, openQtyOf(line))
  if (first === undefined) return `comes to nothing, where ${means.type} was to be expected`
  if ("sku" in first && first.sku !== carried.sku) return `becomes ${first.type} of ${first.sku}`
  const wrong = Object.keys(means).find((name) => !same(Reflect.get(first, name), means[name]))
  return wrong === undefined
    ? null
    : `becomes ${first.type} with ${wrong} ${textOf(Reflect.get(first, wrong))}, where it is ${textOf(means[wrong])}`
}

/** What an order is, as far as a refusal speaks of it. */
type OrderStatus = "unknown" | "open" | NonNullable<OrderModel["ending"]>

/** In which states a refusal for this reason is right; undefined: it says nothing of an order. */
const statesFor = (reason: RefusalReason): ReadonlyArray<OrderStatus> | undefined => {
  if (reason === "UnknownOrder") return ["unknown"]
  if (reason === "OrderExists") return ["open", "refused", "cancelled", "expired", "fulfilled"]
  if (reason === "OrderRefused") return ["refused"]
  if (reason === "OrderCancelled") return ["cancelled"]
  if (reason === "OrderFulfilled") return ["fulfilled"]
  if (reason === "OrderExpired") return ["expired"]
  return reason === "OrderConfirmed" || reason === "UnknownLine" || reason === "QtyExceedsOpen" ? ["open"] : undefined
}

const statusOf = (order: OrderModel, atMs: EpochMs): OrderStatus => {
  switch (order.phase) {
    case "ended":
      return order.ending ?? "open"
    // Whether or not its end is journaled already.
    case "held":
      return atMs >= order.dueMs ? "expired" : "open"
    case "placing":
    case "confirming":
    case "confirmed":
      return "open"
    default:
      return unreachable(order.phase)
  }
}

/** What is wrong with a refusal about an order, in words, or null. `order`: as it stands, or how it ended where it is forgotten; undefined: nothing is known of it. */
export const wrongRefusal = (
  command: OrderKind["command"],
  refusal: Refusal,
  order: OrderModel | NonNullable<OrderModel["ending"]> | undefined,
  atMs: EpochMs,
): string | null => {
  const { reason, lines } = refusal
  const states = statesFor(reason)
  // A SKU isn't told how an order ended that is forgotten: there is nobody to take in what it tells.
  const isForgotten = order === undefined || (typeof order === "string" && command.type === "NoteLine")
  const status = isForgotten ? "unknown" : typeof order === "string" ? order : statusOf(order, atMs)
  if (states !== undefined && !states.includes(status)) return `is refused for ${reason}, and the order is ${status}`
  const isOverTwice = command.type === "ConfirmOrder" && reason === "OrderExpired"
  if (!isOverTwice || typeof order !== "object") return null
  const refunds = refundsOf(order)
  return same(lines ?? [], refunds) ? null : `is told to refund ${textOf(lines ?? [])}, and it is ${textOf(refunds)}`
}
