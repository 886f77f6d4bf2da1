/**
 * Selling commands on their way to the owner of their partition. They are kept nowhere: what can't be handed over is told so, and the sender's retry is the store.
 *
 * A window of frames is under way to an owner, and a frame holds what there is of one turn or of one round trip. Beyond it messages wait, and senders take turns.
 */
import type { TakenMessage } from "../engine/protocol.ts"
import { busyOwnerMs, busyQueueMs, frameBytesMax, frameBytesUnderWayMax, ingressWaitMsMax } from "../limits.ts"
import { sayAllBusy, sayBusy } from "./answers.ts"
import { type Counter, counterOf, type Frame, type Ingress, type Line, type QueuedMessage, type Sender } from "./ingress.ts"
import { dropUntil, nextOf, noteTraced, takeNext } from "./line.ts"
import type { IngressOutput } from "./protocol.ts"

/** Takes the next messages for one frame off the line. What has waited too long is told to come back instead. */
const takeFrame = (line: Line, messagesMax: number, nowMs: number, outputs: Array<IngressOutput>) => {
  const messages: Array<TakenMessage> = []
  let traced: Array<QueuedMessage> | undefined
  let bytes = 0
  while (messages.length < messagesMax) {
    const next = nextOf(line)
    if (next === undefined) break
    const from = line.first?.from as Sender
    if (nowMs - next.sinceMs >= ingressWaitMsMax) {
      takeNext(line)
      sayBusy(from, next.message.reply, "queue", busyQueueMs, outputs)
      continue
    }
    if (messages.length > 0 && bytes + next.message.bytes > frameBytesMax) break
    takeNext(line)
    messages.push(next.message)
    traced = noteTraced(traced, next)
    bytes += next.message.bytes
  }
  return { messages, traced, bytes }
}

/** Hands over what waits for the owner, as far as the window lets it. */
export const handOver = (ingress: Ingress, counter: Counter, nowMs: number, outputs: Array<IngressOutput>): void => {
  const { kind, owner, partition } = counter
  if (owner === null) return
  while (
    counter.selling.first !== null &&
    counter.framesUnderWay < ingress.framesUnderWayMax &&
    counter.frameBytesUnderWay + frameBytesMax <= frameBytesUnderWayMax
  ) {
    const { messages, traced, bytes } = takeFrame(counter.selling, ingress.frameMessagesMax, nowMs, outputs)
    if (messages.length === 0) return
    ingress.lastFrame += 1
    const frame = ingress.lastFrame
    ingress.frames.set(frame, { kind, partition, owner, messages, bytes })
    counter.framesUnderWay += 1
    counter.frameBytesUnderWay += bytes
    const handed = { _tag: "HandOver", kind, partition, owner, frame, messages } as const
    outputs.push(traced === undefined ? handed : { ...handed, traced })
  }
}

/** Nobody is known to decide for the partition: what waits for it was handed to nobody. */
const forgetOwner = (counter: Counter, outputs: Array<IngressOutput>): void => {
  counter.owner = null
  dropUntil(counter.selling, Number.POSITIVE_INFINITY, (from, { reply }) => {
    sayBusy(from, reply, "owner", busyOwnerMs, outputs)
  })
}

/**
 * An owner spoke. Of two reigns the higher epoch is believed; where none is known, any is, but for one that said that it is over: a lower epoch may be right, after an operator
 * resumed a journal that was cut, and a wrong one does no harm but silence, since its appends fail.
 */
export const onOwnerSeen = (
  counter: Counter,
  { epoch, owner }: { readonly epoch: number; readonly owner: string | null },
  outputs: Array<IngressOutput>,
): void => {
  if (owner === null) {
    if (counter.owner === null || epoch < counter.epoch) return
    if (epoch === counter.epoch) counter.over = counter.owner
    counter.epoch = epoch
    forgetOwner(counter, outputs)
  } else if (counter.owner === null ? owner !== counter.over : epoch > counter.epoch) {
    counter.owner = owner
    counter.epoch = epoch
  }
}

/** What came of a frame: its window is free again. Told twice, or of a frame that there never was, nothing comes of it. */
const endFrame = (ingress: Ingress, number: number): { readonly frame: Frame; readonly counter: Counter } | undefined => {
  const frame = ingress.frames.get(number)
  const counter = frame === undefined ? undefined : counterOf(ingress, frame.kind, frame.partition)
  if (frame === undefined || counter === undefined) return undefined
  ingress.frames.delete(number)
  counter.framesUnderWay -= 1
  counter.frameBytesUnderWay -= frame.bytes
  return { frame, counter }
}

/** The owner has heard it, or it is unknown whether: the owner answers, or nobody does. */
export const onFrameGone = (ingress: Ingress, number: number): Counter | undefined => endFrame(ingress, number)?.counter

/** Nobody of that reign listens: nothing of the frame was taken. */
export const onFrameUnheard = (ingress: Ingress, number: number, outputs: Array<IngressOutput>): Counter | undefined => {
  const ended = endFrame(ingress, number)
  if (ended === undefined) return undefined
  const { frame, counter } = ended
  sayAllBusy(ingress, frame.messages, "owner", busyOwnerMs, outputs)
  if (counter.owner === frame.owner) forgetOwner(counter, outputs)
  return counter
}
