/** Reading what the server says of a message: the same time and headers from both of its ways of saying it. */
import { headers } from "@nats-io/transport-node"
import { describe, expect, it } from "vitest"
import { headerText, msFromTimestamp, parseDelivery } from "../../src/nats/message.ts"

describe("a delivery", () => {
  it("is read from the short form of its reply subject and from the long one", () => {
    const expected = { seq: 1_234, deliverySeq: 7, brokerMs: 1_795_300_813_112, pending: 42 }
    expect(parseDelivery("$JS.ACK.HF_STORED_SKU.name.1.1234.7.1795300813112999999.42")).toEqual(expected)
    expect(parseDelivery("$JS.ACK._.hash.HF_STORED_SKU.name.1.1234.7.1795300813112000000.42.random")).toEqual(expected)
  })

  it("is none where the reply subject is another's, cut short, or missing", () => {
    for (const reply of ["", "_INBOX.x", "hf.reply.web.a.b.c.d.e.f", "$JS.ACK.S.c.1.2.3"]) expect(parseDelivery(reply)).toBeUndefined()
  })
})

describe("a timestamp", () => {
  it("is whole milliseconds, rounded down, however many zeros the server leaves out", () => {
    const second = Date.UTC(2026, 10, 21, 20, 5, 45)
    for (const [text, ms] of [
      ["2026-11-21T20:05:45Z", 0],
      ["2026-11-21T20:05:45.9Z", 900],
      ["2026-11-21T20:05:45.96Z", 960],
      ["2026-11-21T20:05:45.9631Z", 963],
      ["2026-11-21T20:05:45.963999999Z", 963],
      ["2026-11-21T21:05:45.000000001+01:00", 0],
    ] as const)
      expect(msFromTimestamp(text)).toBe(second + ms)
  })

  it("is not a number where it is no timestamp", () => {
    expect(msFromTimestamp("yesterday")).toBeNaN()
  })
})

describe("headers", () => {
  it("are lines in the order in which their names first appear", () => {
    const given = headers()
    given.append("B", "1")
    given.append("Hf-Reply", "a.b")
    given.append("B", "2")
    expect(headerText(() => given)).toBe("B: 1\nB: 2\nHf-Reply: a.b")
  })

  it("are empty where there are none, and one text where they can't be read", () => {
    expect(headerText(() => undefined)).toBe("")
    const unreadable = headerText(() => {
      throw new Error("no header")
    })
    expect(unreadable).toBe("unreadable")
  })
})
