/**
 * What the page is told by its gateway and what it makes of it, as types alone: its modules are checked against them, and test/page holds them to the interface's own. Nothing here runs, and nothing of it is served.
 */

// What the gateway says: of docs/openapi.json, as far as the page reads it.

/** What the owner of a partition counted of it a moment ago. */
export interface FiguresSaid {
  readonly waiting: { readonly count: number; readonly oldestAgeMs: number } | null
  readonly quarantined: number
  readonly openHolds: number
  readonly shortQty: number | null
  readonly short: ReadonlyArray<{ readonly sku: string; readonly qty: number }>
  readonly memory: ReadonlyArray<{ readonly sender: string; readonly perMille: number }>
}

/** A partition as one worker sees it. */
export interface PartitionSaid {
  readonly kind?: string
  readonly partition: number
  readonly phase: string
  readonly epoch: number
  readonly confirmedSeq: number
  readonly caughtUp?: boolean
  readonly figures?: FiguresSaid | null
  readonly holder: string | null
  readonly halt: string | null
}

/** What a worker says of itself. */
export interface WorkerSaid {
  readonly worker: string
  readonly ready: boolean
  readonly state: string
  readonly members: ReadonlyArray<string>
  readonly partitions: ReadonlyArray<PartitionSaid>
}

/** How many partitions there are of each kind. */
export type CountsSaid = { readonly sku: number; readonly order: number }

/** GET /v1/cluster */
export interface ClusterSaid {
  readonly partitions: CountsSaid
  readonly workers: ReadonlyArray<WorkerSaid>
}

/** GET /v1/skus/SKU/stock */
export interface StockSaid {
  readonly sku: string
  readonly partition: number
  readonly seq: number
  readonly atMs: number
  readonly offered: number
  readonly openReservations: number
  readonly shortQty: number
  readonly policy: { readonly version: number } | null
  readonly locations: ReadonlyArray<{
    readonly location: string
    readonly onHand: number
    readonly reserved: number
    readonly damaged: number
    readonly inspection: number
    readonly exposed: number
    readonly safety: number
    readonly available: number
    readonly short: number
  }>
  readonly ats: ReadonlyArray<{ readonly channel: string; readonly ats: number }>
}

/** What the feed told a channel last. */
export interface ToldSaid {
  readonly channel: string
  readonly ats: number
  readonly version: number
  readonly atMs: number
  /** Milliseconds from the decision until the gateway heard it; null: it was read when the gateway began to listen, not heard. */
  readonly lagMs: number | null
}

/** GET /v1/skus/SKU/feed */
export interface FeedSaid {
  readonly sku: string
  readonly told: ReadonlyArray<ToldSaid>
}

/** Where an answer about the past is from, and up to which record. */
export interface KnownSaid {
  readonly source: string
  readonly partition: number
  readonly seq: number
  readonly atMs: number
  /** Records that followed and are not in it; null: not known. */
  readonly behind: number | null
}

/** GET /v1/skus/SKU/past */
export interface PastSaid {
  readonly atMs: number
  readonly channels: ReadonlyArray<string>
  readonly points: ReadonlyArray<{
    readonly atMs: number
    readonly onHand: number
    readonly reserved: number
    readonly offered: number
    /** Of each channel; null: it didn't sell it then. */
    readonly ats: ReadonlyArray<number | null>
  }>
  readonly known: KnownSaid
}

/** A command that led to a number, or was refused. */
export interface StepSaid {
  readonly seq: number
  readonly place: number
  readonly atMs: number
  readonly reason: string | null
  readonly ats: { readonly before: number; readonly after: number } | null
  readonly said: string
}

/** GET /v1/skus/SKU/why */
export interface WhySaid {
  readonly sentences: ReadonlyArray<string>
  readonly steps: ReadonlyArray<StepSaid>
  readonly earlier: number
  readonly before: string | null
  readonly known: KnownSaid
}

/** GET /v1/quarantine */
export interface QuarantineSaid {
  readonly kind: string
  readonly partition: number
  readonly quarantined: ReadonlyArray<{
    readonly quarantined: string
    readonly sender: string
    readonly onBehalf?: string
    readonly cause: string
    readonly atMs: number
    readonly command: { readonly [field: string]: unknown }
  }>
  readonly next: string | null
}

/** What is wrong (RFC 9457). */
export interface ProblemSaid {
  readonly status: number
  readonly title: string
  readonly detail?: string
  readonly code?: string
}

// What the page shows.

/** How it is with one partition. */
export interface PartitionNow {
  readonly kind: string
  readonly partition: number
  /** served; unsure: its owner doesn't know what became of its last append; the others are outages: nobody decides there. */
  readonly state: "served" | "unsure" | "halted" | "silent" | "takeover" | "unowned"
  /** What is known of an outage, in words; "": there is none. */
  readonly detail: string
  /** Who serves it or, in an outage, holds its lease; null: nobody. */
  readonly owner: string | null
  readonly epoch: number
  /** The last confirmed record. */
  readonly seq: number
  /** Workers that follow it closely enough to take over. */
  readonly standbys: number
  /** Commands stored and not decided; null: not known. */
  readonly waiting: number | null
  readonly oldestMs: number | null
  readonly quarantined: number
  readonly openHolds: number
}

/** A worker, as the page shows it. */
export interface WorkerNow {
  readonly worker: string
  /** Null: the others know of it, and it did not answer. */
  readonly state: string | null
  readonly owns: number
}

/** Units of a SKU that were sold without asking and are not there. */
export interface ShortNow {
  readonly sku: string
  readonly qty: number
  readonly partition: number
}

/** How full the memory of a sender is, where it is fullest. */
export interface SenderNow {
  readonly sender: string
  readonly perMille: number
  readonly kind: string
  readonly partition: number
}

/** The whole cluster. */
export interface ClusterNow {
  readonly partitions: ReadonlyArray<PartitionNow>
  readonly workers: ReadonlyArray<WorkerNow>
  readonly shortQty: number
  readonly shortages: ReadonlyArray<ShortNow>
  readonly senders: ReadonlyArray<SenderNow>
}

/** A command that nobody could decide. */
export interface QuarantinedNow {
  readonly kind: string
  readonly partition: number
  readonly id: string
  readonly sender: string
  readonly type: string
  readonly about: string
  readonly cause: string
  readonly atMs: number
}
