/**
 * The journal's records as bytes, version 3. Version 1, which knew the stream of senders' own messages alone, and version 2, in which nothing is short, are read as what they mean today.
 *
 * JSON, so that an operator can read a journal with any tool; keys that stand in every record have whole names, those that stand in every
 * command are short (below). A command stands in its record as its canonical text, verbatim: the hash its id is bound to can be taken again.
 * A record ends with the checksum of all before it (sealed.ts). Records are written by this code alone, so unknown fields and other versions are no tolerance but a reason to stop.
 *
 *   message  {"e":"message","seq"?,"from","class","ms","re"?,"list"?,"bulk"?,"d":[decided]}   re: reply suffix, list: the body was an array, bulk: its sender had that role, without seq: handed over
 *   stored   {"e":"stored","seq","ingress","serial","missing"?}                         the messages of this sequence are an ingress's
 *   skipped  {"e":"skipped","seq","cause"}
 *   decided  {"c"?:command, "named"?:{"id"?,"sku"?}, "ok":[events] | "no":refusal | "late":1 | "held":{"id","cause"} | "again":outcome | "drop":reason}
 *   expiry   {"e":"expiry","sku","ok":[events]}
 *   covered  {"e":"covered","sku","ok":[events]}
 *   floor    {"e":"floor","from","class","ms"}
 *   settled  {"e":"settled","id","from","class","re"?,"d":decided}
 *   reset    {"e":"reset","from":cursor,"cause","dropped"?:[first,last]}
 *   moved    {"e":"moved","from":cursor}
 *   resumed  {"e":"resumed","by","reason","halt","lost"?}
 */
import { Schema } from "effect"
import { assert } from "../assert.ts"
import { CommandIdField, CountField, SenderField, SkuField } from "../domain/fields.ts"
import type { CommandClass, CommandId, SenderId } from "../domain/names.ts"
import {
  type Cursor,
  CursorStream,
  type Dropped,
  FloorClass,
  type RecordEnvelope,
  RecordKind,
  type ReturnedOutcome,
} from "../engine/records.ts"
import type { SkuDecidedCommand, SkuDecodedRecord, SkuEntry, SkuJournaledDecision, SkuMessageEntry } from "../kinds/sku/types.ts"
import { payloadBytesMax } from "../limits.ts"
import { commandText, skuJson } from "./canonical.ts"
import { CommandJson, commandOf } from "./commands.ts"
import { addEvents, addOutcome, addRefusal, EventJson, ExpiredJson, OutcomeJson, RefusalJson, ShortageCoveredJson } from "./events.ts"
import { ClassField, type Strict, strictDecoderOf } from "./fields.ts"
import { parseJson } from "./json.ts"
import { type LongWay, readEntries } from "./record-reader.ts"
import { sealBytes, sealFound, sealOf } from "./sealed.ts"
import { tied } from "./tied.ts"

/** The newest version this release reads. The engine says which one it writes; a test holds them equal. */
const recordVersion = 3

const CursorJson = Schema.Struct({ stream: Schema.optionalKey(Schema.Literals(CursorStream)), seq: CountField, digest: Schema.String })

/** The key that each decision stands under. */
const decisionKey = {
  Accepted: "ok",
  Refused: "no",
  TooLate: "late",
  Quarantined: "held",
  Repeated: "again",
  Dropped: "drop",
  Begun: "begun",
  Pending: "pending",
} as const satisfies Readonly<Record<SkuJournaledDecision["_tag"], string>>
type DecisionKey = (typeof decisionKey)[keyof typeof decisionKey]
const decisionKeys = Object.values(decisionKey)
const DecidedJson = Schema.Struct({
  c: Schema.optionalKey(CommandJson),
  named: Schema.optionalKey(Schema.Struct({ id: Schema.optionalKey(CommandIdField), sku: Schema.optionalKey(SkuField) })),
  ok: Schema.optionalKey(Schema.Array(EventJson)),
  no: Schema.optionalKey(RefusalJson),
  late: Schema.optionalKey(Schema.Literal(1)),
  held: Schema.optionalKey(Schema.Struct({ id: Schema.String, cause: Schema.String })),
  again: Schema.optionalKey(OutcomeJson),
  drop: Schema.optionalKey(Schema.String),
  begun: Schema.optionalKey(Schema.Array(EventJson)),
  pending: Schema.optionalKey(Schema.Literal(1)),
}).check(
  Schema.makeFilter((decided: object) => decisionKeys.filter((key) => key in decided).length === 1, { expected: "exactly one decision" }),
)
tied<DecisionKey | "c" | "named", keyof typeof DecidedJson.Type>()

const from = { from: SenderField, class: ClassField }
const EntryJson = Schema.Union([
  Schema.Struct({
    e: Schema.Literal("message"),
    seq: Schema.optionalKey(CountField),
    ...from,
    ms: CountField,
    re: Schema.optionalKey(Schema.String),
    list: Schema.optionalKey(Schema.Literal(1)),
    bulk: Schema.optionalKey(Schema.Literal(1)),
    for: Schema.optionalKey(SenderField),
    d: Schema.Array(DecidedJson),
  }),
  Schema.Struct({
    e: Schema.Literal("stored"),
    seq: CountField,
    ingress: Schema.String,
    serial: CountField,
    missing: Schema.optionalKey(CountField),
  }),
  Schema.Struct({ e: Schema.Literal("skipped"), seq: CountField, cause: Schema.String }),
  Schema.Struct({ e: Schema.Literal("expiry"), sku: SkuField, ok: Schema.Array(ExpiredJson) }),
  Schema.Struct({ e: Schema.Literal("covered"), sku: SkuField, ok: Schema.Array(ShortageCoveredJson) }),
  Schema.Struct({ e: Schema.Literal("floor"), from: SenderField, class: Schema.Literals(FloorClass), ms: CountField }),
  Schema.Struct({ e: Schema.Literal("settled"), id: Schema.String, ...from, re: Schema.optionalKey(Schema.String), d: DecidedJson }),
  Schema.Struct({
    e: Schema.Literal("reset"),
    from: CursorJson,
    cause: Schema.String,
    dropped: Schema.optionalKey(Schema.Tuple([CountField, CountField])),
  }),
  Schema.Struct({ e: Schema.Literal("moved"), from: CursorJson }),
  Schema.Struct({
    e: Schema.Literal("resumed"),
    by: Schema.String,
    reason: Schema.String,
    halt: Schema.String,
    lost: Schema.optionalKey(CountField),
  }),
  Schema.Struct({
    e: Schema.Literal("returned"),
    id: Schema.String,
    by: Schema.Tuple([Schema.String, CountField, CountField]),
    said: Schema.Record(Schema.String, Schema.Unknown),
    sku: SkuField,
    ok: Schema.Array(EventJson),
  }),
  Schema.Struct({
    e: Schema.Literal("answered"),
    ...from,
    sku: SkuField,
    id: CommandIdField,
    hash: Schema.Int,
    ms: CountField,
    re: Schema.Array(Schema.String),
    said: OutcomeJson,
  }),
])
tied<Uncapitalize<SkuEntry["_tag"]>, (typeof EntryJson.Type)["e"]>()

const envelope = {
  v: Schema.Literals([1, 2, recordVersion]),
  kind: Schema.Literals(RecordKind),
  partition: CountField,
  incarnation: Schema.String,
  owner: Schema.String,
  epoch: CountField,
  cursor: CursorJson,
  atMs: CountField,
  prevSeq: CountField,
  prevHash: Schema.String,
  publishedSeq: CountField,
}
const EnvelopeJson = Schema.Struct(envelope)
/** A record of any version that is read. */
const RecordJson = Schema.Struct({ ...envelope, entries: Schema.Array(EntryJson), sum: Schema.String })

/** An entry's JSON. `commandTexts` are the canonical texts of its commands, in order, where the caller has them. */
export const encodeEntry = (entry: SkuEntry, commandTexts?: ReadonlyArray<string | null>): string => {
  switch (entry._tag) {
    case "Message":
      return messageText(entry, commandTexts)
    case "Stored":
      return `{"e":"stored","seq":${entry.seq},"ingress":"${entry.ingress}","serial":${entry.serial}${entry.missing === 0 ? "" : `,"missing":${entry.missing}`}}`
    case "Skipped":
      return JSON.stringify({ e: "skipped", seq: entry.seq, cause: entry.cause })
    case "Expiry":
      return `${addEvents(`{"e":"expiry","sku":${skuJson(entry.key)},"ok":[`, entry.events)}}`
    case "Covered":
      return `${addEvents(`{"e":"covered","sku":${skuJson(entry.key)},"ok":[`, entry.events)}}`
    case "Floor":
      return `{"e":"floor","from":"${entry.sender}","class":"${entry.class}","ms":${entry.floorMs}}`
    case "Settled":
      return `${addDecided(`{"e":"settled","id":"${entry.quarantined}"${fromText(entry.sender, entry.class)}${replyText(entry.reply)},"d":`, entry.decided, commandTexts?.[0])}}`
    case "Reset": {
      const { from, cause, dropped } = entry
      const gone = dropped === null ? {} : { dropped: [dropped.firstSeq, dropped.lastSeq] }
      return JSON.stringify({ e: "reset", from: cursorJson(from), cause, ...gone })
    }
    case "Moved":
      return JSON.stringify({ e: "moved", from: cursorJson(entry.from) })
    case "Resumed": {
      const { by, reason, haltReason, lostAfterSeq } = entry
      return JSON.stringify({ e: "resumed", by, reason, halt: haltReason, ...(lostAfterSeq === null ? {} : { lost: lostAfterSeq }) })
    }
    case "Returned": {
      const { id, by, outcome, key, events } = entry
      const head = JSON.stringify({ e: "returned", id, by: [by.kind, by.partition, by.seq], said: outcome })
      return `${addEvents(`${head.slice(0, -1)},"sku":${skuJson(key)},"ok":[`, events)}}`
    }
    case "Answered": {
      const { sender, class: commandClass, key, id, hash, issuedAtMs, replies, outcome } = entry
      return JSON.stringify({
        e: "answered",
        from: sender,
        class: commandClass,
        sku: key,
        id,
        hash,
        ms: issuedAtMs,
        re: replies,
        said: outcome,
      })
    }
  }
}

const cursorJson = ({ stream, seq, digest }: Cursor) => ({ stream, seq, digest })
/** Records of version 1 name no stream: there was one. */
const cursorOf = ({ stream, seq, digest }: typeof CursorJson.Type): Cursor => ({ stream: stream ?? "raw", seq, digest })

// A suffix the engine let pass is made of subject tokens: nothing in it needs escaping.
const replyText = (reply: string | null): string => (reply === null ? "" : `,"re":"${reply}"`)
const fromText = (sender: SenderId, commandClass: CommandClass): string => `,"from":"${sender}","class":"${commandClass}"`

/** What the messages of a batch mostly share: who sent it, and when it was stored. Remembered from the last one. */
let shared = { sender: "" as SenderId, class: "sell" as CommandClass, brokerMs: -1, text: "" }
const sharedText = ({ sender, class: commandClass, brokerMs }: SkuMessageEntry): string => {
  if (shared.sender !== sender || shared.class !== commandClass || shared.brokerMs !== brokerMs)
    shared = { sender, class: commandClass, brokerMs, text: `${fromText(sender, commandClass)},"ms":${brokerMs}` }
  return shared.text
}

const messageText = (entry: SkuMessageEntry, commandTexts: ReadonlyArray<string | null> | undefined): string => {
  let text = entry.seq === null ? `{"e":"message"${sharedText(entry)}` : `{"e":"message","seq":${entry.seq}${sharedText(entry)}`
  if (entry.reply !== null) text = `${text},"re":"${entry.reply}"`
  if (entry.bulk) text = `${text},"bulk":1`
  if (entry.onBehalf !== undefined) text = `${text},"for":"${entry.onBehalf}"`
  text += entry.array ? ',"list":1,"d":[' : ',"d":['
  for (let i = 0; i < entry.decided.length; i++) {
    const decided = entry.decided[i]
    if (decided !== undefined) text = addDecided(i === 0 ? text : `${text},`, decided, commandTexts?.[i])
  }
  return `${text}]}`
}

const addDecided = (text: string, { command, named, decision }: SkuDecidedCommand, known: string | null | undefined): string => {
  if (command !== null && named === null && decision._tag === "Accepted")
    return `${addEvents(`${text}{"c":${known ?? commandText(command)},"ok":[`, decision.events)}}`
  let grown = command === null ? `${text}{` : `${text}{"c":${known ?? commandText(command)},`
  if (named !== null) grown = `${grown}"named":${namedText(named)},`
  return `${addDecision(grown, decision)}}`
}

const namedText = ({ id, key: sku }: NonNullable<SkuDecidedCommand["named"]>): string =>
  JSON.stringify({ ...(id === null ? {} : { id }), ...(sku === null ? {} : { sku }) })

const addDecision = (text: string, decision: SkuJournaledDecision): string => {
  switch (decision._tag) {
    case "Accepted":
      return addEvents(`${text}"ok":[`, decision.events)
    case "Refused":
      return `${addRefusal(`${text}"no":{`, decision.refusal)}}`
    case "TooLate":
      return `${text}"late":1`
    case "Quarantined":
      return `${text}"held":${JSON.stringify({ id: decision.quarantined, cause: decision.cause })}`
    case "Repeated":
      return `${addOutcome(`${text}"again":{`, decision.outcome)}}`
    case "Dropped":
      return `${text}"drop":${JSON.stringify(decision.reason)}`
    case "Begun":
      return addEvents(`${text}"begun":[`, decision.events)
    case "Pending":
      return `${text}"pending":1`
  }
}

/** A record's bytes: its envelope around its entries' texts. */
export const encodeRecord = (envelope: RecordEnvelope, entries: ReadonlyArray<string>): Uint8Array => {
  const head = JSON.stringify({
    v: envelope.version,
    kind: envelope.kind,
    partition: envelope.partition,
    incarnation: envelope.incarnation,
    owner: envelope.owner,
    epoch: envelope.epoch,
    cursor: cursorJson(envelope.cursor),
    atMs: envelope.atMs,
    prevSeq: envelope.prevSeq,
    prevHash: envelope.prevHash,
    publishedSeq: envelope.publishedSeq,
  })
  return bytesOf(`${head.slice(0, -1)},"entries":[`, entries)
}

/** Where records are put together: grown if one should ever be larger than the limit. */
let scratch = Buffer.alloc(payloadBytesMax)

/** Each entry is a rope of many small strings. Written one by one, they are copied once, straight to their place; joined first, three times. */
const bytesOf = (head: string, entries: ReadonlyArray<string>): Uint8Array => {
  let end = writeAt(head, 0)
  for (let i = 0; i < entries.length; i++) {
    if (i > 0) scratch[end++] = 0x2c
    end = writeAt(entries[i] ?? "", end)
  }
  end = writeAt("]", end)
  end = writeAt(sealOf(scratch, end), end)
  return new Uint8Array(scratch.subarray(0, end))
}

/** Writes at `start` and leaves room for one byte more. */
const writeAt = (text: string, start: number): number => {
  // UTF-8 takes at most three bytes for each UTF-16 unit.
  const needed = start + text.length * 3 + 1
  if (needed > scratch.length) scratch = Buffer.concat([scratch.subarray(0, start)], needed * 2)
  return start + scratch.write(text, start, "utf8")
}

const unreadable = (cause: string): SkuDecodedRecord => ({ _tag: "Unreadable", cause })
const decodeRecordJson = strictDecoderOf(RecordJson)

/** The record of some bytes, or why they are none. A newer release's is told apart by its version, before anything else of it is looked at. */
export const decodeRecord = (bytes: Uint8Array): SkuDecodedRecord => {
  const seal = sealFound(bytes)
  if (seal === "damaged") return unreadable("damaged: its checksum is another")
  return (seal === "whole" ? decodeUsual(bytes) : undefined) ?? decodeAny(bytes, seal === "none")
}

/** As {@link decodeRecord}, the long way only, of bytes that are not damaged. Apart so that a test can hold the fast reader against it. */
export const decodeAny = (bytes: Uint8Array, isUnsealed: boolean): SkuDecodedRecord => {
  const parsed = parseJson(bytes)
  if (parsed._tag === "Refused") return unreadable(parsed.cause)
  const { value } = parsed
  if (typeof value !== "object" || value === null) return unreadable("not an object")
  const version: unknown = Reflect.get(value, "v")
  if (typeof version === "number" && version > recordVersion)
    return { _tag: "Newer", version, cause: `version ${version}, where ${recordVersion} is the newest known` }
  if (isUnsealed) return unreadable("it ends without a checksum")
  const decoded = decodeRecordJson(value)
  if (decoded._tag === "Invalid") return unreadable(`${decoded.path}: ${decoded.expected}`)
  const { entries, sum: _, ...head } = decoded.value
  return recordWith(
    head,
    entries.map((entry) => entryOf(entry, head.v)),
  )
}

const recordWith = ({ v, cursor, ...rest }: typeof EnvelopeJson.Type, entries: ReadonlyArray<SkuEntry>): SkuDecodedRecord => ({
  _tag: "Record",
  record: { version: v, ...rest, cursor: cursorOf(cursor), entries },
})

const entriesText = ',"entries":['

/** The record of sealed bytes that are spelled as records are written; undefined of any others, whatever is wrong with them. */
export const decodeUsual = (bytes: Uint8Array): SkuDecodedRecord | undefined => {
  // No string of JSON has these characters in it: its quotes are escaped.
  const headEnd = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(entriesText, 0, "latin1")
  if (headEnd < 0) return undefined
  const head = decodedFrom(decodeEnvelopeJson, bytes.subarray(0, headEnd), "}")
  if (head === undefined) return undefined
  const entries = readEntries(bytes, headEnd + entriesText.length, bytes.length - sealBytes, head.v === 1, longWays[head.v])
  return entries === undefined ? undefined : recordWith(head, entries)
}

const decodedFrom = <T>(decode: (json: unknown) => Strict<T>, bytes: Uint8Array, closing = ""): T | undefined => {
  const parsed = parseJson(bytes, closing)
  if (parsed._tag === "Refused") return undefined
  const decoded = decode(parsed.value)
  return decoded._tag === "Valid" ? decoded.value : undefined
}

const decodeEnvelopeJson = strictDecoderOf(EnvelopeJson)
const decodeEntryJson = strictDecoderOf(EntryJson)
const decodeDecidedJson = strictDecoderOf(DecidedJson)

const longWayOf = (version: number): LongWay => ({
  entry: (bytes) => {
    const json = decodedFrom(decodeEntryJson, bytes)
    return json === undefined ? undefined : entryOf(json, version)
  },
  decided: (bytes) => {
    const json = decodedFrom(decodeDecidedJson, bytes)
    return json === undefined ? undefined : decidedOf(json)
  },
})
const longWays: Readonly<Record<(typeof EnvelopeJson.Type)["v"], LongWay>> = { 1: longWayOf(1), 2: longWayOf(2), 3: longWayOf(3) }

const entryOf = (json: typeof EntryJson.Type, version: number): SkuEntry => {
  switch (json.e) {
    case "message":
      return {
        _tag: "Message",
        seq: json.seq ?? null,
        sender: json.from,
        class: json.class,
        // Version 1 knew no bounds of a sender's word: whatever it said was taken.
        bulk: version === 1 || json.bulk === 1,
        ...(json.for === undefined ? {} : { onBehalf: json.for }),
        brokerMs: json.ms,
        reply: json.re ?? null,
        array: json.list === 1,
        decided: json.d.map(decidedOf),
      }
    case "stored":
      return { _tag: "Stored", seq: json.seq, ingress: json.ingress, serial: json.serial, missing: json.missing ?? 0 }
    case "skipped":
      return { _tag: "Skipped", seq: json.seq, cause: json.cause }
    case "expiry":
      return { _tag: "Expiry", key: json.sku, events: json.ok }
    case "covered":
      return { _tag: "Covered", key: json.sku, events: json.ok }
    case "floor":
      return { _tag: "Floor", sender: json.from, class: json.class, floorMs: json.ms }
    case "settled":
      return {
        _tag: "Settled",
        quarantined: json.id,
        sender: json.from,
        class: json.class,
        reply: json.re ?? null,
        decided: decidedOf(json.d),
      }
    case "reset":
      return { _tag: "Reset", from: cursorOf(json.from), cause: json.cause, dropped: droppedOf(json.dropped) }
    case "moved":
      return { _tag: "Moved", from: cursorOf(json.from) }
    case "resumed":
      return { _tag: "Resumed", by: json.by, reason: json.reason, haltReason: json.halt, lostAfterSeq: json.lost ?? null }
    case "returned": {
      const [kind, partition, seq] = json.by
      return {
        _tag: "Returned",
        id: json.id as CommandId,
        by: { kind, partition, seq },
        outcome: json.said as ReturnedOutcome,
        key: json.sku,
        events: json.ok,
      }
    }
    case "answered":
      return {
        _tag: "Answered",
        sender: json.from,
        class: json.class,
        key: json.sku,
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

const decidedOf = (json: typeof DecidedJson.Type): SkuDecidedCommand => ({
  command: json.c === undefined ? null : commandOf(json.c),
  named: json.named === undefined ? null : { id: json.named.id ?? null, key: json.named.sku ?? null },
  decision: decisionOf(json),
})

const decisionOf = (json: typeof DecidedJson.Type): SkuJournaledDecision => {
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
