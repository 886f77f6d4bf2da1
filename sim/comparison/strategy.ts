/**
 * The small border between the virtual-time run and the four ways of selling: what a strategy is told of, and what it may do in its world.
 *
 * A strategy owns everything its channels and its back office know: their copies of counts, and the messages between them. What is really
 * there, and what was really promised, only the world knows; a strategy never reads it. SKUs and channels are indexes here: names matter only at the borders.
 */

/** Who sells. `asks`: it asks for every sale and is answered before it promises anything; otherwise it sells from what it was last told, and tells later. */
export interface ComparedChannel {
  readonly name: string
  readonly asks: boolean
  /** Milliseconds a message to it, or from it, is on its way: whole, at most a day. */
  readonly lagMs: number
  /** How many of the orders are its, against the other channels' weights. */
  readonly weight: number
}

/** A web shop and a wholesale portal that ask, and a marketplace five minutes away that doesn't. */
export const usualChannels: ReadonlyArray<ComparedChannel> = [
  { name: "web", asks: true, lagMs: 50, weight: 60 },
  { name: "marketplace", asks: false, lagMs: 300_000, weight: 30 },
  { name: "wholesale", asks: true, lagMs: 50, weight: 10 },
]

/** A buyer wants `qty` units of a SKU, all or none: one line of an order. */
export interface Demand {
  readonly index: number
  /** Lines of the same order have the same. */
  readonly order: string
  readonly channel: number
  readonly sku: number
  readonly qty: number
  readonly atMs: number
}

/** What a strategy may do. Times are milliseconds since the window began; what is before it is negative. */
export interface World {
  readonly channels: ReadonlyArray<ComparedChannel>
  readonly skus: ReadonlyArray<string>
  /** Units of each SKU before the first demand. */
  readonly stockQty: ReadonlyArray<number>
  readonly windowMs: number
  readonly nowMs: () => number
  /** Lets `run` happen later. What was sent arrives before a buyer who comes in the same millisecond, and in the order it was sent. */
  readonly after: (delayMs: number, run: () => void) => void
  /** The buyer was told yes. */
  readonly promise: (demand: Demand) => void
  /** The buyer was told no. */
  readonly refuse: (demand: Demand) => void
  /** The buyer had been told yes, and is now told that there is nothing after all. */
  readonly cancel: (demand: Demand) => void
  /** The channel now shows this number of units of the SKU. */
  readonly list: (channel: number, sku: number, qty: number) => void
  /** Units became the channel's alone (above zero), or stopped being so (below). A strategy without allotments never calls it. */
  readonly setAside: (channel: number, sku: number, qty: number) => void
}

/** One way of selling. Every method is called at the moment it happens. */
export interface Strategy {
  /** Before the window: everybody knows the stock, whatever their lag. */
  readonly open: () => void
  /** A buyer stands at the channel. Answered with `promise` or `refuse`, now or later. */
  readonly demanded: (demand: Demand) => void
  /** A buyer who was promised units, and not cancelled, gives some of them up at the channel. */
  readonly gaveBack: (demand: Demand, qty: number) => void
  /** Units arrived at the warehouse; the back office knows at once. */
  readonly arrived: (sku: number, qty: number) => void
  /** The warehouse ships what is promised to a buyer. */
  readonly shipped: (demand: Demand, qty: number) => void
  /** The window is over: nobody buys any more, and what was not yet told has to be. */
  readonly close: () => void
}

/** How the strategies are set; lags are the channels'. */
export interface StrategyOptions {
  /** Milliseconds between two synchronisations of (a). 0: after every change. */
  readonly batchMs: number
  /** How (d) plans what a channel that doesn't ask holds. */
  readonly allotment: AllotmentPolicy
}

/** What a channel that doesn't ask should hold of a SKU. Percentages are whole, 0 to 100. */
export interface AllotmentPolicy {
  /** Of what it holds and what anybody may still sell together, its part. Null: its weight among all channels. */
  readonly sharePercent: number | null
  /** Lines of typical size that its part has to be enough for; below it, it holds nothing. */
  readonly leastLines: number
  /** Of its part, what is left when it asks for more. */
  readonly lowWaterPercent: number
  /** Milliseconds without a sale of the SKU after which it gives back what is above its part. */
  readonly idleMs: number
  /** Milliseconds between two looks at every SKU. */
  readonly reviewMs: number
}

/** A strategy, ready to be put into a world. Channels with an allotment are entitled to it, all others to what nobody was promised or given. */
export interface StrategyDefinition {
  readonly name: string
  readonly title: string
  readonly allots: boolean
  readonly create: (world: World, options: StrategyOptions) => Strategy
}
