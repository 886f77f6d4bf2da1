import { describe, expect, it } from "vitest"
import { playDeadWorker } from "../../load/chaos/dead-worker.ts"
import { playHandover } from "../../load/chaos/handover.ts"
import { withRig } from "../../load/chaos/rig.ts"
import { leaseTtlMs, say, timeoutMs, traffic } from "./small.ts"

describe("a worker that is killed under load", () => {
  it(
    "is replaced when its lease has run out; what it had decided is said, and nothing is lost or contradicted",
    async () => {
      const report = await withRig({ partitions: 4, workers: 2, leaseTtlMs }, (rig) => playDeadWorker(rig, traffic, say))
      expect(report.broken).toEqual([])
    },
    timeoutMs,
  )
})

describe("a worker that is told to leave under load", () => {
  // Nobody could wait for such a lease to run out: the partitions are served again only because they were handed over.
  const longLeaseTtlMs = 60_000

  it(
    "hands its partitions over at once, says all that it decided, and ends with code 0",
    async () => {
      const report = await withRig({ partitions: 4, workers: 2, leaseTtlMs: longLeaseTtlMs }, (rig) => playHandover(rig, traffic, say))
      expect(report.broken).toEqual([])
      expect(report.exitCode).toBe(0)
    },
    timeoutMs,
  )
})
