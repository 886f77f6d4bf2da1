/**
 * Writes what docs/PROTOCOL.md says of every command from the commands' declarations: the table of fields of each kind, and the examples of commands about SKUs. All else in that document is written by hand.
 *
 * `node tools/protocol.ts` writes the file; with `--check` it writes nothing and fails if the file isn't what would be written.
 *
 * What is generated stands between two comments of the document. A comment that names a command holds its example. A comment that names a class holds whatever commands of that class have no
 * comment of their own: a new command stands there until somebody writes more about it.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { orderCommandTypes } from "../src/client/orders.ts"
import type { AnyCommandSpec } from "../src/domain/define.ts"
import { CommandClass } from "../src/domain/names.ts"
import { orderKind } from "../src/domain/order/index.ts"
import { skuKind } from "../src/domain/sku/index.ts"

/** The commands that senders write about SKUs, in the order of the document. */
const declared: ReadonlyArray<AnyCommandSpec> = [...skuKind.commands]

/** Those about orders. What only actors carry to each other is no sender's to write. */
const declaredOfOrders: ReadonlyArray<AnyCommandSpec> = (orderKind.commands as ReadonlyArray<AnyCommandSpec>).filter(({ type }) =>
  orderCommandTypes.some((known) => known === type),
)

const begin = (what: string): string => `<!-- npm run generate writes: ${what} -->`
const end = "<!-- up to here -->"
const tableName = "fields of each type"
const orderTableName = "fields of each type about orders"
const restOf = (commandClass: string): string => `other commands of class ${commandClass}`

/** Characters of a line of JSON, at most. */
const widthMax = 150

const oneLine = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  return `{ ${Object.entries(value)
    .map(([key, field]) => `${JSON.stringify(key)}: ${oneLine(field)}`)
    .join(", ")} }`
}

/** JSON as people read it: on one line where it fits. */
const pretty = (value: unknown, indent = "", before = 0): string => {
  const line = oneLine(value)
  if (typeof value !== "object" || value === null || indent.length + before + line.length <= widthMax) return line
  const inner = `${indent}  `
  const items = Array.isArray(value)
    ? value.map((item) => inner + pretty(item, inner))
    : Object.entries(value).map(([key, field]) => `${inner}${JSON.stringify(key)}: ${pretty(field, inner, key.length + 4)}`)
  const [open, close] = Array.isArray(value) ? "[]" : "{}"
  return `${open}\n${items.join(",\n")}\n${indent}${close}`
}

const quoted = (names: ReadonlyArray<string>): string => names.map((name) => `\`${name}\``).join(", ")

/** One way in which fields fit together, as a declaration says it in words of JSON Schema. */
interface Way {
  readonly properties: Readonly<Record<string, { readonly const: string }>>
  readonly required: ReadonlyArray<string>
}
const waysOf = ({ whole }: AnyCommandSpec): ReadonlyArray<Way> => (whole?.jsonSchema?.anyOf ?? []) as ReadonlyArray<Way>

const wayText = ({ properties, required }: Way): string =>
  `${quoted(required)} (${quoted(Object.values(properties).map((value) => value.const))})`

/** The names of what stands in an object, or in each object of a list; none where a field is neither. */
const namesInside = ({ ast }: AnyCommandSpec["fields"][string], isOptional: boolean): ReadonlyArray<string> => {
  const inner = ast._tag === "Arrays" ? ast.rest[0] : ast
  if (inner?._tag !== "Objects") return []
  return inner.propertySignatures.filter(({ type }) => (type.context?.isOptional === true) === isOptional).map((part) => String(part.name))
}

/** A field with what must stand in it where that is known. */
const fieldText = (name: string, field: AnyCommandSpec["fields"][string]): string => {
  const inside = namesInside(field, false)
  if (inside.length === 0) return `\`${name}\``
  return `\`${name}\` (in ${field.ast._tag === "Arrays" ? "each" : "it"} ${quoted(inside)})`
}

const optionalInside = (name: string, field: AnyCommandSpec["fields"][string]): ReadonlyArray<string> =>
  namesInside(field, true).map((inner) => `\`${inner}\` in \`${name}\``)

const fieldRow = (spec: AnyCommandSpec): string => {
  const fields = Object.entries(spec.fields)
  const isOptional = ([, { ast }]: (typeof fields)[number]): boolean => ast.context?.isOptional === true
  const ways = waysOf(spec)
  const ofWays = new Set(ways.flatMap(({ required }) => required))
  const must = fields.filter((field) => !isOptional(field))
  const required = [must.map(([name, field]) => fieldText(name, field)).join(", "), ways.map(wayText).join(" or ")]
  const may = fields.filter((field) => isOptional(field) && !ofWays.has(field[0]))
  const optional = [
    ...may.map(([name, field]) => fieldText(name, field)),
    ...[...must, ...may].flatMap(([name, field]) => optionalInside(name, field)),
    ...(ways.length > 0 ? ["the other of both"] : []),
  ]
  return `| \`${spec.type}\` | \`${spec.class}\` | ${required.filter((part) => part !== "").join("; ")} | ${optional.map((part) => `${part}`).join(", ")}${optional.length > 0 ? " " : ""}|`
}

const table = (commands: ReadonlyArray<AnyCommandSpec>): string =>
  ["| type | class | required | optional |", "| --- | --- | --- | --- |", ...commands.map(fieldRow)].join("\n")

const examplesOf = ({ type, examples }: AnyCommandSpec): string =>
  examples.map((example) => `\`\`\`json command\n${pretty({ v: 1, type, ...example })}\n\`\`\``).join("\n\n")

/** A command in the words of its declaration. */
const inItsWords = (spec: AnyCommandSpec): string => {
  const fields = Object.keys(spec.fields).map((name) => `\`${name}\`: ${spec.flags[name]?.[1] ?? ""}`)
  return `\`${spec.type}\`. ${spec.summary}. ${fields.join("; ")}.\n\n${examplesOf(spec)}`
}

const rest = (commands: ReadonlyArray<AnyCommandSpec>, commandClass: CommandClass): string =>
  commands
    .filter((spec) => spec.class === commandClass)
    .map(inItsWords)
    .join("\n\n")

/** The document with everything generated in it made anew. */
export const protocolText = (document: string, commands = declared): string => {
  const explained = commands.filter(({ type }) => document.includes(begin(type)))
  const others = commands.filter((spec) => !explained.includes(spec))
  const parts = new Map([
    [tableName, table(commands)],
    [orderTableName, table(declaredOfOrders)],
    ...explained.map((spec) => [spec.type, examplesOf(spec)] as const),
    ...CommandClass.map((one) => [restOf(one), rest(others, one)] as const),
  ])
  let text = document
  for (const [what, part] of parts) {
    const [head = "", ...tail] = text.split(`${begin(what)}\n`)
    const [behind] = tail
    if (behind === undefined || tail.length > 1)
      throw new Error(`docs/PROTOCOL.md needs the line ${begin(what)} once, and ${end} behind it`)
    text = `${head}${begin(what)}\n${part === "" ? "" : `\n${part}\n\n`}${behind.slice(behind.indexOf(end))}`
  }
  return text
}

/** Where the document is. */
export const protocolPath = fileURLToPath(new URL("../docs/PROTOCOL.md", import.meta.url))

if (import.meta.main) {
  const wrong = process.argv.slice(2).filter((arg) => arg !== "--check")
  if (wrong.length > 0) {
    console.error(
      "npm run generate writes what is generated in docs; node tools/protocol.ts --check says whether docs/PROTOCOL.md is as it would be written. There is no other option",
    )
    process.exit(wrong.includes("--help") ? 0 : 2)
  }
  const document = readFileSync(protocolPath, "utf8")
  const text = protocolText(document)
  if (!process.argv.includes("--check")) writeFileSync(protocolPath, text)
  else if (document !== text) {
    console.error("docs/PROTOCOL.md is stale: run npm run generate")
    process.exitCode = 1
  }
}
