/**
 * The two things that the strategies without Holdfast are built of: the one count of the back office, and a channel's copy of it.
 *
 * Both are built as a careful team would: the count never goes below zero and a sale it can't cover is cancelled at once; a copy is never overwritten
 * with a number that doesn't know of the channel's own latest sales yet.
 */
import type { Demand, World } from "./strategy.ts"

/** The one count, by SKU. Not shared by memory: who isn't the back office hears of it by message. */
export class BackOffice {
  readonly qty: Array<number>
  /** Net units that each channel told of (or was sold), by channel and SKU: what a copy needs to know which of its sales a count contains. */
  readonly #heardQty: ReadonlyArray<Array<number>>
  /** Indexes of the demands that the count was taken down for. */
  readonly #covered = new Set<number>()
  readonly #world: World

  constructor(world: World) {
    this.#world = world
    this.qty = [...world.stockQty]
    this.#heardQty = world.channels.map(() => world.skus.map(() => 0))
  }

  heardQty(channel: number, sku: number): number {
    return this.#heardQty[channel]?.[sku] ?? 0
  }

  /** Takes the units of a demand off the count, all or none. */
  take(demand: Demand): boolean {
    const qty = this.qty[demand.sku] ?? 0
    if (qty < demand.qty) return false
    this.qty[demand.sku] = qty - demand.qty
    this.#covered.add(demand.index)
    return true
  }

  /** A channel tells of a sale it has made. What the count can't cover is cancelled. */
  hearSale(demand: Demand): void {
    this.#hear(demand, demand.qty)
    if (!this.take(demand)) this.#world.cancel(demand)
  }

  /** A channel tells that a buyer gave units up. Those of a cancelled sale are not there to be put back. */
  hearGivenBack(demand: Demand, qty: number): void {
    this.#hear(demand, -qty)
    this.putBack(demand, qty)
  }

  putBack(demand: Demand, qty: number): void {
    if (this.#covered.has(demand.index)) this.arrived(demand.sku, qty)
  }

  arrived(sku: number, qty: number): void {
    this.qty[sku] = (this.qty[sku] ?? 0) + qty
  }

  #hear(demand: Demand, qty: number): void {
    const bySku = this.#heardQty[demand.channel]
    if (bySku !== undefined) bySku[demand.sku] = (bySku[demand.sku] ?? 0) + qty
  }
}

/** Tells every channel the count of a SKU, as it is now; each message is on its way for the channel's lag. */
export const pushCount = (world: World, office: BackOffice, copies: ReadonlyArray<ChannelCopy>, sku: number): void => {
  const qty = office.qty[sku] ?? 0
  for (const [channel, { lagMs }] of world.channels.entries()) {
    const heardQty = office.heardQty(channel, sku)
    world.after(lagMs, () => copies[channel]?.hear(sku, qty, heardQty))
  }
}

/** A channel's copy of the count: what it lists, and sells from. */
export class ChannelCopy {
  readonly #world: World
  readonly #channel: number
  readonly #qty: Array<number>
  /** Net units sold here since the beginning, by SKU. */
  readonly #soldQty: Array<number>

  constructor(world: World, channel: number) {
    this.#world = world
    this.#channel = channel
    this.#qty = [...world.stockQty]
    this.#soldQty = world.skus.map(() => 0)
  }

  /** Lists everything, before the first buyer. */
  open(): void {
    for (const [sku, qty] of this.#qty.entries()) this.#world.list(this.#channel, sku, qty)
  }

  /** Sells from the copy: all units or none. True if sold. */
  sell(demand: Demand): boolean {
    if ((this.#qty[demand.sku] ?? 0) < demand.qty) {
      this.#world.refuse(demand)
      return false
    }
    this.#world.promise(demand)
    this.#move(demand.sku, demand.qty)
    return true
  }

  gaveBack(demand: Demand, qty: number): void {
    this.#move(demand.sku, -qty)
  }

  /** The count arrived, as it was when the back office had heard of `heardQty` net units of this channel: later sales come off it. */
  hear(sku: number, countQty: number, heardQty: number): void {
    this.#set(sku, countQty - ((this.#soldQty[sku] ?? 0) - heardQty))
  }

  #move(sku: number, qty: number): void {
    this.#soldQty[sku] = (this.#soldQty[sku] ?? 0) + qty
    this.#set(sku, (this.#qty[sku] ?? 0) - qty)
  }

  #set(sku: number, qty: number): void {
    this.#qty[sku] = qty
    this.#world.list(this.#channel, sku, Math.max(0, qty))
  }
}
