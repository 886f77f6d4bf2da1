/**
 * Commands about orders, as a program hands them to the client, and the answers to them: the same guarantees as commands about SKUs have, and an answer that says a word on each line.
 *
 * Whose order it is follows from who sends: no channel writes it, an operator does. One command travels in a message, for its answer is one order's.
 */
import { type SenderId, skuToken, utf8Bytes } from "../domain/names.ts"
import { classOf, type OrderCommand, type SettlingOrderCommand } from "../domain/order/decide.ts"
import { orderOfChannel } from "../domain/order/names.ts"
import type { OrderHeardDecision } from "../kinds/order/types.ts"
import { bodyBytesMax } from "../limits.ts"
import { orderCodec } from "../wire/codec.ts"
import { commandVersion } from "../wire/command-json.ts"
import type { Spoken } from "./command-sender.ts"
import {
  type BusyCause,
  commandKey,
  faultOfForm,
  fieldsOf,
  filledIn,
  type NotStoredAtDoor,
  type Plain,
  type Sendable,
  typeGiven,
  withoutUndefined,
} from "./commands.ts"
import type { ClientEnvironment } from "./environment.ts"

/** A type of command about an order that a sender sends: a channel, or an operator who settles what lies in quarantine. */
export type OrderCommandType = (OrderCommand | SettlingOrderCommand)["type"]

/** A command about an order, whole: store it before it is sent where it must survive this process. An operator's says whose the order is. */
export type OrderRequest<Type extends OrderCommandType = OrderCommandType> = Type extends OrderCommand["type"]
  ? Omit<Plain<Extract<OrderCommand, { type: Type }>>, "channel">
  : Plain<Extract<SettlingOrderCommand, { type: Type }>>

/** A command about an order as a program writes it. `id` (random) and `issuedAtMs` (now) are filled in where they are left out. */
export type OrderInput<Type extends OrderCommandType> = Omit<OrderRequest<Type>, "type" | "id" | "issuedAtMs"> & {
  readonly id?: string
  readonly issuedAtMs?: number
}

type HeardOutcome = OrderHeardDecision extends infer One ? (One extends unknown ? Omit<One, "id" | "order"> : never) : never

/**
 * The answer to one command about an order: what a command about a SKU is answered, and of each line what is held, given back or to be refunded, and why there is less than was asked for. It comes when all
 * lines have answered.
 */
export type OrderAnswer = { readonly id: string; readonly order: string } & (
  | HeardOutcome
  | { readonly outcome: "busy"; readonly retryAfterMs: number; readonly why: BusyCause }
  | ({ readonly outcome: "notStored" } & Pick<NotStoredAtDoor, "reason" | "cause" | "field" | "detail" | "at">)
)

/** All types, and so all methods. */
export const orderCommandTypes = [
  "PlaceOrder",
  "ConfirmOrder",
  "CancelOrder",
  "ReplayOrderCommand",
  "DropOrderCommand",
] as const satisfies ReadonlyArray<OrderCommandType>

/** The command of a text that this client wrote: whose it is says nothing about what differs. */
const contentOf = (text: string, sender: SenderId): number | undefined => {
  const body = orderCodec.decodeBodyFrom(Buffer.from(text, "utf8"), sender)
  const [first] = body._tag === "Commands" ? body.commands : []
  return first?._tag === "Command" ? orderCodec.contentHash(first.command) : undefined
}

/** Commands about orders of one sender. */
export const ofOrders = (sender: SenderId): Spoken<OrderAnswer, OrderHeardDecision> => ({
  keyOf: (said) => (said.id === null || !("order" in said) || said.order === undefined ? undefined : commandKey(said.id, said.order)),
  isOf: (said, { id, about }) => said.id === id && "order" in said && said.order === about,
  answer: ({ id, about: order }, rest) => ({ id, order, ...rest }) as OrderAnswer,
  differing: (one, other) => {
    const [a, b] = [contentOf(one, sender), contentOf(other, sender)]
    return a === undefined || b === undefined || a === b ? undefined : orderCodec.differingField(a, b)
  },
})

/** The whole command, with what is absent filled in. */
export const completeOrder = <Type extends OrderCommandType>(
  type: Type,
  input: OrderInput<Type>,
  environment: ClientEnvironment,
): OrderRequest<Type> => {
  const { type: given, ...fields } = fieldsOf(input as { readonly type?: unknown })
  // Its names are plain strings still; orderSendable checks them before anything else does.
  return { ...filledIn(fields, environment), type: typeGiven(type, given) } as unknown as OrderRequest<Type>
}

const notStored = ({ id, order }: OrderRequest, why: Pick<NotStoredAtDoor, "reason" | "cause" | "field" | "detail">): OrderAnswer => ({
  id,
  order,
  outcome: "notStored",
  ...why,
})

/** The command as it travels, or what the door would answer to it. */
export const orderSendable = (given: OrderRequest, sender: SenderId): Sendable | OrderAnswer => {
  const command = fieldsOf(given) as OrderRequest
  const text = JSON.stringify({ v: commandVersion, ...withoutUndefined(command) })
  const bytes = utf8Bytes(text)
  if (bytes > bodyBytesMax) return notStored(command, { reason: "size" })
  const body = orderCodec.decodeBodyFrom(Buffer.from(text, "utf8"), sender)
  if (body._tag === "Undecodable") return notStored(command, { reason: "form", cause: body.refusal.reason })
  const [read] = body.commands
  if (read === undefined || read._tag === "Invalid") {
    const { reason = "Malformed", field } = read?.refusal ?? {}
    return notStored(command, faultOfForm(reason, field, command.type, read?.detail))
  }
  const { id, order, issuedAtMs, channel, type } = read.command
  const commandClass = classOf[type]
  return {
    key: commandKey(id, order),
    id,
    about: order,
    issuedAtMs,
    reservation: undefined,
    class: commandClass,
    // A channel's own order needs no more than its id.
    token: skuToken(commandClass === "operator" ? orderOfChannel(channel, order) : order),
    text,
    bytes,
    // Owners keep nothing; what isn't handed to them is stored for them.
    isStored: commandClass !== "sell",
    packing: 0,
    lane: order,
    isAlone: true,
  }
}
