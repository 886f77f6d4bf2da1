/**
 * What a program hands to the client and what it gets back: commands as plain values, decisions as values.
 *
 * Names are plain strings here; whether they are well-formed is decided by the owner of the SKU, who answers with a refusal. Only
 * what can't travel at all (a SKU that has no subject token, a command longer than a message) is refused here, in the same words.
 */
import { Buffer } from "node:buffer"
import { type Command, type CommandType, classOf } from "../domain/commands.ts"
import {
  type CommandId,
  type LocationId,
  type ReservationId,
  type SenderId,
  type Sku,
  skuToken,
  tokenHash,
  utf8Bytes,
} from "../domain/names.ts"
import type { Refusal } from "../domain/refusals.ts"
import type { DecisionSaid } from "../engine/records.ts"
import { bodyBytesMax } from "../limits.ts"
import { commandText } from "../wire/canonical.ts"
import { commandFromJson, commandVersion } from "../wire/commands.ts"
import { readCanonicalBody } from "../wire/reader.ts"
import type { Packable } from "./batching.ts"
import type { ClientEnvironment } from "./environment.ts"

/** A type of the domain with its names as plain strings. */
type Plain<T> = T extends Sku | LocationId | SenderId | CommandId | ReservationId
  ? string
  : T extends ReadonlyArray<infer Item>
    ? ReadonlyArray<Plain<Item>>
    : T extends object
      ? { readonly [Key in keyof T]: Plain<T[Key]> }
      : T

/** A command as a program writes it. `id` (random) and `issuedAtMs` (now) are filled in where they are left out. */
export type CommandInput<Type extends CommandType> = Omit<Plain<Extract<Command, { type: Type }>>, "type" | "id" | "issuedAtMs"> & {
  readonly id?: string
  readonly issuedAtMs?: number
}

/** What a reply says about one command; without id and SKU where the body could not be decoded that far. */
export type SaidDecision = DecisionSaid

type Said = SaidDecision extends infer One ? (One extends unknown ? Omit<One, "id" | "sku"> : never) : never

/**
 * The answer to one command. `quarantined` is provisional: the final one may come later. `busy`: the cluster takes nothing now;
 * it was not stored, and may be sent again with the same id.
 */
export type Decision = { readonly id: string; readonly sku: string } & (Said | { readonly outcome: "busy" })

/** Whether nothing else can be said about that command any more (busy: about that sending of it). */
export const isFinal = (decision: Decision): boolean => decision.outcome !== "quarantined"

/** A command ready to travel. */
export interface Sendable extends Packable {
  readonly key: string
  readonly id: string
  readonly sku: string
  readonly issuedAtMs: number
}

/** Ids hold no slash, so no two pairs of id and SKU share a key. */
export const commandKey = (id: string, sku: string): string => `${id}/${sku}`

/** The whole command: store it before it is sent where it must survive this process, for only the same id and `issuedAtMs` repeat it. */
export const completeCommand = <Type extends CommandType>(
  type: Type,
  input: CommandInput<Type>,
  environment: ClientEnvironment,
): Command => {
  const id = input.id ?? environment.randomId()
  const issuedAtMs = input.issuedAtMs ?? environment.wallMs()
  const complete: { readonly type: CommandType; readonly id: string; readonly issuedAtMs: number } = { ...input, type, id, issuedAtMs }
  // Its names are plain strings still; sendable checks them before anything else does.
  return complete as Command
}

const refused = (command: Command, refusal: Refusal): Decision => ({ id: command.id, sku: command.sku, outcome: "refused", ...refusal })

const scratch = Buffer.alloc(bodyBytesMax)

/**
 * The command's canonical text if it is one of the usual, or undefined. Reading back what was written is the check: it costs a tenth of
 * a Schema's, and a name that holds a quote is not taken for two fields.
 */
const usualText = (command: Command): string | undefined => {
  if (typeof command.sku !== "string") return undefined
  const usual = command.type === "Reserve" ? command.locations === undefined : ["Confirm", "Release", "Extend"].includes(command.type)
  if (!usual) return undefined
  const text = commandText(command)
  if (text.length > bodyBytesMax) return undefined
  return readCanonicalBody(scratch.subarray(0, scratch.write(text, "utf8"))) === undefined ? undefined : text
}

/** The command as it travels, or the refusal that its owner would answer. */
export const sendable = (command: Command, partitions: number): Sendable | Decision => {
  let text = usualText(command)
  if (text === undefined) {
    const valid = commandFromJson({ v: commandVersion, ...withoutUndefined(command) })
    if (!("type" in valid)) return refused(command, valid)
    text = commandText(valid)
  }
  const bytes = utf8Bytes(text)
  if (bytes > bodyBytesMax) return refused(command, { reason: "Malformed" })
  const { id, sku, issuedAtMs } = command
  const token = skuToken(sku)
  return {
    key: commandKey(id, sku),
    id,
    sku,
    issuedAtMs,
    partition: tokenHash(token) % partitions,
    class: classOf[command.type],
    token,
    text,
    bytes,
  }
}

/** JSON knows no undefined: a field that holds it is left out. */
const withoutUndefined = (command: Command): object =>
  Object.fromEntries(Object.entries(command).filter(([, value]) => value !== undefined))
