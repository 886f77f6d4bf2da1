/**
 * A sender's link in memory: what the client says is kept, what it hears is said by the test.
 */
import { Cause, Effect, Layer, Queue, Stream } from "effect"
import type { Kind } from "../../src/domain/kinds.ts"
import { type CommandClass, skuToken } from "../../src/domain/names.ts"
import type { AtsValue } from "../../src/kinds/sku/types.ts"
import { type Heard, SenderLink } from "../../src/ports/channel.ts"
import { BrokerUnavailable, NotPermitted } from "../../src/ports/errors.ts"
import { type DoorAnswer, encodeDoorAnswer } from "../../src/wire/answers.ts"
import { encodeAts } from "../../src/wire/feed.ts"
import { encodeAnswer, type QuestionAnswer, topologyPath } from "../../src/wire/questions.ts"

export interface SaidMessage {
  readonly class: CommandClass
  readonly kind: Kind
  readonly token: string
  readonly body: string
  readonly suffix: string
  readonly traceparent?: string
}

export interface AskedQuestion {
  readonly path: string
  readonly body: string
  readonly suffix: string
}

type FeedItem = { readonly token: string; readonly body: Uint8Array }

export interface FakeLink {
  readonly layer: Layer.Layer<SenderLink>
  readonly published: Array<SaidMessage>
  readonly asked: Array<AskedQuestion>
  /** Called with every message. */
  onPublish: (message: SaidMessage) => void
  /** Whether there is a connection. */
  isConnected: boolean
  /** Called with every question. */
  onAsk: (question: AskedQuestion) => void
  readonly reply: (suffix: string, body: object) => void
  /** What the door says of a message. */
  readonly door: (suffix: string, answer: DoorAnswer) => void
  /** What the server says: that nobody takes the message; that these credentials may not publish there. */
  readonly nobodyTakes: (suffix: string) => void
  readonly deny: (message: SaidMessage) => void
  /** Refuses the sender its answers, and lets it hear them again. */
  readonly refuseAnswers: () => void
  readonly letHear: () => void
  readonly answer: (question: AskedQuestion, answer: QuestionAnswer) => void
  /** What the feed's subscriptions hear, of which there are so many. */
  readonly feed: (values: ReadonlyArray<AtsValue>) => void
  readonly subscriptions: () => number
  /** Ends every subscription to the feed. */
  readonly loseFeed: () => void
}

/** `null`: the server refuses the sender its answers. */
type Listener = (heard: Heard | null) => void

const refused = new NotPermitted({ operation: "hear hf.reply.web.>", cause: "permissions violation for subscription" })

const repliesOver = (listeners: Set<Listener>, refusals: { now: boolean; before: boolean }) => (prefix: string) =>
  Stream.callback<Heard, NotPermitted>((queue) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const listener: Listener = (heard) => {
          if (heard === null) Queue.failCauseUnsafe(queue, Cause.fail(refused))
          else if (heard._tag === "NotPermitted" || heard._tag === "Listening") Queue.offerUnsafe(queue, heard)
          else if (heard.suffix.startsWith(`${prefix}.`))
            Queue.offerUnsafe(queue, { ...heard, suffix: heard.suffix.slice(prefix.length + 1) })
        }
        listeners.add(listener)
        if (refusals.now) listener(null)
        else if (refusals.before) listener({ _tag: "Listening" })
        return listener
      }),
      (listener) => Effect.sync(() => listeners.delete(listener)),
    ),
  ).pipe(Stream.chunks)

const refusing = (refusals: { now: boolean; before: boolean }, tell: () => void) => ({
  refuseAnswers: () => {
    refusals.now = true
    refusals.before = true
    tell()
  },
  letHear: () => {
    refusals.now = false
  },
})

/** `partitions`: as a worker says on being asked; null: there is none. */
export const fakeLink = (partitions: number | null = 4): FakeLink => {
  const listeners = new Set<Listener>()
  const refusals = { now: false, before: false }
  const feeds = new Map<Queue.Queue<FeedItem, BrokerUnavailable | NotPermitted | Cause.Done>, string | undefined>()
  const tell = (heard: Heard | null) => {
    for (const listener of [...listeners]) listener(heard)
  }
  const hear = (suffix: string, body: Uint8Array) => tell({ _tag: "Said", suffix, body })
  const link: FakeLink = {
    layer: Layer.sync(SenderLink, () => service),
    published: [],
    asked: [],
    isConnected: true,
    onPublish: () => {},
    onAsk: () => {},
    reply: (suffix, body) => hear(suffix, Buffer.from(JSON.stringify({ v: 1, partition: 0, seq: 1, epoch: 1, ...body }))),
    door: (suffix, answer) => hear(suffix, encodeDoorAnswer(answer)),
    nobodyTakes: (suffix) => tell({ _tag: "NobodyTook", suffix }),
    deny: ({ class: commandClass, kind, token }) =>
      tell({ _tag: "NotPermitted", class: commandClass, kind, token, cause: "permissions violation" }),
    ...refusing(refusals, () => tell(null)),
    answer: ({ suffix }, answer) => hear(suffix, encodeAnswer(answer)),
    feed: (values) => {
      for (const [queue, only] of feeds) {
        for (const value of values) {
          const token = skuToken(value.sku)
          if (only === undefined || only === token) Queue.offerUnsafe(queue, { token, body: encodeAts(value) })
        }
      }
    },
    subscriptions: () => feeds.size,
    loseFeed: () => {
      for (const queue of feeds.keys()) {
        Queue.failCauseUnsafe(queue, Cause.fail(new BrokerUnavailable({ operation: "hear the feed", cause: "disconnected" })))
      }
    },
  }
  const service = SenderLink.of({
    sender: "web",
    publish: ({ class: commandClass, body, ...rest }) => {
      if (!link.isConnected) return false
      const message = { class: commandClass, body: Buffer.from(body).toString("utf8"), ...rest }
      link.published.push(message)
      link.onPublish(message)
      return true
    },
    lost: Effect.suspend(() => (link.isConnected ? Effect.never : Effect.void)),
    replies: repliesOver(listeners, refusals),
    ask: (path, body, suffix) =>
      Effect.sync(() => {
        const question = { path, body: Buffer.from(body).toString("utf8"), suffix }
        if (path === topologyPath) {
          if (partitions !== null) link.answer(question, { answer: "topology", partitions: { sku: partitions, order: 1 } })
          return
        }
        link.asked.push(question)
        link.onAsk(question)
      }),
    ats: (token) =>
      Stream.callback<FeedItem, BrokerUnavailable | NotPermitted>((queue) =>
        Effect.acquireRelease(
          Effect.sync(() => feeds.set(queue, token)),
          () => Effect.sync(() => feeds.delete(queue)),
        ),
      ).pipe(Stream.chunks),
  })
  return link
}

/** The decisions of a worker that accepts everything, in the order of the body. */
export const acceptAll = (body: string): object => {
  const parsed: unknown = JSON.parse(body)
  const commands = (Array.isArray(parsed) ? parsed : [parsed]) as ReadonlyArray<{ readonly id: string; readonly sku: string }>
  return { decisions: commands.map(({ id, sku }) => ({ id, sku, outcome: "accepted" })) }
}
