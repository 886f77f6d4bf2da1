import { describe, expect, it } from "vitest"
import { digestOf } from "../../src/audit/digest.ts"
import { createFirsts } from "../../src/audit/firsts.ts"
import { createFloors } from "../../src/audit/floors.ts"
import type { ReservationId } from "../../src/domain/names.ts"
import type { SkuRememberedDecision } from "../../src/kinds/sku/types.ts"
import { at, command, hall, shop, startMs, web } from "./journal-builder.ts"

const sold = command("RecordSale", "s", { mode: "owed", qty: 3, reservation: "S" })
const outcome: SkuRememberedDecision = { outcome: "accepted", qty: 3, allocations: [at(shop, 3)], reservation: "S~1" as ReservationId }

/** What a record of one version decided first, held against what one of another says again. */
const contradiction = (firstVersion: number, said: SkuRememberedDecision, version: number): string | null => {
  const firsts = createFirsts(createFloors(), "sku")
  const about = { partition: 0, sender: web, floorClass: "sale" as const, version: firstVersion, seq: 4, issuedAtMs: startMs }
  firsts.remember(digestOf("s"), { ...about, content: firsts.content(sold), outcome }, startMs)
  const first = firsts.recall(0, digestOf("s"), startMs)
  if (first === undefined) throw new Error("what was remembered is recalled")
  expect(first).toMatchObject({ seq: 4, issuedAtMs: startMs })
  expect(firsts.differing(first.content, firsts.content(sold))).toBeNull()
  return firsts.contradiction(said, first, version)
}

describe("first decisions", () => {
  it("are said again word for word, whoever wrote them", () => {
    for (const version of [1, 2, 3]) {
      expect(contradiction(version, outcome, version)).toBeNull()
      expect(contradiction(version, { ...outcome, qty: 2 }, version)).not.toBeNull()
      expect(contradiction(version, { ...outcome, allocations: [at(hall, 3)] }, version)).not.toBeNull()
      expect(contradiction(version, { ...outcome, reservation: "S~2" as ReservationId }, version)).not.toBeNull()
    }
  })

  it("count what says as much as nothing as unsaid", () => {
    expect(contradiction(3, { ...outcome, shortageQty: 0, discrepancies: [] }, 3)).toBeNull()
  })

  it("may be said again without what releases before version 3 left out, and with nothing else missing or other", () => {
    const { allocations: _, ...noPlaces } = outcome
    const { reservation: __, ...bare } = noPlaces
    expect(contradiction(2, noPlaces, 2)).toBeNull()
    expect(contradiction(2, bare, 2)).toBeNull()
    expect(contradiction(2, { ...bare, allocations: [at(shop, 3)] }, 3)).toBeNull()
    expect(contradiction(2, noPlaces, 3)).not.toBeNull()
    expect(contradiction(2, { ...bare, qty: 4 }, 2)).not.toBeNull()
    expect(contradiction(2, { ...noPlaces, reservation: "T" as ReservationId }, 2)).not.toBeNull()
    expect(contradiction(2, { ...bare, allocations: [at(hall, 3)] }, 2)).not.toBeNull()
    expect(contradiction(3, bare, 3)).not.toBeNull()
  })
})
