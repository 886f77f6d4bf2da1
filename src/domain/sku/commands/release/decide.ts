/** Decides a Release. */
import type { EpochMs, SenderId } from "../../../names.ts"
import { lastUnits } from "../../allocation.ts"
import { accepted, type Decision, openOrReason, refused } from "../../decision.ts"
import { type EndedOf, openQtyOf, type SkuStock } from "../../stock.ts"
import type { Release } from "./command.ts"

/** What a Release comes to. */
export const decideRelease = (
  stock: SkuStock | undefined,
  command: Release,
  sender: SenderId,
  nowMs: EpochMs,
  endedOf: EndedOf,
): Decision => {
  if (stock === undefined) return refused("UnknownSku")
  const reservation = openOrReason(stock, endedOf, sender, command.reservation, nowMs)
  if (typeof reservation === "string") return refused(reservation)
  const openQty = openQtyOf(reservation)
  const qty = command.qty ?? openQty
  if (qty > openQty) return refused("QtyExceedsOpen", "qty")
  // What isn't there is given up before what is.
  const shortQty = Math.min(qty, reservation.shortQty)
  const allocations = lastUnits(reservation.allocations, qty - shortQty)
  const released = { type: "Released", channel: sender, reservation: command.reservation, allocations, reason: command.reason } as const
  return accepted([shortQty > 0 ? { ...released, shortQty } : released])
}
