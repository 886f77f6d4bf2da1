/**
 * An ingress: the shipped core between the senders' account and the engine's, with the faults of both connections. Inside a worker, as `serve` has one, or alone.
 *
 * It performs what the core asks for and tells it what came of that, as src/runtime does, in plain events. Ticks that could change nothing are left out, or a day of thin traffic
 * would consist of them. What an ingress keeps is lost when its life ends; its next life has another name.
 */
import { unreachable } from "../../src/assert.ts"
import type { SenderId } from "../../src/domain/names.ts"
import { type Ingress as Core, emptyIngress, type IngressCodec } from "../../src/ingress/ingress.ts"
import type { DoorBounds, IngressInput, IngressOutput, SenderBounds } from "../../src/ingress/protocol.ts"
import type { IngressStep } from "../../src/ingress/step.ts"
import type { SkuTakenMessage } from "../../src/kinds/sku/types.ts"
import { doorPingEveryMs, handTimeoutMs, ingressTickMs, storeTimeoutMs } from "../../src/limits.ts"
import type { OwnerNews } from "../../src/ports/door.ts"
import type { DoorAnswer } from "../../src/wire/answers.ts"
import { orderCodec } from "../../src/wire/codec.ts"
import { isReplySuffix } from "../../src/wire/subjects.ts"
import { encodeBatch, encodeFrame } from "../../src/wire/taken.ts"
import type { ChannelsAccount, Entered } from "../substitutes/channels.ts"
import type { AppendAnswer, Server } from "../substitutes/server.ts"
import { sharedCodec } from "../substitutes/shared-codec.ts"
import { askOver } from "../world/asking.ts"
import type { Key } from "../world/chance.ts"
import type { Host } from "../world/heap.ts"
import type { Link } from "../world/link.ts"
import { EventKind, type World } from "../world/world.ts"
import type { Observer } from "./observer.ts"
import type { Reigns } from "./reigns.ts"
import type { AnySlot } from "./slot.ts"

/** The process it lives in. */
export interface Home {
  readonly name: string
  readonly host: Host
  /** To the engine's account. */
  readonly link: Link
  /** What its steady clock shows at a moment of the true time. */
  clockAt(trueMs: number): number
  /** What it hosts beside, by the number of the journal. */
  readonly everySlot: ReadonlyArray<AnySlot>
  readonly isUp: boolean
}

/** A sender, as answers short of a decision reach it. */
export interface Hearer {
  keyOf(suffix: string): Key | undefined
  answerArrives(suffix: string, answer: DoorAnswer): void
}

/** What can go wrong at an ingress, asked for at each occasion. */
export interface IngressFaults {
  /** What becomes of a store: it is full for this one message, or it lingers on the way for so many milliseconds. */
  storing(ingress: string, partition: number): { readonly full: boolean; readonly lateMs: number }
}

export interface IngressSurroundings {
  readonly world: World
  readonly server: Server
  readonly observer: Observer
  readonly channels: ChannelsAccount
  readonly reigns: Reigns
  /** Who hears an answer, by the suffix that it goes to. */
  readonly hearerOf: (sender: string, suffix: string) => Hearer | undefined
  readonly faults: IngressFaults
  readonly step: IngressStep
  readonly bounds: ReadonlyArray<SenderBounds>
  readonly doorBounds: Partial<DoorBounds>
  readonly partitions: number
  readonly orderPartitions: number
  /** Milliseconds between two looks at what time it is at the broker. */
  readonly clockEveryMs: number
}

/** The server closes a connection whose client answers none of its pings: two, two seconds apart, and the rest of the third. */
const aliveMs = 6_000

/** What ingresses read and write with: a sender's bytes are read once, however often they come. */
export const ingressCodec: IngressCodec = {
  decodeBody: (body, kind, sender) => (kind === "sku" ? sharedCodec.decodeBody(body) : orderCodec.decodeBodyFrom(body, sender)),
  encodeBatch,
  textBytes: (text) => Buffer.byteLength(text),
  isReplySuffix,
}

/** A message in its connection: when it can be read, and how long its ping took there. */
interface InSocket {
  readonly message: Entered
  readonly readableMs: number
  readonly pingMs: number
}

type OutputOf<Tag extends IngressOutput["_tag"]> = Extract<IngressOutput, { _tag: Tag }>
type WithoutTime<T> = T extends unknown ? Omit<T, "nowMs"> : never

export class Ingress {
  readonly home: Home
  /** To the senders' account. */
  readonly door: Link
  readonly #around: IngressSurroundings
  readonly #world: World
  /** Partitions as it believes them to be: the true number, unless it is set up wrong. */
  partitions: number
  core: Core | null = null
  #lives = 0
  #sinceMs = 0
  /** Subscriptions as the server knows them, and when the last word of this connection reached it. */
  readonly #subscribed = new Set<string>()
  #toldMs = 0
  #socket: Array<InSocket> = []
  #readableMs = 0
  #cutFromMs = Number.NEGATIVE_INFINITY
  #isTicking = false
  /** What to do once it has drained. */
  #afterDrain: (() => void) | null = null

  constructor(home: Home, door: Link, around: IngressSurroundings) {
    this.home = home
    this.door = door
    this.#around = around
    this.#world = around.world
    this.partitions = around.partitions
    around.channels.members.push(this)
  }

  get name(): string {
    return `${this.home.name}-${this.#lives}`
  }

  /** The steady clock that it is given. */
  get steadyMs(): number {
    return this.home.clockAt(this.#world.nowMs)
  }

  /** A new life, all doors closed until it knows the time. */
  start(): void {
    this.#lives++
    this.#sinceMs = this.#world.nowMs
    const { bounds, doorBounds } = this.#around
    this.core = emptyIngress({
      ingress: this.name,
      partitions: { sku: this.partitions, order: Math.max(1, this.#around.orderPartitions) },
      senders: bounds,
      door: doorBounds,
    })
    this.#lookAtClock()
  }

  /** Nothing of it is left, and the server sees its connection end. */
  end(): void {
    this.core = null
    this.#socket = []
    this.#subscribed.clear()
    this.#isTicking = false
    this.#afterDrain = null
  }

  /** Takes nothing more, finishes, and then does something. */
  drain(then: () => void): void {
    this.#afterDrain = then
    this.put({ _tag: "Drain" })
  }

  /** Whether nothing waits here and nothing is under way. */
  get isIdle(): boolean {
    const { core } = this
    if (core === null) return true
    return core.frames.size === 0 && core.counters.every(({ storing }) => storing === null) && core.senders.every(isQuiet)
  }

  // As the server sees it.

  hears(sender: string): boolean {
    const { nowMs } = this.#world
    if (this.core === null || !this.#subscribed.has(sender) || this.#around.server.isDown) return false
    const { host } = this.home
    const silentSinceMs = Math.min(
      host.pausedUntilMs > nowMs ? host.pausedFromMs : nowMs,
      this.door.cutBackUntilMs > nowMs ? this.#cutFromMs : nowMs,
    )
    return nowMs - silentSinceMs < aliveMs
  }

  deliver(message: Entered): void {
    const backMs = this.door.back(message.key)
    // Its connection is cut: what the server writes there is lost.
    if (backMs < 0) return
    this.#readableMs = Math.max(this.#readableMs, this.#world.nowMs + backMs)
    this.#socket.push({ message, readableMs: this.#readableMs, pingMs: this.door.delayMs(message.key) })
    this.#world.in(this.#readableMs - this.#world.nowMs, EventKind.deliver, this.home.host, () => this.#read())
  }

  /** Its connection to the senders' account is cut for a while, and of what is in it the last `share` of 4 quarters is lost. */
  cutDoor(ms: number, share: number): void {
    this.#cutFromMs = this.#world.nowMs
    this.door.cutThereUntilMs = this.#world.nowMs + ms
    this.door.cutBackUntilMs = this.#world.nowMs + ms
    this.#socket.splice(this.#socket.length - Math.floor((this.#socket.length * share) / 4))
  }

  // Its connection to the senders' account.

  /** Reads all that has come, as one turn. */
  #read(): void {
    const { nowMs } = this.#world
    const count = this.#socket.findIndex(({ readableMs }) => readableMs > nowMs)
    const turn = this.#socket.splice(0, count < 0 ? this.#socket.length : count)
    const [first] = turn
    if (first === undefined || this.core === null) return
    const messages = turn.map(({ message }) => message)
    for (const message of messages) this.#around.observer.doorRead(this, message)
    this.put({ _tag: "Arrived", messages, publishedAfterMs: this.home.clockAt(this.#provenMs(first)) })
  }

  /**
   * The earliest time at which a message can have been published: when the last ping was sent whose pong came before the message. A ping is sent every few milliseconds, except
   * by a process that stands still; pings on a connection that was cut are lost.
   */
  #provenMs({ message, pingMs }: InSocket): number {
    const { host } = this.home
    const sent = message.atMs - pingMs
    const ping = sent - ((((sent - this.#sinceMs) % doorPingEveryMs) + doorPingEveryMs) % doorPingEveryMs)
    const unpaused = ping >= host.pausedFromMs && ping < host.pausedUntilMs ? host.pausedFromMs : ping
    const uncut = unpaused >= this.#cutFromMs && unpaused < this.door.cutBackUntilMs ? this.#cutFromMs : unpaused
    return Math.max(uncut, this.#sinceMs)
  }

  #answer({ sender, suffix, answer }: OutputOf<"Answer">): void {
    this.#around.observer.doorSaid(this.name, sender, suffix, answer)
    const hearer = this.#around.hearerOf(sender, suffix)
    const thereMs = this.door.there(hearer?.keyOf(suffix) ?? this.door.keyNow("answer"))
    if (thereMs < 0) return
    this.#world.in(thereMs, EventKind.server, null, () => hearer?.answerArrives(suffix, answer))
  }

  /** The server hears of a subscription, in the order in which they are made and given up. */
  #subscribe(sender: SenderId, open: boolean): void {
    const { core } = this
    this.#toldMs = Math.max(this.#toldMs, this.#world.nowMs + this.door.delayMs(this.door.keyNow(`subscription ${sender}`)))
    this.#world.in(this.#toldMs - this.#world.nowMs, EventKind.server, null, () => {
      if (this.core !== core) return
      if (open) this.#subscribed.add(sender)
      else this.#subscribed.delete(sender)
    })
  }

  // Its connection to the engine's account.

  hearOwner({ kind, partition, epoch, owner, full, factsFull }: OwnerNews): void {
    this.put({ _tag: "OwnerSeen", kind, partition, epoch, owner })
    for (const { sender, forMs } of full) this.put({ _tag: "SenderFull", of: "all", sender, forMs })
    for (const { sender, forMs } of factsFull) this.put({ _tag: "SenderFull", of: "facts", sender, forMs })
  }

  #handOver({ kind, partition, owner, frame, messages }: OutputOf<"HandOver">): void {
    const { observer, reigns, server } = this.#around
    const { host, link, everySlot } = this.home
    const id = this.#idOf({ kind, partition })
    if (kind === "sku") observer.handedOver(this, partition, messages as ReadonlyArray<SkuTakenMessage>)
    if (everySlot[id]?.reign === owner) {
      this.#world.in(0, EventKind.deliver, host, () =>
        this.put({ _tag: reigns.handHere(everySlot[id], owner, messages) ? "FrameHeard" : "FrameUnheard", frame }),
      )
      return
    }
    const { life } = host
    const { core } = this
    const tell = (_tag: "FrameHeard" | "FrameUnheard" | "FrameUnknown") => () => {
      if (this.core === core) this.put({ _tag, frame })
    }
    this.#world.in(handTimeoutMs, EventKind.timeout, host, tell("FrameUnknown"), life)
    const bytes = encodeFrame(messages)
    const key = link.keyNow(`hand ${id}`)
    const thereMs = link.there(key)
    if (thereMs < 0) return
    this.#world.in(thereMs, EventKind.server, null, () => {
      if (server.isDown) return
      const answer = (_tag: "FrameHeard" | "FrameUnheard") => {
        const backMs = link.back(key)
        if (backMs >= 0) this.#world.in(backMs, EventKind.answer, host, tell(_tag), life)
      }
      if (!reigns.hand(id, owner, bytes, () => answer("FrameHeard"))) answer("FrameUnheard")
    })
  }

  /** The number of a partition's journal among all of the world: by the true number of partitions, whatever this ingress believes. */
  #idOf({ kind, partition }: Pick<OutputOf<"Store">, "kind" | "partition">): number {
    return kind === "order" ? this.#around.partitions + partition : partition
  }

  #store({ kind, partition, serial, bytes }: OutputOf<"Store">): void {
    const { observer, server, faults, world } = this.#around
    const { core } = this
    const id = this.#idOf({ kind, partition })
    observer.storing(this, id, bytes)
    const tell = (input: WithoutTime<IngressInput>) => {
      if (this.core === core) this.put(input)
    }
    const fault = faults.storing(this.home.name, id)
    askOver<Exclude<AppendAnswer, null>>(
      { world, host: this.home.host, link: this.home.link },
      {
        what: `store ${id}`,
        timeoutMs: storeTimeoutMs,
        isOnce: true,
        serve: (answer) => {
          if (fault.full) return answer({ code: 503, errCode: 10077, description: "maximum messages exceeded" })
          const arrive = () => server.storeBatch(id, bytes, answer)
          if (fault.lateMs === 0) arrive()
          else world.in(fault.lateMs, EventKind.server, null, arrive)
        },
        answered: (came) => {
          if ("seq" in came) tell({ _tag: "Stored", kind, partition, serial, seq: came.seq })
          else tell({ _tag: came.errCode === 10077 ? "StoreFull" : "StoreUnknown", kind, partition, serial })
        },
        unanswered: () => tell({ _tag: "StoreUnknown", kind, partition, serial }),
      },
    )
  }

  #lookAtClock(): void {
    const { server, world, clockEveryMs } = this.#around
    const { core } = this
    askOver<number>(
      { world, host: this.home.host, link: this.home.link },
      {
        what: "time",
        timeoutMs: 1_000,
        serve: (answer) => answer(server.isDown ? null : server.nowMs),
        answered: (brokerMs) => {
          if (this.core === core) this.put({ _tag: "BrokerTimeSeen", brokerMs })
        },
        unanswered: () => undefined,
      },
    )
    world.in(core?.time.present == null ? 250 : clockEveryMs, EventKind.tick, this.home.host, () => {
      if (this.core === core) this.#lookAtClock()
    })
  }

  // The core.

  put(input: WithoutTime<IngressInput>): void {
    const { core } = this
    if (core === null) return
    const { step } = this.#around
    for (const output of step(core, { ...input, nowMs: this.steadyMs })) {
      this.#perform(output)
      if (this.core !== core) return
    }
    this.#tickIfNeeded(core)
  }

  #perform(output: IngressOutput): void {
    switch (output._tag) {
      case "Answer":
        return this.#answer(output)
      case "HandOver":
        return this.#handOver(output)
      case "Store":
        return this.#store(output)
      case "CloseDoor":
        this.#around.observer.doorClosed(this, output.sender)
        return this.#subscribe(output.sender, false)
      case "OpenDoor":
        return this.#subscribe(output.sender, true)
      case "Drained":
        return this.#afterDrain?.()
      default:
        return unreachable(output)
    }
  }

  #tickIfNeeded(core: Core): void {
    if (this.#isTicking) return
    const isWanted =
      core.senders.some((sender) => !sender.open || !isQuiet(sender)) || core.counters.some(({ storing }) => storing !== null)
    if (!isWanted || core.time.present === null) return
    this.#isTicking = true
    this.#world.in(ingressTickMs, EventKind.tick, this.home.host, () => {
      if (this.core !== core) return
      this.#isTicking = false
      this.put({ _tag: "Tick" })
    })
  }
}

const isQuiet = ({ waitingMessages }: Core["senders"][number]): boolean => waitingMessages === 0
