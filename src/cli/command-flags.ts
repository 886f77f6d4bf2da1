/**
 * Commands as flags spell them: one flag for each field that any command has, as the commands' declarations say. What fits together is said by the same Schemas that the
 * owner uses.
 */
import { readFile } from "node:fs/promises"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { AnyCommandSpec } from "../domain/define.ts"
import { orderKind } from "../domain/order/index.ts"
import { skuKind } from "../domain/sku/index.ts"
import { plainLine } from "../domain/sku/policy.ts"
import { wholeNumber } from "./arguments.ts"
import { CommandFailed, exitCode } from "./exit-codes.ts"
import { oneJson } from "./given-json.ts"

const optional = <A>(flag: Flag.Flag<A>, metavar: string, description: string) =>
  flag.pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional, Flag.map(Option.getOrUndefined))

/** How the values of a field are given: one text or number, a switch, several texts by one flag each, or JSON. */
type FlagKind = "text" | "whole" | "switch" | "several" | "json"

/** A flag for all fields of one name. A list is spelled by a flag of its singular, given once for each item; the field of that name then takes one. */
interface FieldFlag {
  readonly kind: FlagKind
  readonly metavar: string
  /** What it means, and the types of which it does. */
  readonly says: Map<string, Array<string>>
}

const listNameOf = (name: string): string => `${name}s`

type Ast = AnyCommandSpec["fields"][string]["ast"]

const kindOf = (ast: Ast): FlagKind => {
  const { _tag: tag } = ast
  if (tag === "Number") return "whole"
  if (tag === "Boolean") return "switch"
  if (tag === "Arrays") return ast.rest[0]?._tag === "Objects" ? "json" : "several"
  return tag === "Objects" ? "json" : "text"
}

/** The declarations of all commands that a sender may send, by their types. */
const specs: ReadonlyMap<string, AnyCommandSpec> = new Map(
  [...(skuKind.commands as ReadonlyArray<AnyCommandSpec>), ...(orderKind.commands as ReadonlyArray<AnyCommandSpec>)]
    .filter(({ type }) => type !== "NoteLine")
    .map((spec) => [spec.type, spec]),
)

const fieldFlags = (): ReadonlyMap<string, FieldFlag> => {
  const flags = new Map<string, FieldFlag>()
  for (const { type, fields, flags: told } of specs.values()) {
    for (const [field, { ast }] of Object.entries(fields)) {
      const kind = kindOf(ast)
      const [metavar, says] = told[field] ?? ["", ""]
      const name = kind === "several" ? field.slice(0, -1) : field
      const known = flags.get(name)
      const flag = { metavar, says: known?.says ?? new Map<string, Array<string>>(), kind: known?.kind === "several" ? known.kind : kind }
      flag.says.set(says, [...(flag.says.get(says) ?? []), type])
      flags.set(name, flag)
    }
  }
  return flags
}
const flagsOfFields = fieldFlags()

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** What the types say of a field, each once: `Reserve, Extend: how long; …`. */
const describeFlag = ({ says }: FieldFlag): string => [...says].map(([text, types]) => `${types.join(", ")}: ${text}`).join("; ")

const flagOf = (name: string, flag: FieldFlag): Flag.Flag<unknown> => {
  const description = describeFlag(flag)
  const spelled = kebab(name)
  if (flag.kind === "whole") return optional(wholeNumber(spelled), flag.metavar, description)
  if (flag.kind === "switch") return Flag.Boolean(spelled).pipe(Flag.withDescription(description), Flag.withDefault(false))
  if (flag.kind !== "several") return optional(Flag.String(spelled), flag.metavar, description)
  return Flag.String(spelled).pipe(Flag.withMetavar(flag.metavar), Flag.withDescription(description), Flag.atLeast(0))
}

/** A flag for each field that any command has. */
export const commandFlags = {
  sku: optional(Flag.String("sku"), "SKU", "What it is about; every command has one, but those about an order"),
  id: optional(Flag.String("id"), "ID", "The command's id; random if absent. Repeat it to ask again"),
  issuedAtMs: optional(wholeNumber("issued-at-ms"), "MS", "When it was issued, in ms since 1970; now if absent"),
  deadlineMs: optional(
    wholeNumber("deadline-ms"),
    "MS",
    "Decide within so many ms after it reached the servers, or not at all; not for facts",
  ),
  line: Flag.String("line").pipe(
    Flag.withMetavar("SKU[=QTY[:MIN]]"),
    Flag.withDescription("PlaceOrder, CancelOrder: a line, once for each; MIN with --fill minimum; without QTY, CancelOrder: all of it"),
    Flag.atLeast(0),
  ),
  channels: optional(Flag.String("channels"), "A,B", "SetPolicy: the channels that sell it, first served first, without buffers or fences"),
  own: Object.fromEntries([...flagsOfFields].map(([name, flag]) => [name, flagOf(name, flag)])),
}

interface CommandFlagValues {
  readonly sku: string | undefined
  readonly id: string | undefined
  readonly issuedAtMs: number | undefined
  readonly deadlineMs: number | undefined
  readonly line: ReadonlyArray<string>
  readonly channels: string | undefined
  /** Of the fields that not all commands have. */
  readonly own: Readonly<Record<string, unknown>>
}

const usage = (message: string) => new CommandFailed({ code: exitCode.usage, message })

/** `given` itself, what the file holds that `@path` names, or standard input for `-`. */
export const givenOrFile = (given: string, flag: string): Effect.Effect<Uint8Array, CommandFailed> => {
  if (given !== "-" && !given.startsWith("@")) return Effect.succeed(Buffer.from(given))
  const path = given === "-" ? "/dev/stdin" : given.slice(1)
  return Effect.tryPromise({
    try: () => (given === "-" ? readInput() : readFile(path)),
    catch: (error) => usage(`${flag}: ${path} can't be read (${error instanceof Error ? error.message : String(error)})`),
  })
}

const readInput = async (): Promise<Uint8Array> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** A policy of channels alone. Without a version it is the next: whoever owns the SKU knows which. */
const policyOf = (channels: string): object => ({
  channels: channels.split(",").map((channel, place) => plainLine(channel.trim(), place)),
  safety: [],
  sourcing: [],
})

/** The field that a flag's value stands for in a command with these fields, and its value; undefined where the flag wasn't given. */
const fieldOf = (name: string, given: unknown, fields: object): readonly [string, unknown] | undefined => {
  const kind = flagsOfFields.get(name)?.kind
  if (given === undefined || (kind === "switch" && given === false)) return undefined
  if (kind !== "several" || !Array.isArray(given)) return [name, given]
  if (given.length === 0) return undefined
  return listNameOf(name) in fields ? [listNameOf(name), given] : [name, given.length > 1 ? given : given[0]]
}

/** A line as a flag spells it. A SKU may hold an equals sign: the last one ends it. What is no number stays a text, and is refused as such. */
export const lineOf = (given: string): object => {
  const found = /^(.+)=([0-9]+)(?::([0-9]+))?$/su.exec(given)
  if (found === null) return { sku: given }
  const [, sku, qty, minQty] = found
  return { sku, qty: Number(qty), ...(minQty === undefined ? {} : { minQty: Number(minQty) }) }
}

/** What was given of a type's own fields. What the type has not is among them too, and refused as for everybody else. */
const ownFields = (spec: AnyCommandSpec, { own, channels, line }: CommandFlagValues): Effect.Effect<object, CommandFailed> =>
  Effect.gen(function* () {
    const fields: Record<string, unknown> = {}
    for (const [name, given] of Object.entries(own)) {
      const isJson = flagsOfFields.get(name)?.kind === "json" && typeof given === "string"
      const flag = `--${kebab(name)}`
      const value = isJson ? yield* Effect.flatMap(givenOrFile(given, flag), (json) => oneJson(json, flag)) : given
      const field = fieldOf(name, value, spec.fields)
      if (field !== undefined) fields[field[0]] = field[1]
    }
    if (line.length > 0 && fields.lines !== undefined) return yield* usage("name an order's lines by --line or by --lines: one of both")
    if (line.length > 0) fields.lines = line.map(lineOf)
    if (!("policy" in spec.fields) || fields.policy !== undefined) return fields
    if (channels === undefined) return yield* usage(`${spec.type} needs --channels or --policy`)
    return { ...fields, policy: policyOf(channels) }
  })

/**
 * The JSON of the command that the flags spell, id and time filled in. Whatever is filled in follows from what was given and from `id`: asked again under that id, it is the same command.
 */
export const commandJson = (type: string, given: CommandFlagValues, freshId: string, nowMs: number): Effect.Effect<object, CommandFailed> =>
  Effect.gen(function* () {
    const spec = specs.get(type)
    if (spec === undefined) return yield* usage(`no command has the type ${type}`)
    const own = yield* ownFields(spec, given)
    const id = given.id ?? freshId
    const { sku, deadlineMs, issuedAtMs = nowMs } = given
    const json = { v: 1, type, sku, id, issuedAtMs, deadlineMs, ...spec.filledIn?.(id), ...own }
    return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== undefined))
  })
