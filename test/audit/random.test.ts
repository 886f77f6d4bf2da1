import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { SkuJournalRecord } from "../../src/kinds/sku/types.ts"
import { auditOf } from "./journal-builder.ts"
import { historyOf } from "./random-history.ts"

const choices = fc.array(fc.nat({ max: 1_000_000 }), { minLength: 5, maxLength: 60 })

/** Plain data whose parts can be changed. */
type Changeable = { [name: string]: unknown }
const isChangeable = (value: unknown): value is Changeable => typeof value === "object" && value !== null

/** Every object within `value` that has a number of units of its own. */
const unitsWithin = (value: unknown): Array<Changeable> => {
  if (!isChangeable(value)) return []
  const own = typeof value.qty === "number" ? [value] : []
  return [...own, ...Object.values(value).flatMap(unitsWithin)]
}

/** The events and expiries of a record: what replay would apply. */
const effectsOf = (record: SkuJournalRecord): ReadonlyArray<unknown> =>
  record.entries.flatMap((entry): ReadonlyArray<unknown> => {
    if (entry._tag === "Expiry") return entry.events
    if (entry._tag !== "Message") return []
    return entry.decided.flatMap(({ decision }) => (decision._tag === "Accepted" ? decision.events : []))
  })

describe("audit of random histories", () => {
  it("passes every sound one", () => {
    fc.assert(
      fc.property(choices, (numbers) => {
        expect(auditOf(historyOf(numbers)).violations).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it("finds any one number of units in any event that is one more or one less", () => {
    fc.assert(
      fc.property(choices, fc.nat(), fc.boolean(), (numbers, place, more) => {
        const written = historyOf(numbers)
        const records: Array<SkuJournalRecord> = structuredClone(written.records)
        const units = records.flatMap(effectsOf).flatMap(unitsWithin)
        const changed = units[place % units.length]
        if (changed === undefined) throw new Error("a history moves units")
        changed.qty = Number(changed.qty) + (more ? 1 : -1)
        expect(auditOf({ ...written, records }).ok).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  it("finds any one decision that is missing from a record, once it was said to be acknowledged", () => {
    fc.assert(
      fc.property(choices, fc.nat(), (numbers, place) => {
        const written = historyOf(numbers)
        const sent = written.records.flatMap((record) =>
          record.entries.flatMap((entry) => {
            if (entry._tag !== "Message") return []
            return entry.decided.flatMap(({ command }) =>
              command === null ? [] : [{ sender: entry.sender, sku: command.sku, id: command.id }],
            )
          }),
        )
        const lost = sent[place % sent.length]
        const records = written.records.map((record) => ({
          ...record,
          entries: record.entries.map((entry) =>
            entry._tag === "Message" ? { ...entry, decided: entry.decided.filter(({ command }) => command?.id !== lost?.id) } : entry,
          ),
        }))
        expect(auditOf(written, { acknowledged: sent }).ok).toBe(true)
        expect(auditOf({ ...written, records }, { acknowledged: sent }).totals.lost).toBe(1)
      }),
      { numRuns: 100 },
    )
  })
})
