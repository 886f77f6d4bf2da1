/**
 * What may happen in a state of a small world of carried commands.
 *
 * Whatever a record carries may arrive at any later time, any number of times, or never, and so may a decision come back: nothing is taken out of what is on its way. So loss, doubling, delay and overtaking
 * are there without being counted, and so is what a former owner sends, for it knows confirmed records alone, and an owner that dies between a record and what it would have said. A record that is lost with its
 * owner is no move at all, for nobody saw it; what may leak out of it where a rule is left out is a move of its own.
 */
import type { Sku } from "../../../src/domain/names.ts"
import type { OrderId } from "../../../src/domain/order/names.ts"
import { dueMsOf } from "../../../src/domain/order/timers.ts"
import {
  type Known,
  type OrderSide,
  onCarried,
  onHoldsOver,
  onNote,
  onNoted,
  onOrderCommand,
  onOrderDue,
  onReturn,
  onSettled,
  onSkuCommand,
  remembered,
  type Said,
  type SkuSide,
  States,
  settledSeq,
  type UnderWay,
  unsettled,
} from "./actors.ts"
import type { CarryRules } from "./rules.ts"
import { type CarriedWorld, startMs } from "./worlds.ts"

/** One state of the world. */
export interface CarriedState {
  readonly clock: number
  readonly side: Known<OrderSide>
  readonly skus: ReadonlyArray<Known<SkuSide>>
  /** Numbers of messages that no journal has: what leaked, and words that nothing is known any more of what is under way. */
  readonly leaked: ReadonlyArray<number>
}

type Message = { readonly to: "sku"; readonly one: UnderWay } | { readonly to: "order"; readonly id: string; readonly said: Said }

/** Equal exactly for equal messages. */
const textOf = (message: Message): string => {
  if (message.to === "order") return `${message.id}=${message.said}`
  const { id, seq, command } = message.one
  return `${id}#${seq}#${command.type}${"qty" in command ? command.qty : ""}`
}

/** What all states of a world have in common. */
export class Ground {
  readonly world: CarriedWorld
  readonly rules: CarryRules
  readonly orders = new States<OrderSide>()
  readonly skus = new States<SkuSide>()
  readonly #messages: Array<Message> = []
  readonly #numbers = new Map<string, number>()

  constructor(world: CarriedWorld, rules: CarryRules) {
    this.world = world
    this.rules = rules
  }

  nowMs({ clock }: Pick<CarriedState, "clock">): number {
    return startMs + (this.world.clocksMs[clock] ?? 0)
  }

  numberOf(message: Message): number {
    const text = textOf(message)
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    this.#numbers.set(text, this.#messages.length)
    this.#messages.push(message)
    return this.#messages.length - 1
  }

  message(number: number): Message {
    return this.#messages[number] as Message
  }

  /** Which of the world's SKUs this is. */
  placeOf(sku: Sku): number {
    return this.world.stock.findIndex(([name]) => name === sku)
  }
}

/** The name of a state: equal exactly for states in which the same can happen. */
export const carriedKey = ({ clock, side, skus, leaked }: CarriedState): string =>
  `${clock}|${side.id}|${skus.map(({ id }) => id).join(",")}|${leaked.join(",")}`

/** Takes one move: its name, where it leads, and how rare a thing it was, if it was one. */
export type Take = (name: string, to: CarriedState, reached?: string) => void

const withLeaked = (state: CarriedState, number: number): ReadonlyArray<number> =>
  state.leaked.includes(number) ? state.leaked : [...state.leaked, number].sort((one, other) => one - other)

const withSku = (state: CarriedState, at: number, sku: Known<SkuSide>): CarriedState => ({
  ...state,
  skus: state.skus.map((other, place) => (place === at ? sku : other)),
})

/** The orders' partition journals another record, if anything happens. What a rule that is left out would let out of it before it is confirmed, it may then be lost with. */
const journal = (ground: Ground, state: CarriedState, to: Known<OrderSide> | null, take: Take, name: string, reached?: string): void => {
  if (to === null) return
  take(name, { ...state, side: to }, reached)
  const { rules } = ground
  if (!rules.sendsConfirmed)
    for (const one of to.value.underWay)
      if (!state.side.value.underWay.includes(one))
        take(`${name}; ${one.id} is sent, and the record lost`, {
          ...state,
          leaked: withLeaked(state, ground.numberOf({ to: "sku", one })),
        })
  if (rules.floorOf !== "in flight") return
  for (const [at, sku] of state.skus.entries()) {
    const floor = settledSeq(to.value, ground.world.stock[at]?.[0] as Sku)
    const next = ground.skus.step(sku, `settled ${floor}`, (side) => onSettled(side, floor))
    if (next !== null) take(`${name}; a SKU hears of it, and the record is lost`, withSku(state, at, next))
  }
}

/** What senders ask of orders, and what orders' time does. */
const askingMoves = (ground: Ground, state: CarriedState, take: Take): void => {
  const nowMs = ground.nowMs(state)
  for (const [place, { command, after }] of ground.world.asked.entries()) {
    const bit = 1 << place
    if (after !== undefined && !state.side.value.answers.some((answer) => answer.startsWith(`place ${after}:`))) continue
    const to = ground.orders.step(state.side, `ask ${place} ${nowMs}`, (side) => onOrderCommand(side, bit, command, nowMs, ground.rules))
    journal(ground, state, to, take, `${command.id} is decided`)
  }
  for (const [id, order] of Object.entries(state.side.value.orders)) {
    const dueMs = dueMsOf(order)
    if (dueMs === undefined || dueMs > nowMs) continue
    const to = ground.orders.step(state.side, `due ${id} ${nowMs}`, (side) => onOrderDue(side, id as OrderId, nowMs, ground.rules))
    journal(
      ground,
      state,
      to,
      take,
      `the time of ${id} is up`,
      order.phase === "held" ? "an order expired" : "lines did not answer in time",
    )
  }
}

/** What arrives at the orders' partition. */
const arrivingMoves = (ground: Ground, state: CarriedState, take: Take): void => {
  const nowMs = ground.nowMs(state)
  const comesBack = (id: string, said: Said): void => {
    const to = ground.orders.step(state.side, `back ${id} ${said} ${nowMs}`, (side) => onReturn(side, id, said, nowMs, ground.rules))
    journal(ground, state, to, take, `the decision of ${id} comes back: ${said}`)
  }
  for (const { value } of state.skus) for (const [id, said] of value.decided) comesBack(id, said)
  for (const number of state.leaked) {
    const message = ground.message(number)
    if (message.to === "order") comesBack(message.id, message.said)
  }
  for (const { value } of state.skus)
    for (const note of value.notices) {
      const to = ground.orders.step(state.side, `note ${note.id} ${note.fact} ${note.order} ${nowMs}`, (at) =>
        onNote(at, note, nowMs, ground.rules),
      )
      journal(ground, state, to, take, `${note.sku} tells ${note.order} that ${note.qty} is ${note.fact}`, `a line was ${note.fact}`)
    }
}

/** All that was ever carried, or leaked, to a SKU. */
const carriedToSku = function* (ground: Ground, state: CarriedState, at: number): Iterable<UnderWay> {
  for (const one of state.side.value.carried) if (ground.placeOf(one.command.sku) === at) yield one
  for (const number of state.leaked) {
    const message = ground.message(number)
    if (message.to === "sku" && ground.placeOf(message.one.command.sku) === at) yield message.one
  }
}

/** What arrives at a SKU's partition from orders: what was decided is said again, and is on its way already; all else is decided. */
const carriedTo = (ground: Ground, state: CarriedState, at: number, take: Take): void => {
  const sku = state.skus[at] as Known<SkuSide>
  const nowMs = ground.nowMs(state)
  for (const one of carriedToSku(ground, state, at)) {
    const { id, seq, command } = one
    const known = remembered(sku.value, one)
    const leak = (said: Said) => withLeaked(state, ground.numberOf({ to: "order", id, said }))
    if (known !== undefined) {
      // What was decided is on its way already. That nothing can be said any more matters only to what is under way.
      const isNews = known === unsettled && state.side.value.underWay.some((other) => other.id === id)
      const leaked = isNews ? leak(known) : state.leaked
      if (leaked !== state.leaked) take(`${command.sku} can't say any more what became of ${id}`, { ...state, leaked })
      continue
    }
    const to = ground.skus.step(sku, `carried ${id} ${seq} ${command.type} ${nowMs}`, (side) => onCarried(side, one, nowMs, ground.rules))
    const said = to?.value.decided.at(-1)?.[1]
    if (to === null || said === undefined) continue
    take(`${command.sku} decides ${command.type} ${id}`, withSku(state, at, to))
    if (!ground.rules.saysConfirmed)
      take(`${command.sku} decides and says ${id}, and dies with its record`, { ...state, leaked: leak(said) })
  }
}

/** What else a SKU decides, and hears. */
const skuMoves = (ground: Ground, state: CarriedState, at: number, take: Take): void => {
  const sku = state.skus[at] as Known<SkuSide>
  const name = ground.world.stock[at]?.[0] as Sku
  const nowMs = ground.nowMs(state)
  const step = (input: string, next: (side: SkuSide) => SkuSide | null, told: string, reached?: string): void => {
    const to = ground.skus.step(sku, input, next)
    if (to !== null) take(told, withSku(state, at, to), reached)
  }
  for (const [place, { command, sender }] of ground.world.askedOfSkus.entries())
    if (command.sku === name)
      step(
        `ask ${place} ${nowMs}`,
        (side) => onSkuCommand(side, 1 << place, command, sender, nowMs, ground.rules),
        `${name} decides ${command.id}`,
      )
  step(
    `over ${nowMs}`,
    (side) => onHoldsOver(side, nowMs, ground.rules),
    `${name} ends holds that are over`,
    "a SKU ended an order's hold by itself",
  )
  for (const note of sku.value.notices)
    if (state.side.value.noted.includes(note.id))
      step(`noted ${note.id}`, (side) => onNoted(side, note.id), `${name} hears that ${note.id} was taken in`)
  const floor = ground.rules.floorOf === "newest" ? state.side.value.seq + 1 : settledSeq(state.side.value, name)
  step(
    `settled ${floor}`,
    (side) => onSettled(side, floor),
    `${name} hears that nothing before record ${floor} is under way`,
    "a SKU forgot what was settled",
  )
}

/** Everything that may happen. */
export const carriedMoves = (ground: Ground, state: CarriedState, take: Take): void => {
  askingMoves(ground, state, take)
  arrivingMoves(ground, state, take)
  for (const at of state.skus.keys()) {
    carriedTo(ground, state, at, take)
    skuMoves(ground, state, at, take)
  }
  if (state.clock + 1 < ground.world.clocksMs.length) take("time goes on", { ...state, clock: state.clock + 1 })
}
