/**
 * Whatever is lost, doubled, late or killed between orders and SKUs: both sides come to rest with the same picture, and replaying any journal, whole or behind a snapshot, comes to the same state.
 */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ActorKind, KindTypes } from "../../../src/engine/kind.ts"
import { orderKind } from "../../../src/kinds/order/kind.ts"
import { skuKind } from "../../../src/kinds/sku/kind.ts"
import { answeredBytesMax, orderGraceMs, orderKeptMs } from "../../../src/limits.ts"
import { engineCodec, orderCodec } from "../../../src/wire/codec.ts"
import type { Place } from "../../engine/carrier.ts"
import { dock, holdMs, played, Shop, shelf, web } from "./shop.ts"

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

/** Bytes of some events, and of the answers that they give once more. */
const bytesIn = ({ carrying }: ActorKind, events: ReadonlyArray<KindTypes["event"]>): number =>
  bytesOf(events) +
  events.reduce((bytes, event) => {
    const answer = carrying?.answeredBy(event)
    return answer === undefined ? bytes : bytes + answeredBytesMax + bytesOf(answer.outcome)
  }, 0)

/** A kind that fails whoever decides by changing a state, or by more bytes than it says. */
const watched = (given: unknown): ActorKind => {
  const kind = given as ActorKind
  const { carrying, parts, commands } = kind
  if (carrying === null) throw new Error("it sends nothing")
  const unchanged = <Result>(state: object | undefined, decide: () => Result): Result => {
    const before = state === undefined ? "" : JSON.stringify(kind.hashed(state))
    const result = decide()
    expect(state === undefined ? "" : JSON.stringify(kind.hashed(state))).toBe(before)
    return result
  }
  return {
    ...kind,
    decide: (state, command, ...more) => {
      const decision = unchanged(state, () => kind.decide(state, command, ...more))
      const events = decision._tag === "Accepted" || decision._tag === "Begun" ? decision.events : []
      const said = decision._tag === "Refused" ? bytesOf(decision.refusal) : bytesIn(kind, events)
      expect(said).toBeLessThan(commands.worstBytesOf(command, commands.sizeOf(state, command), bytesOf(command)))
      return decision
    },
    parts: {
      ...parts,
      expire: (part, nowMs) => {
        const before = JSON.stringify(part)
        const events = parts.expire(part, nowMs)
        expect(JSON.stringify(part)).toBe(before)
        expect(bytesIn(kind, events)).toBeLessThan(parts.expiredBytesOf(part))
        return events
      },
    },
    carrying: {
      ...carrying,
      returned: (state, carried, outcome, nowMs) => {
        const worst = carrying.returnedBytesOf(state, carried, outcome)
        const events = unchanged(state, () => carrying.returned(state, carried, outcome, nowMs))
        if (events.length > 0) expect(bytesIn(kind, events)).toBeLessThan(worst)
        return events
      },
    },
  }
}

const skus = ["a", 'b "quoted"', "c"]
const units = 4
const fills = ["whole", "partial", "minimum"] as const

/** One thing that happens; `a`, `b` and `c` say to what. */
interface Move {
  readonly move: number
  readonly a: number
  readonly b: number
  readonly c: number
}

const linesOf = (a: number, b: number, fill: (typeof fills)[number]) =>
  skus.slice(0, 1 + (a % 3)).map((sku, at) => {
    const qty = 1 + ((b >> at) % 3)
    return [sku, qty, fill === "minimum" ? { minQty: Math.min(qty, a % 2) } : {}] as const
  })

const facts = (shop: Shop, { a, b, c }: Move): void => {
  const sku = skus[b % 3] as string
  const order = `o${a % 4}`
  if (c % 4 === 0) shop.sku("Release", sku, { reservation: `@${order}`, qty: 1 + (a % 2), reason: "other" })
  else if (c % 4 === 1) shop.sku("RecordSale", sku, { mode: "taken", qty: 1 + (a % 3), location: shelf, reservation: `@${order}` })
  else if (c % 4 === 2) shop.ship(order, sku, a % 2 === 0 ? {} : { qty: 1 + (a % 3) })
  else shop.sku("AdjustStock", sku, { location: shelf, qty: a % 2 === 0 ? 1 : -1, reason: "count" }, dock)
}

const channels = (shop: Shop, { a, b, c }: Move): void => {
  const order = `o${a % 4}`
  const fill = fills[c % 3] as (typeof fills)[number]
  if (c % 5 < 2) shop.placeOrder(order, linesOf(a, b, fill), { fill, id: `p${a}-${c % 7}` })
  else if (c % 5 === 2) shop.confirm(order, { id: `y${a}-${b % 3}` })
  else if (c % 5 === 3) shop.cancel(order, { id: `x${a}-${b % 3}` })
  else shop.cancel(order, { id: `l${a}-${b % 3}`, lines: [{ sku: skus[b % 3], ...(b % 2 === 0 ? {} : { qty: 1 }) }] })
}

const isSameFromSnapshot = (place: Place): void => {
  const [replayed, loaded] = [place.replayed(false), place.replayed(true)]
  expect([...loaded.underWay]).toEqual([...replayed.underWay])
  expect([...loaded.owed]).toEqual([...replayed.owed])
  expect(place.world.hashOf(loaded, place.kind)).toBe(place.world.hashOf(replayed, place.kind))
}

const play = (shop: Shop, one: Move): void => {
  const { move, a, b } = one
  const at = shop.flying.length === 0 ? -1 : a % shop.flying.length
  const flying = shop.flying[at]
  const desks = shop.desks()
  const desk = desks[a % desks.length]
  const place = shop.places[a % shop.places.length]
  switch (move) {
    case 0:
    case 1:
    case 2:
      return channels(shop, one)
    case 3:
      return facts(shop, one)
    case 4:
    case 5:
      if (flying === undefined) return
      if (move === 4) shop.flying.splice(at, 1)
      // Lost, or not.
      if (b % 4 > 0) shop.arrive(flying)
      return
    case 6:
      return shop.pass([100, 1_000, 5_000, 11_000, holdMs, holdMs + orderGraceMs, orderKeptMs][b % 7] as number)
    case 7:
    case 8:
      return desk?.answerAppend("stored")
    case 9:
      return desk?.answerAppend(b % 2 === 0 ? "silent" : "lost")
    case 10:
      if (place?.snapshot != null) isSameFromSnapshot(place)
      if (b % 3 === 0) place?.takeOver(b % 2 === 0)
      return
    default:
      return shop.settle()
  }
}

const number = fc.nat(63)
const moves = fc.array(fc.record({ move: fc.nat(12), a: number, b: number, c: number }), { minLength: 1, maxLength: 80 })

describe("orders and SKUs in real partitions", () => {
  it("come to rest with one picture, whatever is lost, doubled, late or killed; and are what their journals say", () => {
    const actors = { order: played(watched(orderKind), orderCodec), sku: played(watched(skuKind), engineCodec) }
    fc.assert(
      fc.property(moves, fc.integer({ min: 1, max: 2 }), (all, partitions) => {
        const shop = new Shop({ partitions, actors, snapshotEveryRecords: 6 })
        for (const sku of skus) shop.stock(sku, units)
        for (const one of all) play(shop, one)
        // Orders that are confirmed stay: what is left to be done is done.
        for (let i = 0; i < 12; i++) shop.elapse(orderKeptMs / 8)
        for (const { desk, former } of shop.places)
          for (const one of [desk, ...former]) if (one.isOver && one === desk) one.place.takeOver(false)
        for (let i = 0; i < 12; i++) shop.elapse(orderKeptMs / 8)
        expect(shop.wrong()).toEqual([])
        for (const place of shop.places) {
          const { partition } = place.desk
          expect([partition.underWay.size, partition.owed.size]).toEqual([0, 0])
          const hash = shop.hashOf(partition, place.kind)
          for (const fromSnapshot of [false, true]) expect(shop.hashOf(place.replayed(fromSnapshot), place.kind)).toBe(hash)
        }
        for (const order of shop.orders()) if (order.channel === web) expect(["held", "confirmed", "ended"]).toContain(order.phase)
      }),
      { numRuns: 60 },
    )
  }, 240_000)
})
