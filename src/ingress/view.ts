/**
 * What people and metrics see of an ingress: what waits and how old the oldest of it is, what became of each sender's messages. Changes nothing.
 *
 * The oldest counts what waits, what is under way and what is being stored: from there on the owner knows it.
 */
import type { Kind } from "../domain/kinds.ts"
import type { SenderId } from "../domain/names.ts"
import type { TakenMessage } from "../engine/protocol.ts"
import { brokerNow } from "./broker-time.ts"
import { type Counter, counterOf, type Ingress, type Line, type SenderCounts } from "./ingress.ts"
import { oldestIn } from "./line.ts"

/** How it goes with what is for one partition. */
export interface PartitionView {
  readonly kind: Kind
  readonly partition: number
  /** Whether a reign is known that commands are handed to. */
  readonly owned: boolean
  /** Messages that wait to be handed over, and to be stored. */
  readonly selling: number
  readonly keeping: number
  readonly framesUnderWay: number
  /** Whether a message is being stored that may be stored already. */
  readonly storeUnknown: boolean
  /** Milliseconds since the oldest of all these was published, at most; 0: there is none. */
  readonly oldestMs: number
}

/** How it goes with one sender. */
export interface SenderView extends SenderCounts {
  readonly sender: SenderId
  readonly open: boolean
  readonly waitingMessages: number
  readonly waitingBytes: number
}

/** How an ingress is doing, for metrics and pages. */
export interface IngressView {
  readonly partitions: ReadonlyArray<PartitionView>
  readonly senders: ReadonlyArray<SenderView>
  readonly strangers: number
  readonly defects: number
}

const lengthOf = ({ first }: Line): number => {
  let length = 0
  for (let queue = first; queue !== null; queue = queue.behind) length += queue.items.length - queue.head
  return length
}

const oldestOf = (messages: ReadonlyArray<TakenMessage>): number =>
  messages.reduce((oldestMs, { publishedMs }) => Math.min(oldestMs, publishedMs), Number.POSITIVE_INFINITY)

const partitionView = (counter: Counter, underWayMs: number, brokerMs: number | null): PartitionView => {
  const storingMs = counter.storing === null ? Number.POSITIVE_INFINITY : oldestOf(counter.storing.messages)
  const oldest = Math.min(oldestIn(counter.selling), oldestIn(counter.keeping), storingMs, underWayMs)
  return {
    kind: counter.kind,
    partition: counter.partition,
    owned: counter.owner !== null,
    selling: lengthOf(counter.selling),
    keeping: lengthOf(counter.keeping),
    framesUnderWay: counter.framesUnderWay,
    storeUnknown: counter.storing?.unknown === true,
    oldestMs: brokerMs === null || oldest === Number.POSITIVE_INFINITY ? 0 : Math.max(0, brokerMs - oldest),
  }
}

/** What an ingress has before it at that time of its steady clock. */
export const viewIngress = (ingress: Ingress, nowMs: number): IngressView => {
  const underWay = new Map<Counter | undefined, number>()
  for (const { kind, partition, messages } of ingress.frames.values()) {
    const counter = counterOf(ingress, kind, partition)
    underWay.set(counter, Math.min(underWay.get(counter) ?? Number.POSITIVE_INFINITY, oldestOf(messages)))
  }
  const brokerMs = brokerNow(ingress.time, nowMs)
  return {
    partitions: ingress.counters.map((counter) => partitionView(counter, underWay.get(counter) ?? Number.POSITIVE_INFINITY, brokerMs)),
    senders: ingress.senders.map(({ sender, open, waitingMessages, waitingBytes, counted }) => ({
      sender,
      open,
      waitingMessages,
      waitingBytes,
      taken: counted.taken,
      stored: counted.stored,
      busy: { ...counted.busy },
      notStored: { ...counted.notStored },
    })),
    strangers: ingress.strangers,
    defects: ingress.defects,
  }
}
