/**
 * What a partition is told and has not yet heard: a plain array that producers fill and one loop empties whole.
 */
import type { Effect } from "effect"
import type { Input } from "../engine/protocol.ts"
import { makeSignal } from "./signal.ts"

/** An input before it has its clocks. */
export type WithoutClock<T> = T extends unknown ? Omit<T, "nowMs" | "wallMs"> : never
/** An input before it has its clocks: they are read when the partition hears it, not when it was told. */
export type UntimedInput = WithoutClock<Input>

/** One input on its way to a partition. */
export interface Letter {
  readonly told: UntimedInput
  /** False once what told this was replaced: the letter is thrown away unread. */
  readonly isWanted: () => boolean
}

/** The inputs that a partition was told and has not heard. */
export interface Mailbox {
  readonly put: (letter: Letter) => void
  /** Hands what there is to `read`, a letter after the other, until `read` says that it was enough for now. */
  readonly readSome: (read: (letter: Letter) => boolean) => void
  /** Returns once there is something to read. */
  readonly arrived: Effect.Effect<void>
  /** Returns once everything was read: what producers of much wait for before they produce more. */
  readonly emptied: Effect.Effect<void>
}

/** An empty mailbox. */
export const makeMailbox = (): Mailbox => {
  const changed = makeSignal()
  let letters: Array<Letter> = []
  let reading = false
  return {
    put: (letter) => {
      letters.push(letter)
      if (letters.length === 1) changed.notify()
    },
    readSome: (read) => {
      const taken = letters
      letters = []
      reading = true
      const enoughAt = taken.findIndex(read)
      reading = false
      if (enoughAt >= 0 && enoughAt < taken.length - 1) letters = [...taken.slice(enoughAt + 1), ...letters]
      changed.notify()
    },
    arrived: changed.until(() => letters.length > 0),
    emptied: changed.until(() => letters.length === 0 && !reading),
  }
}
