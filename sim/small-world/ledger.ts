/**
 * What a journal says happened to the units, the reservations and the command ids, read record by record in the plainest way.
 *
 * Written from the guarantees, not from the engine, and for the few events that small worlds know: an event it does not know is a violation, never
 * passed over. Each ledger is a value: the one after a record is another.
 */
import { unreachable } from "../../src/assert.ts"
import type { StockEvent } from "../../src/domain/sku/events.ts"
import type { SkuDecidedCommand, SkuJournaledDecision, SkuJournalRecord, SkuRememberedDecision } from "../../src/kinds/sku/types.ts"

type Standing = "held" | "confirmed" | "ended"

interface Claim {
  readonly qty: number
  readonly standing: Standing
  readonly expiresAtMs: number
}

/** Everything up to one record. */
export interface Ledger {
  readonly receivedQty: number
  readonly soldQty: number
  /** Reservations by channel and id. */
  readonly claims: ReadonlyMap<string, Claim>
  /** First answer to each command, by sender and id. */
  readonly answers: ReadonlyMap<string, string>
  /** Channels that the policy names. */
  readonly channels: ReadonlyArray<string>
}

export const emptyLedger: Ledger = {
  receivedQty: 0,
  soldQty: 0,
  claims: new Map(),
  answers: new Map(),
  channels: [],
}

/** Units in open reservations. */
const openQty = (claims: ReadonlyMap<string, Claim>): number => {
  let units = 0
  for (const { qty, standing } of claims.values()) if (standing !== "ended") units += qty
  return units
}

/** Units nobody has a claim on: what every channel may be offered, for small worlds have no buffers and no fences. */
export const freeQty = (ledger: Ledger): number => ledger.receivedQty - ledger.soldQty - openQty(ledger.claims)

const sum = (parts: ReadonlyArray<{ readonly qty: number }>): number => parts.reduce((units, { qty }) => units + qty, 0)

/** How a decision reads as an answer. Two answers to one id have to read the same. */
export const answerText = (outcome: SkuRememberedDecision): string => {
  switch (outcome.outcome) {
    case "accepted":
      return `accepted ${outcome.qty ?? "-"} until ${outcome.expiresAtMs ?? "-"}`
    case "refused":
      return `refused ${outcome.reason}`
    case "expired":
    case "quarantined":
    case "dropped":
      return outcome.outcome
    default:
      return unreachable(outcome)
  }
}

const answerOf = (decision: SkuJournaledDecision): string => {
  switch (decision._tag) {
    case "Repeated":
      return answerText(decision.outcome)
    case "Refused":
      return `refused ${decision.refusal.reason}`
    case "TooLate":
      return "expired"
    case "Accepted": {
      let qty: number | undefined
      let untilMs: number | undefined
      for (const event of decision.events) {
        if (event.type === "Reserved" || event.type === "Released") qty = (qty ?? 0) + sum(event.allocations)
        if (event.type === "Reserved" || event.type === "Extended") untilMs = event.expiresAtMs
      }
      return `accepted ${qty ?? "-"} until ${untilMs ?? "-"}`
    }
    case "Quarantined":
    case "Dropped":
    case "Begun":
    case "Pending":
      return decision._tag
    default:
      return unreachable(decision)
  }
}

/** A ledger in the making, and what is wrong with it. */
interface Draft {
  receivedQty: number
  soldQty: number
  channels: ReadonlyArray<string>
  readonly claims: Map<string, Claim>
  readonly answers: Map<string, string>
  readonly wrong: Array<string>
}

const changeClaim = (draft: Draft, name: string, change: (claim: Claim) => Claim): void => {
  const claim = draft.claims.get(name)
  if (claim === undefined || claim.standing === "ended") draft.wrong.push(`a reservation ends once: ${name} had none open`)
  else draft.claims.set(name, change(claim))
}

const withoutUnits = (units: number) => (claim: Claim) => {
  const qty = claim.qty - units
  return { ...claim, qty, standing: qty <= 0 ? ("ended" as const) : claim.standing }
}

const addEvent = (draft: Draft, event: StockEvent, atMs: number): void => {
  const name = "reservation" in event ? `${event.channel}/${event.reservation}` : ""
  switch (event.type) {
    case "StockReceived":
    case "StockAdjusted":
      draft.receivedQty += event.qty
      return
    case "PolicySet":
      draft.channels = event.policy.channels.map(({ channel }) => channel)
      return
    case "Reserved":
      if (draft.claims.has(name)) draft.wrong.push(`a reservation begins once: ${name} began again`)
      draft.claims.set(name, { qty: sum(event.allocations), standing: "held", expiresAtMs: event.expiresAtMs })
      return
    case "Confirmed":
      changeClaim(draft, name, (claim) => {
        if (claim.standing !== "held") draft.wrong.push(`a hold is confirmed once: ${name} was ${claim.standing}`)
        return { ...claim, standing: "confirmed" }
      })
      return
    case "Released":
      changeClaim(draft, name, withoutUnits(sum(event.allocations)))
      return
    case "Expired":
      changeClaim(draft, name, (claim) => {
        if (claim.standing !== "held" || atMs < claim.expiresAtMs) draft.wrong.push(`only a hold past its time expires: ${name} did not`)
        return { ...claim, standing: "ended" }
      })
      return
    case "Fulfilled":
      changeClaim(draft, name, withoutUnits(sum(event.allocations)))
      draft.soldQty += sum(event.taken)
      return
    case "Extended":
    case "SaleOwed":
    case "ShortageCovered":
    case "SaleTaken":
    case "ShippedUnreserved":
    case "StatusMoved":
    case "WrittenOff":
    case "DiscrepancyFound":
    case "ShortageFound":
      draft.wrong.push(`small worlds know no ${event.type}`)
      return
    default:
      return unreachable(event)
  }
}

/** Answers to the message as such are given again each time: no id is bound by them. */
const bindsNoId: ReadonlySet<string> = new Set(["refused IdReused", "refused TooOld"])

const addDecided = (draft: Draft, sender: string, { command, decision }: SkuDecidedCommand, atMs: number): void => {
  if (decision._tag === "Accepted") for (const event of decision.events) addEvent(draft, event, atMs)
  const answer = answerOf(decision)
  if (command === null || bindsNoId.has(answer)) return
  const name = `${sender}/${command.sku}/${command.id}`
  const first = draft.answers.get(name)
  if (first === undefined && decision._tag !== "Repeated") draft.answers.set(name, answer)
  else if (first === undefined) draft.wrong.push(`a repeat repeats something: ${name} was never decided`)
  else if (answer !== first) draft.wrong.push(`one decision for an id: ${name} was ${first}, then ${answer}`)
  else if (decision._tag === "Accepted") draft.wrong.push(`one effect for an id: ${name} was accepted twice`)
}

/** The ledger after a record, and what the record breaks. */
export const afterRecord = (
  ledger: Ledger,
  record: SkuJournalRecord,
): { readonly ledger: Ledger; readonly wrong: ReadonlyArray<string> } => {
  const { receivedQty, soldQty, channels } = ledger
  const draft: Draft = {
    receivedQty,
    soldQty,
    channels,
    claims: new Map(ledger.claims),
    answers: new Map(ledger.answers),
    wrong: [],
  }
  for (const entry of record.entries) {
    if (entry._tag === "Expiry") for (const event of entry.events) addEvent(draft, event, record.atMs)
    if (entry._tag !== "Message") continue
    for (const decided of entry.decided) addDecided(draft, entry.sender, decided, record.atMs)
  }
  const { wrong, ...next } = draft
  if (freeQty(next) < 0)
    wrong.push(`no oversell: ${openQty(next.claims)} reserved and ${next.soldQty} sold of ${next.receivedQty} units received`)
  return { ledger: next, wrong }
}

/** What each message of a record was answered, by reply suffix. */
export const answersOf = (record: SkuJournalRecord): ReadonlyMap<string, ReadonlyArray<string>> => {
  const answers = new Map<string, ReadonlyArray<string>>()
  for (const entry of record.entries)
    if (entry._tag === "Message" && entry.reply !== null)
      answers.set(
        `${entry.sender}.${entry.reply}`,
        entry.decided.map(({ decision }) => answerOf(decision)),
      )
  return answers
}
