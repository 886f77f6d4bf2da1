/**
 * The work that memory makes: floors are raised, what they have passed is swept bit by bit, and whoever has to wait for room is throttled at the doors.
 *
 * A sender's own traffic pays for most of it. Quiet senders are swept in turn, so that nobody's memory stays because they stopped sending.
 */
import { assert } from "../assert.ts"
import { type EpochMs, isInternal, type SenderId } from "../domain/names.ts"
import { memoryLookMs, memoryShortShare, senderFullMsMax, throttleEveryMs } from "../limits.ts"
import { isDue } from "./due.ts"
import type { EngineContext } from "./given.ts"
import { type SenderMemory, sweep } from "./memory.ts"
import { floorToRaise, fullestMemory, throttledMs } from "./memory-bounds.ts"
import type { Serving } from "./partition.ts"
import type { Output } from "./protocol.ts"
import type { FloorEntry } from "./records.ts"

/** Things of a sender that waits for room that are swept in one tick: some tenths of a millisecond. */
const sweptAtOnce = 4_096

/** The floors of a sender that have to rise. */
export const floorsToRaise = (partition: Serving, memory: SenderMemory, atMs: EpochMs): ReadonlyArray<FloorEntry> => {
  const entries: Array<FloorEntry> = []
  for (const floorClass of memory.classes.keys()) {
    const floorMs = floorToRaise(partition, memory, floorClass, atMs)
    if (floorMs !== undefined) entries.push({ _tag: "Floor", sender: memory.sender, class: floorClass, floorMs })
  }
  return entries
}

/** Whether a sender that is throttled can be given room: nothing of it comes in that would raise its floor. */
export const anyFloorToRaise = (partition: Serving, atMs: EpochMs): boolean => {
  for (const sender of partition.reign.throttled.keys()) {
    const memory = partition.senders.get(sender)
    if (memory !== undefined && floorsToRaise(partition, memory, atMs).length > 0) return true
  }
  return false
}

/** Whose memory a batch tends: those it is of, and those who are throttled. */
export const tendedBy = (partition: Serving, batch: ReadonlyArray<{ readonly sender: SenderId }>): ReadonlySet<SenderMemory> => {
  const tended = new Set<SenderMemory>()
  const add = (sender: SenderId): void => {
    const memory = partition.senders.get(sender)
    if (memory !== undefined) tended.add(memory)
  }
  for (const { sender } of batch) add(sender)
  for (const sender of partition.reign.throttled.keys()) add(sender)
  return tended
}

/** A sender for whom there is no room is throttled from the next tick on, until there is. */
export const throttle = (partition: Serving, sender: SenderId): void => {
  if (!partition.reign.throttled.has(sender)) partition.reign.throttled.set(sender, 0)
}

/** Holds a sender off if one of its classes is full. */
export const throttleIfFull = (partition: Serving, memory: SenderMemory): void => {
  if (throttledMs(partition, memory) > 0) throttle(partition, memory.sender)
}

/** What memory needs at each tick: some sweeping, and word to the doors of whom to throttle. */
export const tickMemory = (partition: Serving, { kind }: EngineContext, nowMs: EpochMs): Array<Output> => {
  const outputs: Array<Output> = []
  sweepNext(partition)
  for (const [sender, againAtMs] of partition.reign.throttled) {
    const memory = partition.senders.get(sender)
    if (memory !== undefined) sweep(partition, memory, sweptAtOnce)
    const forMs = memory === undefined ? 0 : throttledMs(partition, memory)
    if (forMs === 0) partition.reign.throttled.delete(sender)
    else if (isDue(againAtMs, nowMs, throttleEveryMs)) {
      partition.reign.throttled.set(sender, nowMs + throttleEveryMs)
      outputs.push({ _tag: "Throttle", sender, of: "all", forMs })
    }
  }
  // What waits here of commands that can be asked again is no reason to turn away what their senders tell others.
  const facts = kind.commands.hasFacts ? throttleFacts(partition, nowMs) : []
  return [...outputs, ...facts, ...tellIfShort(partition, nowMs)]
}

/**
 * Holds off at the doors the facts of whom as much waits for a person as may, or, where as much waits in all, of everybody of whom something does. What is stored by then is still decided: it finds
 * room above the bound. What they ask for is taken as before. O(senders that have something in quarantine).
 */
const throttleFacts = (partition: Serving, nowMs: EpochMs): Array<Output> => {
  const { quarantine, quarantinedBy, memoryBounds } = partition
  const { factsThrottled } = partition.reign
  for (const sender of factsThrottled.keys()) if (!quarantinedBy.has(sender)) factsThrottled.delete(sender)
  const outputs: Array<Output> = []
  const isFull = quarantine.size >= memoryBounds.quarantined
  for (const [sender, count] of quarantinedBy) {
    if (isInternal(sender)) continue
    if (!isFull && count < memoryBounds.quarantinedPerSender) factsThrottled.delete(sender)
    else if (isDue(factsThrottled.get(sender) ?? 0, nowMs, throttleEveryMs)) {
      factsThrottled.set(sender, nowMs + throttleEveryMs)
      outputs.push({ _tag: "Throttle", sender, of: "facts", forMs: senderFullMsMax })
    }
  }
  return outputs
}

const sweepNext = (partition: Serving): void => {
  if (partition.senderList.length === 0) return
  partition.reign.nextSenderToForget = (partition.reign.nextSenderToForget + 1) % partition.senderList.length
  const memory = partition.senderList[partition.reign.nextSenderToForget]
  assert(memory !== undefined, "INV-2 a place in the list of senders is a sender's")
  sweep(partition, memory, 256)
  throttleIfFull(partition, memory)
}

/** Says so before anybody has to wait, and again only after it was well for a while. */
const tellIfShort = (partition: Serving, nowMs: EpochMs): Array<Output> => {
  if (!isDue(partition.reign.nextMemoryLookMs, nowMs, memoryLookMs)) return []
  partition.reign.nextMemoryLookMs = nowMs + memoryLookMs
  const { share, sender } = fullestMemory(partition)
  const wasShort = partition.reign.memoryIsShort
  partition.reign.memoryIsShort = share >= (wasShort ? memoryShortShare * 0.9 : memoryShortShare)
  if (wasShort || !partition.reign.memoryIsShort) return []
  const detail = `partition ${partition.id}: what is remembered of ${sender} is at ${Math.floor(share * 100)} % of its bound; beyond it that sender has to wait`
  return [{ _tag: "Alarm", kind: "MemoryShort", detail }]
}
