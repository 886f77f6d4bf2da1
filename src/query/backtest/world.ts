/**
 * One SKU in one of the two worlds of a backtest, as it was or as it would have been: its stock, its reservations, and what is counted as it changes. Decides nothing.
 */
import type { EpochMs, ReservationId, SenderId, Sku } from "../../domain/names.ts"
import { atsByChannel } from "../../domain/sku/availability.ts"
import type { Command } from "../../domain/sku/commands.ts"
import { claimedQty, type StockEvent, unitsOf } from "../../domain/sku/events.ts"
import { evolve, forgetReservation } from "../../domain/sku/evolve.ts"
import {
  type EndedReservation,
  emptyStock,
  isOpen,
  reservationOf,
  reservationsOf,
  type SkuStock,
  unowedQty,
} from "../../domain/sku/stock.ts"
import { Tallies } from "./tally.ts"

/** Whose reservation, by one name: no sender's name holds the character between the two. */
const nameOf = (channel: SenderId, id: ReservationId): string => `${channel}/${id}`

/** Units that nobody is owed. */
export const unowedUnits = (stock: SkuStock): number => {
  let qty = 0
  for (const at of stock.locations) qty += Math.max(0, unowedQty(at))
  return Math.max(0, qty - (stock.shorts?.anywhereQty ?? 0) - stock.locations.reduce((all, at) => all + at.short, 0))
}

/** A SKU of one world. */
export class World {
  readonly stock: SkuStock
  readonly tallies = new Tallies()
  /** Whether anything was ever told of it. */
  isKnown = false
  readonly #ended: Map<string, EndedReservation>
  /** Null: nothing is counted yet. */
  #sinceMs: EpochMs | null = null
  #ats: ReadonlyArray<number> = []

  constructor(stock: SkuStock, ended: Map<string, EndedReservation>) {
    this.stock = stock
    this.#ended = ended
  }

  static empty(sku: Sku): World {
    return new World(emptyStock(sku), new Map())
  }

  /** The same as it stands, to go another way from here. */
  fork(): World {
    const forked = new World(structuredClone(this.stock), new Map(this.#ended))
    forked.isKnown = this.isKnown
    return forked
  }

  /** Counts from this moment on. */
  count(fromMs: EpochMs): void {
    this.#sinceMs = fromMs
    this.#ats = atsByChannel(this.stock)
  }

  readonly endedOf = (channel: SenderId, id: ReservationId): EndedReservation | undefined => this.#ended.get(nameOf(channel, id))

  /** Time has come so far: what stood until now is counted. */
  passTo(atMs: EpochMs): void {
    if (this.#sinceMs === null || atMs <= this.#sinceMs) return
    const tookMs = atMs - this.#sinceMs
    this.#sinceMs = atMs
    for (const [index, { channel }] of (this.stock.policy?.channels ?? []).entries()) {
      const tally = this.tallies.of(channel)
      tally.namedMs += tookMs
      if (this.#ats[index] === 0) tally.zeroMs += tookMs
    }
  }

  /** Something happened. */
  apply(events: ReadonlyArray<StockEvent>, atMs: EpochMs): void {
    if (events.length === 0) return
    this.isKnown = true
    for (const event of events) {
      const touched = evolve(this.stock, event)
      if (touched !== undefined && !isOpen(touched)) this.#end(touched.channel, touched.id, atMs)
      if (this.#sinceMs !== null) this.#tally(event)
    }
    this.#ats = atsByChannel(this.stock)
  }

  #end(channel: SenderId, id: ReservationId, atMs: EpochMs): void {
    const found = reservationOf(this.stock, channel, id)
    if (found === undefined || found.status === "held" || found.status === "confirmed") return
    this.#ended.set(nameOf(channel, id), { status: found.status, endedAtMs: atMs })
    forgetReservation(this.stock, found)
  }

  #tally(event: StockEvent): void {
    if (event.type === "Reserved") this.tallies.of(event.channel).heldQty += unitsOf(event.allocations)
    else if (event.type === "Released" || event.type === "Expired") this.tallies.of(event.channel).givenBackQty += claimedQty(event)
  }

  /** A command that asks for units, or tells that some were sold, and what came of it; `unowedQty`: units that nobody was owed before it. */
  demand(
    command: Command,
    channel: SenderId,
    events: ReadonlyArray<StockEvent>,
    refusal: { readonly reason: string } | null,
    unowed: number,
  ): void {
    if (this.#sinceMs === null || (command.type !== "RecordSale" && command.type !== "Reserve")) return
    const tally = this.tallies.of(channel)
    if (command.type === "RecordSale") {
      tally.unaskedQty += command.qty
      for (const event of events) if (event.type === "DiscrepancyFound" && event.kind === "Oversold") tally.oversoldQty += event.qty
      return
    }
    tally.asked += 1
    tally.askedQty += command.qty
    if (refusal !== null) tally.refused += 1
    if (refusal !== null && refusal.reason !== "InsufficientStock") return
    let heldQty = 0
    for (const event of events) if (event.type === "Reserved") heldQty += unitsOf(event.allocations)
    const lostQty = command.qty - heldQty
    tally.lostQty += lostQty
    tally.keptBackQty += Math.min(lostQty, unowed - heldQty)
  }

  /** Units that nobody is owed at the end and no channel may sell, and all that nobody is owed. */
  left(): { readonly unowedQty: number; readonly strandedQty: number } {
    const unowed = unowedUnits(this.stock)
    const most = Math.max(0, ...this.#ats)
    return { unowedQty: unowed, strandedQty: Math.max(0, unowed - most) }
  }

  /** Holds, for whoever has to end those whose time is up. */
  holds(): ReadonlyArray<{ readonly channel: SenderId; readonly id: ReservationId; readonly expiresAtMs: EpochMs }> {
    return reservationsOf(this.stock).filter(({ status }) => status === "held")
  }
}
