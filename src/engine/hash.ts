/**
 * How the engine hashes: 64 bits as two integers of 32, over texts and plain values, for tables and for what is compared within a partition; and SHA-256 over plain values, for what is compared between owners.
 *
 * Who wants to collide with a given hash of 64 bits can, by some thousand million tries. What of a partition is hashed is decided in state-hash.ts.
 */
import type { EngineCodec } from "./protocol.ts"

/** A hash of 64 bits: its upper and its lower half, as signed integers. */
export interface HashLanes {
  readonly hi: number
  readonly lo: number
}

const mixed = (hash: number): number => {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return twice ^ (twice >>> 16)
}

// Where a hash is handed over from one function to the next: as an object, each would be garbage at once, and there are a dozen to a decision.
let hiOut = 0
let loOut = 0

const hashText = (text: string, fromHi: number, fromLo: number): void => {
  let hi = fromHi
  let lo = fromLo
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    hi = Math.imul(hi ^ unit, 0x01000193)
    lo = Math.imul(lo ^ unit, 0x5bd1e995)
    lo ^= lo >>> 15
  }
  const length = Math.imul(text.length + 1, 0x9e3779b1)
  hiOut = mixed(hi ^ length)
  loOut = mixed(lo + length) | 0
}

/** Of a text, going on from another hash. */
export const hashLanes = (text: string, from: HashLanes): HashLanes => {
  hashText(text, from.hi, from.lo)
  return { hi: hiOut, lo: loOut }
}

const startHi = 0x811c9dc5 | 0
const startLo = 0x2c1b3c6d

/** The hash of each key that objects have: words of ours, a dozen. */
const keys = new Map<string, HashLanes>()
const keyLanes = (key: string): HashLanes => {
  let known = keys.get(key)
  if (known === undefined) {
    hashText(key, startHi, startLo)
    known = { hi: hiOut, lo: loOut }
    keys.set(key, known)
  }
  return known
}

/** Of a plain value; an object's is the same whatever the order of its keys, and a field that is undefined is none. */
const hashValue = (value: unknown): void => {
  if (typeof value === "string") return hashText(value, 1, 1)
  if (typeof value !== "object" || value === null) return hashText(String(value), startHi, startLo)
  if (Array.isArray(value)) return hashList(value)
  let hi = 3
  let lo = 3
  for (const key of Object.keys(value)) {
    const item: unknown = Reflect.get(value, key)
    if (item === undefined) continue
    const name = keyLanes(key)
    hashValue(item)
    hi = (hi + mixed(name.hi ^ Math.imul(hiOut, 0x9e3779b1))) | 0
    lo = (lo + mixed(name.lo ^ Math.imul(loOut, 0x85ebca6b))) | 0
  }
  hiOut = mixed(hi)
  loOut = mixed(lo)
}

const hashList = (list: ReadonlyArray<unknown>): void => {
  let hi = 2
  let lo = list.length
  for (const item of list) {
    hashValue(item)
    hi = mixed(Math.imul(hi, 31) + hiOut)
    lo = mixed(Math.imul(lo, 37) + loOut)
  }
  hiOut = hi
  loOut = lo
}

const handedOver = (): number => (hiOut & 0x1fffff) * 2 ** 32 + (loOut >>> 0)

/** 53 bits of a plain value, as an exact integer. */
export const digestOf = (value: unknown): number => {
  hashValue(value)
  return handedOver()
}

/** The last object of {@link digestOfList}, and its hash. */
let lastObject: object | null = null
let lastHi = 0
let lastLo = 0

/** As `digestOf([first, second, third, object])`, where many of one object come in a row that is never changed: it is gone through once. */
export const digestOfList = (first: string, second: string, third: number, object: object): number => {
  if (object !== lastObject) {
    hashValue(object)
    lastObject = object
    lastHi = hiOut
    lastLo = loOut
  }
  hashText(first, 1, 1)
  let hi = mixed(62 + hiOut)
  let lo = mixed(148 + loOut)
  hashText(second, 1, 1)
  hi = mixed(Math.imul(hi, 31) + hiOut)
  lo = mixed(Math.imul(lo, 37) + loOut)
  hashText(String(third), startHi, startLo)
  hi = mixed(Math.imul(hi, 31) + hiOut)
  lo = mixed(Math.imul(lo, 37) + loOut)
  hiOut = mixed(Math.imul(hi, 31) + lastHi)
  loOut = mixed(Math.imul(lo, 37) + lastLo)
  return handedOver()
}

/** 32 bits of a text. */
export const textHash = (text: string): number => {
  hashText(text, startHi, startLo)
  return hiOut
}

/** SHA-256 of bytes or of a text, as hex. */
export type Sha256 = EngineCodec["sha256"]

/** One text for one value, whatever the order its keys were set in. */
export const canonical = (value: unknown, sha256: Sha256): string => {
  if (value === undefined || value === null) return "null"
  if (typeof value !== "object") return JSON.stringify(value)
  if (value instanceof Uint8Array) return `"${sha256(value)}"`
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, sha256)).join(",")}]`
  if (value instanceof Set)
    return `[${[...value]
      .map((item) => canonical(item, sha256))
      .sort()
      .join(",")}]`
  const pairs = value instanceof Map ? [...value] : Object.entries(value)
  const texts = pairs
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => `${JSON.stringify(String(key))}:${canonical(item, sha256)}`)
  return `{${texts.sort().join(",")}}`
}

/** Texts hashed at once: millions of decisions in one text would be longer than a text may be. */
const textsHashedAtOnce = 4_096

/** One hash for these pairs, whatever the order they come in. */
export const hashOfPairs = (pairs: Iterable<readonly [key: string, value: unknown]>, sha256: Sha256): string => {
  const texts = Array.from(pairs, ([key, value]) => `${JSON.stringify(key)}:${canonical(value, sha256)}`).sort()
  const hashes: Array<string> = []
  for (let from = 0; from < texts.length; from += textsHashedAtOnce)
    hashes.push(sha256(texts.slice(from, from + textsHashedAtOnce).join(",")))
  return sha256(hashes.join(","))
}
