/**
 * Canonical JSON of a value by its Schema: keys in the order in which the Schema has them, no white space, what isn't there left out.
 *
 * Any two equal values have the same text, in whatever order their keys came. A Schema is walked once, when its writer is made. Only what commands are made of is known: text, numbers, flags, words of
 * a list, lists and records of these.
 */
import type { SchemaAST } from "effect"
import { assert } from "../assert.ts"
import type { KindCommand } from "../engine/kind.ts"
import { type CommandShapes, commandVersion } from "./command-json.ts"

/** The text of a valid value. */
export type Write = (value: unknown) => string

const quoted: Write = (value) => JSON.stringify(value)
const plain: Write = String

/** The writer of values of a Schema. Throws of one that nothing of a command has. */
export const writerOf = (ast: SchemaAST.AST): Write => {
  if (ast._tag === "String") return quoted
  if (ast._tag === "Number" || ast._tag === "Boolean") return plain
  if (ast._tag === "Arrays") return listWriter(ast)
  if (ast._tag === "Objects") return recordWriter(ast)
  const isWordOfList = ast._tag === "Union" && ast.types.every((type) => type._tag === "Literal" && typeof type.literal === "string")
  assert(isWordOfList, `no command has a field of the kind ${ast._tag}`)
  return quoted
}

const listWriter = ({ elements, rest }: SchemaAST.Arrays): Write => {
  const [item, ...more] = rest
  assert(item !== undefined && more.length === 0 && elements.length === 0, "a list in a command has items of one kind")
  const write = writerOf(item)
  return (value) => {
    assert(Array.isArray(value), "a list is written as one")
    return `[${value.map(write).join(",")}]`
  }
}

const recordWriter = ({ propertySignatures, indexSignatures }: SchemaAST.Objects): Write => {
  assert(indexSignatures.length === 0, "all fields of a command are known")
  const write = fieldsWriter(propertySignatures.map(({ name, type }) => [String(name), type]))
  // Behind the first comma.
  return (value) => {
    assert(typeof value === "object" && value !== null, "a record is written as one")
    return `{${write(value).slice(1)}}`
  }
}

/** The writer of some fields of an object, in their order, each with a comma before it. */
export const fieldsWriter = (fields: ReadonlyArray<readonly [name: string, ast: SchemaAST.AST]>): ((from: object) => string) => {
  const writers = fields.map(([name, ast]) => ({ name, key: `,${JSON.stringify(name)}:`, write: writerOf(ast) }))
  return (from) => {
    let text = ""
    for (const { name, key, write } of writers) {
      const value: unknown = Reflect.get(from, name)
      if (value !== undefined) text += key + write(value)
    }
    return text
  }
}

/** The canonical text of a kind's valid commands: version, type, what every command begins with, a deadline if it has one, its own fields. */
export const commandWriterOf = ({ head, commands }: CommandShapes): ((command: KindCommand) => string) => {
  const begin = writerOfAll(head)
  const own = new Map(commands.map(({ type, fields }) => [type, writerOfAll(fields)]))
  return (command) => {
    const write = own.get(command.type)
    assert(write !== undefined, "a command is of one of its kind's types")
    const deadline = command.deadlineMs === undefined ? "" : `,"deadlineMs":${command.deadlineMs}`
    return `{"v":${commandVersion},"type":"${command.type}"${begin(command)}${deadline}${write(command)}}`
  }
}

const writerOfAll = (fields: CommandShapes["head"]) => fieldsWriter(Object.entries(fields).map(([name, { ast }]) => [name, ast]))
