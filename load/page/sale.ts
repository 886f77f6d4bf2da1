/**
 * A flash sale for whoever looks at it: every channel reserves units of one hot SKU and now and then of others, and pays for most; a marketplace sells without asking, and once more than there is.
 */
import type { SenderClient } from "../../src/channel.ts"
import { type ChannelName, channelNames, type Rig } from "../chaos/rig.ts"

export const hotSku = "TEA-POT-BLUE"
const others = ["LAMP-DESK", "MUG-SET-6", "CLOCK-WALL", "CANDLE-TRIO", "BAG-JUMBO", "TIN-CAKE", "BUNTING", "DOORMAT"]
/** Units of the hot SKU: so many that it doesn't run out while it is looked at. */
const hotUnits = 12_000
const otherUnits = 400
/** Units that a marketplace sold of a SKU beyond what there is. */
const beyond = 25
const holdMs = 60_000

/** What each channel must leave for the others: so their lines can be told apart. */
const buffers: Readonly<Record<ChannelName, number>> = { web: 0, app: 300, marketplace: 2_400, shop: 1_200 }

const policyOf = (share: number) => ({
  version: 1,
  channels: channelNames.map((channel, priority) => ({
    channel,
    priority,
    bufferQty: Math.round(buffers[channel] * share),
    bufferPercent: 0,
    floorQty: 0,
    fenceQty: 0,
  })),
  safety: [],
  sourcing: [],
})

/** Puts everything on sale. */
export const stock = async (rig: Rig): Promise<void> => {
  const [planner, dock] = await Promise.all([rig.open("planner"), rig.open("dock")])
  for (const [sku, qty] of [[hotSku, hotUnits], ...others.map((sku) => [sku, otherUnits] as const)] as const) {
    await planner.setPolicy({ sku, policy: policyOf(qty / hotUnits) })
    await dock.receiveStock({ sku, location: "DC-NORTH", qty: Math.ceil(qty * 0.7) })
    await dock.receiveStock({ sku, location: "STORE-12", qty: Math.floor(qty * 0.3) })
  }
  await Promise.all([planner.close(), dock.close()])
}

/** A sale that goes on until it is stopped. */
export interface Sale {
  readonly stop: () => Promise<void>
  readonly decided: () => number
}

/** One buyer after the other; what the sale is without an answer for costs no more than its patience. */
const buy = async (channel: SenderClient, turn: number): Promise<void> => {
  const sku = turn % 4 === 3 ? (others[turn % others.length] ?? hotSku) : hotSku
  const reservation = `cart-${channel.sender}-${turn}`
  const answer = await channel.reserve({ sku, reservation, qty: 1 + (turn % 3), holdMs })
  if (answer.outcome === "accepted" && turn % 5 !== 0) await channel.confirm({ sku, reservation })
}

/** Begins to sell; `buyers`: how many buy at a time in each channel. */
export const beginSale = async (rig: Rig, buyers: number): Promise<Sale> => {
  const channels = await Promise.all(channelNames.map((name) => rig.open(name)))
  let [isOver, decided, turns] = [false, 0, 0]
  const buying = channels.flatMap((channel) =>
    Array.from({ length: buyers }, async () => {
      while (!isOver) {
        await buy(channel, turns++).catch(() => undefined)
        decided++
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }),
  )
  const [, , marketplace] = channels
  await marketplace?.recordSale({ sku: "DOORMAT", mode: "owed", reservation: "order-9001", qty: otherUnits + beyond })
  return {
    decided: () => decided,
    stop: async () => {
      isOver = true
      await Promise.all(buying)
    },
  }
}
