/**
 * What an ingress says about a message, counted. Nobody hears anything who named no subject for it.
 */

import type { TakenMessage } from "../engine/protocol.ts"
import type { BusyWhy } from "../engine/words.ts"
import type { DoorAnswer } from "../wire/answers.ts"
import type { Ingress, Sender } from "./ingress.ts"
import type { IngressOutput } from "./protocol.ts"

/** An answer that nothing of a message was taken, and why. */
export type NotStored = Extract<DoorAnswer, { readonly answer: "notStored" }>

const say = (from: Sender, reply: string | null, answer: DoorAnswer, outputs: Array<IngressOutput>): void => {
  if (reply !== null) outputs.push({ _tag: "Answer", sender: from.sender, suffix: reply, answer })
}

/** Tells a sender to come back after `afterMs`, and counts it. */
export const sayBusy = (from: Sender, reply: string | null, why: BusyWhy, afterMs: number, outputs: Array<IngressOutput>): void => {
  from.counted.busy[why] += 1
  say(from, reply, { answer: "busy", retryAfterMs: Math.ceil(afterMs), why }, outputs)
}

/** Tells a sender that nothing of its message was taken, and counts it. */
export const sayNotStored = (from: Sender, reply: string | null, answer: NotStored, outputs: Array<IngressOutput>): void => {
  from.counted.notStored[answer.reason] += 1
  say(from, reply, answer, outputs)
}

/** Tells the sender of each message that it is stored. */
export const sayStored = (
  ingress: Ingress,
  messages: ReadonlyArray<TakenMessage>,
  at: { readonly partition: number; readonly seq: number },
  outputs: Array<IngressOutput>,
): void => {
  const answer = { answer: "stored", partition: at.partition, seq: at.seq } as const
  for (const { sender, reply } of messages) {
    const from = ingress.byName.get(sender)
    if (from === undefined) continue
    from.counted.stored += 1
    say(from, reply, answer, outputs)
  }
}

/** Tells the sender of each message, of which surely nothing was or will be handed over or stored, to come back. */
export const sayAllBusy = (
  ingress: Ingress,
  messages: ReadonlyArray<TakenMessage>,
  why: BusyWhy,
  afterMs: number,
  outputs: Array<IngressOutput>,
): void => {
  for (const { sender, reply } of messages) {
    const from = ingress.byName.get(sender)
    if (from !== undefined) sayBusy(from, reply, why, afterMs, outputs)
  }
}
