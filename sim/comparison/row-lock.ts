/**
 * Strategy (c): a row lock in Postgres for channels that ask, its count listed to those that don't.
 *
 * A channel that asks sends every sale to the database, which decides one after another, as `select … for update` on the SKU's row does: with enough units the row is
 * lowered and the buyer told yes, otherwise no. The order of decisions on a SKU is the order in which asks arrive; a row lock promises no more.
 * Whenever a row changes, its count is pushed to every channel at once, each push on its way for the channel's lag. A channel that doesn't ask sells from the last count it
 * heard, less its own sales that the count doesn't contain yet, and tells of each sale at once; the database lowers the row, or cancels what it
 * can't cover. Channels that ask never oversell each other: it oversells only because of what is on its way to and from the others.
 */
import { BackOffice, ChannelCopy, pushCount } from "./counts.ts"
import type { Demand, StrategyDefinition, World } from "./strategy.ts"

const create = (world: World) => {
  const office = new BackOffice(world)
  const copies = world.channels.map((_, channel) => new ChannelCopy(world, channel))
  const asks = (demand: Demand): boolean => world.channels[demand.channel]?.asks === true
  const push = (sku: number): void => pushCount(world, office, copies, sku)
  const send = (demand: Demand, run: () => void): void => world.after(world.channels[demand.channel]?.lagMs ?? 0, run)
  const decide = (demand: Demand): void => {
    if (!office.take(demand)) return world.refuse(demand)
    world.promise(demand)
    push(demand.sku)
  }

  return {
    open: () => {
      for (const copy of copies) copy.open()
    },
    demanded: (demand: Demand) => {
      if (asks(demand)) send(demand, () => decide(demand))
      else if (copies[demand.channel]?.sell(demand) === true) {
        send(demand, () => {
          office.hearSale(demand)
          push(demand.sku)
        })
      }
    },
    gaveBack: (demand: Demand, qty: number) => {
      if (!asks(demand)) copies[demand.channel]?.gaveBack(demand, qty)
      send(demand, () => {
        if (asks(demand)) office.putBack(demand, qty)
        else office.hearGivenBack(demand, qty)
        push(demand.sku)
      })
    },
    arrived: (sku: number, qty: number) => {
      office.arrived(sku, qty)
      push(sku)
    },
    // What is shipped was taken off the row when it was sold.
    shipped: () => {},
    // Every message is already on its way.
    close: () => {},
  }
}

export const rowLock: StrategyDefinition = { name: "row-lock", title: "(c) Postgres row lock", allots: false, create }
