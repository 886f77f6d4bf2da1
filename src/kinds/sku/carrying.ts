/**
 * What SKUs tell orders: whatever happened to a line that its order did not ask for itself.
 */
import type { Sku } from "../../domain/names.ts"
import { lineNotice } from "../../domain/order/commands/note-line/decide.ts"
import { orderBook } from "../../domain/order/names.ts"
import type { StockEvent } from "../../domain/sku/events.ts"
import type { CarriedCommand, KindCarrying } from "../../engine/kind.ts"
import type { SkuKind } from "./types.ts"

const nothing: ReadonlyArray<CarriedCommand> = []
const noEvents: ReadonlyArray<StockEvent> = []
const noRef = Object.freeze({})

/** What an order asked for comes back to it as the decision of its own command, and would count twice. */
const carriedBy = (sku: Sku, event: StockEvent, isInternal: boolean): ReadonlyArray<CarriedCommand> => {
  const notice = isInternal ? undefined : lineNotice(event)
  if (notice === undefined) return nothing
  const { channel, order, fact, qty } = notice
  const command = { type: "NoteLine", channel, order, sku, fact, qty }
  return [{ kind: "order", key: orderBook(channel, order), onBehalf: channel, command, ref: noRef }]
}

/** What orders make of what they are told is theirs. There is always room to tell them: no order has more lines while its partition is out, and what happened is told. */
export const skuCarrying: KindCarrying<SkuKind> = Object.freeze<KindCarrying<SkuKind>>({
  to: ["order"],
  carriedBy,
  returned: () => noEvents,
  returnedBytesOf: () => 0,
  answeredBy: () => undefined,
  mayCarry: () => 0,
})
