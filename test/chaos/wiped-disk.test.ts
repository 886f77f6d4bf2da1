import { describe, expect, it } from "vitest"
import { withClusterRig } from "../../load/chaos/cluster-rig.ts"
import { playWipedDisk } from "../../load/chaos/wiped-disk.ts"
import { leaseTtlMs, say, timeoutMs } from "./small.ts"

describe("a server of three that loses its disk with facts undecided", () => {
  it(
    "keeps nobody from deciding them",
    async () => {
      const partitions = 2
      // How long each stood still is for `npm run chaos -- wiped-disk`, on a machine that does nothing else. Here everything has to be decided in the end.
      const report = await withClusterRig({ servers: 3, partitions, leaseTtlMs }, (rig) => playWipedDisk(rig, 8 * 1_048_576, say))
      expect(report.silentMs).toHaveLength(partitions)
    },
    timeoutMs,
  )
})
