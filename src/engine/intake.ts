/**
 * What arrives from the commands stream: taken apart and decoded on arrival, while an append may be in flight, and put into batches together with what was handed over.
 *
 * Nothing is refused here: what is wrong with a message is journaled with the decision on it.
 */
import { assert } from "../assert.ts"
import type { EpochMs } from "../domain/names.ts"
import { arrivedBytesMax, recordBytesMax, recordEnvelopeBytesMax } from "../limits.ts"
import type { Actor } from "./actor.ts"
import { hearStamp } from "./broker-clock.ts"
import { stepAside } from "./ending.ts"
import type { EngineContext } from "./given.ts"
import { anyHanded, arrivedOf, takeHanded } from "./handed.ts"
import type { KindTypes } from "./kind.ts"
import type { ArrivedMessage, ArrivedStored, Serving } from "./partition.ts"
import type { CommandMessage, Output } from "./protocol.ts"
import { isReady } from "./recall.ts"

/** Takes messages in. What is behind the cursor or was taken already is dropped: a reader that starts anew delivers some twice. */
export const onCommandsArrived = (
  partition: Serving,
  given: EngineContext,
  messages: ReadonlyArray<CommandMessage>,
  nowMs: EpochMs,
): Array<Output> => {
  if (!partition.reign.reading || partition.reign.search !== null) return []
  for (const message of messages) {
    if (message.seq <= partition.reign.arrivedSeq) continue
    const arrived = takeApart(partition, given, message)
    // A newer release wrote it: whoever can read it has to decide it, and everything after it.
    if (arrived._tag === "Newer")
      return stepAside(partition, `message ${message.seq} of the commands stream has version ${arrived.version}`)
    partition.reign.arrivedSeq = message.seq
    proveUnasked(partition, message.seq)
    hearStamp(partition.brokerClock, message.brokerMs, nowMs)
    partition.reign.arrived.push(arrived.stored)
    partition.reign.arrivedBytes += message.body.length
  }
  if (partition.reign.paused || !isHalfFull(partition)) return []
  partition.reign.paused = true
  return [{ _tag: "PauseReading" }]
}

const isHalfFull = ({ reign: { arrived, arrivedBytes }, bounds }: Serving): boolean =>
  arrived.length >= bounds.arrivedMessagesMax / 2 || arrivedBytes >= arrivedBytesMax / 2

/** Whether so little waits of what was read that reading goes on, where it was paused: a quarter of the room for messages and of that for bytes. */
export const mayReadOn = ({ reign: { arrived, arrivedBytes }, bounds }: Serving): boolean =>
  arrived.length < bounds.arrivedMessagesMax / 4 && arrivedBytes < arrivedBytesMax / 4

/**
 * Notes how far nothing can be missing without a look: up to the first message where nothing was decided yet, for there is none before it that could be looked at, and
 * where a message follows a proven one at once, for all partitions' sequences are counted together.
 */
const proveUnasked = (partition: Serving, seq: number): void => {
  assert(seq === partition.reign.arrivedSeq, "INV-7 what is proven has arrived")
  const { cursor } = partition
  const { provenSeq } = partition.reign
  if (provenSeq === 0 ? cursor.seq === 0 : seq === provenSeq + 1) partition.reign.provenSeq = seq
}

type TakenApart = { readonly _tag: "Stored"; readonly stored: ArrivedStored } | { readonly _tag: "Newer"; readonly version: number }

const takeApart = (partition: Serving, given: EngineContext, message: CommandMessage): TakenApart => {
  // The subject that an ingress stores under: no sender's permissions let it publish there.
  if (message.subject !== `hf.q.${given.kind.name}.${partition.id}`)
    return skipped(message, `nobody of ours publishes to ${message.subject}`)
  const decoded = given.codec.decodeBatch(message.body)
  if (decoded._tag === "Newer") return decoded
  if (decoded._tag === "Unreadable") return skipped(message, decoded.cause)
  const { ingress, serial, acknowledged } = decoded.batch
  const messages = decoded.batch.messages.map((taken) => arrivedOf(partition, taken, message.seq))
  return { _tag: "Stored", stored: { message, from: { ingress, serial, acknowledged }, skipped: null, messages } }
}

/** What none of ours wrote. Kept in order, so that the cursor can pass it. */
const skipped = (message: CommandMessage, cause: string): TakenApart => ({
  _tag: "Stored",
  stored: { message, from: null, skipped: cause.slice(0, 256), messages: [] },
})

/** What a batch is made of: messages of the stream, in its order, and then what was handed over, by turns. */
export interface Batch {
  readonly stored: ReadonlyArray<ArrivedStored>
  readonly messages: Array<ArrivedMessage>
}

/** Nothing is taken: what waits goes on waiting. */
export const noBatch: Batch = { stored: [], messages: [] }

/** What a batch may still take. */
interface BatchRoom {
  commands: number
  bytes: number
  messages: number
  /** Bytes that are left of the record itself, and whether nothing else is in it. */
  recordBytes: number
  readonly isEmpty: boolean
  /** By how much what was taken may make actors grow. */
  growth: number
}

const isFull = (room: BatchRoom, worst: { readonly commands: number; readonly bytes: number }): boolean =>
  room.commands < worst.commands || room.bytes < worst.bytes || room.messages < 1

/** Counts one message if it fits. The first of an empty record always does: the largest message, decided at its worst, fits one. Where something else has much of it, it waits for the next. */
const takesRoom = (partition: Serving, given: EngineContext, room: BatchRoom, arrived: ArrivedMessage, isFirst: boolean): boolean => {
  arrived.actor = partition.actors.get(arrived.key)
  const worst = worstCase(partition, given, arrived, room.growth)
  if (isFirst ? !room.isEmpty && room.recordBytes < worst.bytes : isFull(room, worst)) return false
  room.commands -= worst.commands
  room.bytes -= worst.bytes
  room.recordBytes -= worst.bytes
  room.messages--
  room.growth += worst.growth
  assert(isFirst || room.recordBytes >= 0, "INV-9 a record has room for what is taken into it")
  assert(room.commands >= 0 || isFirst, "INV-9 a batch is bounded in commands")
  return true
}

/**
 * Takes what the next record decides off the queues: a prefix of the stream, where that may be decided now, and what was handed over. Bounded in messages, in commands and by the worst
 * that deciding them can make of the record. What is stored leaves at least half of it to what was handed over, if that waits: neither holds the other up.
 */
export const takeBatch = (partition: Serving, given: EngineContext, bytesUsed: number, mayTakeStored: boolean): Batch => {
  const room: BatchRoom = {
    commands: partition.bounds.batchCommandsMax,
    bytes: partition.bounds.batchBytesMax - recordEnvelopeBytesMax - bytesUsed,
    messages: partition.batchMessagesMax,
    recordBytes: recordBytesMax - recordEnvelopeBytesMax - bytesUsed,
    isEmpty: bytesUsed === 0,
    growth: 0,
  }
  const isShared = anyHanded(partition)
  const stored = mayTakeStored ? takeStored(partition, given, room, isShared ? partition.bounds.batchCommandsMax / 2 : 0) : []
  const messages: Array<ArrivedMessage> = []
  for (const one of stored) for (const message of one.messages) messages.push(message)
  let isFirst = stored.length === 0
  const takesFirst = (arrived: ArrivedMessage): boolean => {
    const fits = takesRoom(partition, given, room, arrived, isFirst)
    isFirst = false
    return fits
  }
  for (const message of takeHanded(partition, takesFirst, (arrived) => isReady(partition, given, arrived))) messages.push(message)
  return { stored, messages }
}

/**
 * A prefix of the stream. A stored message is decided whole or not at all: the cursor stands on messages. It waits where one of its commands repeats what has to be read again.
 * `commandsLeft` are left to others.
 */
const takeStored = (partition: Serving, given: EngineContext, room: BatchRoom, commandsLeft: number): ReadonlyArray<ArrivedStored> => {
  let taken = 0
  for (; taken < partition.reign.arrived.length; taken++) {
    const { message: stored, messages } = partition.reign.arrived[taken] as ArrivedStored
    if (stored.seq > partition.reign.provenSeq) break
    if (!messages.every((message) => isReady(partition, given, message))) break
    const before = { ...room }
    const fits = messages.every((message) => takesRoom(partition, given, room, message, taken === 0)) && room.messages >= 0
    if (taken === 0 ? !fits && !room.isEmpty : !fits || room.commands < commandsLeft) {
      Object.assign(room, before)
      break
    }
    // A message that decides nothing takes its place in the record too.
    room.messages -= messages.length === 0 ? 1 : 0
    room.bytes -= storedEntryBytes
  }
  const stored = partition.reign.arrived.splice(0, taken)
  for (const { message } of stored) partition.reign.arrivedBytes -= message.body.length
  return stored
}

/** Bytes of the entry that says which stored message was taken, or passed over. */
const storedEntryBytes = 512

/** Bytes of an entry and of a decision with nothing to it, numbers spelled out longer than in the body included. */
const plainEntryBytes = 512

const worstCase = (partition: Serving, given: EngineContext, arrived: ArrivedMessage, growthBefore: number) => {
  if (arrived.body._tag === "Undecodable") return { commands: 1, bytes: plainEntryBytes, growth: 0 }
  const { commands } = given.kind
  let bytes = arrived.bytes + plainEntryBytes
  let growth = 0
  for (const decoded of arrived.body.commands) {
    if (decoded._tag === "Invalid") {
      bytes += plainEntryBytes
      continue
    }
    const size = commands.sizeOf(actorIn(partition, given, arrived, decoded.command)?.state, decoded.command)
    bytes += commands.worstBytesOf(decoded.command, size + growthBefore + growth, arrived.bytes)
    growth += commands.growthOf(decoded.command)
  }
  return { commands: arrived.body.commands.length, bytes, growth }
}

/** The actor of a command, if there is one: of the message's own key as it was looked up when the message was taken. */
export const actorIn = (
  partition: Serving,
  { kind }: EngineContext,
  arrived: ArrivedMessage,
  command: KindTypes["command"],
): Actor | undefined => {
  const key = kind.commands.keyOf(command)
  return key === arrived.key && arrived.actor !== undefined ? arrived.actor : partition.actors.get(key)
}

const rankOf = ({ kind }: EngineContext, arrived: ArrivedMessage): number => {
  if (arrived.class === "stock") return 0
  if (arrived.class !== "sell") return 1
  return 2 + kind.commands.rankOf(arrived.actor?.state, arrived.carriage?.onBehalf ?? arrived.sender)
}

/**
 * The batch in the order it is decided: facts of the warehouse first, then policies and operators, then channels by the rank that the
 * actor gives them. Stable, so that what one sender sent in one class stays in its order.
 */
export const orderBatch = (given: EngineContext, batch: ReadonlyArray<ArrivedMessage>): ReadonlyArray<ArrivedMessage> => {
  if (batch.length < 2) return batch
  const ranks = batch.map((arrived) => rankOf(given, arrived))
  if (ranks.every((rank) => rank === ranks[0])) return batch
  return batch
    .map((arrived, i) => ({ arrived, rank: ranks[i] as number }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ arrived }) => arrived)
}
