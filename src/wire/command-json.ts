/**
 * The JSON of a kind's commands, version 1, as Schemas, and what reads them: made from what the kind declares, field by field.
 *
 * There are two readings. What senders write is read by the declared fields alone. What actors of ours carry to each other, and what a journal holds of either, is read with names in it that no sender can spell
 * (internal-fields.ts). Subjects, classes and business rules are the engine's.
 */
import { Schema } from "effect"
import type { AnyCommandSpec } from "../domain/define.ts"
import { CommandIdField, durationField, ReservationField, ReservationNameField } from "../domain/fields.ts"
import type { Refusal } from "../domain/refusals.ts"
import type { KindCommand } from "../engine/kind.ts"
import { deadlineMsMax } from "../limits.ts"
import { noSuchField, type Strict, strictDecoderOf } from "./fields.ts"
import { AnyCommandIdField, AnyReservationField, AnyReservationNameField } from "./internal-fields.ts"

/** The version of the commands' JSON that this release speaks. */
export const commandVersion = 1

const version = { v: Schema.Literal(commandVersion) }
const deadline = { deadlineMs: Schema.optionalKey(durationField(deadlineMsMax)) }

type Fields = Schema.Struct.Fields

/** What of a command's declaration it is read and written by. */
export type CommandShape = Pick<AnyCommandSpec, "type" | "isFact" | "fields" | "summary" | "whole" | "defaults">

/** What of a kind's declaration its commands are read and written by. */
export interface CommandShapes {
  /** The fields every command begins with. */
  readonly head: Fields
  readonly commands: ReadonlyArray<CommandShape>
}

/** Who may say which commands, as far as that isn't every sender. */
interface Speakers<Type extends string> {
  /** The types that actors of other kinds may send. */
  readonly carried: ReadonlyArray<Type>
  /** Of these, those that nobody else may. */
  readonly carriedAlone: ReadonlyArray<Type>
}

/** The fields that hold a name, and what they hold where actors of ours speak. */
const internally: ReadonlyMap<unknown, Fields[string]> = new Map<unknown, Fields[string]>([
  [CommandIdField, AnyCommandIdField],
  [ReservationField, AnyReservationField],
  [ReservationNameField, AnyReservationNameField],
])
const asInternal = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, internally.get(field) ?? field]))

/** The JSON of a type's commands: the version, the type, what every command has, a deadline if it is no fact, and its own fields. */
const schemaOf = ({ type, isFact, fields, whole, summary }: CommandShape, head: Fields) => {
  const schema = Schema.Struct({ ...version, type: Schema.Literal(type), ...head, ...(isFact ? {} : deadline), ...fields })
  const named = { identifier: type, description: summary }
  if (whole === undefined) return schema.annotate(named)
  const toJsonSchema = () => whole.jsonSchema ?? ([{}, true] as const)
  return schema.check(Schema.makeFilter((command: object) => whole.fault(command), { toJsonSchema })).annotate(named)
}

/** The Schema of one type's commands as senders write them. */
export type CommandSchema = ReturnType<typeof schemaOf>

/** A command with its version. */
export type Versioned<C extends KindCommand> = C & { readonly v: typeof commandVersion }

/** Why a JSON object spells no command, and where the field alone doesn't show it what is wrong with it, for people. */
export interface NoCommand {
  readonly refusal: Refusal
  readonly detail?: string
}

/** What reads the commands of a kind. */
export interface CommandReaders<C extends KindCommand> {
  /** One schema for each type, by its name: what senders in TypeScript validate against and what the AsyncAPI document is made from. */
  readonly schemas: Readonly<Record<string, CommandSchema>>
  /** Any command's JSON as senders write it, and as a journal holds it. */
  readonly sent: Schema.Codec<Versioned<C>>
  readonly journaled: Schema.Codec<Versioned<C>>
  /** The command a sender's JSON object spells, or why it spells none: the version first, then the type, then the first field at fault. */
  readonly readSent: (json: object) => C | NoCommand
  /** The same of what an actor of ours carries. */
  readonly readCarried: (json: object) => C | NoCommand
  /** The command of its checked JSON: without the version, and without what says the default: one command, one value. */
  readonly commandOf: (json: Versioned<C>) => C
}

/** The readers of a kind's commands. */
export const commandReadersOf = <C extends KindCommand>(
  { head, commands }: CommandShapes,
  { carried, carriedAlone }: Speakers<C["type"]>,
): CommandReaders<C> => {
  const isInternal: ReadonlySet<string> = new Set(carriedAlone)
  const schemas = Object.fromEntries(commands.filter(({ type }) => !isInternal.has(type)).map((spec) => [spec.type, schemaOf(spec, head)]))
  const internal = Object.fromEntries(
    commands.map((spec) => [spec.type, schemaOf({ ...spec, fields: asInternal(spec.fields) }, asInternal(head))]),
  )
  /** The fields of each type that may say what they would mean if they weren't there. */
  const defaults = new Map(commands.map((spec) => [spec.type, Object.entries(spec.defaults ?? {})]))
  const commandOf = ({ v: _, ...command }: Versioned<C>): C => {
    for (const [name, value] of defaults.get(command.type) ?? [])
      if (Reflect.get(command, name) === value) Reflect.deleteProperty(command, name)
    // What is left of a command without its version is the command: the compiler doesn't know it of a type that it isn't told.
    return command as unknown as C
  }
  const isCarried: ReadonlySet<string> = new Set(carried)
  return {
    schemas,
    // Their types are those of the commands: both come of the same fields, through a list that the compiler doesn't follow.
    sent: Schema.Union(Object.values(schemas)) as unknown as Schema.Codec<Versioned<C>>,
    // As above.
    journaled: Schema.Union(Object.values(internal)) as unknown as Schema.Codec<Versioned<C>>,
    readSent: readerOf(schemas, () => true, commandOf),
    readCarried: readerOf(internal, (type) => isCarried.has(type), commandOf),
    commandOf,
  }
}

const readerOf = <C extends KindCommand>(
  schemas: Readonly<Record<string, CommandSchema>>,
  isRead: (type: string) => boolean,
  commandOf: (json: Versioned<C>) => C,
): ((json: object) => C | NoCommand) => {
  type Decode = (json: unknown) => Strict<Versioned<C>>
  const decoders: ReadonlyMap<unknown, Decode> = new Map<unknown, Decode>(
    Object.entries(schemas)
      .filter(([type]) => isRead(type))
      // The type of what it reads is that of the command, as above.
      .map(([type, schema]): [unknown, Decode] => [type, strictDecoderOf(schema as unknown as Schema.Codec<Versioned<C>>)]),
  )
  return (json) => {
    if (Reflect.get(json, "v") !== commandVersion) return { refusal: { reason: "UnsupportedVersion", field: "v" } }
    const type: unknown = Reflect.get(json, "type")
    const decode = decoders.get(type)
    if (decode === undefined) return { refusal: { reason: "UnknownType", field: "type" } }
    const decoded = decode(json)
    if (decoded._tag === "Valid") return commandOf(decoded.value)
    const { path, expected } = decoded
    return {
      refusal: { reason: "InvalidField", field: fieldName(path) },
      detail: expected === noSuchField ? `not known to ${String(type)}` : valueFault(json, path, expected),
    }
  }
}

/** Characters of a refusal's `field`: what a sender called its unknown field is not repeated at any length. */
const fieldCharsMax = 96

/** Characters of a value that are told to whoever sent it. */
const valueCharsMax = 64

const kinds: Readonly<Record<string, string>> = {
  number: "a whole number",
  "an integer": "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  string: "a text",
  "named twice": "each only once",
}

/** What a field may be, for people, of what its Schema expects of it. */
const rangeOf = (expected: string): string => {
  const plain = expected.replace(/^Expected /, "")
  const between = /^a value between (-?\d+) and (\d+)$/.exec(plain)
  if (between !== null) return `${between[1]} to ${between[2]}`
  const length = /^a value with a length of at (most|least) (\d+)$/.exec(plain)
  if (length !== null) return `at ${length[1]} ${length[2]} of them`
  if (plain.startsWith('"')) return `one of ${plain.replaceAll('"', "").replaceAll(" | ", ", ")}`
  const kind = kinds[plain]
  if (kind !== undefined) return kind
  // The name of a Schema is expected where the value is of another kind altogether.
  if (/^[A-Z][A-Za-z]+$/.test(plain)) return /Policy/.test(plain) ? "an object" : "a text"
  return plain
}

/** A value as JSON spells it, shortened, and whatever JSON can't spell: it says null for a number that is none. */
const valueText = (value: unknown): string => {
  let text: string
  try {
    text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value))
  } catch {
    text = typeof value
  }
  return text.length <= valueCharsMax ? text : `${text.slice(0, valueCharsMax).toWellFormed()}… (${text.length} characters)`
}

/** What is wrong with a known field: that it is not there, or what it may be and what it is. */
const valueFault = (json: object, path: string, expected: string): string => {
  let value: unknown = json
  for (const step of path.split(".")) value = typeof value === "object" && value !== null ? Reflect.get(value, step) : undefined
  if (value === undefined) return "missing"
  return `out of its range (${rangeOf(expected)}): ${valueText(value)}`
}

/** A field's path as a refusal names it: shortened, and well-formed. */
export const fieldName = (path: string): string => (path.length <= fieldCharsMax ? path : path.slice(0, fieldCharsMax)).toWellFormed()
