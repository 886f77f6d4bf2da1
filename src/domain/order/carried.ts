/**
 * What an order asks of SKUs, and what comes of it: the commands that its events carry, the same commands as a SKU decides them, and a SKU's answer as the order reads it.
 *
 * Who journals, sends, repeats and takes back is not decided here: see docs/adr/0017-commands-between-actors.md.
 */
import { assert, unreachable } from "../../assert.ts"
import type { EpochMs } from "../names.ts"
import { RefusalReason } from "../refusals.ts"
import type { Confirm, Release, Reserve } from "../sku/commands.ts"
import type { LineCommandType, LineConfirm, LineRelease, LineReserve } from "./fields.ts"
import { type OrderId, orderReservation } from "./names.ts"

/** What an order may ask of the SKU of one of its lines. */
export type LineCommand = LineReserve | LineConfirm | LineRelease

/** What came of a line's command at its SKU. */
export type LineOutcome =
  | { readonly _tag: "Reserved"; readonly qty: number; readonly expiresAtMs: EpochMs }
  | { readonly _tag: "Confirmed" }
  | { readonly _tag: "Released"; readonly qty: number }
  | { readonly _tag: "Refused"; readonly reason: RefusalReason; readonly ats?: number }
  /** The SKU can't say any more whether it was decided before (its memory was lost), or an operator dropped it: nothing came of it now, and something may have before. */
  | { readonly _tag: "Unsettled" }

/** What a SKU's partition says of a command, as it remembers it: of which an order reads only what it asked for. */
export interface SkuAnswer {
  readonly outcome: string
  readonly qty?: unknown
  readonly expiresAtMs?: unknown
  readonly reason?: unknown
  readonly ats?: unknown
}

const isCount = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0

const acceptedOutcome = (asked: LineCommandType, { qty, expiresAtMs }: SkuAnswer): LineOutcome => {
  if (asked === "Confirm") return { _tag: "Confirmed" }
  assert(isCount(qty), "a SKU says how many units it gives or takes back")
  if (asked === "Release") return { _tag: "Released", qty }
  assert(isCount(expiresAtMs), "a SKU says until when it holds units")
  return { _tag: "Reserved", qty, expiresAtMs }
}

const isReason = (value: unknown): value is RefusalReason => RefusalReason.some((reason) => reason === value)

/** What an answer of a SKU means to the order that asked it for this. */
export const outcomeOf = (asked: LineCommandType, answer: SkuAnswer): LineOutcome => {
  if (answer.outcome === "accepted") return acceptedOutcome(asked, answer)
  // What was dropped by an operator, or is no decision at all, says nothing about what came of it.
  if (answer.outcome !== "refused") return { _tag: "Unsettled" }
  const { reason, ats } = answer
  assert(isReason(reason), "a SKU refuses for a reason of the list")
  if (reason === "TooOld") return { _tag: "Unsettled" }
  return isCount(ats) ? { _tag: "Refused", reason, ats } : { _tag: "Refused", reason }
}

type Carried<Command> = Omit<Command, "id" | "issuedAtMs">

/** A line's command as its SKU decides it, without the id and the time that the record gives it. It has no deadline: whoever carries it waits for what comes of it, however late. */
export const asSkuCommand = (order: OrderId, carried: LineCommand): Carried<Reserve> | Carried<Confirm> | Carried<Release> => {
  const base = { sku: carried.sku, reservation: orderReservation(order) }
  switch (carried.type) {
    case "Reserve": {
      const { qty, holdMs, locations, partial } = carried
      const reserve = { type: "Reserve", ...base, qty, holdMs } as const
      return { ...reserve, ...(locations === undefined ? {} : { locations }), ...(partial === undefined ? {} : { partial }) }
    }
    case "Confirm":
      return { type: "Confirm", ...base }
    case "Release":
      return { type: "Release", ...base, ...(carried.qty === undefined ? {} : { qty: carried.qty }), reason: carried.reason }
    default:
      return unreachable(carried)
  }
}
