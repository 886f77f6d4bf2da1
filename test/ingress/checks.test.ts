import { describe, expect, it } from "vitest"
import type { SenderId } from "../../src/domain/names.ts"
import { skuToken } from "../../src/domain/names.ts"
import type { Command } from "../../src/domain/sku/commands.ts"
import { judge, placeOf } from "../../src/ingress/inspect.ts"
import type { SkuDecodedBody, SkuDecodedCommand } from "../../src/kinds/sku/types.ts"
import { bodyBytesMax, doorAgeMsMax } from "../../src/limits.ts"
import { decodeBody } from "../../src/wire/body.ts"
import { commandText } from "../../src/wire/canonical.ts"
import {
  answers,
  bodyOf,
  brokerAheadMs,
  bytesOf,
  codec,
  fact,
  message,
  ofTag,
  Rig,
  receive,
  recordSale,
  reserve,
  sell,
  skuIn,
} from "./rig.ts"

const only = <T>(list: ReadonlyArray<T>): T => {
  expect(list).toHaveLength(1)
  return list[0] as T
}
const a = skuIn(0, 4)
const sameAsA = skuIn(0, 4, 1)
const elsewhere = skuIn(1, 4)

/** The one answer to a message, of which nothing may have gone on. */
const refusedWith = (arrived: ReturnType<typeof message>, ageMs = 0) => {
  const rig = Rig.begun()
  const outputs = rig.arrive([arrived], ageMs)
  expect(ofTag(outputs, "HandOver")).toEqual([])
  expect(ofTag(outputs, "Store")).toEqual([])
  return only(answers(outputs))
}

describe("age", () => {
  it("takes a message up to the limit and none above it", () => {
    expect(ofTag(Rig.begun().arrive([sell("web", a)], doorAgeMsMax), "HandOver")).toHaveLength(1)
    expect(refusedWith(sell("web", a), doorAgeMsMax + 1)).toEqual({ answer: "notStored", reason: "age" })
  })

  it("dates a message by the broker's clock less its age, never later than it was published", () => {
    const rig = Rig.begun()
    const taken = only(ofTag(rig.arrive([sell("web", a)], 40.5), "HandOver")).messages[0]
    expect(taken?.publishedMs).toBe(Math.floor(rig.nowMs + brokerAheadMs - 40.5))
  })

  it("hands over nothing of an array in which a deadline may have passed", () => {
    const late = reserve(a, { deadlineMs: 99 })
    const arrived = message("web", `sell.sku.${a}`, bodyOf([reserve(a), late]))
    const detail = "99 ms had passed when it came: it was up to 100 ms old"
    expect(refusedWith(arrived, 100)).toEqual({
      answer: "notStored",
      reason: "age",
      field: "deadlineMs",
      detail,
      at: 1,
      id: late.id,
      sku: a,
    })
    expect(ofTag(Rig.begun().arrive([arrived], 99), "HandOver")).toHaveLength(1)
  })

  it("says of a deadline shorter than it knows an age that it is too short", () => {
    const arrived = message("web", `sell.sku.${a}`, bodyOf([reserve(a, { deadlineMs: 1 })]))
    expect(refusedWith(arrived, 40)).toMatchObject({ reason: "age", detail: expect.stringContaining("It is too short") })
  })

  it("takes nothing before it is known what time it is at the broker", () => {
    const rig = new Rig()
    rig.tell({ _tag: "OwnerSeen", kind: "sku", partition: 0, epoch: 1, owner: "o" })
    expect(rig.pass(25)).toEqual([])
    expect(answers(rig.arrive([sell("web", a), fact(a)])).map(({ answer }) => answer)).toEqual(["busy", "busy"])
    expect(ofTag(rig.hearTime(), "OpenDoor")).toHaveLength(4)
  })

  it("keeps the best bound of the broker's time, and forgets one that a clock set back has made wrong", () => {
    const rig = Rig.begun()
    const dated = () => only(ofTag(rig.arrive([sell("web", a)]), "HandOver")).messages[0]?.publishedMs ?? 0
    rig.nowMs += 10
    rig.tell({ _tag: "BrokerTimeSeen", brokerMs: brokerAheadMs - 50_000 })
    expect(dated()).toBe(rig.nowMs + brokerAheadMs - 1)
    for (let i = 0; i < 30; i++) {
      rig.nowMs += 1_000
      rig.tell({ _tag: "BrokerTimeSeen", brokerMs: rig.nowMs + brokerAheadMs - 3_600_000 })
    }
    expect(dated()).toBeLessThanOrEqual(rig.nowMs + brokerAheadMs - 3_600_000)
    expect(dated()).toBeGreaterThan(rig.nowMs + brokerAheadMs - 3_600_000 - 20)
  })
})

describe("reply", () => {
  const suffixOf = (more: object) => {
    const rig = Rig.begun()
    return only(ofTag(rig.arrive([sell("web", a, more)]), "HandOver")).messages[0]?.reply
  }

  it("is the end of the reply subject under the sender's own name, else of the header", () => {
    expect(suffixOf({ replySubject: "hf.reply.web.x.1" })).toBe("x.1")
    expect(suffixOf({ replySubject: "", replyHeader: "h.1" })).toBe("h.1")
    expect(suffixOf({ replySubject: "hf.reply.pos.x", replyHeader: "h.1" })).toBe("h.1")
  })

  it("is nowhere else, and a message without one is taken all the same", () => {
    for (const replySubject of [
      "hf.reply.pos.x",
      "hf.reply.web",
      "hf.reply.web.",
      "hf.reply.web.*",
      "hf.reply.web.>",
      "hf.reply.web.a b",
      "$JS.API.x",
    ])
      expect(suffixOf({ replySubject })).toBeNull()
    for (const replyHeader of ["a.b.c.d", "..", "a..b", "*", "x".repeat(97), "a\r\nb"])
      expect(suffixOf({ replySubject: "", replyHeader })).toBeNull()
    const rig = Rig.begun()
    expect(ofTag(rig.arrive([fact(a, { replySubject: "" })]), "Store")).toHaveLength(1)
    expect(answers(rig.tell({ _tag: "Stored", kind: "sku", partition: 0, serial: 1, seq: 7 }))).toEqual([])
  })
})

describe("path", () => {
  const reasonOf = (path: string) => refusedWith(message("web", path, bodyOf(reserve(a))))

  it("needs a class of the sender's", () => {
    for (const path of [
      `stock.sku.${a}`,
      `policy.sku.${a}`,
      `operator.sku.${a}`,
      `no.${a}`,
      "",
      ".",
      `.${a}`,
      a,
      `SELL.${a}`,
      `toString.${a}`,
    ])
      expect(reasonOf(path)).toEqual({ answer: "notStored", reason: "class" })
  })

  it("needs a kind behind it, whatever else stands there", () => {
    const paths = [
      `sell.${a}`,
      `sell.item.${a}`,
      `sell.SKU.${a}`,
      `sell.*.${a}`,
      `sell.>`,
      "sell.*",
      `sell..${a}`,
      "sell.",
      "sell",
      `sell.sku%.${a}`,
    ]
    for (const path of [...paths, `sell.${a}.sku`, `sell.toString.${a}`])
      expect(reasonOf(path), path).toEqual({ answer: "notStored", reason: "kind" })
  })

  it("needs a class that is the sender's before a kind that there is", () => {
    for (const path of [`stock.order.${a}`, `policy.*.${a}`]) expect(reasonOf(path), path).toEqual({ answer: "notStored", reason: "class" })
  })

  it("needs one canonical token of a SKU behind them", () => {
    const tokens = ["", "*", ">", "a.b", `${a}.`, `${a}.>`, "%41", "%2a", "a%", "%00", "ä", " ", "x".repeat(129), "%FF", "%E4%F6"]
    for (const token of tokens) expect(reasonOf(`sell.sku.${token}`)).toEqual({ answer: "notStored", reason: "token" })
    expect(reasonOf("sell.sku")).toEqual({ answer: "notStored", reason: "token" })
  })

  it("needs a sender that is known", () => {
    expect(refusedWith(message("nobody", `sell.sku.${a}`, bodyOf(reserve(a))))).toEqual({ answer: "notStored", reason: "sender" })
  })
})

describe("form", () => {
  it("refuses what is too long before it is parsed", () => {
    const rig = Rig.begun({}, { ...codec, decodeBody: () => expect.unreachable("parsed") })
    expect(answers(rig.arrive([message("web", `sell.sku.${a}`, new Uint8Array(bodyBytesMax + 1))]))).toEqual([
      { answer: "notStored", reason: "size" },
    ])
  })

  it("refuses what would be too long in canonical spelling, which is how it goes on", () => {
    const rig = Rig.begun({}, { ...codec, decodeBody: (...given) => ({ ...codec.decodeBody(...given), ...stretched }) })
    expect(answers(rig.arrive([sell("web", a)]))).toEqual([{ answer: "notStored", reason: "size" }])
  })
  const stretched = {
    _tag: "Commands",
    array: false,
    commands: [{ _tag: "Command", command: reserve(a), text: "x".repeat(bodyBytesMax + 1) }],
  } as const

  it("lets nothing be stocked under a SKU that looks like another, says why, and takes what is about one that stands already", () => {
    const odd = `${a}\u00a0`
    const stocked = receive(odd)
    const path = `stock.sku.${skuToken(odd)}`
    const detail = `U+00A0 at its character ${a.length + 1} is white space other than U+0020`
    expect(refusedWith(message("wms", path, bodyOf(stocked)))).toEqual({
      answer: "notStored",
      reason: "form",
      cause: "InvalidField",
      field: "sku",
      detail,
      at: 0,
      id: stocked.id,
      sku: odd,
    })
    expect(refusedWith(message("wms", path, bodyOf([{ ...stocked, sku: a } as Command, stocked])))).toMatchObject({ at: 1, field: "sku" })
    expect(ofTag(Rig.begun().arrive([sell("web", odd)]), "HandOver")).toHaveLength(1)
    const lost = { type: "AdjustStock", id: "count-1", sku: odd, issuedAtMs: 5, location: "main", qty: -1, reason: "loss" } as Command
    const stored = Rig.begun()
    stored.arrive([message("wms", path, bodyOf(lost))])
    expect(ofTag([...stored.outputs, ...stored.pass(25)], "Store")).toHaveLength(1)
  })

  it("refuses the whole of what can't be decoded, and says where", () => {
    expect(refusedWith(message("web", `sell.sku.${a}`, bytesOf("nonsense")))).toEqual({
      answer: "notStored",
      reason: "form",
      cause: "Malformed",
    })
    expect(refusedWith(message("web", `sell.sku.${a}`, bytesOf("[]")))).toEqual({
      answer: "notStored",
      reason: "form",
      cause: "TooManyCommands",
    })
    const first = reserve(a)
    const wrong = `{"v":1,"type":"Reserve","id":"c-9","sku":"${a}","issuedAtMs":5,"reservation":"o-1","qty":0,"holdMs":60000}`
    expect(refusedWith(message("web", `sell.sku.${a}`, bytesOf(`[${commandText(first)},${wrong}]`)))).toEqual({
      answer: "notStored",
      reason: "form",
      cause: "InvalidField",
      field: "qty",
      detail: "out of its range (1 to 1000000000): 0",
      at: 1,
      id: "c-9",
      sku: a,
    })
  })

  it("refuses a type that belongs to another class", () => {
    const other = receive(a)
    expect(refusedWith(message("web", `sell.sku.${a}`, bodyOf([reserve(a), other])))).toEqual({
      answer: "notStored",
      reason: "class",
      at: 1,
      id: other.id,
      sku: a,
    })
  })

  it("refuses SKUs of several partitions, and a path whose SKU isn't among the commands'", () => {
    const other = reserve(elsewhere)
    expect(refusedWith(message("web", `sell.sku.${a}`, bodyOf([reserve(a), other])))).toMatchObject({
      reason: "partition",
      cause: "WrongPartition",
      at: 1,
      sku: elsewhere,
    })
    expect(refusedWith(message("web", `sell.sku.${a}`, bodyOf(reserve(sameAsA))))).toEqual({
      answer: "notStored",
      reason: "partition",
      cause: "SubjectMismatch",
    })
    expect(ofTag(Rig.begun().arrive([message("web", `sell.sku.${a}`, bodyOf([reserve(sameAsA), reserve(a)]))]), "HandOver")).toHaveLength(1)
  })

  it("refuses an array of which one part would be stored and the other handed over", () => {
    expect(refusedWith(message("web", `sell.sku.${a}`, bodyOf([reserve(a), recordSale(a)])))).toEqual({
      answer: "notStored",
      reason: "mixed",
    })
  })

  it("is not stopped by a message that makes a decoder throw", () => {
    const rig = Rig.begun(
      {},
      {
        ...codec,
        decodeBody: (body, kind, sender) => {
          if (body.length === 1) throw new Error("a defect")
          return codec.decodeBody(body, kind, sender)
        },
      },
    )
    const outputs = rig.arrive([message("web", `sell.sku.${a}`, bytesOf("!")), sell("pos", a)])
    expect(answers(outputs)).toEqual([{ answer: "notStored", reason: "form" }])
    expect(ofTag(outputs, "HandOver")).toHaveLength(1)
    expect(rig.view().defects).toBe(1)
  })
})

describe("trace", () => {
  const traceOf = (traceparent: string) => only(ofTag(Rig.begun().arrive([sell("web", a, { traceparent })]), "HandOver")).messages[0]?.trace
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
  const span = "00f067aa0ba902b7"

  it("goes on, written anew where it is of a later version", () => {
    expect(traceOf(`00-${trace}-${span}-01`)).toBe(`00-${trace}-${span}-01`)
    expect(traceOf(`01-${trace}-${span}-81-later`)).toBe(`00-${trace}-${span}-01`)
  })

  it("is named to whoever hands over or stores, with when its message came, and is none there where nobody names one", () => {
    const rig = Rig.begun()
    const traceparent = `00-${trace}-${span}-01`
    const sinceMs = rig.nowMs
    const handed = only(ofTag(rig.arrive([sell("web", a, { traceparent }), sell("web", a)]), "HandOver"))
    expect(handed.messages).toHaveLength(2)
    expect(handed.traced).toEqual([{ message: handed.messages[0], sinceMs }])
    const stored = only(ofTag(rig.arrive([fact(a, { traceparent })]), "Store"))
    expect(stored.traced).toMatchObject([{ message: { trace: traceparent, class: "stock" } }])
    expect(only(ofTag(Rig.begun().arrive([sell("web", a)]), "HandOver"))).not.toHaveProperty("traced")
  })

  it("that is none is passed over, and its message taken all the same", () => {
    for (const text of ["", "x", `ff-${trace}-${span}-01`, `00-${trace}-${span}-01-x`, `00-${"0".repeat(32)}-${span}-01`])
      expect(traceOf(text)).toBeNull()
  })
})

describe("the kind of a message's commands", () => {
  /** As the reader of another kind's commands would give it. */
  const ofAnother = (decoded: SkuDecodedCommand): SkuDecodedCommand =>
    decoded._tag === "Invalid" ? decoded : { ...decoded, command: { ...decoded.command, type: "PlaceOrder" as Command["type"] } as Command }

  it("is its subject's: one that another kind's actors decide makes all of it not stored, and is named", () => {
    const body = decodeBody(bodyOf([reserve(a), reserve(a)]))
    const place = placeOf({ sender: "web" as SenderId, classes: ["sell"] }, `sell.sku.${a}`)
    if ("answer" in place) throw new Error("a place")
    expect(judge(body, place, 4, 0)).toMatchObject({ _tag: "Sound", facts: false })
    const [first, second] = body._tag === "Commands" ? body.commands : []
    const mixed = { ...body, commands: [first, ofAnother(second as SkuDecodedCommand)] } as SkuDecodedBody
    expect(judge(mixed, place, 4, 0)).toMatchObject({ answer: "notStored", reason: "kind", at: 1, sku: a })
  })
})
