import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { saleOf } from "../../../src/cli/demo/sale.ts"
import { type Scene, sceneBlock, sceneLine } from "../../../src/cli/demo/tables.ts"

describe("what the demo plays", () => {
  it("is counted alike in its headline and in its progress: orders of one line, of several, and facts", async () => {
    const sale = await Effect.runPromise(saleOf({ _tag: "FlashSale", seed: "7", skus: 12, orders: 200, windowMs: 4_000 }))
    const scene: Scene = {
      elapsedMs: 1_000,
      flows: sale.traffic.flows.length,
      played: { flowsEnded: 50 } as Scene["played"],
      perSecond: 9,
      hotSku: sale.hotSku,
      hotAts: 3,
      sight: { owners: [null], orderOwners: [null], openHolds: 0, underWay: 0, lag: 0, halts: [] },
      stage: "selling",
    }
    expect(sale.title).toBe(
      "flash sale from seed 7: 212 orders and facts (200 of one line, 10 of several, 2 facts of the warehouse) of 12 SKUs in 4 s",
    )
    expect(sceneLine(scene)).toContain("| 50 of 212 orders and facts through |")
    expect(sceneBlock(scene).join("\n")).toMatch(/orders and facts through +50 +of 212/)
  })
})
