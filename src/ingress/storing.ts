/**
 * Facts, policies and operators' commands on their way into the commands stream, one message of ours in flight for each partition.
 *
 * A stored message has a serial, and whoever reads the stream knows from the serials which copies are the same and what was lost. Once an attempt may have stored it, the same bytes are
 * handed out until it is known that they are: nobody in it hears `busy`. A serial that surely was not stored is used again, so that no hole looks like a loss.
 */
import type { Kind } from "../domain/kinds.ts"
import type { TakenMessage } from "../engine/protocol.ts"
import {
  bodyBytesMax,
  busyFullMs,
  busyQueueMs,
  commandsPerMessageMax,
  ingressWaitMsMax,
  operatorCommandsPerMessageMax,
  storeAgainMs,
  storeFullPauseMs,
} from "../limits.ts"
import { sayAllBusy, sayBusy, sayStored } from "./answers.ts"
import type { Counter, Ingress, IngressCodec, QueuedMessage, Sender, Storing } from "./ingress.ts"
import { commandsIn, nextOf, noteTraced, takeNext } from "./line.ts"
import type { IngressOutput } from "./protocol.ts"

/**
 * Commands of one stored message, of which this is the first. An operator's settle something that may be as large as a message each, and a stored message is decided whole: they go by themselves, few at once, and one
 * at a time where they are about orders, of which two of the largest may not fit a record.
 */
const commandsMax = (kind: Kind, first: TakenMessage): number => {
  if (first.class !== "operator") return commandsPerMessageMax
  return kind === "order" ? 1 : operatorCommandsPerMessageMax
}

/** Takes the messages of one stored message off the line. */
const takeBatch = ({ keeping: line, kind }: Counter, nowMs: number, outputs: Array<IngressOutput>) => {
  const messages: Array<TakenMessage> = []
  let traced: Array<QueuedMessage> | undefined
  let commands = 0
  let bytes = 0
  while (true) {
    const next = nextOf(line)
    if (next === undefined) break
    const { message, sinceMs } = next
    const from = line.first?.from as Sender
    if (nowMs - sinceMs >= ingressWaitMsMax) {
      takeNext(line)
      sayBusy(from, message.reply, "queue", busyQueueMs, outputs)
      continue
    }
    const count = commandsIn(message)
    const first = messages[0] ?? message
    if ((message.class === "operator") !== (first.class === "operator")) break
    if (commands + count > commandsMax(kind, first) || bytes + message.bytes > bodyBytesMax) break
    takeNext(line)
    messages.push(message)
    traced = noteTraced(traced, next)
    commands += count
    bytes += message.bytes
  }
  return { messages, traced }
}

const handOut = ({ kind, partition }: Counter, storing: Storing, outputs: Array<IngressOutput>): void => {
  storing.againMs = null
  const { serial, bytes, traced } = storing
  const stored = { _tag: "Store", kind, partition, serial, bytes } as const
  outputs.push(traced === undefined ? stored : { ...stored, traced })
}

/** Stores what waits, if nothing is being stored; tries again what is to be tried again. */
export const store = (
  { ingress: name }: Ingress,
  counter: Counter,
  codec: IngressCodec,
  nowMs: number,
  outputs: Array<IngressOutput>,
): void => {
  const { storing } = counter
  if (storing !== null) {
    if (storing.againMs !== null && nowMs >= storing.againMs) handOut(counter, storing, outputs)
    return
  }
  if (counter.keeping.first === null || nowMs < counter.fullUntilMs) return
  const { messages, traced } = takeBatch(counter, nowMs, outputs)
  if (messages.length === 0) return
  const serial = counter.serial + 1
  const bytes = codec.encodeBatch({ ingress: name, serial, acknowledged: counter.acknowledged, messages })
  counter.serial = serial
  counter.storing = { serial, bytes, messages, ...(traced === undefined ? {} : { traced }), unknown: false, againMs: null }
  handOut(counter, counter.storing, outputs)
}

/** The message of that serial, if it is the one being stored: a late answer to an earlier attempt is one to it too. */
const storingOf = (counter: Counter, serial: number): Storing | null => (counter.storing?.serial === serial ? counter.storing : null)

/** A message of ours is stored at `seq`: the senders of what it holds hear so. */
export const onStored = (ingress: Ingress, counter: Counter, serial: number, seq: number, outputs: Array<IngressOutput>): void => {
  const storing = storingOf(counter, serial)
  if (storing === null) return
  counter.storing = null
  counter.acknowledged = serial
  sayStored(ingress, storing.messages, { partition: counter.partition, seq }, outputs)
}

/** Nobody knows whether it is stored: the same bytes are stored again in a while, under the same id. */
export const onStoreUnknown = (counter: Counter, serial: number, nowMs: number): void => {
  const storing = storingOf(counter, serial)
  if (storing === null) return
  storing.unknown = true
  storing.againMs = nowMs + storeAgainMs
}

/** This attempt surely stored nothing. An earlier one may have: then it is tried again. */
export const onStoreFull = (ingress: Ingress, counter: Counter, serial: number, nowMs: number, outputs: Array<IngressOutput>): void => {
  const storing = storingOf(counter, serial)
  if (storing === null) return
  counter.fullUntilMs = nowMs + storeFullPauseMs
  if (storing.unknown) {
    storing.againMs = counter.fullUntilMs
    return
  }
  counter.storing = null
  counter.serial = serial - 1
  sayAllBusy(ingress, storing.messages, "full", busyFullMs, outputs)
}
