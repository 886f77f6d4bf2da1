/**
 * When holds of a replay end: a heap of times, each looked at again when it has come, for a hold may have been extended, made lasting or ended meanwhile.
 */
import type { EpochMs, ReservationId, SenderId } from "../../domain/names.ts"

/** A hold that may be over by then. */
export interface DueHold {
  readonly channel: SenderId
  readonly id: ReservationId
  readonly expiresAtMs: EpochMs
}

/** The earliest first. */
export class DueHolds {
  readonly #heap: Array<DueHold> = []

  add(hold: DueHold): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(hold)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above] as DueHold
      if (parent.expiresAtMs <= hold.expiresAtMs) break
      heap[at] = parent
      at = above
    }
    heap[at] = hold
  }

  /** Takes the earliest one whose time is `toMs` or earlier. */
  take(toMs: EpochMs): DueHold | undefined {
    const [first] = this.#heap
    if (first === undefined || first.expiresAtMs > toMs) return undefined
    const last = this.#heap.pop() as DueHold
    if (this.#heap.length > 0) this.#sink(last)
    return first
  }

  #sink(hold: DueHold): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      const right = heap[below + 1]
      if (right !== undefined && right.expiresAtMs < (heap[below] as DueHold).expiresAtMs) below += 1
      const child = heap[below] as DueHold
      if (child.expiresAtMs >= hold.expiresAtMs) break
      heap[at] = child
      at = below
    }
    heap[at] = hold
  }
}
