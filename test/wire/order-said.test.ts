import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { CommandId, SenderId, Sku } from "../../src/domain/names.ts"
import type { OrderId } from "../../src/domain/order/names.ts"
import type { OrderHeardDecision, OrderReply } from "../../src/kinds/order/types.ts"
import { orderLinesMax, payloadBytesMax, qtyMax } from "../../src/limits.ts"
import { decodeOrderReply, encodeOrderReply } from "../../src/wire/order-replies.ts"
import { decodeAnswer, encodeAnswer, parseQuestion, type QuestionAnswer, rolesToAsk } from "../../src/wire/questions.ts"
import { decodeReply } from "../../src/wire/replies.ts"
import { noteLine, orderCommand, orderOutcome } from "./order-arbitraries.ts"
import { commandId } from "./record-arbitraries.ts"

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const nothing = new Uint8Array()
const web = "web" as SenderId
const order = "web-1001" as OrderId

const reply = (decisions: ReadonlyArray<OrderHeardDecision>): OrderReply => ({
  sender: web,
  suffix: "r1",
  partition: 3,
  seq: 17,
  epoch: 2,
  array: false,
  decisions,
})

describe("a reply about an order", () => {
  it("comes back from its bytes as it was said", () => {
    fc.assert(
      fc.property(fc.option(commandId), fc.boolean(), orderOutcome, (id, repeated, outcome) => {
        const said: OrderHeardDecision = repeated ? { id, repeated: true, ...outcome } : { id, ...outcome }
        const { partition, seq, epoch, decisions } = reply([said])
        expect(decodeOrderReply(encodeOrderReply(reply([said])))).toEqual({ partition, seq, epoch, decisions })
      }),
    )
  })

  it("says of each line what is its customer's, what to refund, and why there is less", () => {
    const line = { sku: "TEA" as Sku, qty: 1, refundQty: 2, reason: "InsufficientStock", ats: 1 } as const
    const bytes = encodeOrderReply(reply([{ id: "c1" as CommandId, outcome: "accepted", order, expiresAtMs: 5, lines: [line] }]))
    expect(new TextDecoder().decode(bytes)).toBe(
      '{"v":1,"partition":3,"seq":17,"epoch":2,"decisions":[{"id":"c1","outcome":"accepted","order":"web-1001","expiresAtMs":5,"lines":[{"sku":"TEA","qty":1,"refundQty":2,"reason":"InsufficientStock","ats":1}]}]}',
    )
  })

  it("leaves open what a newer release may say more of: fields and reasons, of a line, too, but no other version", () => {
    const said = (reason: string) =>
      `{"v":1,"partition":0,"seq":1,"epoch":1,"decisions":[{"id":"c","outcome":"refused","reason":"${reason}","order":"o","lines":[{"sku":"A","qty":0,"reason":"${reason}","more":1}],"more":1}]}`
    expect(decodeOrderReply(bytesOf(said("NotInThisRelease")))?.decisions).toEqual([
      { id: "c", outcome: "refused", reason: "NotInThisRelease", order: "o", lines: [{ sku: "A", qty: 0, reason: "NotInThisRelease" }] },
    ])
    expect(decodeOrderReply(bytesOf(said("")))).toBeUndefined()
    expect(decodeOrderReply(bytesOf(said("OrderExpired").replace('"v":1', '"v":2')))).toBeUndefined()
  })

  it("of as many lines as there may be fits one message", () => {
    const lines = Array.from({ length: orderLinesMax }, (_, i) => {
      const sku = `${i}`.padStart(65, '"') as Sku
      return { sku, qty: qtyMax, refundQty: qtyMax, reason: "ReservationConfirmed", ats: qtyMax } as const
    })
    const bytes = encodeOrderReply(reply([{ id: "c1" as CommandId, outcome: "refused", reason: "LinesRefused", order, lines }]))
    expect(bytes.length).toBeLessThan(payloadBytesMax)
  })

  it("is none about a SKU, whatever it says: its sender reads it by what it asked", () => {
    const bytes = encodeOrderReply(reply([{ id: "c1" as CommandId, outcome: "accepted", order }]))
    expect(decodeReply(bytes)).toBeUndefined()
  })
})

describe("a question about an order", () => {
  const channelsOwn = { question: "order", order, channel: null }

  it("names it in its path, and is about the asker's own unless it says whose", () => {
    expect(parseQuestion(["order", "web-1001"], nothing)).toEqual(channelsOwn)
    expect(parseQuestion(["order", "web%2E1"], nothing)).toEqual({ ...channelsOwn, order: "web.1" })
    expect(parseQuestion(["order", "web-1001"], bytesOf('{"v":1,"channel":"shop"}'))).toEqual({ ...channelsOwn, channel: "shop" })
    for (const token of ["%41", "a%20b", "%40web", "a%2Fb", ""])
      expect(parseQuestion(["order", token], nothing)).toEqual({ question: "invalid", field: "path" })
    expect(parseQuestion(["order"], nothing)).toEqual({ question: "invalid", field: "path" })
    for (const [body, field] of [
      ["{}", "v"],
      ['{"v":1}', "channel"],
      ['{"v":1,"channel":"@order.1"}', "channel"],
      ['{"v":1,"channel":"web","more":1}', "more"],
      ["mine", "body"],
    ] as const)
      expect(parseQuestion(["order", "web-1001"], bytesOf(body))).toEqual({ question: "invalid", field })
  })

  it("is a channel's to ask about its own, and an operator's about any", () => {
    const asked = (channel: SenderId | null) => ({ question: "order", order, channel }) as const
    expect(rolesToAsk(asked(null), web)).toBeNull()
    expect(rolesToAsk(asked(web), web)).toBeNull()
    expect(rolesToAsk(asked(web), "shop" as SenderId)).toEqual(["operator"])
  })

  it("is answered by the order as it stands, or that there is none", () => {
    const roundTrip = (answer: QuestionAnswer) => expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer)
    const asOf = { partition: 1, seq: 20, epoch: 3 }
    roundTrip({ answer: "unknownOrder", channel: web, order, ...asOf })
    const lines = [
      { sku: "A" as Sku, qty: 2, minQty: 1, openQty: 1, asked: "Confirm", confirmed: true as const, reason: "InsufficientStock", ats: 0 },
    ]
    const standing = { answer: "order", channel: web, order, ...asOf, atMs: 5, phase: "held", ending: null, fill: "minimum" } as const
    roundTrip({ ...standing, expiresAtMs: 7, owes: { type: "ConfirmOrder", id: "c1" as CommandId }, lines })
  })
})

describe("what of orders lies in quarantine", () => {
  it("is told whole, what a SKU carried to one included", () => {
    const asOf = { partition: 1, seq: 20, epoch: 3 }
    fc.assert(
      fc.property(fc.oneof(orderCommand, noteLine), (one) => {
        const command = { v: 1, ...one } as const
        const told = {
          quarantined: "17-0",
          sender: "@sku.3" as SenderId,
          onBehalf: web,
          class: "sell",
          cause: "it threw",
          atMs: 5,
          command,
        } as const
        const answer: QuestionAnswer = { answer: "orderQuarantine", ...asOf, quarantined: [told], next: null }
        expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer)
      }),
    )
  })
})
