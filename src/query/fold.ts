/**
 * A SKU's stock as of a moment: the domain's own fold over what the past tells of it. Without its reservations, for what may be sold doesn't look at them one by one.
 */
import { unreachable } from "../assert.ts"
import type { BookEvent } from "../domain/order/events.ts"
import type { StockEvent } from "../domain/sku/events.ts"
import { evolveStock } from "../domain/sku/evolve.ts"
import type { SkuStock } from "../domain/sku/stock.ts"
import type { OrderPastLine, SkuPastLine } from "../wire/past-lines.ts"

const none: ReadonlyArray<never> = []

/** What happened to an actor by a line. A decision that is no yes, or was given before, happened to nobody. */
const eventsOfAny = (line: SkuPastLine | OrderPastLine): ReadonlyArray<StockEvent | BookEvent> => {
  switch (line._tag) {
    case "Command":
      return line.decision._tag === "Accepted" || line.decision._tag === "Begun" ? line.decision.events : none
    case "Expiry":
    case "Covered":
    case "Returned":
      return line.events
    case "Answered":
      return none
    default:
      return unreachable(line)
  }
}

/** What happened to a SKU by a line. */
export const eventsOf = (line: SkuPastLine): ReadonlyArray<StockEvent> => eventsOfAny(line) as ReadonlyArray<StockEvent>

/** What happened to an order by a line. */
export const orderEventsOf = (line: OrderPastLine): ReadonlyArray<BookEvent> => eventsOfAny(line) as ReadonlyArray<BookEvent>

/** Brings a stock forward by a line. */
export const applyLine = (stock: SkuStock, line: SkuPastLine): void => {
  for (const event of eventsOf(line)) evolveStock(stock, event)
}
