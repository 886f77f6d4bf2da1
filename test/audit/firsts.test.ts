import { describe, expect, it } from "vitest"
import { digestOf } from "../../src/audit/digest.ts"
import { createFirsts } from "../../src/audit/firsts.ts"
import { createFloors } from "../../src/audit/floors.ts"
import type { ReservationId } from "../../src/domain/names.ts"
import type { SkuRememberedDecision } from "../../src/kinds/sku/types.ts"
import { at, command, hall, shop, startMs, web } from "./journal-builder.ts"

const sold = command("RecordSale", "s", { mode: "owed", qty: 3, reservation: "S" })
const outcome: SkuRememberedDecision = { outcome: "accepted", qty: 3, allocations: [at(shop, 3)], reservation: "S~1" as ReservationId }

/** What a first decision says, held against what is said again. */
const contradiction = (said: SkuRememberedDecision): string | null => {
  const firsts = createFirsts(createFloors(), "sku")
  const about = { partition: 0, sender: web, floorClass: "sale" as const, seq: 4, issuedAtMs: startMs }
  firsts.remember(digestOf("s"), { ...about, content: firsts.content(sold), outcome }, startMs)
  const first = firsts.recall(0, digestOf("s"), startMs)
  if (first === undefined) throw new Error("what was remembered is recalled")
  expect(first).toMatchObject({ seq: 4, issuedAtMs: startMs })
  expect(firsts.differing(first.content, firsts.content(sold))).toBeNull()
  return firsts.contradiction(said, first)
}

describe("first decisions", () => {
  it("are said again word for word", () => {
    const { allocations: _, ...noPlaces } = outcome
    const { reservation: __, ...noName } = outcome
    expect(contradiction(outcome)).toBeNull()
    expect(contradiction({ ...outcome, qty: 2 })).not.toBeNull()
    expect(contradiction({ ...outcome, allocations: [at(hall, 3)] })).not.toBeNull()
    expect(contradiction({ ...outcome, reservation: "S~2" as ReservationId })).not.toBeNull()
    expect(contradiction(noPlaces)).not.toBeNull()
    expect(contradiction(noName)).not.toBeNull()
  })

  it("count what says as much as nothing as unsaid", () => {
    expect(contradiction({ ...outcome, shortageQty: 0, discrepancies: [] })).toBeNull()
  })
})
