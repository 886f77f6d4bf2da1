/**
 * Orders and SKUs that exchange commands over a carrier which loses, doubles, reorders, and whose partitions crash: as docs/adr/0017-commands-between-actors.md has it, in a few lines and without an
 * engine. What a partition decides is journaled at once; what is under way is lost with a crash, and asked again. The actors are the real ones.
 */
import type { CommandId, EpochMs, SenderId, Sku } from "../../../src/domain/names.ts"
import { asSkuCommand, type LineCommand, outcomeOf } from "../../../src/domain/order/carried.ts"
import type { NoteLine } from "../../../src/domain/order/commands/note-line/command.ts"
import { lineNotice } from "../../../src/domain/order/commands/note-line/decide.ts"
import { decide as decideOrder, type OrderCommand } from "../../../src/domain/order/decide.ts"
import { answeredBy, carriedBy, type OrderEvent } from "../../../src/domain/order/events.ts"
import { evolve as evolveOrder } from "../../../src/domain/order/evolve.ts"
import type { OrderAnswer } from "../../../src/domain/order/fields.ts"
import type { OrderId } from "../../../src/domain/order/names.ts"
import type { Order } from "../../../src/domain/order/order.ts"
import { decideReturn } from "../../../src/domain/order/returns.ts"
import { decideDue, dueMsOf } from "../../../src/domain/order/timers.ts"
import type { StockCommand } from "../../../src/domain/sku/commands.ts"
import { decide as decideSku, expire } from "../../../src/domain/sku/decide.ts"
import type { Decision } from "../../../src/domain/sku/decision.ts"
import type { StockEvent } from "../../../src/domain/sku/events.ts"
import { evolve as evolveSku } from "../../../src/domain/sku/evolve.ts"
import { emptyStock, reservationsOf, type SkuStock } from "../../../src/domain/sku/stock.ts"
import { acceptedOutcome } from "../../../src/kinds/sku/outcomes.ts"
import { web } from "../given.ts"

/** Where a command that an order carries stands, until its decision is back. */
interface UnderWay {
  readonly order: OrderId
  readonly event: number
  readonly place: number
  readonly atMs: EpochMs
  readonly command: LineCommand
}

export interface SkuActor {
  readonly stock: SkuStock
  readonly memory: Map<string, Decision>
  /** What its orders have to be told and have not taken in. */
  readonly notices: Map<string, NoteLine>
  noticeCount: number
}

export interface OrderActor {
  order: Order | undefined
  /** Its journal: what it is folded from after a crash. */
  readonly events: Array<OrderEvent>
  readonly atMs: Array<EpochMs>
  readonly noted: Set<string>
  readonly answers: Array<OrderAnswer>
  underWay: Map<string, UnderWay>
}

export type Message =
  | { readonly to: "sku"; readonly order: OrderId; readonly id: string; readonly underWay: UnderWay }
  | { readonly to: "order"; readonly order: OrderId; readonly id: string; readonly underWay: UnderWay; readonly decision: Decision }
  | { readonly to: "notes"; readonly order: OrderId; readonly id: string; readonly note: NoteLine }
  | { readonly to: "noted"; readonly order: OrderId; readonly id: string; readonly sku: Sku }

export class Carrier {
  nowMs: EpochMs = 1_000_000
  readonly skus = new Map<Sku, SkuActor>()
  readonly orders = new Map<OrderId, OrderActor>()
  readonly messages: Array<Message> = []

  stock(sku: Sku, events: ReadonlyArray<StockEvent>): void {
    const stock = emptyStock(sku)
    for (const event of events) evolveSku(stock, event)
    this.skus.set(sku, { stock, memory: new Map(), notices: new Map(), noticeCount: 0 })
  }

  orderActor(id: OrderId): OrderActor {
    const known = this.orders.get(id)
    if (known !== undefined) return known
    const actor: OrderActor = { order: undefined, events: [], atMs: [], noted: new Set(), answers: [], underWay: new Map() }
    this.orders.set(id, actor)
    return actor
  }

  /** What a SKU decides: its holds that are over first, as its owner does. Whoever isn't the order itself makes a notice of what the order has to know. */
  askSku(sku: Sku, command: StockCommand, sender: SenderId, isCarried: boolean): Decision {
    const actor = this.skus.get(sku)
    this.expireHolds(sku)
    const decision = decideSku(actor?.stock, command, sender, this.nowMs)
    if (decision._tag === "Accepted") for (const event of decision.events) this.#applySku(sku, event, !isCarried)
    return decision
  }

  expireHolds(sku: Sku): void {
    const actor = this.skus.get(sku)
    for (const reservation of actor === undefined ? [] : reservationsOf(actor.stock))
      if (reservation.status === "held" && reservation.expiresAtMs <= this.nowMs) this.#applySku(sku, expire(reservation), true)
  }

  #applySku(sku: Sku, event: StockEvent, tells: boolean): void {
    const actor = this.skus.get(sku)
    if (actor === undefined) return
    evolveSku(actor.stock, event)
    const notice = tells ? lineNotice(event) : undefined
    if (notice === undefined) return
    const id = `${sku}/${actor.noticeCount++}` as CommandId
    actor.notices.set(id, { type: "NoteLine", id, issuedAtMs: this.nowMs, sku, ...notice })
  }

  /** A channel's command about an order. Undefined: it is told to come back. */
  askOrder(command: OrderCommand): "refused" | "decided" | undefined {
    const actor = this.orderActor(command.order)
    const decision = decideOrder(actor.order, command, web, this.nowMs)
    if (decision._tag === "Later") return undefined
    if (decision._tag === "Refused") return "refused"
    this.#applyOrder(command.order, decision.events)
    return "decided"
  }

  #applyOrder(id: OrderId, events: ReadonlyArray<OrderEvent>): void {
    const actor = this.orderActor(id)
    for (const event of events) {
      actor.order = evolveOrder(actor.order, event)
      actor.events.push(event)
      actor.atMs.push(this.nowMs)
      const answer = answeredBy(event)
      if (answer !== undefined) actor.answers.push(answer)
      this.#carry(id, actor, event, actor.events.length, this.nowMs)
    }
  }

  #carry(id: OrderId, actor: OrderActor, event: OrderEvent, count: number, atMs: EpochMs): void {
    for (const [place, command] of carriedBy(event).entries())
      actor.underWay.set(`${id}/${count}/${place}`, { order: id, event: count, place, atMs, command })
  }

  /** What is due by now happens. */
  tick(ms: number): void {
    this.nowMs += ms
    for (const [id, { order }] of this.orders) {
      const dueMs = order === undefined ? undefined : dueMsOf(order)
      if (order !== undefined && dueMs !== undefined && dueMs <= this.nowMs) this.#applyOrder(id, decideDue(order, this.nowMs))
    }
    for (const sku of this.skus.keys()) this.expireHolds(sku)
  }

  /** Sends all that is owed, again if it was sent before. */
  send(of?: OrderId): void {
    for (const [order, { underWay }] of this.orders)
      if (of === undefined || of === order) for (const [id, one] of underWay) this.messages.push({ to: "sku", order, id, underWay: one })
    for (const { notices } of this.skus.values())
      for (const [id, note] of notices)
        if (of === undefined || of === note.order) this.messages.push({ to: "notes", order: note.order, id, note })
  }

  /** A message arrives. What was decided before is told again. */
  deliver(message: Message): void {
    switch (message.to) {
      case "sku":
        return this.#toSku(message)
      case "order":
        return this.#toOrder(message)
      case "notes": {
        const actor = this.orderActor(message.order)
        const decision = actor.noted.has(message.id) ? undefined : decideOrder(actor.order, message.note, web, this.nowMs)
        actor.noted.add(message.id)
        if (decision?._tag === "Accepted") this.#applyOrder(message.order, decision.events)
        this.messages.push({ to: "noted", order: message.order, id: message.id, sku: message.note.sku })
        return
      }
      case "noted":
        this.skus.get(message.sku)?.notices.delete(message.id)
    }
  }

  #toSku({ order, id, underWay }: Extract<Message, { readonly to: "sku" }>): void {
    const { sku } = underWay.command
    const memory = this.skus.get(sku)?.memory
    const known = memory?.get(id)
    const asked = { ...asSkuCommand(order, underWay.command), id: id as CommandId, issuedAtMs: underWay.atMs }
    const decision = known ?? this.askSku(sku, asked, web, true)
    memory?.set(id, decision)
    this.messages.push({ to: "order", order, id, underWay, decision })
  }

  #toOrder({ order: id, id: carried, underWay, decision }: Extract<Message, { readonly to: "order" }>): void {
    const actor = this.orderActor(id)
    // The order itself knows what it waits for: nothing here keeps a decision that comes back twice from it.
    if (actor.order === undefined) return
    const { event, command } = underWay
    const answer = decision._tag === "Accepted" ? acceptedOutcome(decision.events) : { outcome: "refused", ...decision.refusal }
    const outcome = outcomeOf(command.type, { ...answer })
    this.#applyOrder(id, decideReturn(actor.order, { sku: command.sku, event, outcome }, this.nowMs))
    actor.underWay.delete(carried)
  }

  /** Every owner dies, and all that was under way with it. Their successors fold what is journaled, and find there what is still owed. */
  crash(): void {
    this.messages.length = 0
    for (const [id, actor] of this.orders) {
      const owed = new Set(actor.underWay.keys())
      actor.underWay = new Map()
      actor.order = undefined
      actor.events.forEach((event, at) => {
        actor.order = evolveOrder(actor.order, event)
        this.#carry(id, actor, event, at + 1, actor.atMs[at] as EpochMs)
      })
      // What came back is journaled, too: here as what is no longer owed.
      for (const carried of actor.underWay.keys()) if (!owed.has(carried)) actor.underWay.delete(carried)
    }
  }

  /** Sends and delivers until nothing is owed. */
  untilRest(): void {
    for (let round = 0; round < 100; round++) {
      this.messages.length = 0
      this.send()
      if (this.messages.length === 0) return
      for (let message = this.messages.shift(); message !== undefined; message = this.messages.shift()) this.deliver(message)
    }
    throw new Error("something is owed for ever")
  }
}
