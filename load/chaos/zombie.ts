/**
 * A worker is stopped for longer than its lease while commands are under way, and woken when another has taken over: it wakes believing that it is the
 * owner, with commands in its buffers. What it appends must be refused, it must step down, and nothing may be lost or contradicted.
 */
import { busiest, isServedBy, type Rig, type RigWorker, until } from "./rig.ts"
import { startTraffic, type TrafficOptions } from "./traffic.ts"
import { endAndJudge, type Say, type Verdict } from "./verdict.ts"

export interface ZombieReport extends Verdict {
  /** Appends of the woken worker that were refused because another reigned. */
  readonly fencedAppends: number
  /** Partitions that it gave up, whether it had tried to append or had heard before that its lease was lost. */
  readonly stepDowns: number
}

const fencedAppends = (worker: RigWorker) => worker.metric("holdfast_fenced_appends_total")
const stepDowns = (worker: RigWorker) => worker.metric("holdfast_step_downs_total")

/** Plays on `rig`. The worker is stopped for `stoppedMs`, or for longer if the others take longer. */
export const playZombie = async (rig: Rig, traffic: TrafficOptions, stoppedMs: number, say: Say): Promise<ZombieReport> => {
  const market = await startTraffic(rig, traffic)
  await market.more(500)
  // Counted before it is known what the zombie owns: what it loses in between counts as given up, and is not waited for.
  const counted = new Map<RigWorker, { readonly fencedAppends: number; readonly stepDowns: number }>()
  for (const worker of rig.workers) counted.set(worker, { fencedAppends: await fencedAppends(worker), stepDowns: await stepDowns(worker) })
  const { worker: zombie, partitions } = await busiest(rig)
  const others = rig.workers.filter((worker) => worker !== zombie)
  const before = counted.get(zombie) ?? { fencedAppends: 0, stepDowns: 0 }
  zombie.signal("SIGSTOP")
  const stoppedAtMs = performance.now()
  say(`SIGSTOP to ${zombie.name} (pid ${zombie.pid}), owner of ${partitions} partitions, with ${market.underWay()} commands under way`)
  const takenOverMs = await until("the others serve every partition", () => isServedBy(rig, others))
  say(`after ${Math.round(takenOverMs)} ms the others serve all ${rig.options.partitions} partitions (lease: ${rig.options.leaseTtlMs} ms)`)
  await market.more(500)
  await until("it was stopped for long enough", () => performance.now() - stoppedAtMs >= stoppedMs)
  zombie.signal("SIGCONT")
  say(`SIGCONT after ${Math.round(performance.now() - stoppedAtMs)} ms`)
  const gaveUp = async () => (await stepDowns(zombie)) - before.stepDowns
  await until("the woken worker has given up every partition it had", async () => (await gaveUp()) >= partitions)
  const report = { fencedAppends: (await fencedAppends(zombie)) - before.fencedAppends, stepDowns: await gaveUp() }
  say(`it stepped down from ${report.stepDowns} partitions, from ${report.fencedAppends} of them because its append was refused`)
  await until("the woken worker serves again", async () => (await rig.look()).owners.includes(zombie.name) && (await isServedBy(rig)))
  await market.more(500)
  say(`${zombie.name} serves again what it gave up`)
  return { ...report, ...(await endAndJudge(rig, market)) }
}
