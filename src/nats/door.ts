/**
 * The senders' side of an ingress as the port `Door`: what they publish, taken off the connection and handed on a slice at a time, and what they are answered.
 *
 * Nothing of a message is judged here. What bounds a sender's flood at this border is credit: the server may push no more of one sender than was asked for, so that what it
 * sends while this process is busy is dropped at the server, which says so to whoever asks for an answer, and not piled up in our socket. Nothing may throw in here:
 * the client's reader would end with it.
 */
import { type Msg, errors as natsErrors, type Subscription } from "@nats-io/transport-node"
import { Clock, Effect, Layer, type Scope } from "effect"
import type { SenderId } from "../domain/names.ts"
import {
  doorCreditMessages,
  doorCreditStepMessages,
  doorPingEveryMs,
  doorPingsMax,
  doorSliceBytes,
  doorSliceMessageBytesMin,
} from "../limits.ts"
import { Door, type DoorHearing, type OpenDoor, type PublishedMessage } from "../ports/door.ts"
import type { BrokerUnavailable, LoginRefused } from "../ports/errors.ts"
import { commandsFrom, replyHeader, replySubject } from "../wire/subjects.ts"
import { doorInbox } from "./config.ts"
import { type Link, type Login, openLink, type ServerAddress } from "./connection.ts"
import { headerValue } from "./message.ts"

/** All ingresses: a message goes to one of them. */
const queueGroup = "ingress"
const traceHeader = "traceparent"

/**
 * The chain of pings: when the last one was sent whose pong was read. The server puts its pong behind what it sent us before, and what it sends us after behind the pong: a
 * message read later was published after that ping was sent. A pong is noticed only once the messages that came with it in one piece were called back: the bound they get is then
 * the one before it, which is on the safe side.
 */
class Pings {
  readonly #link: Link
  readonly #nowMs: () => number
  readonly #timer: NodeJS.Timeout
  #underWay = 0
  /** A time before anything was heard. */
  provenMs: number

  constructor(link: Link, nowMs: () => number) {
    this.#link = link
    this.#nowMs = nowMs
    this.provenMs = nowMs()
    this.#timer = setInterval(() => this.#ping(), doorPingEveryMs)
    this.#ping()
  }

  #ping(): void {
    if (this.#underWay >= doorPingsMax || this.#link.nc.isClosed()) return
    this.#underWay++
    const sentMs = this.#nowMs()
    this.#link.nc.flush().then(
      () => {
        this.#underWay--
        if (sentMs > this.provenMs) this.provenMs = sentMs
      },
      () => {
        this.#underWay--
      },
    )
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

interface UntoldMessage {
  readonly message: PublishedMessage
  readonly publishedAfterMs: number
}

/**
 * What arrived and isn't told yet: a slice of it is told in each turn of the event loop, a message of each sender after another's. So what one sender pushes in holds up nobody else for
 * longer than a slice takes, whatever it costs to decide it, and this process hears its broker in between. More of a sender is asked for only when little of it waits.
 */
class Turn {
  readonly #hearing: DoorHearing
  readonly #pings: Pings
  /** Those of whom something waits; the first has the next turn. */
  readonly #line: Array<Entrance> = []
  #isDue = false

  constructor(hearing: DoorHearing, pings: Pings) {
    this.#hearing = hearing
    this.#pings = pings
  }

  add(entrance: Entrance, message: PublishedMessage): void {
    if (entrance.letWait({ message, publishedAfterMs: this.#pings.provenMs }) === 1) this.#line.push(entrance)
    this.#comeBack()
  }

  #comeBack(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(this.#tellSlice)
  }

  readonly #tellSlice = (): void => {
    this.#isDue = false
    const heardFrom = new Set<Entrance>()
    let messages: Array<PublishedMessage> = []
    let boundMs = 0
    for (let left = doorSliceBytes; left > 0; ) {
      const entrance = this.#line.shift()
      const next = entrance?.takeNext()
      if (entrance === undefined || next === undefined) break
      if (entrance.waiting > 0) this.#line.push(entrance)
      heardFrom.add(entrance)
      // What is told together has one bound of its age.
      if (messages.length > 0 && next.publishedAfterMs !== boundMs) {
        this.#hearing.arrived(messages, boundMs)
        messages = []
      }
      boundMs = next.publishedAfterMs
      messages.push(next.message)
      left -= Math.max(doorSliceMessageBytesMin, next.message.body.length)
    }
    if (messages.length > 0) this.#hearing.arrived(messages, boundMs)
    for (const entrance of heardFrom) entrance.extend()
    if (this.#line.length > 0) this.#comeBack()
  }
}

/** One sender's subscription: several, each for so many messages, another opened when as many were told. */
class Entrance {
  readonly #link: Link
  readonly #subject: string
  readonly #turn: Turn
  readonly #read: (message: Msg) => PublishedMessage
  readonly #refused: (error: Error) => void
  readonly #open = new Set<Subscription>()
  #waiting: Array<UntoldMessage> = []
  #head = 0
  /** Messages the server may still push. */
  #credit = 0
  #isOpen = false

  constructor(link: Link, subject: string, turn: Turn, read: (message: Msg) => PublishedMessage, refused: (error: Error) => void) {
    this.#link = link
    this.#subject = subject
    this.#turn = turn
    this.#read = read
    this.#refused = refused
  }

  /** Messages that arrived and aren't told. */
  get waiting(): number {
    return this.#waiting.length - this.#head
  }

  letWait(one: UntoldMessage): number {
    this.#waiting.push(one)
    return this.waiting
  }

  takeNext(): UntoldMessage | undefined {
    const next = this.#waiting[this.#head]
    if (next === undefined) return undefined
    this.#head++
    // Cut off when half of the array is spent, so that taking costs nothing on average.
    if (this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head)
      this.#head = 0
    }
    return next
  }

  open(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.extend()
  }

  close(): void {
    this.#isOpen = false
    // What the server has sent is still heard: its senders are not left without a word.
    for (const subscription of this.#open) subscription.drain().catch(() => undefined)
    this.#open.clear()
    this.#credit = 0
  }

  /** After a reconnection the server knows the subscriptions, and not how many messages they were for. */
  renew(): void {
    if (!this.#isOpen) return
    this.close()
    this.open()
  }

  /** Asks for more, a little at a time, up to what may be on its way and wait here together: what is pushed at once stands before everybody's messages in the socket. */
  extend(): void {
    while (this.#isOpen && this.#credit + this.waiting <= doorCreditMessages - doorCreditStepMessages) if (!this.#subscribe()) return
  }

  /** Asks for one step more; false if the connection can't. */
  #subscribe(): boolean {
    let left = doorCreditStepMessages
    try {
      const subscription = this.#link.nc.subscribe(this.#subject, {
        queue: queueGroup,
        max: doorCreditStepMessages,
        callback: (error, message) => {
          if (error !== null) {
            this.#open.delete(subscription)
            if (error instanceof natsErrors.PermissionViolationError) this.#refused(error)
            return
          }
          this.#turn.add(this, this.#read(message))
          if (!this.#open.has(subscription)) return
          this.#credit--
          if (--left === 0) this.#open.delete(subscription)
        },
      })
      this.#open.add(subscription)
      this.#credit += doorCreditStepMessages
      return true
    } catch {
      // The connection is closed for good: nothing comes any more.
      return false
    }
  }
}

const arrivedOf = (sender: SenderId, pathAt: number, message: Msg): PublishedMessage => ({
  sender,
  path: message.subject.slice(pathAt),
  replySubject: message.reply ?? "",
  replyHeader: headerValue(() => message.headers, replyHeader),
  traceparent: headerValue(() => message.headers, traceHeader),
  body: message.data,
})

const nanosPerMs = 1_000_000

/** Opens the door over this connection, for as long as the scope lives. */
const enterOver = Effect.fnUntraced(function* (link: Link, hearing: DoorHearing) {
  const clock = yield* Clock.Clock
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const pings = new Pings(link, () => Number(clock.monotonicTimeNanosUnsafe()) / nanosPerMs)
  const turn = new Turn(hearing, pings)
  const entrances = new Map<SenderId, Entrance>()
  const forget = link.onReconnect(() => {
    for (const entrance of entrances.values()) entrance.renew()
  })
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      forget()
      pings.stop()
      for (const entrance of entrances.values()) entrance.close()
    }),
  )
  const entranceOf = (sender: SenderId): Entrance => {
    const prefix = commandsFrom(sender)
    const refused = (error: Error) =>
      void run(Effect.logError("the door's login may not hear a sender: see deploy/nats", { sender, cause: error.message }))
    const entrance = new Entrance(link, `${prefix}>`, turn, (message) => arrivedOf(sender, prefix.length, message), refused)
    entrances.set(sender, entrance)
    return entrance
  }
  const door: OpenDoor = {
    open: (sender) => (entrances.get(sender) ?? entranceOf(sender)).open(),
    close: (sender) => entrances.get(sender)?.close(),
    answer: (sender, suffix, body) => {
      try {
        link.nc.publish(replySubject(sender, suffix), body)
      } catch {
        // The connection can't take it now: lost, as an answer to somebody who isn't there.
      }
    },
  }
  return door
})

export interface DoorConfig extends ServerAddress {
  /** The user of account CHANNELS that hears senders, and answers them. */
  readonly door: Login
  /** How the connection is called in the server's lists. */
  readonly name: string
}

export const doorLayer = (config: DoorConfig): Layer.Layer<Door> =>
  Layer.succeed(Door, {
    enter: (hearing): Effect.Effect<OpenDoor, BrokerUnavailable | LoginRefused, Scope.Scope> =>
      Effect.flatMap(openLink(config, config.door, doorInbox, `${config.name} door`), (link) => enterOver(link, hearing)),
  })
