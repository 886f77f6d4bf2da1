/**
 * The numbers a program may set, checked when they are given. A patience of 0 or NaN would end every call before it was sent, one beyond what a timer holds at once; both looked like a cluster
 * that doesn't answer. A mistake of the program is thrown as what JavaScript calls it, a RangeError, not told as an operating error.
 */
import { readTraceparent } from "../domain/traces.ts"
import { usualPace } from "./pace.ts"

/** The longest that a timer waits: above it, it ends at once. */
export const timerMsMax = 2 ** 31 - 1

const shown = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value)
  return typeof value === "object" && value !== null ? "an object" : String(value)
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
