/**
 * A sender's link in memory: what the client says is kept, what it hears is said by the test.
 */
import { Cause, Effect, Layer, Queue, Stream } from "effect"
import { skuToken } from "../../src/domain/names.ts"
import type { AtsValue } from "../../src/engine/records.ts"
import { ChannelLink } from "../../src/ports/channel.ts"
import { BrokerUnavailable, type Busy, type NotPermitted } from "../../src/ports/errors.ts"
import { encodeAts } from "../../src/wire/feed.ts"
import { type Answer, encodeAnswer } from "../../src/wire/questions.ts"

export interface SaidMessage {
  readonly class: string
  readonly token: string
  readonly body: string
  readonly suffix: string
}

export interface AskedQuestion {
  readonly path: string
  readonly body: string
  readonly suffix: string
}

type Heard = { readonly suffix: string; readonly body: Uint8Array }
type FeedItem = { readonly token: string; readonly body: Uint8Array }

export interface FakeLink {
  readonly layer: Layer.Layer<ChannelLink>
  readonly published: Array<SaidMessage>
  readonly asked: Array<AskedQuestion>
  /** What the next publishes end with; none: they are stored. */
  readonly failures: Array<Busy | NotPermitted | BrokerUnavailable>
  /** Called with every stored message. */
  onPublish: (message: SaidMessage) => void
  /** Called with every question. */
  onAsk: (question: AskedQuestion) => void
  readonly reply: (suffix: string, body: object) => void
  readonly answer: (question: AskedQuestion, answer: Answer) => void
  /** What the feed's subscriptions hear, of which there are so many. */
  readonly feed: (values: ReadonlyArray<AtsValue>) => void
  readonly subscriptions: () => number
  /** Ends every subscription to the feed. */
  readonly loseFeed: () => void
}

const repliesOver = (listeners: Set<(heard: Heard) => void>) => (prefix: string) =>
  Stream.callback<Heard>((queue) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const listener = ({ suffix, body }: Heard): void => {
          if (suffix.startsWith(`${prefix}.`)) Queue.offerUnsafe(queue, { suffix: suffix.slice(prefix.length + 1), body })
        }
        listeners.add(listener)
        return listener
      }),
      (listener) => Effect.sync(() => listeners.delete(listener)),
    ),
  ).pipe(Stream.chunks)

export const fakeLink = (partitions = 4): FakeLink => {
  const listeners = new Set<(heard: Heard) => void>()
  const feeds = new Map<Queue.Queue<FeedItem, BrokerUnavailable | NotPermitted | Cause.Done>, string | undefined>()
  const hear = (suffix: string, body: Uint8Array) => {
    for (const listener of listeners) listener({ suffix, body })
  }
  const link: FakeLink = {
    layer: Layer.sync(ChannelLink, () => service),
    published: [],
    asked: [],
    failures: [],
    onPublish: () => {},
    onAsk: () => {},
    reply: (suffix, body) => hear(suffix, Buffer.from(JSON.stringify({ v: 1, partition: 0, seq: 1, epoch: 1, ...body }))),
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
  const service = ChannelLink.of({
    sender: "web",
    partitions,
    publish: (commandClass, token, body, suffix) =>
      Effect.suspend(() => {
        const message = { class: commandClass, token, body: Buffer.from(body).toString("utf8"), suffix }
        link.published.push(message)
        const failure = link.failures.shift()
        if (failure !== undefined) return Effect.fail(failure)
        link.onPublish(message)
        return Effect.succeed({ seq: link.published.length })
      }),
    replies: repliesOver(listeners),
    ask: (path, body, suffix) =>
      Effect.sync(() => {
        const question = { path, body: Buffer.from(body).toString("utf8"), suffix }
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
