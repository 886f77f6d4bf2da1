import { cpSync } from "node:fs"
import { withClusterRig } from "./chaos/cluster-rig.ts"
import { playWipedDisk } from "./chaos/wiped-disk.ts"

const t0 = performance.now()
const r = await withClusterRig({ servers: 3, partitions: 4, leaseTtlMs: 3000 }, async (rig) => {
  const r = await playWipedDisk(rig, Number(process.argv[2]) * 1048576, (l) => console.log(((performance.now() - t0) / 1000).toFixed(1), l))
  cpSync(rig.folder, "/tmp/liv/logs-" + process.argv[3], { recursive: true })
  return r
})
console.log(r)
process.exit(0)
