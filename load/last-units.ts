/**
 * `npm run last-units`: 200 clients for the last 10 units of a SKU, a hundred times over, on a real nats-server and two workers. Ends with code 0 if in each
 * round exactly those units were promised and everybody else was refused, with 3 otherwise.
 */

import { counted } from "../src/domain/telling.ts"
import { playLastUnits } from "./chaos/last-units.ts"
import { withRig } from "./chaos/rig.ts"
import { scriptOptions } from "./stage/options.ts"

const values = scriptOptions("Many clients for the last units of a SKU, again and again.", {
  rounds: { fallback: "100", help: "how often", whole: 1 },
  clients: { fallback: "200", help: "clients in a round", whole: 1 },
  units: { fallback: "10", help: "units in a round", whole: 1 },
})
const options = { rounds: Number(values.rounds), clients: Number(values.clients), units: Number(values.units) }

const startedMs = performance.now()
const { broken, rounds, promisedQty, refused } = await withRig({ partitions: 8, workers: 2, leaseTtlMs: 3_000 }, (rig) =>
  playLastUnits(rig, options, (line) => console.log(line)),
)
for (const one of broken) console.log(`BROKEN: ${one}`)
const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1)
console.log(
  broken.length === 0
    ? `OK: ${promisedQty} units promised in ${rounds} rounds, ${options.units} in each; ${refused} clients were refused. ${seconds} s`
    : `FAILED: ${counted(broken.length, "finding")}. ${seconds} s`,
)
process.exitCode = broken.length === 0 ? 0 : 3
