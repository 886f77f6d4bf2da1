/**
 * What is really there, what was really promised, and what can be measured of a strategy by comparing the two. Knows nothing of how it sells.
 *
 * Units are free when they are physically there and no buyer was promised them. What each measure means stands at {@link Measures}.
 */
import { assert } from "../../src/assert.ts"
import type { ComparedChannel, Demand } from "./strategy.ts"

/** Of one strategy, at the end. Quantities are units. */
export interface Measures {
  /** Asked for by buyers. Always sold + given back + refused + cancelled. */
  readonly demandedQty: number
  /** Promised to buyers and kept: neither cancelled by us nor given back by them. */
  readonly soldQty: number
  readonly gaveBackQty: number
  /** Buyers told no. */
  readonly refusedQty: number
  /** Promised at a moment at which no free unit was there for them. */
  readonly oversoldQty: number
  /** Units of the lines that were promised and had to be cancelled; the lines themselves, for a line is cancelled whole; and the orders with at least one such line. */
  readonly cancelledQty: number
  readonly cancelledLines: number
  readonly cancelledOrders: number
  /** Refused to a buyer although all the units of the line were free at that moment: somebody else's idle units, or ones this channel hadn't heard of. */
  readonly lostSalesQty: number
  readonly lostSalesByChannel: Readonly<Record<string, number>>
  /** Free at the end, as far as buyers who were refused or cancelled would have taken them: only lines that fit what is left count. */
  readonly strandedQty: number
  /** Milliseconds within the window that a channel showed another number than the one it was entitled to: the mean over all pairs of channel and SKU, and the longest stretch. */
  readonly staleMsMean: number
  readonly staleMsMax: number
  /** As the mean above, of each channel. */
  readonly staleMsByChannel: Readonly<Record<string, number>>
  /** As the mean above, of the time in which a channel showed more than was free for anybody: what overselling comes from. */
  readonly overstatedMsMean: number
}

/** How long something was so, and the longest stretch of it. */
class Stretch {
  #sinceMs: number | null = null
  totalMs = 0
  longestMs = 0

  set(isSo: boolean, nowMs: number): void {
    if (isSo === (this.#sinceMs !== null)) return
    if (this.#sinceMs !== null) {
      this.totalMs += nowMs - this.#sinceMs
      this.longestMs = Math.max(this.longestMs, nowMs - this.#sinceMs)
    }
    this.#sinceMs = isSo ? nowMs : null
  }
}

/** A channel's view of one SKU. */
interface View {
  listedQty: number
  /** Units that are the channel's alone. */
  asideQty: number
  readonly stale: Stretch
  readonly overstated: Stretch
}

type Fate = "waiting" | "promised" | "refused" | "cancelled"

interface Line {
  readonly demand: Demand
  fate: Fate
  openQty: number
}

interface Sku {
  physicalQty: number
  promisedQty: number
  /** Units set aside, of all channels. */
  asideQty: number
  readonly views: ReadonlyArray<View>
  readonly unserved: Array<number>
}

/** The books of one run. `endMs`: views are not judged after it. */
export class Ledger {
  readonly #channels: ReadonlyArray<ComparedChannel>
  readonly #allots: boolean
  readonly #nowMs: () => number
  readonly #endMs: number
  readonly #skus: ReadonlyArray<Sku>
  readonly #lines = new Map<number, Line>()
  readonly #cancelledOrders = new Set<string>()
  #oversoldQty = 0
  readonly #lostSalesQty: Array<number>
  #gaveBackQty = 0

  constructor(given: {
    readonly channels: ReadonlyArray<ComparedChannel>
    readonly stockQty: ReadonlyArray<number>
    readonly allots: boolean
    readonly nowMs: () => number
    readonly endMs: number
  }) {
    this.#channels = given.channels
    this.#allots = given.allots
    this.#nowMs = given.nowMs
    this.#endMs = given.endMs
    this.#lostSalesQty = given.channels.map(() => 0)
    const view = (): View => ({ listedQty: 0, asideQty: 0, stale: new Stretch(), overstated: new Stretch() })
    this.#skus = given.stockQty.map((qty) => ({
      physicalQty: qty,
      promisedQty: 0,
      asideQty: 0,
      views: given.channels.map(view),
      unserved: [],
    }))
  }

  /** Units that are there and promised to no buyer; below zero where more was promised than is there. */
  freeQty(sku: number): number {
    const { physicalQty, promisedQty } = this.#sku(sku)
    return physicalQty - promisedQty
  }

  demanded(demand: Demand): void {
    this.#lines.set(demand.index, { demand, fate: "waiting", openQty: demand.qty })
  }

  /** What the buyer was told so far. */
  fateOf(demand: Demand): Fate {
    return this.#line(demand).fate
  }

  /** Units of the line that are promised and not given back. */
  openQty(demand: Demand): number {
    return this.#line(demand).openQty
  }

  promise(demand: Demand): void {
    this.#decided(demand, "waiting", "promised")
    const backedQty = Math.min(demand.qty, Math.max(0, this.freeQty(demand.sku)))
    this.#oversoldQty += demand.qty - backedQty
    this.#sku(demand.sku).promisedQty += demand.qty
    this.#look(demand.sku)
  }

  refuse(demand: Demand): void {
    this.#decided(demand, "waiting", "refused")
    if (this.freeQty(demand.sku) >= demand.qty) {
      this.#lostSalesQty[demand.channel] = (this.#lostSalesQty[demand.channel] ?? 0) + demand.qty
    }
    this.#sku(demand.sku).unserved.push(demand.qty)
  }

  cancel(demand: Demand): void {
    const line = this.#decided(demand, "promised", "cancelled")
    const sku = this.#sku(demand.sku)
    sku.promisedQty -= line.openQty
    // Units that the buyer had given up before are counted there.
    sku.unserved.push(line.openQty)
    this.#cancelledOrders.add(demand.order)
    this.#look(demand.sku)
  }

  gaveBack(demand: Demand, qty: number): void {
    const line = this.#line(demand)
    assert(line.fate === "promised" && qty <= line.openQty, "a buyer gives up what was promised")
    line.openQty -= qty
    this.#gaveBackQty += qty
    this.#sku(demand.sku).promisedQty -= qty
    this.#look(demand.sku)
  }

  arrived(sku: number, qty: number): void {
    this.#sku(sku).physicalQty += qty
    this.#look(sku)
  }

  list(channel: number, sku: number, qty: number): void {
    this.#view(channel, sku).listedQty = qty
    this.#look(sku)
  }

  setAside(channel: number, sku: number, qty: number): void {
    const view = this.#view(channel, sku)
    view.asideQty += qty
    this.#sku(sku).asideQty += qty
    assert(view.asideQty >= 0, "no more stops being a channel's than was its")
    this.#look(sku)
  }

  /** Adds everything up; called once, when nothing is on its way any more. */
  finish(): Measures {
    for (const [sku] of this.#skus.entries()) this.#close(sku)
    const lines = [...this.#lines.values()]
    assert(
      lines.every((line) => line.fate !== "waiting"),
      "every buyer got an answer",
    )
    const qtyOf = (fate: Fate): number => sumOf(lines, (line) => (line.fate === fate ? line.openQty : 0))
    const views = this.#skus.flatMap((sku) => sku.views)
    return {
      demandedQty: sumOf(lines, (line) => line.demand.qty),
      soldQty: qtyOf("promised"),
      gaveBackQty: this.#gaveBackQty,
      refusedQty: qtyOf("refused"),
      oversoldQty: this.#oversoldQty,
      cancelledQty: qtyOf("cancelled"),
      cancelledLines: lines.filter((line) => line.fate === "cancelled").length,
      cancelledOrders: this.#cancelledOrders.size,
      lostSalesQty: sumOf(this.#lostSalesQty, (qty) => qty),
      lostSalesByChannel: this.#byChannel((channel) => this.#lostSalesQty[channel] ?? 0),
      strandedQty: sumOf(this.#skus, strandedOf),
      staleMsMean: meanOf(views, (view) => view.stale.totalMs),
      staleMsMax: views.reduce((most, view) => Math.max(most, view.stale.longestMs), 0),
      staleMsByChannel: this.#byChannel((channel) => meanOf(this.#skus, (sku) => sku.views[channel]?.stale.totalMs ?? 0)),
      overstatedMsMean: meanOf(views, (view) => view.overstated.totalMs),
    }
  }

  #byChannel(measure: (channel: number) => number): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#channels.map(({ name }, channel) => [name, measure(channel)]))
  }

  /** Compares what each channel shows of a SKU with what it is entitled to. */
  #look(index: number): void {
    const nowMs = this.#nowMs()
    if (nowMs > this.#endMs) return
    const sku = this.#sku(index)
    const freeQty = Math.max(0, sku.physicalQty - sku.promisedQty)
    for (const [channel, view] of sku.views.entries()) {
      const holds = this.#allots && this.#channels[channel]?.asks === false
      const entitledQty = holds ? view.asideQty : Math.max(0, freeQty - sku.asideQty)
      view.stale.set(view.listedQty !== entitledQty, Math.max(0, nowMs))
      view.overstated.set(view.listedQty > freeQty, Math.max(0, nowMs))
    }
  }

  #close(index: number): void {
    for (const view of this.#sku(index).views) {
      view.stale.set(false, this.#endMs)
      view.overstated.set(false, this.#endMs)
    }
  }

  #decided(demand: Demand, from: Fate, to: Fate): Line {
    const line = this.#line(demand)
    assert(line.fate === from, "a buyer is answered once, and cancelled only after a yes")
    line.fate = to
    return line
  }

  #line(demand: Demand): Line {
    const line = this.#lines.get(demand.index)
    assert(line !== undefined, "an answer is about a demand")
    return line
  }

  #sku(index: number): Sku {
    const sku = this.#skus[index]
    assert(sku !== undefined, "the SKU is one of the run's")
    return sku
  }

  #view(channel: number, sku: number): View {
    const view = this.#sku(sku).views[channel]
    assert(view !== undefined, "the channel is one of the run's")
    return view
  }
}

const sumOf = <Item>(items: ReadonlyArray<Item>, value: (item: Item) => number): number => items.reduce((sum, item) => sum + value(item), 0)

/** To a whole number. */
const meanOf = <Item>(items: ReadonlyArray<Item>, value: (item: Item) => number): number =>
  items.length === 0 ? 0 : Math.round(sumOf(items, value) / items.length)

const strandedOf = (sku: Sku): number => {
  const leftQty = Math.max(0, sku.physicalQty - sku.promisedQty)
  return Math.min(
    leftQty,
    sumOf(sku.unserved, (qty) => (qty <= leftQty ? qty : 0)),
  )
}
