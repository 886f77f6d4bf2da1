/**
 * What a program hands to the client and what it gets back: commands as plain values, decisions as values.
 *
 * Names are plain strings here. A command that has not the form of one is not sent: its caller is told what the door would answer, in the same words.
 */
import {
  CommandClass,
  type CommandId,
  type LocationId,
  type ReservationId,
  type SenderId,
  type Sku,
  skuToken,
  tokenHash,
  utf8Bytes,
} from "../domain/names.ts"
import type { OrderId } from "../domain/order/names.ts"
import type { RefusalReason } from "../domain/refusals.ts"
import { unclearSku } from "../domain/sku/clear-sku.ts"
import { type Command, type CommandType, classOf, isFact } from "../domain/sku/commands.ts"
import { shownName } from "../domain/telling.ts"
import type { BusyWhy } from "../engine/words.ts"
import type { SkuHeardDecision } from "../kinds/sku/types.ts"
import { bodyBytesMax } from "../limits.ts"
import type { DoorAnswer } from "../wire/answers.ts"
import { commandText } from "../wire/canonical.ts"
import { commandVersion } from "../wire/command-json.ts"
import { readCommandJson } from "../wire/commands.ts"
import type { ClientEnvironment } from "./environment.ts"
import { usualText } from "./usual.ts"

/** A type of the domain with its names as plain strings. */
export type Plain<T> = T extends Sku | LocationId | SenderId | CommandId | ReservationId | OrderId
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
export type HeardDecision = SkuHeardDecision

type HeardOutcome = HeardDecision extends infer One ? (One extends unknown ? Omit<One, "id" | "sku"> : never) : never

/**
 * Why nothing was taken of a command: what the door said, or `nobody` (the server knows nobody who takes it now), `connection` (there is none), `age` (it was too old when it
 * came to the door), `client` (it waited in the client, behind others).
 */
export type BusyCause = BusyWhy | "nobody" | "connection" | "age" | "client"

export type NotStoredAtDoor = Extract<DoorAnswer, { readonly answer: "notStored" }>

/**
 * The answer to one command. `quarantined` is provisional: the final one may come later. `busy`: nothing of it was taken, by nobody, as long as its caller waited; it may be
 * sent again with the same id, best not before `retryAfterMs`. `notStored`: nothing of it was taken, and nothing ever will be as it is; no decision was made, and its id is free.
 */
export type CommandAnswer = { readonly id: string; readonly sku: string } & (
  | HeardOutcome
  | { readonly outcome: "busy"; readonly retryAfterMs: number; readonly why: BusyCause }
  | ({ readonly outcome: "notStored" } & Pick<NotStoredAtDoor, "reason" | "cause" | "field" | "detail" | "at">)
)

/** Whether nothing else can be said about that command any more (busy: about that sending of it). */
export const isFinal = (decision: { readonly outcome: string }): boolean => decision.outcome !== "quarantined"

/** A command ready to travel. */
export interface Sendable {
  readonly key: string
  readonly id: string
  /** What it is about: its SKU, or its order. */
  readonly about: string
  readonly issuedAtMs: number
  /** The reservation it names, if any. */
  readonly reservation: string | undefined
  readonly class: CommandClass
  /** Canonical subject token of what it is about. */
  readonly token: string
  readonly text: string
  /** Bytes of `text` in UTF-8. */
  readonly bytes: number
  /** Whether the door stores it and says so; else it is handed to its owner, whose decision is its answer. */
  readonly isStored: boolean
  /** The same for commands that may share a message: of one partition and class, and stored or not. */
  readonly packing: number
  /** The same for commands that are about the same thing: see lanes.ts. */
  readonly lane: string
  /** Whether it travels in a message of its own. */
  readonly isAlone: boolean
  /** The trace it belongs to, told with each of its sendings. */
  readonly traceparent?: string
}

/** Ids hold no slash, so no two pairs of id and SKU share a key. */
export const commandKey = (id: string, sku: string): string => `${id}/${sku}`

/** A type given beside the one that is asked for: neither may win, so it is made one that no command has. */
export const typeGiven = <Type extends string>(type: Type, given: unknown): Type =>
  given === undefined || given === type
    ? type
    : (`${String(typeof given === "object" ? JSON.stringify(given) : given)}, given to ${type}` as Type)

/** Fields with an id and a time where they are left out. Only what is absent is filled in: with an id that is null by accident, a random one would make every repetition another command. */
export const filledIn = <Fields extends { readonly id?: string; readonly issuedAtMs?: number }>(
  fields: Fields,
  environment: ClientEnvironment,
) => ({
  ...fields,
  id: fields.id === undefined ? environment.randomId() : fields.id,
  issuedAtMs: fields.issuedAtMs === undefined ? environment.wallMs() : fields.issuedAtMs,
})

/** The whole command: store it before it is sent where it must survive this process, for only the same id and `issuedAtMs` repeat it. */
export const completeCommand = <Type extends CommandType>(
  type: Type,
  input: CommandInput<Type>,
  environment: ClientEnvironment,
): Command => {
  const fields = fieldsOf(input)
  const complete = {
    ...filledIn<{ readonly id?: string; readonly issuedAtMs?: number }>(fields, environment),
    type: typeGiven<CommandType>(type, Reflect.get(fields, "type")),
  }
  // Its names are plain strings still; sendable checks them before anything else does.
  return complete as unknown as Command
}

/** What a caller gave for an object of fields; of a caller without types, who may give anything, none where it is no object. */
export const fieldsOf = <Fields extends object>(given: Fields): Partial<Fields> =>
  typeof given === "object" && given !== null && !Array.isArray(given) ? given : {}

const notStored = ({ id, sku }: Command, why: Pick<NotStoredAtDoor, "reason" | "cause" | "field" | "detail">): CommandAnswer => ({
  id,
  sku,
  outcome: "notStored",
  ...why,
})

/** Ids and names hold neither slash nor space, so no two things share a lane. */
const laneOf = (command: Command): string => {
  if (command.type === "Fulfil") return `${command.channel} ${command.reservation}/${command.sku}`
  if ("reservation" in command && command.reservation !== undefined) return `${command.reservation}/${command.sku}`
  return ` ${classOf[command.type]}/${command.sku}`
}

const shownType = (type: unknown): string => (typeof type === "string" ? shownName(type) : typeof type)

/** What a command that has not the form of one is answered, whatever it is about: the words of the door, and of a type that nobody knows which it was. */
export const faultOfForm = (
  cause: RefusalReason,
  field: string | undefined,
  type: unknown,
  detail: string | undefined,
): Pick<NotStoredAtDoor, "reason" | "cause" | "field" | "detail"> => {
  const what = cause === "UnknownType" ? `no command has the type ${shownType(type)}` : detail
  return { reason: "form", cause, ...(field === undefined ? {} : { field }), ...(what === undefined ? {} : { detail: what }) }
}

/**
 * The command as it travels, or what the door would answer to it. While nobody has said how many partitions there are, only commands whose tokens hash to the same share a message: they
 * are of one partition, however many there are.
 */
export const sendable = (given: Command, partitions: number | undefined): Sendable | CommandAnswer => {
  // Nothing of what isn't an object is a command's: it hears that its version is missing, or else its type and fields.
  const command = fieldsOf(given) as Command
  let text = usualText(command)
  // A usual text is ASCII: each character of it is a byte.
  let bytes = text?.length
  if (text === undefined) {
    const valid = readCommandJson({ v: commandVersion, ...withoutUndefined(command) })
    if (!("type" in valid)) {
      const { refusal, detail } = valid
      const { reason, field } = refusal
      return notStored(command, faultOfForm(reason, field, command.type, detail))
    }
    const detail = unclearSku(valid)
    if (detail !== undefined) return notStored(command, { reason: "form", cause: "InvalidField", field: "sku", detail })
    text = commandText(valid)
  }
  bytes ??= utf8Bytes(text)
  if (bytes > bodyBytesMax) return notStored(command, { reason: "size" })
  const { id, sku, issuedAtMs } = command
  const { token, hash } = tokenOf(sku)
  const commandClass = classOf[command.type]
  const isStored = commandClass !== "sell" || isFact(command)
  const kind = CommandClass.indexOf(commandClass) * 2 + (isStored ? 1 : 0)
  return {
    key: commandKey(id, sku),
    id,
    about: sku,
    issuedAtMs,
    reservation: "reservation" in command ? command.reservation : undefined,
    class: commandClass,
    token,
    text,
    bytes,
    isStored,
    packing: (partitions === undefined ? hash : hash % partitions) * kindsMax + kind,
    lane: laneOf(command),
    isAlone: false,
  }
}

/** The token of the SKU that was asked about last: in a rush it is the same again and again. */
let last = { sku: "", token: "", hash: 0 }
const tokenOf = (sku: string): { readonly token: string; readonly hash: number } => {
  if (last.sku === sku) return last
  const token = skuToken(sku)
  last = { sku, token, hash: tokenHash(token) }
  return last
}

/** Each class, stored or not. */
const kindsMax = CommandClass.length * 2

/** JSON knows no undefined: a field that holds it is left out. */
export const withoutUndefined = (command: object): object =>
  Object.fromEntries(Object.entries(command).filter(([, value]) => value !== undefined))
