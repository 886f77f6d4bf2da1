/**
 * NoteLine: what a SKU tells an order about one of its lines that the order did not ask for. A fact, sent by SKUs alone, as a command between actors: no channel may send one.
 */
import type { CommandId, EpochMs, SenderId, Sku } from "../../../names.ts"
import type { OrderId } from "../../names.ts"

export const LineFact = ["fulfilled", "released", "lost", "beyond"] as const
/** `fulfilled`: left for the customer. `released`: given up by its channel, line by line. `lost`: ended by the SKU's own timer. `beyond`: left although the line had no units for that. */
export type LineFact = (typeof LineFact)[number]

/** `qty` more units of an order's line ended so. */
export interface NoteLine {
  readonly type: "NoteLine"
  readonly id: CommandId
  readonly channel: SenderId
  readonly order: OrderId
  readonly issuedAtMs: EpochMs
  readonly sku: Sku
  readonly fact: LineFact
  readonly qty: number
}
