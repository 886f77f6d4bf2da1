/**
 * Parts of actors that have ended: a row each from the moment of their end, as packed decisions have it, so that an id stays taken and its end is told for as long as it is remembered.
 *
 * The row says all that a late word needs (how it ended, and when), so nothing is read in the journal for it and nobody waits. It is found by a hash of key and id, and believed only if a digest of
 * them and of its end agrees: some 117 bits. Below the floor of its channel's commands it is forgotten; rows go a segment at a time, and a row that is still there by then counts for nothing.
 */
import { assert } from "../assert.ts"
import type { ActorKey, EpochMs, ReservationId, SenderId } from "../domain/names.ts"
import { floorStepMs } from "../limits.ts"
import type { Actor } from "./actor.ts"
import type { EngineContext } from "./given.ts"
import { digestOf, textHash } from "./hash.ts"
import type { KindParts, KindTypes, PartEnd } from "./kind.ts"
import { classMemory, type Digested, floorStep, type SenderMemory, senderMemory, stepOf } from "./memory.ts"
import { addRow, addRows, emptyRows, findRows, type PackedRow, type PackedRows, packedKey, rowAt } from "./packed.ts"
import type { Partition } from "./partition.ts"

/** A row has 16 bits for the milliseconds of its step and how the part ended. */
const endings = 4
assert(floorStepMs * endings <= 2 ** 16, "an end within its step fits a packed row")

const placeOf = (parts: KindParts, { status, endedAtMs }: PartEnd): number => {
  const ending = parts.endings.indexOf(status)
  const place = (endedAtMs - stepOf(endedAtMs) * floorStepMs) * endings + ending
  assert(Number.isInteger(place) && place >= 0, "journaled time is counted in whole milliseconds")
  assert(ending >= 0 && ending < endings, "what ended did so in one of its kind's ways, four at most")
  return place
}

const endIn = <K extends KindTypes>(parts: KindParts<K>, { step, place }: PackedRow): PartEnd<K> | undefined => {
  const status = parts.endings[place % endings]
  return status === undefined ? undefined : { status, endedAtMs: step * floorStepMs + Math.floor(place / endings) }
}

/** What its end comes to, as one number: equal wherever the same part ended so at the same time. */
const digestOfEnd = (key: ActorKey, id: ReservationId, { status, endedAtMs }: PartEnd): number => digestOf([id, key, status, endedAtMs])

const endedRows = (partition: Partition, channel: SenderId): PackedRows => {
  const held = classMemory(senderMemory(partition, channel), "sell")
  held.ended ??= emptyRows(textHash(partition.incarnation ?? ""), 0)
  return held.ended
}

/** Rows of a part, newest first. */
const rowsOf = function* <K extends KindTypes>(
  parts: KindParts<K>,
  rows: PackedRows,
  key: ActorKey,
  id: ReservationId,
): Iterable<readonly [PackedRow, PartEnd<K>]> {
  const positions = findRows(rows, packedKey(rows, key, id))
  for (let i = positions.length - 1; i >= 0; i--) {
    const row = rowAt(rows, positions[i] as number)
    const end = endIn(parts, row)
    if (end !== undefined && digestOfEnd(key, id, end) === row.digest) yield [row, end]
  }
}

const endedIn = (partition: Partition, channel: SenderId): PackedRows | null =>
  partition.senders.get(channel)?.classes.get("sell")?.ended ?? null

/** Takes a part that has ended in the record at `seq` out of its actor, and remembers how. While a loaded snapshot is brought forward its row may be there already. */
export const rememberEnd = (
  partition: Partition,
  { kind }: EngineContext,
  actor: Actor,
  part: KindTypes["part"],
  status: KindTypes["ending"],
  seq: number,
  endedAtMs: EpochMs,
): void => {
  const { parts } = kind
  const channel = parts.ownerOf(part)
  const id = parts.idOf(part)
  parts.forget(actor.state, part)
  const { key } = actor
  if (partition.recovery !== null && hasEndedSince(partition, parts, key, channel, id, seq)) return
  const rows = endedRows(partition, channel)
  const end = { status, endedAtMs }
  const row = { seq, place: placeOf(parts, end), step: stepOf(endedAtMs), digest: digestOfEnd(key, id, end), keyHash: textHash(key) }
  addRow(rows, packedKey(rows, key, id), row)
}

/** How a sender's part of an actor ended, if it did and is not forgotten. */
export const endedPart = <K extends KindTypes>(
  partition: Partition<K>,
  parts: KindParts<K>,
  key: ActorKey,
  channel: SenderId,
  id: ReservationId,
): PartEnd<K> | undefined => {
  const memory = partition.senders.get(channel)
  const rows = endedIn(partition, channel)
  if (memory === undefined || rows === null) return undefined
  const firstAlive = floorStep(memory, "sell", partition.atMs)
  for (const [row, end] of rowsOf(parts, rows, key, id)) if (row.step >= firstAlive) return end
  return undefined
}

/** Whether a part is remembered to have ended in the record at `seq` or later: what that record tells of it is contained in what was loaded. */
export const hasEndedSince = (
  partition: Partition,
  parts: KindParts,
  key: ActorKey,
  channel: SenderId,
  id: ReservationId,
  seq: number,
): boolean => {
  const rows = endedIn(partition, channel)
  for (const [row] of rows === null ? [] : rowsOf(parts, rows, key, id)) if (row.seq >= seq) return true
  return false
}

/** All ends that are remembered of a sender's parts of actors at a time, of one actor if it is given. O(ends). */
export const endsAt = function* (memory: SenderMemory, atMs: EpochMs, key?: ActorKey): Iterable<Digested> {
  const rows = memory.classes.get("sell")?.ended ?? null
  const firstAlive = floorStep(memory, "sell", atMs)
  const keyHash = key === undefined ? undefined : textHash(key)
  for (let position = rows?.base ?? 0; rows !== null && position < rows.end; position++) {
    const row = rowAt(rows, position)
    if (row.step >= firstAlive && (keyHash === undefined || row.keyHash === keyHash)) yield row
  }
}

/** Takes in a channel's rows out of a snapshot. */
export const loadEnded = (partition: Partition, channel: SenderId, bytes: Uint8Array): void => addRows(endedRows(partition, channel), bytes)
