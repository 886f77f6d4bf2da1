/**
 * The lines of the past: one for each thing that a record says of an actor, in its order. Whoever keeps or reads the past makes them here, so that a line means the same wherever it is kept.
 *
 * A line is a command with its decision, refused ones included, or what happened to an actor without one. What a record says of nobody's actor (cursors, floors, resets) is no line.
 */
import { unreachable } from "../assert.ts"
import type { CommandClass, CommandId, EpochMs, SenderId } from "../domain/names.ts"
import { type OrderId, orderBook } from "../domain/order/names.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { DecidedCommand, Entry, JournaledDecision, JournalRecord, RememberedDecision, ReturnedOutcome } from "../engine/records.ts"
import type { OrderKind } from "../kinds/order/types.ts"
import type { SkuKind } from "../kinds/sku/types.ts"

/** Where a line stands. Lines of one partition are in order by `seq`, then by `place`. */
export interface LinePlace {
  readonly partition: number
  /** The record. */
  readonly seq: number
  /** The how-manieth line of its record it is, from 0, whatever actor it is about. */
  readonly place: number
  /** The journaled time of the record. */
  readonly atMs: EpochMs
}

/** A command and how it was decided: accepted, refused, or anything else that may be said of one. */
export interface CommandLine<K extends KindTypes = KindTypes> extends LinePlace {
  readonly _tag: "Command"
  /** Null where the body could not be decoded that far. */
  readonly key: K["key"] | null
  readonly sender: SenderId
  readonly class: CommandClass
  /** The channel that a command of one of our own actors was decided for; null: a sender's own. */
  readonly onBehalf: SenderId | null
  readonly bulk: boolean
  /** When it was published, by the broker's clock; null of one that came out of quarantine. */
  readonly brokerMs: EpochMs | null
  /** Its place in quarantine, where an operator settled it and this is its final answer; else null. */
  readonly quarantined: string | null
  /** Null where the body could not be decoded; `id` then says what could be read of it. */
  readonly command: K["command"] | null
  readonly id: CommandId | null
  readonly decision: JournaledDecision<K>
}

/** Parts of an actor whose time was up. */
export interface ExpiryLine<K extends KindTypes = KindTypes> extends LinePlace {
  readonly _tag: "Expiry"
  readonly key: K["key"]
  readonly events: ReadonlyArray<K["expired"]>
}

/** What an actor did of its own accord, after a change. */
export interface CoveredLine<K extends KindTypes = KindTypes> extends LinePlace {
  readonly _tag: "Covered"
  readonly key: K["key"]
  readonly events: ReadonlyArray<K["followUp"]>
}

/** The decision of a command that the actor had carried to another came back. */
export interface ReturnedLine<K extends KindTypes = KindTypes> extends LinePlace {
  readonly _tag: "Returned"
  readonly key: K["key"]
  /** Of the carried command: `<owner>/<sequence>/<place>` of the record that carries it. */
  readonly id: CommandId
  readonly by: { readonly kind: string; readonly partition: number; readonly seq: number }
  readonly outcome: ReturnedOutcome
  readonly events: ReadonlyArray<K["event"]>
}

/** An answer that was owed was given. */
export interface AnsweredLine<K extends KindTypes = KindTypes> extends LinePlace {
  readonly _tag: "Answered"
  readonly key: K["key"]
  readonly sender: SenderId
  readonly class: CommandClass
  readonly id: CommandId
  readonly issuedAtMs: EpochMs
  readonly outcome: RememberedDecision<K>
}

/** One thing that a record says of one actor. */
export type PastLine<K extends KindTypes = KindTypes> = CommandLine<K> | ExpiryLine<K> | CoveredLine<K> | ReturnedLine<K> | AnsweredLine<K>
/** A line about a SKU. */
export type SkuPastLine = PastLine<SkuKind>
/** A command about a SKU, decided. */
export type SkuPastCommand = CommandLine<SkuKind>
/** A line about an order's book. */
export type OrderPastLine = PastLine<OrderKind>

/** An order as its channel names it. A book, which is what a line's key names, holds many. */
export interface NamedOrder {
  readonly channel: SenderId
  readonly order: OrderId
}

type WithoutPlace<Line> = Line extends LinePlace ? Omit<Line, keyof LinePlace> : never

const commandLine = <K extends KindTypes>(
  { command, named, decision }: DecidedCommand<K>,
  keyOf: (command: K["command"]) => K["key"],
  from: Pick<CommandLine<K>, "sender" | "class" | "onBehalf" | "bulk" | "brokerMs" | "quarantined">,
): WithoutPlace<CommandLine<K>> => ({
  _tag: "Command",
  key: command === null ? (named?.key ?? null) : keyOf(command),
  ...from,
  command,
  id: command === null ? (named?.id ?? null) : command.id,
  decision,
})

/** The lines of one entry, without their places. `keyOf`: the actor that a command of this kind is for. */
const entryLines = <K extends KindTypes>(
  entry: Entry<K>,
  keyOf: (command: K["command"]) => K["key"],
): ReadonlyArray<WithoutPlace<PastLine<K>>> => {
  switch (entry._tag) {
    case "Message": {
      const { sender, class: commandClass, onBehalf = null, bulk, brokerMs } = entry
      const from = { sender, class: commandClass, onBehalf, bulk, brokerMs, quarantined: null }
      return entry.decided.map((decided) => commandLine(decided, keyOf, from))
    }
    case "Settled": {
      const { sender, class: commandClass, quarantined, decided } = entry
      return [commandLine(decided, keyOf, { sender, class: commandClass, onBehalf: null, bulk: false, brokerMs: null, quarantined })]
    }
    case "Expiry":
      return [{ _tag: "Expiry", key: entry.key, events: entry.events }]
    case "Covered":
      return [{ _tag: "Covered", key: entry.key, events: entry.events }]
    case "Returned": {
      const { key, id, by, outcome, events } = entry
      return [{ _tag: "Returned", key, id, by, outcome, events }]
    }
    case "Answered": {
      const { key, sender, class: commandClass, id, issuedAtMs, outcome } = entry
      return [{ _tag: "Answered", key, sender, class: commandClass, id, issuedAtMs, outcome }]
    }
    case "Stored":
    case "Skipped":
    case "Floor":
    case "Reset":
    case "Resumed":
      return []
    default:
      return unreachable(entry)
  }
}

const linesOf = <K extends KindTypes>(
  seq: number,
  { partition, atMs, entries }: JournalRecord<K>,
  keyOf: (command: K["command"]) => K["key"],
): ReadonlyArray<PastLine<K>> =>
  entries
    .flatMap((entry) => entryLines<K>(entry, keyOf))
    // A line is what its entry says and where it stands: the compiler can't put a union together again.
    .map((line, place) => ({ ...line, partition, seq, place, atMs }) as unknown as PastLine<K>)

/** The lines of a record of SKUs, which its journal holds at `seq`. */
export const skuLinesOf = (seq: number, record: JournalRecord<SkuKind>): ReadonlyArray<SkuPastLine> =>
  linesOf<SkuKind>(seq, record, ({ sku }) => sku)

/** The lines of a record of orders. */
export const orderLinesOf = (seq: number, record: JournalRecord<OrderKind>): ReadonlyArray<OrderPastLine> =>
  linesOf<OrderKind>(seq, record, ({ channel, order }) => orderBook(channel, order))

/** The order that a line is about; undefined: of none can that be said, as of a command that could not be read, or of a decision that came back to an order which is forgotten. */
export const orderOfLine = (line: OrderPastLine): NamedOrder | undefined => {
  switch (line._tag) {
    case "Command":
      return line.command === null ? undefined : line.command
    case "Answered": {
      const { sender: channel, outcome } = line
      const order = "order" in outcome ? outcome.order : undefined
      return order === undefined ? undefined : { channel, order: order as OrderId }
    }
    case "Expiry":
    case "Covered":
    case "Returned":
      return line.events[0]
    default:
      return unreachable(line)
  }
}
