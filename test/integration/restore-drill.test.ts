/** A small restore drill: everything is lost while channels sell, and what the archive held comes back, on real servers, workers and tables. */
import { describe, expect, it } from "vitest"
import { playDrill } from "../../load/restore/drill.ts"
import { startTimeoutMs } from "./real-cluster.ts"

const small = { seed: 3, buyers: 6, skus: 12, partitions: 2, rounds: 1, roundEveryMs: 1_500, say: () => undefined }

describe("all disks are lost while channels sell", () => {
  it.each([
    { when: "after a round of the archive", isCutShort: false },
    { when: "in the middle of a round", isCutShort: true },
  ])(
    "$when: what the archive held is decided as it was, nothing is sold twice, and tables of what is lost are refused",
    async ({ isCutShort }) => {
      const { broken, counts } = await playDrill({ ...small, isCutShort })
      expect(broken).toEqual([])
      expect(counts.archived).toBeGreaterThan(0)
      expect(counts.sameAgain).toBe(counts.archived)
      expect(counts.lost).toBeGreaterThan(0)
    },
    // A drill is two starts of everything and more: 40 s alone, minutes beside all other tests.
    2 * startTimeoutMs,
  )
})
