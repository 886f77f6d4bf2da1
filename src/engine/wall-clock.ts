/**
 * Whether the wall clock of this worker is right: compared with the broker's at every tick, and told to people once each time it begins to be wrong.
 *
 * Nothing that is decided depends on that clock. But the machine it belongs to writes logs, checks certificates, and may be a sender's or an ingress's too,
 * whose times are believed; and if it is right after all, the broker's is wrong, on which everything depends.
 */
import type { EpochMs } from "../domain/names.ts"
import { clockOffForMs, clockOffMsMax } from "../limits.ts"
import { brokerNow } from "./broker-clock.ts"
import type { Serving } from "./partition.ts"
import type { Output } from "./protocol.ts"

/** What was last seen of this worker's wall clock. */
export interface WallClock {
  /** Milliseconds by which it was last seen ahead of the broker's; null: not known. */
  aheadMs: number | null
  /** How it is wrong, and since when without a break, on the steady clock; null: it is right. */
  wrong: { readonly kind: "ClockAhead" | "ClockBehind"; readonly sinceMs: EpochMs; isTold: boolean } | null
}

/** It was not looked at yet. */
export const unseenWallClock = (): WallClock => ({ aheadMs: null, wrong: null })

/** Looks at the clock. One renewal that was held up makes a right clock look ahead until the next is heard: so a wrong one is told when it has stayed wrong. */
export const watchClock = ({ reign: { wallClock }, brokerClock }: Serving, nowMs: EpochMs, wallMs: EpochMs): Array<Output> => {
  const brokerMs = brokerNow(brokerClock, nowMs)
  if (brokerMs === null) return []
  const aheadMs = wallMs - brokerMs
  wallClock.aheadMs = aheadMs
  if (Math.abs(aheadMs) <= clockOffMsMax) {
    wallClock.wrong = null
    return []
  }
  const kind = aheadMs > 0 ? "ClockAhead" : "ClockBehind"
  if (wallClock.wrong?.kind !== kind) wallClock.wrong = { kind, sinceMs: nowMs, isTold: false }
  const { wrong } = wallClock
  if (wrong.isTold || nowMs - wrong.sinceMs < clockOffForMs) return []
  wrong.isTold = true
  const detail = `the wall clock says ${wallMs}, the broker's ${brokerMs} or a little more: off by ${aheadMs} ms`
  return [{ _tag: "Alarm", kind, detail }]
}
