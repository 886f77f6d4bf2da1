/**
 * Strategy (b): naive real-time synchronisation. Each sale is told to the back office at once, and each new count is pushed at once to every channel; every message
 * is on its way for the channel's lag.
 *
 * A channel sells from its copy, never below zero, and takes its own sales that a pushed count doesn't contain yet off it, so that its own are never
 * sold twice. The back office cancels a sale that the count doesn't cover, as soon as it hears of it. It oversells only because another channel's
 * sale is still on its way.
 */
import { BackOffice, ChannelCopy, pushCount } from "./counts.ts"
import type { Demand, StrategyDefinition, World } from "./strategy.ts"

const create = (world: World) => {
  const office = new BackOffice(world)
  const copies = world.channels.map((_, channel) => new ChannelCopy(world, channel))
  const push = (sku: number): void => pushCount(world, office, copies, sku)
  const tell = (demand: Demand, hear: () => void): void => {
    world.after(world.channels[demand.channel]?.lagMs ?? 0, () => {
      hear()
      push(demand.sku)
    })
  }

  return {
    open: () => {
      for (const copy of copies) copy.open()
    },
    demanded: (demand: Demand) => {
      if (copies[demand.channel]?.sell(demand) === true) tell(demand, () => office.hearSale(demand))
    },
    gaveBack: (demand: Demand, qty: number) => {
      copies[demand.channel]?.gaveBack(demand, qty)
      tell(demand, () => office.hearGivenBack(demand, qty))
    },
    arrived: (sku: number, qty: number) => {
      office.arrived(sku, qty)
      push(sku)
    },
    // What is shipped was taken off the count when it was sold.
    shipped: () => {},
    // Every message is already on its way.
    close: () => {},
  }
}

export const naiveSync: StrategyDefinition = { name: "naive-sync", title: "(b) naive real-time sync", allots: false, create }
