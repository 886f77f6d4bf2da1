/**
 * Chunks of a snapshot as they are read back: each field is looked at before the engine takes it for its own state.
 *
 * Written by hand, because there are millions of things in a large snapshot and loading is what they are for: a schema's decoder takes several times as long. It says no more and no less than the
 * schema that it is held to by a test. Whether what it says fits together is no matter here: the hash of the snapshot's end vouches for that.
 */

import { Schema } from "effect"
import { type Allocation, DiscrepancyKind } from "../domain/events.ts"
import { CommandClass } from "../domain/names.ts"
import { RefusalReason } from "../domain/refusals.ts"
import { type Reservation, ReservationStatus } from "../domain/stock.ts"
import type { Chunk } from "../engine/chunks.ts"
import type { Remembered } from "../engine/memory.ts"
import { FloorClass, type Outcome } from "../engine/records.ts"
import { CommandJson, commandVersion } from "./commands.ts"

type Is = (value: unknown) => boolean

const text: Is = (value) => typeof value === "string"
const whole: Is = (value) => Number.isSafeInteger(value)
const nullOr =
  (is: Is): Is =>
  (value) =>
    value === null || is(value)
const oneOf = (words: ReadonlyArray<string>): Is => {
  const known: ReadonlySet<unknown> = new Set(words)
  return (value) => known.has(value)
}
const listOf =
  (is: Is): Is =>
  (value) => {
    if (!Array.isArray(value)) return false
    for (const item of value) if (!is(item)) return false
    return true
  }

type Fields = Readonly<Record<string, Is>>

/** An object with these fields, and with these others where it has them. What else it has is passed over. */
const object = (fields: Fields, others: Fields = {}): Is => {
  const required = Object.entries(fields)
  const optional = Object.entries(others)
  return (value) => {
    if (typeof value !== "object" || value === null) return false
    const given = value as Readonly<Record<string, unknown>>
    for (const [name, is] of required) if (!is(given[name])) return false
    for (const [name, is] of optional) if (given[name] !== undefined && !is(given[name])) return false
    return true
  }
}

/** An object whose field `tag` says which of these it is. */
const byTag = (tag: string, kinds: Fields): Is => {
  const known: ReadonlyMap<unknown, Is> = new Map(Object.entries(kinds))
  return (value) =>
    typeof value === "object" && value !== null && known.get((value as Readonly<Record<string, unknown>>)[tag])?.(value) === true
}

/** An object with the fields of another, of which nothing is known yet. */
type Unread<T> = { readonly [Field in keyof T]?: unknown }

const allocations = listOf((value) => {
  if (typeof value !== "object" || value === null) return false
  const given: Unread<Allocation> = value
  return typeof given.location === "string" && Number.isSafeInteger(given.qty)
})

const isNone = (value: unknown): boolean => value === undefined
const discrepancies = listOf(object({ kind: oneOf(DiscrepancyKind), qty: whole }))
const isAccepted: Is = (value) => {
  const given = value as Unread<Extract<Outcome, { readonly outcome: "accepted" }>>
  return (
    (isNone(given.qty) || whole(given.qty)) &&
    (isNone(given.allocations) || allocations(given.allocations)) &&
    (isNone(given.expiresAtMs) || whole(given.expiresAtMs)) &&
    (isNone(given.reservation) || text(given.reservation)) &&
    (isNone(given.discrepancies) || discrepancies(given.discrepancies)) &&
    (isNone(given.shortageQty) || whole(given.shortageQty)) &&
    (isNone(given.policyVersion) || whole(given.policyVersion))
  )
}

const isOutcome = byTag("outcome", {
  accepted: isAccepted,
  refused: object({ reason: oneOf(RefusalReason) }, { field: text, ats: whole, policyVersion: whole }),
  expired: object({}),
  quarantined: object({ quarantined: text }),
  dropped: object({ reason: text }),
})

const isPolicy = object({
  version: whole,
  channels: listOf(object({ channel: text, priority: whole, bufferQty: whole, bufferPercent: whole, floorQty: whole, fenceQty: whole })),
  safety: listOf(object({ location: text, qty: whole })),
  sourcing: listOf(text),
})

const isSku = object({
  sku: text,
  version: whole,
  policy: nullOr(isPolicy),
  locations: listOf(
    object({
      location: text,
      onHand: whole,
      damaged: whole,
      inspection: whole,
      reserved: whole,
      exposed: whole,
      safety: whole,
      short: whole,
    }),
  ),
  uses: nullOr(listOf(object({ channel: text, openQty: whole, fulfilledSinceFenceQty: whole }))),
  shorts: nullOr(object({ list: listOf(object({ channel: text, reservation: text, qty: whole, at: nullOr(text) })), anywhereQty: whole })),
})

const status = oneOf(ReservationStatus)

/** What there are millions of is read without a table: each field by its name. */
const isReservation: Is = (value) => {
  if (typeof value !== "object" || value === null) return false
  const given: Unread<Reservation> = value
  return (
    typeof given.channel === "string" &&
    typeof given.id === "string" &&
    status(given.status) &&
    allocations(given.allocations) &&
    Number.isSafeInteger(given.shortQty) &&
    Number.isSafeInteger(given.fulfilledQty) &&
    Number.isSafeInteger(given.expiresAtMs)
  )
}

const floorClass = oneOf(FloorClass)

const isDecision: Is = (value) => {
  if (typeof value !== "object" || value === null) return false
  const given: Unread<Remembered> = value
  return (
    typeof given.id === "string" &&
    typeof given.sku === "string" &&
    Number.isSafeInteger(given.hash) &&
    isOutcome(given.outcome) &&
    Number.isSafeInteger(given.step) &&
    floorClass(given.class) &&
    Number.isSafeInteger(given.seq) &&
    Number.isSafeInteger(given.place)
  )
}

/** Few wait in quarantine: their commands are read by the schema that took them in. */
const isSpelled = Schema.is(CommandJson)
const isCommand: Is = (value) => typeof value === "object" && value !== null && isSpelled({ v: commandVersion, ...value })

const isQuarantined = object({
  id: text,
  sender: text,
  class: oneOf(CommandClass),
  reply: nullOr(text),
  command: isCommand,
  cause: text,
  atMs: whole,
})

const isChunk = byTag("kind", {
  skus: object({ seq: whole, skus: listOf(isSku) }),
  reservations: object({ seq: whole, items: listOf(object({ sku: text, reservation: isReservation })) }),
  decisions: object({ seq: whole, items: listOf(object({ sender: text, decision: isDecision })) }),
  ended: object({ seq: whole, of: listOf(object({ channel: text, rows: whole })), bytes: (value) => value instanceof Uint8Array }),
  packed: object({ seq: whole, sender: text, class: floorClass, bytes: (value) => value instanceof Uint8Array }),
  meta: object(
    {
      seq: whole,
      floors: listOf(object({ sender: text, class: floorClass, floorMs: whole })),
      quarantine: listOf(isQuarantined),
    },
    { ingresses: listOf(object({ ingress: text, serial: whole })), droppedToSeq: whole },
  ),
})

/** The chunk that a value is; undefined if any of its fields isn't what the engine writes there. */
export const readChunk = (value: unknown): Chunk | undefined => (isChunk(value) ? (value as Chunk) : undefined)
