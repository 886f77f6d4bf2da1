/**
 * Invents a flash sale from a seed: which SKUs there are, what is in stock, who sells them under which policy, and every order, retry and
 * fact of a few busy seconds. The same options give the same traffic, command by command. How one buyer behaves is decided in buyers.ts.
 *
 * What facts do is known beforehand, because nothing they need is offered to anybody else: tills sell stock of their own, kept back as safety stock, and a
 * marketplace sells within its fence. Therefore no fact of the default sale is impossible, and a `Discrepancy` or `Shortage` would be a defect.
 */
import { assert } from "../assert.ts"
import type { CommandId, EpochMs, SenderId, Sku } from "../domain/names.ts"
import type { Policy } from "../domain/sku/policy.ts"
import type { Buyer, ChannelKind, Purchase } from "./buyers.ts"
import { buyerFlow, mainLocation, orderedQty, storeLocation } from "./buyers.ts"
import type { Flow, PlannedSend, Traffic } from "./flows.ts"
import { sendOf } from "./flows.ts"
import type { WeightedChoice } from "./popularity.ts"
import { drawPlace, weightedChoice, zipfChoice } from "./popularity.ts"
import type { Prng } from "./prng.ts"
import { prngFromSeed } from "./prng.ts"
import type { Share } from "./stock-levels.ts"
import { shareOf } from "./stock-levels.ts"

/** A channel of an invented sale. */
export interface FlashChannel {
  readonly sender: SenderId
  readonly kind: ChannelKind
  /** How many of the orders are its, against the other channels' weights. */
  readonly weight: number
}

/** The channels of a sale that names none. */
const flashChannels: ReadonlyArray<FlashChannel> = [
  { sender: "web" as SenderId, kind: "web", weight: 60 },
  { sender: "marketplace" as SenderId, kind: "marketplace", weight: 20 },
  { sender: "pos" as SenderId, kind: "pos", weight: 12 },
  { sender: "wholesale" as SenderId, kind: "wholesale", weight: 8 },
]

/** Percentages are whole, 0 to 100. */
export interface FlashSaleOptions {
  readonly seed: number | string
  /** The first is the hot one. 100 unless given. */
  readonly skus?: number
  /** Orders of all channels, the burst included. 10,000 unless given. */
  readonly orders?: number
  /** When the sale begins, and its length: with the year 2026, and 20 seconds unless given. */
  readonly startMs?: EpochMs
  readonly windowMs?: number
  /** Orders of the burst on the hot SKU, when it begins and how long it lasts within the window: a fifth of the orders, at a third, for a tenth of it. */
  readonly burstPercent?: number
  readonly burstAtMs?: number
  readonly burstMs?: number
  readonly channels?: ReadonlyArray<FlashChannel>
  /** Initial stock as a share of what is asked of it, rounded up: six tenths. `hotStockShare` is the hot SKU's: three tenths. */
  readonly stockShare?: Share
  readonly hotStockShare?: Share
  /** Of the orders that ask first: holds that nobody pays (20), that are paid too late (3), that are given up (7). */
  readonly abandonedPercent?: number
  readonly latePercent?: number
  readonly cancelledPercent?: number
  /** Of the paid orders, how many the warehouse ships before the sale is over (60). */
  readonly shippedPercent?: number
  /** Of the shipped orders of several units, how many lack one on the shelf; of the shipped ones, how many come back; of the paid ones, how many extend their hold before. None unless given. */
  readonly shortPickPercent?: number
  /** Of what the marketplace sells, how much is more than it was given, whether there is any or not. None unless given. */
  readonly beyondStockPercent?: number
  /** Of the shipments, how many are told a second time under another id, with the reference of the first. None unless given. */
  readonly rescannedPercent?: number
  readonly returnedPercent?: number
  readonly extendedPercent?: number
  /** Of the commands, how many are sent more than once (10), and how many of these at once (50). */
  readonly retryPercent?: number
  readonly togetherPercent?: number
  /** Milliseconds of a hold that is to expire, and of one that isn't. 1.5 seconds and 10 minutes. */
  readonly shortHoldMs?: number
  readonly longHoldMs?: number
  /** Facts without an order: arrivals, counts, damage. A hundredth of the orders unless given. */
  readonly facts?: number
  /** `spare`: counts and damage take only units that nobody is promised. `any`: any unit, so that promises may break. `spare` unless given. */
  readonly losses?: "spare" | "any"
  readonly warehouse?: SenderId
  readonly planner?: SenderId
}

/** What the sale amounts to, whatever is decided. Units, unless they are called otherwise. */
export interface FlashTotals {
  /** Commands under an id of their own, and messages to be sent at most: retries included. */
  readonly commands: number
  readonly messages: number
  readonly receivedQty: number
  /** Asked for by Reserve, of stock that isn't enough for it. */
  readonly askedQty: number
  /** Told by RecordSale: from the shelf, and still to be shipped. */
  readonly takenQty: number
  readonly owedQty: number
  /** Signed, counts and losses together. */
  readonly adjustedQty: number
  readonly damagedQty: number
}

/** A sale: its flows in time order; a flow is played by its first sender, and the warehouse sends what is the warehouse's in it. */
export interface FlashSale extends Traffic {
  readonly hotSku: Sku
  readonly skus: ReadonlyArray<Sku>
  readonly channels: ReadonlyArray<FlashChannel>
  readonly totals: FlashTotals
}

type FullSaleOptions = Required<FlashSaleOptions>

const settled = (given: FlashSaleOptions): FullSaleOptions => {
  const windowMs = given.windowMs ?? 20_000
  const orders = given.orders ?? 10_000
  const options: FullSaleOptions = {
    skus: 100,
    startMs: 1_767_225_600_000,
    burstPercent: 20,
    burstAtMs: Math.floor(windowMs / 3),
    burstMs: Math.max(1, Math.floor(windowMs / 10)),
    channels: flashChannels,
    stockShare: { num: 6, den: 10 },
    hotStockShare: { num: 3, den: 10 },
    abandonedPercent: 20,
    latePercent: 3,
    cancelledPercent: 7,
    shippedPercent: 60,
    shortPickPercent: 0,
    beyondStockPercent: 0,
    rescannedPercent: 0,
    returnedPercent: 0,
    extendedPercent: 0,
    retryPercent: 10,
    togetherPercent: 50,
    shortHoldMs: 1_500,
    longHoldMs: 600_000,
    facts: Math.floor(orders / 100),
    losses: "spare",
    warehouse: "warehouse" as SenderId,
    planner: "planner" as SenderId,
    ...given,
    orders,
    windowMs,
  }
  assert(options.skus >= 1 && options.skus <= 1_000_000, "a sale has 1 to a million SKUs")
  assert(options.startMs >= 1, "a sale begins after 1970 did")
  assert(options.windowMs >= 1 && options.orders >= 0 && options.facts >= 0, "a sale has a length, and no fewer orders and facts than none")
  assert(options.channels.length >= 1, "at least one channel sells")
  assert(options.abandonedPercent + options.latePercent + options.cancelledPercent <= 100, "the ways an order ends are at most all of them")
  assert(
    options.burstMs >= 1 && options.burstAtMs >= 0 && options.burstAtMs + options.burstMs <= options.windowMs,
    "the burst lies in the window",
  )
  return options
}

const skuName = (place: number): Sku => `FS-${String(place + 1).padStart(5, "0")}` as Sku

/** Who orders how much of what, and when; in the order of time. */
const drawOrders = (options: FullSaleOptions, prng: Prng): ReadonlyArray<Purchase> => {
  const popularity = zipfChoice(options.skus)
  const shares: WeightedChoice = weightedChoice(options.channels.map((channel) => channel.weight))
  const places = prng.stream("popularity")
  const channels = prng.stream("channels")
  const times = prng.stream("times")
  const quantities = prng.stream("quantities")
  const inBurst = Math.floor((options.orders * options.burstPercent) / 100)
  const orders: Array<Purchase> = []
  for (let i = 0; i < options.orders; i++) {
    const hot = i < inBurst
    const channel = options.channels[drawPlace(shares, channels)] as FlashChannel
    orders.push({
      sku: skuName(hot ? 0 : drawPlace(popularity, places)),
      channel: channel.sender,
      kind: channel.kind,
      qty: orderedQty(channel.kind, quantities),
      atMs: options.startMs + (hot ? options.burstAtMs + times.below(options.burstMs) : times.below(options.windowMs)),
    })
  }
  // The sort is stable: what is drawn for the same millisecond stays in the order in which it was drawn.
  return orders.sort((a, b) => a.atMs - b.atMs)
}

/** What the orders of one SKU come to, by how they are sold. */
interface Demand {
  askedQty: number
  takenQty: number
  /** By marketplace: what its fence must hold. */
  readonly owedQty: Map<SenderId, number>
}

const demandOf = (skus: ReadonlyArray<Sku>, orders: ReadonlyArray<Purchase>): ReadonlyMap<Sku, Demand> => {
  const demand = new Map<Sku, Demand>(skus.map((sku) => [sku, { askedQty: 0, takenQty: 0, owedQty: new Map() }]))
  for (const order of orders) {
    const of = demand.get(order.sku) as Demand
    if (order.kind === "pos") of.takenQty += order.qty
    else if (order.kind === "marketplace") of.owedQty.set(order.channel, (of.owedQty.get(order.channel) ?? 0) + order.qty)
    else of.askedQty += order.qty
  }
  return demand
}

/** Units of each SKU in the store beyond what its tills sell: what counts and damage may take. */
const spareQty = 10

/** Stock and policy of one SKU. The store's stock is the tills': its safety stock keeps it from being offered. */
const setupOf = (sku: Sku, hot: boolean, demand: Demand, options: FullSaleOptions): ReadonlyArray<PlannedSend> => {
  const at = { atMs: options.startMs, order: -1 }
  const owedQty = [...demand.owedQty.values()].reduce((sum, qty) => sum + qty, 0)
  const mainQty = shareOf(demand.askedQty, hot ? options.hotStockShare : options.stockShare) + owedQty
  const storeQty = demand.takenQty + spareQty
  const policy: Policy = {
    version: 1,
    channels: options.channels.map(({ sender, kind }, priority) => ({
      channel: sender,
      priority,
      bufferQty: 0,
      bufferPercent: kind === "wholesale" ? 5 : 0,
      floorQty: 0,
      fenceQty: demand.owedQty.get(sender) ?? 0,
    })),
    safety: [{ location: storeLocation, qty: storeQty }],
    sourcing: [mainLocation],
  }
  const receive = (location: typeof mainLocation, qty: number): ReadonlyArray<PlannedSend> =>
    qty === 0
      ? []
      : [
          sendOf(at, options.warehouse, {
            type: "ReceiveStock",
            id: `receive.${location}` as CommandId,
            sku,
            issuedAtMs: options.startMs,
            location,
            qty,
            reference: "initial",
          }),
        ]
  const setPolicy = { type: "SetPolicy", id: "policy.1" as CommandId, sku, issuedAtMs: options.startMs, policy } as const
  return [...receive(mainLocation, mainQty), ...receive(storeLocation, storeQty), sendOf(at, options.planner, setPolicy)]
}

/** One fact without an order: an arrival or a find in the warehouse, a loss or damage among the spare units, or anywhere if promises may break. */
const drawFact = (sku: Sku, atMs: EpochMs, number: number, spare: Map<Sku, number>, prng: Prng, options: FullSaleOptions): Flow => {
  const base = { id: `fact.${number}` as CommandId, sku, issuedAtMs: atMs }
  const left = spare.get(sku) ?? spareQty
  const anywhere = options.losses === "any"
  const qty = prng.between(1, 3)
  const location = anywhere ? mainLocation : storeLocation
  const kind = prng.pick(["arrival", "return", "loss", "damage"] as const)
  const send = (command: PlannedSend["command"]): Flow => ({
    name: base.id,
    ending: "fact",
    sends: [
      sendOf({ atMs, order: number }, options.warehouse, command, {
        copies: prng.chance(options.retryPercent, 100) ? 2 : 1,
        together: false,
      }),
    ],
  })
  const takes = kind === "loss" || kind === "damage"
  if (kind === "arrival" || (takes && !anywhere && left < qty)) return send({ type: "ReceiveStock", ...base, location: mainLocation, qty })
  if (kind === "return") return send({ type: "AdjustStock", ...base, location: mainLocation, qty, reason: "return" })
  spare.set(sku, left - qty)
  if (kind === "loss") return send({ type: "AdjustStock", ...base, location, qty: -qty, reason: "loss" })
  return send({ type: "MoveStatus", ...base, location, from: "available", to: "damaged", qty })
}

const factFlows = (skus: ReadonlyArray<Sku>, options: FullSaleOptions, prng: Prng): ReadonlyArray<Flow> => {
  const spare = new Map<Sku, number>()
  const flows: Array<Flow> = []
  for (let i = 0; i < options.facts; i++) {
    const atMs = options.startMs + prng.below(options.windowMs)
    flows.push(drawFact(prng.pick(skus), atMs, i, spare, prng, options))
  }
  return flows
}

const totalsOf = (sends: ReadonlyArray<PlannedSend>): FlashTotals => {
  const totals = { commands: 0, messages: 0, receivedQty: 0, askedQty: 0, takenQty: 0, owedQty: 0, adjustedQty: 0, damagedQty: 0 }
  for (const { command, copies } of sends) {
    totals.commands += 1
    totals.messages += copies
    if (command.type === "ReceiveStock") totals.receivedQty += command.qty
    if (command.type === "Reserve") totals.askedQty += command.qty
    if (command.type === "RecordSale" && command.mode === "taken") totals.takenQty += command.qty
    if (command.type === "RecordSale" && command.mode === "owed") totals.owedQty += command.qty
    if (command.type === "AdjustStock") totals.adjustedQty += command.qty
    if (command.type === "MoveStatus") totals.damagedQty += command.qty
  }
  return totals
}

/** Invents a sale. */
export const flashSale = (given: FlashSaleOptions): FlashSale => {
  const options = settled(given)
  const prng = prngFromSeed(options.seed)
  const skus = Array.from({ length: options.skus }, (_, place) => skuName(place))
  const orders = drawOrders(options, prng)
  const demand = demandOf(skus, orders)
  const setup = skus.flatMap((sku, place) => setupOf(sku, place === 0, demand.get(sku) as Demand, options))
  const behaviour = prng.stream("buyers")
  const buyer: Buyer = { ...options, prng: behaviour }
  const flows = [...orders.map((order, number) => buyerFlow(order, number, buyer)), ...factFlows(skus, options, prng.stream("facts"))]
  flows.sort((a, b) => (a.sends[0] as PlannedSend).atMs - (b.sends[0] as PlannedSend).atMs)
  const totals = totalsOf([...setup, ...flows.flatMap((flow) => flow.sends)])
  return { setup, flows, hotSku: skuName(0), skus, channels: options.channels, totals }
}
