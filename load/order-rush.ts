/**
 * `npm run order-rush`: 50 clients place overlapping orders of three lines over ten scarce SKUs, 200 rounds, on a real nats-server and two workers of which one is killed every ten seconds. Ends with code 0 if
 * at rest no unit is held by nobody's order, none was sold twice and every order had one answer, with 3 otherwise.
 */
import { counted } from "../src/domain/telling.ts"
import { playOrderRush } from "./chaos/order-rush.ts"
import { withRig } from "./chaos/rig.ts"
import { scriptOptions } from "./stage/options.ts"

const values = scriptOptions("Many clients place overlapping orders over a few scarce SKUs, while workers are killed.", {
  rounds: { fallback: "200", help: "how often", whole: 1 },
  clients: { fallback: "50", help: "clients, each with one order in a round", whole: 1 },
  skus: { fallback: "10", help: "SKUs", whole: 3 },
  units: { fallback: "8", help: "units of each SKU for a round", whole: 1 },
  "kill-every": { fallback: "10", help: "seconds between two kills", whole: 1 },
})
const options = {
  rounds: Number(values.rounds),
  clients: Number(values.clients),
  skus: Number(values.skus),
  units: Number(values.units),
  killEveryMs: Number(values["kill-every"]) * 1_000,
}

const startedMs = performance.now()
const { broken, orders, held, refused, confirmedQty, kills, answeredMs } = await withRig(
  { partitions: 4, workers: 2, leaseTtlMs: 3_000 },
  (rig) => playOrderRush(rig, options, (line) => console.log(line)),
)
for (const one of broken.slice(0, 20)) console.log(`BROKEN: ${one}`)
const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1)
console.log(
  `answered after ${answeredMs.median} ms (median), ${answeredMs.p99} ms (99 of 100), ${answeredMs.max} ms (slowest); ${counted(kills, "worker")} killed`,
)
console.log(
  broken.length === 0
    ? `OK: ${orders} orders, ${held} held, ${refused} refused; ${confirmedQty} units are confirmed orders', and no others are reserved. ${seconds} s`
    : `FAILED: ${counted(broken.length, "finding")}. ${seconds} s`,
)
process.exitCode = broken.length === 0 ? 0 : 3
