/**
 * Whether two partitions hold the same state: stock, reservations and remembered decisions, as `stateHash` (src/engine/hash.ts) means it, and besides it all that the next owner
 * relies on: versions of the feed, floors, quarantine, how far ingresses and commands are taken, what has to expire. Compared
 * field by field: it says where they differ, and costs a tenth of hashing both. Written apart from the hash; a test holds the two together.
 */

import type { SenderId } from "../../src/domain/names.ts"
import { type Reservation, reservationOf, reservationsOf, type SkuStock } from "../../src/domain/sku/stock.ts"
import { endsAt } from "../../src/engine/ended.ts"
import { type Digested, floorMsOf, rememberedAt } from "../../src/engine/memory.ts"
import type { Partition } from "../../src/engine/partition.ts"
import { FloorClass } from "../../src/engine/records.ts"
import type { SkuPartition } from "../../src/kinds/sku/types.ts"

/** Equal values, whatever the order of keys; a field that is undefined is none. */
export const isSame = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return (a ?? null) === (b ?? null)
  const isArray = Array.isArray(a)
  if (isArray !== Array.isArray(b)) return false
  for (const key of Object.keys(a)) if (!isSame(Reflect.get(a, key), Reflect.get(b, key))) return false
  for (const key of Object.keys(b)) if (Reflect.get(b, key) !== undefined && Reflect.get(a, key) === undefined) return false
  return true
}

/** What a name points to in lists whose order says nothing. */
const isSameByName = <T>(a: ReadonlyArray<T>, b: ReadonlyArray<T>, name: (item: T) => string): boolean =>
  a.length === b.length &&
  a.every((item) =>
    isSame(
      item,
      b.find((other) => name(other) === name(item)),
    ),
  )

const isSameReservation = (a: Reservation, b: Reservation): boolean =>
  a.status === b.status &&
  a.fulfilledQty === b.fulfilledQty &&
  (a.status !== "held" || a.expiresAtMs === b.expiresAtMs) &&
  isSame(a.allocations, b.allocations)

const stockDifference = (ours: SkuStock, theirs: SkuStock): string | null => {
  if (!isSame(ours.policy, theirs.policy)) return `the policy of ${ours.sku}`
  if (!isSameByName(ours.locations, theirs.locations, ({ location }) => location)) return `what is on hand of ${ours.sku}`
  if (!isSameByName(ours.uses ?? [], theirs.uses ?? [], ({ channel }) => channel)) return `what channels used of ${ours.sku}`
  const open = reservationsOf(ours)
  for (const reservation of open) {
    const other = reservationOf(theirs, reservation.channel, reservation.id)
    if (other === undefined || !isSameReservation(reservation, other))
      return `reservation ${reservation.id} of ${reservation.channel} on ${ours.sku}`
  }
  return open.length === reservationsOf(theirs).length ? null : `how many reservations ${ours.sku} has`
}

/** How often each thing is remembered, packed or not: by its digest and its step. */
const countsOf = (remembered: Iterable<Digested>): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const { digest, step } of remembered) {
    const name = `${digest} ${step}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

const rememberedIn = (partition: SkuPartition, sender: SenderId): Map<string, number> => {
  const memory = partition.senders.get(sender)
  return countsOf(memory === undefined ? [] : rememberedAt(memory, partition.atMs))
}

const endsIn = (partition: SkuPartition, sender: SenderId): Map<string, number> => {
  const memory = partition.senders.get(sender)
  return countsOf(memory === undefined ? [] : endsAt(memory, partition.atMs))
}

const memoryDifference = (a: SkuPartition, b: SkuPartition, sender: SenderId): string | null => {
  const ours = rememberedIn(a, sender)
  const theirs = rememberedIn(b, sender)
  if (ours.size !== theirs.size) return `how many decisions of ${sender} are remembered`
  for (const [name, count] of ours) if (theirs.get(name) !== count) return `a decision of ${sender} (${name})`
  return null
}

const endsDifference = (a: SkuPartition, b: SkuPartition, sender: SenderId): string | null =>
  isSameMap(endsIn(a, sender), endsIn(b, sender)) ? null : `which reservations of ${sender} have ended`

/** Floors as they are in force: a raised floor that the horizon has passed counts for nothing. */
const floorDifference = (a: SkuPartition, b: SkuPartition, sender: SenderId): string | null => {
  const ours = a.senders.get(sender)
  const theirs = b.senders.get(sender)
  if (ours === undefined || theirs === undefined) return null
  for (const floorClass of FloorClass)
    if (floorMsOf(ours, floorClass, a.atMs) !== floorMsOf(theirs, floorClass, b.atMs)) return `the floor of ${sender} for ${floorClass}`
  return null
}

const isSameMap = <Value>(a: ReadonlyMap<string, Value>, b: ReadonlyMap<string, Value>): boolean => {
  if (a.size !== b.size) return false
  for (const [key, value] of a) if (!isSame(value, b.get(key))) return false
  return true
}

/** Commands under way to other actors, and answers that are owed. */
export const carryingDifference = (a: Pick<Partition, "underWay" | "owed">, b: Pick<Partition, "underWay" | "owed">): string | null => {
  if (!isSameMap(a.underWay, b.underWay)) return "what is under way to other actors"
  return isSameMap(a.owed, b.owed) ? null : "whose answers are owed"
}

type Kept = Pick<Partition, "quarantine" | "quarantinedKeys" | "quarantinedBy" | "ingresses" | "cursor">

/** What waits for a person, and how far is read what is stored. */
export const keptDifference = (a: Kept, b: Kept): string | null => {
  if (!isSameMap(a.quarantine, b.quarantine)) return "what waits in quarantine"
  if (!isSameMap(a.quarantinedKeys, b.quarantinedKeys)) return "where a retry finds what waits in quarantine"
  if (!isSameMap(a.quarantinedBy, b.quarantinedBy)) return "how much of each sender waits in quarantine"
  if (!isSameMap(a.ingresses, b.ingresses)) return "how far ingresses are taken"
  return isSame(a.cursor, b.cursor) ? null : "how far commands are read"
}

/** What is no SKU's and no sender's own. */
const restDifference = (a: SkuPartition, b: SkuPartition): string | null => {
  const kept = keptDifference(a, b)
  if (kept !== null) return kept
  if (a.openHolds !== b.openHolds) return "how many holds may expire"
  const carrying = carryingDifference(a, b)
  if (carrying !== null) return carrying
  return a.atMs === b.atMs ? null : "what time it is"
}

/** Null if both hold the same; else the first thing that differs. */
export const stateDifference = (a: SkuPartition, b: SkuPartition): string | null => {
  if (a.actors.size !== b.actors.size) return "which SKUs there are"
  for (const [sku, actor] of a.actors) {
    const other = b.actors.get(sku)
    const difference = other === undefined ? `whether there is ${sku}` : stockDifference(actor.state, other.state)
    if (difference !== null) return difference
    if (other !== undefined && actor.version !== other.version) return `the version of ${sku}`
  }
  for (const sender of new Set([...a.senders.keys(), ...b.senders.keys()])) {
    const difference = memoryDifference(a, b, sender) ?? endsDifference(a, b, sender) ?? floorDifference(a, b, sender)
    if (difference !== null) return difference
  }
  return restDifference(a, b)
}
