/**
 * The journals of SKUs and of orders, read side by side by those who judge commands between them. What a record carries is worked out here from its events, and not by what the engine keeps of it.
 */
import { isInternal, type SenderId } from "../../src/domain/names.ts"
import type { KindTypes } from "../../src/engine/kind.ts"
import type { EngineCodec } from "../../src/engine/protocol.ts"
import type { DecidedCommand, Entry, JournaledDecision } from "../../src/engine/records.ts"
import type { OrderEntry, OrderJournalRecord, OrderKind } from "../../src/kinds/order/types.ts"
import type { SkuEntry, SkuJournalRecord, SkuKind } from "../../src/kinds/sku/types.ts"
import type { Cluster } from "../cluster.ts"
import { checkingOrderCodec } from "../substitutes/order-codec.ts"
import { checkingCodec } from "../substitutes/shared-codec.ts"

/** A record in its place: `id` is its journal's number among all of the world, `partition` its own among its kind's. */
export interface Written<R> {
  readonly id: number
  readonly partition: number
  readonly seq: number
  readonly record: R
}

const everything = Number.MAX_SAFE_INTEGER

/** What reads the journal of that number, and what is stored for its partition. */
export const codecOfJournal = ({ drawn }: Cluster, id: number): EngineCodec =>
  // Whoever asks looks at what is the same for every kind.
  (id < drawn.partitions ? checkingCodec : checkingOrderCodec) as unknown as EngineCodec

/** All records of the journals of orders, those of each in their order. */
export const ordersWritten = ({ server, drawn }: Cluster): ReadonlyArray<Written<OrderJournalRecord>> => {
  const written: Array<Written<OrderJournalRecord>> = []
  for (let partition = 0; partition < (drawn.orderPartitions ?? 0); partition++) {
    const id = drawn.partitions + partition
    for (const { seq, bytes } of server.records(id, 1, everything, everything)) {
      const read = checkingOrderCodec.decodeRecord(bytes)
      if (read._tag === "Record") written.push({ id, partition, seq, record: read.record })
    }
  }
  return written
}

/** All records of the journals of SKUs. */
export const skusWritten = ({ server, drawn }: Cluster): ReadonlyArray<Written<SkuJournalRecord>> => {
  const written: Array<Written<SkuJournalRecord>> = []
  for (let partition = 0; partition < drawn.partitions; partition++)
    for (const { seq, bytes } of server.records(partition, 1, everything, everything)) {
      const read = checkingCodec.decodeRecord(bytes)
      if (read._tag === "Record") written.push({ id: partition, partition, seq, record: read.record })
    }
  return written
}

/** What a decision of a command did; nothing, if it did nothing itself. */
export const eventsDecided = <K extends KindTypes>(decision: JournaledDecision<K>): ReadonlyArray<K["event"]> =>
  decision._tag === "Accepted" || decision._tag === "Begun" ? decision.events : []

/** The commands that an entry decides. */
export const decidedIn = <K extends KindTypes>(entry: Entry<K>): ReadonlyArray<DecidedCommand<K>> =>
  entry._tag === "Message" ? entry.decided : entry._tag === "Settled" ? [entry.decided] : []

/** An event in its entry: of which actor, and for whom it was decided; null: for nobody. */
export interface Happened<K extends KindTypes> {
  readonly event: K["event"]
  readonly key: K["key"] | null
  readonly sender: SenderId | null
}

/** The events of an entry, in their order. */
export const eventsIn = <K extends KindTypes>(
  entry: Entry<K>,
  keyOf: (command: K["command"]) => K["key"] | null,
): ReadonlyArray<Happened<K>> => {
  if (entry._tag === "Message" || entry._tag === "Settled")
    return decidedIn(entry).flatMap(({ command, decision }) => {
      const key = command === null ? null : keyOf(command)
      return eventsDecided(decision).map((event) => ({ event, key, sender: entry.sender }))
    })
  if (entry._tag === "Expiry" || entry._tag === "Covered" || entry._tag === "Returned")
    return entry.events.map((event) => ({ event, key: entry.key, sender: null }))
  return []
}

/** The same of a SKU, and of orders, whose events name their order. */
export const stockEventsIn = (entry: SkuEntry) => eventsIn<SkuKind>(entry, ({ sku }) => sku)
export const orderEventsIn = (entry: OrderEntry) => eventsIn<OrderKind>(entry, () => null)

/** A command that a record carries, as it has to be decided where it is carried to. */
export interface Carried {
  readonly id: string
  readonly from: "order" | "sku"
  /** The record that carries it. */
  readonly journal: number
  readonly seq: number
  readonly atMs: number
  /** The channel that it is decided for, and what it is, without id and time. */
  readonly onBehalf: string
  readonly command: Readonly<Record<string, unknown>>
}

type Content = Pick<Carried, "onBehalf" | "command">

const ofOrder = ({ event }: Happened<OrderKind>): ReadonlyArray<Content> => {
  if (!("carries" in event)) return []
  return event.carries.map((carried) => ({ onBehalf: event.channel, command: { ...carried, reservation: `@${event.order}` } }))
}

const unitsIn = (parts: ReadonlyArray<{ readonly qty: number }>): number => parts.reduce((sum, { qty }) => sum + qty, 0)

/** How many units of a reservation an event ends, and how an order calls that; undefined: none. */
export const endedBy = (
  event: SkuKind["event"],
): { readonly channel: string; readonly reservation: string; readonly fact: string; readonly qty: number } | undefined => {
  if (event.type === "Fulfilled" || event.type === "Released") {
    const { type, channel, reservation, allocations, shortQty = 0 } = event
    return { channel, reservation, fact: type === "Fulfilled" ? "fulfilled" : "released", qty: unitsIn(allocations) + shortQty }
  }
  if (event.type === "Expired")
    return { channel: event.channel, reservation: event.reservation, fact: "lost", qty: unitsIn(event.allocations) }
  if (event.type === "ShippedUnreserved")
    return { channel: event.channel, reservation: event.reservation, fact: "beyond", qty: unitsIn(event.taken) }
  return undefined
}

/** What an order has to be told of an event of one of its SKUs: whatever ends units, but for what it asked for itself. */
const ofSku = ({ event, key, sender }: Happened<SkuKind>): ReadonlyArray<Content> => {
  const ended = sender !== null && isInternal(sender) ? undefined : endedBy(event)
  if (ended === undefined || ended.qty === 0 || !ended.reservation.startsWith("@")) return []
  const { channel, reservation, fact, qty } = ended
  // A sale under a name that a till made up for want of one is no order's.
  if (reservation.includes("~")) return []
  return [{ onBehalf: channel, command: { type: "NoteLine", channel, order: reservation.slice(1), sku: key, fact, qty } }]
}

const carriedIn = (
  from: Carried["from"],
  { id: journal, seq, record }: Written<{ readonly owner: string; readonly atMs: number }>,
  contents: ReadonlyArray<Content>,
): ReadonlyArray<Carried> =>
  contents.map((content, place) => ({ id: `${record.owner}/${seq}/${place}`, from, journal, seq, atMs: record.atMs, ...content }))

/** What a record of orders carries, in its places; and what one of SKUs does. */
export const carriedByOrders = (written: Written<OrderJournalRecord>): ReadonlyArray<Carried> =>
  carriedIn(
    "order",
    written,
    written.record.entries.flatMap((entry) => orderEventsIn(entry).flatMap(ofOrder)),
  )
export const carriedBySkus = (written: Written<SkuJournalRecord>): ReadonlyArray<Carried> =>
  carriedIn(
    "sku",
    written,
    written.record.entries.flatMap((entry) => stockEventsIn(entry).flatMap(ofSku)),
  )
