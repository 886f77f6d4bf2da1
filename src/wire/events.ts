/**
 * Events and outcomes as JSON: exactly the fields of their types, in the order those declare them.
 *
 * The generic form is JSON.stringify; the frequent ones are written by hand, several times faster, and a property test holds both to the
 * same text.
 */

import { Schema } from "effect"
import { unreachable } from "../assert.ts"
import { type Refusal, RefusalReason } from "../domain/refusals.ts"
import { AdjustReason, ReleaseReason, StockStatus } from "../domain/sku/commands.ts"
import { type Allocations, DiscrepancyKind, type StockEvent } from "../domain/sku/events.ts"
import type { Outcome } from "../kinds/sku/types.ts"
import { PolicyJson } from "./commands.ts"
import { AllocationsField, EpochMsField, LocationField, ReservationNameField, SenderField, VersionField } from "./fields.ts"
import { tied } from "./tied.ts"

const ofReservation = { channel: SenderField, reservation: ReservationNameField }
const allocations = { allocations: AllocationsField }
const taken = { taken: AllocationsField }
const atLocation = { location: LocationField, qty: Schema.Int }

const short = { shortQty: Schema.optionalKey(Schema.Int) }

export const ShortageCoveredJson = Schema.Struct({ type: Schema.Literal("ShortageCovered"), ...ofReservation, ...allocations })

export const ExpiredJson = Schema.Struct({ type: Schema.Literal("Expired"), ...ofReservation, ...allocations })

/** Every event a record can hold. */
export const EventJson = Schema.Union([
  Schema.Struct({ type: Schema.Literal("Reserved"), ...ofReservation, ...allocations, expiresAtMs: EpochMsField }),
  Schema.Struct({ type: Schema.Literal("Confirmed"), ...ofReservation }),
  Schema.Struct({ type: Schema.Literal("Extended"), ...ofReservation, expiresAtMs: EpochMsField }),
  Schema.Struct({ type: Schema.Literal("Released"), ...ofReservation, ...allocations, reason: Schema.Literals(ReleaseReason), ...short }),
  ExpiredJson,
  Schema.Struct({ type: Schema.Literal("Fulfilled"), ...ofReservation, ...allocations, ...taken, ...short }),
  Schema.Struct({
    type: Schema.Literal("SaleOwed"),
    ...ofReservation,
    ...allocations,
    ...short,
    shortAt: Schema.optionalKey(LocationField),
  }),
  ShortageCoveredJson,
  Schema.Struct({ type: Schema.Literal("SaleTaken"), channel: SenderField, ...taken }),
  Schema.Struct({ type: Schema.Literal("ShippedUnreserved"), ...ofReservation, ...taken }),
  Schema.Struct({ type: Schema.Literal("StockReceived"), ...atLocation }),
  Schema.Struct({ type: Schema.Literal("StockAdjusted"), ...atLocation, reason: Schema.Literals(AdjustReason) }),
  Schema.Struct({
    type: Schema.Literal("StatusMoved"),
    location: LocationField,
    from: Schema.Literals(StockStatus),
    to: Schema.Literals(StockStatus),
    qty: Schema.Int,
  }),
  Schema.Struct({ type: Schema.Literal("PolicySet"), policy: PolicyJson }),
  Schema.Struct({
    type: Schema.Literal("DiscrepancyFound"),
    kind: Schema.Literals(DiscrepancyKind),
    qty: Schema.Int,
    location: Schema.optionalKey(LocationField),
  }),
  Schema.Struct({ type: Schema.Literal("ShortageFound"), ...atLocation }),
])
tied<StockEvent, typeof EventJson.Type>()

export const RefusalJson = Schema.Struct({
  reason: Schema.Literals(RefusalReason),
  field: Schema.optionalKey(Schema.String),
  ats: Schema.optionalKey(Schema.Int),
  policyVersion: Schema.optionalKey(VersionField),
})
tied<Refusal, typeof RefusalJson.Type>()

const Discrepancies = Schema.Array(Schema.Struct({ kind: Schema.Literals(DiscrepancyKind), qty: Schema.Int }))

/** The fields of each outcome: what a sender hears, and what a record repeats. */
export const outcomeFields = {
  accepted: {
    outcome: Schema.Literal("accepted"),
    qty: Schema.optionalKey(Schema.Int),
    allocations: Schema.optionalKey(AllocationsField),
    expiresAtMs: Schema.optionalKey(EpochMsField),
    reservation: Schema.optionalKey(ReservationNameField),
    discrepancies: Schema.optionalKey(Discrepancies),
    shortageQty: Schema.optionalKey(Schema.Int),
    policyVersion: Schema.optionalKey(VersionField),
  },
  refused: { outcome: Schema.Literal("refused"), ...RefusalJson.fields },
  expired: { outcome: Schema.Literal("expired") },
  quarantined: { outcome: Schema.Literal("quarantined"), quarantined: Schema.String },
  dropped: { outcome: Schema.Literal("dropped"), reason: Schema.String },
} as const

export const OutcomeJson = Schema.Union([
  Schema.Struct(outcomeFields.accepted),
  Schema.Struct(outcomeFields.refused),
  Schema.Struct(outcomeFields.expired),
  Schema.Struct(outcomeFields.quarantined),
  Schema.Struct(outcomeFields.dropped),
])
tied<Outcome, typeof OutcomeJson.Type>()

/**
 * A writer of times that remembers the last one. The commands of a batch mostly share theirs, and the digits of a number this large cost as
 * much as half an event.
 */
const timeWriter = (): ((ms: number) => string) => {
  let lastMs = Number.NaN
  let lastText = ""
  return (ms) => {
    if (ms !== lastMs) {
      lastMs = ms
      lastText = String(ms)
    }
    return lastText
  }
}
const expiryTime = timeWriter()

// The writers below each add to a text and return it. A text grown at its end, in few pieces, is cheaper to copy out than one nested from parts.

/** Adds the items of a list of units by location, from behind its bracket to its closing one. */
const addUnits = (text: string, parts: Allocations): string => {
  let grown = text
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]
    if (part !== undefined) grown = `${grown}${i === 0 ? '{"location":"' : ',{"location":"'}${part.location}","qty":${part.qty}}`
  }
  return `${grown}]`
}

/** Adds the JSON of one event. */
const addEvent = (text: string, event: StockEvent): string => {
  switch (event.type) {
    case "Reserved":
      return `${addAllocations(`${text}{"type":"Reserved","channel":"`, event)},"expiresAtMs":${expiryTime(event.expiresAtMs)}}`
    case "Confirmed":
      return `${text}{"type":"Confirmed","channel":"${event.channel}","reservation":"${event.reservation}"}`
    case "Released":
      return `${addAllocations(`${text}{"type":"Released","channel":"`, event)},"reason":"${event.reason}"${shortText(event)}}`
    case "Expired":
      return `${addAllocations(`${text}{"type":"Expired","channel":"`, event)}}`
    case "Fulfilled":
      return `${addUnits(`${addAllocations(`${text}{"type":"Fulfilled","channel":"`, event)},"taken":[`, event.taken)}${shortText(event)}}`
    case "Extended":
    case "SaleOwed":
    case "SaleTaken":
    case "ShippedUnreserved":
    case "StockReceived":
    case "StockAdjusted":
    case "StatusMoved":
    case "PolicySet":
    case "DiscrepancyFound":
    case "ShortageFound":
    case "ShortageCovered":
      return text + JSON.stringify(event)
    default:
      return unreachable(event)
  }
}

const shortText = ({ shortQty }: { readonly shortQty?: number }): string => (shortQty === undefined ? "" : `,"shortQty":${shortQty}`)

type Allocating = Extract<StockEvent, { readonly allocations: Allocations }>

/** Adds channel, reservation and allocations, with a shortcut for the one location that most have. */
const addAllocations = (text: string, { channel, reservation, allocations }: Allocating): string => {
  const only = allocations[0]
  if (only !== undefined && allocations.length === 1)
    return `${text}${channel}","reservation":"${reservation}","allocations":[{"location":"${only.location}","qty":${only.qty}}]`
  return addUnits(`${text}${channel}","reservation":"${reservation}","allocations":[`, allocations)
}

/** Adds the items of a list of events, from behind its bracket to its closing one. */
export const addEvents = (text: string, events: ReadonlyArray<StockEvent>): string => {
  let grown = text
  for (let i = 0; i < events.length; i++) {
    const event = events[i]
    if (event !== undefined) grown = addEvent(i === 0 ? grown : `${grown},`, event)
  }
  return `${grown}]`
}

/** Adds the fields of a refusal, without braces. */
export const addRefusal = (text: string, refusal: Refusal): string => {
  const field = refusal.field === undefined ? "" : `,"field":${JSON.stringify(refusal.field)}`
  const ats = refusal.ats === undefined ? "" : `,"ats":${refusal.ats}`
  return `${text}"reason":"${refusal.reason}"${field}${ats}${refusal.policyVersion === undefined ? "" : `,"policyVersion":${refusal.policyVersion}`}`
}

/** Adds the fields of an outcome, without braces, so that a decision can put its own before them. */
export const addOutcome = (text: string, outcome: Outcome): string => {
  switch (outcome.outcome) {
    case "accepted":
      return addAccepted(`${text}"outcome":"accepted"`, outcome)
    case "refused":
      return addRefusal(`${text}"outcome":"refused",`, outcome)
    case "expired":
      return `${text}"outcome":"expired"`
    case "quarantined":
      return `${text}"outcome":"quarantined","quarantined":${JSON.stringify(outcome.quarantined)}`
    case "dropped":
      return `${text}"outcome":"dropped","reason":${JSON.stringify(outcome.reason)}`
  }
}

const addAccepted = (text: string, accepted: Extract<Outcome, { readonly outcome: "accepted" }>): string => {
  let grown = text
  if (accepted.qty !== undefined) grown = `${grown},"qty":${accepted.qty}`
  if (accepted.allocations !== undefined) grown = addUnits(`${grown},"allocations":[`, accepted.allocations)
  if (accepted.expiresAtMs !== undefined) grown = `${grown},"expiresAtMs":${expiryTime(accepted.expiresAtMs)}`
  if (accepted.reservation !== undefined) grown = `${grown},"reservation":"${accepted.reservation}"`
  if (accepted.discrepancies !== undefined) grown = `${grown},"discrepancies":${JSON.stringify(accepted.discrepancies)}`
  if (accepted.shortageQty !== undefined) grown = `${grown},"shortageQty":${accepted.shortageQty}`
  if (accepted.policyVersion !== undefined) grown = `${grown},"policyVersion":${accepted.policyVersion}`
  return grown
}
