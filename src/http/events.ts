/**
 * Streams of server-sent events: a client joins its channel's feed, hears current values or what it missed, and then what changes, for as long as it reads and its key holds.
 */
import { randomUUID } from "node:crypto"
import { NodeHttpServerRequest } from "@effect/platform-node"
import { Clock, Effect, RcMap, Stream } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import {
  eventStreamsPerSenderMax,
  eventsKeptMax,
  eventsQuietMs,
  eventsStalledMsMax,
  eventsWaitingMax,
  feedIdleMs,
  keysReadMs,
} from "../limits.ts"
import type { BrokerUnavailable, NotPermitted } from "../ports/errors.ts"
import { type Caller, CurrentCaller, GatewayApi } from "./api.ts"
import { ChannelFeed, eventText, type FeedBounds, FeedClient, isEventId } from "./feed.ts"
import { actingFor, answered, type Gateway } from "./gateway.ts"
import { problemResponse, retryAfterOf } from "./problems.ts"

type Response = HttpServerResponse.HttpServerResponse
type Request = HttpServerRequest.HttpServerRequest

/** The bounds of feeds in use. A client that is written to takes something at least as often as a comment is due. */
const feedBounds: FeedBounds = {
  waitingMax: eventsWaitingMax,
  keptMax: eventsKeptMax,
  stalledMs: eventsQuietMs + eventsStalledMsMax,
}

const utf8 = new TextEncoder()
const comment = ":\n\n"
/** Values that are written at once: some 100 kB. */
const valuesAtOnce = 500
/** Milliseconds between two looks at who stalls and whose key still holds. */
const lookMs = 4 * keysReadMs

/** Current values, and after them the event that says so. Read as fast as the client takes them: nothing is copied for it. */
const current = (feed: ChannelFeed, client: FeedClient): Stream.Stream<string> => {
  const beganAt = feed.lastId
  const values = Stream.fromIterable({
    *[Symbol.iterator]() {
      let text = eventText("current", "{}")
      let count = 0
      for (const value of feed.followed?.all() ?? []) {
        if (!client.wants(value.sku)) continue
        text += eventText("ats", JSON.stringify(value))
        if (++count % valuesAtOnce !== 0) continue
        yield text
        text = ""
      }
      // Only now does the client have an id to come back with: whoever breaks off before begins again.
      yield text + eventText("live", "{}", beganAt)
    },
  }).pipe(
    Stream.rechunk(1),
    Stream.map((text) => {
      client.tookAtMs = Date.now()
      return text
    }),
  )
  // A channel that may hear nothing has no values; its stream stays quiet.
  const ready = Effect.catch(feed.followed?.ready ?? Effect.void, () => Effect.never)
  return Stream.unwrap(Effect.as(ready, values))
}

const live = (client: FeedClient): Stream.Stream<string> =>
  Stream.fromEffectRepeat(
    Effect.timeoutOrElse(
      client.take(() => Date.now()),
      { duration: eventsQuietMs, orElse: () => Effect.succeed(comment) },
    ),
  )

const beginning = (wait: Stream.Stream<string>): Stream.Stream<string> => Stream.concat(Stream.succeed(`retry: 1000\n${comment}`), wait)

/** Streams of each channel at this gateway. */
class OpenStreams {
  readonly #open = new Map<string, number>()
  readonly #count: (all: number) => void
  #all = 0

  constructor(count: (all: number) => void) {
    this.#count = count
  }

  of(sender: string): number {
    return this.#open.get(sender) ?? 0
  }

  add(sender: string, one: 1 | -1): void {
    const left = this.of(sender) + one
    if (left === 0) this.#open.delete(sender)
    else this.#open.set(sender, left)
    this.#all += one
    this.#count(this.#all)
  }
}

/** Looks again and again whether the client takes something and its key holds; ends when one of both is over. */
const watched = (gateway: Gateway, feed: ChannelFeed, caller: Caller): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (;;) {
      yield* Effect.sleep(lookMs)
      const nowMs = yield* Clock.currentTimeMillis
      yield* Effect.promise(() => gateway.keys.refresh(nowMs))
      feed.dropStalled(nowMs)
      if (!gateway.keys.holds(caller.keyId)) return
    }
  })

const skusIn = (sku: ReadonlyArray<string> | undefined): ReadonlySet<string> | null => (sku === undefined ? null : new Set(sku))

type Feeds = RcMap.RcMap<string, ChannelFeed, NotPermitted | BrokerUnavailable>

/** Opens one stream; it ends with the client's connection. */
const follow =
  (gateway: Gateway, feeds: Feeds, streams: OpenStreams, bounds: FeedBounds) =>
  (caller: Caller, request: Request, wanted: ReadonlySet<string> | null): Effect.Effect<Response, Response> =>
    Effect.gen(function* () {
      const lastId = request.headers["last-event-id"]
      if (lastId !== undefined && lastId !== "" && !isEventId(lastId))
        return yield* Effect.fail(
          problemResponse("HeaderInvalid", {
            field: "Last-Event-ID",
            detail: "it is no id that a gateway gave: take `id` of the last event as it is, or leave it out for all current values",
          }),
        )
      if (streams.of(caller.sender) >= eventStreamsPerSenderMax) {
        gateway.meter.turnedAway("TooManyStreams")
        return yield* Effect.fail(problemResponse("TooManyStreams", {}, { "retry-after": retryAfterOf(eventsQuietMs) }))
      }
      // Said as an answer while that is still possible: a login that is refused, a cluster that isn't there.
      yield* Effect.scoped(actingFor(gateway, caller))
      const socket = NodeHttpServerRequest.toServerResponse(request)
      const body = Stream.unwrap(
        Effect.gen(function* () {
          const feed = yield* RcMap.get(feeds, caller.sender)
          const client = new FeedClient(wanted, bounds, yield* Clock.currentTimeMillis, (why) => {
            gateway.meter.streamDropped(why)
            // Its stream may be waiting for it to read: only its connection's end ends that.
            socket.destroy()
          })
          const resumed = feed.join(client, lastId)
          streams.add(caller.sender, 1)
          yield* Effect.addFinalizer(() =>
            Effect.sync(() => {
              feed.leave(client)
              streams.add(caller.sender, -1)
            }),
          )
          const said = resumed ? live(client) : Stream.concat(current(feed, client), live(client))
          return Stream.interruptWhen(beginning(said), watched(gateway, feed, caller))
        }),
      )
      return HttpServerResponse.stream(
        Stream.map(body, (text) => utf8.encode(text)),
        {
          contentType: "text/event-stream",
          headers: { "cache-control": "no-store", "x-accel-buffering": "no" },
        },
      )
    })

/** What is answered where the feed is followed. */
export const eventsLayer = (gateway: Gateway, bounds: FeedBounds = feedBounds) =>
  HttpApiBuilder.group(
    GatewayApi,
    "events",
    Effect.fnUntraced(function* (handlers) {
      const streams = new OpenStreams((all) => gateway.meter.streams(all))
      const feeds: Feeds = yield* RcMap.make({
        idleTimeToLive: feedIdleMs,
        lookup: (sender: string) =>
          Effect.gen(function* () {
            const acting = yield* gateway.senders.as(sender)
            if (acting === undefined) return yield* Effect.die("its login was there a moment ago")
            return yield* ChannelFeed.open(randomUUID(), bounds, acting)
          }),
      })
      const open = follow(gateway, feeds, streams, bounds)
      return handlers.handleRaw("atsEvents", ({ request, query }) =>
        Effect.flatMap(CurrentCaller, (caller) => answered(open(caller, request, skusIn(query.sku)))),
      )
    }),
  )
