/**
 * What a sender may ask of one SKU (commands) or tell about it (facts), as decoded values.
 *
 * The sender is not among the fields: it is known from the permission-checked subject. A fact can't be refused for a business
 * reason: it already happened, and is applied as far as possible.
 */
import { unreachable } from "../../assert.ts"
import type { CommandClass, CommandId, EpochMs, LocationId, ReservationId, SenderId, Sku } from "../names.ts"
import type { PolicyGiven } from "./policy.ts"

interface Base {
  readonly id: CommandId
  readonly sku: Sku
  /** When the sender made it, by the sender's clock: bounds how long its id is remembered. */
  readonly issuedAtMs: EpochMs
  /** Milliseconds after the broker stored it until which a decision is wanted; later it is answered as expired. Not for facts. */
  readonly deadlineMs?: number
}

/** Claim units for `holdMs`. All of `qty` or nothing, unless `partial`. */
export interface Reserve extends Base {
  readonly type: "Reserve"
  readonly reservation: ReservationId
  readonly qty: number
  readonly holdMs: number
  /** Only these, drawn on in this order; otherwise the policy's sourcing order over all. */
  readonly locations?: ReadonlyArray<LocationId>
  readonly partial?: boolean
}

/** Make a hold lasting: it no longer expires. */
export interface Confirm extends Base {
  readonly type: "Confirm"
  readonly reservation: ReservationId
}

export const ReleaseReason = ["cancelled", "abandoned", "payment-failed", "replaced", "other"] as const
export type ReleaseReason = (typeof ReleaseReason)[number]

/** Give up open units of a reservation, all of them unless `qty` says how many. */
export interface Release extends Base {
  readonly type: "Release"
  readonly reservation: ReservationId
  readonly qty?: number
  readonly reason: ReleaseReason
}

/** Let a hold expire `holdMs` after the decision instead of when it would; never earlier than it would have. */
export interface Extend extends Base {
  readonly type: "Extend"
  readonly reservation: ReservationId
  readonly holdMs: number
}

/** Replace the SKU's policy. */
export interface SetPolicy extends Base {
  readonly type: "SetPolicy"
  readonly policy: PolicyGiven
}

/** Fact: units arrived at a location. */
export interface ReceiveStock extends Base {
  readonly type: "ReceiveStock"
  readonly location: LocationId
  readonly qty: number
  readonly reference?: string
}

export const AdjustReason = ["count", "return", "damage", "loss", "found", "correction", "other"] as const
export type AdjustReason = (typeof AdjustReason)[number]

/** Fact: the count at a location differs by `qty` (signed, never 0) from what was believed. */
export interface AdjustStock extends Base {
  readonly type: "AdjustStock"
  readonly location: LocationId
  readonly qty: number
  readonly reason: AdjustReason
  readonly reference?: string
}

export const StockStatus = ["available", "damaged", "inspection"] as const
export type StockStatus = (typeof StockStatus)[number]

/** Fact: units on hand changed their status. */
export interface MoveStatus extends Base {
  readonly type: "MoveStatus"
  readonly location: LocationId
  readonly from: StockStatus
  readonly to: StockStatus
  readonly qty: number
}

/** Fact: units of a channel's reservation left `location`; all that is open unless `qty` says how many. */
export interface Fulfil extends Base {
  readonly type: "Fulfil"
  readonly channel: SenderId
  readonly reservation: ReservationId
  readonly location: LocationId
  readonly qty?: number
  /** The sender's own reference of the parcel: told again under whatever id, of the same reservation at the same location, it is the same shipment. */
  readonly shipment?: CommandId
}

export const SaleMode = ["taken", "owed"] as const
export type SaleMode = (typeof SaleMode)[number]

/**
 * Fact: the channel sold units without asking. `taken`: they have left `location` (a till). `owed`: they are still to be shipped (a
 * marketplace) and stand as a confirmed reservation called `reservation` (required then). A `taken` sale that names an open reservation draws on it.
 */
export interface RecordSale extends Base {
  readonly type: "RecordSale"
  readonly mode: SaleMode
  readonly qty: number
  /** Required for `taken`; for `owed` the only location to allocate at, if given. */
  readonly location?: LocationId
  readonly reservation?: ReservationId
}

/** Operator: decide a quarantined command again, now. `quarantined` is its place as the reply and the quarantine list name it. */
export interface ReplayQuarantined extends Base {
  readonly type: "ReplayQuarantined"
  readonly quarantined: string
}

/** Operator: give a quarantined command its final answer, `dropped`, with a reason. */
export interface DropQuarantined extends Base {
  readonly type: "DropQuarantined"
  readonly quarantined: string
  readonly reason: string
}

export type SellCommand = Reserve | Confirm | Release | Extend
export type Fact = ReceiveStock | AdjustStock | MoveStatus | Fulfil | RecordSale
export type OperatorCommand = ReplayQuarantined | DropQuarantined
/** What one SKU decides by itself; operator commands are the partition's. */
export type StockCommand = SellCommand | SetPolicy | Fact
export type Command = StockCommand | OperatorCommand
export type CommandType = Command["type"]

/** The class each type must be sent in. */
export const classOf: Readonly<Record<CommandType, CommandClass>> = {
  Reserve: "sell",
  Confirm: "sell",
  Release: "sell",
  Extend: "sell",
  RecordSale: "sell",
  ReceiveStock: "stock",
  AdjustStock: "stock",
  MoveStatus: "stock",
  Fulfil: "stock",
  SetPolicy: "policy",
  ReplayQuarantined: "operator",
  DropQuarantined: "operator",
}

/** Facts already happened: no deadline, no business refusal, a longer horizon. */
export const isFact = (command: Command): command is Fact => {
  switch (command.type) {
    case "ReceiveStock":
    case "AdjustStock":
    case "MoveStatus":
    case "Fulfil":
    case "RecordSale":
      return true
    case "Reserve":
    case "Confirm":
    case "Release":
    case "Extend":
    case "SetPolicy":
    case "ReplayQuarantined":
    case "DropQuarantined":
      return false
    default:
      return unreachable(command)
  }
}
