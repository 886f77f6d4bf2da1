/**
 * Who says why in a gateway inside `serve`: the journals of the cluster that it serves, read as `holdfast why` reads them. One question at a time: each folds a journal, and the worker beside it has decisions to make.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type { Explaining } from "../http/why.ts"
import { pastAnswerMsMax } from "../limits.ts"
import { PastUnavailable } from "../ports/past.ts"
import { QueryRefused } from "../query/refused.ts"
import { whyAts } from "../query/why.ts"
import { withPast } from "./past-access.ts"

const unread = (cause: string) =>
  new PastUnavailable({ operation: "read the past", cause, remedy: "`holdfast why` reads it in a process of its own, without this bound" })

/** Answers as long as the gateway runs. */
export const ownExplaining: Effect.Effect<Explaining> = Effect.map(
  Semaphore.make(1),
  (oneAtATime): Explaining =>
    (asked) =>
      oneAtATime
        .withPermits(1)(withPast(null, whyAts(asked)))
        .pipe(
          Effect.timeoutOrElse({
            duration: pastAnswerMsMax,
            orElse: () => Effect.fail(unread(`it took longer than ${pastAnswerMsMax / 1_000} s`)),
          }),
          Effect.mapError((error) => (error instanceof QueryRefused || error instanceof PastUnavailable ? error : unread(error.message))),
        ),
)
