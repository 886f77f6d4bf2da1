/**
 * The one canonical spelling of each command: its text, and a fast reader of exactly that spelling.
 *
 * Any two spellings of one command have the same canonical text; an id is bound to it, and records embed it verbatim. Key order is that
 * of their Schemas, there is no white space, and what says a default is left out. The reader takes the four commands of the hot path; whatever
 * it doesn't take (another order, an escape, a fault) is nobody's fault yet: it goes the long way through JSON.parse and the Schemas.
 */

import type { AnyCommandSpec } from "../domain/define.ts"
import type { ActorKey, LocationId } from "../domain/names.ts"
import { type Command, type CommandType, ofEachType, type Reserve } from "../domain/sku/commands.ts"
import { fieldsWriter } from "./writer.ts"

/** A JSON string of an actor's key, such as a SKU: of what must be escaped, a valid one can hold only these two. */
export const keyJson = (key: ActorKey): string => (key.includes('"') || key.includes("\\") ? JSON.stringify(key) : `"${key}"`)

const namesJson = (names: ReadonlyArray<LocationId>): string => (names.length === 0 ? "[]" : `["${names.join('","')}"]`)

/** The fields after the common ones, each with its comma, of every type: what is written by hand below is held to it by a property test. */
const fieldWriters: Readonly<Record<CommandType, (command: object) => string>> = ofEachType((spec: AnyCommandSpec) =>
  fieldsWriter(Object.entries(spec.fields).map(([name, { ast }]) => [name, ast])),
)

const textWith = (command: Command, ownFields: string): string => {
  const deadline = command.deadlineMs === undefined ? "" : `,"deadlineMs":${command.deadlineMs}`
  return `{"v":1,"type":"${command.type}","id":"${command.id}","sku":${keyJson(command.sku)},"issuedAtMs":${command.issuedAtMs}${deadline}${ownFields}}`
}

/** The canonical text of a valid command. */
export const commandText = (command: Command): string => textWith(command, ownFields(command))

/** The same by the Schemas alone. Apart so that a test can hold what is written by hand against it. */
export const commandTextBySchema = (command: Command): string => textWith(command, fieldWriters[command.type](command))

/** What a channel that sells sends most is written by hand, several times faster. */
const ownFields = (command: Command): string => {
  if (command.type === "Reserve") return reserveFields(command)
  if (command.type === "Confirm") return `,"reservation":"${command.reservation}"`
  if (command.type === "Release") {
    const qty = command.qty === undefined ? "" : `,"qty":${command.qty}`
    return `,"reservation":"${command.reservation}"${qty},"reason":"${command.reason}"`
  }
  if (command.type === "Extend") return `,"reservation":"${command.reservation}","holdMs":${command.holdMs}`
  return fieldWriters[command.type](command)
}

const reserveFields = (command: Reserve): string => {
  const locations = command.locations === undefined ? "" : `,"locations":${namesJson(command.locations)}`
  const partial = command.partial === true ? ',"partial":true' : ""
  return `,"reservation":"${command.reservation}","qty":${command.qty},"holdMs":${command.holdMs}${locations}${partial}`
}
