/**
 * Questions over HTTP: what stands now, of one SKU, one reservation, one order, or of all in pages. Each is put to its owner as the sender's own question, so who may ask what is the cluster's to say.
 *
 * A page's cursor is sealed for its sender: it names a place in a partition, and only one that was given leads anywhere.
 */
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import type { Kind } from "../domain/kinds.ts"
import type { AnswerUnknown, NotPermitted } from "../ports/errors.ts"
import type { ActingSender } from "../ports/senders.ts"
import { atsPageDefault, quarantinePageDefault } from "../wire/questions.ts"
import type { Caller } from "./api.ts"
import { type Gateway, unanswered } from "./gateway.ts"
import { sealed, unsealed } from "./keys.ts"
import { type ProblemName, problemResponse } from "./problems.ts"

type Response = HttpServerResponse.HttpServerResponse
type Answering = Effect.Effect<Response, Response>

const json = (body: object): Response =>
  HttpServerResponse.text(JSON.stringify(body), { contentType: "application/json", headers: { "cache-control": "no-store" } })

const asked = <A>(question: Effect.Effect<A, AnswerUnknown | NotPermitted>): Effect.Effect<A, Response> =>
  Effect.mapError(question, unanswered)

const unknown = (name: ProblemName, names: object): Effect.Effect<never, Response> => Effect.fail(problemResponse(name, { ...names }))

/** An answer without the word that says which it is: its address does. */
const standing = <A extends { readonly answer: string }>({ answer: _, ...rest }: A): Response => json(rest)

/** Stock of a SKU. */
export const stockOf = (acting: ActingSender, sku: string, waitMs: number): Answering =>
  Effect.flatMap(asked(acting.stock(sku, waitMs)), (answer) =>
    answer.answer === "stock" ? Effect.succeed(standing(answer)) : unknown("UnknownSku", { sku }),
  )

/** The policy of a SKU. */
export const policyOf = (acting: ActingSender, sku: string, waitMs: number): Answering =>
  Effect.flatMap(asked(acting.stock(sku, waitMs)), (answer) =>
    answer.answer === "stock" ? Effect.succeed(json({ sku, policy: answer.policy })) : unknown("UnknownSku", { sku }),
  )

/** A reservation of the caller's. */
export const reservationOf = (acting: ActingSender, sku: string, reservation: string, waitMs: number): Answering =>
  Effect.flatMap(asked(acting.reservation(sku, reservation, waitMs)), (answer) =>
    answer.answer === "reservation" ? Effect.succeed(standing(answer)) : unknown("UnknownReservation", { sku }),
  )

/** An order. */
export const orderOf = (acting: ActingSender, order: string, channel: string | undefined, waitMs: number): Answering =>
  Effect.flatMap(asked(acting.order(order, channel, waitMs)), (answer) =>
    answer.answer === "order" ? Effect.succeed(standing(answer)) : unknown("UnknownOrder", { order }),
  )

/** Partitions, and what workers say of themselves. Who is dead is not waited for longer than that. */
const workersMs = 2_000
/** Who owns what. */
export const clusterOf = (acting: ActingSender, waitMs: number): Answering =>
  Effect.gen(function* () {
    const partitions = yield* asked(acting.partitions(waitMs))
    const workers = yield* asked(acting.workers(Math.min(waitMs, workersMs)))
    return json({ partitions, workers: workers.map(({ answer: _, ...worker }) => worker) })
  })

/** What the channel may sell of one SKU. */
export const atsOf = (acting: ActingSender, sku: string, waitMs: number): Answering =>
  Effect.flatMap(asked(acting.ats(sku, waitMs)), ({ values }) => {
    const value = values.find((one) => one.sku === sku)
    return value === undefined ? unknown("NotSoldHere", { sku }) : Effect.succeed(json(value))
  })

/** Questions that are under way at once. */
const questionsAtOnce = 32

/** A SKU's value; null: the channel doesn't sell it; undefined: nobody answered in time. */
const atsValueOf = (acting: ActingSender, sku: string, waitMs: number) =>
  acting.ats(sku, waitMs).pipe(
    Effect.map(({ values }) => ({ sku, value: values.find((one) => one.sku === sku) ?? null })),
    Effect.catchTag("AnswerUnknown", () => Effect.succeed({ sku, value: undefined })),
    Effect.mapError(unanswered),
  )

/** The same of several. */
export const atsOfSome = (acting: ActingSender, skus: ReadonlyArray<string>, waitMs: number): Answering =>
  Effect.map(
    Effect.forEach([...new Set(skus)], (sku) => atsValueOf(acting, sku, waitMs), { concurrency: questionsAtOnce }),
    (found) =>
      json({
        values: found.flatMap(({ value }) => value ?? []),
        notSold: found.filter(({ value }) => value === null).map(({ sku }) => sku),
        unanswered: found.filter(({ value }) => value === undefined).map(({ sku }) => sku),
        next: null,
      }),
  )

/** A place in a list that every partition has a part of. */
interface Place {
  readonly partition: number
  /** Of so many. */
  readonly of: number
  readonly after: number
  /** The reign that `after` is of: another's places are others. */
  readonly epoch: number
}

const placePattern = /^(\d{1,6})\.(\d{1,6})\.(\d{1,16})\.(\d{1,16})$/

const cursorOf = (gateway: Gateway, { sender }: Caller, purpose: string, place: Place): string =>
  sealed(gateway.keys.seal, purpose, sender, `${place.partition}.${place.of}.${place.after}.${place.epoch}`)

const placeOf = (
  gateway: Gateway,
  { sender }: Caller,
  purpose: string,
  cursor: string | undefined,
  first: Effect.Effect<number, Response>,
): Effect.Effect<Place, Response> => {
  if (cursor === undefined) return Effect.map(first, (of) => ({ partition: 0, of, after: 0, epoch: 0 }))
  const parts = placePattern.exec(unsealed(gateway.keys.seal, purpose, sender, cursor) ?? "")
  if (parts === null) return Effect.fail(problemResponse("Cursor"))
  const [, partition, of, after, epoch] = parts.map(Number)
  return Effect.succeed({ partition: partition ?? 0, of: of ?? 1, after: after ?? 0, epoch: epoch ?? 0 })
}

interface Page {
  readonly epoch: number
  readonly next: number | null
}

/** One page at a place, and the place of the next. A partition that changed its owner is read from its beginning: places of one reign say nothing about another's. */
const pageAt = <P extends Page>(read: (partition: number, after: number) => Effect.Effect<P, Response>, place: Place) =>
  Effect.gen(function* () {
    let page = yield* read(place.partition, place.after)
    if (place.after > 0 && page.epoch !== place.epoch) page = yield* read(place.partition, 0)
    const next: Place | null =
      page.next !== null
        ? { ...place, after: page.next, epoch: page.epoch }
        : place.partition + 1 < place.of
          ? { ...place, partition: place.partition + 1, after: 0, epoch: 0 }
          : null
    return { page, next }
  })

/** All that the channel may sell, a page at a time. */
export const atsPage = (gateway: Gateway, caller: Caller, acting: ActingSender, cursor: string | undefined, waitMs: number): Answering =>
  Effect.gen(function* () {
    const place = yield* placeOf(
      gateway,
      caller,
      "ats",
      cursor,
      Effect.map(asked(acting.partitions(waitMs)), ({ sku }) => sku),
    )
    const read = (partition: number, after: number) => asked(acting.atsPage({ partition, after, limit: atsPageDefault }, waitMs))
    const { page, next } = yield* pageAt(read, place)
    return json({ values: page.values, notSold: [], unanswered: [], next: next === null ? null : cursorOf(gateway, caller, "ats", next) })
  })

/** What lies in quarantine, a page at a time. */
export const quarantinePage = (
  gateway: Gateway,
  caller: Caller,
  acting: ActingSender,
  { kind, cursor, waitMs }: { readonly kind: Kind; readonly cursor: string | undefined; readonly waitMs: number },
): Answering =>
  Effect.gen(function* () {
    const purpose = `quarantine ${kind}`
    const place = yield* placeOf(
      gateway,
      caller,
      purpose,
      cursor,
      Effect.map(asked(acting.partitions(waitMs)), (counts) => counts[kind]),
    )
    const read = (partition: number, after: number) =>
      asked(acting.quarantine(kind, { partition, after, limit: quarantinePageDefault }, waitMs))
    const { page, next } = yield* pageAt(read, place)
    return json({
      kind,
      partition: page.partition,
      quarantined: page.quarantined,
      next: next === null ? null : cursorOf(gateway, caller, purpose, next),
    })
  })
