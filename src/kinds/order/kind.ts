/**
 * The order book as a kind of actor: what src/domain/order decides, put together for the engine.
 */
import { assert } from "../../assert.ts"
import { emptyBook, evolveBook, type OrderBook, orderCount, orderIn, ordersIn } from "../../domain/order/book.ts"
import { type DecidedOrderCommand, decide } from "../../domain/order/decide.ts"
import type { OrderDecision } from "../../domain/order/decision.ts"
import type { OrderId } from "../../domain/order/names.ts"
import { storedOrder } from "../../domain/order/stored.ts"
import { dueMsOf } from "../../domain/order/timers.ts"
import type { Refusal } from "../../domain/refusals.ts"
import type { ActorKind, KindDecision } from "../../engine/kind.ts"
import { orderBooksPerPartitionMax, ordersPerBookMax } from "../../limits.ts"
import { orderCarrying } from "./carrying.ts"
import { orderChunks } from "./chunks.ts"
import { orderCommands } from "./commands.ts"
import { orderFeed } from "./feed.ts"
import { acceptedOutcome, saidOf, weightOf } from "./outcomes.ts"
import { ofBook, orderParts, partId } from "./parts.ts"
import type { OrderKind } from "./types.ts"

/** A book's orders without what depends on how they got there: slots, and times that mean nothing any more. */
const bookState = (book: OrderBook): unknown => {
  const orders: Record<string, unknown> = {}
  for (const order of ordersIn(book)) orders[`${order.channel}/${order.id}`] = { ...storedOrder(order), dueMs: dueMsOf(order) ?? 0 }
  return { book: book.key, orders }
}

const refused = (reason: Refusal["reason"], field: string): KindDecision<OrderKind> => ({ _tag: "Refused", refusal: { reason, field } })

/** What an actor decides about its order, as its book journals it. */
const ofOrder = (
  book: OrderBook | undefined,
  { channel, order: id }: DecidedOrderCommand,
  decision: OrderDecision,
): KindDecision<OrderKind> => {
  switch (decision._tag) {
    case "Later":
      return decision
    case "Refused": {
      const { refusal, lines } = decision
      return { _tag: "Refused", refusal: { ...refusal, order: id, ...(lines === undefined ? {} : { lines }) } }
    }
    case "Accepted":
    case "Begun": {
      const order = book === undefined ? undefined : orderIn(book, channel, id)
      return { _tag: decision._tag, events: ofBook(channel, id, order, decision.events) }
    }
  }
}

/** The kind of order books, as the engine is given it. */
export const orderKind: ActorKind<OrderKind> = Object.freeze<ActorKind<OrderKind>>({
  name: "order",
  keyField: "order",
  actorsMax: orderBooksPerPartitionMax,
  actorsField: "books",
  commands: orderCommands,
  emptyState: emptyBook,
  decide: (book, command, sender, nowMs, endOf, isInternal) => {
    assert(command.type !== "ReplayOrderCommand" && command.type !== "DropOrderCommand", "operators' commands are the partition's")
    // Only what SKUs tell comes from an actor, and it comes from nobody else.
    if (isInternal !== (command.type === "NoteLine")) return refused("UnknownType", "type")
    if (command.channel !== sender) return refused("InvalidField", "channel")
    const order = book === undefined ? undefined : orderIn(book, command.channel, command.order)
    if (command.type === "PlaceOrder" && order === undefined && book !== undefined && orderCount(book) >= ordersPerBookMax)
      return refused("LimitReached", "orders")
    const endingOf = (channel: typeof sender, id: OrderId) => endOf(channel, partId(id))?.status
    return ofOrder(book, command, decide(order, command, sender, nowMs, endingOf))
  },
  share: (event) => event,
  evolve: evolveBook,
  // A book knows nothing beside its orders.
  evolveState: () => undefined,
  evolvePart: evolveBook,
  mayFollowUp: () => false,
  followUps: () => [],
  followUpBytes: 1,
  followUpsMax: 0,
  followUpCause: "",
  outcomeOf: acceptedOutcome,
  weightOf,
  saidOf,
  alarmOf: () => undefined,
  parts: orderParts,
  feed: orderFeed,
  chunks: orderChunks,
  hashed: bookState,
  carrying: orderCarrying,
})
