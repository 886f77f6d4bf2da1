/**
 * Reads a stream over a connection: in its order, from where it is told, for ever, not further ahead of whoever takes than its window.
 *
 * As the real reader it makes its consumer anew after every failure and every reconnection, after the last message that arrived, unless whoever reads asked to
 * be told instead. Deliveries may lag.
 */
import { Effect, Stream } from "effect"
import { BrokerUnavailable } from "../../src/ports/errors.ts"
import { makeSignal } from "../../src/runtime/signal.ts"
import type { StoredMessage } from "../substitutes/stream.ts"
import { EventKind } from "../world/world.ts"
import type { Connection, Outcome } from "./connection.ts"
import type { ServedStream } from "./servers.ts"

/** Where a consumer begins: at a sequence, or at a time of the server's clock. `latest`: the newest of every subject, then everything. */
export type Start = { readonly from: number } | { readonly sinceMs: number } | "latest"

/** What one turn brought. `isFirst`: it begins a consumer with start `latest`, and holds all there was. */
export interface Delivery {
  readonly messages: ReadonlyArray<StoredMessage>
  readonly isFirst: boolean
}

const windowMessages = 256
const createTimeoutMs = 2_000
const backoffMs = [20, 50, 100, 250, 500, 1_000] as const

/** A consumer as the server keeps it. */
interface Consumer {
  nextSeq: number
  isFirst: boolean
  isPushing: boolean
}

class Reader {
  readonly #connection: Connection
  readonly #stream: ServedStream
  readonly #prefix: string
  readonly #start: Start
  readonly #route: string
  readonly #arrived = makeSignal()
  #buffer: Array<Delivery> = []
  #buffered = 0
  #consumer: Consumer | null = null
  #lastSeq = 0
  #failures = 0
  #isClosed = false
  #isBroken = false
  readonly #endsWhenBroken: boolean
  #forgetRequest: () => void = () => undefined
  readonly #forgetReconnect: () => void
  readonly #onChange = () => this.#push()

  constructor(connection: Connection, { stream, prefix, start, endsWhenBroken = false }: Reading) {
    this.#connection = connection
    this.#endsWhenBroken = endsWhenBroken
    this.#stream = stream
    this.#prefix = prefix
    this.#start = start
    this.#route = connection.newRoute()
    if (typeof start === "object" && "from" in start) this.#lastSeq = start.from - 1
    stream.changed.add(this.#onChange)
    this.#forgetReconnect = connection.onReconnect(() => (endsWhenBroken ? this.#break() : this.#create()))
    this.#create()
  }

  /** All that has arrived, once anything has. */
  readonly take: Effect.Effect<ReadonlyArray<Delivery>, BrokerUnavailable> = Effect.suspend(() =>
    Effect.flatMap(
      this.#arrived.until(() => this.#buffer.length > 0 || this.#isBroken),
      () => {
        const taken = this.#buffer
        if (taken.length === 0) return Effect.fail(new BrokerUnavailable({ operation: "read", cause: "the reading broke" }))
        this.#buffer = []
        this.#buffered = 0
        this.#push()
        return Effect.succeed(taken)
      },
    ),
  )

  #break(): void {
    this.close()
    this.#isBroken = true
    this.#arrived.notify()
  }

  close(): void {
    this.#isClosed = true
    this.#consumer = null
    this.#forgetRequest()
    this.#forgetReconnect()
    this.#stream.changed.delete(this.#onChange)
  }

  #create(): void {
    if (this.#isClosed) return
    this.#forgetRequest()
    this.#consumer = null
    this.#forgetRequest = this.#connection.request<Consumer | null>({
      route: this.#route,
      timeoutMs: createTimeoutMs,
      serve: (answer) => answer(this.#stream.hasLeader ? this.#consumerNow() : null),
      done: (outcome) => this.#created(outcome),
    })
  }

  #consumerNow(): Consumer {
    const isLatest = this.#start === "latest"
    return { nextSeq: isLatest ? 1 : this.#nextSeq(), isFirst: isLatest, isPushing: false }
  }

  #nextSeq(): number {
    if (this.#lastSeq > 0 || typeof this.#start !== "object" || "from" in this.#start) return this.#lastSeq + 1
    const { sinceMs } = this.#start
    const { model } = this.#stream
    let seq = model.lastSeq + 1
    while (seq > model.firstSeq && (model.at(seq - 1)?.atMs ?? sinceMs) >= sinceMs) seq--
    return seq
  }

  #created(outcome: Outcome<Consumer | null>): void {
    if (outcome._tag === "Answered" && outcome.answer !== null) {
      this.#failures = 0
      this.#consumer = outcome.answer
      this.#push()
      return
    }
    if (this.#endsWhenBroken) {
      this.#break()
      return
    }
    const waitMs = backoffMs[Math.min(this.#failures++, backoffMs.length - 1)] ?? 1_000
    this.#connection.in(waitMs, EventKind.restart, () => {
      if (this.#consumer === null && this.#connection.isUp) this.#create()
    })
  }

  /** Has the server deliver what there is, if it doesn't already. */
  #push(): void {
    const consumer = this.#consumer
    const isDue = consumer !== null && (consumer.isFirst || consumer.nextSeq <= this.#stream.model.lastSeq)
    if (!isDue || consumer.isPushing || !this.#stream.hasLeader || this.#buffered >= windowMessages) return
    consumer.isPushing = true
    this.#connection.world.in(this.#connection.drawLagMs(), EventKind.watch, null, () => {
      if (consumer === this.#consumer) this.#deliver(consumer)
    })
  }

  #deliver(consumer: Consumer): void {
    const { model } = this.#stream
    const messages: Array<StoredMessage> = []
    const room = consumer.isFirst ? Number.POSITIVE_INFINITY : windowMessages - this.#buffered
    for (; consumer.nextSeq <= model.lastSeq && messages.length < room; consumer.nextSeq++) {
      const message = model.at(consumer.nextSeq)
      if (message?.subject.startsWith(this.#prefix) === true) messages.push(message)
    }
    const delivery: Delivery = { messages, isFirst: consumer.isFirst }
    if (messages.length === 0 && !consumer.isFirst) {
      consumer.isPushing = false
      return
    }
    consumer.isFirst = false
    this.#connection.deliver(this.#route, () => {
      if (consumer !== this.#consumer) return
      consumer.isPushing = false
      this.#receive(delivery)
      this.#push()
    })
  }

  #receive(delivery: Delivery): void {
    const last = delivery.messages.at(-1)
    if (last === undefined && !delivery.isFirst) return
    this.#lastSeq = Math.max(this.#lastSeq, last?.seq ?? 0)
    this.#buffer.push(delivery)
    this.#buffered += delivery.messages.length
    this.#arrived.notify()
  }
}

export interface Reading {
  readonly stream: ServedStream
  /** Only subjects that begin with it. */
  readonly prefix: string
  readonly start: Start
  /** Ends, with an error, instead of making its consumer anew. */
  readonly endsWhenBroken?: boolean
}

/** What each turn brings, for ever. Ends with its scope. */
export const readDeliveries = (connection: Connection, reading: Reading): Stream.Stream<Delivery, BrokerUnavailable> =>
  Stream.unwrap(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => new Reader(connection, reading)),
        (reader) => Effect.sync(() => reader.close()),
      ),
      (reader) => Stream.fromEffectRepeat(reader.take).pipe(Stream.flattenIterable),
    ),
  )

/** The stream in arrays of what came at once. */
export const readMessages = (connection: Connection, reading: Reading): Stream.Stream<ReadonlyArray<StoredMessage>, BrokerUnavailable> =>
  readDeliveries(connection, reading).pipe(
    Stream.map(({ messages }) => messages),
    Stream.filter((messages) => messages.length > 0),
  )
