/**
 * The two kinds of partition in a small world of carried commands: what each has journaled, and what its next record makes of it. The actors are the real ones; around them is as much of a partition as
 * docs/adr/0017-commands-between-actors.md speaks of: what is under way, what is remembered and from where on, and what was ever said.
 *
 * Every distinct state is kept once, and every step taken once.
 */
import type { CommandId, EpochMs, SenderId, Sku } from "../../../src/domain/names.ts"
import { asSkuCommand, type LineCommand, type LineOutcome, outcomeOf } from "../../../src/domain/order/carried.ts"
import type { NoteLine } from "../../../src/domain/order/commands/note-line/command.ts"
import { lineNotice } from "../../../src/domain/order/commands/note-line/decide.ts"
import { decide as decideOrder, type OrderCommand } from "../../../src/domain/order/decide.ts"
import { answeredBy, carriedBy, type OrderEvent } from "../../../src/domain/order/events.ts"
import { evolve as evolveOrder } from "../../../src/domain/order/evolve.ts"
import type { OrderId } from "../../../src/domain/order/names.ts"
import { copyOf, lineOf, type Order } from "../../../src/domain/order/order.ts"
import { decideReturn } from "../../../src/domain/order/returns.ts"
import { decideDue } from "../../../src/domain/order/timers.ts"
import type { StockCommand } from "../../../src/domain/sku/commands.ts"
import { decide as decideSku, expire } from "../../../src/domain/sku/decide.ts"
import type { Decision } from "../../../src/domain/sku/decision.ts"
import type { StockEvent } from "../../../src/domain/sku/events.ts"
import { evolve as evolveSku } from "../../../src/domain/sku/evolve.ts"
import { reservationsOf, type SkuStock } from "../../../src/domain/sku/stock.ts"
import { acceptedOutcome } from "../../../src/kinds/sku/outcomes.ts"
import { orderGraceMs } from "../../../src/limits.ts"
import type { CarryRules } from "./rules.ts"

/** The channel of every order here. */
export const channel = "web" as SenderId

/** A command under way: carried by a confirmed record, its decision not journaled here. */
export interface UnderWay {
  readonly id: string
  /** The record it stands in: what floors are counted by. */
  readonly seq: number
  readonly order: OrderId
  readonly event: number
  readonly place: number
  readonly command: LineCommand
}

/** What a SKU's decision said, for whoever compares. */
export type Said = string

/** The partition of the orders, as its journal has it. */
export interface OrderSide {
  readonly seq: number
  /** A bit for each thing that a sender did and that is decided. */
  readonly used: number
  readonly orders: Readonly<Record<string, Order>>
  readonly underWay: ReadonlyArray<UnderWay>
  /** Everything that was ever carried: it may arrive at any later time. */
  readonly carried: ReadonlyArray<UnderWay>
  readonly noted: ReadonlyArray<string>
  /** Every answer given so far: command, refusal if it was one, and what was told of lines. */
  readonly answers: ReadonlyArray<string>
  /** Every decision that came back, by id. */
  readonly returned: ReadonlyArray<readonly [string, Said]>
}

/** The partition of one SKU, as its journal has it. */
export interface SkuSide {
  readonly used: number
  readonly stock: SkuStock
  readonly floor: number
  readonly memory: ReadonlyArray<{ readonly id: string; readonly seq: number; readonly said: Said }>
  readonly notices: ReadonlyArray<NoteLine>
  readonly noticeCount: number
  /** Every carried command ever decided, forgotten or not. */
  readonly decided: ReadonlyArray<readonly [string, Said]>
}

/** A state, and the number it is known by. */
export interface Known<T> {
  readonly id: number
  readonly value: T
}

const plain = (_key: string, value: unknown): unknown => (value instanceof Map ? [...value] : value)

/** Distinct states of one kind, and the steps between them. */
export class States<T> {
  readonly #byText = new Map<string, Known<T>>()
  readonly #steps = new Map<string, Known<T> | null>()

  get count(): number {
    return this.#byText.size
  }
  get steps(): number {
    return this.#steps.size
  }

  of(value: T): Known<T> {
    const text = JSON.stringify(value, plain)
    const known = this.#byText.get(text) ?? { id: this.#byText.size, value }
    this.#byText.set(text, known)
    return known
  }

  /** What an input makes of a state; null: nothing. Equal names must mean equal inputs. */
  step(from: Known<T>, name: string, next: (value: T) => T | null): Known<T> | null {
    const key = `${from.id}|${name}`
    const seen = this.#steps.get(key)
    if (seen !== undefined) return seen
    const value = next(from.value)
    const to = value === null ? null : this.of(value)
    this.#steps.set(key, to)
    return to
  }
}

/** What a record of the orders' partition makes of events of one of its orders. */
const orderRecord = (side: OrderSide, id: OrderId, events: ReadonlyArray<OrderEvent>, rules: CarryRules): OrderSide => {
  const seq = side.seq + 1
  const known = side.orders[id]
  let order = known === undefined ? undefined : copyOf(known)
  const underWay = [...side.underWay]
  const answers = [...side.answers]
  for (const event of events) {
    // An order at rest is kept for ever here: what would come too late for it comes too late for its picture, too.
    if (event.type === "OrderAtRest" || (event.type === "LinesGivenUp" && !rules.givesBack)) continue
    order = evolveOrder(order, event)
    const count = order.eventCount
    const answer = answeredBy(event)
    if (answer !== undefined) answers.push(`${answer.id}: ${answer.refusal?.reason ?? "accepted"} ${JSON.stringify(answer.lines)}`)
    for (const [place, command] of carriedBy(event).entries())
      underWay.push({ id: `${rules.idOf(id, count, place, command)}:${command.sku}`, seq, order: id, event: count, place, command })
  }
  const carried = [...side.carried, ...underWay.slice(side.underWay.length)]
  return { ...side, seq, orders: order === undefined ? side.orders : { ...side.orders, [id]: order }, underWay, carried, answers }
}

/** What a channel's command about an order comes to. Null: it is told to come back, or it was decided before. */
export const onOrderCommand = (
  side: OrderSide,
  bit: number,
  command: OrderCommand,
  nowMs: EpochMs,
  rules: CarryRules,
): OrderSide | null => {
  if ((side.used & bit) !== 0) return null
  const decision = decideOrder(side.orders[command.order], command, channel, nowMs)
  const used = side.used | bit
  switch (decision._tag) {
    case "Later":
      return null
    case "Refused":
      return { ...side, seq: side.seq + 1, used, answers: [...side.answers, `${command.id}: ${decision.refusal.reason} []`] }
    case "Accepted":
    case "Begun":
      return { ...orderRecord(side, command.order, decision.events, rules), used }
  }
}

/** What is due of an order comes to. */
export const onOrderDue = (side: OrderSide, id: OrderId, nowMs: EpochMs, rules: CarryRules): OrderSide =>
  orderRecord(side, id, decideDue(side.orders[id] as Order, nowMs), rules)

/** What a decision that comes back comes to. Null: it is not under way, and nothing is journaled. */
export const onReturn = (side: OrderSide, id: string, said: Said, nowMs: EpochMs, rules: CarryRules): OrderSide | null => {
  const one = side.underWay.find((underWay) => rules.takesReturnOf(underWay, id))
  if (one === undefined) return null
  const order = side.orders[one.order] as Order
  const outcome = JSON.parse(said) as LineOutcome
  const event = lineOf(order, one.command.sku)?.asked?.event ?? one.event
  const events = decideReturn(order, { sku: one.command.sku, event, outcome }, nowMs)
  const left = { ...side, underWay: side.underWay.filter((other) => other !== one), returned: [...side.returned, [one.id, said] as const] }
  return orderRecord(left, one.order, events, rules)
}

/** What a SKU tells an order comes to. Null: it was taken in before. */
export const onNote = (side: OrderSide, note: NoteLine, nowMs: EpochMs, rules: CarryRules): OrderSide | null => {
  if (side.noted.includes(note.id)) return null
  const decision = decideOrder(side.orders[note.order], note, channel, nowMs)
  const noted = [...side.noted, note.id]
  return decision._tag === "Accepted"
    ? { ...orderRecord(side, note.order, decision.events, rules), noted }
    : { ...side, seq: side.seq + 1, noted }
}

/** From which record on something is under way to a SKU: nothing carried in an earlier one is ever sent there again. */
export const settledSeq = (side: OrderSide, sku: Sku): number =>
  side.underWay.reduce((least, { seq, command }) => (command.sku === sku ? Math.min(least, seq) : least), side.seq + 1)

/** What a record of a SKU's partition makes of events; `tells`: they are not what an order asked for. */
const skuRecord = (side: SkuSide, events: ReadonlyArray<StockEvent>, tells: boolean): SkuSide => {
  if (events.length === 0) return side
  const stock = structuredClone(side.stock)
  const notices = [...side.notices]
  let { noticeCount } = side
  for (const event of events) {
    evolveSku(stock, event)
    const notice = tells ? lineNotice(event) : undefined
    if (notice === undefined) continue
    noticeCount += 1
    notices.push({ type: "NoteLine", id: `${stock.sku}/${noticeCount}` as CommandId, issuedAtMs: 0, sku: stock.sku, ...notice })
  }
  return { ...side, stock, notices, noticeCount }
}

/** The holds of a SKU that are over, ended. */
const withoutOver = (side: SkuSide, nowMs: EpochMs, rules: CarryRules): SkuSide => {
  const over = reservationsOf(side.stock).filter(({ status, expiresAtMs }) => status === "held" && expiresAtMs <= nowMs)
  return skuRecord(side, over.map(expire), rules.tells)
}

/** A SKU's owner looks at its time. Null: no hold is over. */
export const onHoldsOver = (side: SkuSide, nowMs: EpochMs, rules: CarryRules): SkuSide | null => {
  const next = withoutOver(side, nowMs, rules)
  return next === side ? null : next
}

/** What a sender asks of a SKU itself comes to. Null: it was decided before. */
export const onSkuCommand = (
  side: SkuSide,
  bit: number,
  command: StockCommand,
  sender: SenderId,
  nowMs: EpochMs,
  rules: CarryRules,
): SkuSide | null => {
  if ((side.used & bit) !== 0) return null
  const now = withoutOver(side, nowMs, rules)
  const decision = decideSku(now.stock, command, sender, nowMs)
  const used = side.used | bit
  return decision._tag === "Refused" ? { ...now, used } : { ...skuRecord(now, decision.events, rules.tells), used }
}

/** What a SKU says of what it may have forgotten. */
export const unsettled: Said = JSON.stringify({ _tag: "Unsettled" })

/** What a SKU remembers of a carried command: its decision, or that it can't know. Undefined: it is to be decided. */
export const remembered = (side: SkuSide, { id, seq }: UnderWay): Said | undefined => {
  const known = side.memory.find((one) => one.id === id && one.seq >= side.floor)
  if (known !== undefined) return known.said
  return seq < side.floor ? unsettled : undefined
}

/** What a SKU says of its decision. Where it keeps holds without the grace, it says that it keeps it. */
const saidOf = (asked: LineCommand["type"], decision: Decision, rules: CarryRules): Said => {
  const answer = decision._tag === "Accepted" ? acceptedOutcome(decision.events) : { outcome: "refused", ...decision.refusal }
  const outcome = outcomeOf(asked, { ...answer })
  return JSON.stringify(
    outcome._tag === "Reserved" && !rules.grace ? { ...outcome, expiresAtMs: outcome.expiresAtMs + orderGraceMs } : outcome,
  )
}

/** What a carried command comes to at its SKU, which does not remember it. */
export const onCarried = (side: SkuSide, one: UnderWay, nowMs: EpochMs, rules: CarryRules): SkuSide => {
  const now = withoutOver(side, nowMs, rules)
  const carried =
    rules.grace || one.command.type !== "Reserve" ? one.command : { ...one.command, holdMs: one.command.holdMs - orderGraceMs }
  const command = { ...asSkuCommand(one.order, carried), id: one.id as CommandId, issuedAtMs: 0 }
  const decision = decideSku(now.stock, command, channel, nowMs)
  const next = decision._tag === "Accepted" ? skuRecord(now, decision.events, false) : now
  const said = saidOf(one.command.type, decision, rules)
  const memory = rules.remembers ? [...next.memory, { id: one.id, seq: one.seq, said }] : next.memory
  return { ...next, memory, decided: [...next.decided, [one.id, said]] }
}

/** A SKU hears from where on something is under way to it, and forgets what lies before. Null: it knew. */
export const onSettled = (side: SkuSide, floor: number): SkuSide | null =>
  floor <= side.floor ? null : { ...side, floor, memory: side.memory.filter(({ seq }) => seq >= floor) }

/** An order took in what a SKU told it. */
export const onNoted = (side: SkuSide, id: string): SkuSide => ({ ...side, notices: side.notices.filter((note) => note.id !== id) })
