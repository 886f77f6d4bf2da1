/** That the simulator's invented traffic leaves no type of command out. */
import { describe, expect, it } from "vitest"
import { drawOptions, profiles } from "../../../sim/profiles.ts"
import { saleOf } from "../../../sim/run.ts"
import { skuKind } from "../../../src/domain/sku/index.ts"

describe("the traffic of a world", () => {
  it("has every type of command in it that a SKU decides; operators' are sent by what they see", () => {
    const sent = new Set<string>()
    for (const seed of ["1", "2", "3", "4"]) {
      const { setup, flows } = saleOf(seed, drawOptions(seed, profiles["flash-sale"]).drawn)
      for (const { command } of [...setup, ...flows.flatMap(({ sends }) => sends)]) sent.add(command.type)
    }
    const decided = skuKind.commands.filter((spec) => spec.decide !== null).map(({ type }) => type)
    expect([...sent].sort()).toEqual([...decided].sort())
  })
})
