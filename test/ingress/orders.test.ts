/** Commands about orders at an ingress: whose they are is what the subject's sender and order say, and they are handed over, never stored. */
import { describe, expect, it } from "vitest"
import { partitionOf, type SenderId, skuToken } from "../../src/domain/names.ts"
import { type OrderId, orderBook } from "../../src/domain/order/names.ts"
import type { IngressCodec } from "../../src/ingress/ingress.ts"
import { engineCodec, orderCodec } from "../../src/wire/codec.ts"
import { answers, bytesOf, codec, message, ofTag, Rig, recordSale } from "./rig.ts"

const both: IngressCodec = {
  ...codec,
  decodeBody: (body, kind, sender) => (kind === "sku" ? engineCodec : orderCodec).decodeBodyFrom(body, sender),
}
const partitions = { sku: 4, order: 8 }
const homeOf = (sender: string, order: string) => partitionOf(orderBook(sender as SenderId, order as OrderId), partitions.order)

/** An ingress that knows an owner of every partition of orders. */
const begun = (): Rig => {
  const rig = Rig.begun({ partitions }, both)
  for (let partition = 0; partition < partitions.order; partition++)
    rig.tell({ _tag: "OwnerSeen", kind: "order", partition, epoch: 1, owner: `orders-${partition}` })
  return rig
}

const place = (order: string, more: object = {}) => ({
  v: 1,
  type: "PlaceOrder",
  id: `c-${order}`,
  issuedAtMs: 5,
  order,
  fill: "whole",
  holdMs: 60_000,
  lines: [{ sku: "A", qty: 1 }],
  ...more,
})
const send = (sender: string, order: string, body: unknown, token = skuToken(order)) =>
  message(sender, `sell.order.${token}`, bytesOf(JSON.stringify(body)), { replySubject: `hf.reply.${sender}.r` })
const said = (sender: string, order: string, body: unknown) => answers(begun().arrive([send(sender, order, body)]))

describe("a command about an order", () => {
  it("is handed to the owner of its book, with its sender's name in it and under the book's key", () => {
    for (const order of ["o-1", "o-2", "O.3"]) {
      const outputs = begun().arrive([send("web", order, place(order))])
      const [handed] = ofTag(outputs, "HandOver")
      const home = homeOf("web", order)
      expect(handed).toMatchObject({ kind: "order", partition: home, owner: `orders-${home}` })
      expect(handed?.messages[0]).toMatchObject({ sender: "web", class: "sell", key: orderBook("web" as SenderId, order as OrderId) })
      const body = handed?.messages[0]?.body
      const text = body?._tag === "Commands" && body.commands[0]?._tag === "Command" ? body.commands[0].text : ""
      expect(JSON.parse(text)).toEqual({ ...place(order), channel: "web" })
      expect(handed?.messages[0]?.bytes).toBe(Buffer.byteLength(text))
      expect([answers(outputs), ofTag(outputs, "Store")]).toEqual([[], []])
    }
  })

  it("is in another book for another sender: the same id is another order", () => {
    const rig = begun()
    const [web, pos] = ["web", "pos"].map((sender) => ofTag(rig.arrive([send(sender, "o-1", place("o-1"))]), "HandOver")[0]?.messages[0])
    expect(web?.key).not.toBe(pos?.key)
  })

  it("may name its own channel, and no other", () => {
    expect(said("web", "o-1", place("o-1", { channel: "web" }))).toEqual([])
    expect(said("web", "o-1", place("o-1", { channel: "pos" }))).toMatchObject([
      { answer: "notStored", reason: "form", cause: "InvalidField", field: "channel", id: "c-o-1" },
    ])
  })

  it("is one a message: more of them, or another order than the subject's, are not taken", () => {
    expect(said("web", "o-1", [place("o-1"), place("o-1")])).toEqual([{ answer: "notStored", reason: "form", cause: "TooManyCommands" }])
    expect(said("web", "o-1", [place("o-1")])).toEqual([])
    for (let i = 0; i < 2_000; i++) {
      // Of another partition, and of the very same book: neither is what the subject names.
      const other = `o-${i + 2}`
      const isHere = homeOf("web", other) === homeOf("web", "o-1")
      const [answer] = said("web", "o-1", place(other))
      expect(answer).toMatchObject({ answer: "notStored", reason: "partition", cause: isHere ? "SubjectMismatch" : "WrongPartition" })
      if (isHere && i > 8) break
    }
  })

  it("is none that another kind decides, nor what SKUs alone may say, nor under a name that no order has", () => {
    expect(said("web", "o-1", { v: 1, ...recordSale("A") })).toMatchObject([{ answer: "notStored", reason: "form", cause: "UnknownType" }])
    const note = { v: 1, type: "NoteLine", id: "c-9", issuedAtMs: 5, order: "o-1", sku: "A", fact: "fulfilled", qty: 1 }
    expect(said("web", "o-1", note)).toMatchObject([{ answer: "notStored", reason: "form" }])
    for (const name of ["%20", "a%2Fb", "%C3%A9", ""])
      expect(said("web", name, place("o-1"))).toEqual([{ answer: "notStored", reason: "token" }])
    expect(answers(begun().arrive([message("wms", "stock.order.o-1", bytesOf(JSON.stringify(place("o-1"))))]))).toMatchObject([
      { answer: "notStored", reason: "class", at: 0, order: "o-1" },
    ])
  })

  it("is told busy while nobody is known to own its book, though others are owned", () => {
    const rig = Rig.begun({ partitions }, both)
    expect(answers(rig.arrive([send("web", "o-1", place("o-1"))]))).toMatchObject([{ answer: "busy", why: "owner" }])
  })

  it("is not taken when its deadline may have passed on its way", () => {
    const rig = begun()
    expect(answers(rig.arrive([send("web", "o-1", place("o-1", { deadlineMs: 500 }))], 1_000))).toMatchObject([
      { answer: "notStored", reason: "age", field: "deadlineMs", order: "o-1" },
    ])
  })
})

describe("what an operator settles of an order", () => {
  const replay = (order: string, more: object = {}) => ({
    v: 1,
    type: "ReplayOrderCommand",
    id: "op-1",
    issuedAtMs: 5,
    channel: "web",
    order,
    quarantined: "4-0",
    ...more,
  })
  const tell = (rig: Rig, body: unknown, token = "web%2Fo-1", commandClass = "operator") =>
    rig.arrive([message("ops", `${commandClass}.order.${token}`, bytesOf(JSON.stringify(body)), { replySubject: "hf.reply.ops.r" })])

  it("is stored for the partition of the order's book, whose channel the subject names, one a message", () => {
    const rig = begun()
    const [stored] = ofTag(tell(rig, replay("o-1")), "Store")
    expect(stored).toMatchObject({ kind: "order", partition: homeOf("web", "o-1") })
    tell(rig, replay("o-1", { id: "op-2" }))
    tell(rig, replay("o-1", { id: "op-3" }))
    const partition = homeOf("web", "o-1")
    const [next] = ofTag(rig.tell({ _tag: "Stored", kind: "order", partition, serial: 1, seq: 7 }), "Store")
    const batch = orderCodec.decodeBatch(next?.bytes ?? new Uint8Array())
    expect(batch).toMatchObject({
      _tag: "Batch",
      batch: { messages: [{ sender: "ops", class: "operator", body: { commands: [{ command: { id: "op-2" } }] } }] },
    })
  })

  it("says whose the order is, in its subject and its body alike", () => {
    const refused = (body: unknown, ...at: ReadonlyArray<string>) => answers(tell(begun(), body, ...at))
    expect(refused(replay("o-1", { channel: undefined }))).toMatchObject([{ reason: "form", cause: "InvalidField", field: "channel" }])
    expect(refused(replay("o-1"), "o-1")).toMatchObject([{ reason: "token" }])
    expect(refused(replay("o-1"), "web%2Fo-2")).toMatchObject([{ reason: "partition" }])
    expect(refused(replay("o-1", { channel: "pos" }))).toMatchObject([{ reason: "partition" }])
    expect(refused(place("o-1", { channel: "web" }))).toMatchObject([{ reason: "form", cause: "InvalidField", field: "channel" }])
  })

  it("is nothing that a channel may say", () => {
    expect(said("web", "o-1", replay("o-1"))).toMatchObject([{ reason: "class", id: "op-1", order: "o-1" }])
  })
})
