/**
 * An operator who settles commands about orders that lie in quarantine: has them decided again, once more where they still can't be, or drops them. Sometimes two of them settle the same at once, each in their own way, and
 * sometimes one names another's order. What a SKU told an order is never dropped: it happened, and its order has to know.
 */
import type { CommandId, SenderId } from "../../src/domain/names.ts"
import type { SettlingOrderCommand } from "../../src/domain/order/decide.ts"
import type { OrderId } from "../../src/domain/order/names.ts"
import type { QuarantinedCommand } from "../../src/engine/partition.ts"
import { quarantineView } from "../../src/engine/views.ts"
import type { OrderHeardDecision, OrderKind } from "../../src/kinds/order/types.ts"
import type { Cluster } from "../cluster.ts"
import { type Details, keyOf } from "../world/chance.ts"
import { EventKind } from "../world/world.ts"
import { lookMs } from "./operator.ts"

const ops = "ops" as SenderId
/** How often a command that still can't be decided is tried before it is dropped, while faults last. */
const triesMax = 3

/** A command in quarantine, how often something was said of it, each time under an id of its own, and how much of that is not answered. */
interface Found {
  readonly waiting: QuarantinedCommand<OrderKind>
  sayings: number
  tries: number
  open: number
}

type Settling = SettlingOrderCommand["type"]

export class OrderOperator {
  readonly #cluster: Cluster
  readonly #found = new Map<string, Found>()
  #isHealed = false

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    if (cluster.hasOrders) this.#look()
  }

  /** Faults have ended: whatever waits can be decided, and is not given up any more. */
  heal(): void {
    this.#isHealed = true
  }

  /** Lists quarantine from time to time. */
  #look(): void {
    const { world, workers, drawn } = this.#cluster
    world.in(Math.max(lookMs, drawn.faultEveryMs), EventKind.operator, null, () => {
      for (const { orderSlots } of workers)
        for (const { partition, isServing, id } of orderSlots)
          if (isServing && partition !== null) for (const waiting of quarantineView(partition)) this.#lookAt(id, waiting)
      this.#look()
    })
  }

  #lookAt(journal: number, waiting: QuarantinedCommand<OrderKind>): void {
    const key = `${journal} ${waiting.id} ${waiting.command.id}`
    const found = this.#found.get(key) ?? { waiting, sayings: 0, tries: 0, open: 0 }
    this.#found.set(key, found)
    // What is listed all the same once everything said of it is answered, an owner lists that is none any more; it is settled again, for all that an operator knows.
    if (found.open > 0) return
    const chosen = this.#cluster.chance.family("undecidable-orders").details(keyOf("operator", key))
    this.#later(found, () => this.#choose(found, chosen))
  }

  /** The first few are what a careful operator does. Where no faults are any more all numbers are 0. */
  #choose(found: Found, chosen: Details): void {
    const isTold = found.waiting.command.type === "NoteLine"
    const way = chosen.below(10)
    if (way >= 8) this.#say(found, "ReplayOrderCommand", `${found.waiting.command.order}-x` as OrderId)
    if (way >= 7) this.#replay(found)
    if (way < 5 || isTold) this.#replay(found)
    else if (way < 7) this.#drop(found)
    // Two at once: the other one's comes second, and finds nothing.
    else if (chosen.below(2) === 0) this.#drop(found)
    else this.#replay(found)
  }

  #replay(found: Found): void {
    found.tries++
    this.#say(found, "ReplayOrderCommand", found.waiting.command.order, (said) => {
      if (said.outcome === "refused" && said.reason === "StillUndecidable") this.#later(found, () => this.#again(found))
    })
  }

  #again(found: Found): void {
    if (this.#isHealed || found.waiting.command.type === "NoteLine" || found.tries < triesMax) this.#replay(found)
    else this.#drop(found)
  }

  #drop(found: Found): void {
    this.#say(found, "DropOrderCommand", found.waiting.command.order)
  }

  #later(found: Found, run: () => void): void {
    found.open++
    this.#cluster.world.in(lookMs, EventKind.operator, null, () => {
      found.open--
      run()
    })
  }

  /** An order that came too late is given again as a new one: nothing was done. */
  #say(found: Found, type: Settling, order: OrderId, answered: (said: OrderHeardDecision) => void = () => undefined): void {
    const { id: quarantined, command } = found.waiting
    const { channel } = command
    const word = type === "ReplayOrderCommand" ? "replay" : "drop"
    const id = `${word}.${channel}.${command.order}.${quarantined}.${++found.sayings}` as CommandId
    const base = { id, channel, order, issuedAtMs: this.#cluster.world.nowMs, quarantined }
    const sent: SettlingOrderCommand = type === "ReplayOrderCommand" ? { type, ...base } : { type, ...base, reason: "undecidable" }
    found.open++
    this.#cluster.orderSenders.get(ops)?.send(sent, 1, (said) => {
      found.open--
      if (said.outcome === "refused" && said.reason === "TooOld") this.#say(found, type, order, answered)
      else answered(said)
    })
  }
}
