/**
 * What holds of orders and their SKUs in every history in which messages between them are lost, doubled and reordered, and their partitions crash.
 */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { CommandId, LocationId, SenderId, Sku } from "../../../src/domain/names.ts"
import type { PlaceOrder } from "../../../src/domain/order/commands/place-order/command.ts"
import { type OrderId, orderReservation } from "../../../src/domain/order/names.ts"
import { isAtRest, type Order, openQtyOfLine } from "../../../src/domain/order/order.ts"
import type { StockCommand } from "../../../src/domain/sku/commands.ts"
import { isOpen, openQtyOf, reservationOf, reservationsOf, unowedQty } from "../../../src/domain/sku/stock.ts"
import { line as channelLine, depot, north, received, sold, web } from "../given.ts"
import { Carrier } from "./carrier.ts"

const skus = ["a" as Sku, "b" as Sku, "c" as Sku]
const unknown = "z" as Sku
const orders = ["o1" as OrderId, "o2" as OrderId, "o3" as OrderId]

type Step =
  | { readonly do: "place"; readonly order: OrderId; readonly fill: PlaceOrder["fill"]; readonly lines: PlaceOrder["lines"] }
  | { readonly do: "confirm"; readonly order: OrderId }
  | { readonly do: "cancel"; readonly order: OrderId; readonly sku: Sku | null }
  | { readonly do: "fulfil" | "release"; readonly order: OrderId; readonly sku: Sku; readonly qty: number }
  | { readonly do: "tick"; readonly ms: number }
  | { readonly do: "send" | "crash" }
  | { readonly do: "deliver" | "double" | "lose"; readonly pick: number }

const anyOrder = fc.constantFrom(...orders)
const qty = fc.integer({ min: 1, max: 3 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .record({
        order: anyOrder,
        fill: fc.constantFrom("whole", "partial", "minimum"),
        lines: fc.array(fc.record({ sku: fc.constantFrom(...skus, ...skus, unknown), qty }), { minLength: 1, maxLength: 4 }),
      })
      .map(
        ({ order, fill, lines }): Step => ({
          do: "place",
          order,
          fill,
          lines: fill === "minimum" ? lines.map((one) => ({ ...one, minQty: 1 })) : lines,
        }),
      ),
  },
  { weight: 2, arbitrary: anyOrder.map((order): Step => ({ do: "confirm", order })) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), order: anyOrder, sku: fc.option(fc.constantFrom(...skus)) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("fulfil" as const, "release" as const),
      order: anyOrder,
      sku: fc.constantFrom(...skus),
      qty,
    }),
  },
  { weight: 2, arbitrary: fc.constantFrom(1, 5_000, 60_000, 2_000_000).map((ms): Step => ({ do: "tick", ms })) },
  { weight: 5, arbitrary: fc.constant<Step>({ do: "send" }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: "crash" }) },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom("deliver" as const, "deliver" as const, "double" as const, "lose" as const),
      pick: fc.nat(999),
    }),
  },
)

const stockedWith = (units: number, of: ReadonlyArray<Sku>): Carrier => {
  const carrier = new Carrier()
  for (const sku of of) carrier.stock(sku, [sold([channelLine(web)]), received(north, units)])
  return carrier
}

/** A fact or a channel's word about one line, straight to its SKU. */
const aboutLine = (
  step: Extract<Step, { readonly do: "fulfil" | "release" }>,
  id: CommandId,
  issuedAtMs: number,
): readonly [StockCommand, SenderId] => {
  const base = { id, sku: step.sku, issuedAtMs, reservation: orderReservation(step.order) }
  if (step.do === "release") return [{ type: "Release", ...base, reason: "other", qty: step.qty }, web]
  return [{ type: "Fulfil", ...base, channel: web, location: north as LocationId, qty: step.qty }, depot]
}

/** Commands that were begun, by order: each is owed one answer. */
class Play {
  readonly carrier: Carrier
  readonly owed = new Map<string, OrderId>()
  #count = 0

  constructor(carrier: Carrier) {
    this.carrier = carrier
  }

  do(step: Step): void {
    const id = `c${this.#count++}` as CommandId
    const { carrier } = this
    const base = { id, channel: web, issuedAtMs: carrier.nowMs }
    switch (step.do) {
      case "place":
        return this.#ask({ type: "PlaceOrder", ...base, order: step.order, fill: step.fill, holdMs: 60_000, lines: step.lines })
      case "confirm":
        return this.#ask({ type: "ConfirmOrder", ...base, order: step.order })
      case "cancel":
        return this.#ask({
          type: "CancelOrder",
          ...base,
          order: step.order,
          reason: "cancelled",
          ...(step.sku === null ? {} : { lines: [{ sku: step.sku }] }),
        })
      case "fulfil":
      case "release": {
        // Whoever ships for an order that nobody placed is heard by the SKU alone.
        if (carrier.orders.get(step.order)?.order?.places.has(step.sku) !== true) return
        const [command, sender] = aboutLine(step, id, carrier.nowMs)
        carrier.askSku(step.sku, command, sender, false)
        return
      }
      case "tick":
        return carrier.tick(step.ms)
      case "send":
        return carrier.send()
      case "crash":
        return this.#crash()
      case "deliver":
      case "double":
      case "lose": {
        const at = carrier.messages.length === 0 ? -1 : step.pick % carrier.messages.length
        const message = step.do === "double" ? carrier.messages[at] : carrier.messages.splice(at, at < 0 ? 0 : 1)[0]
        if (message !== undefined && step.do !== "lose") carrier.deliver(message)
      }
    }
  }

  #ask(command: Parameters<Carrier["askOrder"]>[0]): void {
    if (this.carrier.askOrder(command) === "decided") this.owed.set(command.id, command.order)
  }

  #crash(): void {
    const before = [...this.carrier.orders.values()].map(({ order, underWay }) => structuredClone({ order, underWay }))
    this.carrier.crash()
    expect([...this.carrier.orders.values()].map(({ order, underWay }) => ({ order, underWay }))).toEqual(before)
  }
}

/** The orders there are. */
const ordersOf = (carrier: Carrier): ReadonlyArray<Order> => [...carrier.orders.values()].flatMap(({ order }) => order ?? [])

/** What must hold once nothing is under way: for each order and each of its lines, its SKU and it say the same. */
const expectRest = ({ carrier, owed }: Play): void => {
  for (const order of ordersOf(carrier)) {
    expect(order.askedCount).toBe(0)
    expect(order.waiting).toBeNull()
    if (order.phase === "ended") expect(isAtRest(order), `${order.id} is dead and keeps ${order.openQty}`).toBe(true)
    for (const line of order.lines) {
      const stock = carrier.skus.get(line.sku)?.stock
      const reservation = stock === undefined ? undefined : reservationOf(stock, web, orderReservation(order.id))
      expect(openQtyOfLine(line)).toBe(reservation === undefined || !isOpen(reservation) ? 0 : openQtyOf(reservation))
      expect(line.fulfilledQty).toBe(reservation?.fulfilledQty ?? 0)
    }
  }
  for (const [id, order] of owed) {
    const answers = carrier.orders.get(order)?.answers.filter((answer) => answer.id === id)
    expect(answers, `${id} of ${order}`).toHaveLength(1)
  }
}

/** Units that came are on hand, or have left; what is reserved is some living order's. */
const expectConserved = (carrier: Carrier, units: number): void => {
  const alive = ordersOf(carrier).filter(({ phase }) => phase !== "ended")
  for (const { stock } of carrier.skus.values()) {
    const left = reservationsOf(stock).reduce((sum, { fulfilledQty }) => sum + fulfilledQty, 0)
    const beyond = ordersOf(carrier).reduce((sum, order) => sum + (order.lines.find(({ sku }) => sku === stock.sku)?.beyondQty ?? 0), 0)
    const [at] = stock.locations
    expect((at?.onHand ?? 0) + left + beyond).toBe(units)
    const owned = alive.reduce(
      (sum, order) => sum + order.lines.reduce((of, line) => of + (line.sku === stock.sku ? openQtyOfLine(line) : 0), 0),
      0,
    )
    expect(at?.reserved).toBe(owned)
  }
}

describe("orders and SKUs, whatever is lost, doubled, late or killed", () => {
  it("come to rest: one answer each, nothing held by an order that is no more, the same picture on both sides", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
        const play = new Play(stockedWith(50, skus))
        for (const one of steps) play.do(one)
        play.carrier.untilRest()
        play.carrier.tick(11_000)
        play.carrier.untilRest()
        expectRest(play)
        expectConserved(play.carrier, 50)
      }),
      { numRuns: 600 },
    )
  })
  it("never sell what isn't there, and tell no order that it is whole unless every line is", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
        const play = new Play(stockedWith(3, skus))
        const facts = steps.filter((one) => one.do !== "fulfil" && one.do !== "release")
        for (const one of facts) {
          play.do(one)
          for (const { stock } of play.carrier.skus.values())
            for (const at of stock.locations) expect(unowedQty(at)).toBeGreaterThanOrEqual(0)
        }
        play.carrier.untilRest()
        expectRest(play)
        for (const { order, answers, events } of play.carrier.orders.values()) {
          if (order === undefined) continue
          const placed = answers[0]
          if (placed === undefined || order.fill !== "whole") continue
          const isWhole = order.lines.every((line) => line.reservedQty === line.qty)
          expect(placed.refusal === undefined).toBe(events.some(({ type }) => type === "OrderHeld"))
          if (placed.refusal === undefined) expect(isWhole).toBe(true)
          else expect(order.openQty).toBe(0)
        }
      }),
      { numRuns: 400 },
    )
  })
  it("lose no unit to an order whose partition is gone: SKUs end its holds by themselves, a grace after it would have", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
        const play = new Play(stockedWith(50, skus))
        for (const one of steps) if (one.do !== "confirm") play.do(one)
        // Nothing is sent any more, and no order looks at its time: only SKUs go on.
        play.carrier.nowMs += 10_000 + 60_000 + 15 * 60_000
        for (const sku of skus) play.carrier.expireHolds(sku)
        for (const { stock } of play.carrier.skus.values()) expect(reservationsOf(stock).filter(isOpen)).toEqual([])
      }),
      { numRuns: 150 },
    )
  })
})

describe("fifty orders of three lines over ten scarce SKUs, in every order of lines", () => {
  const tenSkus = Array.from({ length: 10 }, (_, at) => `s${at}` as Sku)
  const shuffled = fc.shuffledSubarray(tenSkus, { minLength: 3, maxLength: 3 })
  const placeOf = (lines: ReadonlyArray<Sku>, at: number): PlaceOrder => ({
    type: "PlaceOrder",
    id: `c${at}` as CommandId,
    channel: web,
    order: `o${at}` as OrderId,
    issuedAtMs: 1_000_000,
    fill: "whole",
    holdMs: 60_000,
    lines: lines.map((sku) => ({ sku, qty: 1 })),
  })
  it("are each answered by what becomes of their own lines alone, and none keeps what another could have", () => {
    fc.assert(
      fc.property(fc.array(shuffled, { minLength: 50, maxLength: 50 }), fc.infiniteStream(fc.nat(9_999)), (all, chance) => {
        const play = new Play(stockedWith(4, tenSkus))
        const places = all.map(placeOf)
        for (const command of places) play.carrier.askOrder(command)
        for (const { id, order } of places) play.owed.set(id, order)
        play.carrier.send()
        // Of each order all its own three messages there and back, in any order among all others': then it is answered, whatever the others still wait for.
        const leftOf = new Map(places.map(({ order }) => [order, 6]))
        while (play.carrier.messages.length > 0) {
          const [message] = play.carrier.messages.splice((chance.next().value ?? 0) % play.carrier.messages.length, 1)
          if (message === undefined) break
          play.carrier.deliver(message)
          const left = (leftOf.get(message.order) ?? 0) - 1
          leftOf.set(message.order, left)
          if (left === 0) expect(play.carrier.orders.get(message.order)?.answers).toHaveLength(1)
        }
        play.carrier.untilRest()
        expectRest(play)
        expectConserved(play.carrier, 4)
        const held = ordersOf(play.carrier).filter(({ phase }) => phase === "held")
        for (const order of held) expect(order.openQty).toBe(3)
      }),
      { numRuns: 40 },
    )
  })
})
