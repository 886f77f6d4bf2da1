/**
 * Reads the canonical spelling of the hot commands (Reserve, Confirm, Release, Extend) straight from bytes, several times faster than
 * JSON.parse and a Schema would.
 *
 * It accepts only what canonical.ts writes and commands.ts accepts, and answers undefined to everything else: then the body is decoded the
 * long way, which also says what is wrong. A property test holds both to the same values. One body is read at a time, to its end, so what was
 * read last is module state: nothing is allocated but the result.
 */

import type { CommandId, LocationId, ReservationId, Sku } from "../domain/names.ts"
import { type Confirm, type Extend, type Release, ReleaseReason, type Reserve } from "../domain/sku/commands.ts"
import type { SkuDecodedBody, SkuDecodedCommand } from "../kinds/sku/types.ts"
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
import { beginScan, goTo, inId, inSku, literal, nextByte, placeReached, take, takeCount, takeName, takeWhole, textBetween } from "./scan.ts"

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

// The fields every command begins with, as last read.
let id = "" as CommandId
let sku = "" as Sku
let issuedAtMs = 0
/** 0: it has none. */
let deadlineMs = 0
let reservation = "" as ReservationId

/** Whether names are read that only actors of ours may say (internal-fields.ts). */
let isInternal = false

const slash = 0x2f
const at = 0x40

/** The rest of the id of a carried command: from behind its owner, its record and its place, each after a slash. */
const takeCarriage = (start: number): string => {
  for (let part = 0; part < 2; part++) {
    if (nextByte() !== slash) return ""
    goTo(placeReached() + 1)
    if (takeCount() < 0) return ""
  }
  return textBetween(start, placeReached())
}

const takeId = (): string => {
  const start = placeReached()
  const name = takeName(inId, idCharsMax)
  return name !== "" && nextByte() === slash ? takeCarriage(start) : name
}

const takeReservation = (): string => {
  if (nextByte() !== at) return takeName(inId, idCharsMax)
  const start = placeReached()
  goTo(start + 1)
  return takeName(inId, idCharsMax) === "" ? "" : textBetween(start, placeReached())
}

/** Reads from the id to before the reservation's closing quote. */
const takeHead = (): boolean => {
  if (!take(idText)) return false
  id = (isInternal ? takeId() : takeName(inId, idCharsMax)) as CommandId
  if (id === "" || !take(skuText)) return false
  sku = takeName(inSku, skuBytesMax) as Sku
  if (sku === "" || !take(issuedText)) return false
  issuedAtMs = takeWhole(Number.MAX_SAFE_INTEGER)
  if (issuedAtMs === 0) return false
  deadlineMs = 0
  if (take(deadlineText)) {
    deadlineMs = takeWhole(deadlineMsMax)
    if (deadlineMs === 0) return false
  }
  if (!take(reservationText)) return false
  reservation = (isInternal ? takeReservation() : takeName(inId, idCharsMax)) as ReservationId
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

/** The hot command that comes next, in its canonical spelling: a sender's, or as a journal holds it any. */
export const readCommand = (ofJournal: boolean): Reserve | Confirm | Release | Extend | undefined => {
  isInternal = ofJournal
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
export const readCanonicalBody = (source: Uint8Array): SkuDecodedBody | undefined => {
  if (source.length > bodyBytesMax) return undefined
  const text = beginScan(source)
  if (text === undefined) return undefined
  if (nextByte() === openArray) return readArray(source.length)
  const command = readCommand(false)
  if (command === undefined || placeReached() !== source.length) return undefined
  return { _tag: "Commands", array: false, commands: [{ _tag: "Command", command, text }] }
}

const readArray = (end: number): SkuDecodedBody | undefined => {
  const commands: Array<SkuDecodedCommand> = []
  do {
    const start = placeReached() + 1
    goTo(start)
    const command = readCommand(false)
    if (command === undefined || commands.length === commandsPerMessageMax) return undefined
    commands.push({ _tag: "Command", command, text: textBetween(start, placeReached()) })
  } while (nextByte() === comma)
  return nextByte() === closeArray && placeReached() + 1 === end ? { _tag: "Commands", array: true, commands } : undefined
}
