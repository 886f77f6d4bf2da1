/**
 * The JSON of records as Schemas, made of what a kind says of its own commands, events and outcomes. What each key means is said in records.ts, which decodes with them.
 */
import { Schema } from "effect"
import { CommandIdField, CountField, SenderField } from "../domain/fields.ts"
import { CursorStream, type Entry, FloorClass, type JournaledDecision, RecordKind } from "../engine/records.ts"
import { RefusalJson } from "./events.ts"
import { ClassField, TraceField } from "./fields.ts"
import { AnyCommandIdField, AnySenderField, CarriedIdField, KindWordField, PartitionField } from "./internal-fields.ts"
import type { KindJson } from "./kind-json.ts"
import { ReturnedOutcomeJson } from "./returned.ts"
import { tied } from "./tied.ts"

/** The version this release reads. The engine says which one it writes; a test holds them equal. */
export const recordVersion = 3

/** How a cursor is written. */
const CursorJson = Schema.Struct({
  stream: Schema.Literals(CursorStream),
  seq: CountField,
  digest: Schema.String,
})

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
} as const satisfies Readonly<Record<JournaledDecision["_tag"], string>>
type DecisionKey = (typeof decisionKey)[keyof typeof decisionKey]
const decisionKeys = Object.values(decisionKey)

/** The field that names an actor: its name differs from kind to kind, so that the compiler doesn't know it. It is read by {@link keyIn}. */
const keyedBy = ({ keyName, key }: KindJson): Record<never, never> => ({ [keyName]: key })
const perhapsKeyedBy = ({ keyName, key }: KindJson): Record<never, never> => ({ [keyName]: Schema.optionalKey(key) })

const decidedJsonOf = (kind: KindJson) =>
  Schema.Struct({
    c: Schema.optionalKey(kind.commands.journaled),
    named: Schema.optionalKey(Schema.Struct({ id: Schema.optionalKey(AnyCommandIdField), ...perhapsKeyedBy(kind) })),
    ok: Schema.optionalKey(Schema.Array(kind.event)),
    no: Schema.optionalKey(RefusalJson),
    late: Schema.optionalKey(Schema.Literal(1)),
    held: Schema.optionalKey(Schema.Struct({ id: Schema.String, cause: Schema.String })),
    again: Schema.optionalKey(kind.outcome),
    drop: Schema.optionalKey(Schema.String),
    begun: Schema.optionalKey(Schema.Array(kind.event)),
    pending: Schema.optionalKey(Schema.Literal(1)),
  }).check(
    Schema.makeFilter((decided: object) => decisionKeys.filter((key) => key in decided).length === 1, { expected: "exactly one decision" }),
  )
/** A command with its decision, as JSON. */
export type DecidedJson = ReturnType<typeof decidedJsonOf>["Type"]
tied<DecisionKey | "c" | "named", keyof DecidedJson>()

const from = { from: AnySenderField, class: ClassField }

/** The entries that say nothing of an actor. */
const plainEntries = [
  Schema.Struct({
    e: Schema.Literal("stored"),
    seq: CountField,
    ingress: Schema.String,
    serial: CountField,
    missing: Schema.optionalKey(CountField),
  }),
  Schema.Struct({ e: Schema.Literal("skipped"), seq: CountField, cause: Schema.String }),
  Schema.Struct({ e: Schema.Literal("floor"), from: AnySenderField, class: Schema.Literals(FloorClass), ms: CountField }),
  Schema.Struct({
    e: Schema.Literal("reset"),
    from: CursorJson,
    cause: Schema.String,
    dropped: Schema.optionalKey(Schema.Tuple([CountField, CountField])),
  }),
  Schema.Struct({
    e: Schema.Literal("resumed"),
    by: Schema.String,
    reason: Schema.String,
    halt: Schema.String,
    lost: Schema.optionalKey(CountField),
  }),
] as const

const entryJsonOf = (kind: KindJson, decided: ReturnType<typeof decidedJsonOf>) =>
  Schema.Union([
    Schema.Struct({
      e: Schema.Literal("message"),
      seq: Schema.optionalKey(CountField),
      ...from,
      ms: CountField,
      re: Schema.optionalKey(Schema.String),
      list: Schema.optionalKey(Schema.Literal(1)),
      bulk: Schema.optionalKey(Schema.Literal(1)),
      for: Schema.optionalKey(SenderField),
      tp: Schema.optionalKey(TraceField),
      d: Schema.Array(decided),
    }),
    ...plainEntries,
    Schema.Struct({ e: Schema.Literal("expiry"), ...keyedBy(kind), ok: Schema.Array(kind.expired) }),
    Schema.Struct({ e: Schema.Literal("covered"), ...keyedBy(kind), ok: Schema.Array(kind.followUp) }),
    Schema.Struct({ e: Schema.Literal("settled"), id: Schema.String, ...from, re: Schema.optionalKey(Schema.String), d: decided }),
    Schema.Struct({
      e: Schema.Literal("returned"),
      id: CarriedIdField,
      by: Schema.Tuple([KindWordField, PartitionField, CountField]),
      said: ReturnedOutcomeJson,
      tp: Schema.optionalKey(TraceField),
      ...keyedBy(kind),
      ok: Schema.Array(kind.event),
    }),
    Schema.Struct({
      e: Schema.Literal("answered"),
      ...from,
      ...keyedBy(kind),
      id: CommandIdField,
      hash: CountField,
      ms: CountField,
      re: Schema.Array(Schema.String),
      said: kind.outcome,
    }),
  ])
/** An entry, as JSON. */
export type EntryJson = ReturnType<typeof entryJsonOf>["Type"]
tied<Uncapitalize<Entry["_tag"]>, EntryJson["e"]>()

const envelope = {
  v: Schema.Literal(recordVersion),
  of: Schema.optionalKey(KindWordField),
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
/** A record without its entries. */
export const EnvelopeJson = Schema.Struct(envelope)

/** The Schemas of one kind's records: of a whole one, and of what is in it. */
export const recordSchemasOf = (kind: KindJson) => {
  const decided = decidedJsonOf(kind)
  const entry = entryJsonOf(kind, decided)
  return { decided, entry, record: Schema.Struct({ ...envelope, entries: Schema.Array(entry), sum: Schema.String }) }
}
