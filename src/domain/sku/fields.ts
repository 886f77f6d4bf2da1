/**
 * Fields that several commands or events of a SKU have.
 */
import * as Schema from "effect/Schema"
import { AllocationsField, distinctBy, LocationField, QtyField, ReservationNameField, SenderField } from "../fields.ts"

/** Locations, none twice. */
export const locationList = (lengthMax: number) => Schema.Array(LocationField).check(Schema.isMaxLength(lengthMax), distinctBy(String))

/** How a unit on hand may be: only what is available may be sold. */
export const StockStatus = ["available", "damaged", "inspection"] as const
export type StockStatus = (typeof StockStatus)[number]

/** Of an event: whose reservation it is about. */
export const ofReservation = { channel: SenderField, reservation: ReservationNameField }
export const allocations = { allocations: AllocationsField }
export const taken = { taken: AllocationsField }
/** Of an event: units beside `allocations` that are owed and not there. */
export const short = { shortQty: Schema.optionalKey(Schema.Int) }
export const atLocation = { location: LocationField, qty: Schema.Int }

/** A number of units that may be left out. */
export const optionalQty = Schema.optionalKey(QtyField)
