/**
 * Strategy (d): Holdfast. Every unit is decided by the real engine, on production rules, and nothing is promised that isn't reserved there.
 *
 * A channel that asks sends Reserve, is answered, and sends Confirm; each message is on its way for the channel's lag. A channel that doesn't ask sells from an
 * allotment: a block of units of each SKU, reserved and confirmed for it beforehand, from which it sells without asking and of which it tells after its lag (RecordSale,
 * drawing on the block). Over the same lag it asks for more when its low-water mark is reached, and gives back (Release) what lies idle. What it
 * holds nobody else can sell: that costs sales, and the measures show it.
 *
 * The allotment stands in for listings with escrowed exposure, which the domain does not have yet: then `Allotments` becomes one listing a SKU, and the rest stays.
 */
import { assert } from "../../src/assert.ts"
import type { CommandId, LocationId, ReservationId, SenderId, Sku } from "../../src/domain/names.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import { plainLine } from "../../src/domain/sku/policy.ts"
import { qtyMax } from "../../src/limits.ts"
import { Allotments } from "./allotments.ts"
import { type Decided, EngineDesk } from "./engine-desk.ts"
import type { Demand, Strategy, StrategyDefinition, StrategyOptions, World } from "./strategy.ts"

/** The window's beginning as the engine's clock has it: any time will do. */
const beginMs = 1_800_000_000_000
const location = "main" as LocationId
/** How long a hold lasts, beyond the time its confirmation is on the way. */
const holdSpareMs = 15 * 60_000

/** A command without what every command has. */
type Asked = Command extends infer One ? (One extends Command ? Omit<One, "id" | "sku" | "issuedAtMs"> : never) : never

/** The engine with lag around it, by SKU index. What it decides is listed by the channels that ask, as they hear of it. */
export class HoldfastDesk {
  readonly engine: EngineDesk
  readonly #world: World
  readonly #channelOf: ReadonlyMap<string, number>
  /** Who else wants to hear of ATS values: by channel. */
  readonly #listeners = new Map<number, (sku: number, ats: number) => void>()
  readonly #skuOf: ReadonlyMap<string, number>
  #made = 0

  constructor(world: World) {
    this.#world = world
    this.#channelOf = new Map(world.channels.map(({ name }, channel) => [name, channel]))
    this.#skuOf = new Map(world.skus.map((sku, place) => [sku, place]))
    this.engine = new EngineDesk(beginMs - 1)
  }

  listen(channel: number, hear: (sku: number, ats: number) => void): void {
    this.#listeners.set(channel, hear)
  }

  /** Decides now. The feed is on its way to each channel for its lag, or is heard at once before anybody may buy. */
  decide(sender: string, sku: number, asked: Asked): Decided {
    const nowMs = beginMs + this.#world.nowMs()
    const named = { id: `c.${++this.#made}` as CommandId, sku: (this.#world.skus[sku] ?? "") as Sku, issuedAtMs: nowMs }
    const decided = this.engine.decide(sender, { ...asked, ...named }, nowMs)
    // A buyer may give everything up while the confirmation is on its way; all else that isn't an ask only says what is so.
    const mayBeRefused = asked.type === "Reserve" || asked.type === "Confirm"
    const isWhole = decided.said.outcome === "accepted" && decided.said.discrepancies === undefined
    assert(isWhole || mayBeRefused, "what a channel sold, gave back or shipped was reserved for it")
    for (const { channel, sku: name, ats } of decided.feed) {
      const heardBy = this.#channelOf.get(channel)
      const place = this.#skuOf.get(name)
      if (heardBy === undefined || place === undefined) continue
      const lagMs = this.#world.nowMs() < 0 ? 0 : (this.#world.channels[heardBy]?.lagMs ?? 0)
      this.#world.after(lagMs, () => this.#listeners.get(heardBy)?.(place, ats))
    }
    return decided
  }

  nameOf(channel: number): string {
    return this.#world.channels[channel]?.name ?? ""
  }
}

const warehouse = "warehouse"
const reservationOf = (demand: Demand): ReservationId => `d.${demand.index}` as ReservationId

const openStock = (world: World, desk: HoldfastDesk): void => {
  const channels = world.channels.map(({ name }, priority) => plainLine(name as SenderId, priority))
  for (const [sku, qty] of world.stockQty.entries()) {
    // What is more than one command may move arrives in several.
    for (let left = qty; left > 0; left -= qtyMax) {
      desk.decide(warehouse, sku, { type: "ReceiveStock", location, qty: Math.min(left, qtyMax), reference: "initial" })
    }
    desk.decide("planner", sku, { type: "SetPolicy", policy: { version: 1, channels, safety: [], sourcing: [] } })
  }
}

/** The strategy over a desk of that world; whoever gives one can read its journal afterwards. */
export const createHoldfast = (world: World, options: StrategyOptions, desk = new HoldfastDesk(world)): Strategy => {
  const allotments = new Map<number, Allotments>()
  for (const [channel, { asks }] of world.channels.entries()) {
    if (asks) desk.listen(channel, (sku, ats) => world.list(channel, sku, ats))
    else allotments.set(channel, new Allotments(world, desk, channel, options.allotment))
  }
  const send = (demand: Demand, run: () => void): void => world.after(world.channels[demand.channel]?.lagMs ?? 0, run)
  const reserve = (demand: Demand): void => {
    const { sku, qty } = demand
    const sender = desk.nameOf(demand.channel)
    const reservation = reservationOf(demand)
    const holdMs = holdSpareMs + 2 * (world.channels[demand.channel]?.lagMs ?? 0)
    const { said } = desk.decide(sender, sku, { type: "Reserve", reservation, qty, holdMs })
    if (said.outcome !== "accepted") return world.refuse(demand)
    world.promise(demand)
    // The answer travels back, then the confirmation travels here.
    send(demand, () => send(demand, () => void desk.decide(sender, sku, { type: "Confirm", reservation })))
  }

  return {
    open: () => {
      openStock(world, desk)
      for (const allotment of allotments.values()) allotment.open()
    },
    demanded: (demand) => {
      const allotment = allotments.get(demand.channel)
      if (allotment === undefined) send(demand, () => reserve(demand))
      else allotment.demanded(demand)
    },
    gaveBack: (demand, qty) => {
      const { channel, sku } = demand
      send(demand, () => {
        // What was sold from a block has left it for good: it comes back to the shelf, for everybody.
        if (allotments.has(channel)) desk.decide(warehouse, sku, { type: "AdjustStock", location, qty, reason: "return" })
        else desk.decide(desk.nameOf(channel), sku, { type: "Release", reservation: reservationOf(demand), qty, reason: "cancelled" })
      })
    },
    arrived: (sku, qty) => void desk.decide(warehouse, sku, { type: "AdjustStock", location, qty, reason: "return" }),
    shipped: (demand, qty) => {
      // What was sold from a block left it when the sale was told.
      if (allotments.has(demand.channel)) return
      const channel = desk.nameOf(demand.channel) as SenderId
      desk.decide(warehouse, demand.sku, { type: "Fulfil", channel, reservation: reservationOf(demand), location, qty })
    },
    close: () => {
      for (const allotment of allotments.values()) allotment.close()
    },
  }
}

export const holdfast: StrategyDefinition = { name: "holdfast", title: "(d) Holdfast", allots: true, create: createHoldfast }
