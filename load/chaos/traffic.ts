/**
 * Buyers and a warehouse that go on for as long as they are let: holds, payments, cancellations, shipments, retries under the same id, arrivals of stock.
 * They say what they were answered and judge nothing; stock is short on purpose, so that refusals are as common as acceptances.
 */
import type { AtsWatch, Command, CommandAnswer, SenderClient } from "../../src/channel.ts"
import { plainLine } from "../../src/domain/sku/policy.ts"
import { type Prng, prngFromSeed } from "../../src/workload/prng.ts"
import { channelNames, type Rig, until } from "./rig.ts"

export interface TrafficOptions {
  readonly seed: number
  /** SKUs: as many as let every partition have some. */
  readonly skus: number
  /** Buyers, each with one command under way. They are spread over the channels. */
  readonly buyers: number
  /** Milliseconds after which a client sends again what is not answered. Large: whatever the workers forget to say stays unanswered. */
  readonly retryMs: number
}

/** What was answered so far. */
export interface Answered {
  commands: number
  accepted: number
  refused: number
  /** Repeats that heard another decision than the first time. */
  contradictions: number
  /** Commands without an answer, or with one that is no decision. */
  readonly unanswered: Array<string>
  slowestMs: number
}

export interface Traffic {
  readonly skus: ReadonlyArray<string>
  readonly answered: Readonly<Answered>
  /** Commands sent and not answered. */
  readonly underWay: () => number
  /** Resolves when `count` more commands have been answered. */
  readonly more: (count: number) => Promise<void>
  /** Lets every buyer finish, and closes all connections. */
  readonly stop: () => Promise<void>
}

const location = "main"
const initialQty = 60
/** Milliseconds of a hold that is paid or cancelled, and of one that nobody pays: it expires while the traffic goes on. */
const holdMs = 600_000
const shortHoldMs = 1_500
/** Milliseconds that a buyer waits for an answer, deaths of workers and servers included. */
const answerPatienceMs = 40_000

const sameAnswer = (first: CommandAnswer, again: CommandAnswer): boolean =>
  first.outcome === again.outcome && (first.outcome !== "refused" || again.outcome !== "refused" || first.reason === again.reason)

/** Connections and what is shared by those who send. */
class Market {
  readonly answered: Answered = { commands: 0, accepted: 0, refused: 0, contradictions: 0, unanswered: [], slowestMs: 0 }
  readonly skus: ReadonlyArray<string>
  readonly dock: SenderClient
  underWay = 0
  closing = false
  #ids = 0

  constructor(skus: ReadonlyArray<string>, dock: SenderClient) {
    this.skus = skus
    this.dock = dock
  }

  id(): string {
    return `c${++this.#ids}`
  }

  /** Sends a command and counts how it was answered; undefined if it wasn't decided. */
  async send(channel: SenderClient, command: Command): Promise<CommandAnswer | undefined> {
    const startedMs = performance.now()
    this.underWay++
    const decision = await channel.send(command).catch((error: unknown) => error)
    this.underWay--
    const { answered } = this
    answered.commands++
    answered.slowestMs = Math.max(answered.slowestMs, performance.now() - startedMs)
    if (isDecision(decision)) {
      if (decision.outcome === "accepted") answered.accepted++
      else answered.refused++
      return decision
    }
    answered.unanswered.push(
      `${command.type} ${command.id} of ${command.sku}: ${decision instanceof Error ? String(decision) : JSON.stringify(decision)}`,
    )
    return undefined
  }

  /** As `send`, and once more under the same id through another client. */
  async sendTwice(channel: SenderClient, other: SenderClient, command: Command): Promise<CommandAnswer | undefined> {
    const [first, again] = await Promise.all([this.send(channel, command), this.send(other, command)])
    if (first !== undefined && again !== undefined && !sameAnswer(first, again)) this.answered.contradictions++
    return first
  }
}

const isDecision = (answer: unknown): answer is CommandAnswer =>
  typeof answer === "object" && answer !== null && "outcome" in answer && (answer.outcome === "accepted" || answer.outcome === "refused")

/** What a buyer does with units it holds and wants. */
const goOn = async (market: Market, channel: SenderClient, chance: Prng, sku: string, reservation: string): Promise<void> => {
  const drawn = chance.below(8)
  if (drawn < 2) {
    await market.send(channel, channel.command("Release", { id: market.id(), sku, reservation, reason: "cancelled" }))
    return
  }
  const confirmed = await market.send(channel, channel.command("Confirm", { id: market.id(), sku, reservation }))
  if (confirmed?.outcome !== "accepted" || drawn < 5) return
  const fulfil = market.dock.command("Fulfil", { id: market.id(), sku, channel: channel.sender, reservation, location })
  await market.send(market.dock, fulfil)
}

const buy = async (market: Market, channel: SenderClient, other: SenderClient, chance: Prng): Promise<void> => {
  while (!market.closing) {
    const sku = chance.pick(market.skus)
    const reservation = market.id()
    const isWanted = chance.chance(4, 5)
    const asked = channel.command("Reserve", {
      id: market.id(),
      sku,
      reservation,
      qty: chance.between(1, 3),
      holdMs: isWanted ? holdMs : shortHoldMs,
    })
    const held = chance.chance(1, 10) ? await market.sendTwice(channel, other, asked) : await market.send(channel, asked)
    if (isWanted && held?.outcome === "accepted") await goOn(market, channel, chance, sku, reservation)
  }
}

/** Stock arrives, one delivery after another: about as much as is sold, so that buyers meet both. */
const supply = async (market: Market, chance: Prng): Promise<void> => {
  while (!market.closing) {
    const sku = chance.pick(market.skus)
    await market.send(market.dock, market.dock.command("ReceiveStock", { id: market.id(), sku, location, qty: chance.between(1, 20) }))
  }
}

/** As the workers last counted them; rejects while one doesn't answer. */
const openHolds = async ({ workers }: Rig): Promise<number> => {
  const counts = await Promise.all(workers.filter(({ isRunning }) => isRunning()).map(({ metric }) => metric("holdfast_open_holds")))
  return counts.reduce((sum, count) => sum + count, 0)
}

/** Whether the feed has told the watch what the workers answer now. */
const hasHeardAll = async (channel: SenderClient, watch: AtsWatch): Promise<boolean> => {
  const present = channel.ats.subscribe({ onValue: () => undefined })
  await present.ready
  const values = [...present.all()]
  await present.close()
  return values.every(({ sku, ats }) => watch.current(sku)?.ats === ats)
}

/** Puts SKUs on sale in all channels, with so many units of each. Rejects if that is refused. */
export const putOnSale = async (planner: SenderClient, dock: SenderClient, skus: ReadonlyArray<string>, qty: number): Promise<void> => {
  const said = await Promise.all(
    skus.flatMap((sku) => [
      planner.setPolicy({
        sku,
        policy: { version: 1, channels: channelNames.map((name) => plainLine(name, 1)), safety: [], sourcing: [location] },
      }),
      dock.receiveStock({ sku, location, qty }),
    ]),
  )
  const refused = said.find(({ outcome }) => outcome !== "accepted")
  if (refused !== undefined) throw new Error(`stock and policies were not accepted: ${JSON.stringify(refused)}`)
}

/** Puts SKUs on sale and lets buyers and the warehouse begin. */
export const startTraffic = async (rig: Rig, options: TrafficOptions): Promise<Traffic> => {
  const clientOptions = { retryMs: options.retryMs, retryMsMax: options.retryMs, timeoutMs: answerPatienceMs }
  const [planner, dock] = await Promise.all([rig.open("planner"), rig.open("dock", clientOptions)])
  const pairs = await Promise.all(
    channelNames.map(async (name) => Promise.all([rig.open(name, clientOptions), rig.open(name, clientOptions)])),
  )
  const heard = pairs.map(([channel]) => ({
    channel,
    watch: channel.ats.subscribe({ onValue: (value) => rig.heardAts(channel.sender, value) }),
  }))
  const skus = Array.from({ length: options.skus }, (_, number) => `SKU-${number}`)
  await putOnSale(planner, dock, skus, initialQty)
  const market = new Market(skus, dock)
  const chance = prngFromSeed(options.seed)
  const loops = Array.from({ length: options.buyers }, (_, number) => {
    const [one, other] = pairs[number % pairs.length] ?? []
    if (one === undefined || other === undefined) throw new Error("there are channels")
    return buy(market, one, other, chance.stream(`buyer ${number}`))
  })
  loops.push(supply(market, chance.stream("supply")))
  return {
    skus,
    answered: market.answered,
    underWay: () => market.underWay,
    more: async (count) => {
      const enough = market.answered.commands + count
      await until(`${count} more commands are answered`, () => market.answered.commands >= enough)
    },
    stop: async () => {
      market.closing = true
      await Promise.all(loops)
      // Whoever was not answered may hold units that nobody will ever pay or give up: then that is what is wrong.
      if (market.answered.unanswered.length === 0) {
        await until("every hold that nobody pays has expired", async () => (await openHolds(rig)) === 0)
      }
      for (const { channel, watch } of heard) await until(`${channel.sender} has heard the present ATS`, () => hasHeardAll(channel, watch))
      await Promise.all([planner.close(), dock.close(), ...pairs.flat().map((channel) => channel.close())])
    },
  }
}
