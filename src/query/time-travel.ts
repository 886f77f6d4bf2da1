/**
 * Time travel: what each channel could sell of a SKU at a past moment, under the policy of that moment. Folded and computed by the domain itself, so that it is what the feed said then.
 */
import { Effect, Stream } from "effect"
import { type EpochMs, partitionOf, type SenderId, type Sku } from "../domain/names.ts"
import { atsByChannel, offeredQty } from "../domain/sku/availability.ts"
import { availableQty, emptyStock, offerableQty, type SkuStock, shortQtyOf } from "../domain/sku/stock.ts"
import { Past, type PastFailed, type PastKnown, type SkuMark } from "../ports/past.ts"
import type { SkuPastLine } from "../wire/past-lines.ts"
import { applyLine, eventsOf } from "./fold.ts"
import { type MomentKnown, momentIn, notFoundYet } from "./moment.ts"
import { QueryRefused } from "./refused.ts"
import { isoTime } from "./words.ts"

/** A SKU at a location at some moment. */
export interface LocationThen {
  readonly location: string
  readonly onHand: number
  readonly damaged: number
  readonly inspection: number
  readonly reserved: number
  readonly exposed: number
  readonly safety: number
  readonly short: number
  readonly available: number
  /** What of it is offered: never less than 0. */
  readonly offered: number
}

/** What could be sold of a SKU at some moment. */
export interface AvailabilityThen {
  readonly sku: Sku
  readonly atMs: EpochMs
  readonly partition: number
  /** The record that last changed it: the version that the feed told then. */
  readonly version: number
  readonly changedAtMs: EpochMs
  readonly offered: number
  /** Units that are sold and not there. */
  readonly shortQty: number
  readonly policyVersion: number | null
  readonly channels: ReadonlyArray<{ readonly channel: SenderId; readonly ats: number }>
  readonly locations: ReadonlyArray<LocationThen>
  readonly known: PastKnown
}

/** A stock, and the line that last changed it. */
export interface StockThen {
  readonly stock: SkuStock
  readonly version: number
  readonly changedAtMs: EpochMs
}

/** A SKU's locations, for people. */
export const locationsThen = (stock: SkuStock): ReadonlyArray<LocationThen> =>
  stock.locations.map((at) => ({ ...at, available: availableQty(at), offered: Math.max(0, offerableQty(at)) }))

/** Folds a SKU's lines up to a moment. `each` is told of every line once it is applied. Fails where nobody had told anything of the SKU by then, as far as that is known. */
export const stockAt: (
  sku: Sku,
  moment: MomentKnown,
  each?: (stock: SkuStock, line: SkuPastLine) => void,
  mark?: SkuMark | null,
) => Effect.Effect<StockThen, QueryRefused | PastFailed, Past> = Effect.fnUntraced(function* (sku, { atMs, extent }, each, mark = null) {
  const past = yield* Past
  const stock = mark?.stock ?? emptyStock(sku)
  let version = mark?.seq ?? 0
  let changedAtMs = mark?.atMs ?? 0
  let isKnown = mark !== null
  yield* Stream.runForEach(past.skuLines({ sku }, atMs, mark?.seq ?? 0), (lines) =>
    Effect.sync(() => {
      for (const line of lines) {
        if (eventsOf(line).length > 0) {
          applyLine(stock, line)
          isKnown = true
          version = line.seq
          changedAtMs = line.atMs
        }
        each?.(stock, line)
      }
    }),
  )
  if (isKnown) return { stock, version, changedAtMs }
  // The last moment that is known, where records follow it: of an earlier one, all has been read.
  const yet = atMs > extent.knownToMs ? notFoundYet(sku, [extent.known]) : undefined
  if (yet !== undefined) return yield* yet
  const remedy = "ask of a later moment, or look whether it is spelled as its senders spell it"
  return yield* new QueryRefused({ reason: "UnknownSku", detail: `nothing had happened to ${sku} by ${isoTime(atMs)}`, remedy })
})

/** What could be sold of a SKU at a moment; the last one known, if none is named. */
export const availabilityAt = Effect.fnUntraced(function* (sku: Sku, asked: EpochMs | undefined) {
  const past = yield* Past
  const partition = partitionOf(sku, past.partitions)
  const moment = yield* momentIn("sku", partition, asked)
  const { atMs, extent } = moment
  const { stock, version, changedAtMs } = yield* stockAt(sku, moment, undefined, yield* past.mark(sku, atMs))
  const ats = atsByChannel(stock)
  const answer: AvailabilityThen = {
    sku,
    atMs,
    partition,
    version,
    changedAtMs,
    offered: offeredQty(stock),
    shortQty: shortQtyOf(stock),
    policyVersion: stock.policy?.version ?? null,
    channels: (stock.policy?.channels ?? []).map(({ channel }, i) => ({ channel, ats: ats[i] ?? 0 })),
    locations: locationsThen(stock),
    known: extent.known,
  }
  return answer
})
