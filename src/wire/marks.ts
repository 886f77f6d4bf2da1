/**
 * What outlives a process outside journals and chunks: the witness, a halt, what a worker says of itself, and the manifest of a snapshot. Each is an object of JSON with a version; without one it is of version 1, as
 * releases wrote it before it said so.
 *
 * What a newer release wrote is told apart from what is damaged, and what is damaged names the field. Fields that aren't known are passed over: a release that adds what others must know raises the version.
 */
import { Effect, Schema } from "effect"
import type { Halt, HaltReason, SnapshotManifest, Witness } from "../engine/protocol.ts"
import { firstIssueOf } from "./fields.ts"
import { parseJson } from "./json.ts"

/** The version of all of them that this release writes, and the newest it reads. */
const markVersion = 1

/** What a text that outlives its writer holds: a value, something of a newer release, or nothing that can be read. */
export type Mark<A> =
  | { readonly _tag: "Known"; readonly value: A }
  | { readonly _tag: "Newer"; readonly version: number }
  | { readonly _tag: "Unreadable"; readonly cause: string }

const unreadable = (cause: string): Mark<never> => ({ _tag: "Unreadable", cause })

/** Why a mark is of no use, in words; `what` names it. */
export const notRead = (what: string, mark: Exclude<Mark<never>, { readonly _tag: "Known" }>): string =>
  mark._tag === "Newer" ? `${what} has version ${mark.version}, which a newer release wrote` : `${what} can't be read: ${mark.cause}`

/** A decoder of texts whose version stands under one of `names`: earlier releases gave it none, or its whole name. */
const decoderOf = <S extends Schema.ConstraintDecoder<unknown>>(schema: S) => {
  const decode = Schema.decodeUnknownResult(schema)
  return (text: string): Mark<S["Type"]> => {
    const parsed = parseJson(Buffer.from(text, "utf8"))
    if (parsed._tag === "Refused") return unreadable(parsed.cause)
    const { value } = parsed
    if (typeof value !== "object" || value === null || Array.isArray(value)) return unreadable("not an object")
    const version: unknown = Reflect.get(value, "version") ?? markVersion
    if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1) return unreadable("version: not one of ours")
    if (version > markVersion) return { _tag: "Newer", version }
    const decoded = decode(value)
    return decoded._tag === "Success" ? { _tag: "Known", value: decoded.success } : unreadable(firstIssueOf(decoded.failure))
  }
}

const encoded = (fields: object): string => JSON.stringify({ version: markVersion, ...fields })

// Witness

/** The witness of the newest confirmed record. */
export const decodeWitness: (text: string) => Mark<Witness> = decoderOf(Schema.Struct({ seq: Schema.Int, hash: Schema.String }))
/** The text of a witness. */
export const encodeWitness = ({ seq, hash }: Witness): string => encoded({ seq, hash })

// Halt

const reasons: Readonly<Record<HaltReason, true>> = {
  JournalLostTail: true,
  JournalEmpty: true,
  ForeignJournal: true,
  ChainBroken: true,
  InvariantBroken: true,
  CommandsTrimmed: true,
  WitnessDamaged: true,
  RebuildUnfinished: true,
  JournalRebuilt: true,
}
const isReason = (reason: string): reason is HaltReason => Object.hasOwn(reasons, reason)

const haltJson = decoderOf(
  Schema.Struct({
    reason: Schema.String,
    detail: Schema.String,
    atMs: Schema.Finite,
    resume: Schema.NullOr(Schema.Struct({ by: Schema.String, reason: Schema.String })),
  }),
)

/** A reason that this release doesn't know halts it too: it is told in the detail. */
export const decodeHalt = (text: string): Mark<Halt> => {
  const mark = haltJson(text)
  if (mark._tag !== "Known") return mark
  const { reason, detail, atMs, resume } = mark.value
  if (isReason(reason)) return { _tag: "Known", value: { reason, detail, atMs, resume } }
  return {
    _tag: "Known",
    value: { reason: "InvariantBroken", detail: `${reason}, a reason this release doesn't know: ${detail}`, atMs, resume },
  }
}
/** The text of a halt. */
export const encodeHalt = ({ reason, detail, atMs, resume }: Halt): string => encoded({ reason, detail, atMs, resume })

/** A halt as it halts whoever reads it: one that can't be read halts all the same, and nobody but who can read it lifts it. */
export const haltOf = (text: string): Halt => {
  const mark = decodeHalt(text)
  if (mark._tag === "Known") return mark.value
  return { reason: "InvariantBroken", detail: `${notRead("a halt", mark)}: ${text}`, atMs: 0, resume: null }
}

// Member

const ProgressJson = Schema.Struct({
  partition: Schema.Finite,
  epoch: Schema.Finite,
  confirmedSeq: Schema.Finite,
  oldestMs: Schema.NullOr(Schema.Finite),
  stalledMs: Schema.Finite,
})
const MemberJson = Schema.Struct({
  worker: Schema.String,
  address: Schema.String,
  unreadable: Schema.Array(Schema.Finite),
  serving: Schema.NullOr(Schema.Array(ProgressJson)).pipe(Schema.withDecodingDefault(Effect.succeed(null))),
  caughtUp: Schema.NullOr(Schema.Array(Schema.Finite)).pipe(Schema.withDecodingDefault(Effect.succeed(null))),
})
/** What a worker says of itself to the others. */
export type AnnouncedText = typeof MemberJson.Type
const memberJson = decoderOf(MemberJson)

/** What a worker said of itself. One of a newer release lives, whatever it says; null: nothing that a worker says. */
export const decodeMember = (worker: string, text: string): AnnouncedText | null => {
  const mark = memberJson(text)
  if (mark._tag === "Newer") return { worker, address: "", unreadable: [], serving: null, caughtUp: null }
  return mark._tag === "Known" ? mark.value : null
}
/** The text of what a worker says of itself. */
export const encodeMember = ({ worker, address, unreadable, serving, caughtUp }: AnnouncedText): string =>
  encoded({ worker, address, unreadable, serving, caughtUp })

// Manifest

/** The manifest of a snapshot. */
export const decodeManifest: (text: string) => Mark<SnapshotManifest> = decoderOf(
  Schema.Struct({
    version: Schema.Literal(1),
    id: Schema.String,
    partition: Schema.Int,
    incarnation: Schema.String,
    startSeq: Schema.Int,
    startHash: Schema.String,
    endSeq: Schema.Int,
    endHash: Schema.String,
    chunks: Schema.Int,
  }),
)
/** The text of a manifest. */
export const encodeManifest = (manifest: SnapshotManifest): string => JSON.stringify(manifest)

// How many partitions a cluster has

const PartitionCountsJson = Schema.Struct({ kinds: Schema.Record(Schema.String, Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))) })
const decodeCounts = decoderOf(PartitionCountsJson)

/** How many partitions there are of each kind, kinds included that this release doesn't know. */
export const decodePartitionCounts = (text: string): Mark<Readonly<Record<string, number>>> => {
  const mark = decodeCounts(text)
  return mark._tag === "Known" ? { _tag: "Known", value: mark.value.kinds } : mark
}
/** Releases whose names had no kind find no number in it that they can read, and make nothing beside it. */
export const encodePartitionCounts = (kinds: Readonly<Record<string, number>>): string => encoded({ kinds })
