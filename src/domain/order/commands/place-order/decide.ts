/**
 * Decides PlaceOrder: whether its lines can be those of one order, and what each SKU is asked for.
 *
 * The answer comes later, when every line's has: see returns.ts. Nothing is locked meanwhile. A SKU gives or refuses at once, and what it gave to an order that fails comes back to it.
 */
import { orderGraceMs, orderLinesMax, orderPlacingMsMax, qtyMax } from "../../../../limits.ts"
import { fieldPath } from "../../../field-path.ts"
import type { EpochMs, LocationId, SenderId, Sku } from "../../../names.ts"
import type { LineCommand } from "../../carried.ts"
import { begun, type OrderDecision, refused } from "../../decision.ts"
import type { EndingOf } from "../../define.ts"
import type { Order } from "../../order.ts"
import type { LineGiven, PlaceOrder } from "./command.ts"

/** All lines of one SKU, as one. */
interface LineToPlace {
  readonly sku: Sku
  readonly locations: ReadonlyArray<LocationId> | undefined
  qty: number
  minQty: number
}

/** Fewer units than these, and the order is refused. */
const minQtyOf = (fill: PlaceOrder["fill"], line: LineGiven): number => {
  switch (fill) {
    case "whole":
      return line.qty
    case "partial":
      return 0
    case "minimum":
      return line.minQty ?? 0
  }
}

const sameLocations = (one: LineToPlace["locations"], other: LineToPlace["locations"]): boolean =>
  one === other || (one !== undefined && other !== undefined && one.length === other.length && one.every((at, i) => at === other[i]))

/** What is wrong with a line by itself, or beside an earlier one of its SKU. */
const faultOf = (command: PlaceOrder, given: LineGiven, earlier: LineToPlace | undefined, place: number): OrderDecision | undefined => {
  if ((given.minQty !== undefined) !== (command.fill === "minimum"))
    return refused("ContradictoryLines", fieldPath("lines", place, "minQty"))
  if (given.minQty !== undefined && given.minQty > given.qty) return refused("ContradictoryLines", fieldPath("lines", place, "minQty"))
  if (earlier === undefined) return undefined
  if (!sameLocations(earlier.locations, given.locations)) return refused("ContradictoryLines", fieldPath("lines", place, "locations"))
  return earlier.qty + given.qty > qtyMax ? refused("InvalidField", fieldPath("lines", place, "qty")) : undefined
}

const reserveOf = (line: LineToPlace, holdMs: number): LineCommand => {
  const reserve = { type: "Reserve", sku: line.sku, qty: line.qty, holdMs } as const
  return {
    ...reserve,
    ...(line.locations === undefined ? {} : { locations: line.locations }),
    ...(line.minQty < line.qty ? { partial: true } : {}),
  }
}

/** What a PlaceOrder of `channel` comes to at `nowMs`; `order` is what is known under its name. */
export const decidePlaceOrder = (
  order: Order | undefined,
  command: PlaceOrder,
  channel: SenderId,
  nowMs: EpochMs,
  endingOf: EndingOf,
): OrderDecision => {
  if (command.lines.length === 0 || command.lines.length > orderLinesMax) return refused("InvalidField", "lines")
  const lines = new Map<Sku, LineToPlace>()
  for (const [place, given] of command.lines.entries()) {
    const line = lines.get(given.sku)
    const fault = faultOf(command, given, line, place)
    if (fault !== undefined) return fault
    const minQty = minQtyOf(command.fill, given)
    if (line === undefined) lines.set(given.sku, { sku: given.sku, locations: given.locations, qty: given.qty, minQty })
    else {
      line.qty += given.qty
      line.minQty += minQty
    }
  }
  if (order !== undefined || endingOf(channel, command.order) !== undefined) return refused("OrderExists", "order")
  // The SKU's hold begins after this moment, and the order's within the time for placing: so each line's hold ends a grace after the order's at the earliest.
  const holdMs = orderPlacingMsMax + command.holdMs + orderGraceMs
  const all = [...lines.values()]
  return begun([
    {
      type: "OrderPlaced",
      channel,
      order: command.order,
      id: command.id,
      fill: command.fill,
      holdMs: command.holdMs,
      dueMs: nowMs + orderPlacingMsMax,
      lines: all.map(({ sku, qty, minQty }) => ({ sku, qty, minQty })),
      carries: all.map((line) => reserveOf(line, holdMs)),
    },
  ])
}
