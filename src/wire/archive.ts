/**
 * The archive of a partition, version 1: segments of its journal, the snapshot that the rest of the journal can be read from, and a manifest that says
 * which files count. docs/ARCHIVE.md describes it for whoever reads it without Holdfast.
 *
 * Segment and snapshot are lines of JSON. A record and a chunk stand in their line byte for byte, for their hashes are over those bytes; both are JSON
 * of ours and hold no line break. What a newer release wrote is told apart from what is damaged.
 */
import { Schema } from "effect"
import { CountField } from "../domain/fields.ts"
import type { StoredRecord } from "../engine/records.ts"
import { strictDecoderOf } from "./fields.ts"
import { isNewer, parseJson } from "./json.ts"

/** The version of archives this release writes, and the newest it reads. */
const archiveVersion = 1

const HashField = Schema.String.check(Schema.isMaxLength(64))
/** Becomes the name of a folder. */
const IncarnationField = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{1,64}$/))
/** A file of the partition's folder, and nothing above it. */
const FileField = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}$/))

const SegmentJson = Schema.Struct({
  file: FileField,
  /** First and last record, both included. */
  from: CountField,
  to: CountField,
  /** Bytes of the file, and SHA-256 over them. */
  fileBytes: CountField,
  fileHash: HashField,
  /** Bytes of the records. */
  recordBytes: CountField,
  /** Hashes of the record before the first, and of the last: what the chain goes on with. */
  prevHash: HashField,
  lastHash: HashField,
  /** Journaled time of the first and of the last record. */
  firstAtMs: CountField,
  lastAtMs: CountField,
})
/** A file with records of a journal, as the manifest knows it. */
export type ArchivedSegment = typeof SegmentJson.Type

const snapshotFields = {
  id: Schema.String.check(Schema.isMaxLength(128)),
  startSeq: CountField,
  startHash: HashField,
  endSeq: CountField,
  endHash: HashField,
  chunks: CountField,
}
const SnapshotJson = Schema.Struct({
  file: FileField,
  fileBytes: CountField,
  fileHash: HashField,
  ...snapshotFields,
  /** Journaled time at its end. */
  atMs: CountField,
  /** Hash of stock and remembered decisions at its end: what folding the archive up to there was found to lead to. */
  stateHash: HashField,
})
/** The file with the snapshot that was verified last, as the manifest knows it. */
export type ArchivedSnapshot = typeof SnapshotJson.Type

const ManifestJson = Schema.Struct({
  archive: Schema.Literal(archiveVersion),
  partition: CountField,
  partitions: CountField,
  incarnation: IncarnationField,
  segments: Schema.Array(SegmentJson),
  snapshot: Schema.NullOr(SnapshotJson),
  /** Records below this one were asked to be purged from the journal; 0: none. */
  purgedBelow: CountField,
})
/** What of a partition's archive counts. A file that it doesn't name was never finished, or is superseded. */
export type ArchiveManifest = Omit<typeof ManifestJson.Type, "archive">

const SegmentHeadJson = Schema.Struct({
  archive: Schema.Literal(archiveVersion),
  kind: Schema.Literal("records"),
  partition: CountField,
  incarnation: IncarnationField,
  from: CountField,
  to: CountField,
  prevHash: HashField,
})
type SegmentHead = Omit<typeof SegmentHeadJson.Type, "archive" | "kind">

const SnapshotHeadJson = Schema.Struct({
  archive: Schema.Literal(archiveVersion),
  kind: Schema.Literal("snapshot"),
  partition: CountField,
  incarnation: IncarnationField,
  ...snapshotFields,
})
type SnapshotHead = Omit<typeof SnapshotHeadJson.Type, "archive" | "kind">

const RecordHeadJson = Schema.Struct({ seq: CountField, id: Schema.String })
const ChunkHeadJson = Schema.Struct({ index: CountField })

/** What stands there instead of what was looked for. */
export type NotRead = { readonly _tag: "Newer"; readonly version: number } | { readonly _tag: "Unreadable"; readonly cause: string }

const unreadable = (cause: string): NotRead => ({ _tag: "Unreadable", cause })

const asManifest = strictDecoderOf(ManifestJson)
const asSegmentHead = strictDecoderOf(SegmentHeadJson)
const asSnapshotHead = strictDecoderOf(SnapshotHeadJson)
const asRecordHead = strictDecoderOf(RecordHeadJson)
const asChunkHead = strictDecoderOf(ChunkHeadJson)

/** The JSON of some bytes, unless a newer release wrote it. */
const versioned = (bytes: Uint8Array): { readonly _tag: "Known"; readonly value: unknown } | NotRead => {
  const parsed = parseJson(bytes)
  if (parsed._tag === "Refused") return unreadable(parsed.cause)
  const { value } = parsed
  if (typeof value !== "object" || value === null) return unreadable("not an object")
  const version: unknown = Reflect.get(value, "archive")
  return isNewer(version, archiveVersion) ? { _tag: "Newer", version } : { _tag: "Known", value }
}

/** A manifest's bytes, a line a field, for people. */
export const encodeArchiveManifest = (manifest: ArchiveManifest): Uint8Array =>
  Buffer.from(`${JSON.stringify({ archive: archiveVersion, ...manifest }, null, 1)}\n`, "utf8")

/** The manifest of some bytes, or why they are none. */
export const decodeArchiveManifest = (bytes: Uint8Array): { readonly _tag: "Manifest"; readonly manifest: ArchiveManifest } | NotRead => {
  const known = versioned(bytes)
  if (known._tag !== "Known") return known
  const decoded = asManifest(known.value)
  if (decoded._tag === "Invalid") return unreadable(`${decoded.path}: ${decoded.expected}`)
  const { archive: _, ...manifest } = decoded.value
  return { _tag: "Manifest", manifest }
}

const lineBreak = 0x0a
const closing = Buffer.from("}\n")
const recordKey = ',"record":'
const chunkKey = ',"chunk":'

/** `{"seq":1,"id":"…"` and the bytes themselves as the last member of the object. */
const lineWith = (head: object, key: string, bytes: Uint8Array): ReadonlyArray<Uint8Array> => [
  Buffer.from(`${JSON.stringify(head).slice(0, -1)}${key}`, "utf8"),
  bytes,
  closing,
]

const headLine = (head: object): Uint8Array => Buffer.from(`${JSON.stringify(head)}\n`, "utf8")

/** Whether some bytes can stand in a line as they are. */
export const fitsALine = (bytes: Uint8Array): boolean => bytes.length > 1 && !bytes.includes(lineBreak)

/** A segment's bytes. Every record fits a line. */
export const encodeSegment = (head: SegmentHead, records: ReadonlyArray<StoredRecord>): Uint8Array =>
  Buffer.concat([
    headLine({ archive: archiveVersion, kind: "records", ...head }),
    ...records.flatMap(({ seq, messageId, bytes }) => lineWith({ seq, id: messageId }, recordKey, bytes)),
  ])

/** An archived snapshot's bytes. Every chunk fits a line. */
export const encodeArchivedSnapshot = (head: SnapshotHead, chunks: ReadonlyArray<Uint8Array>): Uint8Array =>
  Buffer.concat([
    headLine({ archive: archiveVersion, kind: "snapshot", ...head }),
    ...chunks.flatMap((bytes, index) => lineWith({ index }, chunkKey, bytes)),
  ])

const linesOf = (bytes: Uint8Array): ReadonlyArray<Uint8Array> | undefined => {
  if (bytes.at(-1) !== lineBreak) return undefined
  const lines: Array<Uint8Array> = []
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(lineBreak, start)
    lines.push(bytes.subarray(start, end))
    start = end + 1
  }
  return lines
}

/** A line taken apart: the members before `key`, and the bytes after it. A quote inside a string is escaped, so the first `,"record":` is the key. */
const splitLine = (line: Uint8Array, key: string): { readonly head: unknown; readonly bytes: Uint8Array } | undefined => {
  const at = Buffer.from(line.buffer, line.byteOffset, line.length).indexOf(key)
  if (at < 0 || line.at(-1) !== 0x7d) return undefined
  const parsed = parseJson(Buffer.concat([line.subarray(0, at), closing.subarray(0, 1)]))
  return parsed._tag === "Refused" ? undefined : { head: parsed.value, bytes: line.subarray(at + key.length, -1) }
}

const recordOf = (line: Uint8Array): StoredRecord | undefined => {
  const split = splitLine(line, recordKey)
  const head = split === undefined ? undefined : asRecordHead(split.head)
  if (split === undefined || head === undefined || head._tag === "Invalid") return undefined
  return { seq: head.value.seq, messageId: head.value.id, bytes: split.bytes }
}

/** A segment's head and its records, in order and none missing. Whether they are one chain is for whoever reads them to check. */
export const decodeSegment = (
  bytes: Uint8Array,
): { readonly _tag: "Segment"; readonly head: SegmentHead; readonly records: ReadonlyArray<StoredRecord> } | NotRead => {
  const [first, ...lines] = linesOf(bytes) ?? []
  if (first === undefined) return unreadable("it does not end with a line break")
  const known = versioned(first)
  if (known._tag !== "Known") return known
  const decoded = asSegmentHead(known.value)
  if (decoded._tag === "Invalid") return unreadable(`${decoded.path}: ${decoded.expected}`)
  const { archive: _archive, kind: _kind, ...head } = decoded.value
  const records: Array<StoredRecord> = []
  for (const line of lines) {
    const record = recordOf(line)
    if (record?.seq !== head.from + records.length)
      return unreadable(`line ${records.length + 2} is not record ${head.from + records.length}`)
    records.push(record)
  }
  return head.from + records.length === head.to + 1
    ? { _tag: "Segment", head, records }
    : unreadable(`${records.length} records, where ${head.from} to ${head.to} should be`)
}

/** An archived snapshot's head and its chunks, in order and none missing. */
export const decodeArchivedSnapshot = (
  bytes: Uint8Array,
): { readonly _tag: "Snapshot"; readonly head: SnapshotHead; readonly chunks: ReadonlyArray<Uint8Array> } | NotRead => {
  const [first, ...lines] = linesOf(bytes) ?? []
  if (first === undefined) return unreadable("it does not end with a line break")
  const known = versioned(first)
  if (known._tag !== "Known") return known
  const decoded = asSnapshotHead(known.value)
  if (decoded._tag === "Invalid") return unreadable(`${decoded.path}: ${decoded.expected}`)
  const { archive: _archive, kind: _kind, ...head } = decoded.value
  const chunks: Array<Uint8Array> = []
  for (const line of lines) {
    const split = splitLine(line, chunkKey)
    const found = split === undefined ? undefined : asChunkHead(split.head)
    if (split === undefined || found === undefined || found._tag === "Invalid" || found.value.index !== chunks.length)
      return unreadable(`line ${chunks.length + 2} is not chunk ${chunks.length}`)
    chunks.push(split.bytes)
  }
  return chunks.length === head.chunks ? { _tag: "Snapshot", head, chunks } : unreadable(`${chunks.length} of ${head.chunks} chunks`)
}
