/**
 * What an owner can know of the broker's time, worked out from what it was told and by the world's own time: what `true-time` and `expiries` hold the owner's own idea of the time against.
 */

import type { SkuPartition } from "../../src/kinds/sku/types.ts"
import { brokerClockWindowMs } from "../../src/limits.ts"
import type { Slot } from "../nodes/slot.ts"

interface Sample {
  readonly brokerMs: number
  readonly heardMs: number
}

/** Millionth parts that a slow clock's error and the allowance for a fast one can add up to. */
const slackPpm = 1_000
/** Clocks of whole milliseconds, each short by up to one. */
const wholeMs = 3

export class HeardTime {
  readonly #heard = new WeakMap<SkuPartition, Array<Sample>>()

  heard({ partition, worker }: Slot, brokerMs: number): void {
    if (partition === null) return
    const { nowMs } = worker.world
    const recent = (this.#heard.get(partition) ?? []).filter(({ heardMs }) => nowMs - heardMs <= brokerClockWindowMs)
    this.#heard.set(partition, [...recent, { brokerMs, heardMs: nowMs }])
  }

  /** What time it has to take it for, at least: as the quickest renewal of a window says, or the last one if it heard none for so long. Null: it heard none. */
  leastMs({ partition, worker }: Slot): number | null {
    const samples = partition === null ? undefined : this.#heard.get(partition)
    const last = samples?.at(-1)
    if (samples === undefined || last === undefined) return null
    const { nowMs } = worker.world
    const worth = ({ brokerMs, heardMs }: Sample) => brokerMs + (nowMs - heardMs) - ((nowMs - heardMs) * slackPpm) / 1_000_000 - wholeMs
    const recent = samples.filter(({ heardMs }) => nowMs - heardMs <= brokerClockWindowMs)
    return Math.max(worth(last), ...recent.map(worth))
  }
}
