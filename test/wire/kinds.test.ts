import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { ActorKey, OrderBookKey, SenderId, Sku } from "../../src/domain/names.ts"
import { classOf } from "../../src/domain/order/decide.ts"
import type { KindTypes } from "../../src/engine/kind.ts"
import type { JournalRecord } from "../../src/engine/records.ts"
import { deadlineMsMax, idCharsMax, orderHoldMsMax, orderLineBodyBytes, orderLinesMax, qtyMax, senderCharsMax } from "../../src/limits.ts"
import { encodeCarry } from "../../src/wire/carry.ts"
import { engineCodec, orderCodec, type WireCodec } from "../../src/wire/codec.ts"
import { sealOf } from "../../src/wire/sealed.ts"
import { encodeBatch, encodeFrame } from "../../src/wire/taken.ts"
import { command, record } from "./arbitraries.ts"
import { noteLine, orderCommand, orderCommandsOfType, orderRecord } from "./order-arbitraries.ts"

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const sealed = (text: string): Uint8Array => {
  const open = Buffer.from(text.slice(0, -1), "utf8")
  return Buffer.concat([open, Buffer.from(sealOf(open, open.length), "utf8")])
}

/** The bytes of a record. */
const encode = <K extends KindTypes>(codec: WireCodec<K>, { entries, ...envelope }: JournalRecord<K>): Uint8Array =>
  codec.encodeRecord(
    envelope,
    entries.map((entry) => codec.encodeEntry(entry)),
  )

describe("an order's journal", () => {
  it("is read as it was written, with every kind of entry, decision and event", () => {
    fc.assert(
      fc.property(orderRecord, (one) => {
        expect(orderCodec.decodeRecord(encode(orderCodec, one))).toEqual({ _tag: "Record", record: one })
      }),
      { numRuns: 300 },
    )
  })

  it("holds each command's canonical text verbatim, whether it was at hand or not", () => {
    fc.assert(
      fc.property(orderCommand, (one) => {
        const decided = { command: one, named: null, decision: { _tag: "TooLate" } } as const
        const message = { _tag: "Settled", quarantined: "1-0", sender: one.channel, class: "sell", reply: null, decided } as const
        const text = orderCodec.commandText(one)
        expect(orderCodec.encodeEntry(message)).toContain(`{"c":${text},`)
        expect(orderCodec.encodeEntry(message, [text])).toBe(orderCodec.encodeEntry(message))
      }),
    )
  })
})

describe("what is written of an order", () => {
  const of = { channel: "web", order: "web-1" } as const
  const envelope = { version: 3, kind: "batch", partition: 3, incarnation: "inc", owner: "own", epoch: 7, atMs: 1_000 } as const
  const chained = { cursor: { stream: "stored", seq: 0, digest: "" }, prevSeq: 41, prevHash: "hash", publishedSeq: 40 } as const

  it("is the same in every release that writes this version: what was journaled is read again", () => {
    const lines = [
      '{"v":3,"of":"order","kind":"batch","partition":3,"incarnation":"inc","owner":"own","epoch":7,"cursor":{"stream":"stored","seq":0,"digest":""},"atMs":1000,"prevSeq":41,"prevHash":"hash","publishedSeq":40,"entries":[',
      '{"e":"message","from":"web","class":"sell","ms":990,"re":"r1","d":[{"c":{"v":1,"type":"PlaceOrder","id":"c1","channel":"web","issuedAtMs":980,"order":"web-1","fill":"whole","holdMs":60000,"lines":[{"sku":"TEA","qty":2}]},"begun":[{"type":"OrderPlaced","channel":"web","order":"web-1","n":1,"id":"c1","fill":"whole","holdMs":60000,"dueMs":11000,"lines":[{"sku":"TEA","qty":2,"minQty":2}],"carries":[{"type":"Reserve","sku":"TEA","qty":2,"holdMs":970000}]}]}]},',
      '{"e":"message","from":"web","class":"sell","ms":991,"d":[{"c":{"v":1,"type":"PlaceOrder","id":"c1","channel":"web","issuedAtMs":980,"order":"web-1","fill":"whole","holdMs":60000,"lines":[{"sku":"TEA","qty":2}]},"pending":1}]},',
      '{"e":"message","from":"@sku.4","class":"sell","ms":992,"for":"web","d":[{"c":{"v":1,"type":"NoteLine","id":"o2/9/0","channel":"web","issuedAtMs":985,"order":"web-1","sku":"TEA","fact":"lost","qty":1},"no":{"reason":"UnknownOrder"}}]},',
      '{"e":"returned","id":"own/42/0","by":["sku",4,17],"said":{"outcome":"accepted","qty":2,"expiresAtMs":971000},"book":"web/17","ok":[{"type":"LineReserved","channel":"web","order":"web-1","n":2,"sku":"TEA","qty":2,"expiresAtMs":971000}]},',
      '{"e":"returned","id":"own/42/1","by":["sku",4,18],"said":{"outcome":"expired"},"tp":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","book":"web/17","ok":[]},',
      '{"e":"answered","from":"web","class":"sell","book":"web/17","id":"c1","hash":7,"ms":980,"re":["r1","r2"],"said":{"outcome":"accepted","order":"web-1","expiresAtMs":61000,"lines":[{"sku":"TEA","qty":2}]}},',
      '{"e":"expiry","book":"web/17","ok":[{"type":"OrderExpired","channel":"web","order":"web-1","n":4,"carries":[{"type":"Release","sku":"TEA","reason":"abandoned"}]}]},',
      '{"e":"floor","from":"@sku.4","class":"sell","ms":970}',
    ]
    const decoded = orderCodec.decodeRecord(sealed(`${lines.join("")}]}`))
    if (decoded._tag !== "Record") throw new Error(`${decoded._tag}: ${decoded.cause}`)
    expect(textOf(encode(orderCodec, decoded.record)).split(',"sum"')[0]).toBe(`${lines.join("")}]`)
    expect(decoded.record).toMatchObject({ ...envelope, ...chained })
    expect(decoded.record.entries.map(({ _tag }) => _tag)).toEqual([
      "Message",
      "Message",
      "Message",
      "Returned",
      "Returned",
      "Answered",
      "Expiry",
      "Floor",
    ])
    expect(decoded.record.entries[3]).toMatchObject({ key: "web/17", by: { kind: "sku", partition: 4, seq: 17 }, events: [of] })
  })
})

describe("a record", () => {
  const empty = { kind: "batch", partition: 3, incarnation: "inc", owner: "own", epoch: 7, atMs: 1, prevSeq: 1, prevHash: "h" } as const
  const one = { ...empty, version: 3, publishedSeq: 0, cursor: { stream: "stored", seq: 0, digest: "" }, entries: [] } as const

  it("of one kind is never taken for another's, though nothing in it is about an actor", () => {
    expect(engineCodec.decodeRecord(encode(orderCodec, one))).toEqual({
      _tag: "Unreadable",
      cause: "of: it is of the kind order, where sku is expected",
    })
    expect(orderCodec.decodeRecord(encode(engineCodec, one))).toMatchObject({
      _tag: "Unreadable",
      cause: expect.stringContaining("sku") as unknown,
    })
    fc.assert(fc.property(record, (each) => void expect(orderCodec.decodeRecord(encode(engineCodec, each))._tag).toBe("Unreadable")))
    fc.assert(fc.property(orderRecord, (each) => void expect(engineCodec.decodeRecord(encode(orderCodec, each))._tag).toBe("Unreadable")))
  })

  it("of SKUs doesn't say so: there was no other kind when they were first written", () => {
    expect(textOf(encode(engineCodec, one))).not.toContain('"of"')
    expect(textOf(encode(orderCodec, one)).startsWith('{"v":3,"of":"order","kind":"batch"')).toBe(true)
  })

  it("of a kind that isn't known is a newer release's, whatever else is in it", () => {
    for (const codec of [engineCodec, orderCodec]) {
      const other = sealed(`${textOf(encode(orderCodec, one)).replace('"of":"order"', '"of":"item"').split(',"sum"')[0]}}`)
      expect(codec.decodeRecord(other)).toEqual({ _tag: "Newer", version: 3, cause: "of the kind item, which this release doesn't know" })
      const strange = sealed('{"v":3,"of":"item","things":1}')
      expect(codec.decodeRecord(strange)._tag).toBe("Newer")
      expect(codec.decodeRecord(sealed('{"v":3,"of":7}'))._tag).toBe("Unreadable")
    }
  })
})

describe("a chunk", () => {
  it("of one kind is never taken for another's, and one of a kind that isn't known is a newer release's", () => {
    const chunk = { kind: "meta", seq: 1, floors: [], quarantine: [] }
    for (const codec of [engineCodec, orderCodec]) expect(codec.decodeChunk(codec.encodeChunk(chunk))).toEqual({ _tag: "Chunk", chunk })
    expect(orderCodec.decodeChunk(engineCodec.encodeChunk(chunk))).toEqual({ _tag: "Unreadable" })
    expect(engineCodec.decodeChunk(orderCodec.encodeChunk(chunk))).toEqual({ _tag: "Unreadable" })
    for (const codec of [engineCodec, orderCodec])
      expect(codec.decodeChunk(sealed('{"chunkVersion":3,"of":"item","chunk":1}'))).toEqual({ _tag: "Newer", version: 3 })
  })
})

describe("a body about an order", () => {
  const place = { v: 1, type: "PlaceOrder", id: "c1", order: "o1", issuedAtMs: 1, fill: "whole", holdMs: 1, lines: [{ sku: "A", qty: 1 }] }
  const from = (json: unknown, sender = "web") => orderCodec.decodeBodyFrom(bytesOf(JSON.stringify(json)), sender as SenderId)
  const onlyOf = (json: unknown, sender?: string) => {
    const body = from(json, sender)
    return body._tag === "Commands" ? body.commands[0] : body
  }

  it("is read as it was written, its channel written in or not, and has one spelling", () => {
    fc.assert(
      fc.property(orderCommand, (one) => {
        const text = orderCodec.commandText(one)
        const commands = [{ _tag: "Command", command: one, text }]
        expect(orderCodec.decodeBody(bytesOf(text))).toEqual({ _tag: "Commands", array: false, commands })
        expect(from(JSON.parse(text), one.channel)).toEqual({ _tag: "Commands", array: false, commands })
        const { channel, ...others } = JSON.parse(text) as { channel: string }
        // An operator has no orders of its own.
        const without = classOf[one.type] === "operator" ? { channel, ...others } : others
        expect(from(without, one.channel)).toEqual({ _tag: "Commands", array: false, commands })
        expect(from(Object.fromEntries(Object.entries(without).reverse()), one.channel)).toEqual({
          _tag: "Commands",
          array: false,
          commands,
        })
      }),
    )
    expect(Object.keys(orderCommandsOfType)).toEqual([
      "PlaceOrder",
      "ConfirmOrder",
      "CancelOrder",
      "ReplayOrderCommand",
      "DropOrderCommand",
    ])
  })

  it("that names another channel is refused for it", () => {
    expect(onlyOf({ ...place, channel: "web" })).toMatchObject({ _tag: "Command" })
    expect(onlyOf({ ...place, channel: "shop" })).toMatchObject({
      _tag: "Invalid",
      refusal: { reason: "InvalidField", field: "channel" },
      id: "c1",
    })
    expect(onlyOf({ ...place, channel: "@order.1" })).toMatchObject({
      _tag: "Invalid",
      refusal: { reason: "InvalidField", field: "channel" },
    })
    expect(orderCodec.decodeBody(bytesOf(JSON.stringify(place)))).toMatchObject({ commands: [{ refusal: { field: "channel" } }] })
  })

  it("holds one command, alone or in an array", () => {
    expect(from([place])).toMatchObject({ _tag: "Commands", array: true, commands: [{ _tag: "Command" }] })
    for (const many of [[], [place, place]]) expect(from(many)).toEqual({ _tag: "Undecodable", refusal: { reason: "TooManyCommands" } })
  })

  it("names its book even where it is refused", () => {
    expect(onlyOf({ ...place, qty: 1 })).toMatchObject({ _tag: "Invalid", id: "c1", key: expect.stringMatching(/^web\/\d+$/) as unknown })
    expect(onlyOf({ ...place, order: "a b" })).toMatchObject({ _tag: "Invalid", refusal: { field: "order" }, key: null })
  })

  it.each([
    ["no lines", { lines: [] }, "lines"],
    ["1,001 lines", { lines: Array.from({ length: 1_001 }, () => ({ sku: "A", qty: 1 })) }, "lines"],
    ["a line of nothing", { lines: [{ sku: "A", qty: 0 }] }, "lines.0.qty"],
    ["a line with a field too many", { lines: [{ sku: "A", qty: 1, price: 1 }] }, "lines.0.price"],
    ["another fill", { fill: "most" }, "fill"],
    ["a carried id", { id: "own/1/0" }, "id"],
  ])("with %s is refused by its form", (_, change, field) => {
    expect(onlyOf({ ...place, ...change })).toMatchObject({ _tag: "Invalid", refusal: { reason: "InvalidField", field } })
  })

  it("with a SKU's own word is no sender's to say", () => {
    const note = { v: 1, type: "NoteLine", id: "c1", order: "o1", issuedAtMs: 1, sku: "A", fact: "lost", qty: 1 }
    expect(onlyOf(note)).toMatchObject({ _tag: "Invalid", refusal: { reason: "UnknownType" } })
  })

  it("of a thousand lines fits, channel and all, where each takes its share", () => {
    const lines = Array.from({ length: orderLinesMax }, (_, i) => ({ sku: `SKU-${i}`.padEnd(17, "-"), qty: qtyMax, minQty: qtyMax }))
    expect(JSON.stringify(lines).length).toBeLessThanOrEqual(orderLinesMax * orderLineBodyBytes + 1)
    const name = "n".repeat(idCharsMax)
    const largest = {
      ...place,
      id: name,
      order: name,
      issuedAtMs: Number.MAX_SAFE_INTEGER,
      deadlineMs: deadlineMsMax,
      holdMs: orderHoldMsMax,
    }
    const only = onlyOf({ ...largest, fill: "minimum", lines }, "w".repeat(senderCharsMax))
    expect(only?._tag === "Command" ? orderCodec.decodeBody(bytesOf(only.text)) : only).toMatchObject({ commands: [{ _tag: "Command" }] })
  })
})

describe("an id of an order's command", () => {
  it("is bound to the order and to all that is asked for", () => {
    const body = orderCodec.decodeBody(bytesOf('{"v":1,"type":"ConfirmOrder","id":"c1","channel":"web","issuedAtMs":1,"order":"o1"}'))
    const [decoded] = body._tag === "Commands" ? body.commands : []
    if (decoded?._tag !== "Command") throw new Error("it is a command")
    const place = decoded.command
    const hash = orderCodec.contentHash(place)
    const other = orderCodec.contentHash({ ...place, order: "o2" } as typeof place)
    expect(orderCodec.contentHash({ ...place, issuedAtMs: 2 })).toBe(hash)
    expect(other).not.toBe(hash)
    expect(orderCodec.differingField(hash, other)).toBe("order")
  })
})

describe("a SKU's word to an order", () => {
  it("arrives as it was carried", () => {
    fc.assert(
      fc.property(noteLine, (one) => {
        const { id, issuedAtMs, ...carried } = one
        const frames = encodeCarry({ kind: "sku", partition: 1, owner: "own" }, 0, [
          { id, key: "web/3" as ActorKey, onBehalf: one.channel, atMs: issuedAtMs, command: carried },
        ])
        expect(frames.map(orderCodec.decodeCarry)).toMatchObject([
          {
            _tag: "Carry",
            messages: [
              {
                sender: "@sku.1",
                key: "web/3",
                body: { commands: [{ _tag: "Command", command: one, text: orderCodec.commandText(one) }] },
              },
            ],
          },
        ])
      }),
    )
  })
})

const travelling = <K extends KindTypes>(codec: WireCodec<K>, commands: fc.Arbitrary<K["command"]>, key: K["key"]): void => {
  it("are read from frames and stored messages as they were written", () => {
    fc.assert(
      fc.property(commands, (one) => {
        const text = codec.commandText(one)
        const body = codec.decodeBody(bytesOf(text))
        const message = {
          sender: "web" as SenderId,
          class: "sell",
          bulk: false,
          key,
          reply: "r1",
          publishedMs: 1,
          trace: null,
        } as const
        const taken = { ...message, bytes: Buffer.byteLength(text), body }
        expect(codec.decodeFrame(encodeFrame([taken, taken]))).toEqual({ _tag: "Frame", messages: [taken, taken] })
        const batch = { ingress: "i-1", serial: 2, acknowledged: 1, messages: [taken] }
        expect(codec.decodeBatch(encodeBatch(batch))).toEqual({ _tag: "Batch", batch })
      }),
    )
  })
}

describe("messages about SKUs", () => travelling(engineCodec, command, "A" as Sku))
describe("messages about orders", () => travelling(orderCodec, orderCommand, "web/17" as OrderBookKey))

describe("a frame for orders", () => {
  it("whose key is no book's is none", () => {
    const body = orderCodec.decodeBody(bytesOf("{}"))
    const message = {
      sender: "web" as SenderId,
      class: "sell",
      bulk: false,
      reply: null,
      publishedMs: 1,
      trace: null,
      bytes: 0,
      body,
    } as const
    for (const key of ["A", "web/256", "web/01", "/1", "web/"])
      expect(orderCodec.decodeFrame(encodeFrame([{ ...message, key: key as ActorKey }]))._tag, key).toBe("Unreadable")
  })
})
