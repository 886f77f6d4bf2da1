import { describe, expect, it } from "vitest"
import { playLastUnits } from "../../load/chaos/last-units.ts"
import { withRig } from "../../load/chaos/rig.ts"
import { leaseTtlMs, say, timeoutMs } from "./small.ts"

describe("the last 10 units of a SKU", () => {
  it(
    "go to exactly 10 of 200 clients that ask at once, and all others hear a refusal",
    async () => {
      const options = { rounds: 5, clients: 200, units: 10 }
      const report = await withRig({ partitions: 4, workers: 2, leaseTtlMs }, (rig) => playLastUnits(rig, options, say))
      expect(report).toMatchObject({ broken: [], promisedQty: 50, refused: 950 })
    },
    timeoutMs,
  )
})
