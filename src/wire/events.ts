/**
 * Events and outcomes as JSON: exactly the fields of their types, in the order those declare them.
 *
 * The generic form is JSON.stringify; the frequent ones are written by hand, several times faster, and a property test holds both to the
 * same text.
 */

import { Schema } from "effect"
import type { EventSpec } from "../domain/define.ts"
import { AllocationsField, EpochMsField, ReservationNameField, VersionField } from "../domain/fields.ts"
import { LineToldField } from "../domain/order/fields.ts"
import { type LineTold, type Refusal, RefusalReason } from "../domain/refusals.ts"
import { type Allocations, DiscrepancyKind, type Expired, type ShortageCovered, type StockEvent } from "../domain/sku/events.ts"
import { skuKind } from "../domain/sku/index.ts"
import type { SkuRememberedDecision } from "../kinds/sku/types.ts"
import { tied } from "./tied.ts"

const schemaOf = ({ type, fields }: EventSpec) => Schema.Struct({ type: Schema.Literal(type), ...fields })

// Their types are those of the events: both come of the same fields, through a function and a list that the compiler doesn't follow.
export const ShortageCoveredJson = schemaOf(skuKind.event.ShortageCovered) as unknown as Schema.Codec<ShortageCovered>
// As above.
export const ExpiredJson = schemaOf(skuKind.event.Expired) as unknown as Schema.Codec<Expired>
/** Every event a record can hold. As above. */
export const EventJson = Schema.Union(skuKind.events.map(schemaOf)) as unknown as Schema.Codec<StockEvent>

tied<LineTold, typeof LineToldField.Type>()

/** The JSON of a refusal. */
export const RefusalJson = Schema.Struct({
  reason: Schema.Literals(RefusalReason),
  field: Schema.optionalKey(Schema.String),
  ats: Schema.optionalKey(Schema.Int),
  policyVersion: Schema.optionalKey(VersionField),
  order: Schema.optionalKey(Schema.String),
  lines: Schema.optionalKey(Schema.Array(LineToldField)),
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

/** The JSON of any outcome of a command about a SKU. */
export const OutcomeJson = Schema.Union([
  Schema.Struct(outcomeFields.accepted),
  Schema.Struct(outcomeFields.refused),
  Schema.Struct(outcomeFields.expired),
  Schema.Struct(outcomeFields.quarantined),
  Schema.Struct(outcomeFields.dropped),
])
tied<SkuRememberedDecision, typeof OutcomeJson.Type>()

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

/** Adds the JSON of one event: the frequent ones by hand. */
const addEvent = (text: string, event: StockEvent): string => {
  if (event.type === "Reserved")
    return `${addAllocations(`${text}{"type":"Reserved","channel":"`, event)},"expiresAtMs":${expiryTime(event.expiresAtMs)}}`
  if (event.type === "Confirmed") return `${text}{"type":"Confirmed","channel":"${event.channel}","reservation":"${event.reservation}"}`
  if (event.type === "Released")
    return `${addAllocations(`${text}{"type":"Released","channel":"`, event)},"reason":"${event.reason}"${shortText(event)}}`
  if (event.type === "Expired") return `${addAllocations(`${text}{"type":"Expired","channel":"`, event)}}`
  if (event.type === "Fulfilled")
    return `${addUnits(`${addAllocations(`${text}{"type":"Fulfilled","channel":"`, event)},"taken":[`, event.taken)}${shortText(event)}}`
  return text + JSON.stringify(event)
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
  const version = refusal.policyVersion === undefined ? "" : `,"policyVersion":${refusal.policyVersion}`
  const order = refusal.order === undefined ? "" : `,"order":${JSON.stringify(refusal.order)}`
  const lines = refusal.lines === undefined ? "" : `,"lines":${JSON.stringify(refusal.lines)}`
  return `${text}"reason":"${refusal.reason}"${field}${ats}${version}${order}${lines}`
}

/** Adds the fields of an outcome, without braces, so that a decision can put its own before them. */
export const addOutcome = (text: string, outcome: SkuRememberedDecision): string => {
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

const addAccepted = (text: string, accepted: Extract<SkuRememberedDecision, { readonly outcome: "accepted" }>): string => {
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
