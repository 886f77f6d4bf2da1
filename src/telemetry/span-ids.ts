/**
 * Ids of spans. Most are drawn at random. The span of a record is worked out from whose trace it is and where the record stands, so that whoever reads the journal knows it: the owner of a line's SKU, the order when the
 * decision comes back, a projector a minute later, each in a process of its own, and nothing more has to be journaled for it.
 */
import { hash, randomBytes } from "node:crypto"
import { isInternal, placeOfInternal } from "../domain/names.ts"
import { traceParts } from "../domain/traces.ts"
import type { JournalRecord, MessageEntry, ReturnedEntry } from "../engine/records.ts"
import type { SpanPlace } from "./spans.ts"

/** Where a record stands: among the records of which partition. */
export interface RecordPlace {
  readonly kind: string
  readonly partition: number
  readonly seq: number
}

const spanIdChars = 16
const noSpan = "0".repeat(spanIdChars)
const noTrace = "0".repeat(32)

/** A span's id that nobody else has. */
export const drawnSpanId = (): string => {
  for (;;) {
    const id = randomBytes(spanIdChars / 2).toString("hex")
    if (id !== noSpan) return id
  }
}

/** The id of a trace that nobody else has. */
export const drawnTraceId = (): string => {
  for (;;) {
    const id = randomBytes(noTrace.length / 2).toString("hex")
    if (id !== noTrace) return id
  }
}

/**
 * The id of the span of a record, of one `traceparent` that is in it: a sender's messages with it and what came back with it are one span. What a partition carried is a span of its own, by the command's id.
 */
const recordSpanId = (trace: string, { kind, partition, seq }: RecordPlace, carried = ""): string => {
  const id = hash("sha256", `${trace.slice(0, 52)} ${kind} ${partition} ${seq} ${carried}`).slice(0, spanIdChars)
  return id === noSpan ? `${noSpan.slice(1)}1` : id
}

/** The record in which a command that is carried began: its id says it. Undefined: it is no such id. */
const carryingSeq = (id: string): number | undefined => {
  const seq = Number(id.split("/").at(-2) ?? "")
  return Number.isSafeInteger(seq) && seq > 0 ? seq : undefined
}

/** What of a record belongs to one span. */
export interface TracedPart extends SpanPlace {
  readonly parentId: string
  readonly messages: ReadonlyArray<MessageEntry>
  readonly returned: ReadonlyArray<ReturnedEntry>
}

/** The same while a record is looked through. */
interface PartDraft extends TracedPart {
  readonly messages: Array<MessageEntry>
  readonly returned: Array<ReturnedEntry>
}

/** A span of a record with nothing in it yet: below `parentId`, or below the sender's. */
const emptyPart = (trace: string, spanId: string, parentId: string | undefined): PartDraft => {
  const { traceId, spanId: senders } = traceParts(trace)
  return { traceId, spanId, parentId: parentId ?? senders, messages: [], returned: [] }
}

/** The span of the record that carries a command with that id; undefined: it is no such id. */
const carrierOf = (trace: string, place: Omit<RecordPlace, "seq">, id: string): string | undefined => {
  const seq = carryingSeq(id)
  return seq === undefined ? undefined : recordSpanId(trace, { ...place, seq })
}

/** The span of a message that a partition carried here: a child of the record that carries it. */
const carriedPart = (trace: string, at: RecordPlace, { sender, decided }: MessageEntry): PartDraft => {
  const id = decided[0]?.command?.id ?? ""
  const from = placeOfInternal(sender)
  return emptyPart(trace, recordSpanId(trace, at, id), from === undefined ? undefined : carrierOf(trace, from, id))
}

/** The span of a sender's message, or of what came back. */
const ownPart = (trace: string, at: RecordPlace, entry: MessageEntry | ReturnedEntry): PartDraft =>
  emptyPart(trace, recordSpanId(trace, at), entry._tag === "Returned" ? carrierOf(trace, at, entry.id) : undefined)

/** The decision of a line that came back: where it was decided. */
export const decidedAt = (trace: string, { by, id }: ReturnedEntry): SpanPlace => ({
  traceId: traceParts(trace).traceId,
  spanId: recordSpanId(trace, by, id),
})

/** Whether its sender wants a trace recorded. */
const isWanted = (trace: string | undefined): trace is string => trace !== undefined && traceParts(trace).isSampled

/** What of a record is to be told, span by span; nothing is made where nobody wants a trace of it. */
export const tracedParts = (at: RecordPlace, { entries }: Pick<JournalRecord, "entries">): ReadonlyArray<TracedPart> => {
  let parts: Map<string, PartDraft> | undefined
  for (const entry of entries) {
    if ((entry._tag !== "Message" && entry._tag !== "Returned") || !isWanted(entry.trace)) continue
    parts ??= new Map()
    const made =
      entry._tag === "Message" && isInternal(entry.sender) ? carriedPart(entry.trace, at, entry) : ownPart(entry.trace, at, entry)
    const part = parts.get(made.spanId) ?? made
    parts.set(made.spanId, part)
    if (entry._tag === "Message") part.messages.push(entry)
    else part.returned.push(entry)
  }
  return parts === undefined ? nothing : [...parts.values()]
}
const nothing: ReadonlyArray<never> = []
