/**
 * The content an id is bound to, as one number, and what differs between two.
 *
 * Content is what a command asks for: its type and the fields of that type. Not its id and its actor's key, which are looked up by; not `issuedAtMs` and `deadlineMs`, which
 * are each sending's own. Only a sender itself is harmed by a collision of its own ids.
 *
 * The number holds the type and a point of 24 bits by 24: the sum, over the fields, of (x, aᵢ·x), where x is the hash of a field's value and aᵢ the field's own multiplier in
 * GF(2²⁴). Two contents that differ in one field differ by a point of that field's line and of no other's, so the field can be told without knowing the former value.
 */
import { assert } from "../assert.ts"
import { skuKind } from "../domain/sku/index.ts"
import type { KindCommand } from "../engine/kind.ts"
import type { CommandShapes } from "./command-json.ts"
import { textHash } from "./hash.ts"
import { type Write, writerOf } from "./writer.ts"

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
const bitsOf = (text: string): number => Math.floor(textHash(text) / 2 ** 29)

/** A field of a type: under which name, at which power, and how a value that is no plain one is written. */
interface HashedField {
  readonly name: string
  readonly power: number
  readonly write: Write
}

/** What the contents of a kind's commands are hashed by. A field's place is the power of the multiplier that is its own, and a type's place its number: both are written into snapshots. */
interface ContentTable {
  readonly contentFields: ReadonlyArray<string>
  readonly typeNumbers: ReadonlyMap<string, number>
  readonly fieldsOf: Readonly<Record<string, ReadonlyArray<HashedField>>>
  /** The number each field had last, and its bits: quantities and times to hold are mostly the same ones. At the field's power. */
  readonly lastNumbers: ReadonlyArray<{ value: number; bits: number; point: number }>
}

/** A kind's commands with the fields that make their content, in an order that is kept. What of the head is none of it has to be a name that the id is looked up by. */
export interface Contents extends CommandShapes {
  readonly contentFields: ReadonlyArray<string>
}

const tableOf = ({ head, commands, contentFields }: Contents): ContentTable => {
  const powerOf = (name: string): number => {
    const power = contentFields.indexOf(name)
    assert(power >= 0, "every field of a command has a number")
    return power
  }
  const ofHead = Object.entries(head).filter(([name]) => contentFields.includes(name))
  return {
    contentFields,
    typeNumbers: new Map(commands.map(({ type }, number) => [type, number])),
    fieldsOf: Object.fromEntries(
      commands.map(({ type, fields }) => [
        type,
        [...ofHead, ...Object.entries(fields)].map(([name, { ast }]) => ({ name, power: powerOf(name), write: writerOf(ast) })),
      ]),
    ),
    lastNumbers: contentFields.map(() => ({ value: Number.NaN, bits: 0, point: 0 })),
  }
}

/** The functions on the contents of a kind's commands, as the engine is given them. */
export const contentOf = (kind: Contents) => {
  const table = tableOf(kind)
  return {
    contentHash: (command: KindCommand): number => hashWith(table, command),
    differingField: (one: number, other: number): string => differenceIn(table, one, other),
  }
}

/** What a command's id is bound to, as an exact integer of 52 bits. */
const hashWith = ({ typeNumbers, fieldsOf, lastNumbers }: ContentTable, command: KindCommand): number => {
  let x = 0
  let y = 0
  for (const { name, power, write } of fieldsOf[command.type] ?? []) {
    const value: unknown = Reflect.get(command, name)
    if (value === undefined) continue
    const last = lastNumbers[power]
    if (last !== undefined && typeof value === "number") {
      if (value !== last.value) {
        last.value = value
        last.bits = bitsOf(String(value))
        last.point = times(last.bits, power)
      }
      x ^= last.bits
      y ^= last.point
      continue
    }
    const bits = bitsOf(typeof value === "object" ? write(value) : String(value))
    x ^= bits
    y ^= times(bits, power)
  }
  return (typeNumbers.get(command.type) ?? 0) * whole + x * half + y
}

/** Which field two different contents differ in: `type`, the one field that differs, or `id` where several do. */
const differenceIn = ({ contentFields }: ContentTable, one: number, other: number): string => {
  if (Math.floor(one / whole) !== Math.floor(other / whole)) return "type"
  const x = Math.floor((one % whole) / half) ^ Math.floor((other % whole) / half)
  const y = (one % half) ^ (other % half)
  if (x === 0) return "id"
  return contentFields.find((_, power) => times(x, power) === y) ?? "id"
}

const ofSkus = contentOf(skuKind)
/** The content of a command about a SKU, as an exact integer of 52 bits. */
export const contentHash = ofSkus.contentHash
/** What differs between two of them. */
export const differingField = ofSkus.differingField
