/**
 * Writes what docs/PROTOCOL.md says of every command from the commands' declarations: the table of fields, and the examples. All else in that document is written by hand.
 *
 * `node tools/protocol.ts` writes the file; with `--check` it writes nothing and fails if the file isn't what would be written.
 *
 * What is generated stands between two comments of the document. A comment that names a command holds its example. A comment that names a class holds whatever commands of that class have no
 * comment of their own: a new command stands there until somebody writes more about it.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { AnyCommandSpec } from "../src/domain/define.ts"
import { CommandClass } from "../src/domain/names.ts"
import { skuKind } from "../src/domain/sku/index.ts"

/** The kinds whose commands senders write, in the order of the document. */
const declared: ReadonlyArray<AnyCommandSpec> = [...skuKind.commands]

const begin = (what: string): string => `<!-- npm run generate writes: ${what} -->`
const end = "<!-- up to here -->"
const tableName = "fields of each type"
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

/** A field that must be given, with what must stand in it where that is known. */
const requiredText = (name: string, { ast }: AnyCommandSpec["fields"][string]): string => {
  if (ast._tag !== "Objects") return `\`${name}\``
  const inside = ast.propertySignatures.filter(({ type }) => type.context?.isOptional !== true).map((part) => String(part.name))
  return `\`${name}\` (in it ${quoted(inside)})`
}

const optionalInside = (name: string, { ast }: AnyCommandSpec["fields"][string]): ReadonlyArray<string> =>
  ast._tag !== "Objects"
    ? []
    : ast.propertySignatures
        .filter(({ type }) => type.context?.isOptional === true)
        .map((part) => `\`${String(part.name)}\` in \`${name}\``)

const fieldRow = (spec: AnyCommandSpec): string => {
  const fields = Object.entries(spec.fields)
  const isOptional = ([, { ast }]: (typeof fields)[number]): boolean => ast.context?.isOptional === true
  const ways = waysOf(spec)
  const ofWays = new Set(ways.flatMap(({ required }) => required))
  const must = fields.filter((field) => !isOptional(field))
  const required = [must.map(([name, field]) => requiredText(name, field)).join(", "), ways.map(wayText).join(" or ")]
  const may = fields.filter((field) => isOptional(field) && !ofWays.has(field[0])).map(([name]) => `\`${name}\``)
  const optional = [
    ...may,
    ...must.flatMap(([name, field]) => optionalInside(name, field)),
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
