/**
 * Packed decisions that are asked for again: what they say is read in the journal, and the command waits until it is known, with what its sender sent after it. Others go on.
 *
 * What is read of a record is kept with the message that asked, by where it stands: whether it is the same command, and whether it is forgotten by now, is seen when the message is decided. A
 * record that isn't there, or isn't ours, can't be told from a repeat: a command is then refused as too old, a fact is quarantined, and neither is executed twice.
 */
import { assert } from "../assert.ts"

import type { ActorKey, CommandId, SenderId } from "../domain/names.ts"
import { recallAgainMs, recalledRecordsMax } from "../limits.ts"

import { isDue } from "./due.ts"
import type { EngineContext } from "./given.ts"
import type { KindTypes } from "./kind.ts"
import { packedPlaces, type SenderMemory } from "./memory.ts"
import { commandsOf, outcomeOf, placesIn } from "./outcomes.ts"
import type { ArrivedMessage, Partition, ReadDecision, Serving } from "./partition.ts"
import type { Output } from "./protocol.ts"
import type { Entry, JournalRecord, StoredRecord } from "./records.ts"

/** One number for a place in the journal. */
const placeKey = (seq: number, place: number): number => seq * 65_536 + place

/** An id of an actor. */
interface CommandNamed {
  readonly key: ActorKey
  readonly id: CommandId
}

/** Whether all that a message may repeat is at hand. If not, it is asked for. */
export const isReady = (partition: Serving, given: EngineContext, arrived: ArrivedMessage): boolean => {
  if (arrived.body._tag !== "Commands") return true
  let ready = true
  for (const decoded of arrived.body.commands) {
    if (decoded._tag !== "Command") continue
    const { command } = decoded
    if (!isAtHand(partition, given, arrived, arrived.sender, command)) ready = false
    const operator = given.kind.commands.operatorOf(command)
    if (operator === undefined) continue
    const settled = partition.quarantine.get(operator.quarantined)
    if (settled !== undefined && !isAtHand(partition, given, arrived, settled.sender, settled.command)) ready = false
  }
  return ready
}

const isAtHand = (
  partition: Serving,
  given: EngineContext,
  arrived: ArrivedMessage,
  sender: SenderId,
  command: KindTypes["command"],
): boolean => {
  const { commands } = given.kind
  const memory = partition.senders.get(sender)
  const key = commands.keyOf(command)
  let atHand = memory === undefined || isNameAtHand(partition, given, arrived, memory, { key, id: command.id })
  const second = commands.secondNameOf(command)
  if (second === undefined) return atHand
  for (const teller of partition.senderList) {
    if (!teller.classes.has(commands.secondClass)) continue
    if (!isNameAtHand(partition, given, arrived, teller, { key, id: second })) atHand = false
  }
  return atHand
}

const isNameAtHand = (
  partition: Serving,
  given: EngineContext,
  arrived: ArrivedMessage,
  memory: SenderMemory,
  { key: actorKey, id }: CommandNamed,
): boolean => {
  let atHand = true
  for (const { seq, place } of packedPlaces(memory, actorKey, id, partition.atMs)) {
    const key = placeKey(seq, place)
    if (arrived.read?.has(key) === true) continue
    const record = partition.reign.recalling.records.get(seq)
    if (record === undefined) {
      atHand = false
      if (!partition.reign.recalling.asked.has(seq)) partition.reign.recalling.asked.set(seq, 0)
      continue
    }
    arrived.read ??= new Map()
    arrived.read.set(key, record === null ? null : decisionAt(given, record, place))
  }
  return atHand
}

/** The decision at a place of a record, or null if there is none. */
const decisionAt = (given: EngineContext, record: JournalRecord, place: number): ReadDecision | null => {
  assert(place >= 0, "INV-2 places in a record are counted up")
  let left = place
  for (const entry of record.entries) {
    const places = placesIn(entry)
    if (left >= places) {
      left -= places
      continue
    }
    if (entry._tag === "Answered") {
      const { sender, id, key, hash, outcome } = entry
      return { sender, id, key, hash, outcome, secondName: undefined, secondHash: 0 }
    }
    const decided = commandsOf(entry)[left]
    if (decided === undefined || decided.command === null) return null
    const { command, decision } = decided
    const { commands } = given.kind
    const outcome = outcomeOf(given.kind, decision)
    // What began there was answered elsewhere.
    if (outcome === null) return null
    return {
      sender: senderOf(entry),
      id: command.id,
      key: commands.keyOf(command),
      hash: given.codec.contentHash(command),
      outcome,
      secondName: commands.secondNameOf(command),
      secondHash: commands.secondHashOf(command),
    }
  }
  return null
}

const senderOf = (entry: Entry): SenderId => (entry._tag === "Message" || entry._tag === "Settled" ? entry.sender : ("" as SenderId))

/** What was decided long ago under an id, or a second name, as the message has read it: undefined if nothing was, null if that can't be known. */
export const recallRead = (
  partition: Partition,
  { read }: Pick<ArrivedMessage, "read">,
  sender: SenderId,
  { key, id }: CommandNamed,
): Pick<ReadDecision, "hash" | "outcome"> | null | undefined => {
  const memory = partition.senders.get(sender)
  if (read === null || memory === undefined) return undefined
  let found: null | undefined
  for (const { seq, place } of packedPlaces(memory, key, id, partition.atMs)) {
    const one = read.get(placeKey(seq, place)) ?? null
    if (one === null) found = null
    else if (one.sender !== sender || one.key !== key) continue
    else if (one.id === id) return one
    else if (one.secondName === id) return { hash: one.secondHash, outcome: one.outcome }
  }
  return found
}

/** Asks for the records that are wanted, a few at a time. */
export const askForRecalled = (partition: Serving, nowMs: number): Array<Output> => {
  const { asked } = partition.reign.recalling
  if (asked.size === 0 || !isDue(partition.reign.recalling.againAtMs, nowMs, recallAgainMs)) return []
  const outputs: Array<Output> = []
  let underWay = 0
  for (const sinceMs of asked.values()) if (sinceMs > 0) underWay++
  for (const [seq, sinceMs] of asked) {
    if (underWay >= recalledRecordsMax) break
    if (sinceMs > 0) continue
    underWay++
    asked.set(seq, Math.max(1, nowMs))
    outputs.push({ _tag: "ReadRecalled", seq })
  }
  return outputs
}

/** A record that was asked for is read, or isn't there: whoever waits for it looks again with the next batch. */
export const onRecalledRead = (partition: Serving, given: EngineContext, seq: number, stored: StoredRecord | null): Array<Output> => {
  const { asked, records } = partition.reign.recalling
  if (!asked.delete(seq)) return []
  records.set(seq, stored === null ? null : ownRecord(partition, given, stored, seq))
  // Those of which nobody made use are the oldest; whoever still wants one asks again.
  for (const oldest of records.keys()) {
    if (records.size <= 2 * recalledRecordsMax) break
    records.delete(oldest)
  }
  return []
}

const ownRecord = ({ id, incarnation }: Partition, given: EngineContext, stored: StoredRecord, seq: number): JournalRecord | null => {
  if (stored.seq !== seq) return null
  const decoded = given.codec.decodeRecord(stored.bytes)
  if (decoded._tag !== "Record") return null
  const { record } = decoded
  return record.partition === id && record.incarnation === incarnation ? record : null
}

/** A record could not be read: asked again in a while, if it is still wanted. */
export const onRecalledUnread = ({ reign: { recalling } }: Serving, nowMs: number): Array<Output> => {
  recalling.asked.clear()
  recalling.againAtMs = nowMs + recallAgainMs
  return []
}
