import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { CommandId, SenderId, Sku } from "../../src/domain/names.ts"
import type { SkuReply } from "../../src/kinds/sku/types.ts"
import { commandJsonOf } from "../../src/wire/commands.ts"
import {
  atsPageDefault,
  atsPageMax,
  decodeAnswer,
  encodeAnswer,
  parseQuestion,
  type QuestionAnswer,
  quarantinePageDefault,
  quarantinePageMax,
  quarantinePath,
} from "../../src/wire/questions.ts"
import { decodeReply } from "../../src/wire/replies.ts"
import { saidCodec } from "../../src/wire/said.ts"
import { atsValue, command, policy, reply } from "./arbitraries.ts"

const { encodeReply, encodeAts, decodeAts } = saidCodec
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder("utf-8", { fatal: true }).decode(bytes)
const nothing = new Uint8Array()

describe("a reply", () => {
  it("comes back from its bytes as it was said, without what its subject says", () => {
    fc.assert(
      fc.property(reply, (said) => {
        const { partition, seq, epoch, decisions } = said
        expect(decodeReply(encodeReply(said))).toEqual({ partition, seq, epoch, decisions })
      }),
    )
  })

  it("lists its decisions even if there is one, each with its id and SKU, in the order of the request", () => {
    const said: SkuReply = {
      sender: "web" as SenderId,
      suffix: "r1",
      partition: 3,
      seq: 17,
      epoch: 2,
      array: false,
      decisions: [
        { id: "c-1" as CommandId, sku: 'a"b' as Sku, repeated: true, outcome: "refused", reason: "InsufficientStock", ats: 0 },
        { id: null, sku: null, outcome: "expired" },
      ],
    }
    expect(textOf(encodeReply(said))).toBe(
      '{"v":1,"partition":3,"seq":17,"epoch":2,"decisions":[{"id":"c-1","sku":"a\\"b","repeated":true,"outcome":"refused","reason":"InsufficientStock","ats":0},{"id":null,"sku":null,"outcome":"expired"}]}',
    )
  })

  it("lets a newer release add fields, but not another version", () => {
    const text = '{"v":1,"partition":0,"seq":1,"epoch":1,"decisions":[{"id":"c","sku":"s","outcome":"accepted","colour":"red"}],"more":[]}'
    expect(decodeReply(bytesOf(text))).toEqual({ partition: 0, seq: 1, epoch: 1, decisions: [{ id: "c", sku: "s", outcome: "accepted" }] })
    expect(decodeReply(bytesOf(text.replace('"v":1', '"v":2')))).toBeUndefined()
  })
})

describe("a feed message", () => {
  it("comes back from its bytes as it was", () => {
    fc.assert(
      fc.property(atsValue, (value) => {
        expect(decodeAts(encodeAts(value))).toEqual(value)
      }),
    )
  })

  it("is the JSON that the protocol says", () => {
    fc.assert(
      fc.property(atsValue, (value) => {
        expect(textOf(encodeAts(value))).toBe(
          JSON.stringify({
            v: 1,
            channel: value.channel,
            sku: value.sku,
            ats: value.ats,
            version: value.version,
            delta: value.delta,
            cause: value.cause,
            atMs: value.atMs,
            shortQty: value.shortQty,
          }),
        )
      }),
    )
  })
})

describe("whatever else arrives", () => {
  it("is none of them, and nothing throws", () => {
    for (const decode of [decodeReply, decodeAts, decodeAnswer]) {
      for (const text of ["", "null", "[]", "{}", '{"v":1}', '"v"', "{".repeat(1_000)]) expect(decode(bytesOf(text))).toBeUndefined()
      expect(decode(Uint8Array.of(0xff, 0xfe))).toBeUndefined()
      fc.assert(
        fc.property(fc.json(), (text) => {
          expect(decode(bytesOf(text))).toBeUndefined()
        }),
      )
    }
  })
})

describe("a question", () => {
  it("about a SKU names it by its canonical token", () => {
    expect(parseQuestion(["stock", "85123A"], nothing)).toEqual({ question: "stock", sku: "85123A" })
    expect(parseQuestion(["ats", "a%20b"], nothing)).toEqual({ question: "ats", sku: "a b" })
    for (const token of ["%41", "a%2fb", "", "%"])
      expect(parseQuestion(["stock", token], nothing)).toEqual({ question: "invalid", field: "path" })
  })

  it("about all ATS asks for the first page of every partition, or for the page it names", () => {
    const first = { question: "atsPage", partition: null, after: 0, limit: atsPageDefault }
    expect(parseQuestion(["ats"], nothing)).toEqual(first)
    expect(parseQuestion(["ats"], bytesOf('{"v":1}'))).toEqual(first)
    expect(parseQuestion(["ats"], bytesOf('{"v":1,"partition":2,"after":40,"limit":20}'))).toEqual({
      question: "atsPage",
      partition: 2,
      after: 40,
      limit: 20,
    })
    expect(parseQuestion(["ats"], bytesOf('{"v":1,"limit":1000000}'))).toMatchObject({ limit: atsPageMax })
  })

  it("about quarantine names kind and partition in its path", () => {
    expect(quarantinePath("sku", 3)).toBe("quarantine.sku.3")
    expect(parseQuestion(["quarantine", "sku", "3"], nothing)).toEqual({
      question: "quarantine",
      kind: "sku",
      partition: 3,
      after: 0,
      limit: quarantinePageDefault,
    })
    expect(parseQuestion(["quarantine", "sku", "3"], bytesOf('{"v":1,"after":12,"limit":99}'))).toMatchObject({
      after: 12,
      limit: quarantinePageMax,
    })
    for (const path of [
      ["quarantine"],
      ["quarantine", "3"],
      ["quarantine", "sku"],
      ["quarantine", "sku", "x"],
      ["quarantine", "sku", "-1"],
      ["quarantine", "sku", "03"],
      ["quarantine", "other", "3"],
      ["quarantine", "sku", "3", "4"],
    ])
      expect(parseQuestion(path, nothing)).toEqual({ question: "invalid", field: "path" })
  })

  it("that is none says which part of it is at fault", () => {
    for (const path of [[], ["everything"], ["workers", "w1"], ["stock"], ["stock", "a", "b"]])
      expect(parseQuestion(path, nothing)).toEqual({ question: "invalid", field: "path" })
    expect(parseQuestion(["workers"], nothing)).toEqual({ question: "workers" })
    const asked = (body: string) => parseQuestion(["ats"], bytesOf(body))
    expect(asked("all of it")).toEqual({ question: "invalid", field: "body" })
    expect(asked("[]")).toEqual({ question: "invalid", field: "body" })
    expect(asked('{"v":2}')).toEqual({ question: "invalid", field: "v" })
    expect(asked('{"v":1,"limit":0}')).toEqual({ question: "invalid", field: "limit" })
    expect(asked('{"v":1,"after":-1}')).toEqual({ question: "invalid", field: "after" })
    expect(asked('{"v":1,"page":2}')).toEqual({ question: "invalid", field: "page" })
  })
})

describe("an answer", () => {
  const asOf = { partition: 1, seq: 20, epoch: 3 }
  const sku = "85123A" as Sku
  const roundTrip = (answer: QuestionAnswer) => expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer)

  it("of any kind comes back from its bytes as it was", () => {
    roundTrip({ answer: "unknownSku", sku, ...asOf })
    roundTrip({ answer: "topology", partitions: { sku: 16, order: 1 } })
    roundTrip({ answer: "invalid", field: "path" })
    roundTrip({
      answer: "worker",
      worker: "w1",
      ready: true,
      state: "joined",
      members: ["w1", "w2"],
      partitions: [{ partition: 0, role: "owner", phase: "serving", epoch: 3, confirmedSeq: 20, holder: "w1", halt: null }],
    })
    fc.assert(
      fc.property(fc.array(atsValue, { maxLength: 3 }), fc.option(fc.nat()), (values, next) => {
        roundTrip({ answer: "ats", ...asOf, values, next })
      }),
    )
    fc.assert(
      fc.property(fc.option(policy), (one) => {
        const location = {
          location: "wh-1" as never,
          onHand: 10,
          damaged: 1,
          inspection: 0,
          reserved: 12,
          exposed: 0,
          safety: 2,
          short: 1,
          available: -5,
        }
        const shortages = [{ channel: "web" as never, reservation: "r1" as never, qty: 1, at: null }]
        const short = { shortQty: 1, shortages, openReservations: 3 }
        roundTrip({ answer: "stock", sku, ...asOf, atMs: 5, locations: [location], offered: 0, ats: [], ...short, policy: one })
      }),
    )
    fc.assert(
      fc.property(command, (one) => {
        const quarantined = { quarantined: "17-0", sender: "web" as SenderId, class: "sell" as const, cause: "below the floor", atMs: 5 }
        roundTrip({ answer: "quarantine", ...asOf, quarantined: [{ ...quarantined, command: commandJsonOf(one) }], next: null })
      }),
    )
  })
})
