/**
 * What is known of the past and of the present beside the journals, for whoever asks questions: the tables that a projector keeps. They follow the journals, and never lead; what they
 * know up to is said by {@link ProjectedTo}.
 *
 * Postgres stands behind it (postgres/). Sequences of records are bigint, as the database counts them.
 */
import { Context, type Effect, type Stream } from "effect"
import type { Kind } from "../domain/kinds.ts"
import type { CommandClass, EpochMs, LocationId, SenderId, Sku } from "../domain/names.ts"
import type { BookEvent } from "../domain/order/events.ts"
import type { OrderId } from "../domain/order/names.ts"
import type { OrderEnding, OrderFill, OrderPhase } from "../domain/order/order.ts"
import type { Refusal } from "../domain/refusals.ts"
import type { Allocations, StockEvent } from "../domain/sku/events.ts"
import type { Policy } from "../domain/sku/policy.ts"
import type { ReservationStatus, SkuStock } from "../domain/sku/stock.ts"
import type { FloorClass } from "../engine/records.ts"
import type { DatabaseMismatch, DatabaseUnavailable } from "./errors.ts"

/** Where something stands in the journals: the record of a partition, and the how-manieth line of the ledger it is there, from 0. */
export interface LedgerPlace {
  readonly kind: Kind
  readonly partition: number
  readonly seq: bigint
  readonly place: number
}

export const LedgerCause = [
  /** A sender's command, or one that an actor carried. */
  "command",
  /** A command that an operator took out of quarantine. */
  "settled",
  /** A time that was up. */
  "expiry",
  /** Goods that came cover what is owed. */
  "covered",
  /** The decision of a carried command came back. */
  "returned",
  /** An answer that was owed is given. */
  "answered",
  /** What a sender issued before some time is forgotten from here on. */
  "floor",
  /** The commands stream lost what it held, and reading began anew. */
  "reset",
  /** An operator let a halted partition go on. */
  "resumed",
  /** Messages were passed over, or are missing; reading went on in another stream. */
  "reading",
] as const
/** What made a line of the ledger. */
export type LedgerCause = (typeof LedgerCause)[number]

export const LedgerDecision = ["accepted", "refused", "expired", "quarantined", "repeated", "dropped", "begun", "pending"] as const
/** How a command was decided. `expired`: its deadline had passed; `begun` and `pending`: an order's, whose answer is a line of its own later. */
export type LedgerDecision = (typeof LedgerDecision)[number]

/** One line of the ledger: an event with what caused it, or a decision without an event. A command with several events has as many lines. */
export interface LedgerEntry extends LedgerPlace {
  /** The record's journaled time. */
  readonly atMs: EpochMs
  /** When the command was published, by the broker's clock; null: nobody sent one. */
  readonly brokerMs: EpochMs | null
  readonly epoch: bigint
  readonly cause: LedgerCause
  /** The SKU, or the order book; null: the partition as a whole, or nobody could tell. */
  readonly key: string | null
  /** The SKU that it is about: of an order's line too. */
  readonly sku: Sku | null
  readonly channel: SenderId | null
  readonly reservation: string | null
  readonly order: string | null
  readonly sender: SenderId | null
  readonly class: CommandClass | null
  readonly commandId: string | null
  readonly commandType: string | null
  /** The command as JSON; on the first of its lines alone. */
  readonly command: Readonly<Record<string, unknown>> | null
  readonly decision: LedgerDecision | null
  /** Of a decision that was refused, or repeats one that was. */
  readonly refusal: Refusal | null
  readonly event: StockEvent | BookEvent | null
  /** What else the line says: why something is in quarantine, what came back, what was lost. */
  readonly detail: Readonly<Record<string, unknown>> | null
  /**
   * The story that it belongs to: `order/<channel>/<order>`, `reservation/<channel>/<SKU token>/<reservation>`, or of what is about neither `command/<sender>/<SKU token>/<id>`. Lines of both kinds that are
   * about one order have the same.
   */
  readonly correlationId: string
  /** What made it: `command/<sender>/<SKU token>/<id>` of a sender's, `record/<kind>/<partition>/<sequence>` of what another actor carried or told, `time` of what was due. */
  readonly causationId: string
}

/** Which lines of the ledger are asked for; what is absent isn't asked about. */
export interface LedgerFilter {
  /** Of this SKU: what its own journal says, and with `orderLines` what orders say of their lines of it. */
  readonly sku?: Sku
  readonly orderLines?: boolean
  readonly kind?: Kind
  readonly partition?: number
  readonly correlationId?: string
  readonly sender?: SenderId
  readonly commandId?: string
  /** The record. */
  readonly seq?: bigint
  /** Journaled time: from this millisecond on, and up to but not with that one. */
  readonly fromMs?: EpochMs
  readonly toMs?: EpochMs
  /** Only what comes after this place: the last one of the page before. */
  readonly after?: LedgerPlace
}

/** How far the tables follow one journal. */
export interface ProjectedTo {
  readonly kind: Kind
  readonly partition: number
  readonly incarnation: string
  readonly seq: bigint
  readonly atMs: EpochMs
  /** Lines of the ledger written so far. */
  readonly entries: bigint
}

/** A SKU's stock as of the record that last changed it, without its reservations: what ATS follows from. */
export interface StockRow {
  readonly sku: Sku
  readonly partition: number
  readonly seq: bigint
  readonly atMs: EpochMs
  /** `reservations` is null: they have rows of their own. */
  readonly stock: SkuStock
  readonly offered: number
  readonly ats: ReadonlyArray<{ readonly channel: SenderId; readonly ats: number }>
}

/** A SKU's stock as it was at the beginning of some time, to come forward from by the ledger's events. */
export interface StockMark {
  readonly sku: Sku
  /** All records of its partition up to this one are in it; 0: it is the empty stock. */
  readonly seq: bigint
  readonly atMs: EpochMs
  readonly stock: SkuStock
}

/** A reservation as it stands, ended ones included. */
export interface ReservationState {
  readonly sku: Sku
  readonly channel: SenderId
  readonly reservation: string
  /** The order whose line it is. */
  readonly order: OrderId | null
  readonly status: ReservationStatus
  readonly allocations: Allocations
  readonly shortQty: number
  readonly fulfilledQty: number
  readonly expiresAtMs: EpochMs | null
  readonly beganAtMs: EpochMs
  readonly beganSeq: bigint
  readonly atMs: EpochMs
  readonly seq: bigint
}

/** An order as it stands. */
export interface OrderState {
  readonly channel: SenderId
  readonly order: OrderId
  readonly partition: number
  readonly phase: OrderPhase
  readonly ending: OrderEnding | null
  readonly fill: OrderFill
  readonly placedAtMs: EpochMs
  readonly atMs: EpochMs
  readonly seq: bigint
  readonly lines: ReadonlyArray<{
    readonly sku: Sku
    readonly qty: number
    readonly minQty: number
    readonly reservedQty: number
    readonly releasedQty: number
    readonly fulfilledQty: number
    readonly lostQty: number
    readonly isConfirmed: boolean
    readonly refusal: string | null
  }>
}

/** A policy that a SKU has or had. */
export interface PolicyState {
  readonly sku: Sku
  readonly version: bigint
  readonly policy: Policy
  readonly sender: SenderId | null
  readonly atMs: EpochMs
  readonly seq: bigint
}

/** A command that nobody could decide; `settledSeq` is null as long as it waits. */
export interface QuarantineState {
  readonly kind: Kind
  readonly partition: number
  readonly quarantined: string
  readonly key: string
  readonly sender: SenderId
  readonly class: CommandClass
  readonly command: Readonly<Record<string, unknown>>
  readonly cause: string
  readonly atMs: EpochMs
  readonly seq: bigint
  readonly settledAtMs: EpochMs | null
  readonly settledSeq: bigint | null
  readonly settledAs: LedgerDecision | null
}

/** Units that were sold without asking and are not there; 0: it is over. */
export interface ShortageState {
  readonly sku: Sku
  readonly channel: SenderId
  readonly reservation: string
  readonly qty: number
  readonly at: LocationId | null
  readonly atMs: EpochMs
  readonly seq: bigint
}

/** Something of a fact that did not fit what was believed, or a location where more is owed than is there. */
export interface DiscrepancyState extends LedgerPlace {
  readonly sku: Sku
  readonly atMs: EpochMs
  /** `Shortage`: `qty` units at the location are owed that aren't there; 0: no more. The others as events have them. */
  readonly what: string
  readonly qty: number
  readonly location: LocationId | null
  readonly sender: SenderId | null
  readonly commandId: string | null
}

/** What a partition knows of one sender. */
export interface SenderState {
  readonly kind: Kind
  readonly partition: number
  readonly sender: SenderId
  readonly accepted: bigint
  readonly refused: bigint
  readonly repeated: bigint
  readonly quarantined: bigint
  readonly expired: bigint
  /** What it issued before is forgotten, by class; absent: nothing was. */
  readonly floors: Readonly<Partial<Record<FloorClass, EpochMs>>>
  readonly lastAtMs: EpochMs
  readonly seq: bigint
}

type Asked<A> = Effect.Effect<A, DatabaseUnavailable | DatabaseMismatch>

/** The tables, for reading. Answers are as of the records that {@link ProjectedTo} names, and each by itself: two questions may be answered as of different ones. */
export class Ledger extends Context.Service<
  Ledger,
  {
    /** How far each journal is followed. Empty: nothing was projected yet. */
    readonly projected: Asked<ReadonlyArray<ProjectedTo>>
    /** The earliest journaled time of which every line is kept; null: all are. */
    readonly keptSinceMs: Asked<EpochMs | null>
    /** Lines of the ledger, in pages: by partition of a kind, then in the order of its journal. */
    readonly entries: (filter: LedgerFilter) => Stream.Stream<ReadonlyArray<LedgerEntry>, DatabaseUnavailable | DatabaseMismatch>
    /** The newest mark of a SKU that lies at or before a time; null: begin with the empty stock and the first record. */
    readonly markBefore: (sku: Sku, atMs: EpochMs) => Asked<StockMark | null>
    /** All SKUs that are known, in pages, in order of their names. */
    readonly skus: Stream.Stream<ReadonlyArray<Sku>, DatabaseUnavailable | DatabaseMismatch>
    /** Those of these SKUs that are known. */
    readonly stock: (skus: ReadonlyArray<Sku>) => Asked<ReadonlyArray<StockRow>>
    /** Of a SKU; of one channel, and of one name, if they are given. The newest first, at most `limit`. */
    readonly reservations: (
      of: { readonly sku: Sku; readonly channel?: SenderId; readonly reservation?: string; readonly open?: boolean },
      limit: number,
    ) => Asked<ReadonlyArray<ReservationState>>
    readonly order: (channel: SenderId, order: OrderId) => Asked<OrderState | null>
    /** All policies of a SKU, the newest first. */
    readonly policies: (sku: Sku) => Asked<ReadonlyArray<PolicyState>>
    /** What waits, or with `settled` what has its answer too; the newest first. */
    readonly quarantine: (of: { readonly settled: boolean }, limit: number) => Asked<ReadonlyArray<QuarantineState>>
    /** What is short now; with a SKU, what was short of it too. */
    readonly shortages: (of: { readonly sku?: Sku }, limit: number) => Asked<ReadonlyArray<ShortageState>>
    readonly discrepancies: (of: { readonly sku?: Sku; readonly fromMs?: EpochMs }, limit: number) => Asked<ReadonlyArray<DiscrepancyState>>
    readonly senders: Asked<ReadonlyArray<SenderState>>
  }
>()("holdfast/ports/Ledger") {}
