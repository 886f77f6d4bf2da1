/** What a decision about an order weighs as long as it is held as it is. */
import { expect, it } from "vitest"
import type { Sku } from "../../../src/domain/names.ts"
import type { OrderId } from "../../../src/domain/order/names.ts"
import { weightOf } from "../../../src/kinds/order/outcomes.ts"

it("weighs one, and one for each line that it tells of", () => {
  const order = "o-1" as OrderId
  const lines = Array.from({ length: 1_000 }, (_, n) => ({ sku: `S${n}` as Sku, outcome: "held", qty: 1 }) as const)
  expect(weightOf({ outcome: "accepted" })).toBe(1)
  expect(weightOf({ outcome: "accepted", order })).toBe(1)
  expect(weightOf({ outcome: "accepted", order, lines })).toBe(1_001)
  expect(weightOf({ outcome: "refused", reason: "UnknownOrder" })).toBe(1)
})
