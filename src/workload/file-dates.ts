/**
 * Reads the dates of a file: in the format that somebody states, or in the forms that leave no doubt. Decides for the file as a whole whether a day or a month stands
 * first, where some date in it says so; where none does, it asks.
 *
 * Forms: year first with `-`, `/` or `.`, or without any; day, month and year in either order; months by their English names; each with a time, fractions of a second and a zone. Whole
 * columns of numbers are Excel's days or seconds since 1970. Why this is no library's: ADR 16.
 */
import type { EpochMs } from "../domain/names.ts"
import { shown } from "../domain/telling.ts"
import { dateFormat, longYear, millisOf, momentFrom, monthNamed, offsetMinutes } from "./date-format.ts"
import { type FileFault, fault } from "./file-fault.ts"

/** How the dates of a file are read. */
export interface FileDates {
  readonly _tag: "FileDates"
  /** The moment, or what is the matter with the text, in words. */
  readonly parse: (text: string) => EpochMs | string
  /** What was guessed, as sentences. */
  readonly guesses: ReadonlyArray<string>
}

interface Day {
  readonly year: number
  readonly month: number
  readonly day: number
}

const yearFirst = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)/
const compact = /^(\d{4})(\d{2})(\d{2})(?=T|\s|$)/
const yearLast = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?!\d)/
const dayAndName = /^(\d{1,2})[-. /]{1,2}([A-Za-z]{3,9})\.?[-., /]{1,2}(\d{4}|\d{2})(?!\d)/
const nameAndDay = /^([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})(?!\d)/
const weekday = /^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? +/i
const clock = /^(?:T|,?\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:\s*([AaPp])\.?[Mm]\.?)?/
const zone = /^\s*(?:(Z|UTC|GMT)|(?:UTC|GMT)?([+-]\d{2}(?::?\d{2})?)|(PST|PDT|MST|MDT|EST|EDT|CET|CEST))$/i

/** Hours east of UTC. Only zones of one meaning, as Amazon's reports name them. */
const zoneHours: Readonly<Record<string, number>> = { PST: -8, PDT: -7, MST: -7, MDT: -6, EST: -5, EDT: -4, CET: 1, CEST: 2 }

type DayOrder = "dayFirst" | "monthFirst" | null

const yearOf = (digits: string): number => (digits.length === 2 ? longYear(digits) : Number(digits))

/** The day that a text begins with, and what follows it. */
const dayOf = (text: string, order: DayOrder): { readonly day: Day; readonly rest: string } | undefined => {
  const found = (match: RegExpExecArray, year: string, month: number, day: string) => ({
    day: { year: yearOf(year), month, day: Number(day) },
    rest: text.slice(match[0].length),
  })
  const first = yearFirst.exec(text)
  if (first !== null) return found(first, first[1] as string, Number(first[3]), first[4] as string)
  const close = compact.exec(text)
  if (close !== null) return found(close, close[1] as string, Number(close[2]), close[3] as string)
  const last = yearLast.exec(text)
  if (last !== null) {
    const isDayFirst = last[2] === "." ? order !== "monthFirst" : order === "dayFirst"
    if (last[2] !== "." && order === null) return undefined
    const [a = "", b = ""] = [last[1], last[3]]
    return found(last, last[4] as string, Number(isDayFirst ? b : a), isDayFirst ? a : b)
  }
  const named = dayAndName.exec(text)
  if (named !== null) return found(named, named[3] as string, monthNamed(named[2] as string), named[1] as string)
  const american = nameAndDay.exec(text)
  if (american !== null) return found(american, american[3] as string, monthNamed(american[1] as string), american[2] as string)
  return undefined
}

const zoneMinutes = (rest: string): number | undefined => {
  if (rest.trim() === "") return 0
  const match = zone.exec(rest)
  if (match === null) return undefined
  const named = zoneHours[(match[3] ?? "").toUpperCase()]
  return named === undefined ? offsetMinutes(match[2]) : named * 60
}

/** The hour of 24, or NaN. */
const hourOf = (hour: string, half: string | undefined): number => {
  if (half === undefined) return Number(hour)
  return Number(hour) < 1 || Number(hour) > 12 ? Number.NaN : (Number(hour) % 12) + (/p/i.test(half) ? 12 : 0)
}

const notUnderstood = "is no date in a form that is understood"
const noSuchDay = "is no day of the calendar, or no time of a day"

const parsed = (text: string, order: DayOrder): EpochMs | string => {
  const plain = text.trim().replace(weekday, "")
  const found = dayOf(plain, order)
  if (found === undefined) return notUnderstood
  const time = clock.exec(found.rest)
  const [whole = "", hour = "0", minute = "0", second = "0", fraction = "", half] = time ?? []
  const offset = zoneMinutes(found.rest.slice(whole.length))
  if (offset === undefined) return notUnderstood
  const hours = hourOf(hour, half)
  if (Number.isNaN(hours)) return noSuchDay
  const moment = {
    ...found.day,
    hour: hours,
    minute: Number(minute),
    second: Number(second),
    ms: millisOf(fraction),
    offsetMinutes: offset,
  }
  return momentFrom(moment) ?? noSuchDay
}

/** Whether a text is a date or a moment in any of the forms, whatever stands first. */
export const isDate = (text: string): boolean =>
  numeric.some(([form]) => form.test(text)) ||
  (["dayFirst", "monthFirst"] as const).some((order) => typeof parsed(text, order) === "number")

/** What the dates of a file say about its order of day and month. */
interface DateEvidence {
  dayFirst?: string
  monthFirst?: string
  /** One that may be either. */
  either?: string
  dotted?: string
}

const judge = (text: string, evidence: DateEvidence): void => {
  const match = yearLast.exec(text.trim().replace(weekday, ""))
  if (match === null) return
  const [a, b] = [Number(match[1]), Number(match[3])]
  if (a > 12 && b <= 12) evidence.dayFirst ??= text
  else if (b > 12 && a <= 12) evidence.monthFirst ??= text
  else if (match[2] === ".") evidence.dotted ??= text
  else evidence.either ??= text
}

const excelDay = /^\d{5}(?:\.\d{1,15})?$/
const unixSeconds = /^\d{10}$/
const unixMillis = /^\d{13}$/

/** Columns of numbers, by what every value of them is. */
const numeric: ReadonlyArray<readonly [form: RegExp, ms: (text: string) => number, guess: string]> = [
  // The 1900 system: day 25,569 is the first of 1970.
  [excelDay, (text) => Math.round((Number(text) - 25_569) * 86_400) * 1_000, "the dates are Excel's numbers of days"],
  [unixSeconds, (text) => Number(text) * 1_000, "the dates are seconds since 1970"],
  [unixMillis, Number, "the dates are milliseconds since 1970"],
]

const quoted = (text: string | undefined): string => `"${shown(text ?? "")}"`

const inFormat = (format: string): FileDates | FileFault => {
  const compiled = dateFormat(format)
  if (compiled._tag === "DateFormatUnknown")
    return fault("UnknownDateFormat", `"${shown(format)}" is no date format: ${compiled.detail}; D/M/YYYY H:mm is one`, "date")
  const parse: FileDates["parse"] = (text) => compiled.parse(text) ?? `is no date, or not in the form ${format}`
  return { _tag: "FileDates", parse, guesses: [] }
}

const orderOf = (evidence: DateEvidence): { readonly order: DayOrder; readonly guess: string | null } | FileFault => {
  const { dayFirst, monthFirst, either, dotted } = evidence
  if (dayFirst !== undefined && monthFirst !== undefined) {
    const detail = `${quoted(dayFirst)} has the day first and ${quoted(monthFirst)} the month: say which is meant, such as D/M/YYYY or M/D/YYYY H:mm`
    return fault("DateFormatNeeded", detail, "date")
  }
  if (dayFirst !== undefined) return { order: "dayFirst", guess: `the day stands before the month, as in ${quoted(dayFirst)}` }
  if (monthFirst !== undefined) return { order: "monthFirst", guess: `the month stands before the day, as in ${quoted(monthFirst)}` }
  if (either !== undefined) {
    const detail = `dates like ${quoted(either)} can be read with the day or the month first: say which is meant, such as D/M/YYYY or M/D/YYYY H:mm`
    return fault("DateFormatNeeded", detail, "date")
  }
  return { order: null, guess: dotted === undefined ? null : `the day stands before the month, as dots are used: ${quoted(dotted)}` }
}

/**
 * How to read the dates among `values`, which are all that aren't blank. `others` are of other columns of dates, in the same way of writing. `format` is in the
 * language of date-format.ts.
 */
export const datesOf = (values: ReadonlyArray<string>, others: Iterable<string>, format: string | undefined): FileDates | FileFault => {
  if (format !== undefined) return inFormat(format)
  const first = values[0]
  for (const [form, ms, guess] of first === undefined ? [] : numeric) {
    if (!values.every((value) => form.test(value))) continue
    const parse: FileDates["parse"] = (text) => (form.test(text) && ms(text) > 0 ? ms(text) : notUnderstood)
    return { _tag: "FileDates", parse, guesses: [guess] }
  }
  const evidence: DateEvidence = {}
  for (const value of values) judge(value, evidence)
  const isDoubtful = evidence.either !== undefined && evidence.dayFirst === undefined && evidence.monthFirst === undefined
  if (isDoubtful) for (const value of others) judge(value, evidence)
  const decided = orderOf(evidence)
  if ("_tag" in decided) return decided
  const parse: FileDates["parse"] = (text) => parsed(text, decided.order)
  if (first !== undefined && !values.some((value) => typeof parse(value) === "number")) {
    const detail = `none of its dates can be read: ${quoted(first)} ${parse(first)}; say how they are written, such as D/M/YYYY H:mm:ss`
    return fault("DateFormatNeeded", detail, "date")
  }
  return { _tag: "FileDates", parse, guesses: decided.guess === null ? [] : [decided.guess] }
}
