/**
 * Orders of several lines as an invented sale has them: what is asked for, in which fill, and what becomes of each: paid in time or too late, abandoned, cancelled whole or in part, shipped or given up line by line behind the
 * order's back, asked for again.
 *
 * Drawn from the seed, from a stream of its own, before the first step. Nothing here knows what comes of it.
 */
import type { CommandId, LocationId, SenderId, Sku } from "../../src/domain/names.ts"
import type { LineGiven } from "../../src/domain/order/commands/place-order/command.ts"
import type { OrderId } from "../../src/domain/order/names.ts"
import { OrderFill } from "../../src/domain/order/order.ts"
import { orderKeptMs } from "../../src/limits.ts"
import { mainLocation, storeLocation } from "../../src/workload/buyers.ts"
import { type Prng, prngFromSeed } from "../../src/workload/prng.ts"
import type { Drawn } from "../profiles.ts"

/** Something that happens to an order after its channel was told that it is held, or (`isEarly`) that it was sent. */
export interface OrderStep {
  readonly what:
    | "confirm"
    | "cancel"
    | "cancel-line"
    | "ship"
    | "release-line"
    | "till"
    | "again"
    | "place-again"
    | "other-content"
    | "other-order"
  readonly afterMs: number
  readonly isEarly: boolean
  /** Of which line, and how many units where that is asked. */
  readonly line: number
  readonly qty: number
  readonly location: LocationId
}

export interface PlannedOrder {
  readonly order: OrderId
  readonly channel: SenderId
  /** Since the world began. */
  readonly atMs: number
  readonly id: CommandId
  readonly fill: OrderFill
  readonly holdMs: number
  readonly deadlineMs: number | null
  readonly copies: number
  readonly lines: ReadonlyArray<LineGiven>
  readonly steps: ReadonlyArray<OrderStep>
}

/** Holds that only worlds of many minutes have. */
const longHoldMs = 20_000
/** Milliseconds after an order's hold at which some come back for it: it is forgotten by then. */
const forgottenMs = [orderKeptMs + 20_000, orderKeptMs + 120_000] as const

/** Milliseconds after it was placed at which the last thing may happen to an order that is held for so long at most; 0: soon enough not to be waited for. */
export const comesBackMs = (holdMs: number): number => (holdMs > longHoldMs ? holdMs + forgottenMs[1] : 0)

const places = [mainLocation, mainLocation, storeLocation]

/** The hot one in a third of all lines, then the others alike, and now and then one that nobody stocks. */
const drawSku = (skus: ReadonlyArray<Sku>, prng: Prng): Sku => {
  if (prng.chance(1, 60)) return "nobody-stocks-it" as Sku
  const [hot] = skus
  return hot !== undefined && prng.chance(1, 3) ? hot : prng.pick(skus)
}

const drawLines = (skus: ReadonlyArray<Sku>, fill: OrderFill, prng: Prng): ReadonlyArray<LineGiven> => {
  const count = prng.chance(1, 3) ? 1 : prng.between(2, 8)
  const lines = Array.from({ length: count }, (): LineGiven => {
    const qty = prng.chance(1, 12) ? prng.between(10, 60) : prng.between(1, 3)
    return { sku: drawSku(skus, prng), qty, ...(fill === "minimum" ? { minQty: prng.between(0, qty) } : {}) }
  })
  // Most name a SKU once; the others' lines of one SKU are one.
  if (prng.chance(1, 5)) return lines
  return lines.filter(({ sku }, at) => lines.findIndex((other) => other.sku === sku) === at)
}

/** What becomes of an order whose hold is so long. */
const drawSteps = (holdMs: number, lines: number, prng: Prng): ReadonlyArray<OrderStep> => {
  const steps: Array<OrderStep> = []
  const add = (what: OrderStep["what"], afterMs: number, isEarly = false) =>
    steps.push({ what, afterMs, isEarly, line: prng.below(lines), qty: prng.between(1, 2), location: prng.pick(places) })
  const inTimeMs = prng.below(Math.max(1, Math.floor(holdMs * 0.9)))
  const fate = prng.below(100)
  if (fate < 48) add("confirm", inTimeMs)
  else if (fate < 62) add("confirm", holdMs + prng.between(-300, 1_500))
  else if (fate < 72) add("cancel", inTimeMs)
  else if (fate < 80)
    for (const what of prng.chance(1, 2) ? (["cancel", "confirm"] as const) : (["confirm", "cancel"] as const)) add(what, inTimeMs)
  // The others are abandoned.
  if (prng.chance(1, 5)) add("cancel-line", prng.below(holdMs))
  if (prng.chance(1, 6)) add("cancel-line", inTimeMs + prng.below(4_000))
  while (fate < 48 && prng.chance(3, 5)) add("ship", inTimeMs + prng.below(6_000))
  if (prng.chance(1, 12)) add("ship", prng.below(holdMs))
  if (prng.chance(1, 8)) add("release-line", prng.below(holdMs + 2_000))
  if (prng.chance(1, 12)) add("till", prng.below(holdMs + 2_000))
  if (prng.chance(1, 8)) add("again", prng.below(6_000))
  if (prng.chance(1, 10)) add("again", prng.below(400), true)
  if (prng.chance(1, 20)) add("place-again", prng.below(3_000), true)
  if (prng.chance(1, 20)) add("other-content", prng.below(3_000), true)
  if (prng.chance(1, 12)) add(prng.chance(1, 2) ? "cancel" : "confirm", prng.below(300), true)
  if (prng.chance(1, 40)) add("other-order", prng.below(1_000), true)
  // Some come back for an order that is forgotten by then. Drawn where holds are long enough for a world that lasts until then.
  if (holdMs > longHoldMs && prng.chance(1, 3)) add(prng.pick(["confirm", "cancel"]), holdMs + prng.between(...forgottenMs))
  return steps
}

/** The orders of a seed. */
export const ordersOf = (
  seed: string,
  drawn: Drawn,
  channels: ReadonlyArray<SenderId>,
  skus: ReadonlyArray<Sku>,
): ReadonlyArray<PlannedOrder> => {
  const prng = prngFromSeed(`${seed}/orders placed`)
  if (skus.length === 0 || (drawn.orderPartitions ?? 0) === 0) return []
  return Array.from({ length: drawn.ordersPlaced ?? 0 }, (_, number): PlannedOrder => {
    const one = prng.stream(`${number}`)
    const fill = one.pick(OrderFill)
    const holdMs = one.between(400, drawn.orderHoldMs ?? 5_000)
    const lines = drawLines(skus, fill, one)
    return {
      order: `o-${number}` as OrderId,
      channel: one.pick(channels),
      // A moment at which the first are stocked; the last orders are placed while there is time for them to be held.
      atMs: 500 + one.below(Math.max(1, Math.floor(drawn.windowMs * 0.9) - 500)),
      id: `place.${number}` as CommandId,
      fill,
      holdMs,
      deadlineMs: one.chance(1, 8) ? one.between(2, 8) * 1_000 : null,
      copies: one.pick([1, 1, 1, 2, 3]),
      lines,
      steps: drawSteps(holdMs, lines.length, one),
    }
  })
}
