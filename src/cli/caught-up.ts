/**
 * The past as tables tell it to who asks now: what was journaled when it was asked is in the answer, or it is said that it isn't. Tables follow the journals, so for a moment they are behind them, and for longer
 * after a start or while they are made anew.
 */
import { Clock, Effect, Layer } from "effect"
import { counted } from "../domain/telling.ts"
import { pastCatchUpMsMax, pastLookMs, pastNoNearerMs } from "../limits.ts"
import { Past, type PastExtent } from "../ports/past.ts"

/** Who is told that tables are waited for. */
export interface Waiting {
  /** Once, when the waiting begins. */
  readonly say: (line: string) => Effect.Effect<void>
  /** Once, if it was in vain. It is about the answer, which may not come: what is behind may lack all that was asked about. */
  readonly sayWithAnswer: (line: string) => Effect.Effect<void>
}

/** Asks of `past` wait until it knows what was journaled when they began, or the moment that they are about; no longer where it comes no nearer. */
export const caughtUp = (past: Layer.Layer<Past>, { say, sayWithAnswer }: Waiting): Layer.Layer<Past> => {
  const following = (inner: Past["Service"]): Past["Service"] => ({
    ...inner,
    extent: Effect.fnUntraced(function* (kind, partition, atMs) {
      const first = yield* inner.extent(kind, partition, atMs)
      const endSeq = first.known.seq + (first.known.behind ?? 0)
      const isEnough = ({ known, knownToMs }: PastExtent) => known.seq >= endSeq || (atMs !== undefined && atMs <= knownToMs)
      if (isEnough(first)) return first
      const behind = ({ known }: PastExtent) =>
        `the tables are ${counted(endSeq - known.seq, "record")} behind ${kind} partition ${partition}`
      yield* say(`${behind(first)}, and waited for (--source journals reads the journals)`)
      const beganMs = yield* Clock.currentTimeMillis
      let nearest = { seq: first.known.seq, atMs: beganMs }
      let last = first
      for (;;) {
        const nowMs = yield* Clock.currentTimeMillis
        if (nowMs - nearest.atMs >= pastNoNearerMs || nowMs - beganMs >= pastCatchUpMsMax) break
        yield* Effect.sleep(pastLookMs)
        last = yield* inner.extent(kind, partition, atMs)
        if (isEnough(last)) return last
        if (last.known.seq > nearest.seq) nearest = { seq: last.known.seq, atMs: yield* Clock.currentTimeMillis }
      }
      yield* sayWithAnswer(`${behind(last)} still: the answer is without these`)
      return last
    }),
  })
  return Layer.effect(Past, Effect.map(Past, following)).pipe(Layer.provide(past))
}
