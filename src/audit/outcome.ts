/**
 * What a decision means for its sender, worked out again from the journaled entry, and whether something said agrees with it.
 * Used by `replies` for what was heard; what it leaves unsaid counts as little for `one-effect` (firsts.ts).
 */
import { unreachable } from "../assert.ts"
import type { StockEvent } from "../domain/sku/events.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { JournaledDecision, RememberedDecision } from "../engine/records.ts"
import type { SkuJournaledDecision, SkuKind, SkuRememberedDecision } from "../kinds/sku/types.ts"
import { sumQty } from "./model.ts"
import { same, textOf } from "./plain.ts"

type AcceptedMeaning = Extract<SkuRememberedDecision, { outcome: "accepted" }>

/** What accepted events come to. */
const acceptedMeaning = (events: ReadonlyArray<StockEvent>): AcceptedMeaning => {
  let qty = 0
  const meant: { -readonly [Field in keyof AcceptedMeaning]: AcceptedMeaning[Field] } = { outcome: "accepted" }
  const discrepancies: Array<NonNullable<AcceptedMeaning["discrepancies"]>[number]> = []
  let shortageQty = 0
  for (const event of events) {
    if (event.type === "Reserved" || event.type === "Released" || event.type === "Fulfilled" || event.type === "SaleOwed")
      qty += sumQty(event.allocations)
    if (event.type === "Released" || event.type === "Fulfilled") qty += event.shortQty ?? 0
    if (event.type === "SaleOwed") shortageQty += event.shortQty ?? 0
    if (event.type === "Reserved" || event.type === "Released" || event.type === "Fulfilled" || event.type === "SaleOwed")
      meant.allocations = event.allocations
    if (event.type === "PolicySet") meant.policyVersion = event.policy.version
    if (event.type === "Reserved" || event.type === "Extended") meant.expiresAtMs = event.expiresAtMs
    if (event.type === "SaleOwed") meant.reservation = event.reservation
    if (event.type === "DiscrepancyFound") discrepancies.push({ kind: event.kind, qty: event.qty })
    if (event.type === "ShortageFound") shortageQty += event.qty
  }
  if (qty > 0) meant.qty = qty
  if (discrepancies.length > 0) meant.discrepancies = discrepancies
  if (shortageQty > 0) meant.shortageQty = shortageQty
  return meant
}

/** What a decision means that is the same whatever it is about; undefined of one whose meaning follows from its events. */
export const plainMeaning = <K extends KindTypes>(decision: JournaledDecision<K>): RememberedDecision<K> | undefined => {
  switch (decision._tag) {
    case "Refused":
      return { outcome: "refused", ...decision.refusal }
    case "TooLate":
      return { outcome: "expired" }
    case "Quarantined":
      return { outcome: "quarantined", quarantined: decision.quarantined }
    case "Repeated":
      return decision.outcome
    case "Dropped":
      return { outcome: "dropped", reason: decision.reason }
    case "Accepted":
    case "Begun":
    case "Pending":
      return undefined
    default:
      return unreachable(decision)
  }
}

/** The outcome that a journaled decision of a SKU is. */
export const meaningOf = (decision: SkuJournaledDecision): SkuRememberedDecision => {
  if (decision._tag === "Accepted") return acceptedMeaning(decision.events)
  const meaning = plainMeaning<SkuKind>(decision)
  if (meaning === undefined) throw new Error("a SKU answers every command at once")
  return meaning
}

/** What says as much as saying nothing. */
export const isNothing = (value: unknown): boolean => value === undefined || value === 0 || (Array.isArray(value) && value.length === 0)

/** What a reply says besides the outcome: of which command, and whether it is repeated. No outcome has fields of these names. */
export const outcomeBeside: ReadonlySet<string> = new Set(["id", "sku", "repeated"])

const fieldContradiction = (name: string, said: object, meant: object): string | null => {
  const heard: unknown = Reflect.get(said, name)
  const journaled: unknown = Reflect.get(meant, name)
  if (isNothing(heard) && (isNothing(journaled) || name === "reservation")) return null
  return same(heard, journaled) ? null : `${name} is said to be ${textOf(heard)} and was journaled as ${textOf(journaled)}`
}

/**
 * How `said` contradicts `meant`, in words, or null if it doesn't. Every field said must be as meant, and none that is meant may be
 * missing, but for the name of the reservation: saying the one that was asked for is optional.
 */
export const contradiction = (said: object, meant: object): string | null => {
  for (const name of Object.keys(said)) {
    const wrong = outcomeBeside.has(name) ? null : fieldContradiction(name, said, meant)
    if (wrong !== null) return wrong
  }
  for (const name of Object.keys(meant)) {
    const wrong = Object.hasOwn(said, name) ? null : fieldContradiction(name, said, meant)
    if (wrong !== null) return wrong
  }
  return null
}
