/**
 * Snapshots as they are read back: a slice at a time, so that nothing else waits for a large one, each chunk brought forward from its own sequence.
 *
 * What isn't this partition's, or can't be read, is discarded with an alarm, and everything is replayed instead. A newer release's is left to those who can read it.
 */
import { assert, unreachable } from "../assert.ts"
import { actorOf } from "./actor.ts"
import { noteFollowUp, noteIngress } from "./apply.ts"
import { type Chunk, type EndedChunk, itemsOf } from "./chunks.ts"
import { loadEnded } from "./ended.ts"
import { stepDown } from "./ending.ts"
import type { EngineContext } from "./given.ts"
import type { KindTypes } from "./kind.ts"
import { classMemory, loadPacked, noteRemembered, packOlder, rememberIfNew, senderMemory } from "./memory.ts"
import { owedKey } from "./owed.ts"
import { rowBytes } from "./packed.ts"
import { type Beginning, emptyPartition, emptyRecovery, noteLoaded, type Partition, type SnapshotLoading } from "./partition.ts"
import type { Output, SnapshotManifest } from "./protocol.ts"
import { putInQuarantine } from "./quarantine.ts"
import { armHold } from "./timers.ts"

const discarded = (partition: Partition, { id }: SnapshotManifest, why: string): Array<Output> => [
  { _tag: "DiscardSnapshot", id },
  { _tag: "Alarm", kind: "SnapshotDiscarded", detail: `partition ${partition.id}, snapshot ${id}: ${why}` },
]

/** Leaves a newer release's snapshot to those who can read it. */
export const leaveNewer = (partition: Partition, what: string): Array<Output> => {
  partition.newerSnapshot = true
  return [{ _tag: "Alarm", kind: "NewerRelease", detail: `partition ${partition.id}, snapshot: ${what}` }]
}

const left = (partition: Partition, { id }: SnapshotManifest, version: number): Array<Output> =>
  leaveNewer(partition, `${id} has version ${version}`)

/** Begins to load a snapshot; `loading` stays null if it is of no use. */
export const beginLoading = (partition: Beginning, manifest: SnapshotManifest, chunks: ReadonlyArray<Uint8Array>): Array<Output> => {
  assert(partition.confirmedSeq === 0, "INV-6 a snapshot is loaded into a state that holds nothing")
  if (manifest.version > 1) return left(partition, manifest, manifest.version)
  if (manifest.version !== 1) return discarded(partition, manifest, `version ${manifest.version}`)
  if (manifest.partition !== partition.id) return discarded(partition, manifest, `it is of partition ${manifest.partition}`)
  if (chunks.length !== manifest.chunks) return discarded(partition, manifest, `${chunks.length} of ${manifest.chunks} chunks`)
  partition.incarnation = manifest.incarnation
  // The record it starts with is read too: for its hash, and for what only its envelope says (epoch, cursor, time).
  partition.confirmedSeq = manifest.startSeq - 1
  partition.snapshotStartSeq = manifest.startSeq
  partition.loadedSnapshot = manifest.id
  partition.recovery = emptyRecovery(manifest)
  partition.loading = { manifest, chunks, next: 0 }
  return []
}

/**
 * Loads the next chunk, and further ones until `itemsMax` things are loaded; `loading` is null once it is done. A chunk is bounded where it is written: it is a slice. If a chunk is of no use, nothing of the snapshot is: the
 * partition begins again with nothing.
 */
export const loadSlice = (partition: Beginning, given: EngineContext, itemsMax = 1): Array<Output> => {
  const { loading } = partition
  assert(loading !== null, "a slice is of a snapshot that is being loaded")
  for (let items = 0; items < itemsMax && loading.next < loading.chunks.length; loading.next++) {
    const decoded = given.codec.decodeChunk(loading.chunks[loading.next] as Uint8Array)
    if (decoded._tag === "Newer") {
      beginAnew(partition, [])
      return left(partition, loading.manifest, decoded.version)
    }
    const chunk = decoded._tag === "Chunk" ? given.codec.readChunk(decoded.chunk) : undefined
    const why = chunk === undefined ? "a chunk can't be read" : placeProblem(chunk, loading)
    if (chunk === undefined || why !== undefined) return beginAnew(partition, discarded(partition, loading.manifest, why ?? ""))
    items += itemsOf(chunk)
    loadChunk(partition, given, chunk)
    partition.snapshotThings += itemsOf(chunk)
  }
  if (loading.next >= loading.chunks.length) partition.loading = null
  return []
}

const placeProblem = ({ seq }: Chunk, { manifest }: SnapshotLoading): string | undefined =>
  seq < manifest.startSeq || seq > manifest.endSeq ? "a chunk lies outside start and end" : undefined

/** Forgets what was loaded: it is part of a state only together with the rest. A claim that was asked for stands. */
const beginAnew = (partition: Beginning, outputs: Array<Output>): Array<Output> => {
  const { id, partitions, partitionsOf, snapshotEveryRecords, batchMessagesMax, bounds, memoryBounds, claiming, basisAsks, brokerClock } =
    partition
  const empty = emptyPartition({ partition: id, partitions, partitionsOf, snapshotEveryRecords, batchMessagesMax, bounds, memoryBounds })
  Object.assign(partition, empty, { claiming, basisAsks, brokerClock })
  return outputs
}

const loadChunk = (partition: Partition, given: EngineContext, chunk: Chunk): void => {
  const { chunks } = given.kind
  switch (chunk.kind) {
    case "actors":
      for (const row of chunk.items) {
        const actor = actorOf(partition, given, chunks.actorKeyOf(row))
        chunks.loadActor(actor, row, partition.shared)
        noteFollowUp(partition, given, actor)
        if (partition.recovery !== null) partition.recovery.actorSeqs[actor.index] = chunk.seq
      }
      return
    case "parts":
      for (const row of chunk.items) loadPart(partition, given, row, chunk.seq)
      return
    case "ended":
      loadEndedOf(partition, chunk)
      return
    case "decisions":
      for (const { sender, decision } of chunk.items) {
        // The partition's own string of the key: there are as many decisions as commands.
        const key = partition.actors.get(decision.key)?.key ?? decision.key
        const memory = senderMemory(partition, sender)
        rememberIfNew(memory, { ...decision, key, weight: given.kind.weightOf(decision.outcome) })
        noteRemembered(partition, memory, decision.class)
      }
      packOlder(partition)
      return
    case "packed":
      loadPacked(partition, chunk.sender, chunk.class, chunk.bytes)
      return
    case "underWay":
      for (const item of chunk.items) partition.underWay.set(item.id, item)
      return
    case "owed":
      for (const item of chunk.items) partition.owed.set(owedKey(item.sender, item.key, item.id), { ...item })
      return
    case "meta":
      for (const floor of chunk.floors) classMemory(senderMemory(partition, floor.sender), floor.class).floorMs = floor.floorMs
      for (const ingress of chunk.ingresses ?? []) noteIngress(partition, ingress)
      for (const quarantined of chunk.quarantine) putInQuarantine(partition, given, quarantined)
      if (chunk.droppedToSeq !== undefined) partition.droppedToSeq = chunk.droppedToSeq
      return
    default:
      unreachable(chunk)
  }
}

const loadPart = (partition: Partition, given: EngineContext, row: KindTypes["partRow"], seq: number): void => {
  assert(seq > 0, "INV-6 a slice is of a record")
  const { chunks, parts } = given.kind
  const actor = actorOf(partition, given, chunks.partKeyOf(row))
  const part = chunks.partIn(row)
  const id = parts.idOf(part)
  if (parts.find(actor.state, parts.ownerOf(part), id) !== undefined) return
  chunks.addPart(actor.state, part)
  const dueMs = parts.dueMs(part)
  if (dueMs !== 0) {
    armHold(partition.holds, actor, part, dueMs)
    partition.openHolds++
  }
  if (parts.open?.is(part) === true) partition.openParts++
  if (partition.recovery !== null) noteLoaded(partition.recovery, id, part, seq)
}

const loadEndedOf = (partition: Partition, { of, bytes }: EndedChunk): void => {
  let at = 0
  for (const { channel, rows } of of) {
    loadEnded(partition, channel, bytes.subarray(at, at + rows * rowBytes))
    at += rows * rowBytes
  }
}

/** The snapshot isn't what the journal says: it is thrown away with the state made from it. */
export const discardSnapshot = (partition: Partition, why: string): Array<Output> => {
  const id = partition.loadedSnapshot
  const outputs: Array<Output> = id === null ? [] : [{ _tag: "DiscardSnapshot", id }]
  const detail = `snapshot ${id ?? "none"}: ${why}`
  return [
    ...outputs,
    { _tag: "Alarm", kind: "SnapshotDiscarded", detail: `partition ${partition.id}, ${detail}` },
    ...stepDown(partition, "SnapshotDiscarded", detail),
  ]
}

/** Ends the recovery when its last record was replayed. Empty if all is well. */
export const finishRecovery = (partition: Partition): Array<Output> => {
  const { recovery } = partition
  if (recovery === null || partition.confirmedSeq < recovery.manifest.endSeq) return []
  partition.recovery = null
  if (partition.confirmedHash === recovery.manifest.endHash) return []
  return discardSnapshot(partition, `record ${partition.confirmedSeq} is another than the one it ends with`)
}
