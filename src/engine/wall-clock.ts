/**
 * Whether the wall clock of this worker is right: compared with the broker's at every tick, and told to people once each time it begins to be wrong.
 *
 * Nothing that is decided depends on that clock. But the machine it belongs to writes logs, checks certificates, and may be a sender's or an ingress's too,
 * whose times are believed; and if it is right after all, the broker's is wrong, on which everything depends.
 */
import type { EpochMs } from "../domain/names.ts"
import { clockOffForMs, clockOffMsMax } from "../limits.ts"
import { brokerNow } from "./broker-clock.ts"
import type { Partition } from "./partition.ts"
import type { Output } from "./protocol.ts"

export interface WallClock {
  /** Milliseconds by which it was last seen ahead of the broker's; null: not known. */
  aheadMs: number | null
  /** Since when it has been wrong without a break, on the steady clock; null: it is right. */
  wrongSinceMs: EpochMs | null
  /** Whether that was said. */
  isTold: boolean
}

export const unseenWallClock = (): WallClock => ({ aheadMs: null, wrongSinceMs: null, isTold: false })

/** Looks at the clock. One renewal that was held up makes a right clock look ahead until the next is heard: so a wrong one is told when it has stayed wrong. */
export const watchClock = ({ wallClock, brokerClock }: Partition, nowMs: EpochMs, wallMs: EpochMs): Array<Output> => {
  const brokerMs = brokerNow(brokerClock, nowMs)
  if (brokerMs === null) return []
  const aheadMs = wallMs - brokerMs
  wallClock.aheadMs = aheadMs
  if (Math.abs(aheadMs) <= clockOffMsMax) {
    wallClock.wrongSinceMs = null
    wallClock.isTold = false
    return []
  }
  wallClock.wrongSinceMs ??= nowMs
  if (wallClock.isTold || nowMs - wallClock.wrongSinceMs < clockOffForMs) return []
  wallClock.isTold = true
  return [
    {
      _tag: "Alarm",
      kind: aheadMs > 0 ? "ClockAhead" : "ClockBehind",
      detail: `the wall clock says ${wallMs}, the broker's ${brokerMs} or a little later: ${Math.abs(aheadMs)} ms ${aheadMs > 0 ? "ahead" : "behind"}`,
    },
  ]
}
