import { describe, expect, it } from "vitest"
import { withRig } from "../../load/chaos/rig.ts"
import { playServerLoss } from "../../load/chaos/server-loss.ts"
import { leaseTtlMs, say, timeoutMs, traffic } from "./small.ts"

describe("a nats-server that is killed under load and started again", () => {
  const losses = [
    { signal: "SIGKILL", awayMs: 0 },
    { signal: "SIGKILL", awayMs: 2 * leaseTtlMs },
  ] as const

  it(
    "leaves each command with one decision, which its sender hears",
    async () => {
      const report = await withRig({ partitions: 4, workers: 2, leaseTtlMs }, (rig) =>
        playServerLoss(rig, { ...traffic, retryMs: 500 }, losses, say),
      )
      expect(report.broken).toEqual([])
      expect(report.answeredAfter).toBeGreaterThan(0)
    },
    timeoutMs,
  )
})
