/**
 * What senders hear of a decision. Derived from the journaled entry alone, so that whoever reads the record says the same.
 */
import { unreachable } from "../assert.ts"
import type { Reserved, StockEvent } from "../domain/sku/events.ts"
import { claimedQty, unitsOf } from "../domain/sku/events.ts"
import type { DecidedCommand, DecisionSaid, EntryDecision, JournalRecord, MessageEntry, Outcome, Reply, SettledEntry } from "./records.ts"

const accepted: Outcome = Object.freeze({ outcome: "accepted" })
const expired: Outcome = Object.freeze({ outcome: "expired" })

type AcceptedOutcome = { -readonly [K in keyof Extract<Outcome, { outcome: "accepted" }>]: Extract<Outcome, { outcome: "accepted" }>[K] }

/** The outcome of a hold. What was read from a record shares its allocations, and then this too: a million are remembered. */
const reservedOutcome = ({ allocations, expiresAtMs }: Reserved): Outcome => {
  if (lastReserved.allocations !== allocations || lastReserved.expiresAtMs !== expiresAtMs)
    lastReserved = { outcome: "accepted", qty: unitsOf(allocations), allocations, expiresAtMs }
  return lastReserved
}
let lastReserved: AcceptedOutcome = { outcome: "accepted" }

/** The outcome of accepted events. One shared object where there is nothing to say but yes: a million receipts are remembered. */
const acceptedOutcome = (events: ReadonlyArray<StockEvent>): Outcome => {
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
      case "ShortageCovered":
        break
      default:
        unreachable(event)
    }
  }
  return said ?? accepted
}

/** The outcome that an entry's decision means for its sender. */
export const outcomeOf = (decision: EntryDecision): Outcome => {
  switch (decision._tag) {
    case "Accepted":
      return acceptedOutcome(decision.events)
    case "Refused":
      return { outcome: "refused", ...decision.refusal }
    case "Expired":
      return expired
    case "Quarantined":
      return { outcome: "quarantined", quarantined: decision.quarantined }
    case "Repeated":
      return decision.outcome
    case "Dropped":
      return { outcome: "dropped", reason: decision.reason }
  }
}

/** What is said about one decided command. */
const sayingOf = (decided: DecidedCommand, outcome: Outcome): DecisionSaid => {
  const id = decided.command?.id ?? decided.named?.id ?? null
  const sku = decided.command?.sku ?? decided.named?.sku ?? null
  return decided.decision._tag === "Repeated" ? { id, sku, repeated: true, ...outcome } : { id, sku, ...outcome }
}

/** The reply to a message's sender, or undefined if it asked for none. */
const replyTo = (
  entry: MessageEntry | SettledEntry,
  record: { readonly partition: number; readonly epoch: number },
  seq: number,
  decisions: ReadonlyArray<DecisionSaid>,
): Reply | undefined =>
  entry.reply === null
    ? undefined
    : {
        sender: entry.sender,
        suffix: entry.reply,
        partition: record.partition,
        seq,
        epoch: record.epoch,
        array: entry._tag === "Message" && entry.array,
        decisions,
      }

/** All replies that a record at `seq` calls for: what is said again at a takeover. */
export const repliesOf = (record: JournalRecord, seq: number): ReadonlyArray<Reply> => {
  const replies: Array<Reply> = []
  for (const entry of record.entries) {
    if (entry._tag !== "Message" && entry._tag !== "Settled") continue
    const all = entry._tag === "Message" ? entry.decided : [entry.decided]
    const reply = replyTo(
      entry,
      record,
      seq,
      all.map((decided) => sayingOf(decided, outcomeOf(decided.decision))),
    )
    if (reply !== undefined) replies.push(reply)
  }
  return replies
}
