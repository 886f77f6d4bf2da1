/**
 * Commands of the arms that speak Holdfast's protocol, all as long as one another, and what stands in a channel's policy there.
 */
import type { CommandId, ReservationId, Sku } from "../../src/domain/names.ts"
import type { Command } from "../../src/domain/sku/commands.ts"

/** Milliseconds for which a unit is held: longer than a run, so that none comes back. */
export const holdMs = 24 * 3_600_000

const digits = 8
const numbered = (prefix: string, n: number): string => `${prefix}-${n.toString(36).padStart(digits, "0")}`

export const reserveCommand = (sku: Sku, n: number, issuedAtMs: number): Command => ({
  type: "Reserve",
  id: numbered("c", n) as CommandId,
  sku,
  issuedAtMs,
  reservation: numbered("r", n) as ReservationId,
  qty: 1,
  holdMs,
})

export const confirmCommand = (sku: Sku, n: number, issuedAtMs: number): Command => ({
  type: "Confirm",
  id: numbered("k", n) as CommandId,
  sku,
  issuedAtMs,
  reservation: numbered("r", n) as ReservationId,
})
