/** Plays orders against a simulated cluster: places each when it is planned, and lets happen to it what is to happen, whatever came of what happened before. */
import { unreachable } from "../../src/assert.ts"
import type { CommandId, ReservationId, SenderId } from "../../src/domain/names.ts"
import type { OrderCommand } from "../../src/domain/order/decide.ts"
import { type OrderId, orderReservation } from "../../src/domain/order/names.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import type { OrderHeardDecision } from "../../src/kinds/order/types.ts"
import { sendOf } from "../../src/workload/flows.ts"
import type { Cluster } from "../cluster.ts"
import type { Kept } from "../world/chance.ts"
import { EventKind } from "../world/world.ts"
import type { OrderStep, PlannedOrder } from "./orders.ts"

type Place = Extract<OrderCommand, { readonly type: "PlaceOrder" }>

export class OrderPlayer {
  readonly #cluster: Cluster
  /** Numbers of the orders that are placed; null: all of them. */
  readonly #kept: ReadonlySet<number> | null
  readonly played: Array<number> = []
  /** What is planned or not answered yet. */
  open = 0
  commands = 0

  constructor(cluster: Cluster, kept: Kept) {
    this.#cluster = cluster
    this.#kept = kept?.orders === undefined ? null : new Set(kept.orders)
  }

  start(orders: ReadonlyArray<PlannedOrder>): void {
    for (const [number, planned] of orders.entries()) {
      if (this.#kept?.has(number) === false) continue
      this.played.push(number)
      this.#later(planned.atMs, () => this.#place(planned))
    }
  }

  #later(afterMs: number, run: () => void): void {
    this.open++
    this.#cluster.world.in(Math.max(0, afterMs), EventKind.send, null, () => {
      this.open--
      run()
    })
  }

  #place(planned: PlannedOrder): void {
    const { id, order, channel, fill, holdMs, lines, deadlineMs, copies, steps } = planned
    const command: Place = {
      type: "PlaceOrder",
      id,
      channel,
      order,
      issuedAtMs: this.#cluster.world.nowMs,
      fill,
      holdMs,
      lines,
      ...(deadlineMs === null ? {} : { deadlineMs }),
    }
    this.#ask(command, copies, (said) => {
      if (said.outcome !== "accepted") return
      for (const [at, step] of steps.entries()) if (!step.isEarly) this.#later(step.afterMs, () => this.#happen(command, step, at))
    })
    for (const [at, step] of steps.entries()) if (step.isEarly) this.#later(step.afterMs, () => this.#happen(command, step, at))
  }

  #ask(command: OrderCommand, copies: number, answered: (said: OrderHeardDecision) => void = () => undefined): void {
    const sender = this.#cluster.orderSenders.get(command.channel)
    if (sender === undefined) return
    this.commands++
    this.open++
    sender.send(command, copies, (said) => {
      this.open--
      answered(said)
    })
  }

  #tell(actor: SenderId, command: Command): void {
    const { world, senders } = this.#cluster
    const sender = senders.get(actor)
    if (sender === undefined) return
    this.commands++
    this.open++
    sender.send(sendOf({ atMs: world.nowMs, order: 0 }, actor, command), command, () => {
      this.open--
    })
  }

  #happen(place: Place, step: OrderStep, at: number): void {
    const { channel, order } = place
    const named = (type: string) => `${type}.${order}.${at}` as CommandId
    const issuedAtMs = this.#cluster.world.nowMs
    switch (step.what) {
      case "confirm":
        return this.#ask({ type: "ConfirmOrder", id: named("confirm"), channel, order, issuedAtMs }, 1 + (at % 2))
      case "cancel":
        return this.#ask({ type: "CancelOrder", id: named("cancel"), channel, order, issuedAtMs, reason: "cancelled" }, 1)
      case "cancel-line": {
        const sku = place.lines[step.line]?.sku ?? place.lines[0]?.sku
        if (sku === undefined) return
        const lines = step.location === "DC1" ? [{ sku }] : [{ sku, qty: step.qty }]
        return this.#ask({ type: "CancelOrder", id: named("cancel"), channel, order, issuedAtMs, reason: "cancelled", lines }, 1)
      }
      case "again":
        return this.#ask(place, 1)
      case "place-again":
        return this.#ask({ ...place, id: named("place"), issuedAtMs }, 1)
      case "other-content":
        return this.#ask({ ...place, holdMs: place.holdMs + 1 }, 1)
      case "other-order":
        return this.#ask({ type: "ConfirmOrder", id: named("confirm"), channel, order: `${order}-x` as OrderId, issuedAtMs }, 1)
      case "ship":
      case "release-line":
      case "till":
        return this.#happenAtSku(place, step, at)
      default:
        return unreachable(step.what)
    }
  }

  /** What its SKU is told of a line: shipped, given up by its channel, or sold at a till. */
  #happenAtSku(place: Place, { what, line, qty, location }: OrderStep, at: number): void {
    const { channel, order } = place
    const sku = place.lines[line]?.sku
    if (sku === undefined) return
    const reservation: ReservationId = orderReservation(order)
    const base = { id: `${what}.${order}.${at}` as CommandId, sku, issuedAtMs: this.#cluster.world.nowMs, reservation }
    if (what === "ship") return this.#tell("warehouse" as SenderId, { type: "Fulfil", ...base, channel, location, qty })
    if (what === "till") return this.#tell(channel, { type: "RecordSale", ...base, mode: "taken", location, qty })
    return this.#tell(channel, { type: "Release", ...base, reason: "cancelled", ...(qty === 1 ? { qty } : {}) })
  }
}
