/**
 * The client as programs without Effect use it: promises of decisions, callbacks for what comes unasked.
 *
 * A command goes straight to the sender of commands: no fiber and no effect is spent on it.
 */
import { Context, Effect, Exit, type Layer, ManagedRuntime, Scope } from "effect"
import { type Command, type CommandType, classOf } from "../domain/sku/commands.ts"
import type { AtsValue } from "../kinds/sku/types.ts"
import type { AtsOptions } from "./ats-subscription.ts"
import { Client, type OrderStanding, type ReservationAnswer, type SendOptions, type StockAnswer, type Topology } from "./client.ts"
import type { CommandAnswer, CommandInput } from "./commands.ts"
import { type OrderAnswer, type OrderCommandType, type OrderInput, type OrderRequest, orderCommandTypes } from "./orders.ts"

/** Fills in `id` and `issuedAtMs` where they are left out, and sends. */
type SendCommand<Type extends CommandType> = (input: CommandInput<Type>, options?: SendOptions) => Promise<CommandAnswer>

/** A method for each type of command, by its name: `reserve`, `confirm`, … */
type Sends = { readonly [Type in CommandType as Uncapitalize<Type>]: SendCommand<Type> }

/** The same for commands about orders: `placeOrder`, `confirmOrder`, `cancelOrder`. */
type OrderSends = {
  readonly [Type in OrderCommandType as Uncapitalize<Type>]: (
    input: OrderInput<Type>,
    options?: SendOptions<OrderAnswer>,
  ) => Promise<OrderAnswer>
}

export interface AtsWatch {
  /** Resolves when all current values were told; while a partition has no owner, that waits. Rejects with NotPermitted. */
  readonly ready: Promise<void>
  /** The newest value heard of a SKU. */
  readonly current: (sku: string) => AtsValue | undefined
  /** The newest value of every SKU heard of. */
  readonly all: () => IterableIterator<AtsValue>
  readonly close: () => Promise<void>
}

/**
 * A sender's connection. Sending resolves with a decision: a refusal is one, and so are `busy` and `notStored`. It rejects only with operating errors:
 * `NotPermitted`, `AnswerUnknown` (patience ended; asking again with the same id and `issuedAtMs` is safe; with `stored`, it will be decided), `ClientClosed`.
 *
 * Commands that name the same reservation of a SKU, or none and are of one class, are decided in the order they were sent in, and so are those about one order. No others are.
 */
export interface SenderClient extends Sends, OrderSends {
  readonly sender: string
  /** How many partitions the cluster has, once a worker has said so. Nothing that is sent waits for it. Rejects with AnswerUnknown. */
  readonly partitions: () => Promise<number>
  /** The whole command, without sending it: store it first where asking again must survive this process. */
  readonly command: <Type extends CommandType>(type: Type, input: CommandInput<Type>) => Command
  readonly send: (command: Command, options?: SendOptions) => Promise<CommandAnswer>
  /** The same two for commands about orders. An answer comes when every line has answered: within ten seconds for an order that is placed. */
  readonly orderCommand: <Type extends OrderCommandType>(type: Type, input: OrderInput<Type>) => OrderRequest<Type>
  readonly sendOrder: (command: OrderRequest, options?: SendOptions<OrderAnswer>) => Promise<OrderAnswer>
  /** Rejects with NotPermitted or AnswerUnknown; with a RangeError for what can't be a SKU. */
  readonly stock: (sku: string) => Promise<StockAnswer>
  /** What became of a reservation of this channel. Rejects as `stock` does. */
  readonly reservation: (sku: string, reservation: string) => Promise<ReservationAnswer>
  /** An order as it stands: of this channel, or of the one that is named, which takes the role operator. Rejects as `stock` does. */
  readonly order: (order: string, channel?: string) => Promise<OrderStanding>
  readonly topology: () => Promise<Topology>
  readonly ats: { readonly subscribe: (options: AtsOptions) => AtsWatch }
  /** Takes nothing new, waits until all that is under way is answered or its patience ends, and disconnects. */
  readonly close: () => Promise<void>
}

const sending =
  (client: Client["Service"]) =>
  (command: Command, options?: SendOptions): Promise<CommandAnswer> =>
    new Promise((resolve, reject) => client.submit(command, resolve, reject, options))

const methodOf = (type: string): string => type.charAt(0).toLowerCase() + type.slice(1)

const sendAs =
  <Type extends CommandType>(client: Client["Service"], send: ReturnType<typeof sending>, type: Type): SendCommand<Type> =>
  (input, options) =>
    send(client.command(type, input), options)

const sendingOrders =
  (client: Client["Service"]) =>
  (command: OrderRequest, options?: SendOptions<OrderAnswer>): Promise<OrderAnswer> =>
    new Promise((resolve, reject) => client.submitOrder(command, resolve, reject, options))

/** `open`: the scopes of all watches that are not closed. */
const watching =
  (client: Client["Service"], open: Set<Scope.Closeable>) =>
  (options: AtsOptions): AtsWatch => {
    const scope = Scope.makeUnsafe()
    open.add(scope)
    const subscription = Effect.runSync(Scope.provide(client.subscribeAts(options), scope))
    const ready = Effect.runPromise(subscription.ready)
    // Whoever never looks at it is not ended by it.
    ready.catch(() => undefined)
    const close = () => {
      open.delete(scope)
      return Effect.runPromise(Scope.close(scope, Exit.void))
    }
    return { ready, current: subscription.current, all: subscription.all, close }
  }

/** Opens a client and keeps it until it is closed. Rejects with what the layer fails with. */
export const openSenderClient = async <E>(layer: Layer.Layer<Client, E>): Promise<SenderClient> => {
  const runtime = ManagedRuntime.make(layer)
  const client = Context.get(await runtime.context(), Client)
  const watches = new Set<Scope.Closeable>()
  const send = sending(client)
  const methods = Object.keys(classOf).map((type) => [methodOf(type), sendAs(client, send, type as CommandType)] as const)
  // Of all types, and so all methods: the compiler doesn't follow the names.
  const sends = Object.fromEntries(methods) as unknown as Sends
  const sendOrder = sendingOrders(client)
  const orderMethods = orderCommandTypes.map(
    (type) =>
      [
        methodOf(type),
        (input: OrderInput<typeof type>, options?: SendOptions<OrderAnswer>) => sendOrder(client.orderCommand(type, input), options),
      ] as const,
  )
  // Of all types, as above.
  const orderSends = Object.fromEntries(orderMethods) as unknown as OrderSends
  return {
    ...sends,
    ...orderSends,
    sender: client.sender,
    partitions: () => Effect.runPromise(client.partitions),
    command: client.command,
    send,
    orderCommand: client.orderCommand,
    sendOrder,
    stock: (sku) => Effect.runPromise(client.stock(sku)),
    reservation: (sku, reservation) => Effect.runPromise(client.reservation(sku, reservation)),
    order: (order, channel) => Effect.runPromise(client.order(order, channel)),
    topology: () => Effect.runPromise(client.topology),
    ats: { subscribe: watching(client, watches) },
    close: async () => {
      for (const scope of watches) await Effect.runPromise(Scope.close(scope, Exit.void))
      await runtime.dispose()
    },
  }
}
