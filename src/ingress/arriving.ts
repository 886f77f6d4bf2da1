/**
 * Messages of senders as they arrive, one after another: refused, told to come back, or taken, to wait for their turn.
 *
 * What can be told without parsing is told first, so that what is not taken costs next to nothing. Nobody is told to come back, or that nothing was stored, of whom anything went on.
 */
import { isSender } from "../domain/names.ts"
import { readTraceparent } from "../domain/traces.ts"
import type { TakenMessage } from "../engine/protocol.ts"
import { bodyBytesMax, busyEndingMs, busyOwnerMs, busyQueueMs, doorAgeMsMax } from "../limits.ts"
import { type NotStored, sayBusy, sayNotStored } from "./answers.ts"
import { charge, closeIfOver, comeBackMs, fill, mayCome } from "./bounds.ts"
import { brokerNow } from "./broker-time.ts"
import { type Counter, counterOf, type Ingress, type IngressCodec, type Sender } from "./ingress.ts"
import { canonicalBytes, judge, placeOf, replyOf } from "./inspect.ts"
import { letWait } from "./line.ts"
import type { DoorMessage, IngressOutput } from "./protocol.ts"

/** What holds for all messages of one turn. */
interface Arrival {
  readonly nowMs: number
  /** They are at most this old. */
  readonly ageMs: number
  /** They were published at this time of the broker's or later; null: it is not known what time it is there. */
  readonly publishedMs: number | null
  /** Lets everything go on that can. */
  readonly goOn: () => void
}

const unreadable: NotStored = { answer: "notStored", reason: "form" }
const tooLong: NotStored = { answer: "notStored", reason: "size" }
const tooOld: NotStored = { answer: "notStored", reason: "age" }

/** Messages of one sender arrived, as its subscription told them. */
export const onArrived = (
  ingress: Ingress,
  codec: IngressCodec,
  {
    messages,
    publishedAfterMs,
    nowMs,
  }: { readonly messages: ReadonlyArray<DoorMessage>; readonly publishedAfterMs: number; readonly nowMs: number },
  goOn: () => void,
  outputs: Array<IngressOutput>,
): void => {
  const ageMs = Math.max(0, nowMs - publishedAfterMs)
  const brokerMs = brokerNow(ingress.time, nowMs)
  const publishedMs = brokerMs === null ? null : Math.max(0, Math.floor(brokerMs - ageMs))
  const arrival: Arrival = { nowMs, ageMs, publishedMs, goOn }
  for (const message of messages) {
    const from = ingress.byName.get(message.sender)
    if (from === undefined) onStranger(ingress, codec, message, outputs)
    else {
      receive(ingress, codec, from, message, arrival, outputs)
      closeIfOver(from, nowMs, outputs)
    }
  }
}

/** A sender that the configuration of this ingress doesn't name, though the server's does. */
const onStranger = (ingress: Ingress, codec: IngressCodec, message: DoorMessage, outputs: Array<IngressOutput>): void => {
  ingress.strangers += 1
  const { sender } = message
  const suffix = isSender(sender) ? replyOf(codec, `hf.reply.${sender}.`, message) : null
  if (suffix !== null) outputs.push({ _tag: "Answer", sender, suffix, answer: { answer: "notStored", reason: "sender" } })
}

const isQueueFull = ({ waitingMessagesMax, waitingBytesMax }: Ingress, { waitingMessages, waitingBytes }: Sender): boolean =>
  waitingMessages >= waitingMessagesMax || waitingBytes >= waitingBytesMax

/** What can be said before anything of it is parsed. */
const receive = (
  ingress: Ingress,
  codec: IngressCodec,
  from: Sender,
  message: DoorMessage,
  arrival: Arrival,
  outputs: Array<IngressOutput>,
): void => {
  const { nowMs, ageMs, publishedMs } = arrival
  const reply = replyOf(codec, from.replyPrefix, message)
  if (ingress.draining) return sayBusy(from, reply, "ending", busyEndingMs, outputs)
  // Its deadline could not be judged. Doors are closed until then: it is as if nobody served.
  if (publishedMs === null) return sayBusy(from, reply, "owner", busyOwnerMs, outputs)
  if (ageMs > doorAgeMsMax) return sayNotStored(from, reply, tooOld, outputs)
  fill(from, nowMs)
  if (!mayCome(from, nowMs)) return sayBusy(from, reply, "queue", comeBackMs(from, nowMs), outputs)
  if (isQueueFull(ingress, from)) arrival.goOn()
  if (isQueueFull(ingress, from)) return sayBusy(from, reply, "queue", busyQueueMs, outputs)
  charge(from, 1, message.body.length)
  let refused: NotStored | null
  try {
    refused = take(ingress, codec, from, message, reply, arrival, publishedMs, outputs)
  } catch {
    // Nothing may be thrown, whatever a sender wrote. If something is, it is this one message's end, and seen, not everybody's.
    ingress.defects += 1
    refused = unreadable
  }
  if (refused !== null) sayNotStored(from, reply, refused, outputs)
}

/** Takes a message, or returns why it is not one to take. Nothing that throws stands behind the place from which it waits. */
const take = (
  ingress: Ingress,
  codec: IngressCodec,
  from: Sender,
  message: DoorMessage,
  reply: string | null,
  arrival: Arrival,
  publishedMs: number,
  outputs: Array<IngressOutput>,
): NotStored | null => {
  if (message.body.length > bodyBytesMax) return tooLong
  const place = placeOf(from, message.path)
  if ("answer" in place) return place
  const body = codec.decodeBody(message.body, place.kind, from.sender)
  if (body._tag === "Commands") charge(from, body.commands.length - 1, 0)
  const judged = judge(body, place, ingress.partitions[place.kind], arrival.ageMs)
  if ("answer" in judged) return judged
  const bytes = canonicalBytes(codec, body)
  // Canonical spelling may be longer than the sender's: owners would take it for too long.
  if (bytes > bodyBytesMax) return tooLong
  const trace = readTraceparent(message.traceparent)
  const taken: TakenMessage = {
    sender: from.sender,
    class: place.class,
    bulk: from.bulk,
    key: place.key,
    reply,
    publishedMs,
    trace,
    bytes,
    body,
  }
  queue(ingress, counterOf(ingress, place.kind, judged.partition) as Counter, from, taken, judged.facts, arrival.nowMs, outputs)
  return null
}

const queue = (
  ingress: Ingress,
  counter: Counter,
  from: Sender,
  taken: TakenMessage,
  facts: boolean,
  nowMs: number,
  outputs: Array<IngressOutput>,
): void => {
  const handed = taken.class === "sell" && !facts
  if (handed && counter.owner === null) return sayBusy(from, taken.reply, "owner", busyOwnerMs, outputs)
  // Its facts would wait for a person, and as many as may do already.
  if (facts && nowMs < from.factsFullUntilMs) return sayBusy(from, taken.reply, "queue", from.factsFullUntilMs - nowMs, outputs)
  from.counted.taken += 1
  letWait(handed ? counter.selling : counter.keeping, from, taken, nowMs)
  if (!counter.stirred) {
    counter.stirred = true
    ingress.stirred.push(counter)
  }
}
