import { describe, expect, it } from "vitest"
import { withRig } from "../../load/chaos/rig.ts"
import { playLoneZombie, playZombie } from "../../load/chaos/zombie.ts"
import { leaseTtlMs, say, timeoutMs, traffic } from "./small.ts"

const playsMax = 5

describe("a worker that is stopped for longer than its lease, and woken", () => {
  it(
    "gives up what another has taken over, keeps the state wherever it had nothing under way, and loses or contradicts nothing",
    async () => {
      // Whether it was stopped with records that had not left it yet is not ours to choose: played until one partition had none.
      let kept = 0
      for (let play = 1; play <= playsMax && kept === 0; play++) {
        const report = await withRig({ partitions: 4, workers: 2, leaseTtlMs }, (rig) => playZombie(rig, traffic, 2 * leaseTtlMs, say))
        expect(report.broken).toEqual([])
        kept = report.kept
      }
      expect(kept).toBeGreaterThan(0)
    },
    playsMax * timeoutMs,
  )

  it(
    "serves again with all that it knew where nobody else is there",
    async () => {
      const report = await withRig({ partitions: 4, workers: 1, leaseTtlMs }, (rig) => playLoneZombie(rig, traffic, 2 * leaseTtlMs, say))
      expect(report.broken).toEqual([])
      expect(report).toMatchObject({ fencedAppends: 0, thrownAway: 0 })
      expect(report.kept).toBeGreaterThanOrEqual(4)
    },
    timeoutMs,
  )
})
