/**
 * The journal's records as bytes, version 3. The names of today's journals are younger than versions 1 and 2, so no journal has any of those, and nothing reads them.
 *
 * JSON, so that an operator can read a journal with any tool; keys that stand in every record have whole names, those that stand in every
 * command are short (below). A command stands in its record as its canonical text, verbatim: the hash its id is bound to can be taken again.
 * A record of another kind than SKUs says whose it is ("of"), for SKUs' were written before there was another: one kind's records can't be taken for another's.
 * A record ends with the checksum of all before it (sealed.ts). Records are written by this code alone, so unknown fields and other versions are no tolerance but a reason to stop.
 *
 * "sku" is the field that names an actor; a kind has its own word there.
 *
 *   message  {"e":"message","seq"?,"from","class","ms","re"?,"bulk"?,"for"?,"tp"?,"list"?,"d":[decided]}   re: reply suffix, list: the body was an array, bulk: its sender had that role, for: whom it was decided for, tp: W3C traceparent, without seq: handed over
 *   stored   {"e":"stored","seq","ingress","serial","missing"?}                         the messages of this sequence are an ingress's
 *   skipped  {"e":"skipped","seq","cause"}
 *   decided  {"c"?:command, "named"?:{"id"?,"sku"?}, "ok":[events] | "no":refusal | "late":1 | "held":{"id","cause"} | "again":outcome | "drop":reason | "begun":[events] | "pending":1}
 *   expiry   {"e":"expiry","sku","ok":[events]}
 *   covered  {"e":"covered","sku","ok":[events]}
 *   floor    {"e":"floor","from","class","ms"}
 *   settled  {"e":"settled","id","from","class","re"?,"d":decided}
 *   reset    {"e":"reset","from":cursor,"cause","dropped"?:[first,last]}
 *   resumed  {"e":"resumed","by","reason","halt","lost"?}
 *   returned {"e":"returned","id","by":[kind,partition,seq],"said":outcome,"tp"?,"sku","ok":[events]}     a carried command's decision came back
 *   answered {"e":"answered","from","class","sku","id","hash","ms","re":[suffixes],"said":outcome}   an answer that was owed
 */
import { assert } from "../assert.ts"
import { isKind, type Kind } from "../domain/kinds.ts"
import type { ActorKey } from "../domain/names.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { DecodedRecord, EngineCodec } from "../engine/protocol.ts"
import { CursorStream, type DecidedCommand, type Dropped, type Entry, type JournaledDecision } from "../engine/records.ts"
import { type Strict, strictDecoderOf } from "./fields.ts"
import { isNewer, parseJson } from "./json.ts"
import type { KindJson, LongWay } from "./kind-json.ts"
import { type DecidedJson, type EntryJson, EnvelopeJson, recordSchemasOf, recordVersion } from "./record-json.ts"
import { entryText, recordBytes } from "./record-text.ts"
import { sealBytes, sealFound } from "./sealed.ts"

/** What the records of a kind are decoded with. */
interface RecordReader {
  readonly kind: KindJson
  readonly record: (json: unknown) => Strict<ReturnType<typeof recordSchemasOf>["record"]["Type"]>
  readonly longWay: LongWay
}

/** The functions between a kind's records and their bytes. */
export interface RecordCodec<K extends KindTypes> extends Pick<EngineCodec<K>, "encodeRecord" | "encodeEntry" | "decodeRecord"> {
  /** As `decodeRecord`, of bytes that are not damaged: the long way only, and the fast one only. Apart so that a test can hold one against the other. */
  readonly decodeAny: (bytes: Uint8Array, isUnsealed: boolean) => DecodedRecord<K>
  readonly decodeUsual: (bytes: Uint8Array) => DecodedRecord<K> | undefined
}

/** The codec of a kind's records. */
export const recordCodecOf = <K extends KindTypes>(json: KindJson<K>): RecordCodec<K> => {
  // Records are written and read for whatever kind it is, as the engine is: what is of the kind goes through `json` alone.
  const kind = json as unknown as KindJson
  const reader = readerOf(kind)
  const codec: RecordCodec<KindTypes> = {
    encodeRecord: (envelope, entries) => recordBytes(kind.name, envelope, entries),
    encodeEntry: (entry, texts) => entryText(kind, entry, texts),
    decodeRecord: (bytes) => decodeRecord(reader, bytes),
    decodeAny: (bytes, isUnsealed) => decodeAny(reader, bytes, isUnsealed),
    decodeUsual: (bytes) => decodeUsual(reader, bytes),
  }
  // As above.
  return codec as unknown as RecordCodec<K>
}

const readerOf = (kind: KindJson): RecordReader => {
  const { record, entry, decided } = recordSchemasOf(kind)
  const [decodeEntry, decodeDecided] = [strictDecoderOf(entry), strictDecoderOf(decided)]
  const longWay: LongWay = {
    entry: (bytes) => {
      const json = decodedFrom(decodeEntry, bytes)
      return json === undefined ? undefined : entryOf(kind, json)
    },
    decided: (bytes) => {
      const json = decodedFrom(decodeDecided, bytes)
      return json === undefined ? undefined : decidedOf(kind, json)
    },
  }
  return { kind, record: strictDecoderOf(record), longWay }
}

const unreadable = (cause: string): DecodedRecord => ({ _tag: "Unreadable", cause })

/** The record of some bytes, or why they are none. A newer release's is told apart by its version and by whose actors it is of, before anything else of it is looked at. */
const decodeRecord = (reader: RecordReader, bytes: Uint8Array): DecodedRecord => {
  const seal = sealFound(bytes)
  if (seal === "damaged") return unreadable("damaged: its checksum is another")
  return (seal === "whole" ? decodeUsual(reader, bytes) : undefined) ?? decodeAny(reader, bytes, seal === "none")
}

const decodeAny = (reader: RecordReader, bytes: Uint8Array, isUnsealed: boolean): DecodedRecord => {
  const parsed = parseJson(bytes)
  if (parsed._tag === "Refused") return unreadable(parsed.cause)
  const { value } = parsed
  if (typeof value !== "object" || value === null) return unreadable("not an object")
  const version: unknown = Reflect.get(value, "v")
  if (isNewer(version, recordVersion))
    return { _tag: "Newer", version, cause: `version ${version}, where ${recordVersion} is the newest known` }
  if (isUnsealed) return unreadable("it ends without a checksum")
  const other = otherKind(reader.kind.name, Reflect.get(value, "of")) ?? otherStream(Reflect.get(value, "cursor"))
  if (other !== undefined) return other
  const decoded = reader.record(value)
  if (decoded._tag === "Invalid") return unreadable(`${decoded.path}: ${decoded.expected}`)
  const { entries, sum: _, ...head } = decoded.value
  return recordWith(
    head,
    entries.map((entry) => entryOf(reader.kind, entry)),
  )
}

/** Why a record is not this kind's; undefined: it is. A kind that isn't known is a newer release's. */
const otherKind = (name: Kind, said: unknown): DecodedRecord | undefined => {
  const of = said ?? "sku"
  if (of === name) return undefined
  if (typeof of !== "string" || isKind(of)) return unreadable(`of: it is of the kind ${String(of)}, where ${name} is expected`)
  return { _tag: "Newer", version: recordVersion, cause: `of the kind ${of}, which this release doesn't know` }
}

/** Of a record whose cursor is of a commands stream that isn't known: a newer release's. Whoever went on from its sequence would read another stream's messages there. */
const otherStream = (cursor: unknown): DecodedRecord | undefined => {
  const stream: unknown = typeof cursor === "object" && cursor !== null ? Reflect.get(cursor, "stream") : undefined
  if (typeof stream !== "string" || CursorStream.some((known) => known === stream)) return undefined
  return { _tag: "Newer", version: recordVersion, cause: `its cursor is of the stream ${stream}, which this release doesn't know` }
}

const recordWith = ({ v, of: _, ...rest }: typeof EnvelopeJson.Type, entries: ReadonlyArray<Entry>): DecodedRecord => ({
  _tag: "Record",
  record: { version: v, ...rest, entries },
})

const entriesText = ',"entries":['

/** The record of sealed bytes that are spelled as records are written; undefined of any others, whatever is wrong with them. */
const decodeUsual = ({ kind, longWay }: RecordReader, bytes: Uint8Array): DecodedRecord | undefined => {
  if (kind.readEntries === null) return undefined
  // No string of JSON has these characters in it: its quotes are escaped.
  const headEnd = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(entriesText, 0, "latin1")
  if (headEnd < 0) return undefined
  const head = decodedFrom(decodeEnvelope, bytes.subarray(0, headEnd), "}")
  if (head === undefined || (head.of ?? "sku") !== kind.name) return undefined
  const entries = kind.readEntries(bytes, headEnd + entriesText.length, bytes.length - sealBytes, longWay)
  return entries === undefined ? undefined : recordWith(head, entries)
}

const decodedFrom = <T>(decode: (json: unknown) => Strict<T>, bytes: Uint8Array, closing = ""): T | undefined => {
  const parsed = parseJson(bytes, closing)
  if (parsed._tag === "Refused") return undefined
  const decoded = decode(parsed.value)
  return decoded._tag === "Valid" ? decoded.value : undefined
}

const decodeEnvelope = strictDecoderOf(EnvelopeJson)

/** The key in checked JSON. */
const keyIn = ({ keyName }: KindJson, json: object): ActorKey => Reflect.get(json, keyName) as ActorKey

const entryOf = (kind: KindJson, json: EntryJson): Entry => {
  switch (json.e) {
    case "message":
      return {
        _tag: "Message",
        seq: json.seq ?? null,
        sender: json.from,
        class: json.class,
        bulk: json.bulk === 1,
        ...(json.for === undefined ? {} : { onBehalf: json.for }),
        brokerMs: json.ms,
        reply: json.re ?? null,
        ...(json.tp === undefined ? {} : { trace: json.tp }),
        array: json.list === 1,
        decided: json.d.map((one) => decidedOf(kind, one)),
      }
    case "stored":
      return { _tag: "Stored", seq: json.seq, ingress: json.ingress, serial: json.serial, missing: json.missing ?? 0 }
    case "skipped":
      return { _tag: "Skipped", seq: json.seq, cause: json.cause }
    case "expiry":
      return { _tag: "Expiry", key: keyIn(kind, json), events: json.ok }
    case "covered":
      return { _tag: "Covered", key: keyIn(kind, json), events: json.ok }
    case "floor":
      return { _tag: "Floor", sender: json.from, class: json.class, floorMs: json.ms }
    case "settled":
      return {
        _tag: "Settled",
        quarantined: json.id,
        sender: json.from,
        class: json.class,
        reply: json.re ?? null,
        decided: decidedOf(kind, json.d),
      }
    case "reset":
      return { _tag: "Reset", from: json.from, cause: json.cause, dropped: droppedOf(json.dropped) }
    case "resumed":
      return { _tag: "Resumed", by: json.by, reason: json.reason, haltReason: json.halt, lostAfterSeq: json.lost ?? null }
    case "returned": {
      const [by, partition, seq] = json.by
      return {
        _tag: "Returned",
        id: json.id,
        by: { kind: by, partition, seq },
        outcome: json.said,
        ...(json.tp === undefined ? {} : { trace: json.tp }),
        key: keyIn(kind, json),
        events: json.ok,
      }
    }
    case "answered":
      return {
        _tag: "Answered",
        sender: json.from,
        class: json.class,
        key: keyIn(kind, json),
        id: json.id,
        hash: json.hash,
        issuedAtMs: json.ms,
        replies: json.re,
        outcome: json.said,
      }
  }
}

const droppedOf = (json: readonly [number, number] | undefined): Dropped | null =>
  json === undefined ? null : { firstSeq: json[0], lastSeq: json[1] }

const decidedOf = (kind: KindJson, json: DecidedJson): DecidedCommand => ({
  command: json.c === undefined ? null : kind.commands.commandOf(json.c),
  named: json.named === undefined ? null : { id: json.named.id ?? null, key: keyIn(kind, json.named) ?? null },
  decision: decisionOf(json),
})

const decisionOf = (json: DecidedJson): JournaledDecision => {
  if (json.ok !== undefined) return { _tag: "Accepted", events: json.ok }
  if (json.no !== undefined) return { _tag: "Refused", refusal: json.no }
  if (json.held !== undefined) return { _tag: "Quarantined", cause: json.held.cause, quarantined: json.held.id }
  if (json.again !== undefined) return { _tag: "Repeated", outcome: json.again }
  if (json.drop !== undefined) return { _tag: "Dropped", reason: json.drop }
  if (json.begun !== undefined) return { _tag: "Begun", events: json.begun }
  if (json.pending !== undefined) return { _tag: "Pending" }
  assert(json.late === 1, "a decided command holds exactly one decision")
  return { _tag: "TooLate" }
}
