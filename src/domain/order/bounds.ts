/**
 * What the entry of a command about an order may take of a record at its worst: the engine takes no more into one than surely fits.
 *
 * Of an order that stands, all depends on its width: the bytes of its lines' SKUs, and {@link lineBytes} for each line.
 */
import { assert } from "../../assert.ts"
import { answeredBytesMax, bodyBytesMax, orderLinesMax, recordBytesMax, recordEnvelopeBytesMax } from "../../limits.ts"
import { utf8Bytes } from "../names.ts"
import type { OrderLine } from "./order.ts"

/** Bytes of an entry, of whose an event is, and of all events that are about no line, or one. */
const plainEntryBytes = 2_048
/** Bytes of a line beside its SKU, where it is told of in an answer, which takes more of it than a command that is carried does. */
const lineBytes = 128
/** Bytes of a line beside its SKU and its locations, as a line of an order that is placed and as the command that asks for it. */
const placedLineBytes = 160
/** Bytes of a line in the body of a command, at the least. */
const bodyLineBytesMin = 16

/** What the lines of an order take where all of them are told of once. */
export const widthOf = (lines: ReadonlyArray<Pick<OrderLine, "sku">>): number => {
  let bytes = 0
  for (const { sku } of lines) bytes += lineBytes + utf8Bytes(JSON.stringify(sku))
  return bytes
}

/** Each line stands in its event twice: as a line, and as what is asked of its SKU. */
export const placingBytes = (_: number, bodyBytes: number): number =>
  plainEntryBytes + 2 * bodyBytes + placedLineBytes * Math.min(orderLinesMax, Math.ceil(bodyBytes / bodyLineBytesMin))

/** Each line of an order of that width is told of once. */
export const sayingBytes = (width: number): number => plainEntryBytes + width

/** Whatever follows once a line has changed: an answer, which is said twice, and all lines asked for their units. */
export const settlingBytes = (width: number): number => plainEntryBytes + 3 * width + answeredBytesMax

/** It stands beside the command that it settles, which may place an order of as many lines as there may be, or be a SKU's word on a line of the order that stands. */
export const settledBytes = (width: number): number => plainEntryBytes + Math.max(placingBytes(width, bodyBytesMax), settlingBytes(width))

// Two thirds of a record are what ends by time alone may take of it at once.
const widthMax = orderLinesMax * lineBytes + bodyBytesMax
assert(
  settlingBytes(widthMax) < (2 * recordBytesMax) / 3,
  "whatever follows of itself from an order with as many lines as there may be fits its share of a record",
)
assert(
  settledBytes(widthMax) + 2 * plainEntryBytes + recordEnvelopeBytesMax < recordBytesMax,
  "a command about an order that an operator settles fits a record, however large",
)
