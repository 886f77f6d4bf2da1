import { describe, expect, it } from "vitest"
import { withRig } from "../../load/chaos/rig.ts"
import { playZombie } from "../../load/chaos/zombie.ts"
import { leaseTtlMs, say, timeoutMs, traffic } from "./small.ts"

describe("a worker that is stopped for longer than its lease, and woken", () => {
  it(
    "has its appends refused, steps down, and loses or contradicts nothing",
    async () => {
      const report = await withRig({ partitions: 4, workers: 2, leaseTtlMs }, (rig) => playZombie(rig, traffic, 2 * leaseTtlMs, say))
      expect(report.broken).toEqual([])
      expect(report.fencedAppends).toBeGreaterThan(0)
    },
    timeoutMs,
  )
})
