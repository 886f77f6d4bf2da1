/**
 * What a decision means for its sender, worked out again from the journaled entry, and whether something said agrees with it.
 * Used by `one-effect` for repeats and by `replies` for what was heard.
 */
import type { StockEvent } from "../domain/events.ts"
import type { EntryDecision, Outcome } from "../engine/records.ts"
import { sumQty } from "./model.ts"
import { same, textOf } from "./plain.ts"

type Accepted = Extract<Outcome, { outcome: "accepted" }>

/** What accepted events come to. */
const acceptedMeaning = (events: ReadonlyArray<StockEvent>): Accepted => {
  let qty = 0
  let moved: Partial<Pick<Accepted, "allocations" | "expiresAtMs" | "reservation">> = {}
  const discrepancies: Array<NonNullable<Accepted["discrepancies"]>[number]> = []
  let shortageQty = 0
  for (const event of events) {
    if (event.type === "Reserved" || event.type === "Released" || event.type === "Fulfilled" || event.type === "SaleOwed")
      qty += sumQty(event.allocations)
    if (event.type === "Reserved") moved = { ...moved, allocations: event.allocations, expiresAtMs: event.expiresAtMs }
    if (event.type === "Extended") moved = { ...moved, expiresAtMs: event.expiresAtMs }
    if (event.type === "SaleOwed") moved = { ...moved, allocations: event.allocations, reservation: event.reservation }
    if (event.type === "DiscrepancyFound") discrepancies.push({ kind: event.kind, qty: event.qty })
    if (event.type === "ShortageFound") shortageQty += event.qty
  }
  return {
    outcome: "accepted",
    ...(qty > 0 ? { qty } : {}),
    ...moved,
    ...(discrepancies.length > 0 ? { discrepancies } : {}),
    ...(shortageQty > 0 ? { shortageQty } : {}),
  }
}

/** The outcome that a journaled decision is. */
export const meaningOf = (decision: EntryDecision): Outcome => {
  switch (decision._tag) {
    case "Accepted":
      return acceptedMeaning(decision.events)
    case "Refused":
      return { outcome: "refused", ...decision.refusal }
    case "Expired":
      return { outcome: "expired" }
    case "Quarantined":
      return { outcome: "quarantined", quarantined: decision.quarantined }
    case "Repeated":
      return decision.outcome
    case "Dropped":
      return { outcome: "dropped", reason: decision.reason }
  }
}

const none = (value: unknown): boolean => value === undefined || value === 0 || (Array.isArray(value) && value.length === 0)

/**
 * How `said` contradicts `meant`, in words, or null if it doesn't. Every field said must be as meant, and none that is meant may be
 * missing, but for the name of the reservation: saying the one that was asked for is optional.
 */
export const contradiction = (said: Outcome, meant: Outcome): string | null => {
  const saidFields: Readonly<Record<string, unknown>> = { ...said }
  const meantFields: Readonly<Record<string, unknown>> = { ...meant }
  for (const name of new Set([...Object.keys(saidFields), ...Object.keys(meantFields)])) {
    const heard = saidFields[name]
    const journaled = meantFields[name]
    if (none(heard) && (none(journaled) || name === "reservation")) continue
    if (!same(heard, journaled)) return `${name} is said to be ${textOf(heard)} and was journaled as ${textOf(journaled)}`
  }
  return null
}
