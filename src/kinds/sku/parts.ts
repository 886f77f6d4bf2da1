/**
 * A SKU's reservations as the engine knows them: parts of it that have an owner and an id, that may be due, and that end once.
 */
import type { EpochMs, ReservationId, SenderId } from "../../domain/names.ts"
import { expire } from "../../domain/sku/decide.ts"
import type { StockEvent } from "../../domain/sku/events.ts"
import { forgetReservation } from "../../domain/sku/evolve.ts"
import { Ending, type Reservation, reservationOf, type SkuStock } from "../../domain/sku/stock.ts"
import type { KindParts } from "../../engine/kind.ts"
import { idCharsMax } from "../../limits.ts"
import type { SkuKind } from "./types.ts"

/** Bytes of one Expired event beyond its allocations, and of each of those. */
const expiredBytes = 256
const allocationBytes = idCharsMax + 40

type AboutReservation = Extract<StockEvent, { readonly reservation: unknown }>

const isAbout = (event: StockEvent): event is AboutReservation => "reservation" in event

const dueMs = ({ status, expiresAtMs }: Reservation): EpochMs => (status === "held" ? expiresAtMs : 0)

const endingOf = ({ status }: Reservation): Ending | undefined => (status === "held" || status === "confirmed" ? undefined : status)

/** When the event's reservation was to expire if it was held, else 0. One that begins was not. */
const dueBefore = (stock: SkuStock, event: StockEvent): EpochMs => {
  if (event.type === "Reserved" || !isAbout(event)) return 0
  const found = reservationOf(stock, event.channel, event.reservation)
  return found === undefined ? 0 : dueMs(found)
}

export const skuParts: KindParts<SkuKind> = Object.freeze<KindParts<SkuKind>>({
  ownerOf: ({ channel }) => channel,
  idOf: ({ id }) => id,
  dueMs,
  endings: Ending,
  endingOf,
  expire: (reservation) => [expire(reservation)],
  expiredBytesOf: ({ allocations }) => expiredBytes + allocations.length * allocationBytes,
  isAbout,
  mayBegin: ({ type }) => type === "Reserved" || type === "SaleOwed",
  eventOwnerOf: (event) => (event as AboutReservation).channel,
  eventIdOf: (event) => (event as AboutReservation).reservation,
  find: (stock: SkuStock, channel: SenderId, id: ReservationId) => reservationOf(stock, channel, id),
  dueBefore,
  forget: forgetReservation,
  slotsOf: ({ reservations }) => reservations?.slots,
})
