/**
 * `npm run restore-drill`: channels sell beside rounds of the archive; then the server is killed and its disk is gone, and everything is brought back from the archive as an operator does it. Ends with 0 if what was
 * decided before the archive's end is decided as it was, nothing is sold twice by what the journals know, the audit finds nothing, and tables made anew equal the journals; with 3 otherwise.
 */
import { playDrill } from "./restore/drill.ts"
import { scriptOptions } from "./stage/options.ts"
import { say } from "./stage/show.ts"

const values = scriptOptions(
  "All disks are lost while channels sell; journals, tables and decisions come back from the archive.",
  {
    buyers: { fallback: "24", help: "buyers at once", whole: 1 },
    skus: { fallback: "40", help: "SKUs that they buy", whole: 3 },
    partitions: { fallback: "4", help: "partitions of each kind", whole: 1 },
    rounds: { fallback: "5", help: "rounds of the archive before the disks are lost", whole: 1 },
    "round-ms": { fallback: "3000", help: "milliseconds of selling before each", whole: 1 },
    seed: { fallback: "1", help: "of the traffic", whole: 0 },
  },
  { switches: { "cut-short": "lose the disks in the middle of one more round" } },
)
const violations = 3
/** Names of what was lost that are printed. */
const namesShown = 10

const report = await playDrill({
  seed: Number(values.seed),
  buyers: Number(values.buyers),
  skus: Number(values.skus),
  partitions: Number(values.partitions),
  rounds: Number(values.rounds),
  roundEveryMs: Number(values["round-ms"]),
  isCutShort: values["cut-short"],
  say,
})
const { counts } = report
const rows: ReadonlyArray<readonly [string, string | number]> = [
  ["commands sent before the loss", counts.sent],
  ["  decided, and heard so", counts.heard],
  ["  decided in what the archive holds", counts.archived],
  ["    asked again: the same decision", counts.sameAgain],
  ["  heard, and lost with the disks", counts.lost],
  ["    accepted: promised", counts.lostPromises],
  ["    asked again: no longer accepted", counts.brokenPromises],
  ["records audited in the end", report.records],
  ["rebuilt in", `${(report.rebuildMs / 1_000).toFixed(1)} s`],
]
for (const [what, figure] of rows) console.log(`${what.padEnd(40)}${String(figure).padStart(10)}`)
if (report.lostNames.length > 0) {
  console.log("lost:")
  for (const name of report.lostNames.slice(0, namesShown)) console.log(`  ${name}`)
  if (report.lostNames.length > namesShown) console.log(`  and ${report.lostNames.length - namesShown} more`)
}
for (const one of report.broken.slice(0, 20)) console.log(`BROKEN: ${one}`)
console.log(report.broken.length === 0 ? "OK: all is back that the archive held" : `FAILED: ${report.broken.length} findings`)
process.exitCode = report.broken.length === 0 ? 0 : violations
