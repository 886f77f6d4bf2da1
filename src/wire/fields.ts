/**
 * The field types that every message is made of: names, quantities, times, and how bytes become a checked value.
 *
 * A name's rule lives in domain/names.ts and a bound in limits.ts; here they only become Schemas, so that what is refused and what the
 * published JSON Schemas say are one. Nothing here knows a message.
 */
import { Result, Schema, SchemaIssue } from "effect"
import {
  type CommandClass,
  type CommandId,
  CommandClass as commandClasses,
  isId,
  isReservationName,
  isSender,
  isSku,
  type LocationId,
  type ReservationId,
} from "../domain/names.ts"
import { idCharsMax, qtyMax, senderCharsMax, skuBytesMax, textCharsMax } from "../limits.ts"
import { parseJson } from "./json.ts"

/** `rule` says to whoever is refused what it may be. */
const named = <T extends string>(
  identifier: string,
  is: (text: string) => text is T,
  pattern: string,
  description: string,
  rule = idRule,
) => Schema.String.pipe(Schema.refine(is, { expected: rule, toJsonSchema: () => ({ pattern }) })).annotate({ identifier, description })

const idRule = `1 to ${idCharsMax} characters of A-Z a-z 0-9 _ . : -`
const idChars = `^[A-Za-z0-9_.:-]{1,${idCharsMax}}$`

export const SkuField = Schema.String.pipe(
  Schema.refine(isSku, {
    expected: `1 to ${skuBytesMax} bytes of UTF-8 without control characters`,
    toJsonSchema: () => [{ minLength: 1, maxLength: skuBytesMax }, true] as const,
  }),
).annotate({ identifier: "Sku", description: `What is stocked: 1 to ${skuBytesMax} bytes of UTF-8 without control characters` })
export const SenderField = named(
  "Sender",
  isSender,
  `^[a-z0-9][a-z0-9_-]{0,${senderCharsMax - 1}}$`,
  "The name of a channel, warehouse or operator",
  `1 to ${senderCharsMax} characters of a-z 0-9 _ -`,
)
export const CommandIdField = named("CommandId", (text): text is CommandId => isId(text), idChars, "The sender's own id of a command")
export const ReservationField = named(
  "ReservationId",
  (text): text is ReservationId => isId(text),
  idChars,
  "The channel's own id of a reservation",
)
/** How a reservation is referred to: the channel's id of it, or the name of a sale that was put under an ended one. */
export const ReservationNameField = named(
  "ReservationName",
  isReservationName,
  `^${idChars.slice(1, -1)}(?:~${idChars.slice(1, -1)}(?:~[1-9][0-9]{0,8})?)?$`,
  "The channel's own id of a reservation, or the name a reply gave to a sale put under an ended one",
)
export const LocationField = named("LocationId", (text): text is LocationId => isId(text), idChars, "Where it is stocked")
export const ReferenceField = named(
  "Reference",
  (text): text is string => isId(text),
  idChars,
  "The sender's own reference, kept and never read",
)

const quarantinedId = /^[1-9][0-9]{0,15}-(?:0|[1-9][0-9]{0,3})$/
/** Whether `text` may name a quarantined command. */
export const isQuarantinedId = (text: string): text is string => quarantinedId.test(text)

export const QuarantinedField = named(
  "QuarantinedId",
  isQuarantinedId,
  quarantinedId.source,
  "A quarantined command: the sequence of its record in the journal, a dash, its place in the record",
  "a record's number, a dash and a place, such as 17-0",
)

/** Free text of a person: not empty, bounded, well-formed Unicode. */
export const TextField = Schema.String.pipe(
  Schema.refine((text): text is string => text.length > 0 && text.length <= textCharsMax && text.isWellFormed(), {
    expected: `1 to ${textCharsMax} characters`,
    toJsonSchema: () => ({ minLength: 1, maxLength: textCharsMax }),
  }),
)

const whole = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** Units a command moves: at least one. */
export const QtyField = whole(1, qtyMax)
/** Units a command moves, in either direction, never 0. */
export const SignedQtyField = whole(-qtyMax, qtyMax).check(
  Schema.makeFilter((qty: number) => qty !== 0, { expected: "a quantity that is not 0", toJsonSchema: () => ({ not: { const: 0 } }) }),
)
/** JSON can spell a negative zero, which is no other number here: one value, one spelling. */
const noNegativeZero = Schema.makeFilter((n: number) => !Object.is(n, -0), {
  expected: "a whole number",
  toJsonSchema: () => [{}, true] as const,
})
/** A bound a policy sets, in units. */
export const BoundField = whole(0, qtyMax).check(noNegativeZero)
export const PercentField = whole(0, 100).check(noNegativeZero)
export const EpochMsField = whole(1, Number.MAX_SAFE_INTEGER)
/** Milliseconds from 1 to `maximum`. */
export const durationField = (maximum: number) => whole(1, maximum)
/** A policy's version, and the like: counted from 1. */
export const VersionField = whole(1, Number.MAX_SAFE_INTEGER)
/** A stream sequence, a count: from 0. */
export const CountField = whole(0, Number.MAX_SAFE_INTEGER)

export const ClassField: Schema.Literals<ReadonlyArray<CommandClass>> = Schema.Literals(commandClasses)

export const AllocationsField = Schema.Array(Schema.Struct({ location: LocationField, qty: Schema.Int })).annotate({
  identifier: "Allocations",
  description: "Units by location",
})

/**
 * A word that is heard, of which a newer release may say more than this one knows: what it says is taken, and kept as it is. Typed as the known ones, so that a program that looks at them
 * is told by the compiler which there are; one that it doesn't know it must take for one of their kind.
 */
export const openWord = <Known extends string>(known: ReadonlyArray<Known>, description: string) =>
  Schema.String.pipe(
    Schema.refine((text): text is Known => text !== "", {
      expected: "a word",
      toJsonSchema: () => ({ minLength: 1, anyOf: [{ enum: [...known] }, { type: "string" }] }),
    }),
  ).annotate({ description: `${description}; a newer release may say others` })

/** A filter: no two items have the same key. Its issue names the item. */
export const distinctBy = <T>(key: (item: T) => string) =>
  Schema.makeFilter(
    (items: ReadonlyArray<T>) => {
      const seen = new Set<string>()
      for (const [index, item] of items.entries()) {
        if (seen.has(key(item))) return { path: [index], issue: "named twice" }
        seen.add(key(item))
      }
      return undefined
    },
    { toJsonSchema: () => [{}, true] as const },
  )

/** Where the first fault lies, as a dotted path ("policy.channels.2.fenceQty"), and what was expected there. */
const firstIssue = (issue: SchemaIssue.Issue): { readonly path: string; readonly expected: string } => {
  const first = formatIssue(issue).issues[0]
  if (first === undefined) return { path: "", expected: "something else" }
  return { path: (first.path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join("."), expected: first.message }
}
/** The first field at fault, and what was expected there. */
export const firstIssueOf = ({ issue }: { readonly issue: SchemaIssue.Issue }): string => {
  const { path, expected } = firstIssue(issue)
  return `${path}: ${expected}`
}
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

/** What is expected of a field that isn't known: that it isn't there. */
export const noSuchField = "no such field"

/** What a strict decoder found: the value, or the first field at fault and what was expected there. */
export type Strict<T> =
  | { readonly _tag: "Valid"; readonly value: T }
  | { readonly _tag: "Invalid"; readonly path: string; readonly expected: string }

/**
 * A decoder of parsed JSON that refuses unknown fields at any depth.
 *
 * Not by Schema's own option, which builds a set of names for each object it sees and so costs more than all the rest: a decoder drops what it
 * doesn't know, and what was dropped is looked for afterwards.
 */
export const strictDecoderOf = <S extends Schema.ConstraintDecoder<unknown>>(schema: S): ((json: unknown) => Strict<S["Type"]>) => {
  const decode = Schema.decodeUnknownResult(schema)
  return (json) => {
    const result = decode(json)
    if (Result.isFailure(result)) return { _tag: "Invalid", ...firstIssue(result.failure.issue) }
    const dropped = droppedField(json, result.success)
    return dropped === undefined ? { _tag: "Valid", value: result.success } : { _tag: "Invalid", path: dropped, expected: noSuchField }
  }
}

/** The path of the first field in `given` that isn't in `kept`: what JSON.parse made, and what a decoder left of it. */
const droppedField = (given: unknown, kept: unknown): string | undefined => {
  if (given === kept) return undefined
  if (Array.isArray(given) && Array.isArray(kept)) {
    for (let i = 0; i < given.length; i++) {
      const dropped = droppedField(given[i], kept[i])
      if (dropped !== undefined) return `${i}.${dropped}`
    }
    return undefined
  }
  if (!isObject(given) || !isObject(kept)) return undefined
  // A decoder adds nothing: as many fields are the same fields.
  if (fieldCount(given) !== fieldCount(kept)) return Object.keys(given).find((key) => !Object.hasOwn(kept, key))
  for (const key in given) {
    const value = given[key]
    if (typeof value !== "object") continue
    const dropped = droppedField(value, kept[key])
    if (dropped !== undefined) return `${key}.${dropped}`
  }
  return undefined
}
/** Fields of an object that has no other than its own, counted without a list of their names. */
const fieldCount = (object: object): number => {
  let count = 0
  for (const _ in object) count++
  return count
}
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null

/**
 * A decoder of a versioned JSON message that a worker or a sender wrote; undefined if the bytes are none. Unknown fields pass and are dropped,
 * so that a newer release may add some. Never throws.
 */
export const decoderOf = <S extends Schema.ConstraintDecoder<unknown>>(schema: S): ((bytes: Uint8Array) => S["Type"] | undefined) => {
  const decode = Schema.decodeUnknownResult(schema)
  return (bytes) => {
    const parsed = parseJson(bytes)
    if (parsed._tag === "Refused") return undefined
    const result = decode(parsed.value)
    return Result.isSuccess(result) ? result.success : undefined
  }
}
