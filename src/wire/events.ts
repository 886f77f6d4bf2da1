/**
 * Events and outcomes as JSON: exactly the fields of their types, in the order those declare them.
 *
 * The generic form is JSON.stringify; the frequent ones are written by hand, several times faster, and a property test holds both to the
 * same text.
 */
import { Schema } from "effect"
import { AdjustReason, ReleaseReason, StockStatus } from "../domain/commands.ts"
import { type Allocations, DiscrepancyKind, type StockEvent } from "../domain/events.ts"
import { type Refusal, RefusalReason } from "../domain/refusals.ts"
import type { Outcome } from "../engine/records.ts"
import { PolicyJson } from "./commands.ts"
import { AllocationsField, EpochMsField, LocationField, ReservationField, SenderField } from "./fields.ts"

const ofReservation = { channel: SenderField, reservation: ReservationField }
const allocations = { allocations: AllocationsField }
const taken = { taken: AllocationsField }
const atLocation = { location: LocationField, qty: Schema.Int }

export const ExpiredJson = Schema.Struct({ type: Schema.Literal("Expired"), ...ofReservation, ...allocations })

/** Every event a record can hold. */
export const EventJson = Schema.Union([
  Schema.Struct({ type: Schema.Literal("Reserved"), ...ofReservation, ...allocations, expiresAtMs: EpochMsField }),
  Schema.Struct({ type: Schema.Literal("Confirmed"), ...ofReservation }),
  Schema.Struct({ type: Schema.Literal("Extended"), ...ofReservation, expiresAtMs: EpochMsField }),
  Schema.Struct({ type: Schema.Literal("Released"), ...ofReservation, ...allocations, reason: Schema.Literals(ReleaseReason) }),
  ExpiredJson,
  Schema.Struct({ type: Schema.Literal("Fulfilled"), ...ofReservation, ...allocations, ...taken }),
  Schema.Struct({ type: Schema.Literal("SaleOwed"), ...ofReservation, ...allocations }),
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

export const RefusalJson = Schema.Struct({
  reason: Schema.Literals(RefusalReason),
  field: Schema.optionalKey(Schema.String),
  ats: Schema.optionalKey(Schema.Int),
})

const Discrepancies = Schema.Array(Schema.Struct({ kind: Schema.Literals(DiscrepancyKind), qty: Schema.Int }))

/** The fields of each outcome: what a sender hears, and what a record repeats. */
export const outcomeFields = {
  accepted: {
    outcome: Schema.Literal("accepted"),
    qty: Schema.optionalKey(Schema.Int),
    allocations: Schema.optionalKey(AllocationsField),
    expiresAtMs: Schema.optionalKey(EpochMsField),
    reservation: Schema.optionalKey(ReservationField),
    discrepancies: Schema.optionalKey(Discrepancies),
    shortageQty: Schema.optionalKey(Schema.Int),
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

const allocationsText = (parts: Allocations): string => {
  const first = parts[0]
  if (first === undefined) return "[]"
  let text = `[{"location":"${first.location}","qty":${first.qty}}`
  for (let i = 1; i < parts.length; i++) {
    const part = parts[i]
    if (part !== undefined) text += `,{"location":"${part.location}","qty":${part.qty}}`
  }
  return `${text}]`
}

/** The JSON of one event. */
export const eventText = (event: StockEvent): string => {
  switch (event.type) {
    case "Reserved":
      return `{"type":"Reserved","channel":"${event.channel}","reservation":"${event.reservation}","allocations":${allocationsText(event.allocations)},"expiresAtMs":${event.expiresAtMs}}`
    case "Confirmed":
      return `{"type":"Confirmed","channel":"${event.channel}","reservation":"${event.reservation}"}`
    case "Released":
      return `{"type":"Released","channel":"${event.channel}","reservation":"${event.reservation}","allocations":${allocationsText(event.allocations)},"reason":"${event.reason}"}`
    case "Expired":
      return `{"type":"Expired","channel":"${event.channel}","reservation":"${event.reservation}","allocations":${allocationsText(event.allocations)}}`
    case "Fulfilled":
      return `{"type":"Fulfilled","channel":"${event.channel}","reservation":"${event.reservation}","allocations":${allocationsText(event.allocations)},"taken":${allocationsText(event.taken)}}`
    default:
      return JSON.stringify(event)
  }
}

/** The JSON list of a command's events. */
export const eventsText = (events: ReadonlyArray<StockEvent>): string => {
  const first = events[0]
  if (first === undefined) return "[]"
  let text = `[${eventText(first)}`
  for (let i = 1; i < events.length; i++) {
    const event = events[i]
    if (event !== undefined) text += `,${eventText(event)}`
  }
  return `${text}]`
}

/** The fields of a refusal, without braces. */
export const refusalFieldsText = (refusal: Refusal): string => {
  const field = refusal.field === undefined ? "" : `,"field":${JSON.stringify(refusal.field)}`
  return `"reason":"${refusal.reason}"${field}${refusal.ats === undefined ? "" : `,"ats":${refusal.ats}`}`
}

/** The fields of an outcome, without braces, so that a decision can put its own before them. */
export const outcomeFieldsText = (outcome: Outcome): string => {
  switch (outcome.outcome) {
    case "accepted":
      return acceptedText(outcome)
    case "refused":
      return `"outcome":"refused",${refusalFieldsText(outcome)}`
    case "expired":
      return '"outcome":"expired"'
    case "quarantined":
      return `"outcome":"quarantined","quarantined":${JSON.stringify(outcome.quarantined)}`
    case "dropped":
      return `"outcome":"dropped","reason":${JSON.stringify(outcome.reason)}`
  }
}

const acceptedText = (accepted: Extract<Outcome, { readonly outcome: "accepted" }>): string => {
  let text = '"outcome":"accepted"'
  if (accepted.qty !== undefined) text += `,"qty":${accepted.qty}`
  if (accepted.allocations !== undefined) text += `,"allocations":${allocationsText(accepted.allocations)}`
  if (accepted.expiresAtMs !== undefined) text += `,"expiresAtMs":${accepted.expiresAtMs}`
  if (accepted.reservation !== undefined) text += `,"reservation":"${accepted.reservation}"`
  if (accepted.discrepancies !== undefined) text += `,"discrepancies":${JSON.stringify(accepted.discrepancies)}`
  if (accepted.shortageQty !== undefined) text += `,"shortageQty":${accepted.shortageQty}`
  return text
}
