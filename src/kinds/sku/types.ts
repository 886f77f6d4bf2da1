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
export interface SkuAccepted {
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
export interface SkuTold {
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

export type SkuRememberedDecision =
  | ({ readonly outcome: "accepted" } & SkuAccepted)
  | Exclude<records.RememberedDecision, { readonly outcome: "accepted" }>

/** The answer to one command. Id and SKU are null where the body could not be decoded that far. */
export type SkuHeardDecision = {
  readonly id: CommandId | null
  readonly sku: Sku | null
  /** True when this id was decided before and this is the same outcome again. */
  readonly repeated?: true
} & SkuRememberedDecision

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
  readonly accepted: SkuAccepted
  readonly said: SkuHeardDecision
  readonly told: SkuTold
  readonly value: AtsValue
  readonly actorRow: SkuRow
  readonly partRow: ReservationRow
}

export type SkuActor = actor.Actor<SkuKind>
export type SkuChunk = chunks.Chunk<SkuKind>
export type SkuPartition = partition.Partition<SkuKind>
export type SkuAppendInFlight = partition.AppendInFlight<SkuKind>
export type SkuQuarantinedCommand = partition.QuarantinedCommand<SkuKind>
export type SkuDecodedCommand = protocol.DecodedCommand<SkuKind>
export type SkuDecodedBody = protocol.DecodedBody<SkuKind>
export type SkuDecodedBatch = protocol.DecodedBatch<SkuKind>
export type SkuDecodedRecord = protocol.DecodedRecord<SkuKind>
export type SkuTakenMessage = protocol.TakenMessage<SkuKind>
export type SkuStoredBatch = protocol.StoredBatch<SkuKind>
export type SkuEngineCodec = protocol.EngineCodec<SkuKind>
export type SkuInput = protocol.Input<SkuKind>
export type SkuOutput = protocol.Output<SkuKind>
export type SkuDecidedCommand = records.DecidedCommand<SkuKind>
export type SkuJournaledDecision = records.JournaledDecision<SkuKind>
export type SkuMessageEntry = records.MessageEntry<SkuKind>
export type SkuSettledEntry = records.SettledEntry<SkuKind>
export type SkuExpiryEntry = records.ExpiryEntry<SkuKind>
export type SkuEntry = records.Entry<SkuKind>
export type SkuJournalRecord = records.JournalRecord<SkuKind>
export type SkuReply = records.Reply<SkuKind>
export type SkuStep = step.Step<SkuKind>
