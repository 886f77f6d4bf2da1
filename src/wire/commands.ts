/**
 * The JSON form of every command, version 1, as Schemas: what a sender may write, field by field. The fields are those that each command declares in its folder.
 *
 * This is the slow path that explains refusals, and the truth of what is accepted; canonical.ts reads the usual spelling faster and is
 * held to the same verdicts by a property test. Subjects, classes and business rules are the engine's.
 */
import { Schema } from "effect"
import type { AnyCommandSpec } from "../domain/define.ts"
import { durationField } from "../domain/fields.ts"
import type { Refusal } from "../domain/refusals.ts"
import { type Command, type CommandType, ofEachType } from "../domain/sku/commands.ts"
import { skuKind } from "../domain/sku/index.ts"
import { deadlineMsMax } from "../limits.ts"
import { noSuchField, type Strict, strictDecoderOf } from "./fields.ts"

/** The version of the commands' JSON that this release speaks. */
export const commandVersion = 1

const version = { v: Schema.Literal(commandVersion) }
const deadline = { deadlineMs: Schema.optionalKey(durationField(deadlineMsMax)) }

/** The JSON of a type's commands: the version, the type, what every command has, a deadline if it is no fact, and its own fields. */
const schemaOf = ({ type, isFact, fields, whole, summary }: AnyCommandSpec) => {
  const schema = Schema.Struct({ ...version, type: Schema.Literal(type), ...skuKind.head, ...(isFact ? {} : deadline), ...fields })
  const named = { identifier: type, description: summary }
  if (whole === undefined) return schema.annotate(named)
  const toJsonSchema = () => whole.jsonSchema ?? ([{}, true] as const)
  return schema.check(Schema.makeFilter((command: object) => whole.fault(command), { toJsonSchema })).annotate(named)
}

/** One schema for each type, by its name: what senders in TypeScript validate against and what the AsyncAPI document is made from. */
export const commandSchemas: Readonly<Record<CommandType, ReturnType<typeof schemaOf>>> = ofEachType(schemaOf)

/** A command with its version. */
export type CommandJson = Command & { readonly v: typeof commandVersion }

/** Any command's JSON. Its type is that of the commands: both come of the same fields, through a list that the compiler doesn't follow. */
export const CommandJson = Schema.Union(Object.values(commandSchemas)) as unknown as Schema.Codec<CommandJson>

type Decode = (json: unknown) => Strict<CommandJson>
const decoders: ReadonlyMap<unknown, Decode> = new Map<unknown, Decode>(
  Object.entries(commandSchemas).map(([type, schema]): [unknown, Decode] => [
    type,
    // As above.
    strictDecoderOf(schema as unknown as Schema.Codec<CommandJson>),
  ]),
)

/** Characters of a refusal's `field`: what a sender called its unknown field is not repeated at any length. */
const fieldCharsMax = 96

/** Why a JSON object spells no command, and where the field alone doesn't show it what is wrong with it, for people. */
export interface NoCommand {
  readonly refusal: Refusal
  readonly detail?: string
}

/** The command a JSON object spells, or why it spells none: the version first, then the type, then the first field at fault. */
export const readCommandJson = (json: object): Command | NoCommand => {
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

/** The same without what is said to people. */
export const commandFromJson = (json: object): Command | Refusal => {
  const read = readCommandJson(json)
  return "type" in read ? read : read.refusal
}

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

export const fieldName = (path: string): string => (path.length <= fieldCharsMax ? path : path.slice(0, fieldCharsMax)).toWellFormed()

/** The fields of each type that may say what they would mean if they weren't there. */
const defaults: Readonly<Record<CommandType, ReadonlyArray<readonly [name: string, value: unknown]>>> = ofEachType((spec: AnyCommandSpec) =>
  Object.entries(spec.defaults ?? {}),
)

/** The command of its checked JSON: without the version, and without what says the default: one command, one value. */
export const commandOf = ({ v: _, ...command }: CommandJson): Command => {
  for (const [name, value] of defaults[command.type]) if (Reflect.get(command, name) === value) Reflect.deleteProperty(command, name)
  return command
}

/** The JSON form of a command, as a value. */
export const commandJsonOf = (command: Command): CommandJson => ({ v: commandVersion, ...command })
