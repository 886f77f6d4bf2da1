import { describe, expect, it } from "vitest"
import { ingressTickMs, senderFullMsMax } from "../../src/limits.ts"
import { answers, bodyOf, bounds, message, ofTag, Rig, recordSale, reserve, sell, skuIn } from "./rig.ts"

const a = skuIn(0, 4)
const slow = () => Rig.begun({ senders: [bounds("web", ["sell"], 10), bounds("pos", ["sell"], 10)] })
const many = (count: number, sender = "web") => Array.from({ length: count }, () => sell(sender, a))

describe("a sender's bound", () => {
  it("lets a burst of one second in, then closes its door alone and says busy to what still arrives", () => {
    const rig = slow()
    const outputs = rig.arrive([...many(12), ...many(3, "pos")])
    expect(ofTag(outputs, "HandOver").flatMap(({ messages }) => messages)).toHaveLength(13)
    expect(ofTag(outputs, "CloseDoor")).toEqual([{ _tag: "CloseDoor", sender: "web", why: "bound" }])
    expect(answers(outputs)).toMatchObject([
      { answer: "busy", why: "queue" },
      { answer: "busy", why: "queue" },
    ])
  })

  it("opens the door again once the buckets hold something", () => {
    const rig = slow()
    rig.arrive(many(10))
    for (let ms = ingressTickMs; ms < 100; ms += ingressTickMs) expect(rig.pass(ingressTickMs)).toEqual([])
    expect(rig.pass(ingressTickMs)).toEqual([{ _tag: "OpenDoor", sender: "web" }])
    expect(ofTag(rig.arrive(many(2)), "HandOver")[0]?.messages).toHaveLength(1)
  })

  it("counts commands, not messages, and lets an array in that is larger than what is left: it is owed", () => {
    const rig = slow()
    const outputs = rig.arrive([message("web", `sell.sku.${a}`, bodyOf(Array.from({ length: 128 }, () => reserve(a))))])
    expect(ofTag(outputs, "HandOver")).toHaveLength(1)
    expect(answers(rig.arrive(many(1)))).toMatchObject([{ answer: "busy", why: "queue" }])
    rig.pass(11_000)
    expect(ofTag(rig.outputs, "OpenDoor").filter(({ sender }) => sender === "web")).toHaveLength(1)
    rig.pass(1_000)
    expect(ofTag(rig.outputs, "OpenDoor").filter(({ sender }) => sender === "web")).toHaveLength(2)
  })

  it("counts bytes, and what is refused for its form as well", () => {
    const rig = slow()
    rig.arrive([message("web", `sell.sku.${a}`, new Uint8Array(10_001))])
    expect(ofTag(rig.outputs, "CloseDoor")).toHaveLength(1)
    expect(answers(rig.outputs)).toMatchObject([{ answer: "notStored", reason: "form" }])
  })
})

describe("an owner that holds enough of a sender", () => {
  it("closes its door for as long as it says, bounded", () => {
    const rig = slow()
    expect(rig.tell({ _tag: "SenderFull", of: "all", sender: rig.ingress.senders[0]?.sender ?? ("" as never), forMs: 3_600_000 })).toEqual([
      { _tag: "CloseDoor", sender: "web", why: "queue" },
    ])
    expect(answers(rig.arrive(many(1)))).toEqual([{ answer: "busy", why: "queue", retryAfterMs: senderFullMsMax }])
    expect(rig.pass(senderFullMsMax - 1)).toEqual([])
    expect(rig.pass(1)).toEqual([{ _tag: "OpenDoor", sender: "web" }])
  })

  it("where too many of its facts wait for a person, hears busy for facts alone, its door open, and for so long", () => {
    const rig = slow()
    expect(rig.tell({ _tag: "SenderFull", of: "facts", sender: "web" as never, forMs: 3_600_000 })).toEqual([])
    const sale = () => message("web", `sell.sku.${a}`, bodyOf(recordSale(a)))
    const outputs = rig.arrive([sale(), ...many(1)])
    expect(answers(outputs)).toEqual([{ answer: "busy", why: "queue", retryAfterMs: senderFullMsMax }])
    expect(ofTag(outputs, "HandOver")).toHaveLength(1)
    expect(ofTag(outputs, "Store")).toEqual([])
    rig.pass(senderFullMsMax)
    expect(ofTag(rig.arrive([sale()]), "Store")).toHaveLength(1)
  })
})
