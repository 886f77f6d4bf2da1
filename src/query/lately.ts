/**
 * How a SKU stood over the last while: its units, and what each channel could sell, as they changed. For whoever begins to look at it now and wants to see what led there.
 *
 * Changes are told no more often than once a step, the last of each: as whoever had looked that often would have seen them.
 */
import { Clock, Effect } from "effect"
import { type EpochMs, partitionOf, type SenderId, type Sku } from "../domain/names.ts"
import { atsByChannel, offeredQty } from "../domain/sku/availability.ts"
import type { SkuStock } from "../domain/sku/stock.ts"
import { latelyPointsMax } from "../limits.ts"
import { Past, type PastKnown } from "../ports/past.ts"
import { momentIn } from "./moment.ts"
import { stockAt } from "./time-travel.ts"

/** A SKU from a moment on, until the next point. */
export interface PointThen {
  readonly atMs: EpochMs
  /** The record that last changed it. */
  readonly version: number
  /** Units, of all locations. */
  readonly onHand: number
  readonly reserved: number
  readonly offered: number
  /** Of each channel, in the order of `channels`; null: the policy didn't name it. */
  readonly ats: ReadonlyArray<number | null>
}

/** How a SKU stood from one moment to another. */
export interface LatelyThen {
  readonly sku: Sku
  readonly sinceMs: EpochMs
  readonly atMs: EpochMs
  /** Of what happened within so many milliseconds the last is told. */
  readonly stepMs: number
  readonly channels: ReadonlyArray<SenderId>
  readonly points: ReadonlyArray<PointThen>
  readonly known: PastKnown
}

interface Point extends Omit<PointThen, "ats"> {
  readonly ats: ReadonlyMap<SenderId, number>
}

const pointOf = (stock: SkuStock, atMs: EpochMs, version: number): Point => {
  const units = atsByChannel(stock)
  let [onHand, reserved] = [0, 0]
  for (const at of stock.locations) {
    onHand += at.onHand
    reserved += at.reserved
  }
  const ats = new Map((stock.policy?.channels ?? []).map(({ channel }, place) => [channel, units[place] ?? 0]))
  return { atMs, version, onHand, reserved, offered: offeredQty(stock), ats }
}

/** Points as they come, one a step. */
class Points {
  readonly #sinceMs: EpochMs
  readonly #stepMs: number
  #step = -1
  readonly all: Array<Point> = []

  constructor(sinceMs: EpochMs, stepMs: number) {
    this.#sinceMs = sinceMs
    this.#stepMs = stepMs
  }

  /** Takes the stock as it is from a moment on. What was before all that is told is told as of its beginning. */
  take(stock: SkuStock, atMs: EpochMs, version: number): void {
    const step = Math.max(0, Math.ceil((atMs - this.#sinceMs) / this.#stepMs))
    if (step === this.#step) this.all.pop()
    this.#step = step
    this.all.push(pointOf(stock, Math.max(this.#sinceMs, atMs), version))
  }
}

/** How a SKU stood from `forMs` before now on, to the last moment that is known. */
export const latelyOf = Effect.fnUntraced(function* (sku: Sku, forMs: number) {
  const past = yield* Past
  const moment = yield* momentIn("sku", partitionOf(sku, past.partitions), undefined)
  const { atMs, extent } = moment
  const nowMs = yield* Clock.currentTimeMillis
  const sinceMs = Math.min(atMs, Math.max(nowMs - forMs, extent.sinceMs ?? 0))
  const stepMs = Math.max(1, Math.ceil(forMs / latelyPointsMax))
  const points = new Points(sinceMs, stepMs)
  const mark = yield* past.mark(sku, sinceMs)
  if (mark !== null) points.take(mark.stock, mark.atMs, mark.seq)
  yield* stockAt(sku, moment, (stock, line) => points.take(stock, line.atMs, line.seq), mark)
  const channels = [...new Set(points.all.toReversed().flatMap(({ ats }) => [...ats.keys()]))]
  const told = points.all.map(({ ats, ...point }): PointThen => ({ ...point, ats: channels.map((channel) => ats.get(channel) ?? null) }))
  return { sku, sinceMs, atMs, stepMs, channels, points: told, known: extent.known } satisfies LatelyThen
})
