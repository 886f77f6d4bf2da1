/**
 * Packs the commands of one turn into messages, in the order they were given, within the bounds of a message: one partition, one class, and either
 * facts or none, because an ingress stores facts and hands the others over. Decides too what can't go yet. Pure but for the marks it leaves on the commands.
 */
import type { CommandClass } from "../domain/names.ts"
import { bodyBytesMax, commandsPerMessageMax, operatorCommandsPerMessageMax } from "../limits.ts"
import { type InLane, waits } from "./lanes.ts"

/** What of a command decides the message it travels in. */
export interface Packable<C> extends InLane<C> {
  /** The same for commands that may share a message. */
  readonly packing: number
  readonly class: CommandClass
  /** Canonical subject token of its SKU. */
  readonly token: string
  readonly text: string
  /** Bytes of `text` in UTF-8. */
  readonly bytes: number
  readonly alone: boolean
  /** The trace it belongs to, if any: a message has one. */
  readonly traceparent?: string
  placedIn: number
}

/** A message to publish: `commands` in the order of the body. */
export interface PackedMessage<C> {
  readonly number: number
  readonly class: CommandClass
  /** Of any of its commands: they all share the partition. */
  readonly token: string
  readonly body: string
  readonly commands: ReadonlyArray<C>
}

export interface Packed<C> {
  readonly messages: ReadonlyArray<PackedMessage<C>>
  /** Commands that have to wait for one that isn't in the same message. */
  readonly held: ReadonlyArray<C>
}

/** A message while it fills: its body without brackets, and the bytes of the body with them. */
interface MessageDraft<C> {
  readonly number: number
  readonly class: CommandClass
  readonly token: string
  readonly alone: boolean
  readonly commands: Array<C>
  texts: string
  bytes: number
}

const bracketsBytes = 2

const draftOf = <C extends Packable<C>>(first: C, number: number): MessageDraft<C> => ({
  number,
  class: first.class,
  token: first.token,
  alone: first.alone,
  commands: [first],
  texts: first.text,
  bytes: bracketsBytes + first.bytes,
})

const sealed = <C extends Packable<C>>({ number, class: commandClass, token, commands, texts }: MessageDraft<C>): PackedMessage<C> => ({
  number,
  class: commandClass,
  token,
  body: commands.length === 1 ? texts : `[${texts}]`,
  commands,
})

const commandsMax = (of: CommandClass): number => (of === "operator" ? operatorCommandsPerMessageMax : commandsPerMessageMax)

const fits = <C extends Packable<C>>(draft: MessageDraft<C>, command: C): boolean =>
  !draft.alone &&
  !command.alone &&
  draft.commands[0]?.traceparent === command.traceparent &&
  draft.commands.length < commandsMax(draft.class) &&
  draft.bytes + 1 + command.bytes <= bodyBytesMax

/**
 * The messages that carry `commands`, a single command as an object, several as an array, numbered from `number` on. Every text must fit a message by itself, and no number be given
 * twice.
 */
export const packMessages = <C extends Packable<C>>(commands: ReadonlyArray<C>, number: number): Packed<C> => {
  const messages: Array<PackedMessage<C>> = []
  const held: Array<C> = []
  const drafts = new Map<number, MessageDraft<C>>()
  let next = number
  for (const command of commands) {
    const draft = drafts.get(command.packing)
    const room = draft !== undefined && fits(draft, command) ? draft : undefined
    if (waits(command) && (room === undefined || command.before?.placedIn !== room.number)) {
      held.push(command)
    } else if (room !== undefined) {
      room.commands.push(command)
      room.texts += `,${command.text}`
      room.bytes += 1 + command.bytes
      command.placedIn = room.number
    } else {
      if (draft !== undefined) messages.push(sealed(draft))
      command.placedIn = next
      drafts.set(command.packing, draftOf(command, next++))
    }
  }
  for (const draft of drafts.values()) messages.push(sealed(draft))
  return { messages, held }
}
