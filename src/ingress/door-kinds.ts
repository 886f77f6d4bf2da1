/**
 * What an ingress has to know of each kind's commands: whose actor a subject names, and of a decoded command whose it is, its class, and whether it is a fact.
 */
import type { Kind } from "../domain/kinds.ts"
import type { ActorKey, CommandClass, OrderBookKey, SenderId, Sku } from "../domain/names.ts"
import { classOf as orderClassOf } from "../domain/order/decide.ts"
import { channelsOrder, type OrderId, orderBook } from "../domain/order/names.ts"
import { unclearSku } from "../domain/sku/clear-sku.ts"
import { classOf, isFact } from "../domain/sku/commands.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { OrderKind } from "../kinds/order/types.ts"
import type { SkuKind } from "../kinds/sku/types.ts"

/** The field by which an answer of an ingress names what a command is about. */
type Named = { readonly sku: Sku } | { readonly order: OrderId }

/** What a subject names, by the text of its token; undefined: no actor of this kind can have such a name. */
interface NamedActor<K extends KindTypes> {
  readonly key: K["key"]
  /** Whether the command is about the very thing that the subject names. */
  readonly isOf: (command: K["command"]) => boolean
}

/** A kind as an ingress knows it. */
export interface DoorKind<K extends KindTypes = KindTypes> {
  readonly actorOf: (name: ActorKey, sender: SenderId, commandClass: CommandClass) => NamedActor<K> | undefined
  readonly keyOf: (command: K["command"]) => K["key"]
  readonly classOf: (command: K["command"]) => CommandClass
  readonly isFact: (command: K["command"]) => boolean
  /** Why nobody could tell its actor from another; undefined: anybody can. */
  readonly unclear: (command: K["command"]) => string | undefined
  readonly named: (command: K["command"]) => Named
  /** The same of a command that can't be read, as far as its actor could be. */
  readonly namedBy: (key: ActorKey) => Partial<Named>
  /** The field that is at fault where the actor's name is unclear. */
  readonly nameField: string
}

const skus: DoorKind<SkuKind> = {
  actorOf: (name) => ({ key: name as Sku, isOf: ({ sku }) => sku === name }),
  keyOf: ({ sku }) => sku,
  classOf: ({ type }) => classOf[type],
  isFact,
  unclear: unclearSku,
  named: ({ sku }) => ({ sku }),
  namedBy: (key) => ({ sku: key as Sku }),
  nameField: "sku",
}

/** A channel names its own orders; an operator says whose the order is. None of what is asked of orders is a fact. */
const orders: DoorKind<OrderKind> = {
  actorOf: (name, sender, commandClass) => {
    const named = channelsOrder(commandClass === "operator" ? name : `${sender}/${name}`)
    if (named === undefined) return undefined
    return {
      key: orderBook(named.channel, named.order),
      isOf: ({ channel, order }) => channel === named.channel && order === named.order,
    }
  },
  keyOf: ({ channel, order }): OrderBookKey => orderBook(channel, order),
  classOf: ({ type }) => orderClassOf[type],
  isFact: () => false,
  unclear: () => undefined,
  named: ({ order }) => ({ order }),
  namedBy: () => ({}),
  nameField: "order",
}

// A kind's functions are handed commands that its own reader read, and nothing else.
const doorKinds = { sku: skus as unknown as DoorKind, order: orders as unknown as DoorKind }

/** A kind, by its word. */
export const doorKindOf = (kind: Kind): DoorKind => doorKinds[kind]
