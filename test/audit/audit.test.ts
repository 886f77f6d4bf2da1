import { describe, expect, it } from "vitest"
import { auditOf, auditStored, foundBy, journal, seal, sku, till, web } from "./journal-builder.ts"
import { counted, heardReplies, heardValues, opened, operated, reserveA, traded } from "./story.ts"

/** Checkers that have nothing to look at where there are no orders. */
const ofOrdersAlone = ["carried", "orders", "answers", "lines"]

describe("audit of a sound journal", () => {
  it("passes a story with a bit of everything, and looked at something with every checker", () => {
    const acknowledged = [{ sender: web, sku, id: reserveA.id }]
    const report = auditOf(operated(), { replies: heardReplies(), values: heardValues(), acknowledged })
    expect(report.violations).toEqual([])
    expect(report.ok).toBe(true)
    const unlooked = Object.entries(report.checked).filter(([, things]) => things === 0)
    expect(unlooked.map(([checker]) => checker)).toEqual(ofOrdersAlone)
    expect(report.unchecked).toEqual({ replies: 0, feed: 0 })
  })

  it("passes each part of it, and an empty journal", () => {
    for (const written of [journal(), opened(), traded(), counted()]) expect(auditOf(written).violations).toEqual([])
    expect(auditStored([]).ok).toBe(true)
  })

  it("passes two partitions", () => {
    const first = seal(opened().records)
    const second = seal(journal(1).records)
    expect(foundBy(auditStored([first, second]))).toEqual([])
  })

  it("sums up what came, was sold, is open and was refused", () => {
    const { totals } = auditOf(operated())
    expect(totals).toMatchObject({
      records: 22,
      skus: 1,
      receivedQty: 23,
      adjustedQty: -6,
      soldQty: 3,
      fulfilledQty: 2,
      takenQty: 1,
      reservedQty: 7,
      owedQty: 4,
      releasedQty: 1,
      expiredQty: 2,
      onHandQty: 14,
      heldOpenQty: 0,
      confirmedOpenQty: 8,
      shortageQty: 0,
      oversoldQty: 0,
      refusedBy: { IdReused: 1, InsufficientStock: 1, Malformed: 1, ReservationExpired: 1, TooOld: 1 },
      discrepancyQtyBy: { NotInStatus: 1, Oversold: 2 },
      shortagesFound: 2,
      inQuarantine: 0,
      expired: 1,
      repeated: 1,
      quarantined: 2,
      lost: 0,
      contradicted: 0,
    })
  })

  it("keeps only so many violations in detail and counts them all", () => {
    const report = auditOf(traded(), { values: Array.from({ length: 300 }, () => ({ channel: till, sku, ats: 99, version: 4 })) })
    expect(report.violations).toHaveLength(100)
    expect(report.violationsBy.feed).toBe(599)
  })
})
