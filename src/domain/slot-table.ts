/**
 * A table of things found by two names, which grows to millions without ever pausing for it.
 *
 * Things lie in slots, so that a walk over them can be cut into slices while they come and go. Once there are more than a few, an index of plain
 * integers finds a slot by the hash of the names: that something isn't there, what nearly every new id asks, costs one look into memory where a Map of a
 * million strings takes half a dozen. The index grows bit by bit, a few entries with each thing that is added. What crowds around one hash (names made to
 * collide) goes to a Map beside it, so no look takes more than a bounded number of steps.
 */
import { assert } from "../assert.ts"

/** How the things of a table are named. */
export interface Naming<T> {
  readonly isNamed: (thing: T, first: string, second: string) => boolean
  readonly firstOf: (thing: T) => string
  readonly secondOf: (thing: T) => string
}

interface SlotIndex {
  /** Pairs of hash and slot + 1: 0 for a place never used, −1 for one whose thing was removed. A power of two of pairs. */
  places: Int32Array
  /** Places ever used, and places in use. */
  usedCount: number
  liveCount: number
  /** While growing: the places before, and how many of them were moved. */
  former: Int32Array | null
  movedCount: number
  /** Slots of what found no place near its own, by both names; null as long as there is none. */
  crowded: Map<string, number> | null
}

/** Things in slots, found by two names. */
export interface SlotTable<T> {
  readonly slots: Array<T | undefined>
  readonly freeSlots: Array<number>
  /** Null as long as looking at every slot is as quick. */
  index: SlotIndex | null
}

/** Up to this many slots are looked at one by one. */
const unindexedMax = 8
/** Places looked at for one name before it counts as crowded. Of 2,000,000 names that weren't made to collide none does; with 32 places seven did, and as long as there is one every name that isn't there is looked for in the Map too. */
const stepsMax = 64
/** Former places moved with each thing that is added: a table is moved long before it has to grow again. */
const movedPerAdd = 32
const placesMin = 32

/** FNV-1a over the characters of both names, then mixed: the low bits choose the place. */
const hashOf = (first: string, second: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < first.length; i++) hash = Math.imul(hash ^ first.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ 0x1f, 0x01000193)
  for (let i = 0; i < second.length; i++) hash = Math.imul(hash ^ second.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return hash ^ (hash >>> 13)
}

const crowdedKey = (first: string, second: string): string => `${first} ${second}`

/** An empty table. */
export const emptySlots = <T>(): SlotTable<T> => ({ slots: [], freeSlots: [], index: null })

/** Things in the table. */
export const slotCount = <T>(table: SlotTable<T>): number => table.slots.length - table.freeSlots.length

const findIn = <T>(table: SlotTable<T>, naming: Naming<T>, places: Int32Array, hash: number, first: string, second: string): number => {
  const mask = (places.length >> 1) - 1
  for (let step = 0, at = hash & mask; step < stepsMax; step++, at = (at + 1) & mask) {
    const slot = places[2 * at + 1] as number
    if (slot === 0) return -1
    if (slot < 0 || places[2 * at] !== hash) continue
    const thing = table.slots[slot - 1]
    if (thing !== undefined && naming.isNamed(thing, first, second)) return slot - 1
  }
  return -1
}

const findUnindexed = <T>(table: SlotTable<T>, naming: Naming<T>, first: string, second: string): number => {
  for (let slot = 0; slot < table.slots.length; slot++) {
    const thing = table.slots[slot]
    if (thing !== undefined && naming.isNamed(thing, first, second)) return slot
  }
  return -1
}

/**
 * What was looked for last, in any table: one decision looks for one thing several times over, and in a table of a million each look is a walk through cold memory. The names are
 * told by identity first, for they are mostly the very same strings. Forgotten whenever something is added or removed.
 */
const last: { table: SlotTable<unknown> | null; first: string; second: string; slot: number } = {
  table: null,
  first: "",
  second: "",
  slot: -1,
}

/** The slot of what has these names, or −1. */
const findSlot = <T>(table: SlotTable<T>, naming: Naming<T>, first: string, second: string): number => {
  if (last.table === table && last.first === first && last.second === second) return last.slot
  const slot = lookForSlot(table, naming, first, second)
  last.table = table
  last.first = first
  last.second = second
  last.slot = slot
  return slot
}

const lookForSlot = <T>(table: SlotTable<T>, naming: Naming<T>, first: string, second: string): number => {
  const { index } = table
  if (index === null) return findUnindexed(table, naming, first, second)
  const hash = hashOf(first, second)
  const found = findIn(table, naming, index.places, hash, first, second)
  if (found >= 0) return found
  const before = index.former === null ? -1 : findIn(table, naming, index.former, hash, first, second)
  if (before >= 0 || index.crowded === null) return before
  return index.crowded.get(crowdedKey(first, second)) ?? -1
}

/** What has these names, or undefined. */
export const findThing = <T>(table: SlotTable<T>, naming: Naming<T>, first: string, second: string): T | undefined => {
  const slot = findSlot(table, naming, first, second)
  return slot < 0 ? undefined : table.slots[slot]
}

/** Notes a slot at the first free place near its hash; false if there is none. */
const place = (index: SlotIndex, hash: number, slot: number): boolean => {
  const { places } = index
  const mask = (places.length >> 1) - 1
  for (let step = 0, at = hash & mask; step < stepsMax; step++, at = (at + 1) & mask) {
    const there = places[2 * at + 1] as number
    if (there > 0) continue
    if (there === 0) index.usedCount++
    places[2 * at] = hash
    places[2 * at + 1] = slot + 1
    return true
  }
  return false
}

const enter = <T>(table: SlotTable<T>, index: SlotIndex, naming: Naming<T>, hash: number, slot: number): void => {
  if (place(index, hash, slot)) return
  const thing = table.slots[slot]
  assert(thing !== undefined, "what is entered lies in its slot")
  index.crowded ??= new Map()
  index.crowded.set(crowdedKey(naming.firstOf(thing), naming.secondOf(thing)), slot)
}

/** Moves up to `most` former places. */
const moveOn = <T>(table: SlotTable<T>, index: SlotIndex, naming: Naming<T>, most: number): void => {
  const { former } = index
  if (former === null) return
  const end = Math.min(index.movedCount + most, former.length >> 1)
  for (; index.movedCount < end; index.movedCount++) {
    const slot = former[2 * index.movedCount + 1] as number
    if (slot <= 0) continue
    // Taken out before it is entered anew: it is found in one of the two, never in both.
    former[2 * index.movedCount + 1] = -1
    enter(table, index, naming, former[2 * index.movedCount] as number, slot - 1)
  }
  if (index.movedCount === former.length >> 1) index.former = null
}

/** Begins to move to a table with room for twice as much; one that held mostly removed things may shrink to a quarter, no further at once. */
const grow = <T>(table: SlotTable<T>, index: SlotIndex, naming: Naming<T>): void => {
  moveOn(table, index, naming, Number.MAX_SAFE_INTEGER)
  const before = index.places.length >> 1
  let pairs = Math.max(placesMin, before >> 2)
  while (pairs < index.liveCount * 4) pairs *= 2
  index.former = index.places
  index.movedCount = 0
  index.places = new Int32Array(2 * pairs)
  index.usedCount = 0
}

const indexAll = <T>(table: SlotTable<T>, naming: Naming<T>): SlotIndex => {
  const index: SlotIndex = {
    places: new Int32Array(2 * placesMin),
    usedCount: 0,
    liveCount: 0,
    former: null,
    movedCount: 0,
    crowded: null,
  }
  for (let slot = 0; slot < table.slots.length; slot++) {
    const thing = table.slots[slot]
    if (thing === undefined) continue
    index.liveCount++
    enter(table, index, naming, hashOf(naming.firstOf(thing), naming.secondOf(thing)), slot)
  }
  return index
}

/** Adds a thing under its names, which must be free: the caller has looked. */
export const addThing = <T>(table: SlotTable<T>, naming: Naming<T>, thing: T): void => {
  last.table = null
  const slot = table.freeSlots.pop() ?? table.slots.length
  table.slots[slot] = thing
  const { index } = table
  if (index === null) {
    if (table.slots.length > unindexedMax) table.index = indexAll(table, naming)
    return
  }
  if ((index.usedCount + 1) * 2 > index.places.length >> 1) grow(table, index, naming)
  index.liveCount++
  enter(table, index, naming, hashOf(naming.firstOf(thing), naming.secondOf(thing)), slot)
  moveOn(table, index, naming, movedPerAdd)
}

const unplace = (places: Int32Array, hash: number, slot: number): boolean => {
  const mask = (places.length >> 1) - 1
  for (let step = 0, at = hash & mask; step < stepsMax; step++, at = (at + 1) & mask) {
    const there = places[2 * at + 1] as number
    if (there === 0) return false
    if (there !== slot + 1) continue
    places[2 * at + 1] = -1
    return true
  }
  return false
}

const leaveCrowd = (index: SlotIndex, key: string): void => {
  index.crowded?.delete(key)
  if (index.crowded?.size === 0) index.crowded = null
}

/** Removes this very thing; false if another, or none, has its names now. */
export const removeThing = <T>(table: SlotTable<T>, naming: Naming<T>, thing: T): boolean => {
  const first = naming.firstOf(thing)
  const second = naming.secondOf(thing)
  const slot = findSlot(table, naming, first, second)
  if (slot < 0 || table.slots[slot] !== thing) return false
  last.table = null
  const { index } = table
  if (index !== null) {
    const hash = hashOf(first, second)
    const wasPlaced = unplace(index.places, hash, slot) || (index.former !== null && unplace(index.former, hash, slot))
    if (!wasPlaced) leaveCrowd(index, crowdedKey(first, second))
    index.liveCount--
  }
  table.slots[slot] = undefined
  table.freeSlots.push(slot)
  return true
}
