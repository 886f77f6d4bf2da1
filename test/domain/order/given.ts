/**
 * The words of the examples of orders: an order as it came about, commands with what doesn't matter filled in, what lines answer, and the decision on one.
 */
import type { CommandId, Sku } from "../../../src/domain/names.ts"
import type { LineOutcome } from "../../../src/domain/order/carried.ts"
import type { CancelOrder } from "../../../src/domain/order/commands/cancel-order/command.ts"
import type { ConfirmOrder } from "../../../src/domain/order/commands/confirm-order/command.ts"
import type { NoteLine } from "../../../src/domain/order/commands/note-line/command.ts"
import type { LineFact } from "../../../src/domain/order/commands/note-line/events.ts"
import type { LineGiven, PlaceOrder } from "../../../src/domain/order/commands/place-order/command.ts"
import { decide, type OrderCommand } from "../../../src/domain/order/decide.ts"
import type { OrderDecision } from "../../../src/domain/order/decision.ts"
import { answeredBy, type OrderEvent } from "../../../src/domain/order/events.ts"
import { evolve } from "../../../src/domain/order/evolve.ts"
import type { OrderId } from "../../../src/domain/order/names.ts"
import { copyOf, lineOf, type Order } from "../../../src/domain/order/order.ts"
import { decideReturn } from "../../../src/domain/order/returns.ts"
import { decideDue } from "../../../src/domain/order/timers.ts"
import type { RefusalReason } from "../../../src/domain/refusals.ts"
import { nowMs, web } from "../given.ts"

export const o1 = "o1" as OrderId
export const shirt = "shirt" as Sku
export const mug = "mug" as Sku
export const lamp = "lamp" as Sku
export const holdMs = 60_000
/** When a SKU that holds for an order placed now says that its hold ends. */
export const lineEndMs = nowMs + 10_000 + holdMs + 15 * 60_000

const base = { channel: web, order: o1, issuedAtMs: nowMs }
export const line = (sku: Sku, qty: number, more: Partial<LineGiven> = {}): LineGiven => ({ sku, qty, ...more })
export const place = (lines: ReadonlyArray<LineGiven>, more: Partial<PlaceOrder> = {}): PlaceOrder => ({
  type: "PlaceOrder",
  ...base,
  id: "place" as CommandId,
  fill: "whole",
  holdMs,
  lines,
  ...more,
})
export const confirm: ConfirmOrder = { type: "ConfirmOrder", ...base, id: "confirm" as CommandId }
export const cancel = (lines?: CancelOrder["lines"]): CancelOrder => ({
  type: "CancelOrder",
  ...base,
  id: "cancel" as CommandId,
  reason: "cancelled",
  ...(lines === undefined ? {} : { lines }),
})
export const note = (sku: Sku, fact: LineFact, qty: number): NoteLine => ({
  type: "NoteLine",
  ...base,
  id: "note" as CommandId,
  sku,
  fact,
  qty,
})

export const gives = (qty: number, expiresAtMs = lineEndMs): LineOutcome => ({ _tag: "Reserved", qty, expiresAtMs })
export const confirms: LineOutcome = { _tag: "Confirmed" }
export const releases = (qty: number): LineOutcome => ({ _tag: "Released", qty })
export const refuses = (reason: RefusalReason, ats?: number): LineOutcome =>
  ats === undefined ? { _tag: "Refused", reason } : { _tag: "Refused", reason, ats }

/** One thing that happens to an order: a command, what a line answers, or its time. */
export type Happening = OrderCommand | NoteLine | readonly [Sku, LineOutcome] | { readonly dueAtMs: number }

export const when = (order: Order | undefined, command: OrderCommand | NoteLine, atMs: number = nowMs): OrderDecision =>
  decide(order, command, web, atMs)

/** The events of something that happens; fails the test if it was refused or put off. */
export const eventsOf = (order: Order | undefined, happening: Happening, atMs: number = nowMs): ReadonlyArray<OrderEvent> => {
  if ("dueAtMs" in happening) return decideDue(order as Order, happening.dueAtMs)
  if ("type" in happening) {
    const decision = when(order, happening, atMs)
    if (decision._tag === "Refused" || decision._tag === "Later") throw new Error(JSON.stringify(decision))
    return decision.events
  }
  const [sku, outcome] = happening
  const event = lineOf(order as Order, sku)?.asked?.event ?? -1
  return decideReturn(order as Order, { sku, event, outcome }, atMs)
}

/** The order, with what these events made of it. The one given stays as it was. */
export const applied = (order: Order | undefined, events: ReadonlyArray<OrderEvent>): Order => {
  let next = order === undefined ? undefined : copyOf(order)
  for (const event of events) next = evolve(next, event)
  return next as Order
}

/** The order to which these things happened, one after the other. */
export const having = (order: Order | undefined, ...happenings: ReadonlyArray<Happening>): Order =>
  happenings.reduce<Order | undefined>((at, happening) => applied(at, eventsOf(at, happening)), order) as Order

/** An order of two shirts and a mug, as it was placed, and with both lines held. */
export const placed = having(undefined, place([line(shirt, 2), line(mug, 1)]))
export const held = having(placed, [shirt, gives(2)], [mug, gives(1)])
export const confirmed = having(held, confirm, [shirt, confirms], [mug, confirms])

/** The types of events, in order. */
export const typesOf = (events: ReadonlyArray<OrderEvent>): ReadonlyArray<string> => events.map(({ type }) => type)

/** The one answer that these events give. */
export const answerIn = (events: ReadonlyArray<OrderEvent>) => {
  const answers = events.flatMap((event) => answeredBy(event) ?? [])
  if (answers.length !== 1) throw new Error(`${answers.length} answers in ${typesOf(events).join(", ")}`)
  return answers[0]
}
