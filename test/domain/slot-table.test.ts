/** A table of slots behaves as a Map does, through growth, removal and names made to collide. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { addThing, emptySlots, findThing, type Naming, removeThing, slotCount } from "../../src/domain/slot-table.ts"

interface Thing {
  readonly id: string
  readonly of: string
}

const naming: Naming<Thing> = {
  isNamed: (thing, id, of) => thing.id === id && thing.of === of,
  firstOf: (thing) => thing.id,
  secondOf: (thing) => thing.of,
}

/** Plays adds and removals on a table and on a Map, and compares what each finds. */
const agrees = (names: ReadonlyArray<string>, actions: ReadonlyArray<{ readonly name: number; readonly removes: boolean }>): void => {
  const table = emptySlots<Thing>()
  const map = new Map<string, Thing>()
  for (const { name, removes } of actions) {
    const id = names[name % names.length] as string
    const known = map.get(id)
    expect(findThing(table, naming, id, "x")).toBe(known)
    if (known !== undefined && removes) {
      expect(removeThing(table, naming, known)).toBe(true)
      expect(removeThing(table, naming, known)).toBe(false)
      map.delete(id)
    } else if (known === undefined) {
      const thing = { id, of: "x" }
      addThing(table, naming, thing)
      map.set(id, thing)
    }
    expect(slotCount(table)).toBe(map.size)
  }
  for (const id of names) expect(findThing(table, naming, id, "x")).toBe(map.get(id))
}

describe("a table of slots", () => {
  it("finds what a Map finds, whatever is added and removed", () => {
    const names = Array.from({ length: 400 }, (_, i) => `id-${i}`)
    const action = fc.record({ name: fc.nat(399), removes: fc.boolean() })
    fc.assert(
      fc.property(fc.array(action, { maxLength: 1_500 }), (actions) => agrees(names, actions)),
      { numRuns: 60 },
    )
  })

  it("finds all of a hundred thousand, after as many were removed", () => {
    const table = emptySlots<Thing>()
    const things = Array.from({ length: 200_000 }, (_, i) => ({ id: `r-${i.toString(36)}`, of: i % 2 === 0 ? "web" : "shop" }))
    for (const thing of things) addThing(table, naming, thing)
    for (const thing of things.slice(0, 100_000)) removeThing(table, naming, thing)
    expect(things.slice(0, 100_000).every(({ id, of }) => findThing(table, naming, id, of) === undefined)).toBe(true)
    expect(things.slice(100_000).every((thing) => findThing(table, naming, thing.id, thing.of) === thing)).toBe(true)
    expect(slotCount(table)).toBe(100_000)
  })

  it("tells things of the same first name apart", () => {
    const table = emptySlots<Thing>()
    const things = Array.from({ length: 50 }, (_, i) => ({ id: "same", of: `sku-${i}` }))
    for (const thing of things) addThing(table, naming, thing)
    expect(things.every((thing) => findThing(table, naming, "same", thing.of) === thing)).toBe(true)
    expect(findThing(table, naming, "same", "sku-50")).toBeUndefined()
  })

  it("keeps finding what collides, in bounded steps: the rest of a crowd lies beside the index", () => {
    // Names whose hashes share their low bits crowd around one place of every size of table.
    const crowd: Array<string> = []
    const wanted = lowBits("crowd-0")
    for (let i = 0; crowd.length < 200; i++) if (lowBits(`crowd-${i}`) === wanted) crowd.push(`crowd-${i}`)
    const table = emptySlots<Thing>()
    const things = crowd.map((id) => ({ id, of: "x" }))
    for (const thing of things) addThing(table, naming, thing)
    expect(table.index?.crowded?.size).toBeGreaterThan(0)
    expect(things.every((thing) => findThing(table, naming, thing.id, "x") === thing)).toBe(true)
    for (const thing of things) expect(removeThing(table, naming, thing)).toBe(true)
    expect(table.index?.crowded).toBeNull()
    expect(slotCount(table)).toBe(0)
  })
})

/** The low bits of the place the table would choose, read off a table of one: no second copy of its hash. */
const lowBits = (id: string): number => {
  const table = emptySlots<Thing>()
  for (let i = 0; i < 8; i++) addThing(table, naming, { id: `other-${i}`, of: "y" })
  addThing(table, naming, { id, of: "x" })
  const places = table.index?.places ?? new Int32Array()
  for (let at = 0; at < places.length; at += 2) if (places[at + 1] === 9) return (places[at] ?? 0) & 0x3ff
  return -1
}
