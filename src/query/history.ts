/**
 * What became of one reservation, or of one order: every line about it, from its first to where it stands.
 */
import { Effect, Stream } from "effect"
import { type EpochMs, partitionOf, type SenderId, type Sku } from "../domain/names.ts"
import { evolve as evolveOrder } from "../domain/order/evolve.ts"
import type { OrderId } from "../domain/order/names.ts"
import { type Order, openQtyOfLine } from "../domain/order/order.ts"
import { type StockEvent, unitsOf } from "../domain/sku/events.ts"
import { evolveReservation } from "../domain/sku/evolve.ts"
import { emptyStock, openQtyOf, reservationOf } from "../domain/sku/stock.ts"
import { Past, type PastExtent, type PastKnown } from "../ports/past.ts"
import type { SkuPastLine } from "../wire/past-lines.ts"
import { eventsOf, orderEventsOf } from "./fold.ts"
import { beganBeforeKept, momentIn, notFoundYet } from "./moment.ts"
import { orderLineWords } from "./order-words.ts"
import { QueryRefused } from "./refused.ts"
import { isAboutReservation } from "./reservation-lines.ts"
import { lineWords } from "./sku-words.ts"
import { LastSteps, type StepsAsked, type StepsTold, stepOf, wrongSteps } from "./steps.ts"
import { isoTime } from "./words.ts"

/** What became of a reservation. */
export interface ReservationHistory extends StepsTold {
  readonly sku: Sku
  readonly channel: SenderId
  readonly reservation: string
  readonly atMs: EpochMs
  readonly partition: number
  /** Null: it never began, for what asked for it was refused. */
  readonly status: string | null
  readonly openQty: number
  readonly fulfilledQty: number
  readonly expiresAtMs: EpochMs | null
  readonly known: PastKnown
}

/** What became of an order. */
export interface OrderHistory extends StepsTold {
  readonly channel: SenderId
  readonly order: OrderId
  readonly atMs: EpochMs
  readonly partition: number
  /** Null: it was never placed, for that was refused. */
  readonly phase: string | null
  readonly ending: string | null
  readonly lines: ReadonlyArray<{
    readonly sku: Sku
    readonly qty: number
    readonly openQty: number
    readonly fulfilledQty: number
    readonly releasedQty: number
    readonly lostQty: number
  }>
  readonly known: PastKnown
}

/** Nothing is known of it: it may have been told of since, or be from before what is kept, or was never there. `askedMs`: up to which moment was asked; undefined: up to the last. */
const unknown = (reason: "UnknownReservation" | "UnknownOrder", what: string, extent: PastExtent, askedMs: EpochMs | undefined) => {
  const yet = askedMs === undefined ? notFoundYet(what, [extent.known]) : undefined
  if (yet !== undefined) return yet
  if (!extent.isFromTheFirst) return beganBeforeKept(what, extent)
  const spelling = "look at its spelling, and whose it is (--channel)"
  // Where nobody here can say what followed, it isn't "ever" either.
  const toMs = askedMs ?? (extent.known.behind === null ? extent.knownToMs : undefined)
  if (toMs === undefined) return new QueryRefused({ reason, detail: `nothing was ever asked or told about ${what}`, remedy: spelling })
  const detail = `nothing had been asked or told about ${what} by ${isoTime(toMs)}`
  return new QueryRefused({ reason, detail, remedy: `ask of a later moment, or ${spelling}` })
}

/** Whether a reservation begins with an event: a hold does, and a sale that is owed in full, for nothing of it was there to draw on. */
const beginsWith = (event: StockEvent, line: SkuPastLine): boolean => {
  if (event.type !== "SaleOwed") return event.type === "Reserved"
  const sale = line._tag === "Command" && line.command?.type === "RecordSale" ? line.command : null
  return sale !== null && unitsOf(event.allocations) + (event.shortQty ?? 0) === sale.qty
}

/** A reservation's lines of its SKU, and where they lead. */
class OneReservation {
  readonly #channel: SenderId
  readonly #reservation: string
  readonly #kept: LastSteps
  readonly #stock
  #isKnown = false
  /** Whether what is kept of it begins with its beginning. */
  #isWhole = true

  constructor(sku: Sku, channel: SenderId, reservation: string, asked: StepsAsked) {
    this.#channel = channel
    this.#reservation = reservation
    this.#kept = new LastSteps(asked)
    this.#stock = emptyStock(sku)
  }

  take(line: SkuPastLine): void {
    if (!isAboutReservation(line, this.#channel, this.#reservation)) return
    this.#isKnown = true
    for (const event of eventsOf(line))
      if ("reservation" in event && event.reservation === this.#reservation && event.channel === this.#channel) this.#follow(event, line)
    if (this.#kept.takes(line)) this.#kept.add(stepOf(line, null, lineWords(line)))
  }

  #follow(event: StockEvent, line: SkuPastLine): void {
    const isThere = reservationOf(this.#stock, this.#channel, this.#reservation as never) !== undefined
    if (!isThere && !beginsWith(event, line)) this.#isWhole = false
    else evolveReservation(this.#stock, event)
  }

  get isKnown(): boolean {
    return this.#isKnown
  }

  /** Undefined: it isn't known from its beginning on. */
  told() {
    if (!this.#isWhole) return undefined
    const found = reservationOf(this.#stock, this.#channel, this.#reservation as never)
    const expiresAtMs = found?.status === "held" ? found.expiresAtMs : null
    const standing = { status: found?.status ?? null, openQty: found === undefined ? 0 : openQtyOf(found) }
    return { ...standing, fulfilledQty: found?.fulfilledQty ?? 0, expiresAtMs, ...this.#kept.told() }
  }
}

/** What became of a channel's reservation of a SKU, up to a moment; to the last one known, if none is named. */
export const reservationHistory = Effect.fnUntraced(function* (
  of: { readonly sku: Sku; readonly channel: SenderId; readonly reservation: string },
  asked: StepsAsked & { readonly atMs?: EpochMs | undefined },
) {
  const wrong = wrongSteps(asked)
  if (wrong !== undefined) return yield* wrong
  const past = yield* Past
  const partition = partitionOf(of.sku, past.partitions)
  const { atMs, extent } = yield* momentIn("sku", partition, asked.atMs)
  const one = new OneReservation(of.sku, of.channel, of.reservation, asked)
  yield* Stream.runForEach(past.skuLines({ sku: of.sku }, atMs, 0), (lines) =>
    Effect.sync(() => {
      for (const line of lines) one.take(line)
    }),
  )
  const what = `the reservation ${of.reservation} of ${of.channel}`
  if (!one.isKnown) return yield* unknown("UnknownReservation", what, extent, asked.atMs)
  const told = one.told()
  if (told === undefined) return yield* beganBeforeKept(what, extent)
  return { ...of, atMs, partition, ...told, known: extent.known } satisfies ReservationHistory
})

const orderLinesTold = (order: Order): OrderHistory["lines"] =>
  order.lines.map((line) => ({
    sku: line.sku,
    qty: line.qty,
    openQty: openQtyOfLine(line),
    fulfilledQty: line.fulfilledQty,
    releasedQty: line.releasedQty,
    lostQty: line.lostQty,
  }))

/** What became of a channel's order, up to a moment. */
export const orderHistory = Effect.fnUntraced(function* (
  channel: SenderId,
  id: OrderId,
  asked: StepsAsked & { readonly atMs?: EpochMs | undefined },
) {
  const wrong = wrongSteps(asked)
  if (wrong !== undefined) return yield* wrong
  const past = yield* Past
  const partition = past.orderPartition(channel, id)
  const { atMs, extent } = yield* momentIn("order", partition, asked.atMs)
  const kept = new LastSteps(asked)
  let order: Order | undefined
  let isKnown = false
  yield* Stream.runForEach(past.orderLines(channel, id, atMs), (lines) =>
    Effect.suspend(() => {
      for (const line of lines) {
        isKnown = true
        for (const event of orderEventsOf(line)) {
          if (order === undefined && event.type !== "OrderPlaced" && !extent.isFromTheFirst)
            return beganBeforeKept(`the order ${id} of ${channel}`, extent)
          order = evolveOrder(event.type === "OrderPlaced" ? undefined : order, event)
        }
        if (kept.takes(line)) kept.add(stepOf(line, null, orderLineWords(line)))
      }
      return Effect.void
    }),
  )
  if (!isKnown) return yield* unknown("UnknownOrder", `the order ${id} of ${channel}`, extent, asked.atMs)
  const found = order as Order | undefined
  const standing = { phase: found?.phase ?? null, ending: found?.ending ?? null, lines: found === undefined ? [] : orderLinesTold(found) }
  return { channel, order: id, atMs, partition, ...standing, ...kept.told(), known: extent.known } satisfies OrderHistory
})
