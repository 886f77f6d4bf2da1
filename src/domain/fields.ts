/**
 * The field types that commands, events and messages are made of: names, quantities, times, as Schemas.
 *
 * A name's rule lives in names.ts and a bound in limits.ts; here they only become Schemas, so that what is refused, what the types say and what the
 * published JSON Schemas say are one. Nothing here knows a message, and nothing here decodes: bytes are wire's.
 */
import * as Schema from "effect/Schema"
import { idCharsMax, qtyMax, senderCharsMax, skuBytesMax, textCharsMax } from "../limits.ts"
import { type CommandId, isId, isReservationName, isSender, isSku, type LocationId, type ReservationId } from "./names.ts"
import { isOrderId } from "./order/names.ts"

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

/** A SKU. */
export const SkuField = Schema.String.pipe(
  Schema.refine(isSku, {
    expected: `1 to ${skuBytesMax} bytes of UTF-8 without control characters`,
    toJsonSchema: () => [{ minLength: 1, maxLength: skuBytesMax }, true] as const,
  }),
).annotate({ identifier: "Sku", description: `What is stocked: 1 to ${skuBytesMax} bytes of UTF-8 without control characters` })
/** A sender's name. */
export const SenderField = named(
  "Sender",
  isSender,
  `^[a-z0-9][a-z0-9_-]{0,${senderCharsMax - 1}}$`,
  "The name of a channel, warehouse or operator",
  `1 to ${senderCharsMax} characters of a-z 0-9 _ -`,
)
/** A sender's own id of a command. */
export const CommandIdField = named("CommandId", (text): text is CommandId => isId(text), idChars, "The sender's own id of a command")
/** A channel's own id of a reservation. */
export const ReservationField = named(
  "ReservationId",
  (text): text is ReservationId => isId(text),
  idChars,
  "The channel's own id of a reservation",
)
/** A channel's own id of an order. */
export const OrderField = named("OrderId", isOrderId, idChars, "The channel's own id of an order")
/** How a reservation is referred to: the channel's id of it, the name of a sale that was put under an ended one, or the id of an order, with @ before it, for that order's line. */
export const ReservationNameField = named(
  "ReservationName",
  isReservationName,
  `^(?:@${idChars.slice(1, -1)}|${idChars.slice(1, -1)}(?:~${idChars.slice(1, -1)}(?:~[1-9][0-9]{0,8})?)?)$`,
  "The channel's own id of a reservation, the name a reply gave to a sale put under an ended one, or @ and the id of an order whose line it is",
)
/** A location. */
export const LocationField = named("LocationId", (text): text is LocationId => isId(text), idChars, "Where it is stocked")
/** A sender's own reference, which nothing reads. */
export const ReferenceField = named(
  "Reference",
  (text): text is string => isId(text),
  idChars,
  "The sender's own reference, kept and never read",
)

const quarantinedId = /^[1-9][0-9]{0,15}-(?:0|[1-9][0-9]{0,3})$/
/** Whether `text` may name a quarantined command. */
export const isQuarantinedId = (text: string): text is string => quarantinedId.test(text)

/** The name of a place in quarantine. */
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

/** Units by location. */
export const AllocationsField = Schema.Array(Schema.Struct({ location: LocationField, qty: Schema.Int })).annotate({
  identifier: "Allocations",
  description: "Units by location",
})

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
