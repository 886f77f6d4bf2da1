/**
 * Decides one command about one order: the order and the command in, events or a refusal out. Never changes the order.
 *
 * Whose order it is follows from who sends: an order's name is in scope of its channel, so that another's can't even be named. Ids, deadlines and classes are settled before, by the engine; that fields are in
 * their ranges, by the decoder.
 */
import type { CommandClass, EpochMs, SenderId } from "../names.ts"
import type { CancelOrder } from "./commands/cancel-order/command.ts"
import type { ConfirmOrder } from "./commands/confirm-order/command.ts"
import type { DropOrderCommand } from "./commands/drop-order-command/command.ts"
import type { NoteLine } from "./commands/note-line/command.ts"
import type { PlaceOrder } from "./commands/place-order/command.ts"
import type { ReplayOrderCommand } from "./commands/replay-order-command/command.ts"
import type { OrderDecision } from "./decision.ts"
import { type EndingOf, noEndings } from "./define.ts"
import { orderKind } from "./index.ts"
import type { Order } from "./order.ts"

/** What a channel may ask of an order. */
export type OrderCommand = PlaceOrder | ConfirmOrder | CancelOrder

/** What an order decides: its channel's commands, and a SKU's word on one of its lines. */
export type DecidedOrderCommand = OrderCommand | NoteLine

/** What an operator may do with a command about an order that lies in quarantine. Its partition decides that itself. */
export type SettlingOrderCommand = ReplayOrderCommand | DropOrderCommand

/** Any command about an order. */
export type AnyOrderCommand = DecidedOrderCommand | SettlingOrderCommand

/** The class each type must be sent in. */
export const classOf = Object.fromEntries(orderKind.commands.map((spec) => [spec.type, spec.class])) as Readonly<
  Record<AnyOrderCommand["type"], CommandClass>
>

/** How a command of some type is decided. A method, for each takes its own command alone. */
interface Decides {
  decide(order: Order | undefined, command: DecidedOrderCommand, sender: SenderId, nowMs: EpochMs, endingOf: EndingOf): OrderDecision
}
const deciding: Readonly<Record<DecidedOrderCommand["type"], Decides>> = orderKind.command

/** What `command` by `channel` does at `nowMs` to the order of that name, undefined if its book holds none. `endingOf` knows of orders that ended and that the book no longer holds. */
export const decide = (
  order: Order | undefined,
  command: DecidedOrderCommand,
  channel: SenderId,
  nowMs: EpochMs,
  endingOf: EndingOf = noEndings,
): OrderDecision => deciding[command.type].decide(order, command, channel, nowMs, endingOf)
