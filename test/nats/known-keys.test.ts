/** What a watcher of keys makes of consumers that say more or less than it knows, and of what the stream's leader says to that. */
import { describe, expect, it } from "vitest"
import { type KeyChange, type KeyState, KnownKeys } from "../../src/nats/known-keys.ts"

const set = (key: string, revision: number, value: string | null = `${key}@${revision}`): KeyChange => ({
  key,
  value,
  revision,
  brokerMs: revision * 10,
})

/** Asks a leader that knows `keys` about all that was missed. */
const settle = (known: KnownKeys, keys: Readonly<Record<string, KeyState>>): ReadonlyArray<KeyChange> =>
  known.missed.map((key) => known.settle(key, keys[key] ?? null)).filter((change) => change !== undefined)

/** Two keys heard by a first consumer. */
const knowing = (): KnownKeys => {
  const known = new KnownKeys()
  expect(known.apply(1, [set("a", 1), set("b", 2)], 0)).toHaveLength(2)
  expect(known.missed).toEqual([])
  return known
}

describe("keys that a new consumer leaves out", () => {
  it("are not gone where the leader has them: the consumer was made by a follower that lags", () => {
    const known = knowing()
    expect(known.apply(2, [set("a", 1)], 0)).toEqual([])
    expect(known.missed).toEqual(["b"])
    expect(settle(known, { b: set("b", 2) })).toEqual([])
    expect(known.missed).toEqual([])
    expect(known.apply(2, [set("b", 2)], 0)).toEqual([])
  })

  it("are news where the leader has them changed, once, though the follower says so too later", () => {
    const known = knowing()
    known.apply(2, [set("a", 1)], 0)
    expect(settle(known, { b: set("b", 5) })).toEqual([set("b", 5)])
    expect(known.apply(2, [set("b", 2), set("b", 5)], 0)).toEqual([])
    expect(known.apply(2, [set("b", 6)], 0)).toEqual([set("b", 6)])
  })

  it("are gone where the leader says so or knows nothing of them, and come back with what is written next", () => {
    const known = knowing()
    known.apply(2, [], 0)
    expect(settle(known, { a: set("a", 3, null) })).toEqual([set("a", 3, null), { key: "b", value: null, revision: 2, brokerMs: 20 }])
    expect(known.apply(2, [set("a", 3, null)], 0)).toEqual([])
    expect(known.apply(2, [set("a", 4), set("b", 5)], 0)).toEqual([set("a", 4), set("b", 5)])
    expect(known.apply(3, [set("a", 4), set("b", 5)], 0)).toEqual([])
    expect(known.missed).toEqual([])
  })

  it("are not missed before all of the new consumer was heard, nor asked about by a consumer that is gone", () => {
    const known = knowing()
    known.apply(2, [set("a", 1)], 1)
    expect(known.missed).toEqual([])
    known.apply(2, [], 0)
    expect(known.missed).toEqual(["b"])
    known.apply(3, [set("b", 2)], 1)
    expect(known.missed).toEqual([])
    expect(known.settle("b", null)).toBeUndefined()
  })

  it("are missed no more once they are heard after all", () => {
    const known = knowing()
    known.apply(2, [set("a", 1)], 0)
    known.apply(2, [set("b", 2)], 0)
    expect(known.missed).toEqual([])
  })
})
