/**
 * Strategy (a): every channel sells from its own copy of the count, and the copies are synchronised every so often (15 minutes, unless asked otherwise).
 *
 * A round begins with every channel reporting its sales since the round before; each report is on its way for the channel's lag. When the last has
 * arrived, the back office takes all sales off the count in the order in which they were made, cancels those that the count doesn't cover, and tells every channel
 * the new counts, which arrive after the channel's lag. A channel takes its sales since its report off what it is told. Nobody sells below its own
 * copy's zero, and no sale is forgotten or counted twice: it oversells only because two channels sell the same units between two rounds.
 */
import { BackOffice, ChannelCopy } from "./counts.ts"
import type { Demand, StrategyDefinition, StrategyOptions, World } from "./strategy.ts"

/** What a channel has not reported yet, in the order of time. Above zero: sold. */
interface Change {
  readonly atMs: number
  readonly demand: Demand
  readonly qty: number
}

const create = (world: World, { batchMs }: StrategyOptions) => {
  const office = new BackOffice(world)
  const copies = world.channels.map((_, channel) => new ChannelCopy(world, channel))
  const unreported: Array<Array<Change>> = world.channels.map(() => [])
  /** What the back office has to tell in the next round: all other copies are as they were told before. */
  const changedSkus = new Set<number>()
  const slowestMs = Math.max(...world.channels.map(({ lagMs }) => lagMs))
  let isClosed = false

  const apply = (reports: ReadonlyArray<Change>): void => {
    for (const { demand, qty } of reports.toSorted((a, b) => a.atMs - b.atMs || a.demand.index - b.demand.index)) {
      if (qty > 0) office.hearSale(demand)
      else office.hearGivenBack(demand, -qty)
      changedSkus.add(demand.sku)
    }
    for (const [channel, { lagMs }] of world.channels.entries()) {
      const counts = [...changedSkus].map((sku) => [sku, office.qty[sku] ?? 0, office.heardQty(channel, sku)] as const)
      world.after(lagMs, () => {
        for (const [sku, qty, heardQty] of counts) copies[channel]?.hear(sku, qty, heardQty)
      })
    }
    changedSkus.clear()
  }
  const synchronise = (): void => {
    const reports = unreported.flat()
    for (const changes of unreported) changes.length = 0
    world.after(slowestMs, () => apply(reports))
  }
  const tick = (): void => {
    if (isClosed) return
    synchronise()
    world.after(batchMs, tick)
  }
  const change = (demand: Demand, qty: number): void => {
    unreported[demand.channel]?.push({ atMs: world.nowMs(), demand, qty })
    if (batchMs === 0) synchronise()
  }

  return {
    open: () => {
      for (const copy of copies) copy.open()
      if (batchMs > 0) world.after(batchMs - world.nowMs(), tick)
    },
    demanded: (demand: Demand) => {
      if (copies[demand.channel]?.sell(demand) === true) change(demand, demand.qty)
    },
    gaveBack: (demand: Demand, qty: number) => {
      copies[demand.channel]?.gaveBack(demand, qty)
      change(demand, -qty)
    },
    arrived: (sku: number, qty: number) => {
      office.arrived(sku, qty)
      changedSkus.add(sku)
      if (batchMs === 0) synchronise()
    },
    // What is shipped was taken off the count when it was sold.
    shipped: () => {},
    close: () => {
      isClosed = true
      synchronise()
    },
  }
}

export const batchSync: StrategyDefinition = { name: "batch-sync", title: "(a) batch sync", allots: false, create }
