/**
 * What one sender may send here in a second, and its door: closed while it is over that bound or an owner holds enough of it, so that the server says, truthfully, that nobody takes it.
 *
 * A message is taken while anything is left in both buckets, and may take more than is left: what is over is owed. So over any time a sender gets its rate, a burst of one second, and one message.
 */
import { busyQueueMs, doorReopenMs, senderFullMsMax } from "../limits.ts"
import type { Ingress, Sender } from "./ingress.ts"
import type { IngressInput, IngressOutput } from "./protocol.ts"

/** Fills a sender's buckets for the time that has gone by. */
export const fill = (from: Sender, nowMs: number): void => {
  const { filledMs } = from
  if (filledMs !== null && nowMs <= filledMs) return
  from.filledMs = nowMs
  if (filledMs === null) return
  const seconds = (nowMs - filledMs) / 1_000
  from.commandsLeft = Math.min(from.commandsPerSecond, from.commandsLeft + seconds * from.commandsPerSecond)
  from.bytesLeft = Math.min(from.bytesPerSecond, from.bytesLeft + seconds * from.bytesPerSecond)
}

/** Charges a sender's bucket for what it sent. */
export const charge = (from: Sender, commands: number, bytes: number): void => {
  from.commandsLeft -= commands
  from.bytesLeft -= bytes
}

/** Whether a message of the sender may be looked at. */
export const mayCome = (from: Sender, nowMs: number): boolean => nowMs >= from.fullUntilMs && from.commandsLeft > 0 && from.bytesLeft > 0

/** Seconds of its rate that a bucket lacks until a closed door opens. */
const lacking = (left: number, perSecond: number): number => doorReopenMs / 1_000 - left / perSecond

/** When it is worth coming back for a sender whose messages may not come. */
export const comeBackMs = (from: Sender, nowMs: number): number => {
  const filledMs = 1_000 * Math.max(lacking(from.commandsLeft, from.commandsPerSecond), lacking(from.bytesLeft, from.bytesPerSecond))
  return Math.max(busyQueueMs, from.fullUntilMs - nowMs, filledMs)
}

type SenderFull = Extract<IngressInput, { readonly _tag: "SenderFull" }>

/** An owner holds as much of the sender as it may. Only its facts: then its door stays open, for what it asks for. */
export const throttle = (ingress: Ingress, { of, sender, forMs }: SenderFull, nowMs: number): void => {
  const from = ingress.byName.get(sender)
  if (from === undefined) return
  const untilMs = nowMs + Math.min(Math.max(forMs, 0), senderFullMsMax)
  if (of === "facts") from.factsFullUntilMs = Math.max(from.factsFullUntilMs, untilMs)
  else from.fullUntilMs = Math.max(from.fullUntilMs, untilMs)
}

/** Closes the door of a sender that is over its bound, or of which an owner holds enough. */
export const closeIfOver = (from: Sender, nowMs: number, outputs: Array<IngressOutput>): void => {
  if (!from.open || mayCome(from, nowMs)) return
  from.open = false
  outputs.push({ _tag: "CloseDoor", sender: from.sender, why: nowMs < from.fullUntilMs ? "queue" : "bound" })
}

const openIfFilled = (from: Sender, nowMs: number, outputs: Array<IngressOutput>): void => {
  if (from.open || nowMs < from.fullUntilMs) return
  if (lacking(from.commandsLeft, from.commandsPerSecond) > 0 || lacking(from.bytesLeft, from.bytesPerSecond) > 0) return
  from.open = true
  outputs.push({ _tag: "OpenDoor", sender: from.sender })
}

/** Opens and closes doors as bounds want it. None opens before it is known what time it is at the broker, or once the ingress is ending. */
export const tendDoors = (ingress: Ingress, nowMs: number, outputs: Array<IngressOutput>): void => {
  if (ingress.draining || ingress.time.present === null) return
  for (const from of ingress.senders) {
    fill(from, nowMs)
    closeIfOver(from, nowMs, outputs)
    openIfFilled(from, nowMs, outputs)
  }
}

/** Closes all doors for good. */
export const closeDoors = (ingress: Ingress, outputs: Array<IngressOutput>): void => {
  for (const from of ingress.senders) {
    if (!from.open) continue
    from.open = false
    outputs.push({ _tag: "CloseDoor", sender: from.sender, why: "ending" })
  }
}
