/**
 * Somebody who sends commands and hears answers: a channel, the warehouse, the planner. Plays flows of the workload, each step after the answer
 * to the one before, and asks again with the same id and the same bytes until it is answered.
 */
import type { Command } from "../../src/domain/commands.ts"
import { skuToken } from "../../src/domain/names.ts"
import type { AtsValue, DecisionSaid, Reply } from "../../src/engine/records.ts"
import { engineCodec } from "../../src/wire/codec.ts"
import { commandSubject, replyHeader } from "../../src/wire/subjects.ts"
import type { Send } from "../../src/workload/flows.ts"
import type { Server } from "../substitutes/server.ts"
import type { Host } from "../world/heap.ts"
import type { Link } from "../world/link.ts"
import { EventKind, type World } from "../world/world.ts"
import type { Observer } from "./observer.ts"

/** A command on its way to an answer. */
export interface Asked {
  readonly send: Send
  readonly command: Command
  readonly sender: string
  readonly sentMs: number
  sendings: number
  /** The last sending that the broker acknowledged as stored, or null. */
  acknowledgedMs: number | null
  heardMs: number | null
  outcome: DecisionSaid["outcome"] | null
  seq: number | null
  partition: number | null
}

const encoder = new TextEncoder()
const scope = (sku: string, id: string): string => `${sku} ${id}`

export interface SenderOptions {
  /** Milliseconds without an answer after which it asks again; doubles up to sixteenfold. */
  readonly retryMs: number
}

export class Sender {
  readonly name: string
  readonly link: Link
  readonly host: Host
  readonly #world: World
  readonly #server: Server
  readonly #observer: Observer
  readonly #options: SenderOptions
  /** Everything it ever asked, by SKU and id. */
  readonly asked = new Map<string, Asked>()
  /** What messages that must be refused have to be refused for, by the suffix of their reply. */
  readonly expected = new Map<string, ReadonlyArray<string>>()
  readonly #answered = new Map<string, (said: DecisionSaid) => void>()
  readonly #versions = new Map<string, number>()
  /** What it believes of each SKU it sells: the feed as it accepted it. */
  readonly ats = new Map<string, AtsValue>()
  #feedMs = 0
  #suffixes = 0
  open = 0
  messages = 0

  constructor(
    name: string,
    link: Link,
    options: SenderOptions,
    surroundings: { readonly world: World; readonly server: Server; readonly observer: Observer },
  ) {
    this.name = name
    this.link = link
    this.#options = options
    this.#world = surroundings.world
    this.#server = surroundings.server
    this.#observer = surroundings.observer
    this.host = this.#world.host()
  }

  /** Sends a command until it is answered for good, then says so. */
  send(send: Send, command: Command, answered: (said: DecisionSaid) => void): void {
    const key = scope(command.sku, command.id)
    const asked: Asked = {
      send,
      command,
      sender: this.name,
      sentMs: this.#world.nowMs,
      sendings: 0,
      acknowledgedMs: null,
      heardMs: null,
      outcome: null,
      seq: null,
      partition: null,
    }
    this.asked.set(key, asked)
    this.#answered.set(key, answered)
    this.open++
    const body = encoder.encode(engineCodec.commandText(command))
    const subject = commandSubject(this.name, send.class, skuToken(command.sku))
    this.#publish(asked, subject, body)
    for (let copy = 1; copy < send.copies; copy++)
      this.#world.in(send.together ? 0 : this.link.delayMs() * 3 * copy, EventKind.send, this.host, () =>
        this.#publish(asked, subject, body),
      )
    this.#askAgain(asked, subject, body, this.#options.retryMs)
  }

  /** Sends bytes once that must be refused for one of these reasons. */
  sendRaw(subject: string, body: Uint8Array, reasons: ReadonlyArray<string>): void {
    this.messages++
    const thereMs = this.link.there()
    if (thereMs < 0) return
    const suffix = `${this.name}.${++this.#suffixes}`
    this.expected.set(suffix, reasons)
    this.#world.in(thereMs, EventKind.server, null, () =>
      this.#server.publishCommand(subject, `${replyHeader}: ${suffix}`, body, () => undefined),
    )
  }

  #publish(asked: Asked, subject: string, body: Uint8Array): void {
    asked.sendings++
    this.messages++
    const headers = `${replyHeader}: ${this.name}.${++this.#suffixes}`
    const store = () =>
      this.#server.publishCommand(subject, headers, body, (came) => {
        if (came === null || "errCode" in came) return
        const backMs = this.link.back()
        if (backMs < 0) return
        this.#world.in(backMs, EventKind.answer, this.host, () => {
          asked.acknowledgedMs = this.#world.nowMs
        })
      })
    const thereMs = this.link.there()
    if (thereMs >= 0) this.#world.in(thereMs, EventKind.server, null, store)
    const againMs = this.link.again()
    if (againMs >= 0) this.#world.in(Math.max(thereMs, 0) + againMs, EventKind.server, null, store)
  }

  #askAgain(asked: Asked, subject: string, body: Uint8Array, waitMs: number): void {
    this.#world.in(waitMs, EventKind.timeout, this.host, () => {
      if (asked.outcome !== null && asked.outcome !== "quarantined") return
      this.#publish(asked, subject, body)
      this.#askAgain(asked, subject, body, Math.min(waitMs * 2, this.#options.retryMs * 16))
    })
  }

  /** A reply reaches the server and goes on to whom it names: it may be lost, come late, or twice. */
  replyArrives(reply: Reply): void {
    const backMs = this.link.back()
    if (backMs >= 0) this.#world.in(backMs, EventKind.answer, this.host, () => this.#hear(reply))
    const againMs = this.link.again()
    if (againMs >= 0) this.#world.in(Math.max(backMs, 0) + againMs, EventKind.answer, this.host, () => this.#hear(reply))
  }

  #hear(reply: Reply): void {
    this.#observer.replyHeard(this.name, reply.suffix, reply)
    // Answers to what was sent to be refused are no answers to the command it took its id from.
    if (this.expected.has(reply.suffix)) return
    for (const said of reply.decisions) {
      if (said.id === null || said.sku === null) continue
      const key = scope(said.sku, said.id)
      const asked = this.asked.get(key)
      if (asked === undefined || (asked.outcome !== null && asked.outcome !== "quarantined")) continue
      asked.outcome = said.outcome
      asked.heardMs = this.#world.nowMs
      asked.seq = reply.seq
      asked.partition = reply.partition
      if (said.outcome === "quarantined") continue
      this.open--
      const answered = this.#answered.get(key)
      this.#answered.delete(key)
      answered?.(said)
    }
  }

  /** The feed stored a value of this channel: it comes in the order of the stream, later if the channel lags, now and then twice. */
  feedStored(value: AtsValue): void {
    const atMs = Math.max(this.#feedMs, this.#world.nowMs + this.link.delayMs(), this.link.cutBackUntilMs)
    this.#feedMs = atMs
    this.#world.in(atMs - this.#world.nowMs, EventKind.watch, this.host, () => this.#accept(value))
    const againMs = this.link.again()
    if (againMs >= 0) this.#world.in(atMs - this.#world.nowMs + againMs, EventKind.watch, this.host, () => this.#accept(value))
  }

  #accept(value: AtsValue): void {
    const stale = value.version <= (this.#versions.get(value.sku) ?? 0)
    this.#observer.feedAccepted(this.name, value, stale)
    if (stale) return
    this.#versions.set(value.sku, value.version)
    this.ats.set(value.sku, value)
  }
}
