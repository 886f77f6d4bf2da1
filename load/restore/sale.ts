/**
 * Channels that sell until the servers are gone, and keep what they sent and heard: single reservations with their payments, orders of several lines, goods that come in. Afterwards they ask again for all of it,
 * under the same ids.
 */
import type { Command, CommandAnswer, OrderAnswer, OrderRequest, SenderClient } from "../../src/channel.ts"
import { plainLine } from "../../src/domain/sku/policy.ts"
import { type Prng, prngFromSeed } from "../../src/workload/prng.ts"
import type { Stage } from "../stage/stage.ts"

const location = "DC1"
const holdMs = 600_000
/** Units of each SKU at the beginning: few, so that buyers meet refusals too. */
const units = 60
/** Milliseconds that a channel waits for an answer: short, for the servers go and don't come back. */
const patienceMs = 4_000
/** How many commands are asked for again at once. */
const againAtOnce = 64

/** What was sent, and the decision that was heard of it; null: none was. */
export interface Said {
  readonly sender: string
  readonly id: string
  readonly type: string
  /** Where it is decided: a SKU, or an order. */
  readonly about: string
  readonly again: (options?: { readonly timeoutMs: number }) => Promise<string | null>
  heard: string | null
}

/** What can be compared of an answer: its decision. Null: it is none. */
const decisionOf = (answer: CommandAnswer | OrderAnswer): string | null => {
  if (!("outcome" in answer) || (answer.outcome !== "accepted" && answer.outcome !== "refused")) return null
  const { repeated: _, ...decision } = answer as { readonly repeated?: unknown }
  return JSON.stringify(decision)
}

const isAccepted = (decision: string | null): boolean => decision?.includes('"outcome":"accepted"') === true

export interface SaleOptions {
  readonly seed: number
  readonly buyers: number
  readonly skus: number
}

/** A sale that goes on until it is told to end. */
export class Sale {
  readonly said: Array<Said> = []
  readonly #clients: ReadonlyMap<string, SenderClient>
  readonly #skus: ReadonlyArray<string>
  #loops: ReadonlyArray<Promise<void>> = []
  #isOver = false
  #made = 0

  private constructor(clients: ReadonlyMap<string, SenderClient>, skus: ReadonlyArray<string>) {
    this.#clients = clients
    this.#skus = skus
  }

  /** Puts everything on sale, and lets buyers and the warehouse begin. */
  static async begin(stage: Stage, options: SaleOptions): Promise<Sale> {
    const clients = new Map<string, SenderClient>()
    const pace = { retryMs: 500, retryMsMax: 1_000, timeoutMs: patienceMs }
    for (const name of [...channels, "dock", "planner"]) clients.set(name, await stage.open(name, pace))
    const sale = new Sale(
      clients,
      Array.from({ length: options.skus }, (_, number) => `SKU-${number}`),
    )
    await sale.#putOnSale()
    const chance = prngFromSeed(options.seed)
    sale.#loops = Array.from({ length: options.buyers }, (_, number) =>
      sale.#buy(channels[number % channels.length] ?? "web", chance.stream(`buyer ${number}`)),
    )
    return sale
  }

  get decided(): number {
    return this.said.filter(({ heard }) => heard !== null).length
  }

  /** Lets everybody end. What is under way is answered, or is given up. */
  async end(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#loops)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()))
  }

  /** Has all that was sent asked for again, in its order. What comes of each, in the same order. */
  async askAgain(): Promise<ReadonlyArray<string | null>> {
    const answers: Array<string | null> = this.said.map(() => null)
    let next = 0
    const work = async (): Promise<void> => {
      while (next < this.said.length) {
        const index = next++
        answers[index] = (await this.said[index]?.again({ timeoutMs: 10 * patienceMs })) ?? null
      }
    }
    await Promise.all(Array.from({ length: againAtOnce }, work))
    return answers
  }

  #client(name: string): SenderClient {
    const client = this.#clients.get(name)
    if (client === undefined) throw new Error(`there is no ${name}`)
    return client
  }

  async #say(sender: string, command: Command | OrderRequest): Promise<string | null> {
    const client = this.#client(sender)
    const again: Said["again"] = async (options) => {
      const asked =
        "order" in command && !("sku" in command)
          ? client.sendOrder(command as OrderRequest, options)
          : client.send(command as Command, options)
      return asked.then(decisionOf, () => null)
    }
    const about = "sku" in command ? command.sku : command.order
    const said: Said = { sender, id: command.id, type: command.type, about, again, heard: null }
    this.said.push(said)
    said.heard = await again()
    return said.heard
  }

  async #putOnSale(): Promise<void> {
    const lines = channels.map((name) => plainLine(name, 1))
    const policy = { version: 1, channels: lines, safety: [], sourcing: [location] }
    const heard = await Promise.all(
      this.#skus.flatMap((sku) => [
        this.#say("planner", this.#client("planner").command("SetPolicy", { sku, policy })),
        this.#say("dock", this.#client("dock").command("ReceiveStock", { sku, location, qty: units })),
      ]),
    )
    if (!heard.every(isAccepted)) throw new Error("stock and policies were not accepted")
  }

  async #buy(name: string, chance: Prng): Promise<void> {
    while (!this.#isOver) {
      const drawn = chance.below(10)
      if (drawn === 0) await this.#supply(chance)
      else if (drawn < 4) await this.#order(name, chance)
      else await this.#reserve(name, chance)
    }
  }

  async #supply(chance: Prng): Promise<void> {
    const command = { sku: chance.pick(this.#skus), location, qty: chance.between(1, 6) }
    await this.#say("dock", this.#client("dock").command("ReceiveStock", command))
  }

  async #reserve(name: string, chance: Prng): Promise<void> {
    const client = this.#client(name)
    const sku = chance.pick(this.#skus)
    const reservation = `r${this.#made++}`
    const held = await this.#say(name, client.command("Reserve", { sku, reservation, qty: chance.between(1, 3), holdMs }))
    if (!isAccepted(held)) return
    if (chance.chance(1, 5)) await this.#say(name, client.command("Release", { sku, reservation, reason: "cancelled" }))
    else await this.#say(name, client.command("Confirm", { sku, reservation }))
  }

  async #order(name: string, chance: Prng): Promise<void> {
    const client = this.#client(name)
    const order = `o${this.#made++}`
    const first = chance.below(this.#skus.length)
    const lines = Array.from({ length: 3 }, (_, line) => ({ sku: this.#skus[(first + line) % this.#skus.length] ?? "", qty: 1 }))
    const held = await this.#say(name, client.orderCommand("PlaceOrder", { order, fill: "whole", holdMs, lines }))
    if (!isAccepted(held)) return
    if (chance.chance(1, 5)) await this.#say(name, client.orderCommand("CancelOrder", { order, reason: "cancelled" }))
    else await this.#say(name, client.orderCommand("ConfirmOrder", { order }))
  }
}

/** Who sells. */
export const channels = ["web", "shop"] as const
/** Everybody of the sale, as HOLDFAST_SENDERS names them. */
export const senders = "web=channel,shop=channel,dock=warehouse,planner=merchandiser"
