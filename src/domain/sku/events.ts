/**
 * What was decided, in the past tense. An event carries every delta it makes, so that a stock, a reservation or a snapshot chunk
 * can each be brought forward from the event and itself alone, without looking at the other.
 */

import type { EpochMs, LocationId, ReservationId, SenderId } from "../names.ts"
import type { AdjustReason, ReleaseReason, StockStatus } from "./commands.ts"
import type { Policy } from "./policy.ts"

/** Units at one location. */
export interface Allocation {
  readonly location: LocationId
  readonly qty: number
}
export type Allocations = ReadonlyArray<Allocation>

/** A hold began: `allocations` became reserved. */
export interface Reserved {
  readonly type: "Reserved"
  readonly channel: SenderId
  readonly reservation: ReservationId
  readonly allocations: Allocations
  readonly expiresAtMs: EpochMs
}
/** A hold became lasting. */
export interface Confirmed {
  readonly type: "Confirmed"
  readonly channel: SenderId
  readonly reservation: ReservationId
}
/** A hold will expire later. */
export interface Extended {
  readonly type: "Extended"
  readonly channel: SenderId
  readonly reservation: ReservationId
  readonly expiresAtMs: EpochMs
}
/** `allocations` are no longer reserved, because the channel gave them up. */
export interface Released {
  readonly type: "Released"
  readonly channel: SenderId
  readonly reservation: ReservationId
  readonly allocations: Allocations
  readonly reason: ReleaseReason
  /** Beside `allocations`, units that were owed and not there: they no longer are. */
  readonly shortQty?: number
}
/** `allocations`, all that was open, are no longer reserved, because the hold's time was up. */
export interface Expired {
  readonly type: "Expired"
  readonly channel: SenderId
  readonly reservation: ReservationId
  readonly allocations: Allocations
}
/** Units of a reservation left: `allocations` are no longer reserved, `taken` are no longer on hand (another location may have shipped). */
export interface Fulfilled {
  readonly type: "Fulfilled"
  readonly channel: SenderId
  readonly reservation: ReservationId
  readonly allocations: Allocations
  readonly taken: Allocations
  /** Beside `allocations`, units that were owed and not there: they were shipped all the same. */
  readonly shortQty?: number
}
/**
 * A sale that happened elsewhere stands as a confirmed reservation: begun by this, made lasting by it, or added to. `allocations` became reserved
 * under it; they are empty if what the reservation had open covers the sale, or if no unit was left for the rest.
 */
export interface SaleOwed {
  readonly type: "SaleOwed"
  readonly channel: SenderId
  readonly reservation: ReservationId
  readonly allocations: Allocations
  /** Units sold that are not there: the reservation is short of them until goods cover it. */
  readonly shortQty?: number
  /** The only location whose goods may cover them, if the sale said so; otherwise goods anywhere do. */
  readonly shortAt?: LocationId
}
/** Goods cover units that a reservation was short of: `allocations` became reserved under it. */
export interface ShortageCovered {
  readonly type: "ShortageCovered"
  readonly channel: SenderId
  readonly reservation: ReservationId
  readonly allocations: Allocations
}
/** Units left with a sale that had no reservation: `taken` are no longer on hand. */
export interface SaleTaken {
  readonly type: "SaleTaken"
  readonly channel: SenderId
  readonly taken: Allocations
}
/** Units left that no open reservation covered (shipped on an ended one, or more than it had open). */
export interface ShippedUnreserved {
  readonly type: "ShippedUnreserved"
  readonly channel: SenderId
  readonly reservation: ReservationId
  readonly taken: Allocations
}
export interface StockReceived {
  readonly type: "StockReceived"
  readonly location: LocationId
  readonly qty: number
}
/** `qty` is signed and as far as it could be applied. */
export interface StockAdjusted {
  readonly type: "StockAdjusted"
  readonly location: LocationId
  readonly qty: number
  readonly reason: AdjustReason
}
export interface StatusMoved {
  readonly type: "StatusMoved"
  readonly location: LocationId
  readonly from: StockStatus
  readonly to: StockStatus
  readonly qty: number
}
export interface PolicySet {
  readonly type: "PolicySet"
  readonly policy: Policy
}

/** What of a fact could not be applied, or was found impossible. */
export const DiscrepancyKind = [
  /** More left, or was counted away, than was believed on hand. */
  "NotOnHand",
  /** More was moved out of a status than was in it. */
  "NotInStatus",
  /** Shipped for a reservation that isn't known, has ended, or had less open. */
  "NotReserved",
  /** Sold elsewhere, and no unit is left that isn't owed to somebody: oversold by that channel, whose reservation is short of them. */
  "Oversold",
] as const
export type DiscrepancyKind = (typeof DiscrepancyKind)[number]

/** `qty` units of a fact did not fit what was believed. Changes nothing by itself; it is for people. */
export interface DiscrepancyFound {
  readonly type: "DiscrepancyFound"
  readonly kind: DiscrepancyKind
  readonly qty: number
  readonly location?: LocationId
}
/**
 * After a fact, this many units at a location are owed that aren't there: reserved + exposed − (on hand − damaged − inspection). 0: it is over.
 * Said again to whoever confirms a hold there.
 */
export interface ShortageFound {
  readonly type: "ShortageFound"
  readonly location: LocationId
  readonly qty: number
}

export type StockEvent =
  | Reserved
  | Confirmed
  | Extended
  | Released
  | Expired
  | Fulfilled
  | SaleOwed
  | ShortageCovered
  | SaleTaken
  | ShippedUnreserved
  | StockReceived
  | StockAdjusted
  | StatusMoved
  | PolicySet
  | DiscrepancyFound
  | ShortageFound

/** Sum of the units in `allocations`. */
export const unitsOf = (allocations: Allocations): number => {
  let units = 0
  for (const part of allocations) units += part.qty
  return units
}

/** Units that begin, change or end a claim with this event: those reserved, and those it is short of. */
export const claimedQty = (event: { readonly allocations: Allocations; readonly shortQty?: number }): number =>
  unitsOf(event.allocations) + (event.shortQty ?? 0)
