/**
 * The way of a command about an order into the engine's account: to an ingress inside some worker, which writes the channel into it and hands it to whoever it believes to own its partition.
 *
 * Thinner than the ingresses of SKUs' commands (ingress.ts): it holds no queue, and measures no age. What it shares with them is what a sender and an owner see: any process may be the door, its word about the owner may be old,
 * and an attempt that nobody took is told `busy` or lost.
 */
import type { OrderKind, OrderTakenMessage } from "../../src/kinds/order/types.ts"
import { type Family, keyOf } from "../world/chance.ts"
import { EventKind, type World } from "../world/world.ts"
import type { Carrier } from "./carrier.ts"
import type { Observer } from "./observer.ts"
import type { OrderAttempt, OrderSender } from "./order-sender.ts"
import type { Worker } from "./worker.ts"

/** Milliseconds after which a sender whose attempt nobody took may come back. */
const retryAfterMs = 200

export interface OrderDoorSurroundings {
  readonly world: World
  readonly observer: Observer<OrderKind>
  readonly workers: ReadonlyArray<Worker>
  readonly senders: ReadonlyMap<string, OrderSender>
  readonly carrier: Carrier
  /** Which worker is chosen. */
  readonly chance: Family
  /** The number of the journal of an order's partition, and the text of its command. */
  readonly idOf: (attempt: OrderAttempt) => number
  readonly textOf: (attempt: OrderAttempt) => string
  readonly brokerMs: () => number
}

export class OrderDoor {
  readonly #around: OrderDoorSurroundings

  constructor(around: OrderDoorSurroundings) {
    this.#around = around
  }

  /** An attempt is at the servers. */
  enter(attempt: OrderAttempt): void {
    const { workers, chance, world } = this.#around
    const open = workers.filter(({ isUp, isCutOff }) => isUp && !isCutOff)
    const worker = open[chance.below(Math.max(1, open.length), keyOf("order door", attempt.key))]
    const backMs = worker?.link.back(attempt.key) ?? -1
    if (worker === undefined || backMs < 0) return
    const publishedMs = this.#around.brokerMs()
    world.in(backMs, EventKind.deliver, worker.host, () => this.#handOver(worker, attempt, publishedMs))
  }

  #handOver(worker: Worker, attempt: OrderAttempt, publishedMs: number): void {
    const { carrier, idOf } = this.#around
    const id = idOf(attempt)
    const owner = worker.desk.ownerOf(id)
    if (owner === null) return this.#busy(worker, attempt)
    const message = this.#messageOf(attempt, publishedMs)
    carrier.tell(worker, {
      what: `hand order ${attempt.suffix}`,
      id,
      owner,
      hear: (slot) => slot.handed(owner, [message]),
      unheard: () => this.#busy(worker, attempt),
    })
  }

  #messageOf(attempt: OrderAttempt, publishedMs: number): OrderTakenMessage {
    const text = this.#around.textOf(attempt)
    const { sender, suffix, command, book } = attempt
    return {
      sender,
      class: "sell",
      bulk: false,
      key: book,
      reply: suffix,
      publishedMs,
      trace: null,
      bytes: Buffer.byteLength(text),
      body: { _tag: "Commands", array: false, commands: [{ _tag: "Command", command, text }] },
    }
  }

  #busy(worker: Worker, { sender, suffix, key }: OrderAttempt): void {
    const { world, observer, senders } = this.#around
    const answer = { answer: "busy", retryAfterMs, why: "owner" } as const
    observer.doorSaid(worker.name, sender, suffix, answer)
    const thereMs = worker.link.there(key)
    if (thereMs >= 0) world.in(thereMs, EventKind.server, null, () => senders.get(sender)?.answerArrives(suffix, answer))
  }
}
