/**
 * Snapshots: written in slices while decisions go on, read back chunk by chunk, each brought forward from its own sequence.
 *
 * They only shorten recovery: the state is the fold of the journal, with or without them (INV-6). A chunk holds what was applied up to its sequence, an append in flight included; so the manifest names the highest of these, and is published
 * only once the record there is confirmed.
 */
import type { SenderId, Sku } from "../domain/names.ts"
import type { Policy } from "../domain/policy.ts"
import { addReservation, type ChannelUse, isOpen, type LocationStock, type Reservation, reservationOf } from "../domain/stock.ts"
import { snapshotChunkBytesMax, snapshotSliceItemsMax } from "../limits.ts"
import { actorOf, type SkuActor, sharedPolicy } from "./actor.ts"
import { type Given, holdInQuarantine, noteIngress } from "./apply.ts"
import { stepDown } from "./ending.ts"
import { type ClassMemory, classMemory, holds, type Remembered, remember, rememberEnd, type SenderMemory, senderMemory } from "./memory.ts"
import { appliedSeq, type Partition, type QuarantinedCommand, type SnapshotWalk } from "./partition.ts"
import type { Output, SnapshotManifest } from "./protocol.ts"
import { FloorClass } from "./records.ts"
import { armHold } from "./timers.ts"

/** Chunks handed over and not yet stored: beyond it the walk waits. */
const chunksInFlightMax = 4

interface SkusChunk {
  readonly kind: "skus"
  readonly seq: number
  readonly skus: ReadonlyArray<{
    readonly sku: Sku
    readonly version: number
    readonly policy: Policy | null
    readonly locations: ReadonlyArray<LocationStock>
    readonly uses: ReadonlyArray<ChannelUse> | null
  }>
}
interface ReservationsChunk {
  readonly kind: "reservations"
  readonly seq: number
  readonly items: ReadonlyArray<{ readonly sku: Sku; readonly reservation: Reservation }>
}
interface DecisionsChunk {
  readonly kind: "decisions"
  readonly seq: number
  readonly items: ReadonlyArray<{ readonly sender: SenderId; readonly decision: Remembered }>
}
interface MetaChunk {
  readonly kind: "meta"
  readonly seq: number
  readonly floors: ReadonlyArray<{ readonly sender: SenderId; readonly class: FloorClass; readonly floorMs: number }>
  /** Absent in what earlier releases wrote. */
  readonly ingresses?: ReadonlyArray<{ readonly ingress: string; readonly serial: number }>
  readonly quarantine: ReadonlyArray<QuarantinedCommand>
}
/** What one chunk of a snapshot holds. */
export type Chunk = SkusChunk | ReservationsChunk | DecisionsChunk | MetaChunk

/** Begins a snapshot if enough records came since the last. Its start is the newest confirmed record: replay begins after it. */
const beginIfDue = (partition: Partition): void => {
  if (partition.walk !== null || partition.draining !== null) return
  if (partition.confirmedSeq - partition.snapshotStartSeq < partition.snapshotEveryRecords) return
  partition.snapshotStartSeq = partition.confirmedSeq
  partition.walk = {
    id: `${partition.epoch}-${partition.confirmedSeq}`,
    startSeq: partition.confirmedSeq,
    startHash: partition.confirmedHash,
    stage: "skus",
    actor: 0,
    slot: 0,
    sender: 0,
    floorClass: 0,
    step: 0,
    place: 0,
    chunks: 0,
    stored: 0,
    endSeq: partition.confirmedSeq,
    endHash: partition.confirmedHash,
  }
}

/** Walks one slice further, if a snapshot is due or under way. Bounded in things walked, whatever the size of the partition. */
export const tickSnapshot = (partition: Partition, given: Given): Array<Output> => {
  if (partition.phase !== "serving") return []
  beginIfDue(partition)
  const { walk } = partition
  if (walk === null || walk.stage === "done" || walk.chunks - walk.stored >= chunksInFlightMax) return []
  const chunk = walkSlice(partition, walk)
  if (chunk === undefined) return []
  walk.endSeq = chunk.seq
  walk.endHash = partition.inFlight === null ? partition.confirmedHash : partition.inFlight.pending.hash
  if (chunk.kind === "meta") walk.stage = "done"
  return storeChunk(given, walk, chunk)
}

/** Hands a chunk over, in parts if it is longer than a message: big policies, many allocations, a full quarantine. */
const storeChunk = (given: Given, walk: SnapshotWalk, chunk: Chunk): Array<Output> => {
  const bytes = given.codec.encodeChunk(chunk)
  if (bytes.length <= snapshotChunkBytesMax || itemsOf(chunk) < 2)
    return [{ _tag: "StoreChunk", snapshot: walk.id, index: walk.chunks++, bytes }]
  return halvesOf(chunk).flatMap((half) => storeChunk(given, walk, half))
}

const itemsOf = (chunk: Chunk): number => {
  if (chunk.kind === "skus") return chunk.skus.length
  return chunk.kind === "meta" ? chunk.quarantine.length : chunk.items.length
}

const halvesOf = (chunk: Chunk): ReadonlyArray<Chunk> => {
  switch (chunk.kind) {
    case "skus":
      return halve(chunk.skus).map((skus) => ({ ...chunk, skus }))
    case "reservations":
      return halve(chunk.items).map((items) => ({ ...chunk, items }))
    case "decisions":
      return halve(chunk.items).map((items) => ({ ...chunk, items }))
    case "meta":
      return halve(chunk.quarantine).map((quarantine, half) => ({
        ...chunk,
        quarantine,
        floors: half === 0 ? chunk.floors : [],
        ingresses: half === 0 ? (chunk.ingresses ?? []) : [],
      }))
  }
}

const halve = <T>(items: ReadonlyArray<T>): [ReadonlyArray<T>, ReadonlyArray<T>] => {
  const middle = items.length >> 1
  return [items.slice(0, middle), items.slice(middle)]
}

const walkSlice = (partition: Partition, walk: SnapshotWalk): Chunk | undefined => {
  const seq = appliedSeq(partition)
  switch (walk.stage) {
    case "skus":
      return walkSkus(partition, walk, seq)
    case "reservations":
      return walkReservations(partition, walk, seq)
    case "decisions":
      return walkDecisions(partition, walk, seq)
    case "meta":
      return metaChunk(partition, seq)
    case "done":
      return undefined
  }
}

const walkSkus = (partition: Partition, walk: SnapshotWalk, seq: number): Chunk => {
  const to = Math.min(walk.actor + snapshotSliceItemsMax / 4, partition.actorList.length)
  const skus = partition.actorList.slice(walk.actor, to).map(({ stock, version }) => ({
    sku: stock.sku,
    version,
    policy: stock.policy,
    locations: stock.locations,
    uses: stock.uses,
  }))
  walk.actor = to
  if (to === partition.actorList.length) {
    walk.stage = "reservations"
    walk.actor = 0
  }
  return { kind: "skus", seq, skus }
}

const walkReservations = (partition: Partition, walk: SnapshotWalk, seq: number): Chunk => {
  const items: Array<ReservationsChunk["items"][number]> = []
  let walked = 0
  while (walk.actor < partition.actorList.length && walked < snapshotSliceItemsMax * 4 && items.length < snapshotSliceItemsMax) {
    const { stock } = partition.actorList[walk.actor] as SkuActor
    const slots = stock.reservations?.slots
    walked++
    if (slots === undefined || walk.slot >= slots.length) {
      walk.actor++
      walk.slot = 0
      continue
    }
    const reservation = slots[walk.slot++]
    if (reservation !== undefined) items.push({ sku: stock.sku, reservation })
  }
  if (walk.actor >= partition.actorList.length) walk.stage = "decisions"
  return { kind: "reservations", seq, items }
}

/**
 * Decisions are walked by sender in the order they were remembered. What is forgotten meanwhile shifts nothing: a step that was passed by the walk is gone, one that wasn't is still
 * found by its number; a decision remembered behind the walk is in a record after the start, and is replayed.
 */
const walkDecisions = (partition: Partition, walk: SnapshotWalk, seq: number): Chunk => {
  const items: Array<DecisionsChunk["items"][number]> = []
  while (walk.sender < partition.senderList.length) {
    const memory = partition.senderList[walk.sender] as SenderMemory
    const held = memory.classes.get(FloorClass[walk.floorClass] as FloorClass)
    if (held !== undefined && !collectDecisions(memory.sender, held, walk, items)) break
    walk.step = 0
    walk.place = 0
    walk.floorClass++
    if (walk.floorClass < FloorClass.length) continue
    walk.floorClass = 0
    walk.sender++
  }
  if (walk.sender >= partition.senderList.length) walk.stage = "meta"
  return { kind: "decisions", seq, items }
}

/** Collects decisions of one class from where the walk stands; false if the slice is full. */
const collectDecisions = (
  sender: SenderId,
  held: ClassMemory,
  walk: SnapshotWalk,
  items: Array<DecisionsChunk["items"][number]>,
): boolean => {
  const numbers = [...held.steps.keys()].filter((number) => number >= walk.step).sort((a, b) => a - b)
  for (const number of numbers) {
    if (number !== walk.step) {
      walk.step = number
      walk.place = 0
    }
    const decisions = held.steps.get(number)?.decisions ?? []
    for (; walk.place < decisions.length; walk.place++) {
      if (items.length >= snapshotSliceItemsMax) return false
      items.push({ sender, decision: decisions[walk.place] as Remembered })
    }
  }
  return true
}

const metaChunk = (partition: Partition, seq: number): Chunk => ({
  kind: "meta",
  seq,
  floors: partition.senderList.flatMap(({ sender, classes }) =>
    [...classes].map(([floorClass, held]) => ({ sender, class: floorClass, floorMs: held.floorMs })),
  ),
  ingresses: [...partition.ingresses].map(([ingress, serial]) => ({ ingress, serial })),
  quarantine: [...partition.quarantine.values()],
})

/** Publishes the snapshot once it is whole and its end is confirmed. */
export const noteSnapshotProgress = (partition: Partition, given: Given): Array<Output> => {
  const { walk } = partition
  if (walk === null || walk.stage !== "done" || walk.stored < walk.chunks) return []
  if (!given.rules.mayPublishSnapshot(walk.endSeq, partition.confirmedSeq) || partition.incarnation === null) return []
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
  partition.walk = null
  return [{ _tag: "PublishSnapshot", manifest }]
}

export const onChunkStored = (partition: Partition, given: Given, snapshot: string): Array<Output> => {
  if (partition.walk === null || partition.walk.id !== snapshot) return []
  partition.walk.stored++
  return noteSnapshotProgress(partition, given)
}

/** A chunk could not be stored: this snapshot is given up, the next is due as usual. */
export const onSnapshotFailed = (partition: Partition, snapshot: string): Array<Output> => {
  if (partition.walk === null || partition.walk.id !== snapshot) return []
  partition.walk = null
  return [{ _tag: "DiscardSnapshot", id: snapshot }]
}

const kinds: ReadonlyArray<Chunk["kind"]> = ["skus", "reservations", "decisions", "meta"]

/** Chunks are our own bytes: their shape is checked as far as telling them from damage needs; the end's hash vouches for the rest. */
const asChunk = (value: unknown): Chunk | undefined => {
  if (typeof value !== "object" || value === null || !("kind" in value) || !("seq" in value)) return undefined
  return typeof value.seq === "number" && kinds.some((kind) => kind === value.kind) ? (value as Chunk) : undefined
}

/**
 * Loads a snapshot. What isn't this partition's, or can't be read, is discarded with an alarm, and everything is replayed instead. A newer release's is
 * left to those who can read it.
 */
export const loadSnapshot = (
  partition: Partition,
  given: Given,
  manifest: SnapshotManifest,
  chunks: ReadonlyArray<Uint8Array>,
): Array<Output> => {
  const discard = (why: string): Array<Output> => [
    { _tag: "DiscardSnapshot", id: manifest.id },
    { _tag: "Alarm", kind: "SnapshotDiscarded", detail: `partition ${partition.id}, snapshot ${manifest.id}: ${why}` },
  ]
  const leave = (version: number): Array<Output> => [
    { _tag: "Alarm", kind: "NewerRelease", detail: `partition ${partition.id}, snapshot ${manifest.id}: version ${version}` },
  ]
  if (manifest.version > 1) return leave(manifest.version)
  if (manifest.version !== 1) return discard(`version ${manifest.version}`)
  if (manifest.partition !== partition.id) return discard(`it is of partition ${manifest.partition}`)
  if (chunks.length !== manifest.chunks) return discard(`${chunks.length} of ${manifest.chunks} chunks`)
  const decoded = chunks.map((bytes) => given.codec.decodeChunk(bytes))
  for (const one of decoded) if (one._tag === "Newer") return leave(one.version)
  const read = decoded.map((one) => (one._tag === "Chunk" ? asChunk(one.chunk) : undefined))
  const whole = read.filter((chunk): chunk is Chunk => chunk !== undefined)
  if (whole.length < read.length) return discard("a chunk can't be read")
  if (whole.some(({ seq }) => seq < manifest.startSeq || seq > manifest.endSeq)) return discard("a chunk lies outside start and end")
  partition.incarnation = manifest.incarnation
  // The record it starts with is read too: for its hash, and for what only its envelope says (epoch, cursor, time).
  partition.confirmedSeq = manifest.startSeq - 1
  partition.snapshotStartSeq = manifest.startSeq
  partition.loadedSnapshot = manifest.id
  partition.recovery = { manifest, actorSeq: new Map(), reservationSeq: new Map() }
  for (const chunk of whole) loadChunk(partition, chunk)
  return []
}

const loadChunk = (partition: Partition, chunk: Chunk): void => {
  switch (chunk.kind) {
    case "skus":
      for (const item of chunk.skus) {
        const actor = actorOf(partition, item.sku)
        actor.version = item.version
        actor.stock.policy = item.policy === null ? null : sharedPolicy(partition, item.policy)
        actor.stock.locations = item.locations
        actor.stock.uses = item.uses === null ? null : [...item.uses]
        partition.recovery?.actorSeq.set(actor, chunk.seq)
      }
      return
    case "reservations":
      for (const { sku, reservation } of chunk.items) loadReservation(partition, actorOf(partition, sku), reservation, chunk.seq)
      return
    case "decisions":
      for (const { sender, decision } of chunk.items) {
        const memory = senderMemory(partition, sender)
        if (!holds(memory, decision.sku, decision.id, decision.hash)) remember(memory, decision)
      }
      return
    case "meta":
      for (const floor of chunk.floors) classMemory(senderMemory(partition, floor.sender), floor.class).floorMs = floor.floorMs
      for (const ingress of chunk.ingresses ?? []) noteIngress(partition, ingress)
      for (const quarantined of chunk.quarantine) holdInQuarantine(partition, quarantined)
      return
  }
}

const loadReservation = (partition: Partition, actor: SkuActor, reservation: Reservation, seq: number): void => {
  if (reservationOf(actor.stock, reservation.channel, reservation.id) !== undefined) return
  addReservation(actor.stock, reservation)
  if (!isOpen(reservation)) rememberEnd(partition, actor, reservation)
  if (reservation.status === "held") {
    armHold(partition.holds, actor, reservation)
    partition.openHolds++
  }
  partition.recovery?.reservationSeq.set(reservation, seq)
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
