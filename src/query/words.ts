/**
 * How times, places and lists of names stand in the sentences of answers about the past.
 */
import { DateTime } from "effect"
import type { EpochMs } from "../domain/names.ts"

/** A moment as people read it, to the millisecond. */
export const isoTime = (ms: EpochMs): string => DateTime.formatIso(DateTime.makeUnsafe(ms))

/** `a`, `a and b`, `a, b and c`. */
export const listed = (names: ReadonlyArray<string>): string =>
  names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`
