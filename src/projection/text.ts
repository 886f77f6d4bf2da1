/**
 * How values are spelled for the tables: times, months, and JSON that a database takes.
 */
import type { EpochMs } from "../domain/names.ts"

/** A time as the database reads it. */
export const instantOf = (ms: EpochMs): string => new Date(ms).toISOString()

/** The month that a time lies in, of the broker's clock and in UTC: `2026-11`. */
export const monthOf = (ms: EpochMs): string => instantOf(ms).slice(0, -17)

/** Postgres keeps no character zero and no half of a character, in text and in JSON alike. A command's words for people may hold either. */
export const keptText = (text: string): string => text.replaceAll("\u0000", "\uFFFD").toWellFormed()

const zero = "\\u0000"
const half = "\\ud"

const kept = (_: string, value: unknown): unknown => (typeof value === "string" ? keptText(value) : value)

/** A value as JSON text. */
export const jsonOf = (value: unknown): string => {
  const text = JSON.stringify(value)
  return text.includes(zero) || text.includes(half) ? JSON.stringify(value, kept) : text
}

/** JSON text that somebody else wrote. */
export const keptJson = (text: string): string =>
  text.includes(zero) || text.includes(half) ? JSON.stringify(JSON.parse(text, kept)) : text

/** A value's JSON with the keys of every object in order: equal for what is equal. */
export const orderedJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(orderedJson).join(",")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${fields.map(([name, one]) => `${JSON.stringify(name)}:${orderedJson(one)}`).join(",")}}`
}
