/**
 * For how long a command between actors has had no decision, as the owner of the partition that sent it sees it.
 *
 * Counted from the look at which it was first the oldest under way, on the monotonic clock: no two clocks are compared, and a new owner counts anew.
 */
import type { Partition } from "../engine/partition.ts"
import { carriedStuckMs } from "../limits.ts"

/** What one look at a partition found. */
export interface CarriedLook {
  /** Commands under way. */
  readonly underWay: number
  /** Milliseconds for which the oldest of them has had no decision; 0: there is none. */
  readonly oldestMs: number
  /** Whether that has become too long since the look before: then whose command it is, and whom it waits for. */
  readonly stuck: string | null
}

/** Looks at one partition, again and again. */
export class CarriedClock {
  #oldest: string | undefined
  #sinceMs = 0
  #isTold = false

  look({ underWay }: Pick<Partition, "underWay">, nowMs: number): CarriedLook {
    const [oldest] = underWay.values()
    if (oldest?.id !== this.#oldest) {
      this.#oldest = oldest?.id
      this.#sinceMs = nowMs
      this.#isTold = false
    }
    if (oldest === undefined) return { underWay: 0, oldestMs: 0, stuck: null }
    const oldestMs = nowMs - this.#sinceMs
    const isNews = oldestMs >= carriedStuckMs && !this.#isTold
    this.#isTold ||= isNews
    const { id, from, to, key, command } = oldest
    const detail = `${command.type} ${id} of ${from} to ${key} of ${to.kind} ${to.partition} has had no decision for ${Math.round(oldestMs / 1_000)} s`
    return { underWay: underWay.size, oldestMs, stuck: isNews ? detail : null }
  }
}
