/**
 * Reads the canonical spelling of the hot commands (Reserve, Confirm, Release, Extend) straight from bytes, several times faster than
 * JSON.parse and a Schema would.
 *
 * It accepts only what canonical.ts writes and commands.ts accepts, and answers undefined to everything else: then the body is decoded the
 * long way, which also says what is wrong. A property test holds both to the same values. One body is read at a time, to its end, so the
 * cursor is module state: nothing is allocated but the result.
 */
import { type Confirm, type Extend, type Release, ReleaseReason, type Reserve } from "../domain/commands.ts"
import type { CommandId, LocationId, ReservationId, Sku } from "../domain/names.ts"
import type { DecodedBody, DecodedCommand } from "../engine/protocol.ts"
import {
  allocationsMax,
  bodyBytesMax,
  commandsPerMessageMax,
  deadlineMsMax,
  holdMsMax,
  idCharsMax,
  qtyMax,
  skuBytesMax,
} from "../limits.ts"

/** Longer than any literal: a comparison may look behind the end. */
const slackBytes = 64
const bytes = Buffer.alloc(bodyBytesMax + slackBytes)
const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
/** The whole body, one character a byte: right wherever it is ASCII, and nothing else is taken. */
let body = ""
let at = 0

// Characters by what they may stand in.
const inId = 1
const inPlainSku = 2
const classes = new Uint8Array(256)
for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") classes[char.charCodeAt(0)] = inId | inPlainSku
for (const char of ".:") classes[char.charCodeAt(0)] = inId

/** A text to step over, as words: comparing four bytes at once is what makes literals, more than half of a body, cheap. */
interface Literal {
  readonly length: number
  readonly words: Int32Array
  /** The last word overlaps the one before, or is a part of one. */
  readonly lastAt: number
  readonly lastMask: number
  readonly last: number
}

const literal = (text: string): Literal => {
  const padded = Buffer.alloc(text.length + 4)
  padded.write(text, "latin1")
  const lastAt = Math.max(0, text.length - 4)
  const words = Int32Array.from({ length: Math.floor(lastAt / 4) + (lastAt > 0 ? 1 : 0) }, (_, i) => padded.readInt32LE(4 * i))
  const lastMask = text.length >= 4 ? -1 : 2 ** (8 * text.length) - 1
  return { length: text.length, words, lastAt, lastMask, last: padded.readInt32LE(lastAt) & lastMask }
}
const openText = literal('{"v":1,"type":"')
const idText = literal('","id":"')
const skuText = literal('","sku":"')
const issuedText = literal('","issuedAtMs":')
const deadlineText = literal(',"deadlineMs":')
const reservationText = literal(',"reservation":"')
const quotedQtyText = literal('","qty":')
const qtyText = literal(',"qty":')
const holdText = literal(',"holdMs":')
const locationsText = literal(',"locations":["')
const nextNameText = literal('","')
const namesEndText = literal('"]')
const partialText = literal(',"partial":true')
const reasonText = literal(',"reason":"')
const quoteText = literal('"')
const closeText = literal("}")
const quotedCloseText = literal('"}')
const typeTexts = { Reserve: literal("Reserve"), Confirm: literal("Confirm"), Release: literal("Release"), Extend: literal("Extend") }

/** Steps over `next` if it is what comes next. */
const take = (next: Literal): boolean => {
  const start = at
  const words = next.words
  for (let i = 0; i < words.length; i++) if (view.getInt32(start + 4 * i, true) !== words[i]) return false
  if ((view.getInt32(start + next.lastAt, true) & next.lastMask) !== next.last) return false
  at = start + next.length
  return true
}

/**
 * The name that comes next, "" if none does or it is too long. Short ones are copied by V8 anyway; a longer slice would keep the whole body
 * alive for as long as the name is remembered, so it is copied out of the bytes.
 */
const takeName = (charClass: number, charsMax: number): string => {
  const start = at
  let end = start
  while (((classes[bytes[end] ?? 0] ?? 0) & charClass) !== 0) end++
  if (end - start > charsMax) return ""
  at = end
  return end - start < 13 ? body.slice(start, end) : bytes.toString("latin1", start, end)
}

/** The whole number that comes next, 0 if none from 1 to `maximum` does. Fifteen digits at most, so it is exact. */
const takeWhole = (maximum: number): number => {
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

// The fields every command begins with, as last read.
let id = "" as CommandId
let sku = "" as Sku
let issuedAtMs = 0
/** 0: it has none. */
let deadlineMs = 0
let reservation = "" as ReservationId

/** Reads from the id to before the reservation's closing quote. */
const takeHead = (): boolean => {
  if (!take(idText)) return false
  id = takeName(inId, idCharsMax) as CommandId
  if (id === "" || !take(skuText)) return false
  sku = takeName(inPlainSku, skuBytesMax) as Sku
  if (sku === "" || !take(issuedText)) return false
  issuedAtMs = takeWhole(Number.MAX_SAFE_INTEGER)
  if (issuedAtMs === 0) return false
  deadlineMs = 0
  if (take(deadlineText)) {
    deadlineMs = takeWhole(deadlineMsMax)
    if (deadlineMs === 0) return false
  }
  if (!take(reservationText)) return false
  reservation = takeName(inId, idCharsMax) as ReservationId
  return reservation !== ""
}

const readReserve = (): Reserve | undefined => {
  if (!takeHead() || !take(quotedQtyText)) return undefined
  const qty = takeWhole(qtyMax)
  if (qty === 0 || !take(holdText)) return undefined
  const holdMs = takeWhole(holdMsMax)
  if (holdMs === 0) return undefined
  if (deadlineMs === 0 && take(closeText)) return { type: "Reserve", id, sku, issuedAtMs, reservation, qty, holdMs }
  let locations: ReadonlyArray<LocationId> | undefined
  if (take(locationsText)) {
    locations = takeLocations()
    if (locations === undefined) return undefined
  }
  const partial = take(partialText)
  if (!take(closeText)) return undefined
  return {
    type: "Reserve",
    id,
    sku,
    issuedAtMs,
    ...(deadlineMs === 0 ? {} : { deadlineMs }),
    reservation,
    qty,
    holdMs,
    ...(locations === undefined ? {} : { locations }),
    ...(partial ? { partial } : {}),
  }
}

/** The rest of a list of locations, none twice. */
const takeLocations = (): ReadonlyArray<LocationId> | undefined => {
  const locations: Array<LocationId> = []
  do {
    const location = takeName(inId, idCharsMax) as LocationId
    if (location === "" || locations.length === allocationsMax || locations.includes(location)) return undefined
    locations.push(location)
  } while (take(nextNameText))
  return take(namesEndText) ? locations : undefined
}

const readConfirm = (): Confirm | undefined => {
  if (!takeHead() || !take(quotedCloseText)) return undefined
  if (deadlineMs === 0) return { type: "Confirm", id, sku, issuedAtMs, reservation }
  return { type: "Confirm", id, sku, issuedAtMs, deadlineMs, reservation }
}

const releaseReasons = ReleaseReason.map((reason) => ({ reason, text: literal(`${reason}"}`) }))

const readRelease = (): Release | undefined => {
  if (!takeHead() || !take(quoteText)) return undefined
  let qty = 0
  if (take(qtyText)) {
    qty = takeWhole(qtyMax)
    if (qty === 0) return undefined
  }
  if (!take(reasonText)) return undefined
  for (const { reason, text } of releaseReasons) {
    if (!take(text)) continue
    if (deadlineMs === 0 && qty === 0) return { type: "Release", id, sku, issuedAtMs, reservation, reason }
    const optional = { ...(deadlineMs === 0 ? {} : { deadlineMs }), ...(qty === 0 ? {} : { qty }) }
    return { type: "Release", id, sku, issuedAtMs, ...optional, reservation, reason }
  }
  return undefined
}

const readExtend = (): Extend | undefined => {
  if (!takeHead() || !take(quoteText) || !take(holdText)) return undefined
  const holdMs = takeWhole(holdMsMax)
  if (holdMs === 0 || !take(closeText)) return undefined
  if (deadlineMs === 0) return { type: "Extend", id, sku, issuedAtMs, reservation, holdMs }
  return { type: "Extend", id, sku, issuedAtMs, deadlineMs, reservation, holdMs }
}

const readCommand = (): Reserve | Confirm | Release | Extend | undefined => {
  if (!take(openText)) return undefined
  if (take(typeTexts.Reserve)) return readReserve()
  if (take(typeTexts.Confirm)) return readConfirm()
  if (take(typeTexts.Release)) return readRelease()
  if (take(typeTexts.Extend)) return readExtend()
  return undefined
}

const openArray = 0x5b
const closeArray = 0x5d
const comma = 0x2c

/** The body's commands if it is canonical throughout: one hot command, or an array of them. */
export const readCanonicalBody = (source: Uint8Array): DecodedBody | undefined => {
  if (source.length > bodyBytesMax) return undefined
  bytes.set(source)
  // Ends every scan: no class, no digit and no literal has it.
  bytes[source.length] = 0
  body = bytes.toString("latin1", 0, source.length)
  at = 0
  if (bytes[0] === openArray) return readArray(source.length)
  const command = readCommand()
  if (command === undefined || at !== source.length) return undefined
  return { _tag: "Commands", array: false, commands: [{ _tag: "Command", command, text: body }] }
}

const readArray = (end: number): DecodedBody | undefined => {
  const commands: Array<DecodedCommand> = []
  do {
    at++
    const start = at
    const command = readCommand()
    if (command === undefined || commands.length === commandsPerMessageMax) return undefined
    commands.push({ _tag: "Command", command, text: bytes.toString("latin1", start, at) })
  } while (bytes[at] === comma)
  return bytes[at] === closeArray && at + 1 === end ? { _tag: "Commands", array: true, commands } : undefined
}
