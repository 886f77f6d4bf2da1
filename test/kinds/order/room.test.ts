/**
 * Room for what orders ask of SKUs: a command about an order asks for as much of it as the order has lines to ask for, and for no more.
 */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { OrderBookKey, Sku } from "../../../src/domain/names.ts"
import { emptyBook } from "../../../src/domain/order/book.ts"
import type { DecidedOrderCommand } from "../../../src/domain/order/decide.ts"
import { carriedBy } from "../../../src/domain/order/events.ts"
import type { Order } from "../../../src/domain/order/order.ts"
import { orderCarrying } from "../../../src/kinds/order/carrying.ts"
import { orderChunks } from "../../../src/kinds/order/chunks.ts"
import { orderKind } from "../../../src/kinds/order/kind.ts"
import { nowMs, web } from "../../domain/given.ts"
import { cancel, confirm, confirms, gives, type Happening, having, line, note, o1, place, releases } from "../../domain/order/given.ts"
import { Shop } from "./shop.ts"

const bookWith = (order: Order) => {
  const book = emptyBook("web/7" as OrderBookKey)
  orderChunks.addPart(book, order)
  return book
}

/** An order of some lines, of which each got some units, and of which some were shipped, given up, or are on their way back. */
const anyOrder = fc
  .array(fc.record({ qty: fc.integer({ min: 0, max: 3 }), isShipped: fc.boolean(), isCancelled: fc.boolean() }), {
    minLength: 1,
    maxLength: 12,
  })
  .chain((lines) => fc.record({ lines: fc.constant(lines), isConfirmed: fc.boolean(), isUnderWay: fc.boolean() }))
  .map(({ lines, isConfirmed, isUnderWay }): Order => {
    const skus = lines.map((_, at) => `s${at}` as Sku)
    const has = (at: number) => (lines[at]?.qty ?? 0) > 0
    let order = having(
      undefined,
      place(
        skus.map((sku) => line(sku, 3)),
        { fill: "partial" },
      ),
      ...skus.map((sku, at): Happening => [sku, gives(lines[at]?.qty ?? 0)]),
    )
    if (order.phase === "ended") return order
    if (isConfirmed) order = having(order, confirm, ...skus.filter((_, at) => has(at)).map((sku): Happening => [sku, confirms]))
    for (const [at, sku] of skus.entries())
      if (has(at) && lines[at]?.isShipped === true) order = having(order, note(sku, "fulfilled", lines[at].qty))
    const given = skus.filter((_, at) => has(at) && lines[at]?.isCancelled === true && !lines[at].isShipped)
    if (order.phase === "ended" || given.length === 0) return order
    order = having(order, cancel(given.map((sku) => ({ sku }))))
    return isUnderWay ? order : having(order, ...given.map((sku): Happening => [sku, releases(lines[skus.indexOf(sku)]?.qty ?? 0)]))
  })

describe("room for what a command about an order asks of SKUs", () => {
  it("is asked for as much as the order carries then, however its lines stand", () => {
    const commands: ReadonlyArray<DecidedOrderCommand> = [confirm, cancel(), cancel([{ sku: "s0" as Sku }])]
    fc.assert(
      fc.property(anyOrder, fc.constantFrom(...commands), (order, command) => {
        const book = bookWith(order)
        const most = orderCarrying.mayCarry(command, book)
        expect(most).toBeLessThanOrEqual(order.lines.length)
        const decision = orderKind.decide(book, command, web, nowMs, () => undefined, false)
        if (decision._tag !== "Begun") return
        expect(decision.events.flatMap(carriedBy)).toHaveLength(most)
      }),
    )
    expect(orderCarrying.mayCarry(confirm, undefined)).toBe(0)
    expect(orderCarrying.mayCarry({ ...confirm, order: `${o1}-x` as typeof o1 }, emptyBook("web/7" as OrderBookKey))).toBe(0)
  })

  it("is there for a small order while a large one has nearly all of it", () => {
    const shop = new Shop({ bounds: { underWayMax: 6 } })
    for (const sku of ["shirt", "mug", "lamp"]) shop.stock(sku, 10)
    shop.answer(shop.placeOrder("small", [["shirt", 1]]))
    const large = shop.placeOrder("large", [
      ["shirt", 1],
      ["mug", 1],
      ["lamp", 1],
    ])
    const paid = shop.confirm("small")
    expect([shop.answer(large), shop.heard(paid)[0]]).toMatchObject([{ outcome: "accepted" }, { outcome: "accepted" }])
    expect([shop.busy, shop.wrong()]).toEqual([[], []])
  })
})
