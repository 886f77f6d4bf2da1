/**
 * The state of one SKU: its stock by location, what each channel used of its fence, and its reservations.
 *
 * One owner, changed in place by `evolve` alone. A million of these live in a partition, so what is empty is null, and
 * equal policies are one object. Plain data throughout: it can be cloned, hashed and cut into snapshot chunks.
 */
import { assert } from "../../assert.ts"
import type { EpochMs, LocationId, ReservationId, SenderId, Sku } from "../names.ts"
import { addThing, emptySlots, findThing, type Naming, removeThing, type SlotTable, slotCount } from "../slot-table.ts"
import type { Policy } from "./policy.ts"
import { type Allocations, unitsOf } from "./units.ts"

/** Units of one SKU at one location, by stock state. available = onHand − damaged − inspection − reserved − exposed − safety. */
export interface LocationStock {
  readonly location: LocationId
  onHand: number
  damaged: number
  inspection: number
  reserved: number
  /** Escrowed for channels that sell without asking. */
  exposed: number
  safety: number
  /** Units sold from here alone that are not there: goods that come here are owed for them first. Not among `reserved`. */
  short: number
}

/** What a reservation is short of: sold without asking, and not there. Goods cover the oldest first. */
export interface Short {
  readonly channel: SenderId
  readonly reservation: ReservationId
  qty: number
  /** The only location whose goods cover it; null: any. */
  at: LocationId | null
}

/** All that the reservations of a SKU are short of. */
export interface Shorts {
  /** Oldest first, one for each reservation. */
  readonly list: Array<Short>
  /** Units among them that goods anywhere cover. */
  anywhereQty: number
}

/** What a channel has of its fence: units open in its reservations, those it is short of included, and units fulfilled since its fence last changed. */
export interface ChannelUse {
  readonly channel: SenderId
  openQty: number
  fulfilledSinceFenceQty: number
}

/** The states of a reservation; the first two are open. */
export const ReservationStatus = ["held", "confirmed", "fulfilled", "released", "expired"] as const
export type ReservationStatus = (typeof ReservationStatus)[number]

export const Ending = ["fulfilled", "released", "expired"] as const
/** How a reservation ends. */
export type Ending = (typeof Ending)[number]

/** All that is known of a reservation that has ended, once its SKU no longer holds it. */
export interface EndedReservation {
  readonly status: Ending
  readonly endedAtMs: EpochMs
}

/** How the reservation that a channel knows by this id ended, if it did and its SKU no longer holds it. Whoever keeps the stock knows. */
export type EndedOf = (channel: SenderId, id: ReservationId) => EndedReservation | undefined

/** Of a stock that holds what has ended, too. */
export const noneEnded: EndedOf = () => undefined

/** One channel's claim on units of a SKU. */
export interface Reservation {
  readonly channel: SenderId
  readonly id: ReservationId
  status: ReservationStatus
  /** Open units by location; empty once it has ended. Replaced, never changed in place: events share it. */
  allocations: Allocations
  /** Beside `allocations`, open units that are not there: sold without asking. */
  shortQty: number
  fulfilledQty: number
  /** When a hold ends; of no meaning once it isn't held. */
  expiresAtMs: EpochMs
}

/** Reservations, found by id and channel: a hot SKU has a million of them. */
export interface ReservationTable extends SlotTable<Reservation> {
  /** Held or confirmed. */
  openCount: number
}

/** All that one SKU's decisions depend on. */
export interface SkuStock {
  readonly sku: Sku
  policy: Policy | null
  /** In the order they were first stocked. Replaced when one is added: a pushed array keeps room for sixteen more. */
  locations: ReadonlyArray<LocationStock>
  uses: Array<ChannelUse> | null
  shorts: Shorts | null
  reservations: ReservationTable | null
}

/** The stock of a SKU nobody has told anything about yet. */
export const emptyStock = (sku: Sku): SkuStock => ({ sku, policy: null, locations: [], uses: null, shorts: null, reservations: null })

/** The location's stock, or undefined if the SKU was never stocked there. */
export const locationStock = (stock: SkuStock, location: LocationId): LocationStock | undefined => {
  for (const at of stock.locations) if (at.location === location) return at
  return undefined
}

/** Units sold without asking that are not there, of the whole SKU. */
export const shortQtyOf = (stock: SkuStock): number => {
  if (stock.shorts === null) return 0
  let qty = stock.shorts.anywhereQty
  for (const at of stock.locations) qty += at.short
  return qty
}

/** Units that a channel sold without asking and that are not there. */
export const shortQtyOfChannel = (stock: SkuStock, channel: SenderId): number => {
  let qty = 0
  for (const short of stock.shorts?.list ?? []) if (short.channel === channel) qty += short.qty
  return qty
}

/** What the channel used of its fence, or undefined if it has sold nothing of the SKU yet. */
export const channelUse = (stock: SkuStock, channel: SenderId): ChannelUse | undefined => {
  if (stock.uses === null) return undefined
  for (const use of stock.uses) if (use.channel === channel) return use
  return undefined
}

const naming: Naming<Reservation> = {
  isNamed: (reservation, id, channel) => reservation.id === id && reservation.channel === channel,
  firstOf: (reservation) => reservation.id,
  secondOf: (reservation) => reservation.channel,
}

/** The reservation the channel knows by this id, open or ended, or undefined if the SKU holds none. */
export const reservationOf = (stock: SkuStock, channel: SenderId, id: ReservationId): Reservation | undefined =>
  stock.reservations === null ? undefined : findThing(stock.reservations, naming, id, channel)

/** All reservations, open and ended, in the order of their slots. O(reservations). */
export const reservationsOf = (stock: SkuStock): ReadonlyArray<Reservation> =>
  (stock.reservations?.slots ?? []).filter((reservation) => reservation !== undefined)

/** Adds a reservation under its channel and id, which must be free. */
export const addReservation = (stock: SkuStock, reservation: Reservation): void => {
  assert(reservationOf(stock, reservation.channel, reservation.id) === undefined, "a reservation begins once")
  stock.reservations ??= { ...emptySlots<Reservation>(), openCount: 0 }
  addThing(stock.reservations, naming, reservation)
  if (isOpen(reservation)) stock.reservations.openCount += 1
}

/** Removes a reservation. The last one takes the table with it. */
export const removeReservation = (stock: SkuStock, reservation: Reservation): void => {
  const table = stock.reservations
  assert(table !== null && removeThing(table, naming, reservation), "a reservation is forgotten where it is known")
  if (slotCount(table) === 0) stock.reservations = null
}

/** Units physically there and sound: what may be owed. */
export const usableQty = (at: LocationStock): number => at.onHand - at.damaged - at.inspection

/** Units that nobody is owed: negative in a shortage. Safety stock is among them, for it is kept back from offers only. */
export const unowedQty = (at: LocationStock): number => usableQty(at) - at.reserved - at.exposed

/** `available` of the design: negative in a shortage, or when safety stock was raised above what is left. */
export const availableQty = (at: LocationStock): number => unowedQty(at) - at.safety

/** Units at a location that may be offered: available, less those that goods here have to cover first. */
export const offerableQty = (at: LocationStock): number => availableQty(at) - at.short

/** Open units of a reservation: those reserved, and those it is short of. */
export const openQtyOf = (reservation: Reservation): number => unitsOf(reservation.allocations) + reservation.shortQty

/** Whether the reservation is held or confirmed. */
export const isOpen = (reservation: Pick<Reservation, "status">): boolean =>
  reservation.status === "held" || reservation.status === "confirmed"
