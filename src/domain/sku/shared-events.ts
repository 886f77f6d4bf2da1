/**
 * Events that several commands have, or none: what expires by itself, what goods cover, what leaves, and what of a fact did not fit.
 */
import * as Schema from "effect/Schema"
import { assert } from "../../assert.ts"
import type { EventValue } from "../define.ts"
import { LocationField } from "../fields.ts"
import { allocationsWith } from "./allocation.ts"
import { defineEvent } from "./define.ts"
import { allocations, atLocation, ofReservation, short, taken } from "./fields.ts"
import { claim, leave, lessenShort, openOne, shrink, unclaimAll, useFor } from "./fold.ts"
import { isOpen } from "./stock.ts"
import { unitsOf } from "./units.ts"

const allocatedFields = { ...ofReservation, ...allocations }

/** `allocations`, all that was open, are no longer reserved, because the hold's time was up. */
export interface Expired extends EventValue<"Expired", typeof allocatedFields> {}

/** The declaration of the event Expired. */
export const expired = defineEvent({
  type: "Expired",
  fields: allocatedFields,
  toStock: (stock, event) => void unclaimAll(stock, event),
  toReservation: (stock, event) => {
    const reservation = shrink(stock, event, "expired")
    assert(!isOpen(reservation), "an expiry ends all that was open")
    return reservation
  },
  owes: null,
})

/** Goods cover units that a reservation was short of: `allocations` became reserved under it. */
export interface ShortageCovered extends EventValue<"ShortageCovered", typeof allocatedFields> {}

/** The declaration of the event ShortageCovered. */
export const shortageCovered = defineEvent({
  type: "ShortageCovered",
  fields: allocatedFields,
  toStock: (stock, event) => {
    const use = useFor(stock, event.channel)
    lessenShort(stock, use, event, unitsOf(event.allocations))
    claim(stock, use, event.allocations)
  },
  toReservation: (stock, event) => {
    const reservation = openOne(stock, event)
    reservation.shortQty -= unitsOf(event.allocations)
    assert(reservation.shortQty >= 0, "no more units are covered than a reservation is short of")
    reservation.allocations = allocationsWith(reservation.allocations, event.allocations)
    return reservation
  },
  owes: null,
})

const fulfilledFields = { ...ofReservation, ...allocations, ...taken, ...short }

/**
 * Units of a reservation left: `allocations` are no longer reserved, `taken` are no longer on hand (another location may have shipped). Beside `allocations`, units that were owed and not
 * there were shipped all the same.
 */
export const fulfilled = defineEvent({
  type: "Fulfilled",
  fields: fulfilledFields,
  toStock: (stock, event) => {
    unclaimAll(stock, event).fulfilledSinceFenceQty += unitsOf(event.allocations) + (event.shortQty ?? 0)
    leave(stock, event.taken)
  },
  toReservation: (stock, event) => shrink(stock, event, "fulfilled"),
  owes: (event, more) => {
    for (const part of event.taken) more(part.location, part.qty)
    for (const part of event.allocations) more(part.location, -part.qty)
  },
})

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

const discrepancyFields = { kind: Schema.Literals(DiscrepancyKind), qty: Schema.Int, location: Schema.optionalKey(LocationField) }

/** `qty` units of a fact did not fit what was believed. Changes nothing by itself; it is for people. */
export interface DiscrepancyFound extends EventValue<"DiscrepancyFound", typeof discrepancyFields> {}

/** The declaration of the event DiscrepancyFound. */
export const discrepancyFound = defineEvent({
  type: "DiscrepancyFound",
  fields: discrepancyFields,
  toStock: null,
  toReservation: null,
  owes: null,
})

/**
 * After a fact, this many units at a location are owed that aren't there: reserved + exposed − (on hand − damaged − inspection). 0: it is over.
 * Said again to whoever confirms a hold there.
 */
export interface ShortageFound extends EventValue<"ShortageFound", typeof atLocation> {}

/** The declaration of the event ShortageFound. */
export const shortageFound = defineEvent({ type: "ShortageFound", fields: atLocation, toStock: null, toReservation: null, owes: null })
