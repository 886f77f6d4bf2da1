/**
 * A channel as it places orders of several lines, and an operator who settles what of theirs lies in quarantine: asks with the same id and the same content until it is answered for good, as every sender does.
 *
 * Beside its other commands (sender.ts), over a connection of its own, so that a world without orders draws nothing for it.
 */
import { unreachable } from "../../src/assert.ts"
import { type OrderBookKey, partitionOf, type SenderId, skuToken } from "../../src/domain/names.ts"
import { classOf, type OrderCommand, type SettlingOrderCommand } from "../../src/domain/order/decide.ts"
import { orderBook, orderOfChannel } from "../../src/domain/order/names.ts"
import type { Reply } from "../../src/engine/records.ts"
import type { OrderHeardDecision, OrderKind } from "../../src/kinds/order/types.ts"
import type { DoorAnswer } from "../../src/wire/answers.ts"
import { commandPath, replySubject } from "../../src/wire/subjects.ts"
import type { ChannelsAccount, Published } from "../substitutes/channels.ts"
import type { Server } from "../substitutes/server.ts"
import { type Key, keyOf } from "../world/chance.ts"
import type { Host } from "../world/heap.ts"
import type { Link } from "../world/link.ts"
import { EventKind, type World } from "../world/world.ts"
import type { Observer } from "./observer.ts"

/** What is sent about an order: by its channel, or by an operator. */
export type SentAboutOrder = OrderCommand | SettlingOrderCommand

/** A command about an order on its way to an answer. */
export interface AskedOrder {
  readonly command: SentAboutOrder
  readonly book: OrderBookKey
  readonly partition: number
  readonly sentMs: number
  sendings: number
  turnedAway: number
  heardMs: number | null
  said: OrderHeardDecision | null
}

export interface OrderSurroundings {
  readonly world: World
  readonly server: Server
  /** Of what happens at doors, and of what is heard of orders. */
  readonly doorObserver: Observer
  readonly observer: Observer<OrderKind>
  readonly channels: ChannelsAccount
  readonly partitions: number
  readonly retryMs: number
}

/** Milliseconds until it asks again where nobody took its message. */
const nobodyMs = 300
const encoder = new TextEncoder()

const isOperators = ({ type }: SentAboutOrder): boolean => classOf[type] === "operator"

/** The body of a command as its sender writes it: a channel names none, but by being its own; an operator says whose the order is. */
const bodyOf = (command: SentAboutOrder): Uint8Array => {
  const { channel, ...ownOrder } = command
  return encoder.encode(JSON.stringify({ v: 1, ...ownOrder, ...(isOperators(command) ? { channel } : {}) }))
}

/** What its subject names. */
const nameOf = (command: SentAboutOrder): string => (isOperators(command) ? orderOfChannel(command.channel, command.order) : command.order)

/** Nothing is remembered of it: there may be room for it in quarantine later, and it is asked again. */
const isForWantOfRoom = (said: OrderHeardDecision): boolean =>
  said.outcome === "refused" && said.reason === "LimitReached" && said.field === "quarantine"

export class OrderSender {
  readonly name: SenderId
  readonly link: Link
  readonly host: Host
  readonly #around: OrderSurroundings
  /** Everything it ever asked, in the order in which it did. */
  readonly asked: Array<AskedOrder> = []
  /** What an attempt asked, by its suffix. */
  readonly #attempts = new Map<string, AskedOrder>()
  readonly #keys = new Map<string, Key>()
  readonly #answered = new Map<AskedOrder, (said: OrderHeardDecision) => void>()
  /** By command: the newest plan to ask again. */
  readonly #plans = new Map<AskedOrder, number>()
  #suffixes = 0
  open = 0
  messages = 0

  constructor(name: SenderId, link: Link, around: OrderSurroundings) {
    this.name = name
    this.link = link
    this.#around = around
    this.host = around.world.host()
  }

  /** Asks until it is answered for good, `copies` times at once to begin with, then says so. */
  send(command: SentAboutOrder, copies: number, answered: (said: OrderHeardDecision) => void): void {
    const book = orderBook(command.channel, command.order)
    const { world, retryMs, partitions } = this.#around
    const asked: AskedOrder = {
      command,
      book,
      partition: partitionOf(book, partitions),
      sentMs: world.nowMs,
      sendings: 0,
      turnedAway: 0,
      heardMs: null,
      said: null,
    }
    this.asked.push(asked)
    this.#answered.set(asked, answered)
    this.open++
    for (let copy = 0; copy < copies; copy++) this.#publish(asked)
    this.#askAgain(asked, retryMs, retryMs)
  }

  #publish(asked: AskedOrder): void {
    asked.sendings++
    const { command, book } = asked
    const key = keyOf(book, command.order, command.id)
    const request = () => {
      this.messages++
      const suffix = `${this.name}.o${++this.#suffixes}`
      this.#attempts.set(suffix, asked)
      this.#keys.set(suffix, key)
      this.#enter(asked, {
        sender: this.name,
        path: commandPath(classOf[command.type], "order", skuToken(nameOf(command))),
        replySubject: replySubject(this.name, suffix),
        replyHeader: "",
        traceparent: "",
        body: bodyOf(command),
        key,
      })
    }
    request()
    const againMs = this.link.again(key)
    if (againMs >= 0) this.#around.world.in(againMs, EventKind.send, this.host, request)
  }

  #enter(asked: AskedOrder, message: Published): void {
    const { world, server, channels, doorObserver } = this.#around
    doorObserver.published(message)
    const thereMs = this.link.there(message.key)
    if (thereMs < 0) return
    world.in(thereMs, EventKind.server, null, () => {
      if (server.isDown) return
      const entered = channels.publish(message)
      doorObserver.entered(message, entered)
      if (entered !== undefined) return
      const backMs = this.link.back(message.key)
      if (backMs >= 0) world.in(backMs, EventKind.answer, this.host, () => this.#comeBack(asked, nobodyMs))
    })
  }

  /** Nothing of it was taken. Whoever was turned away a great many times comes back less and less often: a partition may be out for many minutes. */
  #comeBack(asked: AskedOrder, afterMs: number): void {
    if (asked.said !== null) return
    const times = asked.turnedAway++ >> 6
    this.#askAgain(asked, afterMs * 2 ** Math.min(5, times), this.#around.retryMs)
  }

  /** Plans to ask again; an earlier plan is off. */
  #askAgain(asked: AskedOrder, afterMs: number, nextMs: number): void {
    const plan = (this.#plans.get(asked) ?? 0) + 1
    this.#plans.set(asked, plan)
    this.#around.world.in(afterMs, EventKind.timeout, this.host, () => {
      if (this.#plans.get(asked) !== plan || asked.said !== null) return
      this.#publish(asked)
      this.#askAgain(asked, nextMs, Math.min(nextMs * 2, this.#around.retryMs * 8))
    })
  }

  /** What an attempt is to chance; undefined: none of this sender's. */
  keyOf(suffix: string): Key | undefined {
    return this.#keys.get(suffix)
  }

  /** What an attempt asked, as a text; undefined: it is none of this sender's. */
  contentOf(suffix: string): string | undefined {
    const asked = this.#attempts.get(suffix)
    return asked === undefined ? undefined : JSON.stringify(asked.command)
  }

  /** An answer short of a decision reaches the server and goes on to whom it names. */
  answerArrives(suffix: string, answer: DoorAnswer): void {
    const backMs = this.link.back(this.#keys.get(suffix) ?? keyOf(this.name))
    if (backMs >= 0) this.#around.world.in(backMs, EventKind.answer, this.host, () => this.#hearDoor(suffix, answer))
  }

  #hearDoor(suffix: string, answer: DoorAnswer): void {
    this.#around.doorObserver.doorHeard(this.name, suffix, answer)
    const asked = this.#attempts.get(suffix)
    if (asked === undefined) return
    switch (answer.answer) {
      case "busy":
        return this.#comeBack(asked, answer.retryAfterMs + 50)
      case "stored":
      case "notStored":
        return this.#comeBack(asked, this.#around.retryMs)
      default:
        return unreachable(answer)
    }
  }

  /** A reply reaches the server and goes on to whom it names: it may be lost, come late, or twice. */
  replyArrives(reply: Reply<OrderKind>): void {
    const { world } = this.#around
    const key = this.#keys.get(reply.suffix) ?? keyOf(this.name)
    const backMs = this.link.back(key)
    if (backMs >= 0) world.in(backMs, EventKind.answer, this.host, () => this.#hear(reply))
    const againMs = this.link.again(key)
    if (againMs >= 0) world.in(Math.max(backMs, 0) + againMs, EventKind.answer, this.host, () => this.#hear(reply))
  }

  #hear(reply: Reply<OrderKind>): void {
    this.#around.observer.replyHeard(this.name, reply.suffix, reply)
    const asked = this.#attempts.get(reply.suffix)
    const said = reply.decisions.find(({ id }) => id === asked?.command.id)
    if (asked === undefined || said === undefined || asked.said !== null) return
    if (said.outcome === "quarantined" || isForWantOfRoom(said)) return
    asked.said = said
    asked.heardMs = this.#around.world.nowMs
    this.open--
    const answered = this.#answered.get(asked)
    this.#answered.delete(asked)
    answered?.(said)
  }
}
