import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { createFieldDigests, digestOf } from "../../src/audit/digest.ts"
import { type Group, Rows, setWhole, wholeAt, wholeBytes } from "../../src/audit/rows.ts"

const group = (): Group => ({ bytes: wholeBytes, segments: [] })
const valuesOf = (rows: Rows<Group>, name: string): ReadonlyArray<number> =>
  rows.find(digestOf(name)).map(({ view, at }) => wholeAt(view, at))
const add = (rows: Rows<Group>, to: Group, name: string, value: number, ms: number, floorMs: number): void => {
  const { view, at } = rows.add(to, digestOf(name), ms, floorMs)
  setWhole(view, at, value)
}

const from = (first: number, end: number): ReadonlyArray<number> => Array.from({ length: end - first }, (_, i) => first + i)
/** The numbers under whose names something else is found than there should be. */
const wrong = (
  rows: Rows<Group>,
  name: string,
  numbers: ReadonlyArray<number>,
  right: (n: number) => ReadonlyArray<number>,
  step = 1,
): ReadonlyArray<number> => numbers.filter((n) => valuesOf(rows, `${name}-${n * step}`).join() !== right(n).join())

describe("rows", () => {
  it("finds every row of many groups under its own name, and nothing under another", () => {
    const rows = new Rows<Group>()
    const groups = [group(), group(), group()]
    for (let n = 0; n < 30_000; n++) add(rows, groups[n % 3] ?? group(), `id-${n}`, n, n, 0)
    expect(wrong(rows, "id", from(0, 30_000), (n) => [n])).toEqual([])
    expect(wrong(rows, "other", from(0, 1_000), () => [])).toEqual([])
  })

  it("lets go of what the group's floor has passed, takes its room again, and never takes one row for another", () => {
    const rows = new Rows<Group>()
    const short = group()
    const long = group()
    for (let n = 0; n < 100_000; n++) {
      add(rows, short, `short-${n}`, n, n, n - 10_000)
      if (n % 10 === 0) add(rows, long, `long-${n}`, n, n, 0)
    }
    // What lies above the floor is there; what lies a segment and more below it is gone.
    expect(wrong(rows, "short", from(90_000, 100_000), (n) => [n])).toEqual([])
    expect(wrong(rows, "short", from(0, 80_000), () => [])).toEqual([])
    expect(wrong(rows, "long", from(0, 10_000), (n) => [10 * n], 10)).toEqual([])
    expect(short.segments.length).toBeLessThan(5)
  })

  it("holds a name that comes again, oldest first", () => {
    const rows = new Rows<Group>()
    const one = group()
    for (const value of [1, 2, 3]) add(rows, one, "id", value, value, 0)
    expect(valuesOf(rows, "id")).toEqual([1, 2, 3])
  })

  it("keeps whole numbers of 48 bits", () => {
    const view = new DataView(new ArrayBuffer(wholeBytes))
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 48 - 1 }), (value) => {
        setWhole(view, 0, value)
        expect(wholeAt(view, 0)).toBe(value)
      }),
    )
    setWhole(view, 0, 1_800_000_000_000_000)
    expect(wholeAt(view, 0)).toBe(2 ** 48 - 1)
  })
})

describe("digests of fields", () => {
  const thing = fc.record(
    {
      qty: fc.nat({ max: 3 }),
      reason: fc.constantFrom("a", "b"),
      reservation: fc.string(),
      policy: fc.record({ version: fc.nat({ max: 2 }), channels: fc.array(fc.nat({ max: 2 }), { maxLength: 2 }) }),
    },
    { requiredKeys: [] },
  )

  it("name the field that two things differ in, and say where it are several or none", () => {
    const digests = createFieldDigests()
    const of = (value: object) => digests.fields(value, () => true)
    fc.assert(
      fc.property(thing, thing, (one, other) => {
        const names = (["qty", "reason", "reservation", "policy"] as const).filter(
          (name) => JSON.stringify(one[name]) !== JSON.stringify(other[name]),
        )
        const right = names.length === 0 ? undefined : names.length === 1 ? names[0] : null
        expect(digests.differing(of(one), of(other))).toBe(right)
      }),
      { numRuns: 2_000 },
    )
  })
})
