/**
 * What a program may set, checked when it is given. A patience of 0 or NaN would end every call before it was sent, one beyond what a timer holds at once; both looked like a cluster
 * that doesn't answer. A name that no option has, and an option that holds something else, would be passed over without a word. A mistake of the program is thrown as what JavaScript calls it, a
 * RangeError or a TypeError, not told as an operating error.
 */
import { fieldPath } from "../domain/field-path.ts"
import { nearestName, shownName } from "../domain/telling.ts"
import { readTraceparent } from "../domain/traces.ts"
import { nameCharsMax } from "../limits.ts"
import { usualPace } from "./pace.ts"

/** The longest that a timer waits: above it, it ends at once. */
export const timerMsMax = 2 ** 31 - 1

/** What a program gave, in a few words: of an object or a function only that it is one. */
export const shown = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(shortened(value))
  if (typeof value === "function") return "a function"
  if (typeof value !== "object" || value === null) return String(value)
  return Array.isArray(value) ? "a list" : "an object"
}

const shortened = (text: string): string => (text.length > nameCharsMax ? `${text.slice(0, nameCharsMax).toWellFormed()}…` : text)

/** Whether it is an object with names. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The names of a type's fields, each of them: the compiler asks for one that is forgotten. */
export const namesOf = <Options extends object>(each: Readonly<Record<keyof Options, true>>): ReadonlyArray<string> => Object.keys(each)

/** Throws a TypeError for a name that none of the options has, with the one that was most likely meant. A name that holds undefined was left out. `within`: the option that they are parts of. */
export const checkNames = (given: Readonly<Record<string, unknown>>, names: ReadonlyArray<string>, within?: string): void => {
  const path = (name: string) => (within === undefined ? name : fieldPath(within, name))
  for (const name of Object.keys(given)) {
    if (names.includes(name) || given[name] === undefined) continue
    const near = nearestName(name, names)
    const instead = near === undefined ? `: there are ${names.map(path).join(", ")}` : `; did you mean ${path(near)}?`
    throw new TypeError(`there is no option ${shownName(path(name))}${instead}`)
  }
}

/** Throws a TypeError for options that are no object, or have a name that none of them has. */
export const checkOptions = (what: string, given: unknown, names: ReadonlyArray<string>): void => {
  if (!isRecord(given)) throw new TypeError(`${what} are ${shown(given)}: they must be { ${names.join(", ")} }, as far as they are needed`)
  checkNames(given, names)
}

/** Throws if a number of milliseconds is none, or none that a timer can wait. Absent is fine. */
export const checkMs = (name: string, ms: unknown): void => {
  if (ms === undefined || (typeof ms === "number" && ms > 0 && ms <= timerMsMax)) return
  throw new RangeError(`${name} is ${shown(ms)}: it must be a number of milliseconds above 0, at most ${timerMsMax}`)
}

/** Throws a TypeError that names it if a callback is none. Absent is fine. */
export const checkCallback = (name: string, callback: unknown): void => {
  if (callback === undefined || typeof callback === "function") return
  throw new TypeError(`${name} is ${shown(callback)}: it must be a function`)
}

/** The trace a program names, as it travels. A text that is none is passed over, for it mostly is a header that somebody else wrote; throws a TypeError for what is no text. Absent is fine, and null: a header that isn't there. */
export const traceGiven = (traceparent: unknown): string | undefined => {
  if (traceparent === undefined || traceparent === null) return undefined
  if (typeof traceparent !== "string") throw new TypeError(`traceparent is ${shown(traceparent)}: it must be a text`)
  return readTraceparent(traceparent) ?? undefined
}

export interface Numbers {
  readonly timeoutMs: number
  readonly retryMs: number
  readonly retryMsMax: number
  readonly inFlightMax: number
}

const defaults: Numbers = { timeoutMs: 30_000, ...usualPace, inFlightMax: 4_096 }

type OptionalNumbers = { readonly [Name in keyof Numbers]?: number | undefined }

/** What was given, and the defaults of the rest. Throws if something is none that can be. */
export const numbersOf = (given: OptionalNumbers): Numbers => {
  for (const name of ["timeoutMs", "retryMs", "retryMsMax"] as const) checkMs(name, given[name])
  const inFlightMax = given.inFlightMax === undefined ? defaults.inFlightMax : given.inFlightMax
  if (!Number.isSafeInteger(inFlightMax) || inFlightMax < 1)
    throw new RangeError(`inFlightMax is ${shown(inFlightMax)}: it must be a whole number of commands, at least 1`)
  const retryMsMax = given.retryMsMax ?? Math.max(defaults.retryMsMax, given.retryMs ?? 0)
  const retryMs = given.retryMs ?? Math.min(defaults.retryMs, retryMsMax)
  if (retryMs > retryMsMax) throw new RangeError(`retryMs is ${retryMs}: it must not be above retryMsMax, which is ${retryMsMax}`)
  return { timeoutMs: given.timeoutMs ?? defaults.timeoutMs, retryMs, retryMsMax, inFlightMax }
}
