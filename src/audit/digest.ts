/**
 * What an audit keeps of a text instead of the text: 128 bits of its SHA-256. And of a thing with fields: their sum, and the line it lies on.
 *
 * That two texts out of a billion have one digest has a chance of less than 1 in 10²⁰, and nobody can make two that have.
 * The sum, over the fields, of the digests of their name and value says whether two things are equal. The line is the sum of aᵢ·x, where x is the lower half of a field's digest and aᵢ the field's own multiplier in GF(2⁶⁴):
 * things that differ in one field differ by a point of that field's line and of no other's, so the field can be named without the former value. That a difference of several fields lies on the line of
 * one has a chance of 1 in 2⁶⁴ each time that it is asked.
 */
import { assert } from "../assert.ts"
import { sha256Words } from "../wire/hash.ts"
import { textOf } from "./plain.ts"

/** 128 bits of a text's SHA-256, as four integers. */
export type Digest = readonly [number, number, number, number]
/** 64 bits of a digest, as two integers. */
export type Half = readonly [number, number]

/** The digest of a text. */
export const digestOf = (text: string): Digest => sha256Words(text)

/** Whether two digests are equal. */
export const isSameDigest = (one: Digest, other: Digest): boolean =>
  one[0] === other[0] && one[1] === other[1] && one[2] === other[2] && one[3] === other[3]

/** The digest that stands for no text. */
const noDigest: Digest = [0, 0, 0, 0]
const noHalf: Half = [0, 0]

/** The difference of two digests, and the sum: the same operation. */
const sumOf = (one: Digest, other: Digest): Digest => [one[0] ^ other[0], one[1] ^ other[1], one[2] ^ other[2], one[3] ^ other[3]]
/** The sum of two halves, which is their difference too. */
const halfSum = (one: Half, other: Half): Half => [one[0] ^ other[0], one[1] ^ other[1]]
/** The lower half. */
const halfOf = (digest: Digest): Half => [digest[2], digest[3]]
const isNone = (half: Half): boolean => half[0] === 0 && half[1] === 0

/** A half times x to a power, in GF(2⁶⁴) by x⁶⁴ + x⁴ + x³ + x + 1. */
const times = (half: Half, power: number): Half => {
  let [high, low] = half
  for (let i = 0; i < power; i++) {
    const carry = high < 0 ? 0x1b : 0
    high = (high << 1) | (low >>> 31)
    low = (low << 1) ^ carry
  }
  return [high, low]
}

/** What the fields of a thing come to. */
export interface FieldsDigest {
  readonly sum: Digest
  readonly line: Half
}

interface FieldDigest {
  readonly digest: Digest
  readonly point: Half
}

/** Digests of fields that are kept at hand: quantities and reasons are mostly the same ones. */
const fieldsKept = 4_096
/** Powers of x below this are all different; there are some thirty names of fields. */
const namesMax = 64

/** Digests of things by their fields, with the numbers that stand for the fields' names in this audit. */
export const createFieldDigests = () => {
  const powers = new Map<string, number>()
  const kept = new Map<string, FieldDigest>()
  const powerOf = (name: string): number => {
    const known = powers.get(name)
    if (known !== undefined) return known
    const power = powers.size
    assert(power < namesMax, "commands and outcomes have few names of fields")
    powers.set(name, power)
    return power
  }
  const fieldOf = (name: string, value: unknown): FieldDigest => {
    const text = `${name}\n${textOf(value)}`
    const known = kept.get(text)
    if (known !== undefined) return known
    const digest = digestOf(text)
    const field = { digest, point: times(halfOf(digest), powerOf(name)) }
    if (kept.size === fieldsKept) kept.clear()
    kept.set(text, field)
    return field
  }
  return {
    field: (name: string, value: unknown): Digest => fieldOf(name, value).digest,
    /** Of the fields that `counts` says count; those that are undefined never do. */
    fields: (thing: object, counts: (name: string, value: unknown) => boolean): FieldsDigest => {
      let sum = noDigest
      let line = noHalf
      for (const name of Object.keys(thing)) {
        const value: unknown = Reflect.get(thing, name)
        if (value === undefined || !counts(name, value)) continue
        const { digest, point } = fieldOf(name, value)
        sum = sumOf(sum, digest)
        line = halfSum(line, point)
      }
      return { sum, line }
    },
    /** The one field that two things differ in, `null` where several do; undefined: they are equal. */
    differing: (one: FieldsDigest, other: FieldsDigest): string | null | undefined => {
      if (isSameDigest(one.sum, other.sum)) return undefined
      const difference = halfOf(sumOf(one.sum, other.sum))
      const line = halfSum(one.line, other.line)
      for (const [name, power] of powers) if (isNone(halfSum(times(difference, power), line))) return name
      return null
    },
  }
}
