/**
 * One SKU, one token, one partition: whatever the text.
 */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  type CommandId,
  isId,
  isReservationName,
  isSender,
  isSku,
  partitionOf,
  type ReservationId,
  saleReservation,
  skuFromToken,
  skuToken,
  tokenHash,
  utf8Bytes,
} from "../../src/domain/names.ts"
import { idCharsMax, senderCharsMax, skuBytesMax } from "../../src/limits.ts"

const anyText = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.string({ unit: "grapheme", maxLength: 40 }))
const sku = anyText.filter(isSku)

describe("the token of a SKU", () => {
  it("spells every SKU in the subject alphabet, and spells it back", () => {
    fc.assert(
      fc.property(sku, (text) => {
        const token = skuToken(text)
        expect(token).toMatch(/^(?:[A-Za-z0-9_-]|%[0-9A-F]{2})+$/)
        expect(skuFromToken(token)).toBe(text)
      }),
    )
  })
  it("is the only spelling that is taken", () => {
    fc.assert(
      fc.property(
        fc.oneof(anyText, fc.string({ unit: fc.constantFrom("%", "4", "1", "a", "F", "c", "3", "."), maxLength: 12 })),
        (token) => {
          const read = skuFromToken(token)
          if (read !== undefined) expect(skuToken(read)).toBe(token)
        },
      ),
    )
  })
  it("leaves letters, digits, dash and underscore, and nothing else", () => {
    expect(skuToken("Ab-9_z")).toBe("Ab-9_z")
    expect(skuToken("a.b*c>d e")).toBe("a%2Eb%2Ac%3Ed%20e")
    expect(skuToken("größe/雨~!'()")).toBe("gr%C3%B6%C3%9Fe%2F%E9%9B%A8%7E%21%27%28%29")
  })
  it.each([
    "%41",
    "%2e",
    "a.b",
    "a b",
    "*",
    ">",
    "",
    "%",
    "%C3",
    "%C0%80",
    "%ED%A0%80",
    "%00",
    "%7F",
    "%C2%9B",
    "a".repeat(129),
    "%E9".repeat(200),
  ])("is refused where it isn't canonical: %j", (token) => expect(skuFromToken(token)).toBeUndefined())
})

describe("a SKU", () => {
  it("is bounded in bytes of UTF-8", () => {
    expect(isSku("a".repeat(skuBytesMax))).toBe(true)
    expect(isSku("a".repeat(skuBytesMax + 1))).toBe(false)
    expect(isSku("雨".repeat(Math.floor(skuBytesMax / 3)))).toBe(true)
    expect(isSku("雨".repeat(Math.floor(skuBytesMax / 3) + 1))).toBe(false)
    expect(skuToken("雨".repeat(42)).length).toBeLessThanOrEqual(3 * skuBytesMax)
  })
  it("has no control characters and no broken surrogates, and isn't empty", () => {
    for (const text of ["", "a\u0000", "a\n", "\u007f", "\u009b", "\ud800", "a\udc00b"]) expect(isSku(text)).toBe(false)
    expect(isSku("a b.c/ü€😀")).toBe(true)
  })
})

describe("bytes in UTF-8", () => {
  it("are counted as the encoder writes them, lone surrogates replaced", () => {
    const encoder = new TextEncoder()
    fc.assert(
      fc.property(fc.oneof(anyText, fc.constantFrom("\ud800", "\udc00a", "a\ud83d")), (text) => {
        expect(utf8Bytes(text)).toBe(encoder.encode(text).length)
      }),
    )
  })
})

describe("the partition of a SKU", () => {
  it("is FNV-1a of 32 bits over its token", () => {
    expect(tokenHash("")).toBe(0x811c9dc5)
    expect(tokenHash("a")).toBe(0xe40c292c)
    expect(tokenHash("foobar")).toBe(0xbf9cf968)
    expect(partitionOf("a", 16)).toBe(0xe40c292c % 16)
    expect(partitionOf("a.b", 64)).toBe(tokenHash("a%2Eb") % 64)
  })
  it("lies within their number", () => {
    fc.assert(
      fc.property(sku, fc.integer({ min: 1, max: 1_000 }), (text, partitions) => {
        const partition = partitionOf(text, partitions)
        expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true)
      }),
    )
  })
})

describe("ids and senders", () => {
  it("are bounded and of their alphabets", () => {
    for (const id of ["a", "A-1_b.c:d", "x".repeat(idCharsMax)]) expect(isId(id)).toBe(true)
    for (const id of ["", "a b", "a/b", "a~b", "é", "a\n", "x".repeat(idCharsMax + 1)]) expect(isId(id)).toBe(false)
    for (const name of ["web", "0a_b-c", "x".repeat(senderCharsMax)]) expect(isSender(name)).toBe(true)
    for (const name of ["", "Web", "-a", "a.b", "a\n", "x".repeat(senderCharsMax + 1)]) expect(isSender(name)).toBe(false)
  })
  it("name a reservation for a late sale as no channel can name its own", () => {
    const longest = "x".repeat(idCharsMax)
    for (const attempt of [1, 2, 31]) {
      const name = saleReservation(longest as ReservationId, longest as CommandId, attempt)
      expect([isReservationName(name), isId(name)]).toEqual([true, false])
    }
    expect(isReservationName("r1")).toBe(true)
    for (const name of ["", "~a", "a~", "a~b~0", "a~b~c", "a~b~1~1", "a~b\n"]) expect(isReservationName(name)).toBe(false)
  })
})
