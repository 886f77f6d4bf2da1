/**
 * Who tells the past in a gateway. One inside `serve` asks as the commands do: the tables, or else the journals of the cluster that it serves. One alone has no access to journals: it asks the tables, where it is told of some.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { PastTeller, SeenNow } from "../http/past.ts"
import { pastAnswerMsMax, pastQuestionsMax } from "../limits.ts"
import { type Past, type PastSource, PastUnavailable } from "../ports/past.ts"
import { openTablesPast } from "../postgres/past.ts"
import { latelyOf } from "../query/lately.ts"
import { QueryRefused } from "../query/refused.ts"
import { whyAts } from "../query/why.ts"
import { askPast } from "./past-access.ts"
import { tablesUrl } from "./postgres-access.ts"

const unread = (cause: string) =>
  new PastUnavailable({ operation: "read the past", cause, remedy: "`holdfast why` reads it in a process of its own, without this bound" })

/** An answer within the time there is, and few at once: each may fold a journal, and whoever is beside it has something to do. */
const bounded =
  (atOnce: Semaphore.Semaphore) =>
  <A, E extends { readonly message: string }>(asked: Effect.Effect<A, E>): Effect.Effect<A, QueryRefused | PastUnavailable> =>
    atOnce
      .withPermits(1)(asked)
      .pipe(
        Effect.timeoutOrElse({
          duration: pastAnswerMsMax,
          orElse: () => Effect.fail(unread(`it took longer than ${pastAnswerMsMax / 1_000} s`)),
        }),
        Effect.mapError((error) => (error instanceof QueryRefused || error instanceof PastUnavailable ? error : unread(error.message))),
      )

/** A page asks again by itself, and is told how far behind its answer is. */
const quietly = { passedOver: () => Effect.void, waits: null }

/** Inside `serve`. `source`: journals where no tables are wanted. */
export const ownPast = (source: PastSource | null): Effect.Effect<PastTeller> =>
  Effect.map(Semaphore.make(1), (atOnce): PastTeller => {
    const ask = bounded(atOnce)
    return {
      why: (asked) => ask(askPast({ source, archive: null }, whyAts(asked), quietly)),
      lately: (sku, forMs) =>
        ask(
          Effect.flatMap(source === "journals" ? Effect.succeed(null) : tablesUrl, (url) =>
            url === null ? Effect.succeed(null) : askPast({ source: "tables", archive: null }, latelyOf(sku, forMs), quietly),
          ),
        ),
    }
  })

/** In a gateway alone, from the tables at `url`: how far they are behind, the owner of the SKU has just told. */
export const tablesOnly = (url: string): Effect.Effect<PastTeller> =>
  Effect.map(Semaphore.make(pastQuestionsMax), (atOnce): PastTeller => {
    const ask = bounded(atOnce)
    const from = <A, E extends { readonly message: string }>({ counts, end }: SeenNow, asked: Effect.Effect<A, E, Past>) =>
      ask(
        Effect.scoped(
          Effect.gen(function* () {
            const past = yield* openTablesPast(url, yield* counts, () => Effect.succeed(end))
            return yield* Effect.provide(asked, past)
          }),
        ),
      )
    return {
      why: (asked, seen) => from(seen, whyAts(asked)),
      lately: (sku, forMs, seen) => from(seen, latelyOf(sku, forMs)),
    }
  })
