/**
 * How much is remembered of one sender: when its floor rises, and when it has to wait.
 *
 * Plenty is remembered for the whole horizon. Beyond that the floor of that sender and class rises with what comes in, but never nearer to now than the horizon that always holds, and
 * a fact's never. What then still finds no room is not refused: its sender is told to come back, before anything is decided, and nobody else notices.
 */
import type { EpochMs, SenderId } from "../domain/names.ts"
import {
  busyMsMin,
  commandHorizonMinMs,
  factsKeptMax,
  factsKeptPerSenderMax,
  floorStepMs,
  quarantinedMax,
  quarantinedPerSenderMax,
  recentPerSenderMax,
  rememberedPerSenderMax,
  rememberedPlenty,
  senderFullMsMax,
} from "../limits.ts"
import { type ClassMemory, decisionCount, endedCount, floorMsOf, type SenderMemory, stepOf } from "./memory.ts"
import { firstOf, newestStepOfFirst } from "./memory-line.ts"
import { firstNewestStep, newestStepOfOldestRows } from "./packed.ts"
import type { Partition } from "./partition.ts"
import type { FloorClass } from "./records.ts"

/** How much is remembered of a sender, and for how long at least. */
export interface MemoryBounds {
  /** Milliseconds for which a command is always remembered. */
  readonly horizonMinMs: number
  /** What the newest decisions of one sender and class may weigh together that are held as they are, plain ones one each; older ones are packed. */
  readonly recent: number
  /** Decisions of one sender and class above which its floor rises; ended reservations of it above which it does. */
  readonly plenty: number
  /** Decisions of one sender and class, or ended reservations, at which it has to wait. */
  readonly decisionsMax: number
  /** The same of facts: they are remembered for their whole horizon, so whoever fills it waits for long. */
  readonly factsMax: number
  /** Commands in quarantine, of a sender and in all, at which no more facts of it are taken in. */
  readonly quarantinedPerSender: number
  readonly quarantined: number
  /** Facts in quarantine, of a sender and in all, at which no more are put there: what is stored before its sender hears that it is throttled still finds room. */
  readonly factsKeptPerSender: number
  readonly factsKept: number
}

/** The bounds of production, as in limits.ts. */
export const memoryBounds: MemoryBounds = Object.freeze({
  horizonMinMs: commandHorizonMinMs,
  recent: recentPerSenderMax,
  plenty: rememberedPlenty,
  decisionsMax: rememberedPerSenderMax,
  factsMax: rememberedPerSenderMax,
  quarantinedPerSender: quarantinedPerSenderMax,
  quarantined: quarantinedMax,
  factsKeptPerSender: factsKeptPerSenderMax,
  factsKept: factsKeptMax,
})

/** What is freed at once when a floor rises, as a share of what is plenty: a floor rises every few seconds, not with each record. */
const freedShare = 32

/** Classes whose floor rises when memory runs short. A fact below the floor is an operator's work: its floor follows the horizon alone. */
const mayRise: Readonly<Record<FloorClass, boolean>> = { sell: true, policy: true, operator: true, sale: false, stock: false }

/** The floor a sender's class has to be raised to because it holds plenty, or undefined. Never above what is always remembered. */
export const floorToRaise = (partition: Partition, memory: SenderMemory, floorClass: FloorClass, atMs: EpochMs): EpochMs | undefined => {
  const held = memory.classes.get(floorClass)
  if (held === undefined || !mayRise[floorClass]) return undefined
  const { plenty, horizonMinMs } = partition.memoryBounds
  const freed = Math.floor(plenty / freedShare)
  const [count, ended] = [decisionCount(held), endedCount(held)]
  const highest = stepOf(atMs - horizonMinMs)
  let step = 0
  // Only where it frees something: what is younger than the horizon that always holds stays, and a floor that rose for nothing would refuse what comes late for nothing.
  if (count > plenty && oldestStepIn(held) < highest) step = newestStepOfOldest(held, count - plenty + freed) + 1
  if (held.ended !== null && ended > plenty && oldestEndIn(held) < highest)
    step = Math.max(step, newestStepOfOldestRows(held.ended, ended - plenty + freed).step + 1)
  const floorMs = Math.min(step, highest) * floorStepMs
  return floorMs > floorMsOf(memory, floorClass, atMs) ? floorMs : undefined
}

/** The step up to which all of a class's oldest segment is forgotten, or the step of its first decision; infinite without any. */
const oldestStepIn = ({ decisions, packed }: ClassMemory): number => {
  const first = packed === null ? undefined : firstNewestStep(packed)
  return first ?? firstOf(decisions)?.step ?? Number.POSITIVE_INFINITY
}

/** The same of ended reservations. */
const oldestEndIn = ({ ended }: ClassMemory): number => (ended === null ? undefined : firstNewestStep(ended)) ?? Number.POSITIVE_INFINITY

/** The newest step among at least so many of the oldest decisions. */
const newestStepOfOldest = ({ decisions, packed }: ClassMemory, least: number): number => {
  const { step, count } = packed === null ? { step: 0, count: 0 } : newestStepOfOldestRows(packed, least)
  return count >= least ? step : Math.max(step, newestStepOfFirst(decisions, least - count))
}

/** Decisions of a class, or ended reservations, at which its sender has to wait. */
const decisionsMaxOf = ({ memoryBounds: bounds }: Partition, floorClass: FloorClass): number =>
  mayRise[floorClass] ? bounds.decisionsMax : bounds.factsMax

/** Whether there is no room for so many more decisions of a sender's class; each may end a reservation. */
export const isFull = (partition: Partition, floorClass: FloorClass, held: ClassMemory, more: number): boolean =>
  Math.max(decisionCount(held), endedCount(held)) + more > decisionsMaxOf(partition, floorClass)

/** The classes of a sender that are full. */
const fullClasses = (partition: Partition, memory: SenderMemory): ReadonlyArray<[FloorClass, ClassMemory]> =>
  [...memory.classes].filter(([floorClass, held]) => isFull(partition, floorClass, held, 1))

/** Milliseconds until something of a full class may be forgotten: what is oldest leaves the horizon. A little at least; at most what an ingress is told at once. */
export const roomInMs = (partition: Partition, floorClass: FloorClass, held: ClassMemory): number => {
  const oldest = Math.min(oldestStepIn(held), oldestEndIn(held))
  const { horizonMinMs } = partition.memoryBounds
  const horizonMs = mayRise[floorClass] ? horizonMinMs : horizonOf(partition, floorClass)
  const ms = (oldest + 1) * floorStepMs + horizonMs - partition.atMs
  return Math.round(Math.min(senderFullMsMax, Math.max(busyMsMin, ms)))
}

const horizonOf = ({ atMs }: Partition, floorClass: FloorClass): number => atMs - floorMsOf(nobody, floorClass, atMs)

const nobody: Pick<SenderMemory, "classes"> = { classes: new Map() }

/** For how long a sender has to be throttled, or 0: what it stores is remembered beyond any bound, so it is told before it stores more. */
export const throttledMs = (partition: Partition, memory: SenderMemory): number => {
  let ms = 0
  // What a partition of ours asks for is taken however much is remembered of it.
  if (memory.isInternal) return ms
  for (const [floorClass, held] of fullClasses(partition, memory)) ms = Math.max(ms, roomInMs(partition, floorClass, held))
  return ms
}

/** How full the memory of each sender is, as a share of its bound: of all of whom anything is remembered, the fullest first. Partitions of ours are no senders here. */
export const memoryShares = (partition: Partition): ReadonlyArray<{ readonly sender: SenderId; readonly share: number }> =>
  partition.senderList
    .filter(({ isInternal }) => !isInternal)
    .map(({ sender, classes }) => {
      const shares = [...classes].map(([of, held]) => Math.max(decisionCount(held), endedCount(held)) / decisionsMaxOf(partition, of))
      return { sender, share: Math.max(0, ...shares) }
    })
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share)

/** How full the fullest memory of any sender is, as a share of its bound, and whose. O(senders). */
export const fullestMemory = (partition: Partition): { readonly share: number; readonly sender: SenderId | null } => {
  let share = 0
  let fullest: SenderId | null = null
  for (const { sender, classes, isInternal } of partition.senderList)
    for (const [floorClass, held] of isInternal ? [] : classes) {
      const its = Math.max(decisionCount(held), endedCount(held)) / decisionsMaxOf(partition, floorClass)
      if (its <= share) continue
      share = its
      fullest = sender
    }
  return { share, sender: fullest }
}
