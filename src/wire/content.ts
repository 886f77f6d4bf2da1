/**
 * The content an id is bound to, as one number, and what differs between two.
 *
 * Content is what a command asks for: its type and the fields of that type. Not its id and SKU, which are looked up by; not `issuedAtMs` and `deadlineMs`, which
 * are each sending's own. Only a sender itself is harmed by a collision of its own ids.
 *
 * The number holds the type and a point of 24 bits by 24: the sum, over the fields, of (x, aᵢ·x), where x is the hash of a field's value and aᵢ the field's own multiplier in
 * GF(2²⁴). Two contents that differ in one field differ by a point of that field's line and of no other's, so the field can be told without knowing the former value.
 */
import type { Command, CommandType } from "../domain/sku/commands.ts"
import { namesJson, policyJson } from "./canonical.ts"
import { textHash } from "./hash.ts"

type FieldsOf<Of> = Of extends Command ? Exclude<keyof Of, "type" | "id" | "sku" | "issuedAtMs" | "deadlineMs"> : never
type ContentField = FieldsOf<Command>

/** The power of the multiplier that is each field's own. They are written into snapshots: a field keeps its number, and a new one gets the next. */
const powers: Readonly<Record<ContentField, number>> = {
  reservation: 0,
  qty: 1,
  holdMs: 2,
  locations: 3,
  partial: 4,
  reason: 5,
  policy: 6,
  location: 7,
  reference: 8,
  from: 9,
  to: 10,
  channel: 11,
  mode: 12,
  quarantined: 13,
  shipment: 14,
}
const contentFields = Object.keys(powers) as ReadonlyArray<ContentField>

/** The same holds for types. */
const typeNumbers: Readonly<Record<CommandType, number>> = {
  Reserve: 0,
  Confirm: 1,
  Release: 2,
  Extend: 3,
  RecordSale: 4,
  ReceiveStock: 5,
  AdjustStock: 6,
  MoveStatus: 7,
  Fulfil: 8,
  SetPolicy: 9,
  ReplayQuarantined: 10,
  DropQuarantined: 11,
}

const half = 2 ** 24
const whole = 2 ** 48
/** x²⁴ + x⁷ + x² + x + 1, which is primitive: the powers of x below 2²⁴ − 1 are all different. */
const polynomial = 0x1_00_00_87

/** A value of 24 bits times x to a power, in GF(2²⁴). */
const times = (value: number, power: number): number => {
  let product = value
  for (let i = 0; i < power; i++) {
    product <<= 1
    if (product >= half) product ^= polynomial
  }
  return product
}

/** 24 bits of a field's value. */
const bitsOf = (value: unknown): number => Math.floor(textHash(textOf(value)) / 2 ** 29)

const textOf = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value))

/** The canonical value of a field. */
const canonicalOf = (command: Command, field: ContentField): unknown => {
  if (field === "policy" && command.type === "SetPolicy") return policyJson(command.policy)
  if (field === "locations" && command.type === "Reserve") return command.locations && namesJson(command.locations)
  return Reflect.get(command, field)
}

/** A list of all the fields of a type: one that is left out does not compile. */
const allOf =
  <Type extends CommandType>() =>
  <const Fields extends ReadonlyArray<ContentField>>(
    ...fields: [FieldsOf<Extract<Command, { type: Type }>>] extends [Fields[number]] ? Fields : never
  ): ReadonlyArray<ContentField> =>
    fields

const fieldsOf: Readonly<Record<CommandType, ReadonlyArray<ContentField>>> = {
  Reserve: allOf<"Reserve">()("reservation", "qty", "holdMs", "locations", "partial"),
  Confirm: allOf<"Confirm">()("reservation"),
  Release: allOf<"Release">()("reservation", "qty", "reason"),
  Extend: allOf<"Extend">()("reservation", "holdMs"),
  RecordSale: allOf<"RecordSale">()("mode", "qty", "location", "reservation"),
  ReceiveStock: allOf<"ReceiveStock">()("location", "qty", "reference"),
  AdjustStock: allOf<"AdjustStock">()("location", "qty", "reason", "reference"),
  MoveStatus: allOf<"MoveStatus">()("location", "from", "to", "qty"),
  Fulfil: allOf<"Fulfil">()("channel", "reservation", "location", "qty", "shipment"),
  SetPolicy: allOf<"SetPolicy">()("policy"),
  ReplayQuarantined: allOf<"ReplayQuarantined">()("quarantined"),
  DropQuarantined: allOf<"DropQuarantined">()("quarantined", "reason"),
}

/** The number each field had last, and its bits: quantities and times to hold are mostly the same ones. At the field's power. */
const lastNumbers = contentFields.map(() => ({ value: Number.NaN, bits: 0, point: 0 }))

/** What a command's id is bound to, as an exact integer of 52 bits. */
export const contentHash = (command: Command): number => {
  let x = 0
  let y = 0
  for (const field of fieldsOf[command.type]) {
    const value = canonicalOf(command, field)
    if (value === undefined) continue
    const power = powers[field]
    const last = lastNumbers[power]
    if (last !== undefined && typeof value === "number") {
      if (value !== last.value) {
        last.value = value
        last.bits = bitsOf(value)
        last.point = times(last.bits, power)
      }
      x ^= last.bits
      y ^= last.point
      continue
    }
    const bits = bitsOf(value)
    x ^= bits
    y ^= times(bits, power)
  }
  return typeNumbers[command.type] * whole + x * half + y
}

/** Which field two different contents differ in: `type`, the one field that differs, or `id` where several do. */
export const differingField = (one: number, other: number): string => {
  if (Math.floor(one / whole) !== Math.floor(other / whole)) return "type"
  const x = Math.floor((one % whole) / half) ^ Math.floor((other % whole) / half)
  const y = (one % half) ^ (other % half)
  if (x === 0) return "id"
  return contentFields.find((field) => times(x, powers[field]) === y) ?? "id"
}
