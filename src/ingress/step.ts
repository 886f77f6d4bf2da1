/**
 * An ingress as a function: an input in, outputs out, no clock, no chance, no I/O. The whole of what it decides lives behind this switch.
 *
 * Every message gets at most one answer here: `stored`, `busy` or `notStored`, the latter two only where surely nothing of it was or will be handed over or stored. What was
 * handed over the owner answers, or silence.
 */
import { unreachable } from "../assert.ts"
import { busyFullMs, busyQueueMs, ingressWaitMsMax } from "../limits.ts"
import { sayBusy } from "./answers.ts"
import { onArrived } from "./arriving.ts"
import { closeDoors, tendDoors, throttle } from "./bounds.ts"
import { hearBrokerTime } from "./broker-time.ts"
import { handOver, onFrameGone, onFrameUnheard, onOwnerSeen } from "./handing.ts"
import { type Counter, counterOf, type Ingress, type IngressCodec } from "./ingress.ts"
import { dropUntil } from "./line.ts"
import type { IngressInput, IngressOutput } from "./protocol.ts"
import { onStored, onStoreFull, onStoreUnknown, store } from "./storing.ts"

/** One input to an ingress: it is changed in place, and what is to be done comes back. */
export type IngressStep = (ingress: Ingress, input: IngressInput) => ReadonlyArray<IngressOutput>

/** The step function over a codec. It changes the ingress in place. */
export const makeIngressStep =
  (codec: IngressCodec): IngressStep =>
  (ingress, input) => {
    const outputs: Array<IngressOutput> = []
    take(ingress, codec, input, outputs)
    goOn(ingress, codec, input.nowMs, outputs)
    if (ingress.draining && !ingress.drained && isIdle(ingress)) {
      ingress.drained = true
      outputs.push({ _tag: "Drained" })
    }
    return outputs
  }

const stir = (ingress: Ingress, counter: Counter | undefined): void => {
  if (counter === undefined || counter.stirred) return
  counter.stirred = true
  ingress.stirred.push(counter)
}

/** Whatever was put in: where something may have made room, hand over and store what waits. */
const goOn = (ingress: Ingress, codec: IngressCodec, nowMs: number, outputs: Array<IngressOutput>): void => {
  for (const counter of ingress.stirred) {
    counter.stirred = false
    handOver(ingress, counter, nowMs, outputs)
    store(ingress, counter, codec, nowMs, outputs)
  }
  ingress.stirred.length = 0
}

const take = (ingress: Ingress, codec: IngressCodec, input: IngressInput, outputs: Array<IngressOutput>): void => {
  const { nowMs } = input
  switch (input._tag) {
    case "Arrived":
      return onArrived(ingress, codec, input, () => goOn(ingress, codec, nowMs, outputs), outputs)
    case "BrokerTimeSeen":
      hearBrokerTime(ingress.time, input.brokerMs, nowMs)
      return tendDoors(ingress, nowMs, outputs)
    case "OwnerSeen": {
      const counter = counterOf(ingress, input.kind, input.partition)
      if (counter !== undefined) onOwnerSeen(counter, input, outputs)
      return stir(ingress, counter)
    }
    case "SenderFull":
      throttle(ingress, input, nowMs)
      return tendDoors(ingress, nowMs, outputs)
    case "FrameHeard":
    case "FrameUnknown":
      return stir(ingress, onFrameGone(ingress, input.frame))
    case "FrameUnheard":
      return stir(ingress, onFrameUnheard(ingress, input.frame, outputs))
    case "Stored":
    case "StoreFull":
    case "StoreUnknown":
      return onStoreAnswer(ingress, input, outputs)
    case "Tick":
      return onTick(ingress, nowMs, outputs)
    case "Drain":
      ingress.draining = true
      return closeDoors(ingress, outputs)
    default:
      unreachable(input)
  }
}

type StoreAnswer = Extract<IngressInput, { readonly _tag: "Stored" | "StoreFull" | "StoreUnknown" }>

const onStoreAnswer = (ingress: Ingress, input: StoreAnswer, outputs: Array<IngressOutput>): void => {
  const counter = counterOf(ingress, input.kind, input.partition)
  if (counter === undefined) return
  if (input._tag === "Stored") onStored(ingress, counter, input.serial, input.seq, outputs)
  else if (input._tag === "StoreFull") onStoreFull(ingress, counter, input.serial, input.nowMs, outputs)
  else onStoreUnknown(counter, input.serial, input.nowMs)
  stir(ingress, counter)
}

/** Time goes by: what has waited too long leaves, what was put off is tried, doors open. */
const onTick = (ingress: Ingress, nowMs: number, outputs: Array<IngressOutput>): void => {
  for (const counter of ingress.counters) {
    if (counter.selling.first !== null)
      dropUntil(counter.selling, nowMs - ingressWaitMsMax, (from, { reply }) => sayBusy(from, reply, "queue", busyQueueMs, outputs))
    if (counter.keeping.first !== null) {
      const full = nowMs < counter.fullUntilMs
      dropUntil(counter.keeping, nowMs - ingressWaitMsMax, (from, { reply }) =>
        full ? sayBusy(from, reply, "full", busyFullMs, outputs) : sayBusy(from, reply, "queue", busyQueueMs, outputs),
      )
    }
    if (counter.keeping.first !== null || counter.storing !== null) stir(ingress, counter)
  }
  tendDoors(ingress, nowMs, outputs)
}

const isIdle = (ingress: Ingress): boolean =>
  ingress.frames.size === 0 &&
  ingress.counters.every(({ storing }) => storing === null) &&
  ingress.senders.every(({ waitingMessages }) => waitingMessages === 0)
