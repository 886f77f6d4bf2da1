/**
 * How bytes become a checked value, and how a decoder says what is wrong with them.
 *
 * The field types that messages are made of stand in domain/fields.ts. Nothing here knows a message.
 */
import { Result, Schema, SchemaIssue } from "effect"
import { fieldPath } from "../domain/field-path.ts"
import { type CommandClass, CommandClass as commandClasses } from "../domain/names.ts"
import { isTraceparent } from "../domain/traces.ts"
import { parseJson } from "./json.ts"

/** A class of command. */
export const ClassField: Schema.Literals<ReadonlyArray<CommandClass>> = Schema.Literals(commandClasses)

/** A W3C `traceparent` as we write it. */
export const TraceField = Schema.String.check(Schema.makeFilter(isTraceparent, { expected: "a W3C traceparent" }))

/**
 * A word that is heard, of which a newer release may say more than this one knows: what it says is taken, and kept as it is. Typed as the known ones, so that a program that looks at them
 * is told by the compiler which there are; one that it doesn't know it must take for one of their kind.
 */
export const openWord = <Known extends string>(known: ReadonlyArray<Known>, description: string) =>
  Schema.String.pipe(
    Schema.refine((text): text is Known => text !== "", {
      expected: "a word",
      toJsonSchema: () => ({ minLength: 1, anyOf: [{ enum: [...known] }, { type: "string" }] }),
    }),
  ).annotate({ description: `${description}; a newer release may say others` })

/** Where the first fault lies, as a dotted path ("policy.channels.2.fenceQty"), and what was expected there. */
const firstIssue = (issue: SchemaIssue.Issue): { readonly path: string; readonly expected: string } => {
  const first = formatIssue(issue).issues[0]
  if (first === undefined) return { path: "", expected: "something else" }
  return {
    path: fieldPath(...(first.path ?? []).map((step) => String(typeof step === "object" ? step.key : step))),
    expected: first.message,
  }
}
/** The first field at fault, and what was expected there. */
export const firstIssueOf = ({ issue }: { readonly issue: SchemaIssue.Issue }): string => {
  const { path, expected } = firstIssue(issue)
  return `${path}: ${expected}`
}
const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

/** What is expected of a field that isn't known: that it isn't there. */
export const noSuchField = "no such field"

/** What a strict decoder found: the value, or the first field at fault and what was expected there. */
export type Strict<T> =
  | { readonly _tag: "Valid"; readonly value: T }
  | { readonly _tag: "Invalid"; readonly path: string; readonly expected: string }

/**
 * A decoder of parsed JSON that refuses unknown fields at any depth.
 *
 * Not by Schema's own option, which builds a set of names for each object it sees and so costs more than all the rest: a decoder drops what it
 * doesn't know, and what was dropped is looked for afterwards.
 */
export const strictDecoderOf = <S extends Schema.ConstraintDecoder<unknown>>(schema: S): ((json: unknown) => Strict<S["Type"]>) => {
  const decode = Schema.decodeUnknownResult(schema)
  return (json) => {
    const result = decode(json)
    if (Result.isFailure(result)) return { _tag: "Invalid", ...firstIssue(result.failure.issue) }
    const dropped = droppedField(json, result.success)
    return dropped === undefined ? { _tag: "Valid", value: result.success } : { _tag: "Invalid", path: dropped, expected: noSuchField }
  }
}

/** The path of the first field in `given` that isn't in `kept`: what JSON.parse made, and what a decoder left of it. */
const droppedField = (given: unknown, kept: unknown): string | undefined => {
  if (given === kept) return undefined
  if (Array.isArray(given) && Array.isArray(kept)) {
    for (let i = 0; i < given.length; i++) {
      const dropped = droppedField(given[i], kept[i])
      if (dropped !== undefined) return fieldPath(i, dropped)
    }
    return undefined
  }
  if (!isObject(given) || !isObject(kept)) return undefined
  // A decoder adds nothing: as many fields are the same fields.
  if (fieldCount(given) !== fieldCount(kept)) return Object.keys(given).find((key) => !Object.hasOwn(kept, key))
  for (const key in given) {
    const value = given[key]
    if (typeof value !== "object") continue
    const dropped = droppedField(value, kept[key])
    if (dropped !== undefined) return fieldPath(key, dropped)
  }
  return undefined
}
/** Fields of an object that has no other than its own, counted without a list of their names. */
const fieldCount = (object: object): number => {
  let count = 0
  for (const _ in object) count++
  return count
}
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null

/**
 * A decoder of a versioned JSON message that a worker or a sender wrote; undefined if the bytes are none. Unknown fields pass and are dropped,
 * so that a newer release may add some. Never throws.
 */
export const decoderOf = <S extends Schema.ConstraintDecoder<unknown>>(schema: S): ((bytes: Uint8Array) => S["Type"] | undefined) => {
  const decode = Schema.decodeUnknownResult(schema)
  return (bytes) => {
    const parsed = parseJson(bytes)
    if (parsed._tag === "Refused") return undefined
    const result = decode(parsed.value)
    return Result.isSuccess(result) ? result.success : undefined
  }
}
