/**
 * Snapshots as they are written: in slices, while decisions go on.
 *
 * They only shorten recovery: the state is the fold of the journal, with or without them (INV-6). A chunk holds what was applied up to its sequence, an append in flight included; so the manifest names the highest of these, and is published
 * only once the record there is confirmed. When one is due, and how fast it is walked, is decided in snapshot-due.ts.
 */
import { assert, unreachable } from "../assert.ts"
import type { SenderId } from "../domain/names.ts"
import { snapshotRetryMs } from "../limits.ts"
import type { Actor } from "./actor.ts"
import { type Chunk, type DecisionsChunk, type EndedChunk, itemsOf, type PartsChunk, packedPerThing } from "./chunks.ts"
import { isDue } from "./due.ts"
import type { EngineContext } from "./given.ts"
import type { ActorKind } from "./kind.ts"
import type { ClassMemory, SenderMemory } from "./memory.ts"
import { atPlace, endOf } from "./memory-line.ts"
import { type PackedRows, rowAt, rowBytes, rowCount, rowsFrom, segmentRows } from "./packed.ts"
import { appliedSeq, type Serving, type SnapshotWalk } from "./partition.ts"
import type { Output, SnapshotManifest } from "./protocol.ts"
import { FloorClass } from "./records.ts"
import { countAnew, isSnapshotDue, nothingSince, paceOf } from "./snapshot-due.ts"

/** Chunks handed over and not yet stored: beyond it the walk waits. */
const chunksInFlightMax = 4

/** Begins a snapshot if one is due. Its start is the newest confirmed record: replay begins after it. */
const beginIfDue = (partition: Serving, nowMs: number): void => {
  assert(partition.recovery === null, "INV-6 a snapshot is of a whole state")
  if (partition.reign.walk !== null || partition.reign.draining !== null || !isSnapshotDue(partition)) return
  if (!isDue(partition.reign.nextSnapshotAtMs, nowMs, snapshotRetryMs) || partition.confirmedSeq === partition.snapshotStartSeq) return
  const before = partition.sinceSnapshot
  const pace = paceOf(partition)
  partition.sinceSnapshot = nothingSince
  partition.snapshotStartSeq = partition.confirmedSeq
  partition.reign.walk = {
    id: `${partition.epoch}-${partition.confirmedSeq}`,
    startSeq: partition.confirmedSeq,
    startHash: partition.confirmedHash,
    stage: "actors",
    endedToSeq: 0,
    actor: 0,
    slot: 0,
    sender: 0,
    floorClass: 0,
    place: 0,
    chunks: 0,
    stored: 0,
    endSeq: partition.confirmedSeq,
    endHash: partition.confirmedHash,
    before,
    things: 0,
    pace,
    owed: 0,
  }
}

/** Whether the walk has to go on before anything is decided: it fell behind what was decided since it began. Never waits for a store that doesn't keep up. */
export const owesSlices = ({ reign: { walk } }: Serving): boolean => walk !== null && walk.owed > 0 && mayWalk(walk)

const mayWalk = (walk: SnapshotWalk): boolean => walk.stage !== "done" && walk.chunks - walk.stored < chunksInFlightMax

/** Begins a snapshot if one is due, and walks one slice further. */
export const tickSnapshot = (partition: Serving, given: EngineContext, nowMs: number): Array<Output> => {
  beginIfDue(partition, nowMs)
  return walkOn(partition, given)
}

/** Walks one slice further, if a snapshot is under way. Bounded in things walked, whatever the size of the partition. */
export const walkOn = (partition: Serving, given: EngineContext): Array<Output> => {
  const { walk } = partition.reign
  if (walk === null || !mayWalk(walk)) return []
  const chunk = walkSlice(partition, given, walk)
  assert(chunk !== undefined, "INV-6 a walk that isn't done has a slice")
  assert(chunk.seq >= walk.endSeq, "INV-6 slices are written in the order of the journal")
  walk.things += itemsOf(chunk)
  // A slice of nothing (actors without parts) is work done too.
  walk.owed -= Math.max(itemsOf(chunk), partition.bounds.snapshotSliceItemsMax / 4)
  walk.endSeq = chunk.seq
  walk.endHash = partition.inFlight === null ? partition.confirmedHash : partition.inFlight.pending.hash
  if (chunk.kind === "meta") walk.stage = "done"
  return storeChunk(given, walk, chunk, partition.bounds.snapshotChunkBytesMax)
}

/** Hands a chunk over, in parts if it is longer than a message: big policies, many allocations, a full quarantine. */
const storeChunk = (given: EngineContext, walk: SnapshotWalk, chunk: Chunk, chunkBytesMax: number): Array<Output> => {
  const bytes = given.codec.encodeChunk(chunk)
  assert(bytes.length > 0, "INV-6 no chunk is empty")
  if (bytes.length <= chunkBytesMax || itemsOf(chunk) < 2) return [{ _tag: "StoreChunk", snapshot: walk.id, index: walk.chunks++, bytes }]
  return halvesOf(chunk).flatMap((half) => storeChunk(given, walk, half, chunkBytesMax))
}

const halvesOf = (chunk: Chunk): ReadonlyArray<Chunk> => {
  switch (chunk.kind) {
    case "actors":
      return halve(chunk.items).map((items) => ({ ...chunk, items }))
    case "parts":
      return halve(chunk.items).map((items) => ({ ...chunk, items }))
    case "ended":
      return halvesOfEnded(chunk)
    case "decisions":
      return halve(chunk.items).map((items) => ({ ...chunk, items }))
    case "underWay":
      return halve(chunk.items).map((items) => ({ ...chunk, items }))
    case "owed":
      return halve(chunk.items).map((items) => ({ ...chunk, items }))
    case "packed": {
      const middle = Math.floor(chunk.bytes.length / rowBytes / 2) * rowBytes
      return [chunk.bytes.subarray(0, middle), chunk.bytes.subarray(middle)].map((bytes) => ({ ...chunk, bytes }))
    }
    case "meta":
      return halve(chunk.quarantine).map((quarantine, half) => ({
        ...chunk,
        quarantine,
        floors: half === 0 ? chunk.floors : [],
        ingresses: half === 0 ? (chunk.ingresses ?? []) : [],
      }))
  }
}

const halvesOfEnded = (chunk: EndedChunk): ReadonlyArray<EndedChunk> => {
  const middle = Math.floor(chunk.bytes.length / rowBytes / 2)
  const halves: [Array<EndedChunk["of"][number]>, Array<EndedChunk["of"][number]>] = [[], []]
  let before = 0
  for (const { channel, rows } of chunk.of) {
    const first = Math.min(rows, Math.max(0, middle - before))
    if (first > 0) halves[0].push({ channel, rows: first })
    if (first < rows) halves[1].push({ channel, rows: rows - first })
    before += rows
  }
  const [of, ofRest] = halves
  const { bytes } = chunk
  return [
    { ...chunk, of, bytes: bytes.subarray(0, middle * rowBytes) },
    { ...chunk, of: ofRest, bytes: bytes.subarray(middle * rowBytes) },
  ]
}

const halve = <T>(items: ReadonlyArray<T>): [ReadonlyArray<T>, ReadonlyArray<T>] => {
  const middle = items.length >> 1
  return [items.slice(0, middle), items.slice(middle)]
}

const walkSlice = (partition: Serving, { kind }: EngineContext, walk: SnapshotWalk): Chunk | undefined => {
  const seq = appliedSeq(partition)
  switch (walk.stage) {
    case "actors":
      return walkActors(partition, kind, walk, seq)
    case "parts":
      return walkParts(partition, kind, walk, seq)
    case "ended":
      return walkEnded(partition, walk, seq)
    case "decisions":
      return walkDecisions(partition, walk, seq)
    case "underWay":
      return { kind: "underWay", seq, items: walkFold(partition.underWay, walk, partition.bounds.snapshotSliceItemsMax, "owed") }
    case "owed":
      return { kind: "owed", seq, items: walkFold(partition.owed, walk, partition.bounds.snapshotSliceItemsMax, "meta") }
    case "meta":
      return metaChunk(partition, seq)
    case "done":
      return undefined
    default:
      return unreachable(walk.stage)
  }
}

const walkActors = (partition: Serving, { chunks }: ActorKind, walk: SnapshotWalk, seq: number): Chunk => {
  assert(walk.actor <= partition.actorList.length, "INV-6 a walk ends with the last actor")
  const to = Math.min(walk.actor + partition.bounds.snapshotSliceItemsMax / 4, partition.actorList.length)
  const items = partition.actorList.slice(walk.actor, to).map((actor) => chunks.actorRowOf(actor))
  walk.actor = to
  if (to === partition.actorList.length) {
    walk.stage = "parts"
    walk.actor = 0
  }
  return { kind: "actors", seq, items }
}

const walkParts = (partition: Serving, { parts, chunks }: ActorKind, walk: SnapshotWalk, seq: number): Chunk => {
  const items: Array<PartsChunk["items"][number]> = []
  const { snapshotSliceItemsMax: itemsMax, snapshotSliceBytesMax: bytesMax } = partition.bounds
  let walked = 0
  let bytes = 0
  while (walk.actor < partition.actorList.length && walked < itemsMax * 4 && items.length < itemsMax && bytes < bytesMax) {
    const { key, state } = partition.actorList[walk.actor] as Actor
    const slots = parts.slotsOf(state)
    walked++
    if (slots === undefined || walk.slot >= slots.length) {
      walk.actor++
      walk.slot = 0
      continue
    }
    const part = slots[walk.slot++]
    if (part === undefined) continue
    bytes += chunks.partBytesOf(part)
    items.push(chunks.partRowOf(key, part))
  }
  if (walk.actor >= partition.actorList.length) {
    walk.stage = "ended"
    walk.endedToSeq = seq
  }
  return { kind: "parts", seq, items }
}

/** Ended parts are walked by sender in the order in which they ended, up to those that ended since the last slice of open ones was written: these are in that, and their end is replayed. */
const walkEnded = (partition: Serving, walk: SnapshotWalk, seq: number): Chunk => {
  const of: Array<EndedChunk["of"][number]> = []
  const parts: Array<Uint8Array> = []
  let left = Math.min(segmentRows, partition.bounds.snapshotSliceItemsMax * packedPerThing)
  for (; walk.sender < partition.senderList.length; walk.sender++, walk.place = 0) {
    const { sender: channel, classes } = partition.senderList[walk.sender] as SenderMemory
    const ended = classes.get("sell")?.ended ?? null
    while (left > 0 && ended !== null && isToBeTaken(ended, walk.place, walk.endedToSeq)) {
      const bytes = takeRows(ended, walk, left)
      of.push({ channel, rows: bytes.length / rowBytes })
      parts.push(bytes)
      left -= bytes.length / rowBytes
    }
    if (left === 0) break
  }
  if (walk.sender >= partition.senderList.length) {
    walk.stage = "decisions"
    walk.sender = 0
  }
  return { kind: "ended", seq, of, bytes: joined(parts) }
}

const joined = (parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Whether rows stand at a place, or behind it, the first of which is of the record at `toSeq` or an earlier one. */
const isToBeTaken = (rows: PackedRows, place: number, toSeq: number): boolean =>
  place < rows.end && rowCount(rows) > 0 && rowAt(rows, Math.max(place, rows.base)).seq <= toSeq

/** Takes up to `most` rows of one segment, from where the walk stands. */
const takeRows = (rows: PackedRows, walk: SnapshotWalk, most: number): Uint8Array => {
  const from = Math.max(walk.place, rows.base)
  const bytes = rowsFrom(rows, from).subarray(0, most * rowBytes)
  assert(bytes.length > 0, "INV-6 a walk over rows goes on")
  walk.place = from + bytes.length / rowBytes
  return bytes
}

/**
 * Decisions are walked by sender in the order they were remembered, packed ones a segment at a time. What is forgotten or packed meanwhile shifts nothing: places count from the first
 * decision there ever was, and go on from packed to recent. What was remembered since the walk began is in a record after its start, and is replayed: there the walk of a class ends, or it
 * would run after what is decided meanwhile for ever.
 */
const walkDecisions = (partition: Serving, walk: SnapshotWalk, seq: number): Chunk => {
  const walked: DecisionsWalked = { items: [], weight: 0 }
  const { items } = walked
  while (walk.sender < partition.senderList.length) {
    const { sender, classes } = partition.senderList[walk.sender] as SenderMemory
    const floorClass = FloorClass[walk.floorClass] as FloorClass
    const held = classes.get(floorClass)
    const packed = held?.packed ?? null
    if (packed !== null && isToBeTaken(packed, walk.place, walk.startSeq)) {
      if (items.length > 0) break
      return { kind: "packed", seq, sender, class: floorClass, bytes: takeRows(packed, walk, segmentRows) }
    }
    if (held !== undefined && !collectDecisions(sender, held, walk, walked, partition.bounds.snapshotSliceItemsMax)) break
    walk.place = 0
    walk.floorClass++
    if (walk.floorClass < FloorClass.length) continue
    walk.floorClass = 0
    walk.sender++
  }
  if (walk.sender >= partition.senderList.length) {
    walk.place = 0
    walk.stage = partition.underWay.size > 0 ? "underWay" : partition.owed.size > 0 ? "owed" : "meta"
  }
  return { kind: "decisions", seq, items }
}

/**
 * What of a fold of the journal began by the snapshot's start and stands by now, oldest first: whole records' at a time, up to one with which `itemsMax` are reached. What began since, and what ends after its
 * slice, is in records that are replayed. O(all of it), of which there are some ten thousand at most.
 */
const walkFold = <T extends { readonly seq: number }>(
  fold: ReadonlyMap<string, T>,
  walk: SnapshotWalk,
  itemsMax: number,
  nextStage: SnapshotWalk["stage"],
): ReadonlyArray<T> => {
  const items: Array<T> = []
  for (const item of fold.values()) {
    if (item.seq <= walk.place) continue
    const last = items.at(-1)
    if (item.seq > walk.startSeq) break
    if (last !== undefined && items.length >= itemsMax && item.seq > last.seq) {
      walk.place = last.seq
      return items
    }
    items.push(item)
  }
  walk.place = 0
  walk.stage = nextStage
  return items
}

/** What a slice has of decisions so far, and what those weigh. */
interface DecisionsWalked {
  readonly items: Array<DecisionsChunk["items"][number]>
  weight: number
}

/** Collects decisions of one class from where the walk stands; false if the slice is full. */
const collectDecisions = (
  sender: SenderId,
  { decisions }: ClassMemory,
  walk: SnapshotWalk,
  walked: DecisionsWalked,
  itemsMax: number,
): boolean => {
  walk.place = Math.max(walk.place, decisions.head)
  for (const end = endOf(decisions); walk.place < end; walk.place++) {
    if (walked.weight >= itemsMax) return false
    const remembered = atPlace(decisions, walk.place)
    if (remembered === undefined) continue
    if (remembered.seq > walk.startSeq) return true
    const { weight, ...decision } = remembered
    walked.weight += weight
    walked.items.push({ sender, decision })
  }
  return true
}

const metaChunk = (partition: Serving, seq: number): Chunk => ({
  kind: "meta",
  seq,
  floors: partition.senderList.flatMap(({ sender, classes }) =>
    [...classes].map(([floorClass, held]) => ({ sender, class: floorClass, floorMs: held.floorMs })),
  ),
  ingresses: [...partition.ingresses].map(([ingress, serial]) => ({ ingress, serial })),
  quarantine: [...partition.quarantine.values()],
  ...(partition.droppedToSeq === null ? {} : { droppedToSeq: partition.droppedToSeq }),
})

/** Publishes the snapshot once it is whole and its end is confirmed. */
export const noteSnapshotProgress = (partition: Serving, given: EngineContext): Array<Output> => {
  const { walk } = partition.reign
  if (walk === null || walk.stage !== "done" || walk.stored < walk.chunks) return []
  if (!given.rules.mayPublishSnapshot(walk.endSeq, partition.confirmedSeq)) return []
  assert(partition.incarnation !== null, "INV-4 an owner knows its incarnation")
  const { id, startSeq, startHash, endSeq, endHash, chunks } = walk
  const manifest: SnapshotManifest = {
    version: 1,
    id,
    partition: partition.id,
    incarnation: partition.incarnation,
    startSeq,
    startHash,
    endSeq,
    endHash,
    chunks,
  }
  partition.reign.walk = null
  partition.snapshotThings = walk.things
  partition.reign.published = { id, before: walk.before }
  return [{ _tag: "PublishSnapshot", manifest }]
}

/** A chunk of the snapshot that is being written is stored: with the last one it may be published. */
export const onChunkStored = (partition: Serving, given: EngineContext, snapshot: string): Array<Output> => {
  if (partition.reign.walk === null || partition.reign.walk.id !== snapshot) return []
  partition.reign.walk.stored++
  return noteSnapshotProgress(partition, given)
}

/** A chunk could not be stored, or the manifest: the next snapshot is due as if this one had not been begun, after a pause. What was published perhaps after all is left. */
export const onSnapshotFailed = (partition: Serving, snapshot: string, nowMs: number): Array<Output> => {
  const { walk, published } = partition.reign
  const isWalk = walk?.id === snapshot
  const failed = isWalk ? walk : published?.id === snapshot ? published : null
  if (failed === null) return []
  countAnew(partition, failed.before)
  partition.reign.nextSnapshotAtMs = nowMs + snapshotRetryMs
  if (!isWalk) {
    partition.reign.published = null
    return []
  }
  partition.reign.walk = null
  return [{ _tag: "DiscardSnapshot", id: snapshot }]
}
