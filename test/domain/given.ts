/**
 * The words of the domain's examples: a stock as it came about, commands with what doesn't matter filled in, and the decision on one.
 */

import type { CommandId, LocationId, ReservationId, SenderId, Sku } from "../../src/domain/names.ts"
import type { RefusalReason } from "../../src/domain/refusals.ts"
import type { AdjustReason, Fact, SellCommand, StockCommand } from "../../src/domain/sku/commands.ts"
import { decide } from "../../src/domain/sku/decide.ts"
import type { Decision } from "../../src/domain/sku/decision.ts"
import type { Allocation, StockEvent } from "../../src/domain/sku/events.ts"
import { evolve } from "../../src/domain/sku/evolve.ts"
import { type ChannelPolicy, type Policy, plainLine } from "../../src/domain/sku/policy.ts"
import { emptyStock, locationStock, type SkuStock } from "../../src/domain/sku/stock.ts"

export const sku = "shirt" as Sku
export const web = "web" as SenderId
export const market = "market" as SenderId
export const till = "till" as SenderId
export const depot = "depot" as SenderId
export const north = "north" as LocationId
export const south = "south" as LocationId
export const east = "east" as LocationId
export const r1 = "r1" as ReservationId
export const r2 = "r2" as ReservationId
export const nowMs = 1_000_000

/** A channel's line of a policy in which nothing holds the channel back. */
export const line = (channel: SenderId, more: Partial<ChannelPolicy> = {}): ChannelPolicy => ({
  ...plainLine(channel, 0),
  ...more,
})

export const policy = (channels: ReadonlyArray<ChannelPolicy>, more: Partial<Policy> = {}): Policy => ({
  version: 1,
  channels,
  safety: [],
  sourcing: [],
  ...more,
})

export const received = (location: LocationId, qty: number): StockEvent => ({ type: "StockReceived", location, qty })
export const sold = (channels: ReadonlyArray<ChannelPolicy>, more: Partial<Policy> = {}): StockEvent => ({
  type: "PolicySet",
  policy: policy(channels, more),
})
export const part = (location: LocationId, qty: number): Allocation => ({ location, qty })

/** A hold that began, until ten seconds from now. */
export const reserved = (channel: SenderId, reservation: ReservationId, ...allocations: ReadonlyArray<Allocation>): StockEvent => ({
  type: "Reserved",
  channel,
  reservation,
  allocations,
  expiresAtMs: nowMs + 10_000,
})

/** The stock that these events made. */
export const given = (...events: ReadonlyArray<StockEvent>): SkuStock => {
  const stock = emptyStock(sku)
  for (const event of events) evolve(stock, event)
  return stock
}

type Told = "sku" | "id" | "issuedAtMs"
type Of<C> = C extends StockCommand ? Omit<C, Told> & { readonly id?: CommandId } : never

/** A command on the one SKU, with an id if it matters. */
export const command = (fields: Of<StockCommand>): StockCommand => ({ id: "c1" as CommandId, sku, issuedAtMs: nowMs, ...fields })

export const reserve = (
  reservation: ReservationId,
  qty: number,
  more: Partial<Extract<SellCommand, { type: "Reserve" }>> = {},
): StockCommand => command({ type: "Reserve", reservation, qty, holdMs: 5_000, ...more })
export const confirm = (reservation: ReservationId): StockCommand => command({ type: "Confirm", reservation })
export const release = (reservation: ReservationId, qty?: number): StockCommand =>
  command({ type: "Release", reservation, reason: "cancelled", ...(qty === undefined ? {} : { qty }) })
export const extend = (reservation: ReservationId, holdMs: number): StockCommand => command({ type: "Extend", reservation, holdMs })
export const receive = (location: LocationId, qty: number): StockCommand => command({ type: "ReceiveStock", location, qty })
export const adjust = (location: LocationId, qty: number, reason: AdjustReason = "count"): StockCommand =>
  command({ type: "AdjustStock", location, qty, reason })
export const fulfil = (channel: SenderId, reservation: ReservationId, location: LocationId, qty?: number): StockCommand =>
  command({ type: "Fulfil", channel, reservation, location, ...(qty === undefined ? {} : { qty }) })
export const sale = (mode: "taken" | "owed", qty: number, more: Partial<Extract<Fact, { type: "RecordSale" }>> = {}): StockCommand =>
  command({ type: "RecordSale", mode, qty, ...more })

/** The decision on a command of `sender`, now unless another time is said. */
export const when = (stock: SkuStock | undefined, asked: StockCommand, sender: SenderId = web, atMs: number = nowMs): Decision =>
  decide(stock, asked, sender, atMs)

/** The events that a command came to; fails the test if it was refused. */
export const eventsOf = (decision: Decision): ReadonlyArray<StockEvent> => {
  if (decision._tag === "Refused") throw new Error(`refused: ${JSON.stringify(decision.refusal)}`)
  return decision.events
}

/** The stock after a command that is accepted. */
export const having = (stock: SkuStock, asked: StockCommand, sender: SenderId = web, atMs: number = nowMs): SkuStock => {
  const next = structuredClone(stock)
  for (const event of eventsOf(when(stock, asked, sender, atMs))) evolve(next, event)
  return next
}

export const refusedAs = (reason: RefusalReason, field?: string): Decision => ({
  _tag: "Refused",
  refusal: field === undefined ? { reason } : { reason, field },
})
export const happened = (...events: ReadonlyArray<StockEvent>) => ({ _tag: "Accepted", events })

/** Units on hand and reserved at a location. */
export const shelf = (stock: SkuStock, location: LocationId): { readonly onHand: number; readonly reserved: number } => {
  const at = locationStock(stock, location)
  return { onHand: at?.onHand ?? 0, reserved: at?.reserved ?? 0 }
}
