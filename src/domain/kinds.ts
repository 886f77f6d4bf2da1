/**
 * The kinds of actors, as a closed list of words. A kind's word is its token wherever something is named after a kind: in subjects, names of streams, keys, labels and folders.
 *
 * What a kind's actors are and how they decide is not said here: that is its folder beside this file. A new kind begins as one more word in {@link Kind}; the compiler then asks for what else it needs.
 */
import { orderKind } from "./order/index.ts"
import { classOf } from "./sku/commands.ts"

/** `sku`: the stock of one SKU, its reservations and its policy. `order`: some of a channel's orders, and their lines. */
export const Kind = ["sku", "order"] as const
export type Kind = (typeof Kind)[number]

/** Into how many partitions the actors of each kind are split. A kind's partitions, and their streams, are its own: partition 3 of one kind has nothing to do with partition 3 of another. */
export type PartitionCounts = Readonly<Record<Kind, number>>

/** Whether `text` names a kind. */
export const isKind = (text: string): text is Kind => Kind.some((kind) => kind === text)

/** The same for each kind, made one by one. */
export const forEachKind = <A>(make: (kind: Kind) => A): Readonly<Record<Kind, A>> =>
  Object.fromEntries(Kind.map((kind) => [kind, make(kind)])) as Record<Kind, A>

/** The types of command that each kind's actors decide. */
const typesOf: Readonly<Record<Kind, ReadonlySet<string>>> = {
  sku: new Set(Object.keys(classOf)),
  order: new Set(orderKind.commands.map(({ type }) => type)),
}

/** Whether actors of this kind decide commands of this type. */
export const decides = (kind: Kind, type: string): boolean => typesOf[kind].has(type)
