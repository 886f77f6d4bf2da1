/**
 * JSON as somebody gives it on the command line or in a file: read as strictly as the owner of a SKU reads it, for what is passed over here is another command there. Says where it is wrong.
 * What a command is, isn't decided here.
 */
import * as Effect from "effect/Effect"
import { shown } from "../domain/telling.ts"
import { parseStrictJson } from "../wire/json.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"

/** A value, and how to say where it stands among others: empty for one alone. */
export interface GivenJson {
  readonly value: unknown
  readonly where: string
}

/** Why a text has no value; `isJson`: it is JSON, and refused for what it says. */
interface Wrong {
  readonly why: string
  readonly isJson: boolean
}

type ReadJson = { readonly value: unknown } | Wrong

const causeCharsMax = 160

/** The parser's own words, which quote what is around the fault. */
const parserWords = (text: string): string => {
  try {
    JSON.parse(text)
    return "no JSON"
  } catch (error) {
    return `no JSON: ${shown(error instanceof Error ? error.message : String(error), causeCharsMax)}`
  }
}

/** The field whose number is refused at `at` for `cause`, and the number. */
const numberAt = (text: string, at: number, cause: string): string => {
  const field = /"((?:[^"\\]|\\.)*)"\s*:\s*-?[0-9.]*$/.exec(text.slice(0, at))?.[1]
  const number = `${/[-0-9.]*$/.exec(text.slice(0, at))?.[0] ?? ""}${/^[eE.][-+]?[0-9]*/.exec(text.slice(at))?.[0] ?? ""}`
  return `${field === undefined ? "" : `"${shown(field)}" is `}${cause} (${shown(number)})`
}

const read = (text: string): ReadJson => {
  const found = parseStrictJson(new TextEncoder().encode(text))
  if (found._tag === "Parsed") return found
  const { cause, key, at } = found
  if (at === undefined) return { why: parserWords(text), isJson: false }
  const line = text.slice(0, at).split("\n").length
  const where = text.trim().includes("\n") ? `line ${line}: ` : ""
  if (key !== undefined) return { why: `${where}"${shown(key)}" stands twice in one object`, isJson: true }
  return { why: `${where}${cause.startsWith("a number ") ? numberAt(text, at, cause) : cause}`, isJson: true }
}

const usage = (message: string) => new CommandFailed({ code: exitCode.usage, message })

/** A file's text, or why it has none. The mark that Windows writes before UTF-8 is no part of it. */
const textOf = (bytes: Uint8Array): string | Wrong => {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return { why: "UTF-16: save it as UTF-8", isJson: false }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    return { why: "not UTF-8", isJson: false }
  }
}

/** One value. `flag`: what it was given to. */
export const oneJson = (bytes: Uint8Array, flag: string): Effect.Effect<unknown, CommandFailed> => {
  const text = textOf(bytes)
  const found = typeof text === "string" ? read(text) : text
  return "value" in found ? Effect.succeed(found.value) : Effect.fail(usage(`${flag}: ${found.why}`))
}

/** Whether a text that isn't JSON as a whole was meant to be: it opens a bracket that it doesn't close on the same line. */
const isMeantAsOne = (lines: ReadonlyArray<string>): boolean => {
  const [first = ""] = lines
  return lines.length === 1 || first.trim() === "{" || first.trimStart().startsWith("[")
}

/** The values of a JSON array, one value that is none, or one a line. `flag`: what it was given to. */
export const severalJson = (bytes: Uint8Array, flag: string): Effect.Effect<ReadonlyArray<GivenJson>, CommandFailed> => {
  const text = textOf(bytes)
  if (typeof text !== "string") return Effect.fail(usage(`${flag}: ${text.why}`))
  const whole = read(text)
  if ("value" in whole) {
    if (!Array.isArray(whole.value)) return Effect.succeed([{ value: whole.value, where: "" }])
    const all: ReadonlyArray<unknown> = whole.value
    return Effect.succeed(all.map((value, at) => ({ value, where: all.length === 1 ? "" : `command ${at + 1} of ${all.length}: ` })))
  }
  const lines = text.split("\n")
  const filled = lines.filter((line) => line.trim() !== "")
  if (filled.length === 0) return Effect.succeed([])
  if (whole.isJson || isMeantAsOne(filled)) return Effect.fail(usage(`${flag}: ${whole.why}`))
  const values: Array<GivenJson> = []
  for (const [at, line] of lines.entries()) {
    if (line.trim() === "") continue
    const found = read(line)
    if (!("value" in found)) return Effect.fail(usage(`${flag}: line ${at + 1}: ${found.why}`))
    values.push({ value: found.value, where: `line ${at + 1}: ` })
  }
  return Effect.succeed(values)
}
