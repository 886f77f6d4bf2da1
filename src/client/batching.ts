/**
 * Packs the commands of one turn into messages: one partition and one class each, in the order they were given, within the
 * bounds of a message. Pure.
 */
import type { CommandClass } from "../domain/names.ts"
import { bodyBytesMax, commandsPerMessageMax } from "../limits.ts"

/** What of a command decides the message it travels in. */
export interface Packable {
  readonly partition: number
  readonly class: CommandClass
  /** Canonical subject token of its SKU. */
  readonly token: string
  readonly text: string
  /** Bytes of `text` in UTF-8. */
  readonly bytes: number
}

/** A message to publish: `commands` in the order of the body. */
export interface PackedMessage<C extends Packable> {
  readonly class: CommandClass
  /** Of any of its commands: they all share the partition. */
  readonly token: string
  readonly body: string
  readonly commands: ReadonlyArray<C>
}

/** A message while it fills: its body without brackets, and the bytes of the body with them. */
interface Draft<C> {
  readonly class: CommandClass
  readonly token: string
  commands: Array<C>
  texts: string
  bytes: number
}

const bracketsBytes = 2

const draftOf = <C extends Packable>(first: C): Draft<C> => ({
  class: first.class,
  token: first.token,
  commands: [first],
  texts: first.text,
  bytes: bracketsBytes + first.bytes,
})

const sealed = <C extends Packable>(draft: Draft<C>): PackedMessage<C> => ({
  class: draft.class,
  token: draft.token,
  body: draft.commands.length === 1 ? draft.texts : `[${draft.texts}]`,
  commands: draft.commands,
})

/** The messages that carry `commands`, a single command as an object, several as an array. Every text must fit a message by itself. */
export const packMessages = <C extends Packable>(commands: ReadonlyArray<C>): ReadonlyArray<PackedMessage<C>> => {
  const messages: Array<PackedMessage<C>> = []
  const drafts = new Map<string, Draft<C>>()
  for (const command of commands) {
    const key = `${command.class}.${command.partition}`
    const draft = drafts.get(key)
    const bytes = (draft?.bytes ?? 0) + 1 + command.bytes
    if (draft === undefined || draft.commands.length >= commandsPerMessageMax || bytes > bodyBytesMax) {
      if (draft !== undefined) messages.push(sealed(draft))
      drafts.set(key, draftOf(command))
      continue
    }
    draft.commands.push(command)
    draft.texts += `,${command.text}`
    draft.bytes = bytes
  }
  for (const draft of drafts.values()) messages.push(sealed(draft))
  return messages
}
