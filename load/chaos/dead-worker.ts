/**
 * A worker is killed while commands are under way. The others must take over what it owned, and say what it had decided and not said: the
 * clients of this traffic don't ask again by themselves.
 */

import { counted } from "../../src/domain/telling.ts"
import { busiest, isServedBy, type Rig, until } from "./rig.ts"
import { startTraffic, type TrafficOptions } from "./traffic.ts"
import { endAndJudge, type Say, type Verdict } from "./verdict.ts"

export interface DeadWorkerReport extends Verdict {
  /** From the kill until the others served every partition. */
  readonly takenOverMs: number
}

/** Plays on `rig`. */
export const playDeadWorker = async (rig: Rig, traffic: TrafficOptions, say: Say): Promise<DeadWorkerReport> => {
  const market = await startTraffic(rig, traffic)
  await market.more(500)
  const { worker: victim, partitions } = await busiest(rig)
  victim.signal("SIGKILL")
  say(`SIGKILL to ${victim.name} (pid ${victim.pid}), owner of ${partitions} partitions, with ${market.underWay()} commands under way`)
  const others = rig.workers.filter((worker) => worker !== victim)
  const takenOverMs = await until("the others serve every partition", () => isServedBy(rig, others))
  say(`after ${Math.round(takenOverMs)} ms the others serve all ${rig.options.partitions} partitions (lease: ${rig.options.leaseTtlMs} ms)`)
  await market.more(500)
  const verdict = await endAndJudge(rig, market)
  say(`${counted(market.answered.commands, "command")}, the slowest answered after ${Math.round(market.answered.slowestMs)} ms`)
  return { takenOverMs, ...verdict }
}
