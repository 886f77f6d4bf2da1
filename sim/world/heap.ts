/**
 * What is still to happen in a simulated world, soonest first; what is to happen at the same time, in the order in which it was planned.
 */

/** A process as far as events are concerned: what was planned in a former life of it never happens, and nothing happens while it is stopped. */
export interface Host {
  readonly id: number
  life: number
  /** When the last pause began, and until when it lasts or lasted. */
  pausedFromMs: number
  pausedUntilMs: number
}

export interface Event {
  atMs: number
  order: number
  readonly kind: number
  readonly host: Host | null
  readonly life: number
  readonly run: () => void
}

const isSooner = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

export class EventHeap {
  readonly #events: Array<Event> = []

  get size(): number {
    return this.#events.length
  }

  push(event: Event): void {
    const events = this.#events
    let place = events.length
    events.push(event)
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = events[above] as Event
      if (!isSooner(event, parent)) break
      events[place] = parent
      place = above
    }
    events[place] = event
  }

  peek(): Event | undefined {
    return this.#events[0]
  }

  pop(): Event | undefined {
    const events = this.#events
    const first = events[0]
    const last = events.pop()
    if (first === undefined || last === undefined || events.length === 0) return first
    let place = 0
    for (;;) {
      let below = place * 2 + 1
      if (below >= events.length) break
      const right = events[below + 1]
      if (right !== undefined && isSooner(right, events[below] as Event)) below++
      const child = events[below] as Event
      if (!isSooner(child, last)) break
      events[place] = child
      place = below
    }
    events[place] = last
    return first
  }
}
