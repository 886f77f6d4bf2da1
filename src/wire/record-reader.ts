/**
 * Reads the entries of a record as an owner usually writes them straight from its bytes, several times faster than JSON.parse and a Schema would: messages of
 * hot commands, what they came to, and holds that ended.
 *
 * It takes only what records.ts writes, in that spelling. An entry or a decided command that it doesn't take is cut out by its brackets and decoded the long way, by itself; and where even
 * that fails, nothing is said and the whole record is. A property test holds both to the same values.
 */

import { CommandClass, type LocationId, type ReservationId, type SenderId, type Sku } from "../domain/names.ts"
import { type Refusal, RefusalReason } from "../domain/refusals.ts"
import { ReleaseReason } from "../domain/sku/commands.ts"
import type { Allocations, Expired, StockEvent } from "../domain/sku/events.ts"
import { isTraceparent, traceparentChars } from "../domain/traces.ts"
import type { StoredEntry } from "../engine/records.ts"
import type { SkuDecidedCommand, SkuEntry, SkuExpiryEntry, SkuJournaledDecision, SkuKind, SkuMessageEntry } from "../kinds/sku/types.ts"
import { allocationsMax, idCharsMax, payloadBytesMax, senderCharsMax, skuBytesMax } from "../limits.ts"
import type { ReadEntries } from "./kind-json.ts"
import { readCommand } from "./reader.ts"
import {
  beginScan,
  bytesBetween,
  endOfObject,
  goTo,
  inId,
  inSender,
  inSku,
  inText,
  literal,
  nextByte,
  placeReached,
  take,
  takeAgain,
  takeCount,
  takeName,
  takeWhole,
  textBetween,
} from "./scan.ts"

const messageText = literal('{"e":"message"')
const seqText = literal(',"seq":')
const fromText = literal(',"from":"')
const quotedClassText = literal('","class":"')
const classTexts = CommandClass.map((name) => ({ name, text: literal(`${name}","ms":`) }))
const replyText = literal(',"re":"')
const quoteText = literal('"')
const bulkText = literal(',"bulk":1')
const forText = literal(',"for":"')
const traceText = literal(',"tp":"')
const listText = literal(',"list":1')
const decidedText = literal(',"d":[')
const storedText = literal('{"e":"stored","seq":')
const ingressText = literal(',"ingress":"')
const serialText = literal('","serial":')
const missingText = literal(',"missing":')
const closeText = literal("}")
const expiryText = literal('{"e":"expiry","sku":"')
const quotedEventsText = literal('","ok":[')
const commandText = literal('{"c":')
const eventsText = literal(',"ok":[')
const lateText = literal(',"late":1')
const refusalText = literal(',"no":{"reason":"')
const quotedCloseText = literal('"}')
const atsText = literal('","ats":')
const typeTexts = {
  Reserved: literal('{"type":"Reserved","channel":"'),
  Confirmed: literal('{"type":"Confirmed","channel":"'),
  Extended: literal('{"type":"Extended","channel":"'),
  Released: literal('{"type":"Released","channel":"'),
  Expired: literal('{"type":"Expired","channel":"'),
  Fulfilled: literal('{"type":"Fulfilled","channel":"'),
} as const
const reservationText = literal('","reservation":"')
const allocationsText = literal('","allocations":[')
const takenText = literal(',"taken":[')
const expiresText = literal(',"expiresAtMs":')
const quotedExpiresText = literal('","expiresAtMs":')
const reasonText = literal(',"reason":"')
const releaseReasons = ReleaseReason.map((reason) => ({ reason, text: literal(`${reason}"}`) }))
const locationText = literal('{"location":"')
const quotedQtyText = literal('","qty":')
const refusalReasons: ReadonlyMap<string, RefusalReason> = new Map(RefusalReason.map((reason) => [reason, reason]))

const comma = 0x2c
const closeArray = 0x5d

// Names that come again and again, as last read: one string of each, not as many as there are commands.
let sender = "" as SenderId
let location = "" as LocationId
/** Of the command or event that was read last: an event is nearly always about the reservation its command names. */
let reservation = "" as ReservationId
/** The units of a list that has one part, as last read. They are never changed, so they may be many reservations'. */
let units: Allocations = []
let unitsQty = 0

const takeSender = (): SenderId | undefined => {
  if (takeAgain(sender)) return sender
  const first = nextByte()
  // A name begins with neither "-" nor "_".
  if (first === 0x2d || first === 0x5f) return undefined
  const name = takeName(inSender, senderCharsMax) as SenderId
  if (name === "") return undefined
  sender = name
  return name
}

/** The partition whose actor sent a command, as last read. */
let partitionSender = "" as SenderId
const partitionText = /^@[a-z]{1,32}\.(?:0|[1-9][0-9]{0,5})$/

/** Who sent a message: a sender, or a partition. */
const takeFrom = (): SenderId | undefined => {
  if (nextByte() !== 0x40) return takeSender()
  if (takeAgain(partitionSender)) return partitionSender
  const start = placeReached()
  goTo(start + 1)
  takeName(inId, idCharsMax)
  const name = textBetween(start, placeReached())
  if (!partitionText.test(name)) return undefined
  partitionSender = name as SenderId
  return partitionSender
}

const takeReservation = (): boolean => {
  if (takeAgain(reservation)) return true
  reservation = takeName(inId, idCharsMax) as ReservationId
  return reservation !== ""
}

/** Units at a location, from behind its brace to behind its closing one. */
const takePart = (): number => {
  if (!take(locationText)) return 0
  if (!takeAgain(location)) {
    location = takeName(inId, idCharsMax) as LocationId
    unitsQty = 0
  }
  if (location === "" || !take(quotedQtyText)) return 0
  const qty = takeWhole(Number.MAX_SAFE_INTEGER)
  return take(closeText) ? qty : 0
}

/** A list of units by location, from behind its bracket to behind its closing one. */
const takeUnits = (): Allocations | undefined => {
  if (nextByte() === closeArray) {
    goTo(placeReached() + 1)
    return []
  }
  const qty = takePart()
  if (qty === 0) return undefined
  if (nextByte() === closeArray) {
    goTo(placeReached() + 1)
    if (qty !== unitsQty) {
      units = [{ location, qty }]
      unitsQty = qty
    }
    return units
  }
  const parts = [{ location, qty }]
  while (nextByte() === comma && parts.length < allocationsMax) {
    goTo(placeReached() + 1)
    const more = takePart()
    if (more === 0) return undefined
    parts.push({ location, qty: more })
  }
  if (nextByte() !== closeArray) return undefined
  goTo(placeReached() + 1)
  return parts
}

/** Reads channel and reservation of an event, and its allocations. */
const takeAllocated = (): Allocations | undefined => {
  if (takeSender() === undefined || !take(reservationText) || !takeReservation() || !take(allocationsText)) return undefined
  return takeUnits()
}

const readReserved = (): StockEvent | undefined => {
  const allocations = takeAllocated()
  if (allocations === undefined || !take(expiresText)) return undefined
  const expiresAtMs = takeWhole(Number.MAX_SAFE_INTEGER)
  if (expiresAtMs === 0 || !take(closeText)) return undefined
  return { type: "Reserved", channel: sender, reservation, allocations, expiresAtMs }
}

const readConfirmed = (): StockEvent | undefined => {
  if (takeSender() === undefined || !take(reservationText) || !takeReservation() || !take(quotedCloseText)) return undefined
  return { type: "Confirmed", channel: sender, reservation }
}

const readExtended = (): StockEvent | undefined => {
  if (takeSender() === undefined || !take(reservationText) || !takeReservation() || !take(quotedExpiresText)) return undefined
  const expiresAtMs = takeWhole(Number.MAX_SAFE_INTEGER)
  if (expiresAtMs === 0 || !take(closeText)) return undefined
  return { type: "Extended", channel: sender, reservation, expiresAtMs }
}

const readReleased = (): StockEvent | undefined => {
  const allocations = takeAllocated()
  if (allocations === undefined || !take(reasonText)) return undefined
  for (const { reason, text } of releaseReasons)
    if (take(text)) return { type: "Released", channel: sender, reservation, allocations, reason }
  return undefined
}

const readExpired = (): Expired | undefined => {
  const allocations = takeAllocated()
  if (allocations === undefined || !take(closeText)) return undefined
  return { type: "Expired", channel: sender, reservation, allocations }
}

const readFulfilled = (): StockEvent | undefined => {
  const allocations = takeAllocated()
  if (allocations === undefined || !take(takenText)) return undefined
  const taken = takeUnits()
  if (taken === undefined || !take(closeText)) return undefined
  return { type: "Fulfilled", channel: sender, reservation, allocations, taken }
}

const readEvent = (): StockEvent | undefined => {
  if (take(typeTexts.Reserved)) return readReserved()
  if (take(typeTexts.Confirmed)) return readConfirmed()
  if (take(typeTexts.Released)) return readReleased()
  if (take(typeTexts.Expired)) return readExpired()
  if (take(typeTexts.Fulfilled)) return readFulfilled()
  if (take(typeTexts.Extended)) return readExtended()
  return undefined
}

/** The items of a list, from behind its bracket to behind its closing one; one at least. */
const takeList = <T>(read: () => T | undefined): ReadonlyArray<T> | undefined => {
  const first = read()
  if (first === undefined) return undefined
  const items = [first]
  while (nextByte() === comma) {
    goTo(placeReached() + 1)
    const item = read()
    if (item === undefined) return undefined
    items.push(item)
  }
  if (nextByte() !== closeArray) return undefined
  goTo(placeReached() + 1)
  return items
}

/** A refusal, from behind the quote of its reason to behind its brace. */
const readRefusal = (): Refusal | undefined => {
  const reason = refusalReasons.get(takeName(inId, idCharsMax))
  if (reason === undefined) return undefined
  if (take(quotedCloseText)) return { reason }
  if (!take(atsText)) return undefined
  const ats = takeCount()
  return ats >= 0 && take(closeText) ? { reason, ats } : undefined
}

const readDecision = (): SkuJournaledDecision | undefined => {
  if (take(eventsText)) {
    const events = takeList(readEvent)
    return events === undefined ? undefined : { _tag: "Accepted", events }
  }
  if (take(refusalText)) {
    const refusal = readRefusal()
    return refusal === undefined ? undefined : { _tag: "Refused", refusal }
  }
  return take(lateText) ? { _tag: "TooLate" } : undefined
}

const readDecided = (): SkuDecidedCommand | undefined => {
  if (!take(commandText)) return undefined
  const command = readCommand(true)
  if (command === undefined) return undefined
  reservation = command.reservation
  const decision = readDecision()
  if (decision === undefined || !take(closeText)) return undefined
  return { command, named: null, decision }
}

/** What is read as usual, or else the long way, from the same place. */
const eitherWay =
  <T>(read: () => T | undefined, longWay: (json: Uint8Array) => T | undefined) =>
  (): T | undefined => {
    const start = placeReached()
    const found = read()
    if (found !== undefined) return found
    goTo(start)
    const end = endOfObject()
    if (end < 0) return undefined
    goTo(end)
    return longWay(bytesBetween(start, end))
  }

/** A message's entry, from behind its kind. */
const readMessage = (anyDecided: () => SkuDecidedCommand | undefined): SkuMessageEntry | undefined => {
  const seq = take(seqText) ? takeCount() : null
  if (seq === -1 || !take(fromText)) return undefined
  const from = takeFrom()
  if (from === undefined || !take(quotedClassText)) return undefined
  const ofClass = classTexts.find(({ text }) => take(text))?.name
  if (ofClass === undefined) return undefined
  const brokerMs = takeCount()
  if (brokerMs < 0) return undefined
  let reply: string | null = null
  if (take(replyText)) {
    reply = takeName(inText, payloadBytesMax)
    if (!take(quoteText)) return undefined
  }
  const bulk = take(bulkText)
  let onBehalf: SenderId | undefined
  if (take(forText)) {
    onBehalf = takeSender()
    if (onBehalf === undefined || !take(quoteText)) return undefined
  }
  let trace: string | undefined
  if (take(traceText)) {
    trace = takeName(inText, traceparentChars)
    if (!isTraceparent(trace) || !take(quoteText)) return undefined
  }
  const array = take(listText)
  if (!take(decidedText)) return undefined
  const decided = takeList(anyDecided)
  if (decided === undefined || !take(closeText)) return undefined
  const plain = { _tag: "Message", seq, sender: from, class: ofClass, bulk, brokerMs, reply, array, decided } as const
  const message = trace === undefined ? plain : { ...plain, trace }
  return onBehalf === undefined ? message : { ...message, onBehalf }
}

const readStored = (): StoredEntry | undefined => {
  const seq = takeCount()
  if (seq < 0 || !take(ingressText)) return undefined
  const ingress = takeName(inText, payloadBytesMax)
  if (!take(serialText)) return undefined
  const serial = takeCount()
  const missing = take(missingText) ? takeCount() : 0
  if (serial < 0 || missing < 0 || !take(closeText)) return undefined
  return { _tag: "Stored", seq, ingress, serial, missing }
}

const readExpiredInList = (): Expired | undefined => (take(typeTexts.Expired) ? readExpired() : undefined)

const readExpiry = (): SkuExpiryEntry | undefined => {
  const sku = takeName(inSku, skuBytesMax) as Sku
  if (sku === "" || !take(quotedEventsText)) return undefined
  const events = takeList(readExpiredInList)
  return events !== undefined && take(closeText) ? { _tag: "Expiry", key: sku, events } : undefined
}

/** The entries of a record of SKUs. */
export const readEntries: ReadEntries<SkuKind> = (record, start, end, longWay) => {
  if (beginScan(record) === undefined) return undefined
  goTo(start)
  if (nextByte() === closeArray) return start + 1 === end ? [] : undefined
  const anyDecided = eitherWay(readDecided, longWay.decided)
  const readEntry = (): SkuEntry | undefined => {
    if (take(messageText)) return readMessage(anyDecided)
    if (take(storedText)) return readStored()
    return take(expiryText) ? readExpiry() : undefined
  }
  const entries = takeList(eitherWay(readEntry, longWay.entry))
  return placeReached() === end ? entries : undefined
}
