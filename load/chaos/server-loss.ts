/**
 * The nats-server is killed while commands are under way, and started again. What was in flight is unknown to everybody until it is back; then each
 * command must have one decision, and each client must hear it.
 */
import { isServedBy, type Rig, until } from "./rig.ts"
import { startTraffic, type TrafficOptions } from "./traffic.ts"
import { endAndJudge, type Say, type Verdict } from "./verdict.ts"

export interface ServerLossReport extends Verdict {
  /** Appends that were in flight when it died, and had to be looked up in the journal. */
  readonly appendsUnknown: number
  /** Commands answered after the last loss. */
  readonly answeredAfter: number
}

/** Plays on `rig`: the server dies `times` times, each in the middle of the traffic. */
export const playServerLoss = async (rig: Rig, traffic: TrafficOptions, times: number, say: Say): Promise<ServerLossReport> => {
  const market = await startTraffic(rig, traffic)
  let answeredBefore = 0
  for (let time = 1; time <= times; time++) {
    await market.more(500)
    answeredBefore = market.answered.commands
    const pid = rig.server.pid()
    await rig.server.kill("SIGKILL")
    say(`SIGKILL to nats-server (pid ${pid}) after ${answeredBefore} commands, with ${market.underWay()} under way`)
    await rig.server.restart()
    const servedMs = await until("every partition is served again", () => isServedBy(rig))
    await market.more(1)
    say(`started again (pid ${rig.server.pid()}); ${Math.round(servedMs)} ms later every partition is served`)
  }
  await market.more(500)
  const counts = await Promise.all(rig.workers.map(({ metric }) => metric("holdfast_appends_unknown_total")))
  const appendsUnknown = counts.reduce((sum, count) => sum + count, 0)
  const verdict = await endAndJudge(rig, market)
  const { commands, slowestMs } = market.answered
  say(
    `${appendsUnknown} appends were unknown until the journal was read; ${commands} commands, the slowest answered after ${Math.round(slowestMs)} ms`,
  )
  return { appendsUnknown, answeredAfter: commands - answeredBefore, ...verdict }
}
