/**
 * What may be read of a partition from outside: for questions, metrics and tools. Reads only.
 *
 * While an append is in flight the state already contains it. What is read of stock, ATS or quarantine is therefore as of `appliedSeq`, and may
 * be said only once that record is confirmed, by the same owner.
 */

import { partitionOf, type ReservationId, type SenderId, type Sku } from "../domain/names.ts"
import { noAllocations } from "../domain/sku/allocation.ts"
import { atsByChannel, offeredQty } from "../domain/sku/availability.ts"
import { availableQty, reservationOf, shortQtyOf, shortQtyOfChannel } from "../domain/sku/stock.ts"
import { endedReservation } from "./ended.ts"
import type { Partition, Phase, QuarantinedCommand } from "./partition.ts"
import type { AtsValue, CursorStream } from "./records.ts"

/** How a partition is doing. `frozen`: an append's outcome is unknown. */
export interface PartitionStatus {
  readonly phase: Phase | "frozen"
  readonly epoch: number
  readonly confirmedSeq: number
  readonly cursorSeq: number
  /** Which stream the cursor is of. */
  readonly cursorStream: CursorStream
  /** Messages that arrived and aren't decided. */
  readonly waiting: number
  readonly openHolds: number
  /** Units that were sold without asking and are not there, of all SKUs. */
  readonly shortQty: number
  readonly quarantined: number
  readonly skus: number
  readonly atMs: number
  /** Milliseconds by which the wall clock was last seen ahead of the broker's; null: not known yet. */
  readonly clockAheadMs: number | null
  /** Chunks loaded of the snapshot that is being read, or null if none is. */
  readonly loading: { readonly chunks: number; readonly of: number } | null
}

const shortUnits = ({ short }: Partition): number => {
  let qty = 0
  for (const { stock } of short) qty += shortQtyOf(stock)
  return qty
}

export const statusOf = (partition: Partition): PartitionStatus => ({
  phase: partition.inFlight?.frozen === true ? "frozen" : partition.phase,
  epoch: partition.epoch,
  confirmedSeq: partition.confirmedSeq,
  cursorSeq: partition.cursor.seq,
  cursorStream: partition.cursor.stream,
  waiting: partition.arrived.length,
  openHolds: partition.openHolds,
  shortQty: shortUnits(partition),
  quarantined: partition.quarantine.size,
  skus: partition.actorList.length,
  atMs: partition.atMs,
  clockAheadMs: partition.wallClock.aheadMs,
  loading: partition.loading === null ? null : { chunks: partition.loading.next, of: partition.loading.chunks.length },
})

/** Whether this is the partition of the SKU, known or not. */
export const holdsSku = (partition: Partition, sku: Sku): boolean => partitionOf(sku, partition.partitions) === partition.id

/** Reservations that are told of in one answer about a SKU. */
const shortagesShownMax = 32

/** Stock of one SKU, or undefined if it isn't known here. */
export const stockView = (partition: Partition, sku: Sku) => {
  const actor = partition.actors.get(sku)
  if (actor === undefined) return undefined
  const { stock } = actor
  const ats = atsByChannel(stock)
  return {
    sku,
    partition: partition.id,
    seq: actor.version,
    atMs: partition.atMs,
    offered: offeredQty(stock),
    locations: stock.locations.map((at) => ({ ...at, available: availableQty(at) })),
    ats: (stock.policy?.channels ?? []).map(({ channel }, i) => ({ channel, ats: ats[i] ?? 0 })),
    shortQty: shortQtyOf(stock),
    shortages: (stock.shorts?.list ?? []).slice(0, shortagesShownMax).map((short) => ({ ...short })),
    openReservations: stock.reservations?.openCount ?? 0,
    policy: stock.policy,
  }
}

/** Units of a SKU that a channel sold without asking and that are not there. */
export const shortQtyIn = (partition: Partition, channel: SenderId, sku: Sku): number => {
  const actor = partition.actors.get(sku)
  return actor === undefined ? 0 : shortQtyOfChannel(actor.stock, channel)
}

/** A channel's reservation of a SKU, or undefined if there is none, or it ended so long ago that it is forgotten. */
export const reservationView = (partition: Partition, channel: SenderId, sku: Sku, id: ReservationId) => {
  const stock = partition.actors.get(sku)?.stock
  const { atMs } = partition
  const open = stock === undefined ? undefined : reservationOf(stock, channel, id)
  if (open === undefined) {
    const ended = endedReservation(partition, sku, channel, id)
    return ended === undefined ? undefined : { ...ended, atMs, allocations: noAllocations, shortQty: 0, expiresAtMs: null }
  }
  const { status, allocations, shortQty, expiresAtMs } = open
  return { atMs, status, allocations, shortQty, expiresAtMs: status === "held" ? expiresAtMs : null, endedAtMs: null }
}

/** A page of a channel's ATS values: SKUs it sells, by their place in the partition, from `fromIndex` on; `nextIndex` is null after the last. */
export const atsView = (
  partition: Partition,
  channel: SenderId,
  fromIndex: number,
  limit: number,
): { readonly values: ReadonlyArray<AtsValue>; readonly nextIndex: number | null } => {
  const values: Array<AtsValue> = []
  let index = fromIndex
  for (; index < partition.actorList.length && values.length < limit && index - fromIndex < limit * 16; index++) {
    const actor = partition.actorList[index]
    const place = actor?.stock.policy?.channels.findIndex((line) => line.channel === channel) ?? -1
    if (actor === undefined || place < 0) continue
    const ats = atsByChannel(actor.stock)[place] ?? 0
    const shortQty = shortQtyOfChannel(actor.stock, channel)
    const value = { channel, sku: actor.stock.sku, ats, version: actor.version, delta: 0, cause: "Snapshot", atMs: partition.atMs }
    values.push(shortQty === 0 ? value : { ...value, shortQty })
  }
  return { values, nextIndex: index < partition.actorList.length ? index : null }
}

/** A page of what lies in quarantine, oldest first: those from the `after`th on. */
export const quarantinePage = (
  partition: Partition,
  after: number,
  limit: number,
): { readonly page: ReadonlyArray<QuarantinedCommand>; readonly next: number | null } => {
  const page: Array<QuarantinedCommand> = []
  let place = 0
  for (const quarantined of partition.quarantine.values()) {
    if (page.length >= limit) break
    if (place++ >= after) page.push(quarantined)
  }
  return { page, next: after + limit < partition.quarantine.size ? after + limit : null }
}

/** What lies in quarantine, oldest first. */
export const quarantineView = (partition: Partition): ReadonlyArray<QuarantinedCommand> => [...partition.quarantine.values()]
