/**
 * A worker is stopped for longer than its lease while commands are under way, and woken when another has taken over: it wakes believing that it is the
 * owner, with commands in its buffers. What it appends must be refused, it must give up what it owned, and nothing may be lost or contradicted. Nor may it read anew what it knew: only a
 * partition where it had handed over a record that another's stands in the place of costs it the state.
 */
import { busiest, isServedBy, type Rig, type RigWorker, until } from "./rig.ts"
import { startTraffic, type TrafficOptions } from "./traffic.ts"
import { endAndJudge, type Say, type Verdict } from "./verdict.ts"

export interface ZombieReport extends Verdict {
  /** Appends of the woken worker that were refused because another reigned. */
  readonly fencedAppends: number
  /** Partitions that it gave up: with their state kept, and with it thrown away. */
  readonly kept: number
  readonly thrownAway: number
}

interface GivenUp {
  readonly fencedAppends: number
  readonly kept: number
  readonly thrownAway: number
}

/** Fenced ones last: each is counted when a state is thrown away for it, and a page is as of when it is asked for. */
const givenUpBy = async (worker: RigWorker): Promise<GivenUp> => {
  const kept = await worker.metric("holdfast_step_downs_total", 'state="kept"')
  const thrownAway = await worker.metric("holdfast_step_downs_total", 'state="thrownAway"')
  return { kept, thrownAway, fencedAppends: await worker.metric("holdfast_fenced_appends_total") }
}

const since = (now: GivenUp, before: GivenUp): GivenUp => ({
  fencedAppends: now.fencedAppends - before.fencedAppends,
  kept: now.kept - before.kept,
  thrownAway: now.thrownAway - before.thrownAway,
})

const none: GivenUp = { fencedAppends: 0, kept: 0, thrownAway: 0 }

/** What of it is no more than a lost lease should cost: the state of partitions where it had no append under way. */
const costs = ({ kept, thrownAway, fencedAppends }: GivenUp): ReadonlyArray<string> =>
  thrownAway > fencedAppends
    ? [`it threw the state of ${thrownAway} partitions away, kept ${kept}, and was fenced in ${fencedAppends}`]
    : []

/** Plays on `rig`. The worker is stopped for `stoppedMs`, or for longer if the others take longer. */
export const playZombie = async (rig: Rig, traffic: TrafficOptions, stoppedMs: number, say: Say): Promise<ZombieReport> => {
  const market = await startTraffic(rig, traffic)
  await market.more(500)
  // Counted before it is known what the zombie owns: what it loses in between counts as given up, and is not waited for.
  const counted = new Map<RigWorker, GivenUp>()
  for (const worker of rig.workers) counted.set(worker, await givenUpBy(worker))
  const { worker: zombie, partitions } = await busiest(rig)
  const others = rig.workers.filter((worker) => worker !== zombie)
  const before = counted.get(zombie) ?? none
  zombie.signal("SIGSTOP")
  const stoppedAtMs = performance.now()
  say(`SIGSTOP to ${zombie.name} (pid ${zombie.pid}), owner of ${partitions} partitions, with ${market.underWay()} commands under way`)
  const takenOverMs = await until("the others serve every partition", () => isServedBy(rig, others))
  say(`after ${Math.round(takenOverMs)} ms the others serve all ${rig.options.partitions} partitions (lease: ${rig.options.leaseTtlMs} ms)`)
  await market.more(500)
  await until("it was stopped for long enough", () => performance.now() - stoppedAtMs >= stoppedMs)
  zombie.signal("SIGCONT")
  say(`SIGCONT after ${Math.round(performance.now() - stoppedAtMs)} ms`)
  let report = none
  await until("the woken worker has given up every partition it had", async () => {
    report = since(await givenUpBy(zombie), before)
    return report.kept + report.thrownAway >= partitions
  })
  say(
    `it gave up ${report.kept} partitions with their state kept, ${report.thrownAway} with it thrown away; ${report.fencedAppends} were found out by an append`,
  )
  await until("the woken worker serves again", async () => (await rig.look()).owners.includes(zombie.name) && (await isServedBy(rig)))
  await market.more(500)
  say(`${zombie.name} serves again what it gave up`)
  const verdict = await endAndJudge(rig, market)
  return { ...report, ...verdict, broken: [...costs(report), ...verdict.broken] }
}

/** The same of the only worker there is: nobody takes over, its leases are gone when it wakes, and it serves again with all that it knew. */
export const playLoneZombie = async (rig: Rig, traffic: TrafficOptions, stoppedMs: number, say: Say): Promise<ZombieReport> => {
  const market = await startTraffic(rig, traffic)
  await market.more(500)
  const { worker: zombie, partitions } = await busiest(rig)
  const before = await givenUpBy(zombie)
  zombie.signal("SIGSTOP")
  const stoppedAtMs = performance.now()
  say(`SIGSTOP to ${zombie.name} (pid ${zombie.pid}), the only worker, with ${market.underWay()} commands under way`)
  await until("it was stopped for long enough", () => performance.now() - stoppedAtMs >= stoppedMs)
  zombie.signal("SIGCONT")
  let report = none
  await until("the woken worker has given up every partition it had", async () => {
    report = since(await givenUpBy(zombie), before)
    return report.kept + report.thrownAway >= partitions
  })
  const servedMs = await until("the woken worker serves everything again", () => isServedBy(rig))
  say(
    `it gave up ${report.kept} partitions with their state kept, ${report.thrownAway} with it thrown away, and served them all ${Math.round(servedMs)} ms later`,
  )
  await market.more(500)
  const verdict = await endAndJudge(rig, market)
  return { ...report, ...verdict, broken: [...costs(report), ...verdict.broken] }
}
