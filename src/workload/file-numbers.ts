/**
 * Reads the quantities of a file: whole numbers, as people and programs write them. Decides what a dot before three digits means, for the file as a whole.
 *
 * `1.000` is a thousand to one half of the world, and one with three decimals to the other. It is read where something else in the file says which, and asked about where
 * nothing does. What isn't plainly a whole number is none: nothing is rounded.
 */

import { shown } from "../domain/telling.ts"
import { type FileFault, fault } from "./file-fault.ts"

/** What stands before decimals. The other one groups thousands. */
export const DecimalMark = [".", ","] as const
export type DecimalMark = (typeof DecimalMark)[number]

const plain = /^([+-]?\d{1,15})(?:\.0+)?$/
/** Not three zeros after a comma: that may be a thousand. */
const plainComma = /^([+-]?\d{1,15}),(?:0{1,2}|0{4,})$/
const dotGroups = /^([+-]?\d{1,3}(?:\.\d{3})+)(?:,0+)?$/
const commaGroups = /^([+-]?\d{1,3}(?:,\d{3})+)(?:\.0+)?$/
const commaDecimals = /^([+-]?\d{1,15}),0+$/

// Adding 0 makes of -0 what everybody means by it.
const numberOf = (digits: string | undefined): number | undefined =>
  digits === undefined ? undefined : Number(digits.replace(/[.,]/g, "")) + 0

/** A whole number as files write it (`6`, `-6`, `6.0`), or undefined. */
export const wholeOf = (text: string): number | undefined => numberOf(plain.exec(text)?.[1])

/** How the numbers of a file are read. */
export interface FileNumbers {
  readonly _tag: "FileNumbers"
  readonly parse: (text: string) => number | undefined
  /** Whether a text that is none here would be one where somebody says which mark stands before decimals. */
  readonly isUnclear: (text: string) => boolean
  /** What was guessed, as a sentence; null: nothing had to be. */
  readonly guess: string | null
}

const dotThree = /^[+-]?\d{1,3}(?:\.\d{3})+$/
/** A dot before three digits that can't be decimals of a whole number. */
const surelyGroups = /^[+-]?(?!0\.)\d{1,3}(?:(?:\.\d{3}){2,}|\.(?!000$)\d{3})$/
/** A dot that can't group thousands. */
const surelyDecimal = /^[+-]?(?:\d+\.(?!\d{3}$)\d*|0\.\d+|\d{4,}\.\d+)$/
/** A comma that can't group thousands: it stands before decimals, and a dot doesn't. */
const commaDecimal = /^[+-]?\d+,(?!\d{3}$)\d+$/
const dotAndComma = /^[+-]?\d{1,3}(?:\.\d{3})+,\d+$/

const byDots: FileNumbers["parse"] = (text) =>
  wholeDotGroups(text) ?? (text.includes(".") ? undefined : (wholeOf(text) ?? numberOf(plainComma.exec(text)?.[1])))
const wholeDotGroups = (text: string): number | undefined => numberOf(dotGroups.exec(text)?.[1])

const asAsked = (mark: DecimalMark): FileNumbers => ({
  _tag: "FileNumbers",
  parse: (text) =>
    mark === "."
      ? (wholeOf(text) ?? numberOf(commaGroups.exec(text)?.[1]))
      : (wholeDotGroups(text) ?? (text.includes(".") ? undefined : (wholeOf(text) ?? numberOf(commaDecimals.exec(text)?.[1])))),
  isUnclear: () => false,
  guess: null,
})

const asked = DecimalMark.map(asAsked)
const isUnclear: FileNumbers["isUnclear"] = (text) => asked.some(({ parse }) => parse(text) !== undefined)

const quoted = (text: string): string => `"${shown(text)}"`

/** How to read the quantities among `values`, which are all of them. */
export const numbersOf = (values: Iterable<string>, mark: DecimalMark | undefined, column: string): FileNumbers | FileFault => {
  if (mark !== undefined) return asAsked(mark)
  let doubtful: string | undefined
  let groups: string | undefined
  let decimals: string | undefined
  let commas: string | undefined
  for (const value of values) {
    if (dotThree.test(value)) doubtful ??= value
    if (surelyGroups.test(value) || dotAndComma.test(value)) groups ??= value
    if (commaDecimal.test(value)) commas ??= value
    if (surelyDecimal.test(value)) decimals ??= value
  }
  const parse: FileNumbers["parse"] = (text) => wholeOf(text) ?? numberOf(plainComma.exec(text)?.[1])
  const plainly: FileNumbers = { _tag: "FileNumbers", parse, isUnclear, guess: null }
  if (doubtful === undefined && groups === undefined) return plainly
  // Where no dot shows what it is, a comma that stands before decimals does.
  groups ??= decimals === undefined ? commas : undefined
  if (groups !== undefined && decimals === undefined)
    return { _tag: "FileNumbers", parse: byDots, isUnclear, guess: `a dot in the ${column} groups thousands, as ${quoted(groups)} says` }
  if (groups === undefined && decimals !== undefined)
    return { ...plainly, guess: `${quoted(doubtful ?? "")} in the ${column} has decimals, as ${quoted(decimals)} has, and is no thousand` }
  const beside = groups === undefined ? "" : `, and ${quoted(groups)} stands beside ${quoted(decimals ?? "")}`
  const detail = `${quoted(doubtful ?? groups ?? "")} in the ${column} may be with a dot for thousands or for decimals${beside}: say which mark stands before decimals`
  return fault("DecimalMarkNeeded", detail, column)
}
