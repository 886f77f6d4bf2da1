/**
 * Many clients place overlapping orders of three lines over a few scarce SKUs, in every order of lines, while a worker is killed again and again. Looked at afterwards, at rest: no unit is held by nobody's
 * order, none is sold twice, every order has one answer, and no order had to wait for another.
 */
import type { OrderAnswer, SenderClient } from "../../src/channel.ts"
import { counted } from "../../src/domain/telling.ts"
import { prngFromSeed } from "../../src/workload/prng.ts"
import { channelNames, type Rig, until } from "./rig.ts"
import { putOnSale } from "./traffic.ts"
import { brokenBy, type Say } from "./verdict.ts"

/** How large a rush is. */
export interface OrderRushOptions {
  readonly rounds: number
  /** Clients, each with a connection of its own and one order under way. */
  readonly clients: number
  readonly skus: number
  /** Units of each SKU that there are for a round, fewer than its clients ask for. */
  readonly units: number
  /** Milliseconds between two kills. */
  readonly killEveryMs: number
}

/** What became of a rush. */
export interface OrderRushReport {
  readonly broken: ReadonlyArray<string>
  readonly orders: number
  readonly held: number
  readonly refused: number
  readonly confirmedQty: number
  readonly kills: number
  /** Milliseconds until an order was answered: of half of them, of all but one in a hundred, of the slowest. */
  readonly answeredMs: { readonly median: number; readonly p99: number; readonly max: number }
}

const lines = 3
const location = "main"
/** An order that nobody pays ends by itself in the next round. */
const shortHoldMs = 2_000
const holdMs = 600_000
/** Every so manieth order is asked for twice, over two connections. */
const askAgainEvery = 5

interface Tally {
  readonly broken: Array<string>
  readonly waitedMs: Array<number>
  held: number
  refused: number
  /** Units of each SKU that confirmed orders have. */
  readonly confirmed: Map<string, number>
}

const textOf = (answer: OrderAnswer): string => JSON.stringify({ ...answer, repeated: undefined })

/** What is said of an order's answer beside when it was said. */
const isDecided = (answer: OrderAnswer): answer is Extract<OrderAnswer, { readonly outcome: string }> =>
  "outcome" in answer && (answer.outcome === "accepted" || answer.outcome === "refused")

const note = (tally: Tally, skus: ReadonlyArray<string>): void => {
  for (const sku of skus) tally.confirmed.set(sku, (tally.confirmed.get(sku) ?? 0) + 1)
}

/** One client's order of a round: placed, and paid, cancelled or left alone. */
const playOrder = async (
  tally: Tally,
  client: SenderClient,
  other: SenderClient,
  order: string,
  skus: ReadonlyArray<string>,
  fate: number,
): Promise<void> => {
  const startedMs = performance.now()
  const command = client.orderCommand("PlaceOrder", {
    order,
    fill: "whole",
    holdMs: fate === 0 ? shortHoldMs : holdMs,
    lines: skus.map((sku) => ({ sku, qty: 1 })),
  })
  const twice = Number(order.slice(order.lastIndexOf("-") + 1)) % askAgainEvery === 0
  const [first, again] = await Promise.all([client.sendOrder(command), twice ? other.sendOrder(command) : null])
  tally.waitedMs.push(performance.now() - startedMs)
  if (!isDecided(first)) {
    tally.broken.push(`${order} heard no decision: ${textOf(first)}`)
    return
  }
  if (again !== null && textOf(first) !== textOf(again)) tally.broken.push(`${order} heard ${textOf(first)} and ${textOf(again)}`)
  if (first.outcome === "refused") {
    tally.refused += 1
    return
  }
  tally.held += 1
  if (fate === 0) return
  const ended = fate === 1 ? await client.cancelOrder({ order, reason: "cancelled" }) : await client.confirmOrder({ order })
  if (!isDecided(ended) || ended.outcome !== "accepted") tally.broken.push(`${order} was held, and then heard ${textOf(ended)}`)
  else if (fate > 1) note(tally, skus)
}

/** Kills the workers in turn, and starts each again, until it is told to stop. Resolves with how many were killed. */
const killInTurn = async (rig: Rig, everyMs: number, isOver: () => boolean): Promise<number> => {
  let kills = 0
  let nextMs = performance.now() + everyMs
  while (!isOver()) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (performance.now() < nextMs) continue
    nextMs += everyMs
    const victim = rig.workers[kills % rig.workers.length]
    if (victim === undefined) continue
    victim.signal("SIGKILL")
    await until(`${victim.name} has ended`, () => !victim.isRunning())
    kills += 1
    await rig.startWorker(victim.name)
  }
  return kills
}

/** What each SKU has reserved, by its own word. */
const reservedOf = async (client: SenderClient, skus: ReadonlyArray<string>): Promise<ReadonlyMap<string, number>> => {
  const reserved = new Map<string, number>()
  for (const sku of skus) {
    const stock = await client.stock(sku)
    const qty = stock.answer === "stock" ? stock.locations.reduce((sum, at) => sum + at.reserved, 0) : -1
    reserved.set(sku, qty)
  }
  return reserved
}

const atRest = (reserved: ReadonlyMap<string, number>, tally: Tally): boolean =>
  [...reserved].every(([sku, qty]) => qty === (tally.confirmed.get(sku) ?? 0))

const openClients = async (rig: Rig, count: number): Promise<ReadonlyArray<SenderClient>> => {
  const clients: Array<SenderClient> = []
  for (let place = 0; place < count; place++) clients.push(await rig.open(channelNames[place % channelNames.length] ?? "web"))
  return clients
}

const share = (sorted: ReadonlyArray<number>, of: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * of)] ?? 0)

const playRounds = async (rig: Rig, options: OrderRushOptions, skus: ReadonlyArray<string>, tally: Tally, say: Say): Promise<void> => {
  const clients = await openClients(rig, options.clients)
  const dock = await rig.open("dock")
  say(`${options.clients} clients of ${channelNames.length} channels are connected, each by itself`)
  const chance = prngFromSeed(1)
  for (let round = 1; round <= options.rounds; round++) {
    const orders = clients.map((client, place) => {
      const drawn = [...skus].sort(() => chance.below(3) - 1).slice(0, lines)
      const other = clients[(place + channelNames.length) % clients.length] ?? client
      return playOrder(tally, client, other, `o-${round}-${place}`, drawn, chance.below(4))
    })
    const stocked = skus.map((sku) => dock.receiveStock({ sku, location, qty: options.units }))
    await Promise.all([...orders, ...stocked])
    if (round % 20 === 0 || round === options.rounds)
      say(`round ${round}: ${counted(tally.held, "order")} held, ${tally.refused} refused, ${counted(tally.broken.length, "finding")}`)
  }
  await Promise.all([dock, ...clients].map((client) => client.close()))
}

/** Plays a rush on a rig that serves, and looks at what became of it once all is at rest. */
export const playOrderRush = async (rig: Rig, options: OrderRushOptions, say: Say): Promise<OrderRushReport> => {
  const skus = Array.from({ length: options.skus }, (_, place) => `rush-${place}`)
  const tally: Tally = { broken: [], waitedMs: [], held: 0, refused: 0, confirmed: new Map() }
  const [planner, asker] = await Promise.all([rig.open("planner"), rig.open("dock")])
  await putOnSale(planner, asker, skus, options.units)
  let over = false
  const killing = killInTurn(rig, options.killEveryMs, () => over)
  await playRounds(rig, options, skus, tally, say).finally(() => {
    over = true
  })
  const kills = await killing
  let reserved: ReadonlyMap<string, number> = new Map()
  const rested = await until("what is reserved is what confirmed orders have", async () => {
    reserved = await reservedOf(asker, skus)
    return atRest(reserved, tally)
  }).then(
    () => true,
    () => false,
  )
  if (!rested)
    for (const [sku, qty] of reserved)
      if (qty !== (tally.confirmed.get(sku) ?? 0))
        tally.broken.push(`${sku} has ${counted(qty, "unit")} reserved, and confirmed orders have ${tally.confirmed.get(sku) ?? 0}`)
  if (kills === 0 && options.rounds > 1) tally.broken.push("no worker was killed: the rush was over too soon to show anything")
  await Promise.all([planner, asker].map((client) => client.close()))
  for (const worker of rig.workers) await worker.stop()
  tally.broken.push(...brokenBy(await rig.judge()))
  const waited = tally.waitedMs.toSorted((a, b) => a - b)
  return {
    broken: tally.broken,
    orders: tally.waitedMs.length,
    held: tally.held,
    refused: tally.refused,
    confirmedQty: [...tally.confirmed.values()].reduce((sum, qty) => sum + qty, 0),
    kills,
    answeredMs: { median: share(waited, 0.5), p99: share(waited, 0.99), max: share(waited, 1) },
  }
}
