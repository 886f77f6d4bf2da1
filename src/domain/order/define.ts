/**
 * What every command and every event of an order has in common, and the functions that declare one of each. What a command is, is said in its own folder.
 */
import type * as Schema from "effect/Schema"
import { type CommandValue, commandDefiner } from "../define.ts"
import { CommandIdField, EpochMsField, OrderField, SenderField, VersionField } from "../fields.ts"
import type { SenderId } from "../names.ts"
import type { OrderDecision } from "./decision.ts"
import type { OrderId } from "./names.ts"
import type { Order, OrderEnding } from "./order.ts"

/**
 * The fields every command about an order begins with. `channel` is whose order it is: the sender, whose name the ingress writes, but where an operator settles what lies in quarantine. So what its actor is can be
 * told from the command alone.
 * Which order is no part of the head: an id is bound to it as to all else that is asked for.
 */
export const head = { id: CommandIdField, channel: SenderField, issuedAtMs: EpochMsField }

/** Of a command: the order it is about. */
export const ofOrder = { order: OrderField }

/** How a channel's order ended that its book no longer holds; undefined: there was none, or it is forgotten. Whoever keeps the book knows. */
export type EndingOf = (channel: SenderId, order: OrderId) => OrderEnding | undefined

/** Of a book that holds what has ended, too. */
export const noEndings: EndingOf = () => undefined

/** What of an order each of its commands is given and decides. */
export interface OrderDeclaration {
  readonly head: typeof head
  /** Undefined where its book holds no order of that name. */
  readonly state: Order | undefined
  readonly known: EndingOf
  readonly decision: OrderDecision
}

/** A command about an order. */
export type OrderCommandOf<Type extends string, Own extends Schema.Struct.Fields> = CommandValue<typeof head, Type, false, Own>

/** Declares a command about an order. */
export const defineCommand = commandDefiner<OrderDeclaration>()

/** What every event says first: whose it is, and the how-manieth of its order, from 1. */
const eventHead = { channel: SenderField, order: OrderField, n: VersionField }

/** Declares an event of an order. `own`: its fields beside whose it is. */
export const defineEvent = <const Type extends string, const Own extends Schema.Struct.Fields>(spec: {
  readonly type: Type
  readonly own: Own
}) => ({ ...spec, fields: { ...eventHead, ...spec.own } })
