/**
 * Reads dates in a stated format, strictly: what doesn't fit the format, or isn't a day of the calendar, is no date.
 *
 * A format is a text of tokens: `YYYY YY`, `MMM` (Jan), `MM M`, `DD D`, `HH H` (0 to 23), `hh h` (1 to 12, with `A`), `mm m`, `ss s`, `SSS`, `A` (AM or PM)
 * and `Z` (`Z`, `UTC`, `+01:00`, `+0100` or `+01`), and `S`, a fraction of a second of any length. `T` and whatever is no letter stand for themselves, other text stands in brackets: `D [of] MMM YYYY`. Times without `Z` are UTC.
 * Two-digit years up to 69 are of this century. Dates are after the first moment of 1970.
 */
import type { EpochMs } from "../domain/names.ts"

type Field = "year" | "shortYear" | "monthName" | "month" | "day" | "hour" | "halfHour" | "minute" | "second" | "ms" | "half" | "offset"

/** Longest first, so that `MMM` is never read as `MM` and `M`. */
const tokens: ReadonlyArray<readonly [token: string, field: Field, pattern: string]> = [
  ["YYYY", "year", "\\d{4}"],
  ["YY", "shortYear", "\\d{2}"],
  ["MMM", "monthName", "[A-Za-z]{3}"],
  ["MM", "month", "\\d{2}"],
  ["M", "month", "\\d{1,2}"],
  ["DD", "day", "\\d{2}"],
  ["D", "day", "\\d{1,2}"],
  ["HH", "hour", "\\d{2}"],
  ["H", "hour", "\\d{1,2}"],
  ["hh", "halfHour", "\\d{2}"],
  ["h", "halfHour", "\\d{1,2}"],
  ["mm", "minute", "\\d{2}"],
  ["m", "minute", "\\d{1,2}"],
  ["SSSSSS", "ms", "\\d{6}"],
  ["SSS", "ms", "\\d{3}"],
  ["S", "ms", "\\d{1,9}"],
  ["ss", "second", "\\d{2}"],
  ["s", "second", "\\d{1,2}"],
  ["A", "half", "[AaPp][Mm]"],
  ["Z", "offset", "Z|UTC|GMT|[+-]\\d{2}(?::?\\d{2})?"],
]

const monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

/** A format, understood. `parse` gives the moment, or undefined where the text is no such date. */
export interface DateFormat {
  readonly _tag: "DateFormat"
  readonly parse: (text: string) => EpochMs | undefined
}

/** A format that isn't one; `detail` says what is wrong with it. */
export interface DateFormatUnknown {
  readonly _tag: "DateFormatUnknown"
  readonly detail: string
}

const isLeapYear = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

const daysInMonth = (year: number, month: number): number =>
  month === 2 ? (isLeapYear(year) ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31

/** Days from 1970-01-01 to a day of the Gregorian calendar. Years are counted from March, so that the leap day is the last of its year. */
const daysSince1970 = (year: number, month: number, day: number): number => {
  const marchYear = month <= 2 ? year - 1 : year
  const dayOfMarchYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  return marchYear * 365 + leapDays + dayOfMarchYear - 719_468
}

/** Minutes east of UTC, as `Z`, `UTC`, `+01:00`, `+0100` or `+01` say it. */
export const offsetMinutes = (text: string | undefined): number | undefined => {
  if (text === undefined || /^[A-Z]+$/.test(text)) return 0
  const digits = text.slice(1).replace(":", "")
  const hours = Number(digits.slice(0, 2))
  const minutes = Number(digits.slice(2) || "0")
  if (hours > 14 || minutes > 59) return undefined
  return (text.startsWith("-") ? -1 : 1) * (hours * 60 + minutes)
}

const hourOf = (found: ReadonlyMap<Field, string>): number | undefined => {
  const halfHour = found.get("halfHour")
  if (halfHour === undefined) {
    const hour = Number(found.get("hour") ?? "0")
    return hour <= 23 ? hour : undefined
  }
  const hour = Number(halfHour)
  if (hour < 1 || hour > 12) return undefined
  return (hour % 12) + (found.get("half")?.toLowerCase() === "pm" ? 12 : 0)
}

/** A year of two digits: up to 69 of this century. */
export const longYear = (short: string): number => Number(short) + (Number(short) <= 69 ? 2000 : 1900)

const yearOf = (found: ReadonlyMap<Field, string>): number => {
  const short = found.get("shortYear")
  return short === undefined ? Number(found.get("year")) : longYear(short)
}

const monthOf = (found: ReadonlyMap<Field, string>): number => {
  const name = found.get("monthName")
  return name === undefined ? Number(found.get("month")) : monthNamed(name)
}

/** The number of a month by the first three letters of its English name; 0 if there is none. */
export const monthNamed = (name: string): number => monthNames.indexOf(name.slice(0, 3).toLowerCase()) + 1

/** The parts of a date, as numbers. */
export interface Moment {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly ms: number
  readonly offsetMinutes: number
}

/** The moment, or undefined where the calendar or the clock has none. */
export const momentFrom = (at: Moment): EpochMs | undefined => {
  if (at.year < 1970 || at.month < 1 || at.month > 12 || at.day < 1 || at.day > daysInMonth(at.year, at.month)) return undefined
  if (at.hour > 23 || at.minute > 59 || at.second > 59) return undefined
  const minutes = (daysSince1970(at.year, at.month, at.day) * 24 + at.hour) * 60 + at.minute - at.offsetMinutes
  const atMs = (minutes * 60 + at.second) * 1000 + at.ms
  return atMs > 0 ? atMs : undefined
}

/** A fraction of a second, as its digits say it, in whole milliseconds. */
export const millisOf = (digits: string): number => Number(digits.slice(0, 3).padEnd(3, "0"))

const momentOf = (found: ReadonlyMap<Field, string>): EpochMs | undefined => {
  const hour = hourOf(found)
  const offset = offsetMinutes(found.get("offset"))
  if (hour === undefined || offset === undefined) return undefined
  return momentFrom({
    year: yearOf(found),
    month: monthOf(found),
    day: Number(found.get("day")),
    hour,
    minute: Number(found.get("minute") ?? "0"),
    second: Number(found.get("second") ?? "0"),
    ms: millisOf(found.get("ms") ?? ""),
    offsetMinutes: offset,
  })
}

const escaped = (literal: string): string => literal.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")

/** The format's parts, or what in it can't be understood. */
const compile = (format: string): { readonly fields: Array<Field>; readonly pattern: string } | string => {
  const fields: Array<Field> = []
  let pattern = ""
  let at = 0
  while (at < format.length) {
    const token = tokens.find(([text]) => format.startsWith(text, at))
    const close = format.startsWith("[", at) ? format.indexOf("]", at) : -1
    if (token !== undefined) {
      fields.push(token[1])
      pattern += `(${token[2]})`
      at += token[0].length
    } else if (close !== -1) {
      pattern += escaped(format.slice(at + 1, close))
      at = close + 1
    } else {
      const char = format.charAt(at)
      if (/[A-Za-z]/.test(char) && char !== "T") return `"${char}" is no token of a date format`
      pattern += escaped(char)
      at += 1
    }
  }
  return { fields, pattern }
}

const faultOf = (fields: ReadonlyArray<Field>): string | undefined => {
  const has = (field: Field): boolean => fields.includes(field)
  const once = (a: Field, b: Field): boolean => !(has(a) && has(b))
  if (new Set(fields).size < fields.length) return "it names the same part twice"
  if (!once("year", "shortYear") || !once("month", "monthName") || !once("hour", "halfHour")) return "it names the same part twice"
  if (!(has("year") || has("shortYear"))) return "it names no year (YYYY or YY)"
  if (!(has("month") || has("monthName"))) return "it names no month (MM, M or MMM)"
  if (!has("day")) return "it names no day (DD or D)"
  if (has("halfHour") !== has("half")) return "hours of 1 to 12 (h) and the half of the day (A) need each other"
  return undefined
}

/** Understands `format`, or says why not. */
export const dateFormat = (format: string): DateFormat | DateFormatUnknown => {
  const compiled = compile(format.trim())
  if (typeof compiled === "string") return { _tag: "DateFormatUnknown", detail: compiled }
  const fault = faultOf(compiled.fields)
  if (fault !== undefined) return { _tag: "DateFormatUnknown", detail: fault }
  const pattern = new RegExp(`^${compiled.pattern}$`)
  const parse = (text: string): EpochMs | undefined => {
    const match = pattern.exec(text.trim())
    if (match === null) return undefined
    const found = new Map<Field, string>()
    compiled.fields.forEach((field, i) => {
      const part = match[i + 1]
      if (part !== undefined) found.set(field, part)
    })
    return momentOf(found)
  }
  return { _tag: "DateFormat", parse }
}
