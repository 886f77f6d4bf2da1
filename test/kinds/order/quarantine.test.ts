/**
 * Commands about orders that nobody could decide, in real partitions: they wait, an operator has them decided again or gives them up, and their senders hear what came of them. Both journals are audited.
 */
import { describe, expect, it } from "vitest"
import type { SenderId } from "../../../src/domain/names.ts"
import type { AnyOrderCommand } from "../../../src/domain/order/decide.ts"
import type { MemoryBounds } from "../../../src/engine/memory-bounds.ts"
import { orderKind } from "../../../src/kinds/order/kind.ts"
import { orderCodec } from "../../../src/wire/codec.ts"
import { played, realKinds, Shop, web } from "./shop.ts"

const ops = "ops" as SenderId

/** A shop whose orders can't decide commands of a type, until a release that can is rolled out. */
const faulty = (type: AnyOrderCommand["type"], memory: Partial<MemoryBounds> = {}) => {
  const fault = { isThere: true }
  const decide: typeof orderKind.decide = (book, command, ...more) => {
    if (fault.isThere && command.type === type) throw new Error("it can't be decided")
    return orderKind.decide(book, command, ...more)
  }
  const shop = new Shop({ actors: { ...realKinds, order: played({ ...orderKind, decide }, orderCodec) }, memory })
  shop.stock("shirt", 10)
  return { shop, fault }
}

const lines = [["shirt", 2]] as const
/** What an operator says of a command about an order. */
const settle = (shop: Shop, type: "ReplayOrderCommand" | "DropOrderCommand", order: string, more: object) =>
  shop.order(type, order, { channel: web, ...more }, ops)
const settleAndHear = (...asked: Parameters<typeof settle>) => asked[0].answer(settle(...asked))
const waiting = (shop: Shop) => shop.orderPartitions().flatMap(({ quarantine }) => [...quarantine.keys()])

describe("an order that could not be placed", () => {
  it("is placed when an operator has it decided again: its channel hears of it where it first asked, and only then", () => {
    const { shop, fault } = faulty("PlaceOrder")
    const asked = shop.placeOrder("o1", lines, { id: "place" })
    expect(shop.answer(asked)).toEqual({ id: "place", order: "o1", outcome: "quarantined", quarantined: "3-0" })
    expect(settleAndHear(shop, "ReplayOrderCommand", "o1", { quarantined: "3-0" })).toMatchObject({
      outcome: "refused",
      reason: "StillUndecidable",
      order: "o1",
    })
    fault.isThere = false
    expect(settleAndHear(shop, "ReplayOrderCommand", "o1", { quarantined: "3-0", id: "again" })).toEqual({
      id: "again",
      order: "o1",
      outcome: "accepted",
    })
    expect(shop.heard(asked)).toMatchObject([
      { outcome: "quarantined" },
      { id: "place", outcome: "accepted", order: "o1", lines: [{ qty: 2 }] },
    ])
    expect([shop.known("o1")?.phase, waiting(shop), shop.wrong()]).toEqual(["held", [], []])
    expect(shop.answer(shop.placeOrder("o1", lines, { id: "place" }))).toMatchObject({ repeated: true, outcome: "accepted" })
    expect(shop.violations()).toEqual([])
  })

  it("is given up for good by an operator, and asked again it stays so", () => {
    const { shop, fault } = faulty("PlaceOrder")
    const asked = shop.placeOrder("o1", lines, { id: "place" })
    shop.answer(asked)
    fault.isThere = false
    expect(settleAndHear(shop, "DropOrderCommand", "o1", { quarantined: "3-0", reason: "nobody wants it" })).toMatchObject({
      outcome: "accepted",
      order: "o1",
    })
    const dropped = { id: "place", order: "o1", outcome: "dropped", reason: "nobody wants it" }
    expect(shop.heard(asked)[1]).toEqual(dropped)
    expect(shop.answer(shop.placeOrder("o1", lines, { id: "place" }))).toEqual({ ...dropped, repeated: true })
    expect([shop.known("o1"), waiting(shop)]).toEqual([undefined, []])
    expect(shop.violations()).toEqual([])
  })

  it("is settled by an operator alone who names its place and the very order, and once", () => {
    const { shop, fault } = faulty("PlaceOrder")
    shop.answer(shop.placeOrder("o1", lines))
    fault.isThere = false
    const notThere = { outcome: "refused", reason: "NotQuarantined", field: "quarantined" }
    expect(settleAndHear(shop, "ReplayOrderCommand", "o1", { quarantined: "3-1" })).toMatchObject(notThere)
    expect(settleAndHear(shop, "ReplayOrderCommand", "o2", { quarantined: "3-0" })).toMatchObject({ ...notThere, order: "o2" })
    expect(settleAndHear(shop, "ReplayOrderCommand", "o1", { quarantined: "3-0", channel: "app" })).toMatchObject(notThere)
    expect(settleAndHear(shop, "ReplayOrderCommand", "o1", { quarantined: "3-0" })).toMatchObject({ outcome: "accepted" })
    expect(settleAndHear(shop, "ReplayOrderCommand", "o1", { quarantined: "3-0" })).toMatchObject(notThere)
    expect(shop.violations()).toEqual([])
  })

  it("is settled the same whoever owns its book by then", () => {
    const { shop, fault } = faulty("PlaceOrder")
    shop.answer(shop.placeOrder("o1", lines))
    fault.isThere = false
    shop.writeSnapshots()
    shop.place("order").takeOver(true)
    settle(shop, "ReplayOrderCommand", "o1", { quarantined: "3-0" })
    shop.place("order").takeOver(false)
    shop.settle()
    shop.elapse(1_000)
    settleAndHear(shop, "ReplayOrderCommand", "o1", { quarantined: "3-0" })
    expect([shop.known("o1")?.phase, waiting(shop), shop.wrong(), shop.violations()]).toEqual(["held", [], [], []])
  })
})

describe("a command that was asked again and decided while it waited", () => {
  it("stays as it was decided when an operator settles it, in whatever way", () => {
    const { shop, fault } = faulty("PlaceOrder")
    const asked = shop.placeOrder("o1", lines, { id: "place" })
    shop.answer(asked)
    fault.isThere = false
    expect(shop.answer(shop.placeOrder("o1", lines, { id: "place" }))).toMatchObject({ outcome: "accepted" })
    shop.writeSnapshots()
    shop.place("order").takeOver(true)
    expect(settleAndHear(shop, "DropOrderCommand", "o1", { quarantined: "3-0", reason: "nobody wants it" })).toMatchObject({
      outcome: "accepted",
    })
    expect(shop.heard(asked).at(-1)).toMatchObject({ id: "place", outcome: "accepted", repeated: true, lines: [{ qty: 2 }] })
    expect([shop.known("o1")?.phase, waiting(shop), shop.wrong(), shop.violations()]).toEqual(["held", [], [], []])
  })

  it("has its one effect, also when nobody remembers it any more: a SKU's word that came back long ago", () => {
    const { shop, fault } = faulty("NoteLine")
    shop.answer(shop.placeOrder("o1", lines))
    shop.answer(shop.confirm("o1"))
    shop.ship("o1", "shirt", { qty: 1 })
    shop.settle()
    const [quarantined] = waiting(shop)
    fault.isThere = false
    shop.elapse(10_000)
    expect(shop.known("o1")).toMatchObject({ fulfilledQty: 1 })
    expect(waiting(shop)).toEqual([quarantined])
    shop.ship("o1", "shirt", { qty: 1, id: "second" })
    shop.settle()
    shop.elapse(10_000)
    expect(settleAndHear(shop, "ReplayOrderCommand", "o1", { quarantined })).toMatchObject({ outcome: "accepted" })
    expect(shop.known("o1")).toMatchObject({ phase: "ended", ending: "fulfilled", fulfilledQty: 2 })
    expect([waiting(shop), shop.wrong(), shop.violations()]).toEqual([[], [], []])
  })
})

describe("a channel of which as much waits as may", () => {
  it("is refused another for want of room, which is taken once an operator has made some; what it tells of its sales is held off nowhere", () => {
    const { shop } = faulty("PlaceOrder", { quarantinedPerSender: 1 })
    shop.answer(shop.placeOrder("o1", lines))
    const noRoom = { outcome: "refused", reason: "LimitReached", field: "quarantine" }
    expect(shop.answer(shop.placeOrder("o2", lines, { id: "place" }))).toMatchObject(noRoom)
    shop.elapse(60_000)
    expect(shop.throttled).toEqual([])
    settleAndHear(shop, "DropOrderCommand", "o1", { quarantined: "3-0", reason: "nobody wants it" })
    expect(shop.answer(shop.placeOrder("o2", lines, { id: "place" }))).toMatchObject({ outcome: "quarantined" })
  })
})

describe("a SKU's word on a line that could not be taken in", () => {
  it("is taken in when an operator has it decided again, and the SKU hears of it when it asks the next time", () => {
    const { shop, fault } = faulty("NoteLine")
    shop.answer(shop.placeOrder("o1", lines))
    shop.answer(shop.confirm("o1"))
    shop.ship("o1", "shirt")
    shop.settle()
    const [quarantined] = waiting(shop)
    expect(quarantined).toBeDefined()
    fault.isThere = false
    expect(settleAndHear(shop, "ReplayOrderCommand", "o1", { quarantined })).toMatchObject({ outcome: "accepted", order: "o1" })
    shop.elapse(10_000)
    expect(shop.known("o1")).toMatchObject({ phase: "ended", ending: "fulfilled", fulfilledQty: 2 })
    expect([waiting(shop), shop.wrong(), shop.violations()]).toEqual([[], [], []])
  })
})
