/** Decides an Extend. */
import type { EpochMs, SenderId } from "../../../names.ts"
import { accepted, type Decision, openOrReason, refused } from "../../decision.ts"
import type { EndedOf, SkuStock } from "../../stock.ts"
import type { Extend } from "./command.ts"

/** What an Extend comes to. */
export const decideExtend = (
  stock: SkuStock | undefined,
  command: Extend,
  sender: SenderId,
  nowMs: EpochMs,
  endedOf: EndedOf,
): Decision => {
  if (stock === undefined) return refused("UnknownSku")
  const reservation = openOrReason(stock, endedOf, sender, command.reservation, nowMs)
  if (typeof reservation === "string") return refused(reservation)
  if (reservation.status === "confirmed") return refused("ReservationConfirmed")
  const expiresAtMs = Math.max(reservation.expiresAtMs, nowMs + command.holdMs)
  return accepted([{ type: "Extended", channel: sender, reservation: command.reservation, expiresAtMs }])
}
