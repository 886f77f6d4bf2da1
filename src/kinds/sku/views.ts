/**
 * What may be read of a partition of SKUs from outside, beside what may be read of any partition (engine/views.ts): for questions, metrics and tools. Reads only.
 *
 * While an append is in flight the state already contains it. What is read here is therefore as of `appliedSeq`, and may be said only once that record is confirmed, by the same owner.
 */
import type { ReservationId, SenderId, Sku } from "../../domain/names.ts"
import { noAllocations } from "../../domain/sku/allocation.ts"
import { atsByChannel, offeredQty } from "../../domain/sku/availability.ts"
import { availableQty, reservationOf, shortQtyOf, shortQtyOfChannel } from "../../domain/sku/stock.ts"
import { endedPart } from "../../engine/ended.ts"
import * as engine from "../../engine/views.ts"
import { skuParts } from "./parts.ts"
import type { AtsValue, SkuPartition } from "./types.ts"

/** How a partition is doing, and units that were sold without asking and are not there, of all its SKUs. */
export interface SkuPartitionStatus extends Omit<engine.PartitionStatus, "actors"> {
  readonly skus: number
  readonly shortQty: number
}

/** Units that were sold without asking and are not there, of all SKUs. */
export const shortUnits = ({ short }: SkuPartition): number => {
  let qty = 0
  for (const { state } of short) qty += shortQtyOf(state)
  return qty
}

/** SKUs of which units were sold without asking and are not there: how many of each, the most first. */
export const shortSkus = ({ short }: SkuPartition): ReadonlyArray<{ readonly sku: Sku; readonly qty: number }> =>
  [...short]
    .map(({ key, state }) => ({ sku: key, qty: shortQtyOf(state) }))
    .filter(({ qty }) => qty > 0)
    .sort((a, b) => b.qty - a.qty || (a.sku < b.sku ? -1 : 1))

export const statusOf = (partition: SkuPartition): SkuPartitionStatus => {
  const { actors: skus, ...status } = engine.statusOf(partition)
  return { ...status, skus, shortQty: shortUnits(partition) }
}

/** Reservations that are told of in one answer about a SKU. */
const shortagesShownMax = 32

/** Stock of one SKU, or undefined if it isn't known here. */
export const stockView = (partition: SkuPartition, sku: Sku) => {
  const actor = partition.actors.get(sku)
  if (actor === undefined) return undefined
  const { state: stock } = actor
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
export const shortQtyIn = (partition: SkuPartition, channel: SenderId, sku: Sku): number => {
  const actor = partition.actors.get(sku)
  return actor === undefined ? 0 : shortQtyOfChannel(actor.state, channel)
}

/** A channel's reservation of a SKU, or undefined if there is none, or it ended so long ago that it is forgotten. */
export const reservationView = (partition: SkuPartition, channel: SenderId, sku: Sku, id: ReservationId) => {
  const stock = partition.actors.get(sku)?.state
  const { atMs } = partition
  const open = stock === undefined ? undefined : reservationOf(stock, channel, id)
  if (open === undefined) {
    const ended = endedPart(partition, skuParts, sku, channel, id)
    return ended === undefined ? undefined : { ...ended, atMs, allocations: noAllocations, shortQty: 0, expiresAtMs: null }
  }
  const { status, allocations, shortQty, expiresAtMs } = open
  return { atMs, status, allocations, shortQty, expiresAtMs: status === "held" ? expiresAtMs : null, endedAtMs: null }
}

/** A page of a channel's ATS values: SKUs it sells, by their place in the partition, from `fromIndex` on; `nextIndex` is null after the last. */
export const atsView = (
  partition: SkuPartition,
  channel: SenderId,
  fromIndex: number,
  limit: number,
): { readonly values: ReadonlyArray<AtsValue>; readonly nextIndex: number | null } => {
  const values: Array<AtsValue> = []
  let index = fromIndex
  for (; index < partition.actorList.length && values.length < limit && index - fromIndex < limit * 16; index++) {
    const actor = partition.actorList[index]
    const place = actor?.state.policy?.channels.findIndex((line) => line.channel === channel) ?? -1
    if (actor === undefined || place < 0) continue
    const ats = atsByChannel(actor.state)[place] ?? 0
    const shortQty = shortQtyOfChannel(actor.state, channel)
    const value = { channel, sku: actor.key, ats, version: actor.version, delta: 0, cause: "Snapshot", atMs: partition.atMs }
    values.push(shortQty === 0 ? value : { ...value, shortQty })
  }
  return { values, nextIndex: index < partition.actorList.length ? index : null }
}
