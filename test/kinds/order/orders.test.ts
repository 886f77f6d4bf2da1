/**
 * Orders and SKUs as actors of real partitions, with the real codecs: from what a channel asks to what both sides hold.
 */
import { describe, expect, it } from "vitest"
import { internalSender, type SenderId } from "../../../src/domain/names.ts"
import { orderGraceMs, orderKeptMs, orderLinesMax, orderPlacingMsMax, recordBytesMax } from "../../../src/limits.ts"
import { orderCodec } from "../../../src/wire/codec.ts"
import { app, dock, holdMs, Shop, shelf, web } from "./shop.ts"

/** Ten shirts and four mugs. */
const stocked = (): Shop => {
  const shop = new Shop()
  shop.stock("shirt", 10)
  shop.stock("mug", 4)
  return shop
}
const two = [
  ["shirt", 2],
  ["mug", 1],
] as const
const held = (): Shop => {
  const shop = stocked()
  shop.answer(shop.placeOrder("o1", two))
  return shop
}
const confirmed = (): Shop => {
  const shop = held()
  shop.answer(shop.confirm("o1"))
  return shop
}
const refusal = (reason: string, field?: string) => ({ outcome: "refused", reason, ...(field === undefined ? {} : { field }) })

describe("an order", () => {
  it("is held under one answer, once its record and those of its SKUs are confirmed", () => {
    const shop = stocked()
    const placedAtMs = shop.nowMs
    const reply = shop.placeOrder("o1", two)
    const { desk } = shop.place("order")
    expect([shop.flying, shop.heard(reply)]).toEqual([[], []])
    expect([...desk.partition.underWay.keys()]).toEqual([`${desk.owner}/3/0`, `${desk.owner}/3/1`])
    desk.answerAppend("stored")
    expect(shop.heard(reply)).toEqual([])
    expect(shop.answer(reply)).toEqual({
      id: expect.any(String),
      outcome: "accepted",
      order: "o1",
      expiresAtMs: placedAtMs + holdMs,
      lines: [
        { sku: "shirt", qty: 2 },
        { sku: "mug", qty: 1 },
      ],
    })
    expect(shop.lineAt("shirt", "o1")).toMatchObject({
      status: "held",
      channel: "web",
      expiresAtMs: placedAtMs + orderPlacingMsMax + holdMs + orderGraceMs,
    })
    expect(shop.wrong()).toEqual([])
  })

  it("is made lasting, and cut down, and its picture follows what is shipped, given up and taken at a till", () => {
    const shop = stocked()
    shop.answer(
      shop.placeOrder("o1", [
        ["shirt", 6],
        ["mug", 3],
      ]),
    )
    expect(shop.answer(shop.confirm("o1"))).toMatchObject({ outcome: "accepted", order: "o1", lines: [{ qty: 6 }, { qty: 3 }] })
    expect(shop.lineAt("mug", "o1")).toMatchObject({ status: "confirmed" })
    expect(shop.answer(shop.cancel("o1", { lines: [{ sku: "shirt", qty: 1 }] }))).toMatchObject({ lines: [{ qty: 1, refundQty: 1 }] })
    shop.ship("o1", "shirt", { qty: 2 })
    shop.sku("Release", "shirt", { reservation: "@o1", qty: 1, reason: "other" })
    shop.sku("RecordSale", "mug", { mode: "taken", qty: 1, location: shelf, reservation: "@o1" })
    shop.settle()
    expect(shop.known("o1")).toMatchObject({
      phase: "confirmed",
      fulfilledQty: 3,
      lines: [
        { releasedQty: 2, fulfilledQty: 2 },
        { releasedQty: 0, fulfilledQty: 1 },
      ],
    })
    expect(shop.wrong()).toEqual([])
    shop.ship("o1", "shirt")
    shop.ship("o1", "mug")
    shop.settle()
    expect(shop.known("o1")).toMatchObject({ phase: "ended", ending: "fulfilled", openQty: 0 })
    expect(shop.wrong()).toEqual([])
  })

  it("gets less where it may, and nothing where a line has less than it needs; what it had goes back", () => {
    const shop = stocked()
    shop.stock("rare", 1)
    expect(
      shop.answer(
        shop.placeOrder(
          "some",
          [
            ["shirt", 2],
            ["rare", 3],
          ],
          { fill: "partial" },
        ),
      ),
    ).toMatchObject({
      outcome: "accepted",
      lines: [{ qty: 2 }, { qty: 1 }],
    })
    expect(
      shop.answer(
        shop.placeOrder("all", [
          ["shirt", 2],
          ["rare", 1],
        ]),
      ),
    ).toMatchObject({
      ...refusal("LinesRefused"),
      order: "all",
      lines: [
        { sku: "shirt", qty: 2 },
        { sku: "rare", qty: 0, reason: "InsufficientStock", ats: 0 },
      ],
    })
    expect(shop.known("all")).toMatchObject({ ending: "refused", openQty: 0 })
    expect(shop.stockOf("shirt")?.locations).toMatchObject([{ reserved: 2 }])
    expect(shop.wrong()).toEqual([])
  })

  it("expires, gives back, is told what to refund if it is confirmed too late, and is forgotten", () => {
    const shop = held()
    shop.elapse(holdMs)
    expect(shop.known("o1")).toMatchObject({ ending: "expired", openQty: 0 })
    expect(shop.lineAt("shirt", "o1")).toBeUndefined()
    const late = { ...refusal("OrderExpired"), order: "o1" }
    const lines = [
      { sku: "shirt", qty: 0, refundQty: 2 },
      { sku: "mug", qty: 0, refundQty: 1 },
    ]
    expect(shop.answer(shop.confirm("o1"))).toMatchObject({ ...late, lines })
    shop.elapse(orderKeptMs - 5_000)
    expect(shop.answer(shop.confirm("o1"))).toMatchObject({ ...late, lines })
    shop.elapse(5_000)
    expect(shop.known("o1")).toBeUndefined()
    expect(shop.answer(shop.confirm("o1"))).toEqual({ id: expect.any(String), ...late })
    expect(shop.answer(shop.cancel("o1"))).toMatchObject(late)
    expect(shop.answer(shop.placeOrder("o1", two))).toMatchObject(refusal("OrderExists", "order"))
    // What its SKU tells of it then, nobody takes in.
    shop.ship("o1", "shirt", { qty: 1 })
    shop.elapse(5_000)
    expect(shop.known("o1")).toBeUndefined()
    expect([shop.wrong(), shop.violations()]).toEqual([[], []])
  })

  it("is told of lines that a SKU's own timer ended while it was away", () => {
    const shop = held()
    shop.confirm("o1", { id: "paid" })
    shop.place("order").desk.answerAppend("stored")
    shop.flying = []
    // Its partition is out for longer than hold and grace, and only the SKUs' goes on.
    shop.nowMs += holdMs + orderGraceMs + orderPlacingMsMax
    for (let i = 0; i < 3; i++) {
      shop.nowMs += 1_000
      shop.place("sku").desk.tick()
      shop.place("sku").desk.answerAppend("stored")
    }
    expect(shop.lineAt("shirt", "o1")).toBeUndefined()
    shop.place("order").takeOver(false)
    shop.heal(60_000)
    expect([...new Set(shop.outcomes("paid"))]).toEqual(["refused"])
    expect(shop.wrong()).toEqual([])
  })

  it("that nobody answered in time is refused, and takes nothing when they do", () => {
    const shop = stocked()
    const reply = shop.placeOrder("o1", two)
    shop.place("order").desk.answerAppend("stored")
    const late = shop.flying.splice(0)
    for (const ms of [orderPlacingMsMax, 1_000, 1_000]) {
      shop.pass(ms)
      shop.store()
      shop.flying = []
    }
    expect(shop.heard(reply)).toMatchObject([{ ...refusal("LinesUnanswered"), lines: [{ qty: 0 }, { qty: 0 }] }])
    shop.flying.push(...late)
    shop.heal(1_500 * 60)
    expect(shop.stockOf("shirt")?.locations).toMatchObject([{ reserved: 0 }])
    expect(shop.wrong()).toEqual([])
  })
})

describe("what is asked again", () => {
  it("is answered once for all who asked, and the same afterwards", () => {
    const shop = stocked()
    const first = shop.placeOrder("o1", two, { id: "mine" })
    const again = shop.placeOrder("o1", two, { id: "mine" })
    const answer = shop.answer(first)
    expect(shop.heard(again)).toEqual([answer])
    expect(shop.answer(shop.placeOrder("o1", two, { id: "mine" }))).toEqual({ ...answer, repeated: true })
  })

  it("under a used id is refused, whatever else it asks for: other lines, or another order", () => {
    const shop = stocked()
    const reply = shop.placeOrder("o1", two, { id: "mine" })
    const other = shop.placeOrder("o1", [["shirt", 1]], { id: "mine" })
    shop.store()
    expect(shop.heard(other)).toMatchObject([refusal("IdReused", "lines")])
    expect(shop.answer(reply)).toMatchObject({ outcome: "accepted" })
    expect(shop.answer(shop.placeOrder("o1", [["shirt", 1]], { id: "mine" }))).toMatchObject(refusal("IdReused", "lines"))
  })

  it("while another answer of the order is owed is told to come back, and its id stays free", () => {
    const shop = held()
    shop.confirm("o1")
    const meanwhile = shop.cancel("o1", { id: "then" })
    shop.store()
    expect(shop.busy).toEqual([`${meanwhile} order`])
    shop.settle()
    expect(shop.answer(shop.cancel("o1", { id: "then" }))).toMatchObject({
      outcome: "accepted",
      lines: [{ refundQty: 2 }, { refundQty: 1 }],
    })
  })

  it("comes back twice, late, or for an order that ended, and changes nothing", () => {
    const shop = stocked()
    const reply = shop.placeOrder("o1", two)
    shop.store()
    const carried = shop.flying.splice(0)
    for (const one of [...carried, ...carried]) shop.arrive(one)
    shop.store()
    const returns = shop.flying.splice(0)
    for (const one of returns) for (let i = 0; i < 3; i++) shop.arrive(one)
    shop.answer(reply)
    const records = shop.place("order").journal.length
    for (const one of returns) shop.arrive(one)
    shop.settle()
    expect(shop.place("order").journal.length).toBe(records)
    shop.answer(shop.cancel("o1"))
    for (const one of [...returns, ...carried]) shop.arrive(one)
    shop.settle()
    expect(shop.known("o1")).toMatchObject({ ending: "cancelled", openQty: 0 })
    expect(shop.wrong()).toEqual([])
  })
})

describe("what can't be", () => {
  const asked = (lines: ReadonlyArray<readonly [string, number, object?]>, more: object = {}) => {
    const shop = stocked()
    return shop.answer(shop.placeOrder("o1", lines, { ...more }))
  }
  it.each([
    ["no lines", [], {}, refusal("InvalidField", "lines")],
    ["too many lines", Array.from({ length: orderLinesMax + 1 }, () => ["shirt", 1] as const), {}, refusal("InvalidField", "lines")],
    ["a minimum that its fill does not know", [["shirt", 2, { minQty: 1 }]], {}, refusal("ContradictoryLines", "lines.0.minQty")],
    ["no minimum where it is asked for", [["shirt", 2]], { fill: "minimum" }, refusal("ContradictoryLines", "lines.0.minQty")],
    [
      "two lines of a SKU from different places",
      [
        ["shirt", 1, { locations: [shelf] }],
        ["shirt", 1],
      ],
      {},
      refusal("ContradictoryLines", "lines.1.locations"),
    ],
  ] as const)("%s: is refused, and no SKU is asked", (_, lines, more, expected) => {
    expect(asked(lines as never, more)).toMatchObject({ ...expected, order: "o1" })
  })

  it("an unknown SKU, or one that its channel may not sell, among good ones: the order is refused by name, and gives back", () => {
    const shop = stocked()
    shop.stock("private", 5, [app])
    expect(
      shop.answer(
        shop.placeOrder("o1", [
          ["shirt", 1],
          ["nowhere", 1],
        ]),
      ),
    ).toMatchObject({
      ...refusal("LinesRefused"),
      lines: [{ sku: "shirt" }, { sku: "nowhere", reason: "UnknownSku" }],
    })
    expect(
      shop.answer(
        shop.placeOrder("o2", [
          ["private", 1],
          ["shirt", 1],
        ]),
      ),
    ).toMatchObject({
      ...refusal("LinesRefused"),
      lines: [{ sku: "private", reason: "NotSoldHere" }, { sku: "shirt" }],
    })
    expect(shop.stockOf("shirt")?.locations).toMatchObject([{ reserved: 0 }])
    expect(shop.wrong()).toEqual([])
  })

  it("a cancel of a line that was shipped", () => {
    const shop = confirmed()
    shop.ship("o1", "mug")
    shop.settle()
    expect(shop.answer(shop.cancel("o1", { lines: [{ sku: "mug" }] }))).toMatchObject(refusal("QtyExceedsOpen", "lines.0"))
    expect(shop.answer(shop.cancel("o1", { lines: [{ sku: "lamp" }] }))).toMatchObject(refusal("UnknownLine", "lines.0.sku"))
  })

  it("another channel's order: it can't be named, and whoever tries acts on one of its own", () => {
    const shop = held()
    const as = shop.order("ConfirmOrder", "o1", { channel: web }, app)
    expect(shop.answer(as)).toMatchObject(refusal("InvalidField", "channel"))
    expect(shop.answer(shop.order("ConfirmOrder", "o1", {}, app))).toMatchObject({ ...refusal("UnknownOrder"), order: "o1" })
    expect(shop.known("o1")).toMatchObject({ phase: "held" })
  })

  it("what only SKUs tell, by a channel; and a channel's commands, by a SKU", () => {
    const shop = held()
    const note = shop.order("NoteLine", "o1", { sku: "shirt", fact: "fulfilled", qty: 2 })
    expect(shop.answer(note)).toMatchObject(refusal("UnknownType", "type"))
    shop.ship("o1", "shirt")
    shop.place("sku").desk.answerAppend("stored")
    const [flying] = shop.flying.splice(0)
    if (flying?._tag !== "Carried") throw new Error("nothing is told")
    expect(flying.carried.command).toMatchObject({ type: "NoteLine", order: "o1", sku: "shirt", fact: "fulfilled", qty: 2 })
    const forged = { ...flying.carried, command: { type: "ConfirmOrder", channel: web, order: "o1" } }
    shop.arrive({ ...flying, carried: forged })
    shop.store()
    expect(shop.flying).toMatchObject([{ _tag: "Return", back: { outcome: refusal("UnknownType", "type") } }])
    expect(shop.known("o1")).toMatchObject({ phase: "held" })
  })

  it("an order's line that a channel makes, confirms, extends or sells under", () => {
    const shop = held()
    const line = (type: string, sku: string, more: object) => shop.answer(shop.sku(type, sku, { reservation: "@o1", ...more }))
    const wrong = refusal("InvalidField", "reservation")
    expect(line("Reserve", "shirt", { qty: 1, holdMs })).toMatchObject(wrong)
    expect(line("Reserve", "mug", { reservation: "@other", qty: 1, holdMs })).toMatchObject(wrong)
    expect(line("Confirm", "shirt", {})).toMatchObject(wrong)
    expect(line("Extend", "shirt", { holdMs })).toMatchObject(wrong)
    expect(line("RecordSale", "shirt", { mode: "owed", qty: 5 })).toMatchObject(wrong)
    expect(shop.lineAt("shirt", "o1")).toMatchObject({ status: "held" })
  })

  it("a sender with an internal name, without what a frame between owners says", () => {
    const shop = held()
    const records = shop.place("order").journal.length
    shop.order("ConfirmOrder", "o1", { channel: web }, internalSender("order", 0))
    shop.settle()
    expect(shop.place("order").journal.length).toBe(records)
  })
})

describe("an order with as many lines as there may be", () => {
  const skus = Array.from({ length: orderLinesMax }, (_, at) => `s${at}`)

  it("is held, confirmed and cancelled in records that fit, and survives its owner in a snapshot", () => {
    const shop = new Shop({ snapshotEveryRecords: 1 })
    for (const sku of skus) shop.stock(sku, 1)
    const lines = skus.map((sku) => [sku, 1] as const)
    expect(shop.answer(shop.placeOrder("big", lines))).toMatchObject({ outcome: "accepted" })
    shop.writeSnapshots()
    shop.place("order").takeOver(true)
    shop.settle()
    expect(shop.known("big")).toMatchObject({ phase: "held", openQty: orderLinesMax })
    const answer = shop.answer(shop.confirm("big"))
    expect(answer).toMatchObject({ outcome: "accepted" })
    expect("lines" in answer && answer.lines?.length).toBe(orderLinesMax)
    expect(shop.answer(shop.cancel("big"))).toMatchObject({ outcome: "accepted" })
    shop.settle()
    expect(shop.known("big")).toMatchObject({ ending: "cancelled", openQty: 0 })
    for (const { journal } of shop.places) for (const { bytes } of journal) expect(bytes.length).toBeLessThan(recordBytesMax)
    // What comes back of single lines shares records: three thousand of them came back.
    expect(shop.place("order").journal.length).toBeLessThan(120)
    expect(shop.wrong()).toEqual([])
  })
})

describe("many large orders", () => {
  it("are written into a snapshot a few at a time, and read back from it", () => {
    const bytesMax = 4_096
    const shop = new Shop({ snapshotEveryRecords: 1, bounds: { snapshotSliceBytesMax: bytesMax } })
    const skus = Array.from({ length: 20 }, (_, at) => `s${at}`)
    for (const sku of skus) shop.stock(sku, 100)
    for (let n = 0; n < 6; n++)
      shop.placeOrder(
        `o${n}`,
        skus.map((sku) => [sku, 1] as const),
      )
    shop.settle()
    for (let n = 0; n < 6; n++) shop.writeSnapshots()
    const { snapshot } = shop.place("order")
    const parts = (snapshot?.chunks ?? []).flatMap((bytes) => {
      const decoded = orderCodec.decodeChunk(bytes)
      const chunk = decoded._tag === "Chunk" ? orderCodec.readChunk(decoded.chunk) : undefined
      return chunk?.kind === "parts" && chunk.items.length > 0 ? [{ orders: chunk.items.length, bytes: bytes.length }] : []
    })
    // Each counts as some 3 KB: a slice ends with the second.
    expect(parts.map(({ orders }) => orders)).toEqual([2, 2, 2])
    for (const { bytes } of parts) expect(bytes).toBeLessThan(3 * bytesMax)
    shop.place("order").takeOver(true)
    shop.settle()
    expect(shop.orders().map(({ openQty }) => openQty)).toEqual([20, 20, 20, 20, 20, 20])
  })
})

describe("a cluster without orders", () => {
  it("has SKUs that tell nobody of what is shipped under an order's name", () => {
    const { sku } = new Shop().actors
    if (sku === undefined) throw new Error("no SKUs")
    const shop = new Shop({ actors: { sku } })
    shop.stock("shirt", 2)
    shop.sku("Fulfil", "shirt", { channel: web, reservation: "@o1", location: shelf, qty: 1 }, dock)
    shop.settle()
    expect(shop.stockOf("shirt")?.locations).toMatchObject([{ onHand: 1 }])
    expect(shop.place("sku").desk.partition.underWay.size).toBe(0)
    expect(shop.flying).toEqual([])
  })
})

it("an order of a channel is found in the same book whoever asks", () => {
  const shop = new Shop({ partitions: 3 })
  shop.stock("shirt", 10)
  for (const order of ["a", "b", "c", "d", "e"]) expect(shop.answer(shop.placeOrder(order, [["shirt", 1]]))).toMatchObject({ order })
  expect(shop.orders()).toHaveLength(5)
  expect(shop.orderPartitions().filter(({ actorList }) => actorList.length > 0).length).toBeGreaterThan(1)
  expect(shop.known("a", "nobody" as SenderId)).toBeUndefined()
})
