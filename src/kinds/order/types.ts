/**
 * The types of the engine as they are where actors are order books: what everybody but the engine itself means by a partition, a record or an answer about orders. Types alone; the functions over them are
 * in kind.ts and partition.ts.
 */
import type { CommandId, EpochMs, OrderBookKey } from "../../domain/names.ts"
import type { OrderBook } from "../../domain/order/book.ts"
import type { AnyOrderCommand } from "../../domain/order/decide.ts"
import type { BookEvent } from "../../domain/order/events.ts"
import type { OrderId } from "../../domain/order/names.ts"
import type { Order, OrderEnding, StoredOrder } from "../../domain/order/order.ts"
import type { LineTold } from "../../domain/refusals.ts"
import type * as chunks from "../../engine/chunks.ts"
import type { KindTypes } from "../../engine/kind.ts"
import type * as partition from "../../engine/partition.ts"
import type * as protocol from "../../engine/protocol.ts"
import type * as records from "../../engine/records.ts"
import type * as step from "../../engine/step.ts"

/** What a sender hears of an accepted command beside that. */
export interface OrderAccepted {
  /** Absent of an operator's command, which comes to no event of an order. */
  readonly order?: OrderId
  /** Until when an order that was placed is held. */
  readonly expiresAtMs?: EpochMs
  /** Absent where there is nothing to say of lines: a SKU's notice was taken in. */
  readonly lines?: ReadonlyArray<LineTold>
}

/** What is remembered of a command about an order under its id. */
export type OrderRememberedDecision =
  | ({ readonly outcome: "accepted" } & OrderAccepted)
  | Exclude<records.RememberedDecision, { readonly outcome: "accepted" }>

/** The answer to one command. `id` is null, and `order` absent, where the body could not be decoded that far. */
export type OrderHeardDecision = {
  readonly id: CommandId | null
  readonly order?: string
  /** True when this id was decided before and this is the same outcome again. */
  readonly repeated?: true
} & OrderRememberedDecision

/** A book without its orders, as a snapshot holds it. */
export interface BookRow {
  readonly book: OrderBookKey
  readonly version: number
}

/** An order, as a snapshot holds it. */
export interface OrderRow {
  readonly book: OrderBookKey
  readonly order: StoredOrder
}

/** What the engine knows of order books only as types of its own. */
export interface OrderKind extends KindTypes {
  readonly key: OrderBookKey
  readonly command: AnyOrderCommand
  readonly event: BookEvent
  readonly expired: BookEvent
  /** A book does nothing of its own accord but by its orders' timers, and nothing of it is published. */
  readonly followUp: never
  readonly told: never
  readonly value: never
  readonly state: OrderBook
  readonly part: Order
  readonly ending: OrderEnding
  readonly accepted: OrderAccepted
  readonly said: OrderHeardDecision
  readonly actorRow: BookRow
  readonly partRow: OrderRow
}

/** A chunk of a snapshot of order books. */
export type OrderChunk = chunks.Chunk<OrderKind>
/** A partition of order books. */
export type OrderPartition = partition.Partition<OrderKind>
/** What the engine is given between values of orders and bytes. */
export type OrderEngineCodec = protocol.EngineCodec<OrderKind>
/** A command about an order with its decision. */
export type OrderDecidedCommand = records.DecidedCommand<OrderKind>
/** How a command about an order was decided. */
export type OrderJournaledDecision = records.JournaledDecision<OrderKind>
/** A message, decided. */
export type OrderMessageEntry = records.MessageEntry<OrderKind>
/** A command out of quarantine, with its final answer. */
export type OrderSettledEntry = records.SettledEntry<OrderKind>
/** What came of a line's command at its SKU, and what its order makes of it. */
export type OrderReturnedEntry = records.ReturnedEntry<OrderKind>
/** An answer that was owed. */
export type OrderAnsweredEntry = records.AnsweredEntry<OrderKind>
/** One thing that a record of an orders' partition says. */
export type OrderEntry = records.Entry<OrderKind>
/** A record of an orders' partition. */
export type OrderJournalRecord = records.JournalRecord<OrderKind>
/** A reply to a channel about an order. */
export type OrderReply = records.Reply<OrderKind>
/** The step function of partitions of orders. */
export type OrderStep = step.Step<OrderKind>
