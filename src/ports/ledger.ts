/**
 * What questions about the past need: what the journals say of each actor, line by line, and how far back and how far forward that is known.
 *
 * What a line is, and how a record becomes lines, stands in wire/ledger-lines.ts. Policies by version are among them, as the events that set them. Two adapters tell the same lines:
 * retention/journal-ledger.ts reads journals and archive, which needs no database and is slower; postgres/ reads its tables.
 */
import { Context, type Effect, Schema, type Stream } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { EpochMs, SenderId, Sku } from "../domain/names.ts"
import type { OrderId } from "../domain/order/names.ts"
import type { SkuKind, SkuRow } from "../kinds/sku/types.ts"
import type { OrderLedgerLine, SkuLine } from "../wire/ledger-lines.ts"

/** How far the past of a partition, or of all of a kind, is known. */
export interface LedgerExtent {
  /** The journaled time of the first record whose lines are kept; null: nothing was ever journaled. */
  readonly sinceMs: EpochMs | null
  /** Whether that record is the journal's first; if not, what was before is no longer kept here. */
  readonly isFromTheFirst: boolean
  /** All that was journaled up to this time is among the lines. */
  readonly knownToMs: EpochMs
}

/** What a SKU was when the lines that are kept begin: without its ended reservations, and with those that are open. */
export interface SkuFoundation {
  readonly row: SkuRow
  readonly reservations: ReadonlyArray<SkuKind["part"]>
}

/** Which lines about SKUs: those of one, or all of its partition's, or of all partitions one after another. */
export type SkuScope = { readonly sku: Sku } | { readonly partition: number } | "all"

/** The past could not be read. `remedy` says what to do about it. */
export class LedgerUnavailable extends Schema.TaggedError<LedgerUnavailable>()("LedgerUnavailable", {
  operation: Schema.String,
  cause: Schema.String,
  remedy: Schema.String,
}) {
  override get message(): string {
    return `${this.operation}: ${this.cause}. ${this.remedy}`
  }
}

/** The past of all actors, from the first moment that is kept on. Reads only. */
export class Ledger extends Context.Service<
  Ledger,
  {
    /** What reads it, in a word for people: `the journals`, `Postgres`. */
    readonly name: string
    /** Partitions of SKUs. */
    readonly partitions: number
    /** How far the past of a partition is known; of all of the kind's, where none is named: from the earliest first moment to the earliest last one. */
    readonly extent: (kind: Kind, partition?: number) => Effect.Effect<LedgerExtent, LedgerUnavailable>
    /** What a SKU was before the first of its lines that is kept; null: nobody had told anything of it, which is always so where lines are kept from the first on. */
    readonly foundation: (sku: Sku) => Effect.Effect<SkuFoundation | null, LedgerUnavailable>
    /** Lines about SKUs whose record is of `toMs` or earlier, a partition's in its order, many at once. Pull-based: no more is read than is taken. */
    readonly skuLines: (scope: SkuScope, toMs: EpochMs) => Stream.Stream<ReadonlyArray<SkuLine>, LedgerUnavailable>
    /** The same of one order of a channel's: those that say something about this order alone. */
    readonly orderLines: (
      channel: SenderId,
      order: OrderId,
      toMs: EpochMs,
    ) => Stream.Stream<ReadonlyArray<OrderLedgerLine>, LedgerUnavailable>
  }
>()("holdfast/ports/Ledger") {}
