/**
 * What a SKU's feed told each channel last, and how late: for people who compare what was decided with what channels know. Heard with the channels' own logins, as far as this gateway holds them.
 *
 * Whoever may ask for a SKU's stock may ask for this too: it says nothing of a channel that isn't in there. A feed is listened to while somebody asks, and a moment longer.
 */
import { type Cause, Effect, RcMap, type Scope } from "effect"
import { HttpServerResponse } from "effect/http"
import { toldIdleMs, toldWatchedMax } from "../limits.ts"
import type { BrokerUnavailable, NotPermitted } from "../ports/errors.ts"
import type { ActingSender, Senders } from "../ports/senders.ts"
import { unanswered } from "./gateway.ts"
import { problemResponse } from "./problems.ts"

type Response = HttpServerResponse.HttpServerResponse

/** The newest value that a channel was told of a SKU. */
interface Told {
  readonly ats: number
  readonly version: number
  readonly atMs: number
  readonly lagMs: number | null
}

/** Of one channel and SKU, as it is heard. */
interface Listening {
  newest: Told | null
}

/** The feeds that are listened to just now, by channel and SKU. */
export type ToldFeeds = RcMap.RcMap<string, Listening, NotPermitted | BrokerUnavailable | Cause.ExceededCapacityError>

const keyOf = (channel: string, sku: string): string => `${channel} ${sku}`

const listen = Effect.fnUntraced(function* (senders: Senders["Service"], channel: string, sku: string) {
  const listening: Listening = { newest: null }
  const acting = yield* senders.as(channel)
  if (acting === undefined) return listening
  let isLive = false
  const { ready } = yield* acting.follow(
    {
      onValue: ({ ats, version, atMs }) => {
        // What is read at the beginning was told long ago: only what comes afterwards says how late the feed is.
        listening.newest = { ats, version, atMs, lagMs: isLive ? Math.max(0, Date.now() - atMs) : null }
      },
      onGap: () => undefined,
    },
    [sku],
  )
  const begun = Effect.sync(() => {
    isLive = true
  })
  yield* Effect.forkScoped(Effect.ignore(Effect.andThen(ready, begun)))
  return listening
})

/** For as long as the gateway runs. */
export const makeToldFeeds = (senders: Senders["Service"]): Effect.Effect<ToldFeeds, never, Scope.Scope> =>
  RcMap.make({
    idleTimeToLive: toldIdleMs,
    capacity: toldWatchedMax,
    lookup: (key: string) => {
      const at = key.indexOf(" ")
      return listen(senders, key.slice(0, at), key.slice(at + 1))
    },
  })

/** What each channel of a SKU was told. */
export const toldOf = (feeds: ToldFeeds, acting: ActingSender, sku: string, waitMs: number): Effect.Effect<Response, Response> =>
  Effect.gen(function* () {
    const stock = yield* Effect.mapError(acting.stock(sku, waitMs), unanswered)
    if (stock.answer === "unknownSku") return yield* Effect.fail(problemResponse("UnknownSku", { sku }))
    const heard = yield* Effect.forEach(
      stock.ats,
      ({ channel }) =>
        Effect.scoped(RcMap.get(feeds, keyOf(channel, sku))).pipe(
          Effect.map(({ newest }) => ({ channel, newest })),
          // A login that is refused, or more feeds than are listened to at once: said below as not heard.
          Effect.orElseSucceed(() => ({ channel, newest: null })),
        ),
      { concurrency: "unbounded" },
    )
    const told = heard.flatMap(({ channel, newest }) => (newest === null ? [] : [{ channel, ...newest }]))
    const notHeard = heard.filter(({ newest }) => newest === null).map(({ channel }) => channel)
    return HttpServerResponse.text(JSON.stringify({ sku, told, notHeard }), {
      contentType: "application/json",
      headers: { "cache-control": "no-store" },
    })
  })
