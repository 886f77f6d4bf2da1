/**
 * JSON in UTF-8: bytes to a value, or why not. Never throws.
 *
 * What comes from senders is read strictly. JSON.parse takes the last of two equal keys and any depth. Two readers that pick different ones would see different commands under one
 * id, so equal keys are refused here, and so is a depth that no message of ours has. A number with an exponent (1e9) is refused because
 * written out it is longer: without it, the canonical text of a command is never longer than what was sent, and a record can be bounded by
 * that. A number with a fraction that JSON.parse rounds away is refused too, for only the text shows that it was none of ours. What JSON.parse makes of `__proto__` is an own property like any other; the Schemas refuse it as unknown.
 */

/** No message of ours is nested deeper than this, by far. */
const depthMax = 16

/** A value of JSON, or why some bytes are none. */
export type ParsedJson =
  | { readonly _tag: "Parsed"; readonly value: unknown }
  /** `key`: the key that stands twice in one object, where that is why. `at`: where in the text what is JSON is refused. */
  | { readonly _tag: "Refused"; readonly cause: string; readonly key?: string; readonly at?: number }

// The byte order mark is kept so that JSON.parse refuses it.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** The value of a JSON text in UTF-8. `closing`: what is to be put behind it, where it was cut off. */
export const parseJson = (bytes: Uint8Array, closing = ""): ParsedJson => {
  const text = textOf(bytes)
  return text === undefined ? { _tag: "Refused", cause: "not UTF-8" } : parsed(text + closing)
}

/** As {@link parseJson}, for what foreigners wrote: no key twice in an object, no absurd depth, no exponent, no number that is read as another whole one. */
export const parseStrictJson = (bytes: Uint8Array): ParsedJson => {
  const text = textOf(bytes)
  if (text === undefined) return { _tag: "Refused", cause: "not UTF-8" }
  const found = parsed(text)
  return found._tag === "Refused" ? found : (refusalOf(text) ?? found)
}

const textOf = (bytes: Uint8Array): string | undefined => {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

const parsed = (text: string): ParsedJson => {
  try {
    return { _tag: "Parsed", value: JSON.parse(text) }
  } catch {
    return { _tag: "Refused", cause: "not JSON" }
  }
}

/** Walks a text that is known to be JSON. */
const refusalOf = (text: string): ParsedJson | undefined => {
  /** For each open bracket the keys seen in it; null for an array. */
  const open: Array<Set<string> | null> = []
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === 0x22) {
      const end = stringEnd(text, at)
      const keys = open[open.length - 1]
      if (keys && isKey(text, end)) {
        const key = keyOf(text.slice(at, end))
        if (keys.has(key)) return { _tag: "Refused", cause: "a key twice in one object", key, at }
        keys.add(key)
      }
      at = end - 1
    } else if (char === 0x7b || char === 0x5b) {
      if (open.length === depthMax) return { _tag: "Refused", cause: `nested deeper than ${depthMax}`, at }
      open.push(char === 0x7b ? new Set() : null)
    } else if (char === 0x7d || char === 0x5d) open.pop()
    else if ((char === 0x65 || char === 0x45) && isDigit(text.charCodeAt(at - 1)))
      return { _tag: "Refused", cause: "a number with an exponent", at }
    else if (char === 0x2e && isLost(text, at)) return { _tag: "Refused", cause: "a number with a fraction too small to be read", at }
  }
  return undefined
}

/** Whether the number with this point has a fraction, and is read as a whole number all the same: 1.0000000000000000001 would be 1. */
const isLost = (text: string, point: number): boolean => {
  let end = point + 1
  while (isDigit(text.charCodeAt(end))) end++
  if (!/[1-9]/.test(text.slice(point + 1, end))) return false
  let start = point
  while (isDigit(text.charCodeAt(start - 1)) || text.charCodeAt(start - 1) === 0x2d) start--
  return Number.isInteger(Number(text.slice(start, end)))
}

const isDigit = (char: number): boolean => char >= 0x30 && char <= 0x39

/** The index after the closing quote of the string that opens at `at`. */
const stringEnd = (text: string, at: number): number => {
  let end = text.indexOf('"', at + 1)
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end + 1
}

/** Whether an odd number of backslashes stands before `at`. */
const isEscaped = (text: string, at: number): boolean => {
  let start = at
  while (text.charCodeAt(start - 1) === 0x5c) start--
  return (at - start) % 2 === 1
}

/** Whether a colon follows, white space aside. */
const isKey = (text: string, from: number): boolean => {
  let at = from
  for (;;) {
    const char = text.charCodeAt(at)
    if (char !== 0x20 && char !== 0x0a && char !== 0x0d && char !== 0x09) return char === 0x3a
    at++
  }
}

/** Two spellings of a key are one key. */
const keyOf = (quoted: string): string => (quoted.includes("\\") ? String(JSON.parse(quoted)) : quoted.slice(1, -1))

/** Whether a form has the version of a newer release: a whole number above `known`. Any other number is damage, which nobody steps aside for. */
export const isNewer = (version: unknown, known: number): version is number => Number.isSafeInteger(version) && Number(version) > known
