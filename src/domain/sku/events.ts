/**
 * What was decided, in the past tense. An event carries every delta it makes, so that a stock, a reservation or a snapshot chunk
 * can each be brought forward from the event and itself alone, without looking at the other.
 *
 * Each is declared where it is decided: in its command's folder, or in shared-events.ts. Here they are all of them.
 */
import type { EventValue } from "../define.ts"
import type { skuKind } from "./index.ts"

type StockEventSpec = (typeof skuKind.events)[number]
type SkuEventOf<One> = One extends { readonly type: infer Type extends string; readonly fields: infer Own extends StockEventSpec["fields"] }
  ? EventValue<Type, Own>
  : never

/** Any event of a SKU. */
export type StockEvent = SkuEventOf<StockEventSpec>

export type { Reserved } from "./commands/reserve/events.ts"
export { type DiscrepancyFound, DiscrepancyKind, type Expired, type ShortageCovered, type ShortageFound } from "./shared-events.ts"
export { type Allocation, type Allocations, claimedQty, unitsOf } from "./units.ts"
