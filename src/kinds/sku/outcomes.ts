/**
 * What senders hear of a decision on a SKU. Derived from the journaled events alone, so that whoever reads the record says the same.
 */
import { unreachable } from "../../assert.ts"
import type { CommandId, Sku } from "../../domain/names.ts"
import type { Reserved, StockEvent } from "../../domain/sku/events.ts"
import { claimedQty, unitsOf } from "../../domain/sku/events.ts"
import type { SkuAccepted, SkuHeardDecision, SkuRememberedDecision } from "./types.ts"

const accepted: AcceptedOutcome = Object.freeze({ outcome: "accepted" })

type AcceptedOutcome = { readonly outcome: "accepted" } & { -readonly [Field in keyof SkuAccepted]: SkuAccepted[Field] }

/** The outcome of a hold. What was read from a record shares its allocations, and then this too: a million are remembered. */
const reservedOutcome = ({ allocations, expiresAtMs }: Reserved): AcceptedOutcome => {
  if (lastReserved.allocations !== allocations || lastReserved.expiresAtMs !== expiresAtMs)
    lastReserved = { outcome: "accepted", qty: unitsOf(allocations), allocations, expiresAtMs }
  return lastReserved
}
let lastReserved: AcceptedOutcome = { outcome: "accepted" }

/** The outcome of accepted events. One shared object where there is nothing to say but yes: a million receipts are remembered. */
export const acceptedOutcome = (events: ReadonlyArray<StockEvent>): AcceptedOutcome => {
  let said: AcceptedOutcome | undefined
  for (const event of events) {
    switch (event.type) {
      case "Reserved":
        return reservedOutcome(event)
      case "Extended":
        return { outcome: "accepted", expiresAtMs: event.expiresAtMs }
      case "Released":
      case "Fulfilled":
        said ??= { outcome: "accepted" }
        said.qty = (said.qty ?? 0) + claimedQty(event)
        said.allocations = event.allocations
        break
      case "PolicySet":
        return { outcome: "accepted", policyVersion: event.policy.version }
      case "SaleOwed":
        said ??= { outcome: "accepted" }
        said.qty = (said.qty ?? 0) + unitsOf(event.allocations)
        said.allocations = event.allocations
        said.reservation = event.reservation
        if (event.shortQty !== undefined) said.shortageQty = (said.shortageQty ?? 0) + event.shortQty
        break
      case "DiscrepancyFound":
        said ??= { outcome: "accepted" }
        said.discrepancies = [...(said.discrepancies ?? []), { kind: event.kind, qty: event.qty }]
        break
      case "ShortageFound":
        said ??= { outcome: "accepted" }
        said.shortageQty = (said.shortageQty ?? 0) + event.qty
        break
      // There is nothing to say of them but that they happened.
      case "Confirmed":
      case "Expired":
      case "SaleTaken":
      case "ShippedUnreserved":
      case "StockReceived":
      case "StockAdjusted":
      case "StatusMoved":
      case "WrittenOff":
      case "ShortageCovered":
        break
      default:
        unreachable(event)
    }
  }
  return said ?? accepted
}

/** The answer to one command, under the SKU's own word for what it is about. */
export const saidOf = (id: CommandId | null, sku: Sku | null, repeated: boolean, outcome: SkuRememberedDecision): SkuHeardDecision =>
  repeated ? { id, sku, repeated: true, ...outcome } : { id, sku, ...outcome }

/** What people have to look at: a fact that didn't fit what was believed, and more being owed than is there. */
export const alarmOf = (event: StockEvent): "Discrepancy" | "Shortage" | undefined => {
  if (event.type === "DiscrepancyFound") return "Discrepancy"
  if (event.type === "ShortageFound") return event.qty > 0 ? "Shortage" : undefined
  return event.type === "SaleOwed" && event.shortQty !== undefined ? "Shortage" : undefined
}

/** Locations that weigh as much as a decision beside them. */
const locationsToOne = 4

/** What an outcome weighs: more where it names many locations. */
export const weightOf = (outcome: SkuRememberedDecision): number =>
  outcome.outcome === "accepted" && outcome.allocations !== undefined ? 1 + Math.floor(outcome.allocations.length / locationsToOne) : 1
