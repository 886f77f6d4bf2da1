/**
 * What a projector needs of the tables: how far they are, what they hold of some actors, and one transaction for rows and cursor together.
 *
 * Every row names the record that made it, and nothing older writes over it, whoever sends it and however often. Times are text, so that none is rounded on its way.
 */
import { Context, type Effect, type Scope, type Stream } from "effect"
import type { Kind } from "../domain/kinds.ts"
import { ledgerMonthsKept } from "../limits.ts"
import type { DatabaseMismatch, DatabaseUnavailable } from "./errors.ts"

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

/** The first month of which the ledger is kept, when the newest of its lines is of this time, or there is none (""): `2025-10`. */
export const firstMonthKept = (newestAt: string): string => {
  if (newestAt === "") return "0001-01"
  const [year = 0, month = 1] = newestAt.slice(0, 7).split("-").map(Number)
  const months = year * 12 + month - 1 - ledgerMonthsKept
  return `${String(Math.floor(months / 12)).padStart(4, "0")}-${String((months % 12) + 1).padStart(2, "0")}`
}

/** How far the tables follow one journal. The next record has to name this one's hash. */
export interface ProjectionCursor {
  readonly kind: Kind
  readonly partition: number
  readonly seq: number
  readonly hash: string
  readonly incarnation: string
  readonly at: string
  /** Lines of the ledger so far. */
  readonly entries: number
}

/** What every row of a state has. */
interface Made {
  /** Of the record that made it. */
  readonly seq: number
  readonly at: string
}

/** A line of the ledger. JSON is text here, as it is written. */
export interface LedgerRow extends Made {
  readonly kind: Kind
  readonly partition: number
  readonly place: number
  /** The how-manieth thing of its record that is said of an actor, from 0; null: it is said of none. A command with several events is one. */
  readonly line: number | null
  readonly brokerAt: string | null
  readonly epoch: number
  readonly cause: LedgerCause
  readonly key: string | null
  readonly sku: string | null
  readonly channel: string | null
  readonly reservation: string | null
  readonly orderId: string | null
  readonly sender: string | null
  readonly class: string | null
  /** Of a command that an actor of ours sent: the channel it was decided for. */
  readonly onBehalf: string | null
  readonly isBulk: boolean
  readonly commandId: string | null
  readonly commandType: string | null
  readonly command: string | null
  readonly decision: LedgerDecision | null
  readonly refusal: string | null
  readonly eventType: string | null
  readonly event: string | null
  readonly detail: string | null
  readonly correlationId: string
  readonly causationId: string
}

export interface SkuRow extends Made {
  readonly sku: string
  readonly partition: number
  readonly policyVersion: number | null
  readonly offered: number
  readonly short: number
  readonly state: string
}

/** A SKU's state before the first record of a month. */
export interface SkuMarkRow extends Made {
  readonly sku: string
  readonly month: string
  readonly state: string
}

export interface StockRow extends Made {
  readonly sku: string
  readonly location: string
  readonly onHand: number
  readonly damaged: number
  readonly inspection: number
  readonly reserved: number
  readonly exposed: number
  readonly safety: number
  readonly short: number
}

export interface ReservationRow extends Made {
  readonly sku: string
  readonly channel: string
  readonly reservation: string
  readonly beganSeq: number
  readonly beganAt: string
  readonly orderId: string | null
  readonly status: string
  readonly openQty: number
  readonly shortQty: number
  readonly fulfilledQty: number
  readonly expiresAt: string | null
  readonly state: string
}

export interface AtsRow extends Made {
  readonly sku: string
  readonly channel: string
  readonly ats: number
  readonly isSold: boolean
}

export interface PolicyRow extends Made {
  readonly sku: string
  readonly version: number
  readonly sender: string | null
  readonly policy: string
}

export interface QuarantineRow extends Made {
  readonly kind: Kind
  readonly partition: number
  readonly quarantined: string
  readonly key: string
  readonly sender: string
  readonly class: string
  readonly command: string
  readonly cause: string
  readonly beganSeq: number
  readonly beganAt: string
  readonly settledSeq: number | null
  readonly settledAt: string | null
  readonly settledAs: LedgerDecision | null
}

export interface ShortageRow extends Made {
  readonly sku: string
  readonly channel: string
  readonly reservation: string
  readonly qty: number
  readonly location: string | null
}

export interface DiscrepancyRow extends Made {
  readonly kind: Kind
  readonly partition: number
  readonly place: number
  readonly sku: string
  readonly what: string
  readonly qty: number
  readonly location: string | null
  readonly sender: string | null
  readonly commandId: string | null
}

export interface SenderRow extends Made {
  readonly kind: Kind
  readonly partition: number
  readonly sender: string
  readonly accepted: number
  readonly refused: number
  readonly repeated: number
  readonly quarantined: number
  readonly expired: number
  readonly floors: string
}

export interface OrderRow extends Made {
  readonly channel: string
  readonly orderId: string
  readonly partition: number
  readonly placedSeq: number
  readonly placedAt: string
  readonly phase: string
  readonly ending: string | null
  readonly fill: string
  readonly openQty: number
  readonly fulfilledQty: number
  readonly isForgotten: boolean
  readonly state: string
}

/** A line of an order. It is as old as its order. */
export interface OrderLineRow {
  readonly channel: string
  readonly orderId: string
  readonly sku: string
  readonly seq: number
  readonly place: number
  readonly qty: number
  readonly minQty: number
  readonly reserved: number
  readonly released: number
  readonly fulfilled: number
  readonly lost: number
  readonly isConfirmed: boolean
  readonly refusalReason: string | null
}

/** What is written of some records, by table. Of a state one row at most for each thing: the newest. */
export interface ProjectedRows {
  readonly ledger: Array<LedgerRow>
  readonly skus: Array<SkuRow>
  readonly skuMarks: Array<SkuMarkRow>
  readonly stock: Array<StockRow>
  readonly reservations: Array<ReservationRow>
  readonly ats: Array<AtsRow>
  readonly policies: Array<PolicyRow>
  readonly quarantine: Array<QuarantineRow>
  readonly shortages: Array<ShortageRow>
  readonly discrepancies: Array<DiscrepancyRow>
  readonly senders: Array<SenderRow>
  readonly orders: Array<OrderRow>
  readonly orderLines: Array<OrderLineRow>
}

export type TableName = keyof ProjectedRows

/** Rows of no record. */
export const noRows = (): ProjectedRows => ({
  ledger: [],
  skus: [],
  skuMarks: [],
  stock: [],
  reservations: [],
  ats: [],
  policies: [],
  quarantine: [],
  shortages: [],
  discrepancies: [],
  senders: [],
  orders: [],
  orderLines: [],
})

/** Records of one journal, as rows, and the cursors before and after them. Null: none of the journal was written yet. */
export interface ProjectedBatch {
  readonly from: ProjectionCursor | null
  readonly to: ProjectionCursor
  readonly rows: ProjectedRows
}

/** Actors and parts that are to be folded on, by their names. */
export interface NeededStates {
  readonly actors: ReadonlyArray<string>
  /** Reservations of SKUs: SKU, channel, name. Orders: "", channel, id. */
  readonly parts: ReadonlyArray<readonly [key: string, owner: string, id: string]>
}

/** Those of them that the tables hold and that go on; states as JSON, read. */
export interface LoadedStates {
  readonly actors: ReadonlyArray<{ readonly key: string; readonly seq: number; readonly at: string; readonly state: unknown }>
  readonly parts: ReadonlyArray<{
    readonly key: string
    readonly beganSeq: number
    readonly beganAt: string
    readonly state: unknown
  }>
}

/** A row of a table, by its fields: numbers, times in ISO 8601 with milliseconds, JSON as text in whatever order its fields are. */
export type ReadRow = Readonly<Record<string, string | number | boolean | null>>

/** The tables as of one moment, for whoever holds them to the journals. */
export interface TablesAtOnce {
  readonly cursors: ReadonlyArray<ProjectionCursor>
  /** All rows of a table but the ledger. */
  readonly rows: (table: Exclude<TableName, "ledger">) => Stream.Stream<ReadonlyArray<ReadRow>, DatabaseUnavailable | DatabaseMismatch>
  /** Lines of the ledger of some records, in their order. */
  readonly lines: (kind: Kind, partition: number, fromSeq: number, toSeq: number) => Done<ReadonlyArray<ReadRow>>
  /** How many lines there are of each journal, from a month on. */
  readonly lineCounts: (
    fromMonth: string,
  ) => Done<ReadonlyArray<{ readonly kind: Kind; readonly partition: number; readonly lines: number }>>
}

type Done<A> = Effect.Effect<A, DatabaseUnavailable | DatabaseMismatch>

/** The tables, for whoever writes them. */
export class Projection extends Context.Service<
  Projection,
  {
    /** How far a journal is written; null: nothing of it is. */
    readonly cursor: (kind: Kind, partition: number) => Done<ProjectionCursor | null>
    readonly load: (kind: Kind, needed: NeededStates) => Done<LoadedStates>
    /** All that is known of a partition's senders, and what waits in its quarantine. */
    readonly standing: (
      kind: Kind,
      partition: number,
    ) => Done<{ readonly senders: ReadonlyArray<SenderRow>; readonly quarantine: ReadonlyArray<QuarantineRow> }>
    /** Writes rows and cursor, all or nothing. False: the tables are not where the batch begins, and nothing of it was written: somebody else writes too, or wrote, or it was written before. */
    readonly write: (batch: ProjectedBatch) => Done<boolean>
    /** The tables as of now, whatever is written meanwhile, for as long as the scope lives. */
    readonly atOnce: Effect.Effect<TablesAtOnce, DatabaseUnavailable | DatabaseMismatch, Scope.Scope>
  }
>()("holdfast/ports/Projection") {}
