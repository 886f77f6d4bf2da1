/**
 * Reservations that have ended: a row each from the moment of their end, as packed decisions have it, so that an id stays taken and its end is told for as long as it is remembered.
 *
 * The row says all that a late word needs (how it ended, and when), so nothing is read in the journal for it and nobody waits. It is found by a hash of SKU and id, and believed only if a digest of
 * them and of its end agrees: some 117 bits. Below the floor of its channel's commands it is forgotten; rows go a segment at a time, and a row that is still there by then counts for nothing.
 */
import { assert } from "../assert.ts"
import type { EpochMs, ReservationId, SenderId, Sku } from "../domain/names.ts"
import { forgetReservation } from "../domain/sku/evolve.ts"
import { type EndedReservation, Ending, type Reservation } from "../domain/sku/stock.ts"
import { floorStepMs } from "../limits.ts"
import type { SkuActor } from "./actor.ts"
import { digestOf, textHash } from "./lanes.ts"
import { classMemory, type Digested, floorStep, type SenderMemory, senderMemory, stepOf } from "./memory.ts"
import { addRow, addRows, emptyRows, findRows, type PackedRow, type PackedRows, packedKey, rowAt } from "./packed.ts"
import type { Partition } from "./partition.ts"

/** A row has 16 bits for the milliseconds of its step and how the reservation ended. */
const endings = 4
assert(floorStepMs * endings <= 2 ** 16 && Ending.length <= endings, "an end within its step fits a packed row")

const placeOf = ({ status, endedAtMs }: EndedReservation): number => {
  const place = (endedAtMs - stepOf(endedAtMs) * floorStepMs) * endings + Ending.indexOf(status)
  assert(Number.isInteger(place) && place >= 0, "journaled time is counted in whole milliseconds")
  return place
}

const endIn = ({ step, place }: PackedRow): EndedReservation | undefined => {
  const status = Ending[place % endings]
  return status === undefined ? undefined : { status, endedAtMs: step * floorStepMs + Math.floor(place / endings) }
}

/** What its end comes to, as one number: equal wherever the same reservation ended so at the same time. */
const digestOfEnd = (sku: Sku, id: ReservationId, { status, endedAtMs }: EndedReservation): number => digestOf([id, sku, status, endedAtMs])

const endedRows = (partition: Partition, channel: SenderId): PackedRows => {
  const held = classMemory(senderMemory(partition, channel), "sell")
  held.ended ??= emptyRows(textHash(partition.incarnation ?? ""), 0)
  return held.ended
}

/** Rows of a reservation, newest first. */
const rowsOf = function* (rows: PackedRows, sku: Sku, id: ReservationId): Iterable<readonly [PackedRow, EndedReservation]> {
  const positions = findRows(rows, packedKey(rows, sku, id))
  for (let i = positions.length - 1; i >= 0; i--) {
    const row = rowAt(rows, positions[i] as number)
    const end = endIn(row)
    if (end !== undefined && digestOfEnd(sku, id, end) === row.digest) yield [row, end]
  }
}

const endedIn = (partition: Partition, channel: SenderId): PackedRows | null =>
  partition.senders.get(channel)?.classes.get("sell")?.ended ?? null

/** Takes a reservation that has ended in the record at `seq` out of its SKU, and remembers how. While a loaded snapshot is brought forward its row may be there already. */
export const rememberEnd = (partition: Partition, actor: SkuActor, reservation: Reservation, seq: number, endedAtMs: EpochMs): void => {
  const { channel, id, status } = reservation
  assert(status !== "held" && status !== "confirmed", "what is remembered as ended is not open")
  forgetReservation(actor.stock, reservation)
  const { sku } = actor.stock
  if (partition.recovery !== null && hasEndedSince(partition, sku, channel, id, seq)) return
  const rows = endedRows(partition, channel)
  const end = { status, endedAtMs }
  const row = { seq, place: placeOf(end), step: stepOf(endedAtMs), digest: digestOfEnd(sku, id, end), skuHash: textHash(sku) }
  addRow(rows, packedKey(rows, sku, id), row)
}

/** How a channel's reservation ended, if it did and is not forgotten. */
export const endedReservation = (partition: Partition, sku: Sku, channel: SenderId, id: ReservationId): EndedReservation | undefined => {
  const memory = partition.senders.get(channel)
  const rows = endedIn(partition, channel)
  if (memory === undefined || rows === null) return undefined
  const firstAlive = floorStep(memory, "sell", partition.atMs)
  for (const [row, end] of rowsOf(rows, sku, id)) if (row.step >= firstAlive) return end
  return undefined
}

/** Whether a reservation is remembered to have ended in the record at `seq` or later: what that record tells of it is contained in what was loaded. */
export const hasEndedSince = (partition: Partition, sku: Sku, channel: SenderId, id: ReservationId, seq: number): boolean => {
  const rows = endedIn(partition, channel)
  for (const [row] of rows === null ? [] : rowsOf(rows, sku, id)) if (row.seq >= seq) return true
  return false
}

/** All ends that are remembered of a channel's reservations at a time, of one SKU if it is given. O(ends). */
export const endsAt = function* (memory: SenderMemory, atMs: EpochMs, sku?: Sku): Iterable<Digested> {
  const rows = memory.classes.get("sell")?.ended ?? null
  const firstAlive = floorStep(memory, "sell", atMs)
  const skuHash = sku === undefined ? undefined : textHash(sku)
  for (let position = rows?.base ?? 0; rows !== null && position < rows.end; position++) {
    const row = rowAt(rows, position)
    if (row.step >= firstAlive && (skuHash === undefined || row.skuHash === skuHash)) yield row
  }
}

/** Takes in a channel's rows out of a snapshot. */
export const loadEnded = (partition: Partition, channel: SenderId, bytes: Uint8Array): void => addRows(endedRows(partition, channel), bytes)
