/**
 * Checker `orders` (INV-17 to INV-20): the life of each order, event by event.
 *
 * Proves that an order begins once, that its events are counted without a gap, that each may happen to it as it stands and is what its command, its time or the decision that came back makes of it; that a
 * refusal says what became of the order; and that by the end of each record what an order can't keep is asked back and what it owes is waited for. Keeps what is not forgotten, and of the rest how it ended, as long as its channel's ids are.
 */
import type { EpochMs } from "../domain/names.ts"
import type { BookEvent } from "../domain/order/events.ts"
import type { ReturnedOutcome } from "../engine/records.ts"
import type { OrderKind } from "../kinds/order/types.ts"
import { type Answers, wrongAnswer } from "./answers.ts"
import type { CarriedSeen } from "./carried.ts"
import type { Findings, Where } from "./findings.ts"
import { wrongCommanded, wrongRefusal, wrongReturned } from "./order-commands.ts"
import type { OrderEnds } from "./order-ends.ts"
import { unfinished, wrongEvent, wrongPlaced } from "./order-life.ts"
import { foldOrderEvent, type OrderModel, orderKeyOf, placedModel } from "./order-model.ts"
import type { DecisionSeen } from "./seen.ts"

/** How many orders came to what. */
export interface OrderCounts {
  orders: number
  lines: number
  held: number
  refused: number
  confirmed: number
  cancelled: number
  expired: number
  fulfilled: number
}

const isPlaced = (event: BookEvent): event is Extract<BookEvent, { readonly type: "OrderPlaced" }> => event.type === "OrderPlaced"

/** What an event comes to, in numbers. */
const count = (counts: OrderCounts, event: BookEvent): void => {
  if (event.type === "OrderPlaced") {
    counts.orders += 1
    counts.lines += event.lines.length
  }
  if (event.type === "OrderHeld") counts.held += 1
  if (event.type === "OrderRefused") counts.refused += 1
  if (event.type === "OrderConfirmed") counts.confirmed += 1
  if (event.type === "OrderExpired") counts.expired += 1
  if (event.type === "OrderEnded" && event.ending !== "refused") counts[event.ending] += 1
}

/** The models of all orders, brought forward event by event, each judged before it. */
const createFolding = (findings: Findings, answers: Answers, ends: OrderEnds) => {
  const models = new Map<string, OrderModel>()
  /** Of the present record. */
  const touched = new Set<OrderModel>()
  const counts: OrderCounts = { orders: 0, lines: 0, held: 0, refused: 0, confirmed: 0, cancelled: 0, expired: 0, fulfilled: 0 }

  const violated = (where: Where, order: string, what: string): void =>
    findings.violated("orders", { ...where, order }, `order ${order} ${what}`)

  const begin = (where: Where, key: string, event: Extract<BookEvent, { readonly type: "OrderPlaced" }>, atMs: EpochMs): void => {
    const ended = ends.of({ partition: where.partition, key, channel: event.channel }, atMs)
    if (models.has(key)) violated(where, key, "begins again, and is not forgotten")
    if (ended !== undefined) violated(where, key, `begins again after it was ${ended}`)
    const wrong = wrongPlaced(event, atMs)
    if (wrong !== null) violated(where, key, wrong)
    const order = placedModel(event, where.partition, where.seq)
    models.set(key, order)
    touched.add(order)
  }

  /** Judges and folds one event. */
  const apply = (where: Where, event: BookEvent, atMs: EpochMs): void => {
    const key = orderKeyOf(event.channel, event.order)
    findings.checked("orders")
    count(counts, event)
    if (isPlaced(event)) return begin(where, key, event, atMs)
    const order = models.get(key)
    if (order === undefined) return violated(where, key, `is ${event.type}, and was never placed`)
    const wrong = wrongEvent(order, event, atMs)
    if (wrong !== null) violated(where, key, wrong)
    if ("answer" in event) {
      const wrongly = wrongAnswer(order, event)
      if (wrongly !== null) findings.violated("answers", { ...where, order: key }, `order ${key} ${wrongly}`)
      answers.given(where, event)
    }
    foldOrderEvent(order, event, where.seq)
    if (event.type === "OrderForgotten") {
      ends.note({ partition: where.partition, key, channel: order.channel }, order.ending ?? "cancelled", atMs)
      models.delete(key)
      touched.delete(order)
      return
    }
    touched.add(order)
  }
  return { models, touched, counts, violated, apply }
}

/** The checker of orders: the models of all of them, and what judges that happens to them. */
export const createOrders = (findings: Findings, answers: Answers, ends: OrderEnds) => {
  const { models, touched, counts, violated, apply } = createFolding(findings, answers, ends)
  return {
    /** A decided command about an order. */
    decision: ({ where, command, decision, atMs }: DecisionSeen<OrderKind>): void => {
      const key = orderKeyOf(command.channel, command.order)
      const order = models.get(key)
      if (decision._tag === "Refused") {
        findings.checked("orders")
        const ended = () => ends.of({ partition: where.partition, key, channel: command.channel }, atMs)
        const wrong = wrongRefusal(command, decision.refusal, order ?? ended(), atMs)
        if (wrong !== null) violated(where, key, `${command.type} ${command.id} ${wrong}`)
      }
      if (decision._tag !== "Accepted" && decision._tag !== "Begun") return
      const wrong = wrongCommanded(command, decision._tag, decision.events, order)
      if (wrong !== null) violated(where, key, `${command.type} ${command.id} ${wrong}`)
      for (const event of decision.events) apply(where, event, atMs)
    },
    /** What time alone did. */
    expiry: (where: Where, events: ReadonlyArray<BookEvent>, atMs: EpochMs): void => {
      for (const event of events) {
        const order = models.get(orderKeyOf(event.channel, event.order))
        const dueMs = order?.keptUntilMs ?? order?.dueMs ?? 0
        const follows = event.type === "LinesGivenUp" || event.type === "OrderAtRest"
        if (atMs < dueMs && !follows)
          violated(where, orderKeyOf(event.channel, event.order), `is ${event.type} at ${atMs} for its time, which is up at ${dueMs}`)
        apply(where, event, atMs)
      }
    },
    /** What an order made of a decision that came back; `carried`: of which command. */
    returned: (where: Where, carried: CarriedSeen, outcome: ReturnedOutcome, events: ReadonlyArray<BookEvent>, atMs: EpochMs): void => {
      const wrong = wrongReturned(models.get(carried.order), carried, outcome, events)
      if (wrong !== null) violated(where, carried.order, `hears of ${carried.id}, and it ${wrong}`)
      for (const event of events) apply(where, event, atMs)
    },
    /** Ends a record. */
    recordEnd: (where: Where): void => {
      for (const order of touched) {
        const wrong = unfinished(order)
        if (wrong !== null) violated(where, orderKeyOf(order.channel, order.id), wrong)
      }
      touched.clear()
    },
    models: models as ReadonlyMap<string, OrderModel>,
    counts: counts as Readonly<OrderCounts>,
  }
}
/** The checker `orders`. */
export type Orders = ReturnType<typeof createOrders>
