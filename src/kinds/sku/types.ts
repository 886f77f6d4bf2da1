/**
 * The types of the engine as they are where actors are SKUs: what everybody but the engine itself means by a partition, a record or an answer. Types alone; the functions over them are in kind.ts and
 * partition.ts.
 */
import type { CommandId, EpochMs, ReservationId, SenderId, Sku } from "../../domain/names.ts"
import type { Command } from "../../domain/sku/commands.ts"
import type { Allocations, DiscrepancyKind, Expired, ShortageCovered, StockEvent } from "../../domain/sku/events.ts"
import type { Policy } from "../../domain/sku/policy.ts"
import type { ChannelUse, Ending, LocationStock, Reservation, Shorts, SkuStock } from "../../domain/sku/stock.ts"
import type * as actor from "../../engine/actor.ts"
import type * as chunks from "../../engine/chunks.ts"
import type { KindTypes } from "../../engine/kind.ts"
import type * as memory from "../../engine/memory.ts"
import type * as partition from "../../engine/partition.ts"
import type * as protocol from "../../engine/protocol.ts"
import type * as records from "../../engine/records.ts"
import type * as step from "../../engine/step.ts"

/** ATS of one SKU for one channel, as of the record at `version`. */
export interface AtsValue {
  readonly channel: SenderId
  readonly sku: Sku
  readonly ats: number
  /** Journal sequence; a receiver accepts only rising ones. */
  readonly version: number
  /** Against the value last sent to this channel for this SKU. */
  readonly delta: number
  /** Type of the last event that changed the SKU, or "Takeover" / "Repair" when sent again. */
  readonly cause: string
  readonly atMs: EpochMs
  /** Units that the channel sold without asking and that are not there; absent: none. */
  readonly shortQty?: number
}

/** What a sender hears of an accepted command beside that. */
export interface Accepted {
  /** Units reserved, released, fulfilled or owed by this command, where it moved any; `allocations`: where they are or were reserved. */
  readonly qty?: number
  readonly allocations?: Allocations
  readonly expiresAtMs?: EpochMs
  /** The reservation a sale stands under, where it isn't the one that was asked for. */
  readonly reservation?: ReservationId
  readonly discrepancies?: ReadonlyArray<{ readonly kind: DiscrepancyKind; readonly qty: number }>
  /** Units owed that aren't there, after a fact. */
  readonly shortageQty?: number
  /** The version of the policy that was set. */
  readonly policyVersion?: number
}

/** What a SKU's channels were last told. */
export interface Told {
  /** ATS by channel as last sent in this reign, in the order of `policy`'s channels; null before anything was sent or is known. */
  ats: ReadonlyArray<number> | null
  policy: Policy | null
  /** What its channels were last told they are short of; null: nothing. */
  short: ReadonlyMap<SenderId, number> | null
}

/** A SKU without its reservations, as a snapshot holds it. */
export interface SkuRow {
  readonly sku: Sku
  readonly version: number
  readonly policy: Policy | null
  readonly locations: ReadonlyArray<LocationStock>
  readonly uses: ReadonlyArray<ChannelUse> | null
  readonly shorts: Shorts | null
  /** See {@link SkuActor}. Absent where there are none. */
  readonly strays?: ReadonlyArray<SenderId>
}

/** An open reservation, as a snapshot holds it. */
export interface ReservationRow {
  readonly sku: Sku
  readonly reservation: Reservation
}

export type Outcome = ({ readonly outcome: "accepted" } & Accepted) | Exclude<records.Outcome, { readonly outcome: "accepted" }>

/** The answer to one command. Id and SKU are null where the body could not be decoded that far. */
export type DecisionSaid = {
  readonly id: CommandId | null
  readonly sku: Sku | null
  /** True when this id was decided before and this is the same outcome again. */
  readonly repeated?: true
} & Outcome

/** What the engine knows of SKUs only as types of its own. */
export interface SkuKind extends KindTypes {
  readonly key: Sku
  readonly command: Command
  readonly event: StockEvent
  readonly expired: Expired
  readonly followUp: ShortageCovered
  readonly state: SkuStock
  readonly part: Reservation
  readonly ending: Ending
  readonly accepted: Accepted
  readonly said: DecisionSaid
  readonly told: Told
  readonly value: AtsValue
  readonly actorRow: SkuRow
  readonly partRow: ReservationRow
}

export type SkuActor = actor.Actor<SkuKind>
export type Chunk = chunks.Chunk<SkuKind>
export type Remembered = memory.Remembered<SkuKind>
export type Partition = partition.Partition<SkuKind>
export type InFlight = partition.InFlight<SkuKind>
export type QuarantinedCommand = partition.QuarantinedCommand<SkuKind>
export type DecodedCommand = protocol.DecodedCommand<SkuKind>
export type DecodedBody = protocol.DecodedBody<SkuKind>
export type DecodedBatch = protocol.DecodedBatch<SkuKind>
export type DecodedRecord = protocol.DecodedRecord<SkuKind>
export type TakenMessage = protocol.TakenMessage<SkuKind>
export type StoredBatch = protocol.StoredBatch<SkuKind>
export type EngineCodec = protocol.EngineCodec<SkuKind>
export type Input = protocol.Input<SkuKind>
export type Output = protocol.Output<SkuKind>
export type DecidedCommand = records.DecidedCommand<SkuKind>
export type EntryDecision = records.EntryDecision<SkuKind>
export type MessageEntry = records.MessageEntry<SkuKind>
export type SettledEntry = records.SettledEntry<SkuKind>
export type ExpiryEntry = records.ExpiryEntry<SkuKind>
export type Entry = records.Entry<SkuKind>
export type JournalRecord = records.JournalRecord<SkuKind>
export type Reply = records.Reply<SkuKind>
export type Step = step.Step<SkuKind>
