/**
 * A channel's feed at one gateway, shared by all its clients that follow it: heard once, numbered, and handed to each as far as it keeps up.
 *
 * A client that reads too slowly is dropped, never waited for, and what waits for it is bounded. Whoever comes back says the last number that it read: what came after it is still here, or all current values are
 * said again. Numbers are of this feed's life at this gateway: at another, current values are the answer too.
 */
import { Effect } from "effect"
import type { AtsValue } from "../kinds/sku/types.ts"
import type { StreamDropped } from "../ports/http-meter.ts"
import type { ActingSender, FeedFollowed } from "../ports/senders.ts"

/** How much is kept for and of clients. */
export interface FeedBounds {
  /** Events that wait for one client. */
  readonly waitingMax: number
  /** Newest events that are kept for whoever comes back. */
  readonly keptMax: number
  /** Milliseconds for which a client may take nothing. */
  readonly stalledMs: number
}

/** One client of a feed. */
export class FeedClient {
  readonly #wanted: ReadonlySet<string> | null
  readonly #waitingMax: number
  readonly #dropped: (why: StreamDropped) => void
  #waiting: Array<string> = []
  #resume: (() => void) | null = null
  #isDropped = false
  /** When it last took what waited for it, in milliseconds of the clock that is handed in. */
  tookAtMs: number

  /** `wanted`: only these SKUs; null: all. `dropped` is told once. */
  constructor(wanted: ReadonlySet<string> | null, { waitingMax }: FeedBounds, nowMs: number, dropped: (why: StreamDropped) => void) {
    this.#wanted = wanted
    this.#waitingMax = waitingMax
    this.#dropped = dropped
    this.tookAtMs = nowMs
  }

  wants(sku: string): boolean {
    return this.#wanted === null || this.#wanted.has(sku)
  }

  offer(event: string): void {
    if (this.#isDropped) return
    if (this.#waiting.length >= this.#waitingMax) this.drop("behind")
    else {
      this.#waiting.push(event)
      this.#resume?.()
    }
  }

  drop(why: StreamDropped): void {
    if (this.#isDropped) return
    this.#isDropped = true
    this.#waiting = []
    this.#dropped(why)
  }

  /** What waits for it, once something does. */
  take(now: () => number): Effect.Effect<string> {
    return Effect.callback<string>((resume) => {
      this.tookAtMs = now()
      const give = () => {
        this.#resume = null
        resume(Effect.succeed(this.#waiting.splice(0).join("")))
      }
      if (this.#waiting.length > 0) return give()
      this.#resume = give
      return Effect.sync(() => {
        this.#resume = null
      })
    })
  }
}

/** An event as it travels. Neither a name nor JSON in one line holds a line break. */
export const eventText = (event: string, data: string, id?: string): string =>
  `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`

interface KeptEvent {
  readonly number: number
  readonly sku: string
  readonly text: string
}

const idPattern = /^([A-Za-z0-9-]{1,64})-(\d{1,15})$/

/** Whether a text may be an id that some gateway gave. */
export const isEventId = (text: string): boolean => idPattern.test(text)

/** A feed that is heard. */
export class ChannelFeed {
  readonly #name: string
  readonly #bounds: FeedBounds
  readonly #clients = new Set<FeedClient>()
  #kept: Array<KeptEvent> = []
  #keptFrom = 0
  #number = 0
  followed: FeedFollowed | null = null

  /** `name`: of this life of it, told apart from every other. */
  constructor(name: string, bounds: FeedBounds) {
    this.#name = name
    this.#bounds = bounds
  }

  /** Opens it over the channel's connection. */
  static open(name: string, bounds: FeedBounds, acting: ActingSender) {
    return Effect.gen(function* () {
      const feed = new ChannelFeed(name, bounds)
      feed.followed = yield* acting.follow({ onValue: (value) => feed.heard(value), onGap: () => undefined })
      return feed
    })
  }

  get clients(): number {
    return this.#clients.size
  }

  /** The id of the last event. */
  get lastId(): string {
    return this.#idOf(this.#number)
  }

  heard(value: AtsValue): void {
    const number = ++this.#number
    const text = eventText("ats", JSON.stringify(value), this.#idOf(number))
    this.#kept.push({ number, sku: value.sku, text })
    this.#cut()
    for (const client of this.#clients) if (client.wants(value.sku)) client.offer(text)
  }

  /** Adds a client. What it missed since the event of that id is handed to it, and true returned; false: that is no longer known, or none was named. */
  join(client: FeedClient, lastId: string | undefined): boolean {
    const after = this.#numberIn(lastId)
    this.#clients.add(client)
    if (after === undefined) return false
    for (let at = this.#keptFrom; at < this.#kept.length; at++) {
      const event = this.#kept[at]
      if (event !== undefined && event.number > after && client.wants(event.sku)) client.offer(event.text)
    }
    return true
  }

  leave(client: FeedClient): void {
    this.#clients.delete(client)
  }

  /** Drops whoever takes nothing. */
  dropStalled(nowMs: number): void {
    for (const client of this.#clients) if (nowMs - client.tookAtMs > this.#bounds.stalledMs) client.drop("stalled")
  }

  #idOf(number: number): string {
    return `${this.#name}-${number}`
  }

  /** The number in an id of this feed from which on everything is kept. */
  #numberIn(id: string | undefined): number | undefined {
    const parts = idPattern.exec(id ?? "")
    if (parts === null || parts[1] !== this.#name) return undefined
    const number = Number(parts[2])
    const oldest = this.#kept[this.#keptFrom]?.number ?? this.#number + 1
    return number <= this.#number && number >= oldest - 1 ? number : undefined
  }

  /** The array is cut only when half of it is spent, so that taking from its front costs nothing on average. */
  #cut(): void {
    if (this.#kept.length - this.#keptFrom > this.#bounds.keptMax) this.#keptFrom++
    if (this.#keptFrom < this.#bounds.keptMax) return
    this.#kept = this.#kept.slice(this.#keptFrom)
    this.#keptFrom = 0
  }
}
