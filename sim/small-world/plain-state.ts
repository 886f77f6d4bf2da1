/**
 * Copies and fingerprints of plain state: objects, arrays, Maps and Sets that may refer to one another, as a partition is made of.
 *
 * Both walk the graph of references, not the tree: what was one object stays one object, and two states have the same fingerprint only if they are the
 * same graph, entry by entry in the same order. So no two states that could ever behave differently are taken for one. Several times
 * faster than structuredClone on states this small; a test holds the two to the same hashes.
 */

/** Bytes are never changed in place, nor is what is frozen: they are shared between copies. */
const isShared = (value: object): boolean => value instanceof Uint8Array || Object.isFrozen(value)

/** What an object holds, by key: the copy is given the same keys. */
type Fields = Record<string, unknown>

const copyInto = (value: object, known: Map<object, object>): object => {
  const seen = known.get(value)
  if (seen !== undefined) return seen
  if (isShared(value)) return value
  if (Array.isArray(value)) {
    const copied: Array<unknown> = new Array(value.length)
    known.set(value, copied)
    // Holes stay holes: an array filled from the middle hashes otherwise than one filled with undefined.
    for (let i = 0; i < value.length; i++) if (i in value) copied[i] = copyAny(value[i], known)
    return copied
  }
  if (value instanceof Map) {
    const copied = new Map<unknown, unknown>()
    known.set(value, copied)
    for (const [key, item] of value) copied.set(copyAny(key, known), copyAny(item, known))
    return copied
  }
  if (value instanceof Set) {
    const copied = new Set<unknown>()
    known.set(value, copied)
    for (const item of value) copied.add(copyAny(item, known))
    return copied
  }
  if (ArrayBuffer.isView(value)) {
    const copied = structuredClone(value)
    known.set(value, copied)
    return copied
  }
  const copied: Fields = {}
  known.set(value, copied)
  for (const key in value) copied[key] = copyAny((value as Fields)[key], known)
  return copied
}

const copyAny = (value: unknown, known: Map<object, object>): unknown =>
  typeof value === "object" && value !== null ? copyInto(value, known) : value

/** A copy that shares nothing with the original which either could change. */
export const copyState = <T extends object>(state: T): T => copyInto(state, new Map()) as T

const writeItems = (items: Iterable<unknown>, into: Array<string>, known: Map<object, number>): void => {
  for (const item of items) write(item, into, known)
}

const write = (value: unknown, into: Array<string>, known: Map<object, number>): void => {
  if (typeof value !== "object" || value === null) {
    into.push(typeof value === "string" ? JSON.stringify(value) : String(value))
    return
  }
  const seen = known.get(value)
  if (seen !== undefined) {
    into.push(`#${seen}`)
    return
  }
  known.set(value, known.size)
  if (value instanceof Map) {
    into.push("M")
    for (const [key, item] of value) {
      write(key, into, known)
      write(item, into, known)
    }
  } else if (value instanceof Set) {
    into.push("S")
    writeItems(value, into, known)
  } else if (Array.isArray(value)) {
    into.push("A")
    writeItems(value, into, known)
  } else if (ArrayBuffer.isView(value)) {
    // With their length: the bytes may be those that stand between two parts.
    into.push(`B${value.byteLength}`, Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1"))
  } else {
    into.push("O")
    for (const key in value) {
      into.push(key)
      write((value as Fields)[key], into, known)
    }
  }
  into.push("]")
}

/** One text for one graph of references. Exact: no hash is taken. */
export const fingerprint = (state: object): string => {
  const into: Array<string> = []
  write(state, into, new Map())
  return into.join("\u0001")
}
