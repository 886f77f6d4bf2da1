/**
 * Whatever is lost, doubled, late or killed between orders and SKUs: both sides come to rest with the same picture, and replaying any journal, whole or behind a snapshot, comes to the same state.
 */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { unreachable } from "../../../src/assert.ts"
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
  readonly move: "channel" | "fact" | "deliver" | "time" | "append" | "owner" | "settle"
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

/** Mostly what the order is ready for; now and then under an id that was used. */
const channels = (shop: Shop, { a, b, c }: Move): void => {
  const order = `o${a % 4}`
  const fill = fills[c % 3] as (typeof fills)[number]
  const again = b % 8 === 0 ? { id: `again-${c % 3}` } : {}
  const phase = shop.known(order)?.phase
  const lines = [{ sku: skus[b % 3], ...(b % 2 === 0 ? {} : { qty: 1 }) }]
  if (phase === undefined || c % 16 === 0) shop.placeOrder(order, linesOf(a, b, fill), { fill, ...again })
  else if (c % 8 < 4 && phase === "held") shop.confirm(order, again)
  else shop.cancel(order, c % 4 === 0 ? again : { ...again, lines })
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
    case "channel":
      return channels(shop, one)
    case "fact":
      return facts(shop, one)
    case "deliver":
      if (flying === undefined) return
      if (b % 2 === 0) shop.flying.splice(at, 1)
      // Lost, or not.
      if (b % 5 > 0) shop.arrive(flying)
      return
    case "time":
      return shop.pass([100, 1_000, 5_000, 11_000, holdMs, holdMs + orderGraceMs, orderKeptMs][b % 7] as number)
    case "append":
      return desk?.answerAppend(b % 3 === 0 ? "silent" : b % 3 === 1 ? "lost" : "stored")
    case "owner":
      if (place?.snapshot != null) isSameFromSnapshot(place)
      if (b % 2 === 0) place?.takeOver(b % 4 === 0)
      return
    case "settle":
      shop.settle()
      if (shop.places.every(({ desk }) => desk.partition.underWay.size === 0)) expect(shop.wrong()).toEqual([])
      return
    default:
      return unreachable(move)
  }
}

const number = fc.nat(63)
const weights = { channel: 6, fact: 4, deliver: 5, time: 1, append: 3, owner: 1, settle: 5 } as const
const kindOfMove = fc.constantFrom(
  ...Object.entries(weights).flatMap(([move, weight]) => Array<Move["move"]>(weight).fill(move as Move["move"])),
)
const moves = fc.array(fc.record({ move: kindOfMove, a: number, b: number, c: number }), { minLength: 1, maxLength: 80, size: "max" })

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
