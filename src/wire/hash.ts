/**
 * The two hashes: a fast one of 53 bits that what an id is bound to is made of (content.ts), and SHA-256 for chains, digests and whatever an auditor has to tell apart.
 *
 * The fast one guards a sender only against reusing its own ids by mistake; nothing that an attacker could gain from depends on it.
 */
import { hash } from "node:crypto"
import { assert } from "../assert.ts"

/** Texts up to a third of this are hashed without allocating: UTF-8 takes at most three bytes for each UTF-16 unit. */
const scratchBytes = 1 << 16
const scratch = Buffer.alloc(scratchBytes + 4)
const scratchWords = new Int32Array(scratch.buffer, scratch.byteOffset, scratchBytes / 4 + 1)
assert(scratch.byteOffset % 4 === 0, "the scratch bytes can be read as words")
assert(new Uint8Array(Int32Array.of(1).buffer)[0] === 1, "words are little-endian: a hash in a snapshot is the same on every machine")

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits))

/** MurmurHash3's finalizer: every bit of the input reaches every bit of the output. */
const avalanche = (word: number): number => {
  let h = word ^ (word >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/**
 * 53 bits of a text: MurmurHash3_x86_32 with seed 0 over its UTF-8 as the upper 32, and 21 bits of a second lane of the same form with
 * other constants (those of the x86_128 variant's third and fourth lane) below.
 */
export const textHash = (text: string): number => {
  if (text.length * 3 <= scratchBytes) {
    const bytes = writeText(text)
    // By hand: fill() costs more than the hash itself.
    for (let i = bytes; i < bytes + 4; i++) scratch[i] = 0
    return hashOf(scratchWords, bytes)
  }
  const bytes = Buffer.byteLength(text, "utf8")
  const words = new Int32Array((bytes >> 2) + 1)
  Buffer.from(words.buffer).write(text, 0, "utf8")
  return hashOf(words, bytes)
}

/** Texts up to this many characters are written by hand where they are ASCII: a call out of JavaScript costs more than a name's hash. */
const shortChars = 64

/** Writes a text to the scratch bytes; returns how many it took. */
const writeText = (text: string): number => {
  if (text.length > shortChars) return scratch.write(text, 0, "utf8")
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) return scratch.write(text, 0, "utf8")
    scratch[i] = unit
  }
  return text.length
}

/** `words` hold `bytes` bytes and zeros up to the end of the word after the last whole one. */
const hashOf = (words: Int32Array, bytes: number): number => {
  const whole = bytes >> 2
  let high = 0
  let low = 0x2c1b3c6d
  for (let i = 0; i < whole; i++) {
    const word = words[i] ?? 0
    // `| 0` keeps both in machine words: without it they become doubles, at three times the cost.
    high = (Math.imul(rotate(high ^ mixHigh(word), 13), 5) + 0xe6546b64) | 0
    low = (Math.imul(rotate(low ^ mixLow(word), 15), 5) + 0x96cd1c35) | 0
  }
  const tail = words[whole] ?? 0
  high = avalanche(high ^ mixHigh(tail) ^ bytes)
  low = avalanche(low ^ mixLow(tail) ^ bytes)
  return high * 0x20_0000 + (low >>> 11)
}

const mixHigh = (word: number): number => Math.imul(rotate(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593)
const mixLow = (word: number): number => Math.imul(rotate(Math.imul(word, 0x38b34ae5), 17), 0xa1e38b93)

/** SHA-256 in base64url without padding: 43 characters. */
export const sha256 = (bytes: Uint8Array | string): string => hash("sha256", bytes, "base64url")

/** The first 128 bits of a text's SHA-256, as four machine words. */
export const sha256Words = (text: string): readonly [number, number, number, number] => {
  const bytes = hash("sha256", text, "binary")
  const word = (at: number): number =>
    bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8) | (bytes.charCodeAt(at + 2) << 16) | (bytes.charCodeAt(at + 3) << 24)
  return [word(0), word(4), word(8), word(12)]
}
