/**
 * What an order asks of SKUs, and what comes of it: the commands that its events carry, the same commands as a SKU decides them, and a SKU's decision as the order reads it.
 *
 * Who journals, sends, repeats and takes back is not decided here: see docs/adr/0017-commands-between-actors.md.
 */
import { assert, unreachable } from "../../assert.ts"
import type { EpochMs, LocationId, Sku } from "../names.ts"
import type { RefusalReason } from "../refusals.ts"
import type { Confirm, Release, ReleaseReason, Reserve } from "../sku/commands.ts"
import type { Decision } from "../sku/decision.ts"
import { claimedQty, unitsOf } from "../sku/events.ts"
import { carriedId, orderReservation } from "./names.ts"
import type { Order } from "./order.ts"

/** Claim units for a line. `partial`: fewer are taken, too; the order sees itself whether they are enough. */
interface LineReserve {
  readonly type: "Reserve"
  readonly sku: Sku
  readonly qty: number
  readonly holdMs: number
  readonly locations?: ReadonlyArray<LocationId>
  readonly partial?: boolean
}
/** Make a line's hold lasting. */
interface LineConfirm {
  readonly type: "Confirm"
  readonly sku: Sku
}
/** Give up what a line has open, or so many of it. */
interface LineRelease {
  readonly type: "Release"
  readonly sku: Sku
  readonly qty?: number
  readonly reason: ReleaseReason
}
/** What an order may ask of the SKU of one of its lines. */
export type LineCommand = LineReserve | LineConfirm | LineRelease
/** The type of such a command. */
export type LineCommandType = LineCommand["type"]

/** What came of a line's command at its SKU. */
export type LineOutcome =
  | { readonly _tag: "Reserved"; readonly qty: number; readonly expiresAtMs: EpochMs }
  | { readonly _tag: "Confirmed" }
  | { readonly _tag: "Released"; readonly qty: number }
  | { readonly _tag: "Refused"; readonly reason: RefusalReason; readonly ats?: number }
  /** The SKU can't say any more whether it was decided before (its memory was lost), or an operator dropped it: nothing came of it now, and something may have before. */
  | { readonly _tag: "Unsettled" }

/** What `Decision` of a SKU means to the order that carried the command. */
export const outcomeOf = (decision: Decision): LineOutcome => {
  if (decision._tag === "Refused") {
    const { reason, ats } = decision.refusal
    if (reason === "TooOld") return { _tag: "Unsettled" }
    return ats === undefined ? { _tag: "Refused", reason } : { _tag: "Refused", reason, ats }
  }
  const [first] = decision.events
  if (first.type === "Reserved") return { _tag: "Reserved", qty: unitsOf(first.allocations), expiresAtMs: first.expiresAtMs }
  if (first.type === "Confirmed") return { _tag: "Confirmed" }
  assert(first.type === "Released", "a line's command does what it says, and nothing else")
  return { _tag: "Released", qty: claimedQty(first) }
}

/** Where and when a command is carried: by which event of its order, and at which place in it. */
export interface Carriage {
  readonly event: number
  readonly place: number
  /** The time of the record that the event stands in: the same whenever the command is sent again. */
  readonly atMs: EpochMs
}

/** A line's command as its SKU decides it, on behalf of the order's channel. It has no deadline: whoever carries it waits for what comes of it, however late. */
export const asSkuCommand = (
  { channel, id }: Pick<Order, "channel" | "id">,
  carried: LineCommand,
  { event, place, atMs }: Carriage,
): Reserve | Confirm | Release => {
  const base = { id: carriedId(channel, id, event, place), sku: carried.sku, issuedAtMs: atMs, reservation: orderReservation(id) }
  switch (carried.type) {
    case "Reserve": {
      const { qty, holdMs, locations, partial } = carried
      const reserve: Reserve = { type: "Reserve", ...base, qty, holdMs }
      return { ...reserve, ...(locations === undefined ? {} : { locations }), ...(partial === undefined ? {} : { partial }) }
    }
    case "Confirm":
      return { type: "Confirm", ...base }
    case "Release":
      return { type: "Release", ...base, reason: carried.reason, ...(carried.qty === undefined ? {} : { qty: carried.qty }) }
    default:
      return unreachable(carried)
  }
}
