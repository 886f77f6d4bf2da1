/**
 * What is remembered so that no id has two effects: decisions by (sender, key, id), ended parts (ended.ts), and the floors below which all of
 * it is forgotten and refused.
 *
 * Time is cut into steps of `floorStepMs`, by `issuedAtMs` (decisions) or end (parts). A floor always lies on a step, so what it
 * forgets is whole steps: whether something is forgotten depends on journaled time and journaled floors alone, never on when it was swept.
 * Where the line is drawn when memory runs short, and who hears of it, is decided in memory-bounds.ts. Decisions older than a moment are packed (packed.ts): what they say is read in the
 * journal when they are asked for again (recall.ts).
 */
import { assert } from "../assert.ts"
import { type ActorKey, type CommandId, type EpochMs, isInternal, type SenderId } from "../domain/names.ts"
import { addThing, emptySlots, findThing, type Naming, removeThing, type SlotTable } from "../domain/slot-table.ts"
import { commandHorizonMs, factHorizonMs, floorStepMs, sendersPerPartitionMax } from "../limits.ts"
import { digestOfList, textHash } from "./hash.ts"
import type { ActorKind, KindTypes } from "./kind.ts"
import { emptyLine, firstOf, type MemoryLine, moveBy, pushOnto, shiftOff } from "./memory-line.ts"
import { addRow, addRows, emptyRows, findRows, forgetRows, type PackedRow, type PackedRows, packedKey, rowAt, rowCount } from "./packed.ts"
import type { Partition } from "./partition.ts"
import type { FloorClass, RememberedDecision } from "./records.ts"

/** A decision that its id stands for. */
export interface Remembered<K extends KindTypes = KindTypes> {
  readonly id: CommandId
  readonly key: K["key"]
  /** Of the command's content. */
  readonly hash: number
  readonly outcome: RememberedDecision<K>
  /** The step it lies in: small integers cost no memory of their own, and floors lie on steps. */
  readonly step: number
  readonly class: FloorClass
  /** The record that holds it, and its place among the commands of that. */
  readonly seq: number
  readonly place: number
  /** What its outcome takes to be held as it is, see {@link ActorKind.weightOf}. */
  readonly weight: number
}

/** A decision that its id stands for, as a snapshot holds it. */
export type RememberedRow<K extends KindTypes = KindTypes> = Omit<Remembered<K>, "weight">

/** What is remembered of one sender in one class. */
export interface ClassMemory<K extends KindTypes = KindTypes> {
  /** Journaled floor; the horizon's may be higher. */
  floorMs: EpochMs
  /** Recent decisions in the order in which they were made: what is older is packed from its front, or swept if it is forgotten. */
  readonly decisions: MemoryLine<Remembered<K>>
  /** Of all of them together. */
  weight: number
  /** Older ones, in the order in which they were made: positions go on as places in the line. Null: none was packed yet. */
  packed: PackedRows | null
  /** Ended parts, in the order in which they ended, in the class that holds them; see ended.ts. Null: none. */
  ended: PackedRows | null
}

/** What is remembered of one sender. */
export interface SenderMemory<K extends KindTypes = KindTypes> {
  readonly sender: SenderId
  /** Whether it is a partition of ours: then nothing but its own word raises its floors, see receiving.ts. */
  readonly isInternal: boolean
  /** Found by id and key. */
  readonly decisions: SlotTable<Remembered<K>>
  readonly classes: Map<FloorClass, ClassMemory<K>>
}

/** Ids contain no space, so no two (key, id) share a text: the id ends at the first. */
export const memoryKey = (key: ActorKey, id: CommandId): string => `${id} ${key}`

/** Milliseconds for which what falls under a class is remembered, unless its floor rises sooner. */
export const horizonMs: Readonly<Record<FloorClass, number>> = {
  sell: commandHorizonMs,
  policy: commandHorizonMs,
  operator: commandHorizonMs,
  sale: factHorizonMs,
  stock: factHorizonMs,
}

/** The step that a time lies in. */
export const stepOf = (ms: EpochMs): number => Math.floor(ms / floorStepMs)

/** The memory of a sender, made if there is none yet. */
export const senderMemory = (partition: Partition, sender: SenderId): SenderMemory => {
  const known = partition.senders.get(sender)
  if (known !== undefined) return known
  const memory: SenderMemory = { sender, isInternal: isInternal(sender), decisions: emptySlots(), classes: new Map() }
  partition.senders.set(sender, memory)
  partition.senderList.push(memory)
  return memory
}

/** Whether something may be remembered of a sender: it is known, there is room for one more, or it is a partition of ours, of which there are few. */
export const hasRoomForSender = ({ senders, senderList }: Partition, sender: SenderId): boolean => {
  if (senders.size < sendersPerPartitionMax || senders.has(sender) || isInternal(sender)) return true
  let others = 0
  for (const known of senderList) if (!known.isInternal) others++
  return others < sendersPerPartitionMax
}

/** The memory of a sender in a class, made if there is none yet. */
export const classMemory = (memory: SenderMemory, floorClass: FloorClass): ClassMemory => {
  let found = memory.classes.get(floorClass)
  if (found === undefined) {
    found = { floorMs: 0, decisions: emptyLine(), weight: 0, packed: null, ended: null }
    memory.classes.set(floorClass, found)
  }
  return found
}

/** What was issued (or ended) before this is forgotten, and refused. On a step's edge. No horizon is the floor of a partition of ours: what it asks for may have waited for any time. */
export const floorMsOf = (
  memory: Pick<SenderMemory, "classes"> & Partial<Pick<SenderMemory, "isInternal">>,
  floorClass: FloorClass,
  atMs: EpochMs,
): EpochMs => {
  const byHorizon = memory.isInternal === true ? 0 : stepOf(atMs - horizonMs[floorClass]) * floorStepMs
  const found = memory.classes.get(floorClass)
  return found === undefined || found.floorMs < byHorizon ? byHorizon : found.floorMs
}

/** The step number of the floor: what lies in lower ones is forgotten. */
export const floorStep = (memory: SenderMemory, floorClass: FloorClass, atMs: EpochMs): number =>
  floorMsOf(memory, floorClass, atMs) / floorStepMs

const naming: Naming<Remembered> = {
  isNamed: (decision, id, key) => decision.id === id && decision.key === key,
  firstOf: (decision) => decision.id,
  secondOf: (decision) => decision.key,
}

/** The decision held for an id of an actor, forgotten or not. */
const held = (memory: SenderMemory, key: ActorKey, id: CommandId): Remembered | undefined => findThing(memory.decisions, naming, id, key)

/** The decision remembered for an id of an actor at a time, or undefined if there is none or it lies below the floor. */
export const recall = (memory: SenderMemory, key: ActorKey, id: CommandId, atMs: EpochMs): Remembered | undefined => {
  const found = held(memory, key, id)
  return found !== undefined && found.step >= floorStep(memory, found.class, atMs) ? found : undefined
}

/** What of a sender's memory is not packed, at a time. O(decisions). */
const recentAt = function* (memory: SenderMemory, atMs: EpochMs): Iterable<Remembered> {
  for (const found of memory.decisions.slots) if (found !== undefined && found.step >= floorStep(memory, found.class, atMs)) yield found
}

/** Remembers a decision. One that is there already (forgotten by the floor but not yet swept) gives way. */
export const remember = (memory: SenderMemory, decision: Remembered): void =>
  rememberOver(memory, decision, held(memory, decision.key, decision.id))

/** Remembers a decision unless it is there already, as what a snapshot holds may be. */
export const rememberIfNew = (memory: SenderMemory, decision: Remembered): void => {
  const former = held(memory, decision.key, decision.id)
  if (former !== undefined && former.seq >= decision.seq) return
  if (former === undefined && isPacked(memory, decision)) return
  rememberOver(memory, decision, former)
}

/** Remembers a decision unless there is one under its id, recent or packed, whatever it says. */
export const rememberUnlessKnown = (memory: SenderMemory, decision: Remembered, atMs: EpochMs): void => {
  const { key, id } = decision
  if (held(memory, key, id) === undefined && packedPlaces(memory, key, id, atMs).length === 0) rememberOver(memory, decision, undefined)
}

const isPacked = ({ classes }: SenderMemory, { class: floorClass, key, id, seq, place }: Remembered): boolean => {
  const packed = classes.get(floorClass)?.packed ?? null
  if (packed === null) return false
  return findRows(packed, packedKey(packed, key, id)).some((position) => {
    const row = rowAt(packed, position)
    return row.seq === seq && row.place === place
  })
}

/** What a decision comes to, as one number: equal wherever the same was decided of the same command, packed or not. */
const digestOfRemembered = ({ id, key, hash, outcome }: Remembered): number => digestOfList(id, key, hash, outcome)

/** What is compared of a remembered decision. */
export interface Digested {
  readonly digest: number
  readonly step: number
}

/** All that is remembered of a sender at a time, of one actor if it is given. O(decisions). */
export const rememberedAt = function* (memory: SenderMemory, atMs: EpochMs, key?: ActorKey): Iterable<Digested> {
  for (const found of recentAt(memory, atMs))
    if (key === undefined || found.key === key) yield { digest: digestOfRemembered(found), step: found.step }
  const keyHash = key === undefined ? undefined : textHash(key)
  for (const [floorClass, { packed }] of memory.classes) {
    const firstAlive = floorStep(memory, floorClass, atMs)
    for (let position = packed?.base ?? 0; packed !== null && position < packed.end; position++) {
      const row = rowAt(packed, position)
      if (row.step >= firstAlive && (keyHash === undefined || row.keyHash === keyHash)) yield row
    }
  }
}

/** Where the journal has what was packed under this name and isn't forgotten, newest last. Nearly always nowhere. */
export const packedPlaces = (
  memory: SenderMemory,
  key: ActorKey,
  id: CommandId,
  atMs: EpochMs,
): ReadonlyArray<PackedRow & { readonly class: FloorClass }> => {
  let places: Array<PackedRow & { readonly class: FloorClass }> | undefined
  for (const [floorClass, { packed }] of memory.classes) {
    if (packed === null) continue
    for (const position of findRows(packed, packedKey(packed, key, id))) {
      const row = rowAt(packed, position)
      if (row.step < floorStep(memory, floorClass, atMs)) continue
      places ??= []
      places.push({ ...row, class: floorClass })
    }
  }
  return places ?? noPlaces
}
const noPlaces: ReadonlyArray<never> = []

/** Packs what is older than the newest decisions of each class that weigh `recent` together. Between records only: what is decided within one is found as it was when the record was begun. */
export const packOlder = (partition: Partition): void => {
  if (partition.toPack.size === 0) return
  const { recent } = partition.memoryBounds
  for (const memory of partition.toPack)
    for (const held of memory.classes.values()) while (held.weight > recent) packFirst(partition, memory, held)
  partition.toPack.clear()
}

const packFirst = (partition: Partition, memory: SenderMemory, held: ClassMemory): void => {
  const decision = firstOf(held.decisions)
  assert(decision !== undefined, "INV-2 what is counted stands in its line")
  const packed = rowsOf(partition, held)
  takeFirst(held, decision)
  // One that gave way to a later decision on its id keeps its place and is not found.
  const isCurrent = removeThing(memory.decisions, naming, decision)
  addRow(packed, packedKey(packed, decision.key, decision.id), {
    seq: decision.seq,
    place: decision.place,
    step: isCurrent ? decision.step : 0,
    digest: digestOfRemembered(decision),
    keyHash: textHash(decision.key),
  })
}

const takeFirst = (held: ClassMemory, { weight }: Remembered): void => {
  shiftOff(held.decisions)
  held.weight -= weight
  assert(held.weight >= held.decisions.count, "INV-2 each decision weighs as much as a plain one, at least")
}

/** The packed decisions of a class, beginning where its line does if there are none. */
const rowsOf = (partition: Partition, held: ClassMemory): PackedRows => {
  const at = held.decisions.head
  if (held.packed === null) held.packed = emptyRows(textHash(partition.incarnation ?? ""), at)
  const { packed } = held
  if (rowCount(packed) === 0) {
    packed.base = at
    packed.end = at
  }
  assert(packed.end === at, "what is packed ends where what is recent begins")
  return packed
}

/** Takes in packed decisions out of a snapshot. */
export const loadPacked = (partition: Partition, sender: SenderId, floorClass: FloorClass, bytes: Uint8Array): void => {
  const held = classMemory(senderMemory(partition, sender), floorClass)
  const packed = rowsOf(partition, held)
  const before = packed.end
  addRows(packed, bytes)
  moveBy(held.decisions, packed.end - before)
}

/** Decisions of a class, and ended parts, forgotten ones included that are not swept yet. */
export const decisionCount = ({ decisions, packed }: ClassMemory): number => decisions.count + (packed === null ? 0 : rowCount(packed))
/** Ended parts of a class, those included that are forgotten and not swept yet. */
export const endedCount = ({ ended }: ClassMemory): number => (ended === null ? 0 : rowCount(ended))

const rememberOver = (memory: SenderMemory, decision: Remembered, former: Remembered | undefined): void => {
  assert(former === undefined || former.id === decision.id, "INV-2 a decision gives way to one of its id alone")
  const ofClass = classMemory(memory, decision.class)
  if (former !== undefined) removeThing(memory.decisions, naming, former)
  addThing(memory.decisions, naming, decision)
  pushOnto(ofClass.decisions, decision, decision.step)
  ofClass.weight += decision.weight
}

/** Has what a sender's memory holds beyond its recent decisions packed at the end of the record. */
export const noteRemembered = (partition: Partition, memory: SenderMemory, floorClass: FloorClass): void => {
  if ((memory.classes.get(floorClass)?.weight ?? 0) > partition.memoryBounds.recent) partition.toPack.add(memory)
}

/** Sweeps up to `most` things of one sender that its floors have passed. What was issued ahead holds up what was decided after it until its own time is forgotten, minutes at most. */
export const sweep = (partition: Partition, memory: SenderMemory, most: number): void => {
  let left = most
  for (const [floorClass, held] of memory.classes) {
    const firstAlive = floorStep(memory, floorClass, partition.atMs)
    if (held.packed !== null) forgetRows(held.packed, firstAlive)
    if (held.ended !== null) forgetRows(held.ended, firstAlive)
    for (; left > 0 && (held.packed === null || rowCount(held.packed) === 0); left--) {
      const decision = firstOf(held.decisions)
      if (decision === undefined || decision.step >= firstAlive) break
      takeFirst(held, decision)
      // The same id may have been decided anew since it was forgotten: only this very decision is swept.
      removeThing(memory.decisions, naming, decision)
    }
  }
}
