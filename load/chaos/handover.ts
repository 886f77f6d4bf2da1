/**
 * A worker is told to leave while commands are under way. It must end in an orderly way, its partitions must be served at once by others, and nothing that
 * it decided may stay unsaid: the clients of this traffic don't ask again by themselves.
 */

import { counted } from "../../src/domain/telling.ts"
import { busiest, isServedBy, type Rig, until } from "./rig.ts"
import { startTraffic, type TrafficOptions } from "./traffic.ts"
import { endAndJudge, type Say, type Verdict } from "./verdict.ts"

export interface HandoverReport extends Verdict {
  readonly exitCode: number | null
  /** From the signal until its process had ended, and until the others served every partition. */
  readonly endedMs: number
  readonly servedMs: number
  /** The slowest answer of all: nobody waited for a lease to run out. */
  readonly slowestMs: number
}

/** Plays on `rig`. */
export const playHandover = async (rig: Rig, traffic: TrafficOptions, say: Say): Promise<HandoverReport> => {
  const market = await startTraffic(rig, traffic)
  await market.more(500)
  const { worker: leaver, partitions } = await busiest(rig)
  const others = rig.workers.filter((worker) => worker !== leaver)
  say(`SIGTERM to ${leaver.name} (pid ${leaver.pid}), owner of ${partitions} partitions, with ${market.underWay()} commands under way`)
  const beganMs = performance.now()
  const leaving = leaver.stop().then((exitCode) => ({ exitCode, endedMs: performance.now() - beganMs }))
  const [left, servedMs] = await Promise.all([leaving, until("the others serve every partition", () => isServedBy(rig, others))])
  say(
    `it ended after ${Math.round(left.endedMs)} ms with code ${left.exitCode}; after ${Math.round(servedMs)} ms the others served everything`,
  )
  await market.more(500)
  await rig.startWorker(leaver.name)
  await until(
    "the worker that came back serves again",
    async () => (await isServedBy(rig)) && (await rig.look()).owners.includes(leaver.name),
  )
  await market.more(500)
  say(`${leaver.name} came back and serves again`)
  const verdict = await endAndJudge(rig, market)
  const { slowestMs } = market.answered
  say(`${counted(market.answered.commands, "command")}, the slowest answered after ${Math.round(slowestMs)} ms`)
  return { ...left, servedMs, slowestMs, ...verdict }
}
