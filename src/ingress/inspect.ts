/**
 * What a message of a sender is, and whether it can be taken: its reply, its path, its form, and what its commands are of. Looks at nothing but the message.
 *
 * Everything that goes on from here is written by us: the class, the kind and the key are those of lists and rules of ours, commands are decoded values, the reply's suffix and the trace are parsed.
 */

import { decides, isKind, type Kind } from "../domain/kinds.ts"
import { type ActorKey, CommandClass, partitionOf, skuFromToken } from "../domain/names.ts"
import type { KindCommand } from "../engine/kind.ts"
import type { DecodedBody, DecodedCommand } from "../engine/protocol.ts"
import { doorPingEveryMs, operatorCommandsPerMessageMax } from "../limits.ts"
import type { NotStored } from "./answers.ts"
import { type DoorKind, doorKindOf } from "./door-kinds.ts"
import type { IngressCodec, Sender } from "./ingress.ts"
import type { DoorMessage } from "./protocol.ts"

const notStored = (reason: NotStored["reason"]): NotStored => ({ answer: "notStored", reason })

/** The end of the subject an answer goes to; null: the message names none under its sender's own name, so there is none. */
export const replyOf = (
  { isReplySuffix }: IngressCodec,
  replyPrefix: string,
  { replySubject, replyHeader }: DoorMessage,
): string | null => {
  const suffix = replySubject.startsWith(replyPrefix) ? replySubject.slice(replyPrefix.length) : replyHeader
  return suffix !== "" && isReplySuffix(suffix) ? suffix : null
}

/** Where a message came: a class its sender may publish in, the kind of the actors that decide it, the key of one of them, and which commands are about what the subject names. */
export interface Place {
  readonly class: CommandClass
  readonly kind: Kind
  readonly key: ActorKey
  readonly isOf: (command: KindCommand) => boolean
}

/** A text up to its first dot, and what follows that; "" where there is none. */
const splitAtDot = (text: string): readonly [string, string] => {
  const dot = text.indexOf(".")
  return dot < 0 ? [text, ""] : [text.slice(0, dot), text.slice(dot + 1)]
}

/** The place that a path names, or why it is none. A path is `<class>.<kind>.<token>`, and a token has no dots. */
export const placeOf = ({ classes, sender }: Pick<Sender, "classes" | "sender">, path: string): Place | NotStored => {
  const [first, afterClass] = splitAtDot(path)
  const commandClass = CommandClass.find((known) => known === first)
  if (commandClass === undefined || !classes.includes(commandClass)) return notStored("class")
  const [kind, token] = splitAtDot(afterClass)
  if (!isKind(kind)) return notStored("kind")
  // Whatever names an actor is spelled in a subject as SKUs are.
  const name = skuFromToken(token)
  const actor = name === undefined ? undefined : doorKindOf(kind).actorOf(name, sender, commandClass)
  return actor === undefined ? notStored("token") : { class: commandClass, kind, ...actor }
}

/** Bytes of the canonical body. */
export const canonicalBytes = ({ textBytes }: IngressCodec, body: DecodedBody): number => {
  if (body._tag === "Undecodable") return 0
  let bytes = body.array ? body.commands.length + 1 : 0
  for (const decoded of body.commands) if (decoded._tag === "Command") bytes += textBytes(decoded.text)
  return bytes
}

const about = ({ named }: DoorKind, reason: NotStored["reason"], at: number, command: KindCommand): NotStored => ({
  answer: "notStored",
  reason,
  at,
  id: command.id,
  ...named(command),
})

const formFault = (
  { namedBy }: DoorKind,
  { refusal, detail, id, key }: Extract<DecodedCommand, { readonly _tag: "Invalid" }>,
  at: number,
): NotStored => ({
  answer: "notStored",
  reason: "form",
  cause: refusal.reason,
  ...(refusal.field === undefined ? {} : { field: refusal.field }),
  ...(detail === undefined ? {} : { detail }),
  at,
  ...(id === null ? {} : { id }),
  ...(key === null ? {} : namedBy(key)),
})

/** The first command that has not the form of one, or whose actor nobody can tell from another. */
const firstFormFault = (kind: Kind, commands: ReadonlyArray<DecodedCommand>): NotStored | undefined => {
  const of = doorKindOf(kind)
  for (let at = 0; at < commands.length; at++) {
    const decoded = commands[at] as DecodedCommand
    if (decoded._tag === "Invalid") return formFault(of, decoded, at)
    // What another kind decides is refused for its kind, and says nothing of an actor of this one.
    const detail = decides(kind, decoded.command.type) ? of.unclear(decoded.command) : undefined
    if (detail !== undefined) return { ...about(of, "form", at, decoded.command), cause: "InvalidField", field: of.nameField, detail }
  }
  return undefined
}

/** A message is dated by a ping before it, which has come back. */
const ageKnownMs = 2 * doorPingEveryMs

/** What a sender hears of a deadline that may have passed before its command came: how old the command may have been, and whether any such deadline can be kept. */
const passedText = (deadlineMs: number, ageMs: number): string => {
  const passed = `${deadlineMs} ms had passed when it came: it was up to ${Math.ceil(ageMs)} ms old`
  return deadlineMs > ageKnownMs ? passed : `${passed}. It is too short: an ingress knows a message's age only to some ${ageKnownMs} ms`
}

/** A message's commands: whether they are facts, and their partition; or why they can't be taken. */
export type JudgedMessage = { readonly _tag: "Sound"; readonly facts: boolean; readonly partition: number } | NotStored

/** Judges the commands of a message that came at `place` and is at most `ageMs` old. What is wrong in form comes first, then kind, class, partition, mixture, age; of each the first in the array. */
export const judge = (body: DecodedBody, place: Place, partitions: number, ageMs: number): JudgedMessage => {
  if (body._tag === "Undecodable") {
    const { reason: cause, field } = body.refusal
    return { answer: "notStored", reason: "form", cause, ...(field === undefined ? {} : { field }) }
  }
  const { commands } = body
  if (place.class === "operator" && commands.length > operatorCommandsPerMessageMax)
    return { ...notStored("form"), cause: "TooManyCommands" }
  const fault = firstFormFault(place.kind, commands)
  if (fault !== undefined) return fault
  // Of each command, now that there is one in each place.
  const each = commands as ReadonlyArray<Extract<DecodedCommand, { readonly _tag: "Command" }>>
  const of = doorKindOf(place.kind)
  for (let at = 0; at < each.length; at++) {
    const { command } = each[at] as (typeof each)[number]
    if (!decides(place.kind, command.type)) return about(of, "kind", at, command)
    if (of.classOf(command) !== place.class) return about(of, "class", at, command)
  }
  const partition = partitionOf(place.key, partitions)
  let named = false
  let facts = 0
  for (let at = 0; at < each.length; at++) {
    const { command } = each[at] as (typeof each)[number]
    if (place.isOf(command)) named = true
    else if (partitionOf(of.keyOf(command), partitions) !== partition)
      return { ...about(of, "partition", at, command), cause: "WrongPartition" }
    if (of.isFact(command)) facts += 1
  }
  if (!named) return { ...notStored("partition"), cause: "SubjectMismatch" }
  // It could not keep its order: facts are stored, the others handed over.
  if (facts > 0 && facts < each.length) return notStored("mixed")
  for (let at = 0; at < each.length && facts === 0; at++) {
    const { command } = each[at] as (typeof each)[number]
    if (command.deadlineMs !== undefined && ageMs > command.deadlineMs)
      return { ...about(of, "age", at, command), field: "deadlineMs", detail: passedText(command.deadlineMs, ageMs) }
  }
  return { _tag: "Sound", facts: facts > 0, partition }
}
