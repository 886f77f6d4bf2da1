/**
 * Who sends while faults are done: on every SKU some buyers, each with one command under way, at a pace of their own, so that a partition that stands still holds up its own buyers and nobody else's.
 * Every SKU is sold by one channel from one location without buffers, and no hold ends by itself: what Porcupine's model knows. Orders go beside that, on SKUs of their own.
 */
import { plainLine } from "../../../src/domain/sku/policy.ts"
import { type Prng, prngFromSeed } from "../../../src/workload/prng.ts"
import type { Wanted } from "../../play/wanted.ts"
import { pause } from "../../stage/stage.ts"
import { type Asker, type Decided, within } from "./asking.ts"
import { type History, type HistoryLine, type HistoryOp, nowNs } from "./history.ts"

/** Who sends what. */
export interface Askers {
  /** Each sells SKUs of its own. */
  readonly channels: ReadonlyArray<Asker>
  readonly orders: Asker
  readonly dock: Asker
  readonly planner: Asker
}

export interface TimedTrafficOptions {
  readonly seed: string
  readonly minutes: number
  /** Commands a second that all buyers together aim at. */
  readonly rate: number
  readonly history: History
}

const location = "main"
const lastingSkus = 4
/** On sale at once of each channel, for each thousand commands a second: a buyer has one command under way, and while faults are done few of them are answered quickly. */
const passingSkusEach = 12
const passingSkusMax = 60
/** A passing SKU's time on sale: histories stay short enough to be checked. */
const passingMs = 30_000
const buyersEach = 4
const orderSkus = 8
const orderBuyers = 8
const ordersMsEach = 1_000
const holdMs = 24 * 3_600_000
const initialQty = 60
const setUpAtOnce = 64
/** Of a purchase or delivery, in the middle. */
const commandsEach = 1.6
/** How far a buyer that was held up catches up with its pace. */
const behindMsMax = 20_000
/** Of 64: how often a buyer asks again under the same id at once, and how often it goes on without having heard. */
const asksTwice = 2
const givesUp = 3
const givesUpMs = [10, 400] as const
/** Of a SKU: each may have had its effect or not, and Porcupine has to bear all of that in mind to the end. */
const unheardMax = 6

const orderSku = (number: number): string => `order-${number}`

/** Counts what was sent, what is under way since when, and what must not be. */
class Book {
  commands = 0
  accepted = 0
  refused = 0
  orders = 0
  contradictions: Array<string> = []
  /** Commands under way, by when they were first sent; milliseconds of performance.now(). */
  readonly underWay = new Map<string, number>()
  closing = false
  abandoned = false

  readonly isOver = (): boolean => this.abandoned

  get oldestMs(): number {
    let oldest = Number.POSITIVE_INFINITY
    for (const since of this.underWay.values()) oldest = Math.min(oldest, since)
    return oldest
  }

  count(decided: Decided): void {
    this.commands++
    if (decided.outcome === "accepted") this.accepted++
    else this.refused++
  }
}

export interface TimedTraffic {
  readonly book: Readonly<Book>
  /** Lets every buyer finish the command it has under way. Resolves with how many were not decided within so many milliseconds. */
  readonly stop: (patienceMs: number) => Promise<ReadonlyArray<string>>
}

interface OnSale {
  readonly sku: string
  readonly channel: Asker
  readonly fromMs: number
  readonly untilMs: number
}

const same = (a: Decided, b: Decided): boolean => a.outcome === b.outcome && a.reason === b.reason

/** What a buyer of one SKU knows: who asks, and as which of the clients of a history. */
interface Place {
  readonly sku: string
  readonly channel: Asker
  readonly dock: Asker
  readonly client: number
  readonly chance: Prng
}

class Market {
  readonly book = new Book()
  readonly #history: History
  readonly #run: string
  readonly #unheard = new Map<string, number>()
  #ids = 0
  /** What nobody waits for, to be decided all the same before the end. */
  readonly loose = new Set<Promise<unknown>>()

  constructor(history: History, run: string) {
    this.#history = history
    this.#run = run
  }

  /** How many of a SKU's commands have no answer in the history. */
  unheardOf(sku: string): number {
    return this.#unheard.get(sku) ?? 0
  }

  id(): string {
    return `${this.#run}-${++this.#ids}`
  }

  /** Asks until it is decided, counted as under way; null if the run was given up before. */
  async ask(asker: Asker, wanted: Wanted): Promise<Decided | null> {
    const { book } = this
    book.underWay.set(wanted.id, performance.now())
    const decided = await asker.ask(wanted, book.isOver)
    if (decided !== null) {
      book.underWay.delete(wanted.id)
      book.count(decided)
    }
    return decided
  }

  /** The same, written down. `waitMs`: how long the buyer waits; whoever goes on without an answer has none in the history, whatever comes later. */
  async act(
    { sku, client, chance, ...who }: Place,
    op: HistoryOp,
    reservation: string,
    qty: number,
    waitMs?: number,
  ): Promise<Decided | null> {
    const asker = op === "ReceiveStock" ? who.dock : who.channel
    const wanted = wantedOf(op, this.id(), sku, reservation, qty)
    const line = { sku, id: wanted.id, client, op, reservation, qty, call: nowNs() }
    const asking = this.ask(asker, wanted)
    const heard = waitMs === undefined ? await asking : await within(asking, waitMs)
    this.#history.write(lineOf(line, heard))
    if (heard === null) {
      this.#unheard.set(sku, this.unheardOf(sku) + 1)
      this.#later(asking)
    } else if (chance.chance(asksTwice, 64)) await this.#again(asker, wanted, heard)
    return heard
  }

  #later(asking: Promise<unknown>): void {
    this.loose.add(asking)
    void asking.finally(() => this.loose.delete(asking))
  }

  async #again(asker: Asker, wanted: Wanted, first: Decided): Promise<void> {
    const again = await this.ask(asker, wanted)
    if (again !== null && !same(first, again))
      this.book.contradictions.push(`${wanted.type} ${wanted.id}: ${JSON.stringify(first)}, and then ${JSON.stringify(again)}`)
  }
}

type Called = Omit<HistoryLine, "return" | "outcome" | "reason" | "ats">

const lineOf = (called: Called, heard: Decided | null): HistoryLine =>
  heard === null ? { ...called, return: null, outcome: "", reason: "", ats: null } : { ...called, return: nowNs(), ...heard }

const wantedOf = (type: HistoryOp, id: string, sku: string, reservation: string, qty: number): Wanted => {
  if (type === "ReceiveStock") return { type, id, sku, location, qty }
  if (type === "Reserve") return { type, id, sku, reservation, qty, holdMs }
  return type === "Confirm" ? { type, id, sku, reservation } : { type, id, sku, reservation, reason: "cancelled" }
}

/** One purchase, or one delivery. */
const once = async (market: Market, place: Place): Promise<void> => {
  const { chance } = place
  if (chance.chance(1, 10)) {
    await market.act(place, "ReceiveStock", "", chance.between(1, 8))
    return
  }
  const reservation = market.id()
  if (chance.chance(givesUp, 64) && market.unheardOf(place.sku) < unheardMax) {
    await market.act(place, "Reserve", reservation, 1, chance.between(...givesUpMs))
    return
  }
  const qty = chance.between(1, 2)
  const held = await market.act(place, "Reserve", reservation, qty)
  if (held?.outcome !== "accepted") return
  const fate = chance.below(8)
  if (fate < 2) return
  if (fate < 6) await market.act(place, "Confirm", reservation, 0)
  if (fate >= 5) await market.act(place, "Release", reservation, 0)
}

/** At a pace, until the SKU's time is over or the run's. */
const buy = async (market: Market, place: Place, everyMs: number, untilMs: number): Promise<void> => {
  let dueMs = performance.now() + place.chance.below(1_000)
  while (!market.book.closing && performance.now() < untilMs) {
    if (dueMs > performance.now()) {
      await pause(Math.max(1, Math.min(1_000, dueMs - performance.now())))
      continue
    }
    await once(market, place)
    dueMs = Math.max(dueMs + everyMs, performance.now() - behindMsMax)
  }
}

/** Lets buyers begin when their SKUs go on sale. */
const openSales = async (market: Market, onSale: ReadonlyArray<OnSale>, begin: (sale: OnSale, startMs: number) => void): Promise<void> => {
  const startMs = performance.now()
  const left = onSale.toSorted((a, b) => b.fromMs - a.fromMs)
  while (!market.book.closing) {
    for (let next = left.at(-1); next !== undefined && startMs + next.fromMs <= performance.now(); next = left.at(-1)) {
      left.pop()
      begin(next, startMs)
    }
    await pause(100)
  }
}

const buyOrders = async (market: Market, asker: Asker, chance: Prng): Promise<void> => {
  while (!market.book.closing) {
    await pause(chance.between(ordersMsEach / 2, 2 * ordersMsEach))
    const order = market.id()
    const first = chance.below(orderSkus)
    const lines = [first, (first + 1 + chance.below(orderSkus - 1)) % orderSkus].map((number) => ({ sku: orderSku(number), qty: 1 }))
    const placed = await market.ask(asker, { type: "PlaceOrder", id: market.id(), order, fill: "whole", holdMs, lines })
    market.book.orders++
    if (placed?.outcome !== "accepted") continue
    if (chance.chance(1, 2)) await market.ask(asker, { type: "ConfirmOrder", id: market.id(), order })
    else await market.ask(asker, { type: "CancelOrder", id: market.id(), order, reason: "cancelled" })
  }
}

const inTurns = async <A>(all: ReadonlyArray<A>, each: (one: A) => Promise<unknown>): Promise<void> => {
  let next = 0
  const worker = async () => {
    for (let one = all[next++]; one !== undefined; one = all[next++]) await each(one)
  }
  await Promise.all(Array.from({ length: setUpAtOnce }, worker))
}

const passingSkusAt = (rate: number): number =>
  Math.min(passingSkusMax, Math.max(passingSkusEach, Math.ceil((passingSkusEach * rate) / 1_000)))

const onSaleOf = ({ channels }: Askers, minutes: number, passingSkus: number): ReadonlyArray<OnSale> => {
  const rounds = Math.ceil((minutes * 60_000) / passingMs) + 8
  return channels.flatMap((channel) => [
    ...Array.from({ length: lastingSkus }, (_, n) => ({
      sku: `${channel.sender}-lasting-${n}`,
      channel,
      fromMs: 0,
      untilMs: Number.POSITIVE_INFINITY,
    })),
    ...Array.from({ length: rounds * passingSkus }, (_, n) => {
      const fromMs = Math.floor(n / passingSkus) * passingMs
      return { sku: `${channel.sender}-${n}`, channel, fromMs, untilMs: fromMs + passingMs }
    }),
  ])
}

/** Puts all on sale, then lets everybody begin. Rejects if a policy or the first delivery is refused. */
export const startTimedTraffic = async (askers: Askers, { seed, minutes, rate, history }: TimedTrafficOptions): Promise<TimedTraffic> => {
  const chance = prngFromSeed(seed).stream("traffic")
  const market = new Market(history, `c${seed.replace(/[^a-z0-9]/gi, "").slice(0, 12)}`)
  const { channels, dock, planner } = askers
  const passingSkus = passingSkusAt(rate)
  const onSale = onSaleOf(askers, minutes, passingSkus)
  const put = async (sku: string, channel: string, qty: number) => {
    const policy = { version: 1, channels: [plainLine(channel, 0)], safety: [], sourcing: [location] }
    const set = await market.ask(planner, { type: "SetPolicy", id: market.id(), sku, policy })
    if (set?.outcome !== "accepted") throw new Error(`the policy of ${sku} was not accepted: ${JSON.stringify(set)}`)
    const place = { sku, channel: dock, dock, client: 0, chance: chance.stream(`first ${sku}`) }
    const first =
      channel === askers.orders.sender
        ? await market.ask(dock, wantedOf("ReceiveStock", market.id(), sku, "", qty))
        : await market.act(place, "ReceiveStock", "", qty)
    if (first?.outcome !== "accepted") throw new Error(`the first units of ${sku} were not accepted: ${JSON.stringify(first)}`)
  }
  await inTurns(onSale, ({ sku, channel }) => put(sku, channel.sender, initialQty))
  await inTurns(
    Array.from({ length: orderSkus }, (_, n) => orderSku(n)),
    (sku) => put(sku, askers.orders.sender, 100_000),
  )
  const everyMs = (1_000 * commandsEach * channels.length * (lastingSkus + passingSkus) * buyersEach) / rate
  const loops: Array<Promise<void>> = []
  const sales = openSales(market, onSale, ({ sku, channel, untilMs }, startMs) => {
    for (let n = 0; n < buyersEach; n++) {
      const place = { sku, channel, dock, client: n + 1, chance: chance.stream(`${sku} ${n}`) }
      loops.push(buy(market, place, everyMs, startMs + untilMs))
    }
  })
  for (let n = 0; n < orderBuyers; n++) loops.push(buyOrders(market, askers.orders, chance.stream(`orders ${n}`)))
  return {
    book: market.book,
    stop: async (patienceMs) => {
      market.book.closing = true
      const all = sales.then(() => Promise.all(loops)).then(() => Promise.all(market.loose))
      await within(all, patienceMs)
      const left = [...market.book.underWay.keys()]
      market.book.abandoned = true
      return left
    },
  }
}
