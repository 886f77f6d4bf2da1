import { describe, expect, it } from "vitest"
import { withRig } from "../../load/chaos/rig.ts"
import { playZombie } from "../../load/chaos/zombie.ts"
import { leaseTtlMs, say, timeoutMs, traffic } from "./small.ts"

const playsMax = 5

describe("a worker that is stopped for longer than its lease, and woken", () => {
  it(
    "has its appends refused, steps down, and loses or contradicts nothing",
    async () => {
      // Whether it was stopped with an append under way, or between two, is not ours to choose: played until an append of it was refused.
      let fencedAppends = 0
      for (let play = 1; play <= playsMax && fencedAppends === 0; play++) {
        const report = await withRig({ partitions: 4, workers: 2, leaseTtlMs }, (rig) => playZombie(rig, traffic, 2 * leaseTtlMs, say))
        expect(report.broken).toEqual([])
        fencedAppends = report.fencedAppends
      }
      expect(fencedAppends).toBeGreaterThan(0)
    },
    playsMax * timeoutMs,
  )
})
