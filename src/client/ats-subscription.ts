/**
 * Follows a channel's ATS: the live feed, begun before the current values are read, so that no change falls between the two. Whenever the
 * feed was lost and is back, the current values are read again: what was said meanwhile is in them.
 */
import { Deferred, Effect, Fiber, type Scope, Stream } from "effect"
import { skuToken } from "../domain/names.ts"
import type { AtsValue } from "../kinds/sku/types.ts"
import type { SenderLink } from "../ports/channel.ts"
import { BrokerUnavailable, type NotPermitted } from "../ports/errors.ts"
import { decodeAts } from "../wire/feed.ts"
import { atsPageMax, type QuestionAnswer } from "../wire/questions.ts"
import { AtsBoard } from "./ats-board.ts"
import type { QuestionDesk, QuestionFailure } from "./question-desk.ts"

export interface AtsOptions {
  /** Only these SKUs; absent: all that the channel sells. */
  readonly skus?: ReadonlyArray<string>
  /** Whether all current values are told first. Default: true. Without, a value is heard when it next changes. */
  readonly current?: boolean
  /** Told every value that is newer than the last one told for its SKU. Must not throw. */
  readonly onValue: (value: AtsValue) => void
  /** The feed was lost, and values may have been missed; all current values are being read again. */
  readonly onGap?: () => void
}

export interface AtsSubscription {
  /** Succeeds when all current values were told; while a partition has no owner, that waits. Fails when the feed may not be heard. */
  readonly ready: Effect.Effect<void, NotPermitted>
  /** The newest value heard of a SKU. */
  readonly current: (sku: string) => AtsValue | undefined
  /** The newest value of every SKU heard of. */
  readonly all: () => IterableIterator<AtsValue>
}

/** SKUs up to which each is subscribed to by itself; above it everything is heard and what isn't asked for is dropped. */
const singleSubscriptionsMax = 64
/** Partitions whose pages are read at the same time. */
const pagesAtOnce = 8
/** Milliseconds before a lost feed is subscribed to again. */
const resubscribeMs = 250

type OpenLink = SenderLink["Service"]
type AtsAnswer = Extract<QuestionAnswer, { readonly answer: "ats" }>

interface AtsFeed {
  readonly link: OpenLink
  readonly desk: QuestionDesk
  readonly board: AtsBoard
  readonly options: AtsOptions
  /** How many partitions there are to be read. */
  readonly partitions: Effect.Effect<number, QuestionFailure>
  /** Milliseconds for one page. */
  readonly timeoutMs: number
}

/** Hears one subscription until it is lost. */
const hear = ({ link, board }: AtsFeed, token: string | undefined): Effect.Effect<never, NotPermitted | BrokerUnavailable> =>
  link.ats(token).pipe(
    Stream.runForEach((arrived) =>
      Effect.sync(() => {
        for (const { token: of, body } of arrived) {
          const value = decodeAts(body)
          if (value !== undefined && skuToken(value.sku) === of) board.accept(value)
        }
      }),
    ),
    Effect.andThen(Effect.fail(new BrokerUnavailable({ operation: "hear the ATS feed", cause: "the subscription ended" }))),
  )

const hearAll = (feed: AtsFeed): Effect.Effect<unknown, NotPermitted | BrokerUnavailable> => {
  const { skus } = feed.options
  const tokens = skus === undefined || skus.length > singleSubscriptionsMax ? [undefined] : skus.map(skuToken)
  return Effect.forEach(tokens, (token) => hear(feed, token), { concurrency: "unbounded", discard: true })
}

const acceptAll = ({ board }: AtsFeed, answer: AtsAnswer): void => {
  for (const value of answer.values) board.accept(value)
}

/** The current values of one partition, page by page; from its first page again if it changes its owner in between. */
const readPartition = Effect.fnUntraced(function* (feed: AtsFeed, partition: number) {
  let after = 0
  let epoch: number | undefined
  for (;;) {
    const body = { v: 1, partition, after, limit: atsPageMax }
    const page = yield* feed.desk.ask({ path: "ats", body, timeoutMs: feed.timeoutMs }, (answer) =>
      answer.answer === "ats" && answer.partition === partition ? answer : undefined,
    )
    acceptAll(feed, page)
    // The places of one owner's pages say nothing about another's.
    const sameOwner = epoch === undefined || epoch === page.epoch
    if (sameOwner && page.next === null) return
    epoch = sameOwner ? page.epoch : undefined
    after = sameOwner ? (page.next ?? 0) : 0
  }
})

const readSku = (feed: AtsFeed, sku: string): Effect.Effect<void, QuestionFailure> =>
  feed.desk
    .ask({ path: `ats.${skuToken(sku)}`, timeoutMs: feed.timeoutMs }, (answer) => {
      if (answer.answer === "ats") return answer
      return answer.answer === "unknownSku" && answer.sku === sku ? null : undefined
    })
    .pipe(Effect.map((answer) => (answer === null ? undefined : acceptAll(feed, answer))))

/** Reads all current values; what can't be read now is read once somebody answers. */
const readCurrent = (feed: AtsFeed): Effect.Effect<void, NotPermitted> => {
  const { skus } = feed.options
  const some = skus !== undefined && skus.length <= singleSubscriptionsMax
  const readParts = (parts: ReadonlyArray<Effect.Effect<void, QuestionFailure>>) =>
    Effect.forEach(parts, untilRead, { concurrency: pagesAtOnce, discard: true })
  if (some) return readParts(skus.map((sku) => readSku(feed, sku)))
  return Effect.flatMap(untilRead(feed.partitions), (partitions) =>
    readParts(Array.from({ length: partitions }, (_, partition) => readPartition(feed, partition))),
  )
}

const untilRead = <A>(part: Effect.Effect<A, QuestionFailure>): Effect.Effect<A, NotPermitted> =>
  Effect.catchTag(part, "AnswerUnknown", () => untilRead(part))

/** One life of the feed: heard first, then the current values are read, then heard until it is lost. */
const live = (feed: AtsFeed, isFirst: boolean, ready: Deferred.Deferred<void, NotPermitted>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const hearing = yield* Effect.forkScoped(hearAll(feed), { startImmediately: true })
      const current = isFirst && feed.options.current === false ? Effect.void : readCurrent(feed)
      const reading = current.pipe(Effect.andThen(Deferred.succeed(ready, undefined)), Effect.andThen(Effect.never))
      return yield* Effect.raceFirst(Fiber.join(hearing), reading)
    }),
  )

const liveForEver = Effect.fnUntraced(function* (feed: AtsFeed, ready: Deferred.Deferred<void, NotPermitted>) {
  for (let lives = 0; ; lives++) {
    if (lives > 0) feed.options.onGap?.()
    yield* live(feed, lives === 0, ready).pipe(Effect.catchTag("BrokerUnavailable", () => Effect.sleep(resubscribeMs)))
  }
})

/** Follows until the scope closes. */
export const subscribeAts = (
  over: Pick<AtsFeed, "link" | "desk" | "partitions" | "timeoutMs">,
  options: AtsOptions,
): Effect.Effect<AtsSubscription, never, Scope.Scope> =>
  Effect.gen(function* () {
    const board = new AtsBoard(options.skus === undefined ? null : new Set(options.skus), options.onValue)
    const ready = yield* Deferred.make<void, NotPermitted>()
    yield* liveForEver({ ...over, board, options }, ready).pipe(
      Effect.catchCause((cause) => Deferred.failCause(ready, cause)),
      Effect.forkScoped({ startImmediately: true }),
    )
    return { ready: Deferred.await(ready), current: (sku) => board.current(sku), all: () => board.all() }
  })
