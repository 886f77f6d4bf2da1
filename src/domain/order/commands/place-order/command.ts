/** PlaceOrder: what a channel sends to have all lines of an order held for it under one answer. Fields only; what comes of it is in decide.ts. */
import type { CommandId, EpochMs, LocationId, SenderId, Sku } from "../../../names.ts"
import type { OrderId } from "../../names.ts"
import type { OrderFill } from "../../order.ts"

/** A line as its channel writes it. A SKU may stand in several: they are one decision over the sum of their quantities and minima. */
export interface LineGiven {
  readonly sku: Sku
  readonly qty: number
  /** With `fill` "minimum", and only there: fewer units than these of the line, and the order is refused. */
  readonly minQty?: number
  /** Only these, drawn on in this order; otherwise the SKU's sourcing order over all. The same in all lines of a SKU. */
  readonly locations?: ReadonlyArray<LocationId>
}

/** Hold units of every line for `holdMs` from the answer on. */
export interface PlaceOrder {
  readonly type: "PlaceOrder"
  readonly id: CommandId
  readonly channel: SenderId
  readonly order: OrderId
  /** When the sender made it, by the sender's clock: bounds how long its id is remembered. */
  readonly issuedAtMs: EpochMs
  /** Milliseconds after it was published until which a decision is wanted; later it is answered as expired. */
  readonly deadlineMs?: number
  readonly fill: OrderFill
  readonly holdMs: number
  readonly lines: ReadonlyArray<LineGiven>
}
