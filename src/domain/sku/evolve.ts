/**
 * Applies a decided event to the state of its SKU, in place: the only place where that state changes. What each event does is said where it is declared.
 */
import { assert } from "../../assert.ts"
import type { StockEvent } from "./events.ts"
import { skuKind } from "./index.ts"
import { isOpen, type Reservation, removeReservation, type SkuStock } from "./stock.ts"

/** How the stock comes forward from an event of some type. A method, for each takes its own event alone. */
interface Folds {
  readonly toStock: { bivariance(stock: SkuStock, event: StockEvent): void }["bivariance"] | null
  readonly toReservation: { bivariance(stock: SkuStock, event: StockEvent): Reservation }["bivariance"] | null
}
const folds: Readonly<Record<StockEvent["type"], Folds>> = skuKind.event

/** Applies `event` to the whole state of the SKU. Returns the reservation it touched, if any. */
export const evolve = (stock: SkuStock, event: StockEvent): Reservation | undefined => {
  evolveStock(stock, event)
  return evolveReservation(stock, event)
}

/** Applies `event` to locations, channel uses and policy; the table of reservations is neither read nor changed. */
export const evolveStock = (stock: SkuStock, event: StockEvent): void => {
  const { toStock } = folds[event.type]
  if (toStock !== null) toStock(stock, event)
}

/** Applies `event` to the table of reservations; nothing else of the stock is read or changed. Returns the reservation it touched, if any. */
export const evolveReservation = (stock: SkuStock, event: StockEvent): Reservation | undefined => {
  const { toReservation } = folds[event.type]
  return toReservation === null ? undefined : toReservation(stock, event)
}

/** Removes an ended reservation: whoever keeps the stock remembers its end, as long as it has to. The last one takes the table with it. */
export const forgetReservation = (stock: SkuStock, reservation: Reservation): void => {
  assert(!isOpen(reservation), "only an ended reservation is forgotten")
  removeReservation(stock, reservation)
}
