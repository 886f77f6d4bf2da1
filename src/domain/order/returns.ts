/**
 * Decides what a line's decision means to its order when it comes back from the SKU.
 *
 * It may come back twice, late, or to an order that has ended: what nobody waits for changes nothing, and units for an order that is no more go back at once.
 */
import { assert, unreachable } from "../../assert.ts"
import type { EpochMs, Sku } from "../names.ts"
import type { RefusalReason } from "../refusals.ts"
import type { LineCommand, LineOutcome } from "./carried.ts"
import type { OrderEvent } from "./events.ts"
import type { LineCommandType } from "./fields.ts"
import { lineOf, type Order, type OrderLine, openQtyOfLine } from "./order.ts"
import { type Draft, draftOf, settle, tell } from "./settle.ts"

/** What came of a command that the order's `event` carried to a SKU. */
export interface LineReturn {
  readonly sku: Sku
  readonly event: number
  readonly outcome: LineOutcome
}

/** Refusals that say that the line's reservation has ended: the SKU tells the order how, if the order did not end it itself. */
const endedReasons: ReadonlySet<RefusalReason> = new Set(["ReservationExpired", "ReservationReleased", "ReservationFulfilled"])
/** Refusals that say that the SKU knows nothing of it. */
const unknownReasons: ReadonlySet<RefusalReason> = new Set(["UnknownReservation", "UnknownSku"])

/** What a refusal of a line's command comes to. */
const onRefused = (line: OrderLine, command: LineCommandType, refused: Extract<LineOutcome, { readonly _tag: "Refused" }>): OrderEvent => {
  const { sku } = line
  const { reason, ats } = refused
  const event = { type: "LineRefused", sku, command, reason, hasEnded: false, ...(ats === undefined ? {} : { ats }) } as const
  if (command === "Reserve") return event
  if (command === "Confirm" && reason === "ReservationConfirmed") return { type: "LineConfirmed", sku }
  if (unknownReasons.has(reason)) return { type: "LineLost", sku, qty: openQtyOfLine(line) }
  const hasEnded = endedReasons.has(reason)
  assert(hasEnded || (command === "Release" && reason === "QtyExceedsOpen"), "a SKU refuses a line's command for a reason that orders know")
  return { ...event, hasEnded }
}

/** A command whose outcome can't be known any more is followed by one that is safe whatever it was: the reservation's own state at the SKU decides. */
const onUnsettled = (draft: Draft, { sku }: OrderLine, command: LineCommandType): void => {
  const release: LineCommand = { type: "Release", sku, reason: "other" }
  if (command === "Reserve") tell(draft, { type: "LineRefused", sku, command, reason: "TooOld", hasEnded: false })
  tell(draft, { type: "LineAskedAgain", carries: [command === "Confirm" ? { type: "Confirm", sku } : release] })
}

const apply = (draft: Draft, line: OrderLine, command: LineCommandType, outcome: LineOutcome): void => {
  const { sku } = line
  switch (outcome._tag) {
    case "Reserved":
      return tell(draft, { type: "LineReserved", sku, qty: outcome.qty, expiresAtMs: outcome.expiresAtMs })
    case "Confirmed":
      return tell(draft, { type: "LineConfirmed", sku })
    case "Released":
      return tell(draft, { type: "LineReleased", sku, qty: outcome.qty })
    case "Refused":
      return tell(draft, onRefused(line, command, outcome))
    case "Unsettled":
      return onUnsettled(draft, line, command)
    default:
      return unreachable(outcome)
  }
}

/** What a decision that comes back at `nowMs` does; nothing, if nobody waits for it. */
export const decideReturn = (order: Order, { sku, event, outcome }: LineReturn, nowMs: EpochMs): ReadonlyArray<OrderEvent> => {
  const line = lineOf(order, sku)
  if (line === undefined || line.asked === null || line.asked.event !== event) return []
  const draft = draftOf(order)
  const wasDoomed = order.shortCount > 0
  apply(draft, line, line.asked.type, outcome)
  settle(draft, sku, wasDoomed, nowMs)
  return draft.events
}
