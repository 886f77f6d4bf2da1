/**
 * The lines of an exported journal, format 1, each checked field by field: what a line of each kind holds, and what is wrong with one that doesn't.
 *
 * One line at a time; whether lines stand in the right order and are all there is for commands.ts.
 */
import { Schema } from "effect"
import { CountField, SenderField, SkuField, VersionField } from "../../src/domain/fields.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import { CursorStream, FloorClass, RecordKind } from "../../src/engine/records.ts"
import { commandFromJson } from "../../src/wire/commands.ts"
import { EventJson, OutcomeJson, RefusalJson } from "../../src/wire/events.ts"
import { ClassField, type Strict, strictDecoderOf, TraceField } from "../../src/wire/fields.ts"

/** The version of the format that is read here, and the only one. */
export const traceFormat = 1

const DecisionJson = Schema.Union([
  Schema.Struct({ outcome: Schema.Literal("accepted"), events: Schema.Array(EventJson) }),
  Schema.Struct({ outcome: Schema.Literal("refused"), ...RefusalJson.fields }),
  Schema.Struct({ outcome: Schema.Literal("expired") }),
  Schema.Struct({ outcome: Schema.Literal("quarantined"), quarantined: Schema.String, cause: Schema.String }),
  Schema.Struct({ outcome: Schema.Literal("repeated"), first: OutcomeJson }),
  Schema.Struct({ outcome: Schema.Literal("dropped"), reason: Schema.String }),
])
/** How one command was decided, as the trace says it. */
export type TraceDecision = typeof DecisionJson.Type

const CursorJson = Schema.Struct({ stream: Schema.Literals(CursorStream), seq: CountField, digest: Schema.String })

const lineSchemas = {
  header: Schema.Struct({
    line: Schema.Literal("header"),
    format: VersionField,
    partitions: VersionField,
    partition: CountField,
    sku: Schema.NullOr(SkuField),
    incarnation: Schema.NullOr(Schema.String),
    lastSeq: CountField,
  }),
  record: Schema.Struct({
    line: Schema.Literal("record"),
    seq: VersionField,
    kind: Schema.Literals(RecordKind),
    epoch: CountField,
    atMs: CountField,
  }),
  // Nobody's messages, which no permission lets through, have the sender "".
  message: Schema.Struct({
    line: Schema.Literal("message"),
    // Null: an ingress handed it over, and it is in no stream.
    seq: Schema.NullOr(VersionField),
    sender: Schema.String,
    class: ClassField,
    brokerMs: CountField,
    reply: Schema.NullOr(Schema.String),
    /** Its sender's trace; it decides nothing. */
    trace: Schema.optionalKey(TraceField),
    array: Schema.Boolean,
  }),
  command: Schema.Struct({ line: Schema.Literal("command"), command: Schema.Unknown, decision: DecisionJson }),
  expiry: Schema.Struct({ line: Schema.Literal("expiry"), sku: SkuField, reservations: Schema.Array(Schema.String) }),
  covered: Schema.Struct({ line: Schema.Literal("covered"), sku: SkuField, events: Schema.Array(EventJson) }),
  settled: Schema.Struct({
    line: Schema.Literal("settled"),
    command: Schema.Unknown,
    decision: DecisionJson,
    quarantined: Schema.String,
    sender: SenderField,
    class: ClassField,
  }),
  floor: Schema.Struct({ line: Schema.Literal("floor"), sender: SenderField, class: Schema.Literals(FloorClass), floorMs: CountField }),
  stored: Schema.Struct({
    line: Schema.Literal("stored"),
    seq: VersionField,
    ingress: Schema.String,
    serial: CountField,
    missing: CountField,
  }),
  skipped: Schema.Struct({ line: Schema.Literal("skipped"), seq: VersionField, cause: Schema.String }),
  reset: Schema.Struct({ line: Schema.Literal("reset"), from: CursorJson, cause: Schema.String }),
  resumed: Schema.Struct({
    line: Schema.Literal("resumed"),
    by: Schema.String,
    reason: Schema.String,
    haltReason: Schema.String,
    lostAfterSeq: Schema.NullOr(CountField),
  }),
  end: Schema.Struct({
    line: Schema.Literal("end"),
    records: CountField,
    commands: CountField,
    atMs: CountField,
    stateHash: Schema.String,
  }),
} as const

/** A line of the trace; its commands are still JSON. */
export type Line = { readonly [Name in keyof typeof lineSchemas]: (typeof lineSchemas)[Name]["Type"] }[keyof typeof lineSchemas]
export type LineOf<Name extends Line["line"]> = Extract<Line, { readonly line: Name }>

const decoders: ReadonlyMap<unknown, (json: unknown) => Strict<Line>> = new Map<unknown, (json: unknown) => Strict<Line>>(
  Object.entries(lineSchemas).map(([name, schema]) => [name, strictDecoderOf<Schema.ConstraintDecoder<Line>>(schema)]),
)

/** The line that a JSON value is, or a sentence that says why it is none. */
export const lineFrom = (json: unknown): Line | string => {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return "it is no JSON object"
  const kind: unknown = Reflect.get(json, "line")
  const decode = decoders.get(kind)
  if (decode === undefined) {
    return typeof kind === "string" ? `there is no kind of line called “${kind.slice(0, 40)}”` : "it doesn't say what kind of line it is"
  }
  const decoded = decode(json)
  return decoded._tag === "Valid" ? decoded.value : `${decoded.path === "" ? kind : decoded.path}: ${decoded.expected}`
}

/** The command that a line's JSON spells; null where the message could not be decoded that far; or a sentence that says what is wrong with it. */
export const commandFrom = (json: unknown): Command | null | string => {
  if (json === null) return null
  if (typeof json !== "object" || Array.isArray(json)) return "its command is no JSON object"
  const found = commandFromJson(json)
  return "type" in found ? found : `its command is none: ${found.reason}${found.field === undefined ? "" : `, ${found.field}`}`
}
