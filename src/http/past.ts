/**
 * The past of a SKU over HTTP: why a channel may sell as many units of it as it may, and how it stood over the last while, as far as this gateway can ask.
 *
 * Reading the past takes tables, or a worker's access to the journals, which a gateway has no use for otherwise: it is given who answers, or nobody. Whoever may ask for a SKU's stock may ask for its past.
 */
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import type { PartitionCounts } from "../domain/kinds.ts"
import type { Sku } from "../domain/names.ts"
import { latelyMinutes, pastStepsShown } from "../limits.ts"
import type { AnswerUnknown, NotPermitted } from "../ports/errors.ts"
import type { JournalEnd, PastUnavailable } from "../ports/past.ts"
import type { ActingSender } from "../ports/senders.ts"
import type { LatelyThen } from "../query/lately.ts"
import type { QueryRefused } from "../query/refused.ts"
import type { WhyAsked, WhyThen } from "../query/why.ts"
import { unanswered } from "./gateway.ts"
import { problemResponse } from "./problems.ts"

type Response = HttpServerResponse.HttpServerResponse

/** What the cluster has just said, for whoever tells the past from something that follows it. */
export interface SeenNow {
  /** The end of the journal of the SKU that is asked about. */
  readonly end: JournalEnd
  readonly counts: Effect.Effect<PartitionCounts, NotPermitted | AnswerUnknown>
}

type Told<A> = Effect.Effect<A, QueryRefused | PastUnavailable>

/** Who can tell the past. */
export interface PastTeller {
  readonly why: (asked: WhyAsked, seen: SeenNow) => Told<WhyThen>
  /** Null: there are no tables, and the whole journal would have to be read for it. */
  readonly lately: (sku: Sku, forMs: number, seen: SeenNow) => Told<LatelyThen | null>
}

const unknown: ReadonlySet<string> = new Set(["UnknownSku", "UnknownReservation", "UnknownOrder", "NothingRecorded"])

const json = (body: object): Response =>
  HttpServerResponse.text(JSON.stringify(body), { contentType: "application/json", headers: { "cache-control": "no-store" } })

/** What of the answer to why is told: the terms of the sum are in its sentences. */
const toldOf = ({ sku, channel, atMs, ats, version, changedAtMs, sentences, steps, earlier, before, known }: WhyThen) => ({
  sku,
  channel,
  atMs,
  ats,
  version,
  changedAtMs,
  sentences,
  steps,
  earlier,
  before,
  known,
})

/** Asks the past of a SKU, where the cluster says that this sender may know of it, and that there is such a SKU. */
const asking = <A>(
  teller: PastTeller | undefined,
  acting: ActingSender,
  sku: Sku,
  waitMs: number,
  ask: (teller: PastTeller, seen: SeenNow) => Told<A>,
): Effect.Effect<A, Response> =>
  Effect.gen(function* () {
    const stock = yield* Effect.mapError(acting.stock(sku, waitMs), unanswered)
    if (teller === undefined) return yield* Effect.fail(problemResponse("PastNotHere"))
    if (stock.answer === "unknownSku") return yield* Effect.fail(problemResponse("UnknownSku", { sku }))
    const seen = { end: { seq: stock.seq, incarnation: null }, counts: acting.partitions(waitMs) }
    return yield* Effect.mapError(ask(teller, seen), (failure) =>
      failure._tag === "QueryRefused"
        ? problemResponse(unknown.has(failure.reason) ? "PastUnknown" : "PastRefused", { detail: failure.message })
        : problemResponse("PastUnread", { detail: failure.message }),
    )
  })

/** The answer to why. */
export const whyOf = (
  teller: PastTeller | undefined,
  acting: ActingSender,
  asked: Omit<WhyAsked, "limit">,
  waitMs: number,
): Effect.Effect<Response, Response> =>
  Effect.map(
    asking(teller, acting, asked.sku, waitMs, ({ why }, seen) => why({ ...asked, limit: pastStepsShown }, seen)),
    (told) => json(toldOf(told)),
  )

/** How a SKU stood over the last minutes. */
export const latelyOf = (
  teller: PastTeller | undefined,
  acting: ActingSender,
  { sku, minutes = latelyMinutes }: { readonly sku: Sku; readonly minutes?: number | undefined },
  waitMs: number,
): Effect.Effect<Response, Response> =>
  Effect.flatMap(
    asking(teller, acting, sku, waitMs, ({ lately }, seen) => lately(sku, minutes * 60_000, seen)),
    (told) => (told === null ? Effect.fail(problemResponse("PastNotHere")) : Effect.succeed(json(told))),
  )
