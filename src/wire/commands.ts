/**
 * The JSON form of every command about a SKU, version 1, as Schemas: what a sender may write, field by field. The fields are those that each command declares in its folder.
 *
 * This is the slow path that explains refusals, and the truth of what is accepted; canonical.ts reads the usual spelling faster and is
 * held to the same verdicts by a property test. Subjects, classes and business rules are the engine's.
 */
import type { Schema } from "effect"
import type { Refusal } from "../domain/refusals.ts"
import type { Command, CommandType } from "../domain/sku/commands.ts"
import { skuKind } from "../domain/sku/index.ts"
import { type CommandSchema, commandReadersOf, commandVersion, type NoCommand, type Versioned } from "./command-json.ts"

/** What reads commands about SKUs. Orders may carry these to them: see docs/adr/0017-commands-between-actors.md. */
export const skuCommands = commandReadersOf<Command>(skuKind, { carried: ["Reserve", "Confirm", "Release"], carriedAlone: [] })

/** One schema for each type, by its name: what senders in TypeScript validate against and what the AsyncAPI document is made from. */
export const commandSchemas: Readonly<Record<CommandType, CommandSchema>> = skuCommands.schemas

/** A command with its version. */
export type CommandJson = Versioned<Command>

/** Any command's JSON, as senders write it. */
export const CommandJson: Schema.Codec<CommandJson> = skuCommands.sent

/** The command a JSON object spells, or why it spells none: the version first, then the type, then the first field at fault. */
export const readCommandJson: (json: object) => Command | NoCommand = skuCommands.readSent

/** The same without what is said to people. */
export const commandFromJson = (json: object): Command | Refusal => {
  const read = readCommandJson(json)
  return "type" in read ? read : read.refusal
}

/** The command of its checked JSON: without the version, and without what says the default: one command, one value. */
export const commandOf: (json: CommandJson) => Command = skuCommands.commandOf

/** The JSON form of a command, as a value. */
export const commandJsonOf = (command: Command): CommandJson => ({ v: commandVersion, ...command })
