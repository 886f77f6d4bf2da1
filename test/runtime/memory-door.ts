/**
 * The ports of ingresses over plain memory: doors that a test sends through, and a desk between ingresses and the owners of a {@link MemoryBroker}.
 */
import { Clock, Effect, Layer } from "effect"
import type { SenderId } from "../../src/domain/names.ts"
import { Desk, Door, type HandedFrame, type OpenDoor, type OwnerNews, type PublishedMessage } from "../../src/ports/door.ts"
import { replySubject } from "../../src/wire/subjects.ts"

interface Listener {
  readonly senders: Set<SenderId>
  readonly hear: (message: PublishedMessage) => void
}

export class MemoryDoor {
  readonly #listeners: Array<Listener> = []
  readonly #receivers = new Map<string, (frame: HandedFrame) => void>()
  readonly #hearers = new Map<string, (frame: Uint8Array) => void>()
  readonly #news = new Set<(news: OwnerNews) => void>()
  /** Everything said to senders by ingresses. */
  readonly said: Array<{ readonly sender: string; readonly suffix: string; readonly body: string }> = []
  /** What owners said of themselves. */
  readonly announced: Array<OwnerNews> = []
  /** Frames that went through the desk, and what was told of them. */
  readonly handed: Array<"heard" | "unheard" | "unknown"> = []
  /** What happens to the next things stored, in turn; afterwards all go well. */
  readonly storeFaults: Array<"full" | "unknown" | "storedUnanswered"> = []
  /** How long ago messages were published when they arrive. */
  ageMs = 0
  #turn = 0

  readonly #append: (partition: number, body: Uint8Array) => number

  /** `append` stores a message in the commands stream of a partition. */
  constructor(append: (partition: number, body: Uint8Array) => number) {
    this.#append = append
  }

  /** Whether anybody listens to this sender. */
  isOpen(sender: string): boolean {
    return this.#listeners.some(({ senders }) => senders.has(sender as SenderId))
  }

  /** Sends as a request would, to one of those that listen. False: nobody does. */
  send(sender: string, path: string, body: string, suffix: string, traceparent = ""): boolean {
    const open = this.#listeners.filter(({ senders }) => senders.has(sender as SenderId))
    const listener = open[this.#turn++ % Math.max(1, open.length)]
    listener?.hear({
      sender: sender as SenderId,
      path,
      replySubject: replySubject(sender, suffix),
      replyHeader: "",
      traceparent,
      body: new TextEncoder().encode(body),
    })
    return listener !== undefined
  }

  readonly #store: Desk["Service"]["store"] = (_kind, partition, body) =>
    Effect.sync(() => {
      const fault = this.storeFaults.shift()
      if (fault === "full") return { _tag: "Full" }
      if (fault === "unknown") return { _tag: "Unknown", cause: "lost on its way" }
      const seq = this.#append(partition, body)
      return fault === "storedUnanswered" ? { _tag: "Unknown", cause: "the answer was lost" } : { _tag: "Stored", seq }
    })

  readonly deskLayer = Layer.succeed(Desk, {
    hand: (kind, partition, owner, bytes) =>
      Effect.sync(() => {
        let isHeard = false
        const receiver = this.#receivers.get(`${kind} ${partition} ${owner}`)
        receiver?.({
          bytes,
          heard: () => {
            isHeard = true
          },
        })
        const outcome = receiver === undefined ? "unheard" : isHeard ? "heard" : "unknown"
        this.handed.push(outcome)
        return outcome
      }),
    store: this.#store,
    owners: (tell) =>
      Effect.acquireRelease(
        Effect.sync(() => void this.#news.add(tell)),
        () => Effect.sync(() => this.#news.delete(tell)),
      ),
    announce: (news) => {
      this.announced.push(news)
      for (const tell of this.#news) tell(news)
    },
    receive: (kind, partition, owner, tell) =>
      Effect.acquireRelease(
        Effect.sync(() => void this.#receivers.set(`${kind} ${partition} ${owner}`, tell)),
        () => Effect.sync(() => this.#receivers.delete(`${kind} ${partition} ${owner}`)),
      ),
    say: (word, kind, partition, owner, frame) => this.#hearers.get(`${word} ${kind} ${partition} ${owner}`)?.(frame),
    hear: (word, kind, partition, owner, tell) =>
      Effect.acquireRelease(
        Effect.sync(() => void this.#hearers.set(`${word} ${kind} ${partition} ${owner}`, tell)),
        () => Effect.sync(() => this.#hearers.delete(`${word} ${kind} ${partition} ${owner}`)),
      ),
    brokerMs: Clock.currentTimeMillis,
  })

  readonly doorLayer = Layer.succeed(Door, {
    enter: (hearing) =>
      Effect.acquireRelease(
        Effect.map(Clock.Clock, (clock) => {
          const nowMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000
          const listener: Listener = { senders: new Set(), hear: (message) => hearing.arrived([message], nowMs() - this.ageMs) }
          this.#listeners.push(listener)
          return listener
        }),
        (listener) => Effect.sync(() => this.#listeners.splice(this.#listeners.indexOf(listener), 1)),
      ).pipe(
        Effect.map(
          ({ senders }): OpenDoor => ({
            open: (sender) => void senders.add(sender),
            close: (sender) => void senders.delete(sender),
            answer: (sender, suffix, body) => this.said.push({ sender, suffix, body: new TextDecoder().decode(body) }),
          }),
        ),
      ),
  })
}
