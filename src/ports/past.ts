/**
 * What questions about the past need: what the journals say of each actor, line by line, and how far back and how far forward that is known.
 *
 * What a line is, and how a record becomes lines, stands in wire/past-lines.ts. Policies by version are among them, as the events that set them. retention/journal-past.ts reads journals and
 * archive, which needs no database; postgres/past.ts reads the tables, by their indexes. Both tell the same, as far as the tables are, and each says how far that is.
 */
import { Context, type Effect, Schema, type Stream } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { EpochMs, SenderId, Sku } from "../domain/names.ts"
import type { OrderId } from "../domain/order/names.ts"
import type { SkuStock } from "../domain/sku/stock.ts"
import type { OrderPastLine, SkuPastLine } from "../wire/past-lines.ts"
import type { BrokerUnavailable } from "./errors.ts"

export const PastSource = ["tables", "journals"] as const
/** What the past is read from. */
export type PastSource = (typeof PastSource)[number]

/** Up to where a journal is known to whoever answers. */
export interface PastKnown {
  readonly source: PastSource
  readonly kind: Kind
  readonly partition: number
  /** The newest record that is known, and its journaled time; 0: none is. */
  readonly seq: number
  readonly atMs: EpochMs
  /** Records that the journal held beyond it when that was asked; null: nobody here can ask. */
  readonly behind: number | null
}

/** Where a journal ends, and which journal it is; `incarnation` is null where nobody here may know it. */
export interface JournalEnd {
  readonly seq: number
  readonly incarnation: string | null
}

/** Asks where a journal ends, for whoever tells its past from something that follows it. Null: nobody here can say. */
export type JournalEnds = (kind: Kind, partition: number) => Effect.Effect<JournalEnd | null, BrokerUnavailable>

/** How far the past of a partition is known. */
export interface PastExtent {
  /** The journaled time of the first record whose lines are kept; null: nothing was ever journaled. */
  readonly sinceMs: EpochMs | null
  /** Whether that record is the journal's first; if not, what was before is no longer kept here. */
  readonly isFromTheFirst: boolean
  /** All that was journaled up to this time is among the lines. Where records are missing, this is before the newest that is known: another of the same millisecond may follow it. */
  readonly knownToMs: EpochMs
  readonly known: PastKnown
}

/** What a SKU was at some record, without its reservations: what ATS follows from. */
export interface SkuMark {
  /** All records of its partition up to this one are in it. */
  readonly seq: number
  readonly atMs: EpochMs
  /** `reservations` is null. Whoever is given it may change it. */
  readonly stock: SkuStock
}

/** Which lines about SKUs: those of one, or all of its partition's. */
export type SkuScope = { readonly sku: Sku } | { readonly partition: number }

/** The past could not be read. `remedy` says what to do about it. */
export class PastUnavailable extends Schema.TaggedError<PastUnavailable>()("PastUnavailable", {
  operation: Schema.String,
  cause: Schema.String,
  remedy: Schema.String,
}) {
  override get message(): string {
    return `${this.operation}: ${this.cause}. ${this.remedy}`
  }
}

/** What asking about the past may fail with. */
export type PastFailed = PastUnavailable | BrokerUnavailable

/** The past of all actors, from the first moment that is kept on. Reads only. */
export class Past extends Context.Service<
  Past,
  {
    /** Partitions of SKUs. */
    readonly partitions: number
    /** How far the past of one partition is known. `atMs`: the moment that is asked about; absent: the last one known. */
    readonly extent: (kind: Kind, partition: number, atMs?: EpochMs) => Effect.Effect<PastExtent, PastFailed>
    /** The newest state of a SKU that is kept of this time or earlier, to go on from; null: begin with the empty stock and the first line. */
    readonly mark: (sku: Sku, atMs: EpochMs) => Effect.Effect<SkuMark | null, PastFailed>
    /** Lines about SKUs of records after `afterSeq` whose time is `toMs` or earlier, in their order, many at once. Pull-based: little more is read than is taken. */
    readonly skuLines: (scope: SkuScope, toMs: EpochMs, afterSeq: number) => Stream.Stream<ReadonlyArray<SkuPastLine>, PastFailed>
    /** The same of one order of a channel's: those that say something about this order alone. */
    readonly orderLines: (channel: SenderId, order: OrderId, toMs: EpochMs) => Stream.Stream<ReadonlyArray<OrderPastLine>, PastFailed>
    /** In which partition of orders an order is. */
    readonly orderPartition: (channel: SenderId, order: OrderId) => number
  }
>()("holdfast/ports/Past") {}
