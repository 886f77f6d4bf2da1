/**
 * The nats-server is killed while commands are under way, and started again, or stopped and woken. What was in flight is unknown to everybody until it is back; then each
 * command must have one decision, and each client must hear it.
 */

import { counted } from "../../src/domain/telling.ts"
import { isServedBy, type Rig, until } from "./rig.ts"
import { startTraffic, type TrafficOptions } from "./traffic.ts"
import { endAndJudge, type Say, type Verdict } from "./verdict.ts"

export interface ServerLossReport extends Verdict {
  /** Appends that were in flight when it died, and had to be looked up in the journal. */
  readonly appendsUnknown: number
  /** Commands answered after the last loss. */
  readonly answeredAfter: number
}

/** What is done to the server, and for how long it is away, in milliseconds. */
export interface Loss {
  readonly signal: "SIGKILL" | "SIGSTOP"
  readonly awayMs: number
}

const lose = async ({ server }: Rig, { signal, awayMs }: Loss): Promise<void> => {
  await server.kill(signal)
  const lostAtMs = performance.now()
  await until("the server was away for long enough", () => performance.now() - lostAtMs >= awayMs)
  if (signal === "SIGSTOP") await server.kill("SIGCONT")
  else await server.restart()
}

/** Plays on `rig`: the server is lost again and again, each time in the middle of the traffic. */
export const playServerLoss = async (
  rig: Rig,
  traffic: TrafficOptions,
  losses: ReadonlyArray<Loss>,
  say: Say,
): Promise<ServerLossReport> => {
  const market = await startTraffic(rig, traffic)
  let answeredBefore = 0
  for (const loss of losses) {
    await market.more(500)
    answeredBefore = market.answered.commands
    const pid = rig.server.pid()
    const losing = lose(rig, loss)
    say(`${loss.signal} to nats-server (pid ${pid}) after ${answeredBefore} commands, with ${market.underWay()} under way`)
    await losing
    const backAtMs = performance.now()
    await market.more(1)
    await until("every partition is served again", () => isServedBy(rig))
    const back = `${Math.round(performance.now() - backAtMs)} ms later every partition is served`
    say(`back after ${loss.awayMs} ms (pid ${rig.server.pid()}); ${back}`)
  }
  await market.more(500)
  const counts = await Promise.all(rig.workers.map(({ metric }) => metric("holdfast_appends_unknown_total")))
  const appendsUnknown = counts.reduce((sum, count) => sum + count, 0)
  const verdict = await endAndJudge(rig, market)
  const { commands, slowestMs } = market.answered
  say(
    `${counted(appendsUnknown, "append")} ${appendsUnknown === 1 ? "was" : "were"} unknown until the journal was read; ${counted(commands, "command")}, the slowest answered after ${Math.round(slowestMs)} ms`,
  )
  return { appendsUnknown, answeredAfter: commands - answeredBefore, ...verdict }
}
