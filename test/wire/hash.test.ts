import { createHash } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { sha256, textHash } from "../../src/wire/hash.ts"

/** MurmurHash3_x86_32 with seed 0, as published, byte by byte. */
const murmur = (bytes: Uint8Array): number => {
  const rotate = (word: number, bits: number) => (word << bits) | (word >>> (32 - bits))
  const mix = (word: number) => Math.imul(rotate(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593)
  const byte = (at: number) => bytes[at] ?? 0
  const tailAt = bytes.length - (bytes.length % 4)
  let h = 0
  for (let at = 0; at < tailAt; at += 4) {
    h ^= mix(byte(at) | (byte(at + 1) << 8) | (byte(at + 2) << 16) | (byte(at + 3) << 24))
    h = (Math.imul(rotate(h, 13), 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let at = bytes.length - 1; at >= tailAt; at--) tail = (tail << 8) | byte(at)
  h ^= mix(tail) ^ bytes.length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

describe("textHash", () => {
  it("has MurmurHash3_x86_32 as its upper 32 bits", () => {
    const upper = (text: string) => Math.floor(textHash(text) / 2 ** 21)
    expect(upper("")).toBe(0)
    expect(upper("test")).toBe(0xba6bd213)
    expect(upper("Hello, world!")).toBe(0xc0363e43)
    expect(upper("The quick brown fox jumps over the lazy dog")).toBe(0x2e4ff723)
  })

  it("is an exact integer of 53 bits, the same for the same text, whatever was hashed before", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.string({ maxLength: 300 }), (text, other) => {
        const hash = textHash(text)
        expect(Number.isSafeInteger(hash) && hash >= 0).toBe(true)
        textHash(other)
        expect(textHash(text)).toBe(hash)
      }),
    )
  })

  it("is the same algorithm for texts too long for its scratch bytes, and for every length of the last word", () => {
    const sevenths = (length: number) => "1234567".repeat(Math.ceil(length / 7)).slice(0, length)
    for (const length of [1, 2, 3, 4, 5, 6, 7, 8, 21_845, 21_846, 21_847, 80_001, 80_002, 80_003])
      expect(Math.floor(textHash(sevenths(length)) / 2 ** 21)).toBe(murmur(new TextEncoder().encode(sevenths(length))))
    for (const text of ["ä", "€€", "😀😀😀", "\ud800"])
      expect(Math.floor(textHash(text) / 2 ** 21)).toBe(murmur(new TextEncoder().encode(text)))
  })

  it("doesn't collide over texts that differ in a digit or two", () => {
    const seen = new Set<number>()
    for (let i = 0; i < 200_000; i++) {
      seen.add(textHash(`{"v":1,"type":"Confirm","id":"c-${i}","sku":"A","issuedAtMs":1,"reservation":"o-1"}`))
      seen.add(textHash(`{"v":1,"type":"Confirm","id":"c-1","sku":"A","issuedAtMs":${i},"reservation":"o-1"}`))
    }
    expect(seen.size).toBe(400_000 - 1)
  })
})

describe("sha256", () => {
  it("is the known digest in base64url, for bytes and for text", () => {
    const text = "grüße"
    expect(sha256(text)).toBe(createHash("sha256").update(text).digest("base64url"))
    expect(sha256(new TextEncoder().encode(text))).toBe(sha256(text))
    expect(sha256("")).toBe("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")
  })
})
