/**
 * Steps over bytes that are expected to be spelled in one way: literals, names and whole numbers, straight from the bytes.
 *
 * What reads with it (reader.ts, record-reader.ts) knows what may come; nothing here knows a message. One text is read at a time, to its end, so the place reached
 * is module state: nothing is allocated but names. Only ASCII is taken; whatever doesn't fit is left where it is, for somebody slower.
 */
import { payloadBytesMax } from "../limits.ts"

/** Longer than any literal: a comparison may look behind the end. */
const slackBytes = 64
const bytes = Buffer.alloc(payloadBytesMax + slackBytes)
const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
/** All of it, one character a byte: right wherever it is ASCII, and nothing else is taken. */
let text = ""
let length = 0
let at = 0

// Characters by what they may stand in.
export const inId = 1
export const inSku = 2
export const inSender = 4
/** Whatever a JSON string holds as it is. */
export const inText = 8
const classes = new Uint8Array(256)
const letters = "abcdefghijklmnopqrstuvwxyz"
const addTo = (charClass: number, chars: string): void => {
  for (const char of chars) classes[char.charCodeAt(0)] = (classes[char.charCodeAt(0)] ?? 0) | charClass
}
addTo(inId, `${letters}${letters.toUpperCase()}0123456789_-.:`)
addTo(inSender, `${letters}0123456789_-`)
for (let char = 0x20; char < 0x7f; char++) if (char !== 0x22 && char !== 0x5c) addTo(inText | inSku, String.fromCharCode(char))

/** A text to step over, as words: comparing four bytes at once is what makes literals, more than half of what is read, cheap. */
export interface Literal {
  readonly length: number
  readonly words: Int32Array
  /** The last word overlaps the one before, or is a part of one. */
  readonly lastAt: number
  readonly lastMask: number
  readonly last: number
}

/** A text as it is stepped over. */
export const literal = (chars: string): Literal => {
  const padded = Buffer.alloc(chars.length + 4)
  padded.write(chars, "latin1")
  const lastAt = Math.max(0, chars.length - 4)
  const words = Int32Array.from({ length: Math.floor(lastAt / 4) + (lastAt > 0 ? 1 : 0) }, (_, i) => padded.readInt32LE(4 * i))
  const lastMask = chars.length >= 4 ? -1 : 2 ** (8 * chars.length) - 1
  return { length: chars.length, words, lastAt, lastMask, last: padded.readInt32LE(lastAt) & lastMask }
}

/** Begins to read these bytes; undefined if they are more than any message's. They are copied: whoever gave them may change them. */
export const beginScan = (source: Uint8Array): string | undefined => {
  if (source.length > payloadBytesMax) return undefined
  bytes.set(source)
  // Ends every scan: no class, no digit and no literal has it.
  bytes[source.length] = 0
  length = source.length
  text = bytes.toString("latin1", 0, length)
  at = 0
  return text
}

/** The place reached. */
export const placeReached = (): number => at
/** Goes on from that place. */
export const goTo = (place: number): void => {
  at = place
}
/** The byte that comes next; 0 at the end. */
export const nextByte = (): number => bytes[at] ?? 0

/** What was read between two places, as a text of its own. */
export const textBetween = (start: number, end: number): string => bytes.toString("latin1", start, end)

/** The bytes between two places; they are another's as soon as something else is read. */
export const bytesBetween = (start: number, end: number): Uint8Array => bytes.subarray(start, end)

/** Steps over `next` if it is what comes next. */
export const take = (next: Literal): boolean => {
  const start = at
  const words = next.words
  for (let i = 0; i < words.length; i++) if (view.getInt32(start + 4 * i, true) !== words[i]) return false
  if ((view.getInt32(start + next.lastAt, true) & next.lastMask) !== next.last) return false
  at = start + next.length
  return true
}

/**
 * The name that comes next, "" if none does or it is too long. Short ones are copied by V8 anyway; a longer slice would keep the whole text
 * alive for as long as the name is remembered, so it is copied out of the bytes.
 */
export const takeName = (charClass: number, charsMax: number): string => {
  const start = at
  let end = start
  while (((classes[bytes[end] ?? 0] ?? 0) & charClass) !== 0) end++
  if (end - start > charsMax) return ""
  at = end
  return end - start < 13 ? text.slice(start, end) : bytes.toString("latin1", start, end)
}

/** Steps over a name if it is the one that comes next: it need not be made again. */
export const takeAgain = (name: string): boolean => {
  const start = at
  const end = start + name.length
  if (bytes[end] !== 0x22) return false
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name.charCodeAt(i)) return false
  at = end
  return end > start
}

/** The whole number that comes next, 0 if none from 1 to `maximum` does. Fifteen digits at most, so it is exact. */
export const takeWhole = (maximum: number): number => {
  let end = at
  let value = 0
  let digit = (bytes[end] ?? 0) - 48
  if (digit === 0) return 0
  while (digit >= 0 && digit <= 9) {
    value = value * 10 + digit
    digit = (bytes[++end] ?? 0) - 48
  }
  if (end - at > 15 || value > maximum) return 0
  at = end
  return value
}

/** The count that comes next, from 0; −1 if none does. */
export const takeCount = (): number => {
  if (bytes[at] !== 0x30) return takeWhole(Number.MAX_SAFE_INTEGER) || -1
  at++
  return 0
}

/** The place behind the JSON object that begins here, whatever is in it, as far as its brackets and strings tell; −1 if it doesn't end. */
export const endOfObject = (): number => {
  let depth = 0
  let isInString = false
  for (let end = at; end < length; end++) {
    const byte = bytes[end] as number
    if (isInString) {
      if (byte === 0x5c) end++
      else if (byte === 0x22) isInString = false
    } else if (byte === 0x22) isInString = true
    else if (byte === 0x7b || byte === 0x5b) depth++
    else if ((byte === 0x7d || byte === 0x5d) && --depth <= 0) return end + 1
  }
  return -1
}
