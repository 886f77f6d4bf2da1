import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Command } from "../../src/domain/sku/commands.ts"
import { contentHash, differingField } from "../../src/wire/content.ts"
import { command } from "./arbitraries.ts"

const reserve = { type: "Reserve", id: "c1", sku: "A", issuedAtMs: 1, reservation: "r1", qty: 1, holdMs: 60_000 } as Command
const named = (one: Command, other: Command): string => differingField(contentHash(one), contentHash(other))

/** The fields that are content. */
const contentOf = ({ id: _, sku: __, issuedAtMs: ___, deadlineMs: ____, ...content }: Command): object => content
const differing = (one: Command, other: Command): ReadonlyArray<string> => {
  const [a, b] = [contentOf(one), contentOf(other)]
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return names.filter((name) => JSON.stringify(Reflect.get(a, name)) !== JSON.stringify(Reflect.get(b, name)))
}

describe("what an id is bound to", () => {
  it("is an exact integer, and the same whatever id, SKU, time and deadline the command has", () => {
    fc.assert(
      fc.property(command, command, (one, other) => {
        const { id, sku, issuedAtMs } = other
        const hash = contentHash(one)
        expect(Number.isSafeInteger(hash) && hash >= 0).toBe(true)
        expect(contentHash({ ...one, id, sku, issuedAtMs, deadlineMs: 5 } as Command)).toBe(hash)
      }),
    )
  })

  it("is another for two commands that differ, and names the field if it is one, the type if that differs, else the id", () => {
    fc.assert(
      fc.property(command, command, (one, other) => {
        const fields = differing(one, other)
        expect(contentHash(one) === contentHash(other)).toBe(fields.length === 0)
        if (fields.length === 0) return
        expect(named(one, other)).toBe(fields.includes("type") ? "type" : fields.length === 1 ? fields[0] : "id")
      }),
    )
  })

  it("names every field of every type when that alone was changed, left out or added", () => {
    fc.assert(
      fc.property(fc.tuple(command, command), ([one, other]) => {
        for (const field of Object.keys(contentOf(other))) {
          if (one.type !== other.type || field === "type") continue
          const changed = { ...one, [field]: Reflect.get(other, field) } as Command
          if (differing(one, changed).length > 0) expect(named(one, changed)).toBe(field)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ["qty", { qty: 2 }],
    ["reservation", { reservation: "r2" }],
    ["holdMs", { holdMs: 60_001 }],
    ["locations", { locations: ["L"] }],
    ["partial", { partial: true }],
    ["id", { qty: 2, holdMs: 1 }],
  ])("names %s", (field, change) => {
    expect(named(reserve, { ...reserve, ...change } as Command)).toBe(field)
  })

  it("doesn't collide over values that differ in a digit or two", () => {
    const seen = new Set<number>()
    for (let qty = 1; qty <= 1_000; qty++)
      for (let name = 0; name < 100; name++) seen.add(contentHash({ ...reserve, qty, reservation: `r${name}` } as Command))
    expect(seen.size).toBe(100_000)
  })
})
