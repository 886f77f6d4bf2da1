/**
 * What events carry to actors of the other kind, written out once more: an order's event says it; a SKU's is told to the order whose line it ends, if that order did not ask for it itself.
 */
import { unreachable } from "../assert.ts"
import type { EpochMs } from "../domain/names.ts"
import type { BookEvent } from "../domain/order/events.ts"
import type { StockEvent } from "../domain/sku/events.ts"
import type { Entry } from "../engine/records.ts"
import type { OrderKind } from "../kinds/order/types.ts"
import type { SkuKind } from "../kinds/sku/types.ts"
import type { CarriedSeen, Place } from "./carried.ts"
import { isOurs } from "./floors.ts"
import { lineOf, orderOf } from "./lines.ts"
import { sumQty } from "./model.ts"
import { orderKeyOf } from "./order-model.ts"

/** A record, as far as what it carries is named after it. */
export interface Carrier {
  readonly at: Place
  readonly owner: string
  readonly atMs: EpochMs
  /** How many commands it carried so far. */
  count: number
}

const nextId = (carrier: Carrier): string => {
  const id = `${carrier.owner}/${carrier.at.seq}/${carrier.count}`
  carrier.count += 1
  return id
}

/** What an event of an order carries to its SKUs. */
const carriedByOrder = (carrier: Carrier, event: BookEvent): ReadonlyArray<CarriedSeen> =>
  ("carries" in event ? event.carries : []).map((asked): CarriedSeen => {
    const { channel, order, n } = event
    const id = nextId(carrier)
    return {
      id,
      from: carrier.at,
      to: "sku",
      line: lineOf(channel, order, asked.sku),
      onBehalf: channel,
      command: { ...asked, id, issuedAtMs: carrier.atMs, reservation: `@${order}` },
      order: orderKeyOf(channel, order),
      sku: asked.sku,
      type: asked.type,
      n,
    }
  })

/** Which fact an event of a SKU is for the order whose line it is about, and of how many units; null: none. */
const factOf = (event: StockEvent): { readonly fact: string; readonly qty: number } | null => {
  switch (event.type) {
    case "Fulfilled":
      return { fact: "fulfilled", qty: sumQty(event.allocations) + (event.shortQty ?? 0) }
    case "Released":
      return { fact: "released", qty: sumQty(event.allocations) + (event.shortQty ?? 0) }
    case "Expired":
      return { fact: "lost", qty: sumQty(event.allocations) }
    case "ShippedUnreserved":
      return { fact: "beyond", qty: sumQty(event.taken) }
    case "Reserved":
    case "Confirmed":
    case "Extended":
    case "SaleOwed":
    case "ShortageCovered":
    case "SaleTaken":
    case "StockReceived":
    case "StockAdjusted":
    case "StatusMoved":
    case "WrittenOff":
    case "PolicySet":
    case "DiscrepancyFound":
    case "ShortageFound":
      return null
    default:
      return unreachable(event)
  }
}

/** What an event of a SKU carries to an order. */
const carriedBySku = (carrier: Carrier, sku: string, event: StockEvent): ReadonlyArray<CarriedSeen> => {
  const fact = factOf(event)
  if (fact === null || fact.qty === 0 || !("reservation" in event)) return []
  const order = orderOf(event.reservation)
  if (order === null) return []
  const { channel } = event
  const id = nextId(carrier)
  return [
    {
      id,
      from: carrier.at,
      to: "order",
      line: lineOf(channel, order, sku),
      onBehalf: channel,
      command: { type: "NoteLine", id, issuedAtMs: carrier.atMs, channel, order, sku, ...fact },
      order: orderKeyOf(channel, order),
      sku,
      type: "NoteLine",
      n: 0,
    },
  ]
}

/** What an entry of an order partition's record carries, in its places. */
export const carriedInOrders = (carrier: Carrier, entry: Entry<OrderKind>): ReadonlyArray<CarriedSeen> => {
  const of = (events: ReadonlyArray<BookEvent>) => events.flatMap((event) => carriedByOrder(carrier, event))
  if (entry._tag === "Expiry" || entry._tag === "Returned") return of(entry.events)
  const decided = entry._tag === "Message" ? entry.decided : entry._tag === "Settled" ? [entry.decided] : []
  return decided.flatMap(({ decision }) => of(decision._tag === "Accepted" || decision._tag === "Begun" ? decision.events : []))
}

/** The same of a record of SKUs. What an order asked for, it hears by the decision that comes back. */
export const carriedInSkus = (carrier: Carrier, entry: Entry<SkuKind>): ReadonlyArray<CarriedSeen> => {
  if (entry._tag === "Expiry") return entry.events.flatMap((event) => carriedBySku(carrier, entry.key, event))
  if ((entry._tag !== "Message" && entry._tag !== "Settled") || isOurs(entry.sender)) return []
  const decided = entry._tag === "Message" ? entry.decided : [entry.decided]
  return decided.flatMap(({ command, decision }) =>
    command === null || decision._tag !== "Accepted" ? [] : decision.events.flatMap((event) => carriedBySku(carrier, command.sku, event)),
  )
}
