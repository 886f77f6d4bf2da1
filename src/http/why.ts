/**
 * Why a channel may sell as many units of a SKU as it may, over HTTP: the sentences and the chain of commands, as far as this gateway can read the past.
 *
 * Reading the past takes a worker's access to the journals, which a gateway by itself has no use for: it is given who answers, or nobody. Whoever may ask for a SKU's stock may ask why.
 */
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { pastStepsShown } from "../limits.ts"
import type { PastUnavailable } from "../ports/past.ts"
import type { ActingSender } from "../ports/senders.ts"
import type { QueryRefused } from "../query/refused.ts"
import type { WhyAsked, WhyThen } from "../query/why.ts"
import { unanswered } from "./gateway.ts"
import { problemResponse } from "./problems.ts"

type Response = HttpServerResponse.HttpServerResponse

/** Who can say why. */
export type Explaining = (asked: WhyAsked) => Effect.Effect<WhyThen, QueryRefused | PastUnavailable>

const unknown: ReadonlySet<string> = new Set(["UnknownSku", "UnknownReservation", "UnknownOrder", "NothingRecorded"])

/** What of the answer is told: the terms of the sum are in its sentences. */
const toldOf = ({ sku, channel, atMs, ats, version, changedAtMs, sentences, steps, earlier, before }: WhyThen) => ({
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
})

/** The answer to why. */
export const whyOf = (
  explaining: Explaining | undefined,
  acting: ActingSender,
  asked: Omit<WhyAsked, "limit">,
  waitMs: number,
): Effect.Effect<Response, Response> =>
  Effect.gen(function* () {
    // The cluster says whether this sender may know, and whether there is such a SKU at all.
    const stock = yield* Effect.mapError(acting.stock(asked.sku, waitMs), unanswered)
    if (explaining === undefined) return yield* Effect.fail(problemResponse("PastNotHere"))
    if (stock.answer === "unknownSku") return yield* Effect.fail(problemResponse("UnknownSku", { sku: asked.sku }))
    const told = yield* Effect.mapError(explaining({ ...asked, limit: pastStepsShown }), (failure) =>
      failure._tag === "QueryRefused"
        ? problemResponse(unknown.has(failure.reason) ? "PastUnknown" : "PastRefused", { detail: failure.message })
        : problemResponse("PastUnread", { detail: failure.message }),
    )
    return HttpServerResponse.text(JSON.stringify(toldOf(told)), {
      contentType: "application/json",
      headers: { "cache-control": "no-store" },
    })
  })
