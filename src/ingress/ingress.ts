/**
 * What an ingress remembers: of each sender its buckets, its door and what of it waits; of each partition its owner, what waits for it and what is under way to it.
 *
 * Plain data in memory alone. What is lost with it was neither handed over nor stored, or its sender hears nothing of it and asks again.
 */
import { assert } from "../assert.ts"
import { Kind, type PartitionCounts } from "../domain/kinds.ts"
import type { CommandClass, SenderId } from "../domain/names.ts"
import type { DecodedBody, StoredBatch, TakenMessage } from "../engine/protocol.ts"
import type { BusyWhy } from "../engine/words.ts"
import {
  frameMessagesMax,
  framesUnderWayMax,
  ingressSendersMax,
  waitingBytesInAllMax,
  waitingBytesMax,
  waitingMessagesInAllMax,
  waitingMessagesMax,
} from "../limits.ts"
import type { NotStoredReason } from "../wire/answers.ts"
import { type BrokerTime, unknownBrokerTime } from "./broker-time.ts"
import type { DoorBounds, SenderBounds } from "./protocol.ts"

/** The pure functions between values and bytes that an ingress is given (wire/ has the real ones). None of them throws on foreign input. */
export interface IngressCodec {
  /** A body as its sender wrote it; read as commands of that kind, with what an ingress writes into them of whom they are from. */
  readonly decodeBody: (body: Uint8Array, kind: Kind, sender: SenderId) => DecodedBody
  /** The bytes of a stored message. */
  readonly encodeBatch: (batch: StoredBatch) => Uint8Array
  /** Bytes of a text in UTF-8. */
  readonly textBytes: (text: string) => number
  /** Whether a text may end a reply subject. */
  readonly isReplySuffix: (text: string) => boolean
}

/** What an ingress is made with. */
export interface IngressOptions {
  /** The name of this life of the ingress: nobody else ever has it. One subject token. */
  readonly ingress: string
  readonly partitions: PartitionCounts
  readonly senders: ReadonlyArray<SenderBounds>
  readonly door?: Partial<DoorBounds>
}

/** A message that waits for its turn. */
export interface QueuedMessage {
  readonly message: TakenMessage
  /** When it arrived, by the steady clock. */
  readonly sinceMs: number
}

/** What of one sender waits in a line, first come first out. */
export interface SenderQueue {
  readonly from: Sender
  readonly items: Array<QueuedMessage>
  /** Place of the first that still waits. */
  head: number
  /** Who has the next turn after this one; senders with nothing waiting stand in no line. */
  behind: SenderQueue | null
}

/** Senders that take turns, a message each. */
export interface Line {
  /** By the sender's place among all. */
  readonly queues: Array<SenderQueue | undefined>
  first: SenderQueue | null
  last: SenderQueue | null
}

/** A sender as an ingress knows it: its bound, what of it waits, and what was counted. */
export interface Sender {
  readonly sender: SenderId
  readonly place: number
  readonly classes: ReadonlyArray<CommandClass>
  /** What its reply subjects begin with. */
  readonly replyPrefix: string
  readonly bulk: boolean
  readonly commandsPerSecond: number
  readonly bytesPerSecond: number
  /** What its buckets hold: at most a second's worth, and less than nothing after a message that took more than was there. */
  commandsLeft: number
  bytesLeft: number
  /** When they were last filled; null: never looked at. */
  filledMs: number | null
  open: boolean
  /** An owner said that it holds enough of it, until then. */
  fullUntilMs: number
  /** An owner said so of its facts alone. */
  factsFullUntilMs: number
  waitingMessages: number
  waitingBytes: number
  readonly counted: SenderCounts
}

/** What became of a sender's messages since the ingress began. */
export interface SenderCounts {
  taken: number
  stored: number
  readonly busy: Record<BusyWhy, number>
  readonly notStored: Record<NotStoredReason, number>
}

/** Messages on their way to an owner. */
export interface Frame {
  readonly kind: Kind
  readonly partition: number
  readonly owner: string
  readonly messages: ReadonlyArray<TakenMessage>
  readonly bytes: number
}

/** A stored message on its way to the commands stream. */
export interface Storing {
  readonly serial: number
  readonly bytes: Uint8Array
  readonly messages: ReadonlyArray<TakenMessage>
  /** Those of them that have a trace; absent: none has. */
  readonly traced?: ReadonlyArray<QueuedMessage>
  /** Whether it may be stored already: then nobody in it may hear that it is not. */
  unknown: boolean
  /** When it is handed out again; null: an answer is awaited. */
  againMs: number | null
}

/** What an ingress does for one partition. */
export interface Counter {
  readonly kind: Kind
  readonly partition: number
  /** The reign that commands are handed to; null: none is known. */
  owner: string | null
  /** Of that reign, or of the last one that was known. */
  epoch: number
  /** The reign that said of itself that it is over: an older word of it is not believed again. */
  over: string | null
  readonly selling: Line
  framesUnderWay: number
  frameBytesUnderWay: number
  readonly keeping: Line
  storing: Storing | null
  /** The serial of the last stored message, and of the last one that was acknowledged. */
  serial: number
  acknowledged: number
  /** The stream is full: it is not tried before then. */
  fullUntilMs: number
  /** Whether something happened that may let it go on. */
  stirred: boolean
}

/** The whole state of an ingress: what its step changes in place. */
export interface Ingress {
  readonly ingress: string
  readonly time: BrokerTime
  readonly senders: ReadonlyArray<Sender>
  readonly byName: ReadonlyMap<SenderId, Sender>
  readonly partitions: PartitionCounts
  /** Of every partition: those of one kind after those of another, in the order of the kinds. */
  readonly counters: ReadonlyArray<Counter>
  readonly stirred: Array<Counter>
  readonly frames: Map<number, Frame>
  lastFrame: number
  readonly waitingMessagesMax: number
  readonly waitingBytesMax: number
  readonly frameMessagesMax: number
  readonly framesUnderWayMax: number
  draining: boolean
  drained: boolean
  /** Messages of senders that it doesn't know. */
  strangers: number
  /** Messages that made the code throw: always a defect. They are not taken, and do not stop it. */
  defects: number
}

const token = /^[A-Za-z0-9_-]{1,64}$/

const beginSender = ({ sender, classes, bulk, commandsPerSecond, bytesPerSecond }: SenderBounds, place: number): Sender => {
  assert(commandsPerSecond >= 1 && bytesPerSecond >= 1, "a sender may send something")
  return {
    sender,
    place,
    classes,
    replyPrefix: `hf.reply.${sender}.`,
    bulk,
    commandsPerSecond,
    bytesPerSecond,
    commandsLeft: commandsPerSecond,
    bytesLeft: bytesPerSecond,
    filledMs: null,
    open: false,
    fullUntilMs: Number.NEGATIVE_INFINITY,
    factsFullUntilMs: Number.NEGATIVE_INFINITY,
    waitingMessages: 0,
    waitingBytes: 0,
    counted: {
      taken: 0,
      stored: 0,
      busy: { queue: 0, owner: 0, full: 0, ending: 0, order: 0 },
      notStored: { form: 0, size: 0, token: 0, sender: 0, class: 0, kind: 0, partition: 0, mixed: 0, age: 0 },
    },
  }
}

/** What it does for one partition; undefined: there is no such partition. */
export const counterOf = ({ partitions, counters }: Ingress, kind: Kind, partition: number): Counter | undefined => {
  if (partition >= partitions[kind]) return undefined
  let before = 0
  for (const other of Kind) {
    if (other === kind) break
    before += partitions[other]
  }
  return counters[before + partition]
}

const emptyLine = (): Line => ({ queues: [], first: null, last: null })

const beginCounter = (kind: Kind, partition: number): Counter => ({
  kind,
  partition,
  owner: null,
  epoch: -1,
  over: null,
  selling: emptyLine(),
  framesUnderWay: 0,
  frameBytesUnderWay: 0,
  keeping: emptyLine(),
  storing: null,
  serial: 0,
  acknowledged: 0,
  fullUntilMs: Number.NEGATIVE_INFINITY,
  stirred: false,
})

/** An ingress at the beginning of its life: all doors closed, until it knows what time it is at the broker. */
export const emptyIngress = ({ ingress, partitions, senders: bounds, door = {} }: IngressOptions): Ingress => {
  assert(token.test(ingress), "an ingress's name is one subject token")
  for (const kind of Kind) assert(Number.isSafeInteger(partitions[kind]) && partitions[kind] > 0, "there is a partition of each kind")
  assert(bounds.length <= ingressSendersMax, "an ingress knows so many senders at most")
  const senders = bounds.map(beginSender)
  const byName = new Map(senders.map((sender) => [sender.sender, sender]))
  assert(byName.size === senders.length, "each sender is named once")
  const share = Math.max(1, senders.length)
  return {
    ingress,
    time: unknownBrokerTime(),
    senders,
    byName,
    partitions,
    counters: Kind.flatMap((kind) => Array.from({ length: partitions[kind] }, (_, partition) => beginCounter(kind, partition))),
    stirred: [],
    frames: new Map(),
    lastFrame: 0,
    waitingMessagesMax: Math.min(
      door.waitingMessagesMax ?? waitingMessagesMax,
      waitingMessagesMax,
      Math.floor(waitingMessagesInAllMax / share),
    ),
    waitingBytesMax: Math.min(waitingBytesMax, Math.floor(waitingBytesInAllMax / share)),
    frameMessagesMax: Math.min(door.frameMessagesMax ?? frameMessagesMax, frameMessagesMax),
    framesUnderWayMax: Math.min(door.framesUnderWayMax ?? framesUnderWayMax, framesUnderWayMax),
    draining: false,
    drained: false,
    strangers: 0,
    defects: 0,
  }
}
