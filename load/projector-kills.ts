/**
 * A projector is killed (SIGKILL) and Postgres ended and started again, at random moments under load: afterwards the tables have to equal the fold of the journals, row by row, as the auditor sees it on the real
 * database. Ends with 0 if they do, with 3 otherwise.
 */
import { counted } from "../src/domain/telling.ts"
import { type EmbeddedPostgres, startPostgres } from "../src/postgres/embedded.ts"
import { type Prng, prngFromSeed } from "../src/workload/prng.ts"
import { type Rig, until, withRig } from "./chaos/rig.ts"
import { startTraffic } from "./chaos/traffic.ts"
import { auditOf, untilCaughtUp } from "./projector/tables.ts"
import { scriptOptions } from "./stage/options.ts"

const values = scriptOptions("A projector killed and Postgres restarted at random moments under load; the tables must equal the fold.", {
  kills: { fallback: "20", help: "how often the projector is killed", whole: 0 },
  restarts: { fallback: "5", help: "how often Postgres is ended and started again", whole: 0 },
  buyers: { fallback: "24", help: "buyers at once", whole: 1 },
  skus: { fallback: "40", help: "SKUs that they buy", whole: 1 },
  partitions: { fallback: "4", help: "partitions of the cluster", whole: 1 },
  seed: { fallback: "1", help: "of moments and traffic", whole: 0 },
})
const violations = 3
const patienceMs = 300_000

type Blow = "kill" | "restart"

const shuffled = (blows: ReadonlyArray<Blow>, chance: Prng): ReadonlyArray<Blow> => {
  const left = [...blows]
  return blows.map(() => left.splice(chance.below(left.length), 1)[0] ?? "kill")
}

/** How Postgres ends: in order, at once, or killed as a whole. */
const endings = ["SIGINT", "SIGQUIT", "SIGKILL"] as const

const play = async (rig: Rig, server: EmbeddedPostgres): Promise<{ readonly code: number; readonly printed: string }> => {
  const chance = prngFromSeed(Number(values.seed)).stream("blows")
  const traffic = await startTraffic(rig, {
    seed: Number(values.seed),
    skus: Number(values.skus),
    buyers: Number(values.buyers),
    retryMs: 2_000,
  })
  let projector = await rig.startProjector(server.url)
  await traffic.more(100)
  const repeat = (blow: Blow, count: string): ReadonlyArray<Blow> => Array.from({ length: Number(count) }, () => blow)
  for (const blow of shuffled([...repeat("kill", values.kills), ...repeat("restart", values.restarts)], chance)) {
    await new Promise((resolve) => setTimeout(resolve, chance.between(50, 2_500)))
    if (blow === "restart") {
      await server.kill(chance.pick(endings))
      await new Promise((resolve) => setTimeout(resolve, chance.between(0, 1_500)))
      await server.restart()
      continue
    }
    projector.killNow()
    await until("the projector has ended", () => !projector.isRunning())
    projector = await rig.startProjector(server.url)
  }
  await traffic.more(100)
  await traffic.stop()
  const { answered } = traffic
  console.log(
    `${counted(answered.commands, "command")} answered, ${answered.unanswered.length} not, ${answered.contradictions} contradicted`,
  )
  const caughtUpMs = await untilCaughtUp(rig, server.url, patienceMs)
  console.log(`caught up after ${(caughtUpMs / 1_000).toFixed(1)} s`)
  return auditOf(rig, server.url)
}

const server = await startPostgres()
try {
  const { code, printed } = await withRig({ partitions: Number(values.partitions), workers: 2, leaseTtlMs: 3_000 }, (rig) =>
    play(rig, server),
  )
  console.log(printed.trim())
  console.log(code === 0 ? `OK: after ${values.kills} kills and ${values.restarts} restarts the tables equal the fold` : "FAILED")
  process.exitCode = code === 0 ? 0 : violations
} finally {
  await server.stop()
}
