/**
 * Chunks of a snapshot as they are read back: each field is looked at before the engine takes it for its own state.
 *
 * Written by hand, because there are millions of things in a large snapshot and loading is what they are for: a schema's decoder takes several times as long. It says no more and no less than the
 * schema that it is held to by a test, and each shape is tied to the engine's type: a field that this gains, one that may be absent too, doesn't compile until it is read here. Whether what is read
 * fits together is no matter here: the hash of the snapshot's end vouches for that.
 */

import { Schema } from "effect"
import { CommandClass } from "../domain/names.ts"
import { type LineTold, RefusalReason } from "../domain/refusals.ts"
import type { Command } from "../domain/sku/commands.ts"
import { type Allocation, DiscrepancyKind } from "../domain/sku/events.ts"
import type { Policy } from "../domain/sku/policy.ts"
import { type ChannelUse, type LocationStock, type Reservation, ReservationStatus, type Shorts } from "../domain/sku/stock.ts"
import { FloorClass } from "../engine/records.ts"
import type { SkuChunk, SkuQuarantinedCommand, SkuRemembered, SkuRememberedDecision } from "../kinds/sku/types.ts"
import { commandVersion } from "./command-json.ts"
import { CommandJson } from "./commands.ts"

/** Whether a value is what a field holds. What reads more than a type has reads that type too; what reads less doesn't compile in its place. */
type Is<T> = ((value: unknown) => boolean) & { readonly reads?: (value: T) => void }

const text: Is<string> = (value) => typeof value === "string"
const whole: Is<number> = (value) => Number.isSafeInteger(value)
const bytes: Is<Uint8Array> = (value) => value instanceof Uint8Array
const nullOr =
  <T>(is: Is<T>): Is<T | null> =>
  (value) =>
    value === null || is(value)
const oneOf = <Word extends string>(words: ReadonlyArray<Word>): Is<Word> => {
  const known: ReadonlySet<unknown> = new Set(words)
  return (value) => known.has(value)
}
const listOf =
  <T>(is: Is<T>): Is<ReadonlyArray<T>> =>
  (value) => {
    if (!Array.isArray(value)) return false
    for (const item of value) if (!is(item)) return false
    return true
  }

type Optional<T> = { [Field in keyof T]-?: Record<never, never> extends Pick<T, Field> ? Field : never }[keyof T]
/** A reader for each of these fields. */
type ObjectFields<T, Names extends keyof T> = { readonly [Field in Names]-?: Is<Exclude<T[Field], undefined>> }
/** The fields that an object always has, and those that it may have. */
type ObjectShape<T> = [Optional<T>] extends [never]
  ? readonly [fields: ObjectFields<T, keyof T>]
  : readonly [fields: ObjectFields<T, Exclude<keyof T, Optional<T>>>, others: ObjectFields<T, Optional<T>>]

/** An object with all fields of its type. What else it has is passed over. */
const object = <T>(...[fields, others]: ObjectShape<T>): Is<T> => {
  const required = Object.entries<Is<never>>(fields)
  const optional = Object.entries<Is<never>>(others ?? {})
  return (value) => {
    if (typeof value !== "object" || value === null) return false
    const given = value as Readonly<Record<string, unknown>>
    for (const [name, is] of required) if (!is(given[name])) return false
    for (const [name, is] of optional) if (given[name] !== undefined && !is(given[name])) return false
    return true
  }
}

/** The member of a union whose field `Tag` is `Word`, without that field. */
type UnionMember<T, Tag extends keyof T, Word> = T extends Readonly<Record<Tag, Word>> ? Omit<T, Tag> : never

/** An object whose field `tag` says which of a union's members it is. */
const byTag = <T, Tag extends keyof T & string>(
  tag: Tag,
  kinds: { readonly [Word in T[Tag] & string]: Is<UnionMember<T, Tag, Word>> },
): Is<T> => {
  const known: ReadonlyMap<unknown, Is<never>> = new Map(Object.entries<Is<never>>(kinds))
  return (value) =>
    typeof value === "object" && value !== null && known.get((value as Readonly<Record<string, unknown>>)[tag])?.(value) === true
}

/** An object with the fields of another, of which nothing is known yet. `Names`: those that are read, which has to be all of them. */
type Unread<T, Names extends keyof T> = [keyof T] extends [Names] ? { readonly [Field in Names]?: unknown } : never

const isAllocation: Is<Allocation> = (value) => {
  if (typeof value !== "object" || value === null) return false
  const given: Unread<Allocation, "location" | "qty"> = value
  return typeof given.location === "string" && Number.isSafeInteger(given.qty)
}
const allocations = listOf(isAllocation)

const isNone = (value: unknown): boolean => value === undefined
type OutcomeOf<Word extends SkuRememberedDecision["outcome"]> = UnionMember<SkuRememberedDecision, "outcome", Word>
type RememberedAcceptance = OutcomeOf<"accepted">
const discrepancies = listOf(
  object<NonNullable<RememberedAcceptance["discrepancies"]>[number]>({ kind: oneOf(DiscrepancyKind), qty: whole }),
)
const isAccepted: Is<RememberedAcceptance> = (value) => {
  const given = value as Unread<
    RememberedAcceptance,
    "qty" | "allocations" | "expiresAtMs" | "reservation" | "discrepancies" | "shortageQty" | "policyVersion"
  >
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

const isLineTold = object<LineTold>({ sku: text, qty: whole }, { refundQty: whole, reason: oneOf(RefusalReason), ats: whole })

const isOutcome = byTag<SkuRememberedDecision, "outcome">("outcome", {
  accepted: isAccepted,
  refused: object<OutcomeOf<"refused">>(
    { reason: oneOf(RefusalReason) },
    { field: text, ats: whole, policyVersion: whole, order: text, lines: listOf(isLineTold) },
  ),
  expired: object<OutcomeOf<"expired">>({}),
  quarantined: object<OutcomeOf<"quarantined">>({ quarantined: text }),
  dropped: object<OutcomeOf<"dropped">>({ reason: text }),
})

const isPolicy = object<Policy>({
  version: whole,
  channels: listOf(
    object<Policy["channels"][number]>({
      channel: text,
      priority: whole,
      bufferQty: whole,
      bufferPercent: whole,
      floorQty: whole,
      fenceQty: whole,
    }),
  ),
  safety: listOf(object<Policy["safety"][number]>({ location: text, qty: whole })),
  sourcing: listOf(text),
})

type ChunkOf<Kind extends SkuChunk["kind"]> = UnionMember<SkuChunk, "kind", Kind>

const isSku = object<ChunkOf<"actors">["items"][number]>(
  {
    sku: text,
    version: whole,
    policy: nullOr(isPolicy),
    locations: listOf(
      object<LocationStock>({
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
    uses: nullOr(listOf(object<ChannelUse>({ channel: text, openQty: whole, fulfilledSinceFenceQty: whole }))),
    shorts: nullOr(
      object<Shorts>({
        list: listOf(object<Shorts["list"][number]>({ channel: text, reservation: text, qty: whole, at: nullOr(text) })),
        anywhereQty: whole,
      }),
    ),
  },
  { strays: listOf(text) },
)

const status = oneOf(ReservationStatus)

/** What there are millions of is read without a table: each field by its name. */
const isReservation: Is<Reservation> = (value) => {
  if (typeof value !== "object" || value === null) return false
  const given: Unread<Reservation, "channel" | "id" | "status" | "allocations" | "shortQty" | "fulfilledQty" | "expiresAtMs"> = value
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

const isDecision: Is<SkuRemembered> = (value) => {
  if (typeof value !== "object" || value === null) return false
  const given: Unread<SkuRemembered, "id" | "key" | "hash" | "outcome" | "step" | "class" | "seq" | "place"> = value
  return (
    typeof given.id === "string" &&
    typeof given.key === "string" &&
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
const isCommand: Is<Command> = (value) => typeof value === "object" && value !== null && isSpelled({ v: commandVersion, ...value })

const isQuarantined = object<SkuQuarantinedCommand>(
  {
    id: text,
    sender: text,
    class: oneOf(CommandClass),
    reply: nullOr(text),
    command: isCommand,
    cause: text,
    atMs: whole,
  },
  { onBehalf: text },
)

/** What is under way stands in the words of the actor that carries it, and of the one it is for: nothing of that is looked at here. */
const plain: Is<object> = (value) => typeof value === "object" && value !== null

const isUnderWay = object<ChunkOf<"underWay">["items"][number]>({
  id: text,
  to: object<ChunkOf<"underWay">["items"][number]["to"]>({ kind: text, partition: whole }),
  key: text,
  onBehalf: text,
  atMs: whole,
  command: plain,
  from: text,
  ref: plain,
  seq: whole,
})

const isOwed = object<ChunkOf<"owed">["items"][number]>({
  sender: text,
  class: oneOf(CommandClass),
  key: text,
  id: text,
  hash: whole,
  issuedAtMs: whole,
  seq: whole,
  replies: listOf(text),
})

type ItemOf<Kind extends "parts" | "decisions"> = ChunkOf<Kind>["items"][number]
type Meta = ChunkOf<"meta">

const isChunk = byTag<SkuChunk, "kind">("kind", {
  actors: object<ChunkOf<"actors">>({ seq: whole, items: listOf(isSku) }),
  parts: object<ChunkOf<"parts">>({
    seq: whole,
    items: listOf(object<ItemOf<"parts">>({ sku: text, reservation: isReservation })),
  }),
  decisions: object<ChunkOf<"decisions">>({
    seq: whole,
    items: listOf(object<ItemOf<"decisions">>({ sender: text, decision: isDecision })),
  }),
  ended: object<ChunkOf<"ended">>({
    seq: whole,
    of: listOf(object<ChunkOf<"ended">["of"][number]>({ channel: text, rows: whole })),
    bytes,
  }),
  packed: object<ChunkOf<"packed">>({ seq: whole, sender: text, class: floorClass, bytes }),
  underWay: object<ChunkOf<"underWay">>({ seq: whole, items: listOf(isUnderWay) }),
  owed: object<ChunkOf<"owed">>({ seq: whole, items: listOf(isOwed) }),
  meta: object<Meta>(
    {
      seq: whole,
      floors: listOf(object<Meta["floors"][number]>({ sender: text, class: floorClass, floorMs: whole })),
      quarantine: listOf(isQuarantined),
    },
    { ingresses: listOf(object<NonNullable<Meta["ingresses"]>[number]>({ ingress: text, serial: whole })), droppedToSeq: whole },
  ),
})

/** The chunk that a value is; undefined if any of its fields isn't what the engine writes there. */
export const readChunk = (value: unknown): SkuChunk | undefined => (isChunk(value) ? (value as SkuChunk) : undefined)
