/**
 * Journals of orders and of SKUs that belong to one another, made by hand: the real actors decide, and what a partition would journal of it is written down here, in one partition of each kind.
 *
 * What happened is kept as records until it is sealed, so that a test can change what was journaled and still have sound chains.
 */
import { type Audit, type AuditReport, createAudit, type FinishOptions } from "../../src/audit/audit.ts"
import type { CommandClass, CommandId, LocationId, OrderBookKey, SenderId, Sku } from "../../src/domain/names.ts"
import { asSkuCommand, outcomeOf } from "../../src/domain/order/carried.ts"
import type { NoteLine } from "../../src/domain/order/commands/note-line/command.ts"
import { lineNotice } from "../../src/domain/order/commands/note-line/decide.ts"
import { decide as decideOrder, type OrderCommand } from "../../src/domain/order/decide.ts"
import { answeredBy, type BookEvent, carriedBy, type OrderEvent } from "../../src/domain/order/events.ts"
import { evolve as evolveOrder } from "../../src/domain/order/evolve.ts"
import { type OrderId, orderBook } from "../../src/domain/order/names.ts"
import type { Order } from "../../src/domain/order/order.ts"
import { decideReturn } from "../../src/domain/order/returns.ts"
import { decideDue } from "../../src/domain/order/timers.ts"
import type { StockCommand } from "../../src/domain/sku/commands.ts"
import { decide as decideSku, expire } from "../../src/domain/sku/decide.ts"
import type { StockEvent } from "../../src/domain/sku/events.ts"
import { evolve as evolveSku } from "../../src/domain/sku/evolve.ts"
import { emptyStock, reservationsOf, type SkuStock } from "../../src/domain/sku/stock.ts"
import {
  type Entry,
  type RecordEnvelope,
  type RecordKind,
  type ReturnedOutcome,
  recordVersion,
  type StoredRecord,
} from "../../src/engine/records.ts"
import type { OrderAnsweredEntry, OrderEntry, OrderJournaledDecision, OrderKind } from "../../src/kinds/order/types.ts"
import { skuKind } from "../../src/kinds/sku/kind.ts"
import type { SkuEntry, SkuJournaledDecision } from "../../src/kinds/sku/types.ts"
import { codec, seal, startMs } from "./journal-builder.ts"

export const web = "web" as SenderId
export const depot = "depot" as SenderId
export const ops = "ops" as SenderId
export const shop = "shop" as LocationId
export const mug = "mug" as Sku
export const pot = "pot" as Sku
const ordersName = "@order.0" as SenderId
const skusName = "@sku.0" as SenderId

interface UnderWay {
  readonly id: CommandId
  readonly atMs: number
  readonly order: OrderId
  readonly n: number
  readonly command: ReturnType<typeof carriedBy>[number]
}

/** Records of one partition, before they are sealed. */
class Log<E extends Entry> {
  readonly records: Array<RecordEnvelope & { readonly entries: ReadonlyArray<E> }> = []
  readonly owner: string

  constructor(owner: string, atMs: number) {
    this.owner = owner
    this.push("genesis", atMs, [])
    this.push("claim", atMs, [])
  }

  get nextSeq(): number {
    return this.records.length + 1
  }

  push(kind: RecordKind, atMs: number, entries: ReadonlyArray<E>): void {
    this.records.push({
      version: recordVersion,
      kind,
      partition: 0,
      incarnation: this.owner,
      owner: this.owner,
      epoch: kind === "genesis" ? 0 : 1,
      cursor: { stream: "stored", seq: 0, digest: "" },
      atMs,
      prevSeq: 0,
      prevHash: "",
      publishedSeq: Math.max(0, this.records.length - 1),
      entries,
    })
  }
}

export class OrderRig {
  nowMs = startMs
  readonly orderLog = new Log<OrderEntry>("orders", startMs)
  readonly skuLog = new Log<SkuEntry>("skus", startMs)
  readonly #stocks = new Map<Sku, SkuStock>()
  readonly #orders = new Map<string, Order>()
  readonly underWay = new Map<CommandId, UnderWay>()
  readonly notes = new Map<CommandId, NoteLine>()
  readonly #asked = new Map<string, { readonly command: OrderCommand; readonly replies: Array<string> }>()
  #replies = 0

  order(id: string): Order | undefined {
    return this.#orders.get(id)
  }

  /** A SKU gets its policy and so many units. */
  stock(sku: Sku, qty: number): this {
    const channels = [{ channel: web, priority: 0, bufferQty: 0, bufferPercent: 0, floorQty: 0, fenceQty: 0 }]
    const policy = { channels, safety: [], sourcing: [] }
    this.ask(ops, "policy", { type: "SetPolicy", id: `policy-${sku}` as CommandId, sku, issuedAtMs: this.nowMs, policy })
    const id = `goods-${sku}` as CommandId
    return this.ask(depot, "stock", { type: "ReceiveStock", id, sku, issuedAtMs: this.nowMs, location: shop, qty })
  }

  /** A sender's command about a SKU. */
  ask(sender: SenderId, commandClass: CommandClass, command: StockCommand): this {
    const decision = this.#decideSku(command, sender)
    this.#skuRecord([this.#skuMessage(sender, commandClass, command, decision)], true)
    return this
  }

  #skuMessage(sender: SenderId, commandClass: CommandClass, command: StockCommand, decision: SkuJournaledDecision): SkuEntry {
    const { nowMs: brokerMs } = this
    return {
      _tag: "Message",
      seq: null,
      sender,
      class: commandClass,
      bulk: false,
      brokerMs,
      reply: null,
      array: false,
      decided: [{ command, named: null, decision }],
    }
  }

  #decideSku(command: StockCommand, sender: SenderId): SkuJournaledDecision {
    const decision = decideSku(this.#stocks.get(command.sku), command, sender, this.nowMs)
    if (decision._tag === "Refused") return decision
    const stock = this.#stocks.get(command.sku) ?? emptyStock(command.sku)
    this.#stocks.set(command.sku, stock)
    for (const event of decision.events) evolveSku(stock, event)
    return { _tag: "Accepted", events: decision.events }
  }

  /** Journals a record of SKUs; `tells`: its events are not what an order asked for. */
  #skuRecord(entries: ReadonlyArray<SkuEntry>, tells: boolean): void {
    const seq = this.skuLog.nextSeq
    let n = 0
    for (const entry of tells ? entries : []) {
      for (const [sku, event] of eventsOf(entry)) {
        const notice = lineNotice(event)
        if (notice === undefined) continue
        const id = `skus/${seq}/${n++}` as CommandId
        this.notes.set(id, { type: "NoteLine", id, issuedAtMs: this.nowMs, sku, ...notice })
      }
    }
    this.skuLog.push(entries.some(({ _tag }) => _tag === "Message") ? "batch" : "expiry", this.nowMs, entries)
  }

  /** Time passes, and SKUs' own timers end what is over. */
  wait(ms: number): this {
    this.nowMs += ms
    for (const [sku, stock] of this.#stocks) {
      const events = reservationsOf(stock)
        .filter(({ status, expiresAtMs }) => status === "held" && expiresAtMs <= this.nowMs)
        .map(expire)
      if (events.length === 0) continue
      for (const event of events) evolveSku(stock, event)
      this.#skuRecord([{ _tag: "Expiry", key: sku, events }], true)
    }
    return this
  }

  /** What is due of an order. */
  due(id: string): this {
    const order = this.#orders.get(id)
    if (order === undefined) throw new Error(`no order ${id}`)
    const events = this.#apply(id as OrderId, decideDue(order, this.nowMs))
    this.#orderRecord({ _tag: "Expiry", key: bookOf(id), events }, events)
    return this
  }

  /** A channel's command about an order. */
  tell(command: OrderCommand): this {
    const reply = `r${++this.#replies}`
    const asked = this.#asked.get(command.id)
    if (asked !== undefined) asked.replies.push(reply)
    const found =
      asked === undefined ? decideOrder(this.#orders.get(command.order), command, web, this.nowMs) : { _tag: "Pending" as const }
    if (found._tag === "Later") return this
    if (found._tag === "Begun") this.#asked.set(command.id, { command, replies: [reply] })
    const events = "events" in found ? this.#apply(command.order, found.events) : []
    const decision: OrderJournaledDecision =
      found._tag === "Refused"
        ? {
            _tag: "Refused",
            refusal: { ...found.refusal, order: command.order, ...(found.lines === undefined ? {} : { lines: found.lines }) },
          }
        : found._tag === "Pending"
          ? found
          : { _tag: found._tag, events }
    this.#orderRecord(this.#orderMessage(web, undefined, command, decision, reply), events)
    return this
  }

  #orderMessage(
    sender: SenderId,
    onBehalf: SenderId | undefined,
    command: OrderKind["command"],
    decision: OrderJournaledDecision,
    reply: string | null,
  ): OrderEntry {
    const rest = { seq: null, bulk: false, brokerMs: this.nowMs, reply, array: false, decided: [{ command, named: null, decision }] }
    return { _tag: "Message", sender, class: "sell", ...(onBehalf === undefined ? {} : { onBehalf }), ...rest }
  }

  #apply(id: OrderId, events: ReadonlyArray<OrderEvent>): ReadonlyArray<BookEvent> {
    const seq = this.orderLog.nextSeq
    let place = 0
    return events.map((event) => {
      const n = (this.#orders.get(id)?.eventCount ?? 0) + 1
      const told: BookEvent = { ...event, channel: web, order: id, n }
      this.#orders.set(id, evolveOrder(this.#orders.get(id), told))
      for (const command of carriedBy(event)) {
        const carried = `orders/${seq}/${place++}` as CommandId
        this.underWay.set(carried, { id: carried, atMs: this.nowMs, order: id, n, command })
      }
      return told
    })
  }

  #orderRecord(entry: OrderEntry, events: ReadonlyArray<BookEvent>): void {
    const entries: Array<OrderEntry> = [entry]
    for (const event of events) {
      const answer = answeredBy(event)
      const asked = answer === undefined ? undefined : this.#asked.get(answer.id)
      if (answer === undefined || asked === undefined) continue
      this.#asked.delete(answer.id)
      const about = { order: event.order, lines: answer.lines }
      const held = event.type === "OrderHeld" ? { expiresAtMs: event.expiresAtMs } : {}
      entries.push({
        _tag: "Answered",
        sender: web,
        class: "sell",
        key: bookOf(event.order),
        id: answer.id,
        hash: 1,
        issuedAtMs: asked.command.issuedAtMs,
        replies: asked.replies,
        outcome:
          answer.refusal === undefined ? { outcome: "accepted", ...about, ...held } : { outcome: "refused", ...answer.refusal, ...about },
      } satisfies OrderAnsweredEntry)
    }
    this.orderLog.push(entry._tag === "Expiry" ? "expiry" : "batch", this.nowMs, entries)
  }

  /** One command under way is decided by its SKU, which journals it. Says where, and what came of it. */
  decide(id: CommandId): { readonly seq: number; readonly outcome: ReturnedOutcome } {
    const one = this.underWay.get(id)
    if (one === undefined) throw new Error(`${id} is not under way`)
    const { order, atMs, command: carried } = one
    const command = { ...asSkuCommand(order, carried), id, issuedAtMs: atMs }
    const decision = this.#decideSku(command, web)
    const seq = this.skuLog.nextSeq
    this.#skuRecord([{ ...this.#skuMessage(ordersName, "sell", command, decision), onBehalf: web } as SkuEntry], false)
    const outcome: ReturnedOutcome =
      decision._tag === "Refused"
        ? { outcome: "refused", ...decision.refusal }
        : { ...skuKind.outcomeOf(decision._tag === "Accepted" ? decision.events : []) }
    return { seq, outcome }
  }

  /** Its decision comes back. */
  comeBack(id: CommandId, { seq, outcome }: ReturnType<OrderRig["decide"]>): void {
    const one = this.underWay.get(id)
    const order = one === undefined ? undefined : this.#orders.get(one.order)
    if (one === undefined || order === undefined) throw new Error(`${id} is not under way`)
    this.underWay.delete(id)
    const line = { sku: one.command.sku, event: one.n, outcome: outcomeOf(one.command.type, { ...outcome }) }
    const events = this.#apply(one.order, decideReturn(order, line, this.nowMs))
    this.#orderRecord({ _tag: "Returned", id, by: { kind: "sku", partition: 0, seq }, outcome, key: bookOf(one.order), events }, events)
  }

  /** What a SKU tells an order is decided there, and that comes back. */
  note(id: CommandId): void {
    const note = this.notes.get(id)
    if (note === undefined) throw new Error(`nobody tells ${id}`)
    this.notes.delete(id)
    const found = decideOrder(this.#orders.get(note.order), note, web, this.nowMs)
    const events = found._tag === "Accepted" ? this.#apply(note.order, found.events) : []
    const decision: OrderJournaledDecision =
      found._tag === "Refused" ? { _tag: "Refused", refusal: { ...found.refusal, order: note.order } } : { _tag: "Accepted", events }
    const seq = this.orderLog.nextSeq
    this.#orderRecord(this.#orderMessage(skusName, web, note, decision, null), events)
    const outcome: ReturnedOutcome =
      decision._tag === "Refused" ? { outcome: "refused", ...decision.refusal } : { outcome: "accepted", order: note.order }
    const returned = { _tag: "Returned", id, by: { kind: "order", partition: 0, seq }, outcome, key: note.sku, events: [] } as const
    this.skuLog.push("batch", this.nowMs, [returned])
  }

  /** All that is under way is decided and comes back, until nothing is. */
  rest(): this {
    while (this.underWay.size + this.notes.size > 0) {
      for (const id of [...this.underWay.keys()]) this.comeBack(id, this.decide(id))
      for (const id of [...this.notes.keys()]) this.note(id)
    }
    return this
  }
}

const bookOf = (id: string): OrderBookKey => orderBook(web, id as OrderId)

const eventsOf = (entry: SkuEntry): ReadonlyArray<readonly [Sku, StockEvent]> => {
  if (entry._tag === "Expiry") return entry.events.map((event) => [entry.key, event])
  if (entry._tag !== "Message") return []
  return entry.decided.flatMap(({ command, decision }) =>
    command === null || decision._tag !== "Accepted" ? [] : decision.events.map((event) => [command.sku, event] as const),
  )
}

interface Ends {
  readonly orders?: number
  readonly skus?: number
}

/** The audit of both journals, each read to its end or to an earlier record, as far as `ends` says. */
export const auditRig = (rig: OrderRig, finish: FinishOptions = {}, ends: Ends = {}, skusFirst = true): AuditReport => {
  const audit: Audit = createAudit({ codec: codec as Parameters<typeof createAudit>[0]["codec"], orders: { codec: codec as never } })
  const sealed = (log: { readonly records: ReadonlyArray<object> }): ReadonlyArray<StoredRecord> => seal(log.records as never)
  const skus = () => {
    for (const one of sealed(rig.skuLog).slice(0, ends.skus)) audit.record(0, one)
  }
  if (skusFirst) skus()
  for (const one of sealed(rig.orderLog).slice(0, ends.orders)) audit.orderRecord(0, one)
  if (!skusFirst) skus()
  return audit.finish(finish)
}
