/**
 * An owner whose wall clock is wrong raises an alarm that names the right direction, within seconds; an owner whose clock is right raises none.
 *
 * Looked at whenever an owner hears the broker's time, because an owner that doesn't hear it can't know.
 */
import type { SkuPartition } from "../../src/kinds/sku/types.ts"
import { brokerClockWindowMs, clockOffForMs, clockOffMsMax } from "../../src/limits.ts"
import type { Slot } from "../nodes/slot.ts"
import type { MakeChecker } from "./checker.ts"
import { HeardTime } from "./heard-time.ts"

/** Milliseconds more than the limit from which on a clock has to be told: no wrong clock of a world lies in between. */
const clearlyMs = 1_000

interface Life {
  servingMs: number
  told: { readonly kind: string; readonly atMs: number } | null
}

export const clockAlarms: MakeChecker = ({ cluster, found, checked }) => {
  const { server, world } = cluster
  const times = new HeardTime()
  const lives = new WeakMap<SkuPartition, Life>()
  /**
   * Whether the servers' clock was set so lately that this worker doesn't have to follow it yet. What was stamped before that may lie in the connection of a process that stands still, and is
   * believed from when it is heard. A command that was stamped before its clock was set back may also have waited in the stream: such a stamp makes an owner take the time for later than it is,
   * as long as the clock has not come again to what it had shown.
   */
  const isSettling = ({ worker }: Slot) => {
    const setMs = server.clockSets.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY
    const heardMs = worker.host.pausedUntilMs > setMs ? Math.min(worker.host.pausedUntilMs, world.nowMs) : setMs
    const shownAgainMs = Math.max(...server.clockSets.map(({ shownMs }) => shownMs - server.aheadMs))
    return world.nowMs - Math.max(heardMs, shownAgainMs) <= 2 * brokerClockWindowMs + 2 * cluster.drawn.leaseTtlMs + clockOffForMs
  }
  const lifeOf = ({ partition }: Slot): Life | undefined => (partition === null ? undefined : lives.get(partition))

  const look = (slot: Slot): void => {
    const life = lifeOf(slot)
    const leastMs = times.leastMs(slot)
    if (life === undefined || leastMs === null || !slot.isServing || isSettling(slot)) return
    const { worker } = slot
    const aheadMs = worker.wallMs - server.nowMs
    const behindMs = server.nowMs - leastMs
    if (Math.abs(aheadMs) <= clockOffMsMax + clearlyMs + behindMs) return
    const sinceMs = Math.max(life.servingMs, worker.wallSinceMs, worker.host.pausedUntilMs)
    // A tick or two to see it, as long as it has to last, and a tick to say it.
    if (world.nowMs - sinceMs <= clockOffForMs + 3 * cluster.drawn.tickMs + behindMs) return
    checked()
    const kind = aheadMs > 0 ? "ClockAhead" : "ClockBehind"
    if (life.told?.kind === kind) return
    const detail = `the clock of ${worker.name} is off by ${aheadMs} ms since ${sinceMs}, it is ${world.nowMs}, and it said ${life.told?.kind ?? "nothing"}`
    found({ class: "liveness", signature: "a wrong clock was not told", detail, partition: slot.id })
  }

  return {
    name: "clock-alarms",
    // Who serves again with the state it kept has told what it told, and tells it anew only of a clock that was right meanwhile.
    serving: (_slot, partition) => lives.set(partition, { servingMs: world.nowMs, told: lives.get(partition)?.told ?? null }),
    timeHeard: (slot, brokerMs) => {
      look(slot)
      times.heard(slot, brokerMs)
    },
    alarmed: (slot, kind, detail) => {
      const life = lifeOf(slot)
      if (life === undefined || (kind !== "ClockAhead" && kind !== "ClockBehind")) return
      life.told = { kind, atMs: world.nowMs }
      const leastMs = times.leastMs(slot)
      if (leastMs === null || isSettling(slot)) return
      checked()
      const { wallMs } = slot.worker
      // Its owner takes the time to be between what it knows and what it is.
      const isSo = kind === "ClockAhead" ? wallMs - leastMs > clockOffMsMax : server.nowMs - wallMs > clockOffMsMax - 1
      if (!isSo)
        found({ class: "liveness", signature: "a clock that is right was told as wrong", detail: `${kind}: ${detail}`, partition: slot.id })
    },
  }
}
