/**
 * How orders outlive their owner, and what they may take of a record: rows that are read back whole, halves that come forward by themselves, and bounds at their worst.
 */
import { describe, expect, it } from "vitest"
import type { OrderBookKey, Sku } from "../../../src/domain/names.ts"
import { emptyBook, evolveBook, forgetOrder, type OrderBook, ordersIn } from "../../../src/domain/order/book.ts"
import { placingBytes, sayingBytes, settlingBytes } from "../../../src/domain/order/bounds.ts"
import type { LineOutcome } from "../../../src/domain/order/carried.ts"
import { answeredBy, type OrderEvent } from "../../../src/domain/order/events.ts"
import { lineOf, type Order, type OrderLine } from "../../../src/domain/order/order.ts"
import { loadedOrder, storedOrder } from "../../../src/domain/order/stored.ts"
import type { CommandUnderWay, ReturnedOutcome } from "../../../src/engine/records.ts"
import { orderChunks } from "../../../src/kinds/order/chunks.ts"
import { orderKind } from "../../../src/kinds/order/kind.ts"
import { ofBook } from "../../../src/kinds/order/parts.ts"
import { answeredBytesMax, bodyBytesMax, orderLinesMax, qtyMax, snapshotChunkBytesMax } from "../../../src/limits.ts"
import { orderCodec } from "../../../src/wire/codec.ts"
import { nowMs, web } from "../../domain/given.ts"
import {
  applied,
  cancel,
  confirm,
  confirmed,
  confirms,
  eventsOf,
  gives,
  type Happening,
  having,
  held,
  line,
  lineEndMs,
  mug,
  note,
  o1,
  place,
  placed,
  refuses,
  releases,
  shirt,
} from "../../domain/order/given.ts"

const key = "web/7" as OrderBookKey

const throughBytes = (order: Order): Order => {
  const row = orderChunks.partRowOf(key, order)
  const bytes = orderCodec.encodeChunk({ kind: "parts", seq: 5, items: [row] })
  const decoded = orderCodec.decodeChunk(bytes)
  const chunk = decoded._tag === "Chunk" ? orderCodec.readChunk(decoded.chunk) : undefined
  if (chunk?.kind !== "parts") throw new Error("it is not read back")
  const [item] = chunk.items
  if (item === undefined) throw new Error("nothing is read back")
  expect(orderChunks.partKeyOf(item)).toBe(key)
  return orderChunks.partIn(item)
}

const expired = having(held, { dueAtMs: held.dueMs })
const stories: ReadonlyArray<readonly [string, Order]> = [
  ["placed", placed],
  ["half answered", having(placed, [shirt, gives(1)])],
  ["refused with units on their way back", having(placed, [shirt, gives(2)], [mug, refuses("InsufficientStock", 0)])],
  ["held", held],
  ["confirming", having(held, confirm)],
  ["waiting for a SKU's word", having(held, confirm, [shirt, refuses("ReservationExpired")])],
  ["confirmed", confirmed],
  ["cancelling a line", having(confirmed, cancel([{ sku: mug }]))],
  ["cut down", having(confirmed, cancel([{ sku: shirt, qty: 1 }]), [shirt, releases(1)])],
  ["shipped in part, and beyond", having(confirmed, note(shirt, "fulfilled", 1), note(mug, "beyond", 2))],
  ["lost in part", having(having(held, confirm, note(shirt, "lost", 2)), [mug, confirms])],
  ["expired", expired],
  ["at rest", having(expired, [shirt, releases(2)], [mug, releases(1)])],
]

describe("an order in a snapshot", () => {
  it.each(stories)("%s: is read back whole", (_, order) => {
    expect(throughBytes(order)).toEqual(order)
    expect(loadedOrder(storedOrder(order))).toEqual(order)
  })

  it("goes on as it would have", () => {
    const left: ReadonlyArray<Happening> = [[shirt, gives(2)], [mug, gives(1)], confirm, [mug, confirms], [shirt, confirms]]
    let [live, loaded] = [placed, throughBytes(placed)]
    for (const happening of left) {
      const events = eventsOf(live, happening)
      expect(eventsOf(loaded, happening)).toEqual(events)
      live = applied(live, events)
      loaded = throughBytes(applied(loaded, events))
      expect(loaded).toEqual(live)
    }
  })
})

/** A book to which all of this happened. */
const bookOf = (happenings: ReadonlyArray<Happening>) => {
  const book = emptyBook(key)
  const halves = emptyBook(key)
  let order: Order | undefined
  for (const happening of happenings)
    for (const event of ofBook(web, o1, order, eventsOf(order, happening))) {
      evolveBook(book, event)
      orderKind.evolveState(halves, event)
      orderKind.evolvePart(halves, event)
      order = ordersIn(book)[0]
    }
  return { book, halves }
}

describe("a book", () => {
  const story: ReadonlyArray<Happening> = [place([line(shirt, 2), line(mug, 1)]), [shirt, gives(2)], [mug, gives(1)], confirm]

  it("comes forward from each event by halves as it does whole", () => {
    const { book, halves } = bookOf(story)
    expect(orderKind.hashed(halves)).toEqual(orderKind.hashed(book))
    expect(ordersIn(book)).toMatchObject([{ phase: "confirming", eventCount: 5 }])
  })

  it("notices an event that is missing, or there twice, or of an order that it doesn't hold", () => {
    const { book } = bookOf(story)
    const [order] = ordersIn(book)
    const [next] = ofBook(web, o1, order, eventsOf(order, [shirt, confirms]))
    if (next === undefined) throw new Error("nothing follows")
    for (const n of [next.n - 1, next.n + 1]) expect(() => evolveBook(book, { ...next, n })).toThrow(/INV-18/)
    expect(() => evolveBook(emptyBook(key), { ...next, n: 1 })).toThrow(/after it was placed/)
    evolveBook(book, next)
    expect(() => evolveBook(book, next)).toThrow(/INV-18/)
  })

  it("forgets an order that was kept for long enough, and no other", () => {
    const book: OrderBook = emptyBook(key)
    const atRest = having(expired, [shirt, releases(2)], [mug, releases(1)])
    orderChunks.addPart(book, atRest)
    expect(() => forgetOrder(book, atRest)).toThrow(/kept for long enough/)
    const [event] = ofBook(web, o1, atRest, eventsOf(atRest, { dueAtMs: atRest.keptUntilMs ?? 0 }))
    if (event === undefined) throw new Error("nothing is due")
    const forgotten = evolveBook(book, event)
    expect(orderKind.parts.endingOf(forgotten)).toBe("expired")
    forgetOrder(book, forgotten)
    expect(book.orders).toBeNull()
  })
})

describe("as many lines as there may be, at their worst", () => {
  // Quotes take two bytes each where they are written: so long that the body is as long as a body may be.
  const wide = Array.from({ length: orderLinesMax }, (_, at) => `"${String(at).padStart(4, "0")}ééé"`.padEnd(10, '"') as Sku)
  const lines = wide.map((sku) => line(sku, qtyMax))
  const command = place(lines)
  const bodyBytes = Buffer.byteLength(JSON.stringify({ lines }))
  const big = having(undefined, command)
  const all = (outcome: (sku: Sku) => Happening): ReadonlyArray<Happening> => wide.map(outcome)
  const bigHeld = having(big, ...all((sku) => [sku, gives(qtyMax)]))
  const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))
  const inBook = (order: Order | undefined, events: ReadonlyArray<OrderEvent>): number => {
    const answers = events.flatMap((event) => answeredBy(event) ?? [])
    return bytesOf(ofBook(web, o1, order, events)) + answers.reduce((bytes, answer) => bytes + answeredBytesMax + bytesOf(answer), 0)
  }

  it("fits one snapshot chunk", () => {
    expect(bodyBytes).toBeLessThanOrEqual(bodyBytesMax)
    expect(bodyBytes).toBeGreaterThan(bodyBytesMax * 0.6)
    for (const order of [big, bigHeld, having(bigHeld, confirm), having(bigHeld, cancel())]) {
      const bytes = orderCodec.encodeChunk({ kind: "parts", seq: 5, items: [orderChunks.partRowOf(key, order)] })
      expect(bytes.length).toBeLessThan(snapshotChunkBytesMax)
      // What a slice counts it as is about what it takes.
      const counted = orderChunks.partBytesOf(order)
      expect([bytes.length < 2 * counted, bytes.length > counted / 2]).toEqual([true, true])
    }
  })

  it("takes no more of a record than is said before it is decided", () => {
    expect(inBook(undefined, eventsOf(undefined, command))).toBeLessThan(placingBytes(0, bodyBytes))
    expect(inBook(bigHeld, eventsOf(bigHeld, confirm))).toBeLessThan(sayingBytes(bigHeld.width))
    expect(inBook(bigHeld, eventsOf(bigHeld, cancel()))).toBeLessThan(sayingBytes(bigHeld.width))
    const { expiredBytesOf } = orderKind.parts
    expect(inBook(big, eventsOf(big, { dueAtMs: big.dueMs }))).toBeLessThan(expiredBytesOf(big))
    expect(inBook(bigHeld, eventsOf(bigHeld, { dueAtMs: bigHeld.dueMs }))).toBeLessThan(expiredBytesOf(bigHeld))
  })

  it("and none of what the last answer of a line gives, or the first that fails", () => {
    const almost = having(big, ...all((sku) => [sku, gives(qtyMax)]).slice(1))
    const [first] = wide
    if (first === undefined) throw new Error("no lines")
    const comesBack = (order: Order, outcome: LineOutcome, said: ReturnedOutcome): void => {
      const ref = { order: o1, event: lineOf(order, first)?.asked?.event ?? -1 }
      // As much of it as orders look at.
      const carried = { onBehalf: web, key: first, command: { type: "Reserve" }, ref } as unknown as CommandUnderWay
      const events = eventsOf(order, [first, outcome])
      expect(orderKind.carrying?.returned(bookWith(order), carried, said, nowMs)).toEqual(ofBook(web, o1, order, events))
      expect(inBook(order, events)).toBeLessThan(orderKind.carrying?.returnedBytesOf(bookWith(order), carried, said) ?? 0)
    }
    const short = { outcome: "refused", reason: "ReservationExists", ats: qtyMax } as const
    comesBack(almost, gives(qtyMax), { outcome: "accepted", qty: qtyMax, expiresAtMs: lineEndMs })
    comesBack(almost, refuses("ReservationExists", qtyMax), short)
    comesBack(
      having(big, ...all((sku) => [sku, refuses("ReservationExists", qtyMax)]).slice(1)),
      refuses("ReservationExists", qtyMax),
      short,
    )
    const half = having(big, ...all((sku) => [sku, gives(qtyMax)]).slice(orderLinesMax / 2))
    comesBack(half, refuses("ReservationExists", qtyMax), short)
    const confirming = having(bigHeld, confirm, ...all((sku) => [sku, confirms]).slice(1))
    expect(inBook(confirming, eventsOf(confirming, note(first, "lost", qtyMax)))).toBeLessThan(settlingBytes(confirming.width))
    const late = having(bigHeld, { dueAtMs: bigHeld.dueMs })
    const decision = orderKind.decide(bookWith(late), confirm, web, late.dueMs, () => undefined, false)
    expect(bytesOf(decision)).toBeLessThan(sayingBytes(late.width))
    expect((lineOf(late, first) as OrderLine).refundQty).toBe(qtyMax)
  })
})

const bookWith = (order: Order): OrderBook => {
  const book = emptyBook(key)
  orderChunks.addPart(book, order)
  return book
}
