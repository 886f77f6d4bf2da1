/**
 * Postgres is ended in the middle of a sale, and started again, in turns: decisions have to go on at the rate beside it, and the tables to catch up afterwards. Rates are of windows of one run, each away-window against the two
 * around it. Ends with 0 if the median of the ratios is at least `--ratio`, the tables catch up and the audit of them finds nothing.
 */
import { counted } from "../src/domain/telling.ts"
import { type EmbeddedPostgres, startPostgres } from "../src/postgres/embedded.ts"
import { type Rig, withRig } from "./chaos/rig.ts"
import { startTraffic, type Traffic } from "./chaos/traffic.ts"
import { auditOf, untilCaughtUp } from "./projector/tables.ts"
import { scriptOptions } from "./stage/options.ts"

const values = scriptOptions("Postgres ended in the middle of a sale: decisions go on at the rate beside it.", {
  turns: { fallback: "3", help: "how often it is ended", whole: 1 },
  seconds: { fallback: "10", help: "how long each window is", whole: 1 },
  buyers: { fallback: "48", help: "buyers at once", whole: 1 },
  skus: { fallback: "40", help: "SKUs that they buy", whole: 1 },
  partitions: { fallback: "4", help: "partitions of the cluster", whole: 1 },
  ratio: { fallback: "0.95", help: "the least share of the rate beside it", decimal: true },
})
const violations = 3
const patienceMs = 300_000

/** Decisions a second in one window. */
const rateOf = async (traffic: Traffic): Promise<number> => {
  const before = traffic.answered.commands
  const began = performance.now()
  await new Promise((resolve) => setTimeout(resolve, Number(values.seconds) * 1_000))
  return ((traffic.answered.commands - before) * 1_000) / (performance.now() - began)
}

const median = (numbers: ReadonlyArray<number>): number => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

const play = async (rig: Rig, server: EmbeddedPostgres): Promise<boolean> => {
  const traffic = await startTraffic(rig, { seed: 1, skus: Number(values.skus), buyers: Number(values.buyers), retryMs: 2_000 })
  await rig.startProjector(server.url)
  await untilCaughtUp(rig, server.url, patienceMs)
  const ratios: Array<number> = []
  let before = await rateOf(traffic)
  for (let turn = 0; turn < Number(values.turns); turn++) {
    await server.kill("SIGINT")
    const away = await rateOf(traffic)
    await server.restart()
    const after = await rateOf(traffic)
    ratios.push((2 * away) / (before + after))
    console.log(`beside ${Math.round(before)}/s and ${Math.round(after)}/s, away ${Math.round(away)}/s: ${ratios.at(-1)?.toFixed(2)}`)
    before = after
  }
  await traffic.stop()
  console.log(
    `caught up after ${((await untilCaughtUp(rig, server.url, patienceMs)) / 1_000).toFixed(1)} s; ${counted(traffic.answered.commands, "command")} answered`,
  )
  const { code, printed } = await auditOf(rig, server.url)
  console.log(printed.trim())
  const ratio = median(ratios)
  console.log(`ratio ${ratio.toFixed(2)} (at least ${values.ratio})`)
  return code === 0 && ratio >= Number(values.ratio)
}

const server = await startPostgres()
try {
  const isOk = await withRig({ partitions: Number(values.partitions), workers: 2, leaseTtlMs: 3_000 }, (rig) => play(rig, server))
  console.log(isOk ? "OK: decisions don't wait for Postgres" : "FAILED")
  process.exitCode = isOk ? 0 : violations
} finally {
  await server.stop()
}
