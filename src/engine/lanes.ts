/**
 * Hashes of 64 bits as two integers of 32, over texts and plain values. For tables and comparisons: who wants to collide with a given one can, by some thousand million tries.
 */

export interface Lanes {
  readonly hi: number
  readonly lo: number
}

const mixed = (hash: number): number => {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return twice ^ (twice >>> 16)
}

/** Of a text, going on from another hash. */
export const hashLanes = (text: string, from: Lanes): Lanes => {
  let { hi, lo } = from
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    hi = Math.imul(hi ^ unit, 0x01000193)
    lo = Math.imul(lo ^ unit, 0x5bd1e995)
    lo ^= lo >>> 15
  }
  const length = Math.imul(text.length + 1, 0x9e3779b1)
  return { hi: mixed(hi ^ length), lo: mixed(lo + length) | 0 }
}

const start: Lanes = { hi: 0x811c9dc5 | 0, lo: 0x2c1b3c6d }

/** Of a plain value; an object's is the same whatever the order of its keys, and a field that is undefined is none. */
const lanesOf = (value: unknown): Lanes => {
  if (typeof value === "string") return hashLanes(value, { hi: 1, lo: 1 })
  if (typeof value !== "object" || value === null) return hashLanes(String(value), start)
  if (Array.isArray(value)) {
    let list: Lanes = { hi: 2, lo: value.length }
    for (const item of value) {
      const { hi, lo } = lanesOf(item)
      list = { hi: mixed(Math.imul(list.hi, 31) + hi), lo: mixed(Math.imul(list.lo, 37) + lo) }
    }
    return list
  }
  let hi = 3
  let lo = 3
  for (const key of Object.keys(value)) {
    const item: unknown = Reflect.get(value, key)
    if (item === undefined) continue
    const name = hashLanes(key, start)
    const its = lanesOf(item)
    hi = (hi + mixed(name.hi ^ Math.imul(its.hi, 0x9e3779b1))) | 0
    lo = (lo + mixed(name.lo ^ Math.imul(its.lo, 0x85ebca6b))) | 0
  }
  return { hi: mixed(hi), lo: mixed(lo) }
}

/** 53 bits of a plain value, as an exact integer. */
export const digestOf = (value: unknown): number => {
  const { hi, lo } = lanesOf(value)
  return (hi & 0x1fffff) * 2 ** 32 + (lo >>> 0)
}

/** 32 bits of a text. */
export const textHash = (text: string): number => hashLanes(text, start).hi
