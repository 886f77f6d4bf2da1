/**
 * Reads a stream in its order, from where it is told, for ever, and never further ahead of whoever takes than its window.
 *
 * The server's consumer is a throw-away: it acknowledges nothing and remembers nothing that matters. Whenever anything looks wrong (a gap, silence,
 * a reconnection, an error, or nothing arrives although the stream's leader holds something) it is made anew, on another server where one was deaf, after the last message that arrived, unless
 * whoever reads asked to be told instead. Written here rather than taken from the client library, because that one takes a status line in a sender's own headers for the server's word, and can't be held back without losing its heartbeat.
 */
import { AckPolicy, type ConsumerConfig, type ConsumerInfo, DeliverPolicy, ReplayPolicy } from "@nats-io/jetstream"
import { type Msg, nanos, nuid, type Subscription } from "@nats-io/transport-node"
import { Effect, Stream } from "effect"
import { BrokerUnavailable } from "../ports/errors.ts"
import type { Link } from "./connection.ts"
import { describe } from "./errors.ts"
import type { Position } from "./leaders.ts"
import { Lookout } from "./lookout.ts"
import { type Delivery, parseDelivery } from "./message.ts"

/** Where a consumer begins: at a sequence, or at a time of the server's clock. `latest` is the newest message of each subject, then everything: what a watcher of keys wants. */
export type Start = { readonly from: number } | { readonly sinceMs: number } | "latest"

export interface ReaderOptions {
  readonly stream: string
  readonly filter: string
  readonly start: Start
  /** Deliver headers without bodies. */
  readonly headersOnly?: boolean
  /** Close instead of making the consumer anew: for a stream that may have lost its tail meanwhile, which whoever reads it has to find out first. */
  readonly closesWhenBroken?: boolean
}

export interface Delivered {
  readonly delivery: Delivery
  readonly message: Msg
  /** Rises with every consumer made. With start `latest`, each begins again with the newest of every subject. */
  readonly generation: number
}

/** Messages asked of the server and not yet taken, at most. */
const windowMessages = 1_024
/**
 * Bytes of the same, judged by the size of the messages that were taken last: bodies of 64 KiB shrink the window. All that was asked for comes before the answer to anything
 * asked later on the connection, from every reader of it: with tens of megabytes on the way, lookups time out, and a partition whose cursor can't be looked at reads all of it again.
 */
const windowBytes = 2 * 1_048_576
const windowMessagesMin = 4
/** What a message is taken to hold before any has come: as much as one may. Were it less, the first thousand could be 64 MiB. */
const bytesFirstTaken = 65_536
/** What a message costs beyond its body, roughly. */
const headersBytes = 256
const heartbeatMs = 2_000
/** Silence after which a consumer is taken for dead: more than two heartbeats. */
const silenceMs = 5_000
/** Between two looks at whether all is well. */
const watchMs = 250
/** Times a consumer is made again because it landed on a server that is to be left alone: of three, each time one in three does. */
const placementsMax = 10
const pullExpiresMs = 30_000
/** How long the server keeps a consumer that nobody pulls from. */
const consumerKeptMs = 60_000
const backoffMs = [20, 50, 100, 250, 500, 1_000] as const

export class OrderedReader {
  readonly #link: Link
  readonly #options: ReaderOptions
  #buffer: Array<Delivered> = []
  #wake: (() => void) | undefined
  /** Something happened while nobody waited. */
  #isSignalled = false
  #generation = 0
  #consumer = ""
  /** The server that the consumer lives on; "" where there is only one. */
  #server = ""
  #placements = 0
  #subscription: Subscription | undefined
  #failures = 0
  #retry: NodeJS.Timeout | undefined
  readonly #watch: NodeJS.Timeout
  readonly #forgetReconnect: () => void
  #closed = false
  /** Last sequence that arrived here, in this and all former consumers. */
  #lastSeq = 0
  #deliverySeq = 0
  /** Messages asked for that have not arrived. */
  #outstanding = 0
  #heardMs = 0
  /** When something was last delivered, or asked for while nothing was. */
  #deliveredMs = 0
  readonly #lookout: Lookout
  #averageBytes = bytesFirstTaken
  #initialPending: number | undefined
  #lastFailure = ""

  constructor(link: Link, options: ReaderOptions) {
    this.#link = link
    this.#options = options
    if (typeof options.start === "object" && "from" in options.start) this.#lastSeq = options.start.from - 1
    this.#forgetReconnect = link.onReconnect(() => this.#renew("reconnected"))
    this.#lookout = new Lookout(link.leaders, options.stream, options.filter)
    this.#watch = setInterval(() => this.#checkSilence(), watchMs)
    this.#create()
  }

  /** Messages the present consumer had to deliver when it was made; undefined until one was made. */
  get initialPending(): number | undefined {
    return this.#initialPending
  }

  get generation(): number {
    return this.#generation
  }

  /** Why the last consumer was given up, or could not be made, for people. */
  get lastFailure(): string {
    return this.#lastFailure
  }

  /** Calls back once, when there is something to take, a consumer was made, or the reader or its connection is closed. At most one waits. */
  onArrival(wake: () => void): () => void {
    if (this.#isSignalled || this.isClosed) {
      wake()
      return () => undefined
    }
    this.#wake = wake
    return () => {
      if (this.#wake === wake) this.#wake = undefined
    }
  }

  /** All that has arrived. What is taken makes room for as much again. */
  take(): ReadonlyArray<Delivered> {
    const taken = this.#buffer
    this.#isSignalled = false
    if (taken.length === 0) return taken
    this.#buffer = []
    let bytes = 0
    for (const delivered of taken) bytes += delivered.message.data.length + headersBytes
    this.#averageBytes = 0.5 * this.#averageBytes + (0.5 * bytes) / taken.length
    this.#pull()
    return taken
  }

  /** Whether it closed itself, though its connection may live. */
  get isBroken(): boolean {
    return this.#closed && !this.#link.nc.isClosed()
  }

  get isClosed(): boolean {
    return this.#closed || this.#link.nc.isClosed()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#watch)
    clearTimeout(this.#retry)
    this.#forgetReconnect()
    this.#dropConsumer()
    this.#wakeUp()
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = undefined
    if (wake === undefined) this.#isSignalled = true
    else wake()
  }

  /** The consumer, if the server still has it, goes at once; if it can't be told, the server forgets it by itself. */
  #dropConsumer(): void {
    this.#subscription?.unsubscribe()
    this.#subscription = undefined
    const consumer = this.#consumer
    this.#consumer = ""
    if (consumer !== "" && !this.#link.nc.isClosed()) this.#link.jsm.consumers.delete(this.#options.stream, consumer).catch(() => undefined)
  }

  #renew(why: string): void {
    if (this.#closed) return
    this.#lastFailure = why
    if (this.#options.closesWhenBroken === true) {
      this.close()
      return
    }
    this.#dropConsumer()
    // Whatever is still being made, or still arrives, belongs to the past.
    this.#generation++
    clearTimeout(this.#retry)
    // Not at once: a server that answers every consumer with an error must not be asked in a tight loop.
    const delayMs = backoffMs[Math.min(this.#failures, backoffMs.length - 1)] ?? 1_000
    this.#retry = setTimeout(() => this.#create(), delayMs)
  }

  #create(): void {
    if (this.isClosed) {
      this.#wakeUp()
      return
    }
    const generation = ++this.#generation
    this.#deliverySeq = 0
    this.#outstanding = 0
    this.#initialPending = undefined
    const name = nuid.next()
    this.#link
      .request(() => this.#link.lookups.consumers.add(this.#options.stream, this.#config(name)))
      .then(
        (info) => {
          if (generation === this.#generation && !this.#closed) this.#created(name, info)
          else this.#link.jsm.consumers.delete(this.#options.stream, name).catch(() => undefined)
        },
        (error: unknown) => {
          if (generation !== this.#generation) return
          this.#failures++
          this.#renew(describe(error))
          this.#wakeUp()
        },
      )
  }

  #created(name: string, info: ConsumerInfo): void {
    this.#server = info.cluster?.leader ?? ""
    if (this.#link.leaders.isAvoided(this.#options.stream, this.#server) && this.#placements < placementsMax) {
      this.#placements++
      this.#link.jsm.consumers.delete(this.#options.stream, name).catch(() => undefined)
      this.#create()
      return
    }
    this.#placements = 0
    this.#consumer = name
    this.#initialPending = info.num_pending
    this.#heardMs = performance.now()
    this.#lookout.heard()
    const generation = this.#generation
    this.#subscription = this.#link.nc.subscribe(this.#link.newInbox(), {
      // An exception here would end the client's reading of the whole connection: nothing below throws on what a message holds.
      callback: (error, message) => {
        if (generation !== this.#generation) return
        if (error === null) {
          this.#receive(message)
          return
        }
        this.#failures++
        this.#renew(describe(error))
      },
    })
    this.#pull()
    this.#wakeUp()
  }

  #config(name: string): Partial<ConsumerConfig> {
    return {
      name,
      filter_subject: this.#options.filter,
      ...this.#position(),
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      max_deliver: 1,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(consumerKeptMs),
      ...(this.#options.headersOnly === true ? { headers_only: true } : {}),
    }
  }

  #position(): Partial<ConsumerConfig> {
    const { start } = this.#options
    if (start === "latest") return { deliver_policy: DeliverPolicy.LastPerSubject }
    if (this.#lastSeq === 0 && typeof start === "object" && "sinceMs" in start)
      return { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(start.sinceMs).toISOString() }
    return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Math.max(1, this.#lastSeq + 1) }
  }

  #receive(message: Msg): void {
    this.#heardMs = performance.now()
    const delivery = parseDelivery(message.reply ?? "")
    if (delivery === undefined) {
      this.#receiveStatus(message)
      return
    }
    if (delivery.deliverySeq !== this.#deliverySeq + 1) {
      this.#renew("gap")
      return
    }
    this.#deliverySeq = delivery.deliverySeq
    this.#deliveredMs = this.#heardMs
    this.#lookout.heard()
    this.#failures = 0
    this.#lastSeq = Math.max(this.#lastSeq, delivery.seq)
    this.#outstanding = Math.max(0, this.#outstanding - 1)
    this.#buffer.push({ delivery, message, generation: this.#generation })
    this.#wakeUp()
  }

  /** Statuses come from the server alone: a sender's message always has a reply subject that names its delivery. */
  #receiveStatus(message: Msg): void {
    const headers = message.headers
    const isBehind = Number(headers?.get("Nats-Last-Consumer") ?? "0") > this.#deliverySeq
    if (headers?.code === 100 && !isBehind) return
    if (headers?.code === 408) {
      this.#outstanding = Math.max(0, this.#outstanding - Number(headers.get("Nats-Pending-Messages")))
      this.#pull()
      return
    }
    this.#failures++
    this.#renew(headers?.description ?? "status")
  }

  /** Asks for as much as there is room for, once that is worth a request. */
  #pull(): void {
    if (this.#consumer === "" || this.isClosed) return
    const window = Math.max(windowMessagesMin, Math.min(windowMessages, Math.floor(windowBytes / this.#averageBytes)))
    const batch = window - this.#outstanding - this.#buffer.length
    if (batch < window / 2) return
    // The silence counts from when something is asked for: a consumer that was not asked says nothing.
    if (this.#outstanding === 0) {
      this.#heardMs = performance.now()
      this.#deliveredMs = this.#heardMs
    }
    this.#outstanding += batch
    const request = { batch, expires: nanos(pullExpiresMs), idle_heartbeat: nanos(heartbeatMs) }
    this.#link.nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${this.#options.stream}.${this.#consumer}`, JSON.stringify(request), {
      reply: this.#subscription?.getSubject() ?? "",
    })
  }

  #checkSilence(): void {
    if (this.isClosed) {
      this.#wakeUp()
      return
    }
    if (this.#consumer === "" || this.#outstanding === 0) return
    if (performance.now() - this.#heardMs > silenceMs) this.#renew("silence")
    else this.#checkDeaf()
  }

  /** Where the consumer has got to, as its stream's leader would be asked. */
  #at(): Position {
    const { start } = this.#options
    if (this.#lastSeq === 0 && typeof start === "object" && "sinceMs" in start) return start
    return { afterSeq: this.#lastSeq }
  }

  /** Heartbeats say that the server lives, not that it has what the stream holds. */
  #checkDeaf(): void {
    const [generation, lastSeq] = [this.#generation, this.#lastSeq]
    const isCurrent = () => !this.isClosed && generation === this.#generation && lastSeq === this.#lastSeq
    this.#lookout.look(performance.now() - this.#deliveredMs, this.#at(), isCurrent, (seq) => {
      const why = `deaf: ${this.#server || "the server"} delivers nothing after message ${lastSeq}, the leader holds message ${seq}`
      this.#link.leaders.foundDeaf(this.#options.stream, this.#server, why)
      this.#renew(why)
    })
  }
}

/** Resolves at the end of the turn of the event loop in which something arrived, so that all of that turn is taken at once. */
const arrival = (reader: OrderedReader): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    let turn: NodeJS.Immediate | undefined
    const forget = reader.onArrival(() => {
      turn = setImmediate(() => resume(Effect.void))
    })
    return Effect.sync(() => {
      forget()
      clearImmediate(turn)
    })
  })

/** What has arrived, or nothing if a consumer was made anew meanwhile. Fails once the reader is closed, or its connection for good, and all was taken. */
export const takeArrived = (reader: OrderedReader, operation: string): Effect.Effect<ReadonlyArray<Delivered>, BrokerUnavailable> =>
  Effect.flatMap(arrival(reader), () => {
    const taken = reader.take()
    if (taken.length === 0 && reader.isClosed) {
      const cause = reader.isBroken ? `the reading broke: ${reader.lastFailure}` : "the connection is closed"
      return new BrokerUnavailable({ operation, cause })
    }
    return Effect.succeed(taken)
  })

/** A reader that is closed with its scope. */
export const openReader = (link: Link, options: ReaderOptions) =>
  Effect.acquireRelease(
    Effect.sync(() => new OrderedReader(link, options)),
    (reader) => Effect.sync(() => reader.close()),
  )

/** The stream from where it is told, for ever, in arrays of what arrived in one turn. */
export const readOrdered = (link: Link, options: ReaderOptions): Stream.Stream<ReadonlyArray<Delivered>, BrokerUnavailable> =>
  Stream.unwrap(
    Effect.map(openReader(link, options), (reader) => {
      const pull: Effect.Effect<readonly [ReadonlyArray<Delivered>], BrokerUnavailable> = Effect.flatMap(
        takeArrived(reader, `read ${options.stream}`),
        (taken) => (taken.length === 0 ? pull : Effect.succeed([taken] as const)),
      )
      return Stream.fromPull(Effect.succeed(pull))
    }),
  )
