/**
 * Virtual time: the next event is taken from the heap, the clock jumps to it, it runs. Nothing else moves the world.
 *
 * Every event that runs goes into the trace hash, so two runs of a seed can be compared step by step without keeping either.
 */
import { type Event, EventHeap, type Host } from "./heap.ts"

/** Kinds of events, for the trace hash. */
export const EventKind = {
  tick: 1,
  deliver: 2,
  answer: 3,
  timeout: 4,
  lease: 5,
  send: 6,
  fault: 7,
  operator: 8,
  server: 9,
  restart: 10,
  watch: 11,
} as const
export type EventKind = (typeof EventKind)[keyof typeof EventKind]

/** When every world begins, as its clocks show it. */
export const worldStartMs = 1_800_000_000_000

/** Milliseconds of a span within which the same happening counts as the same. */
const momentMs = 50

export class World {
  readonly #heap = new EventHeap()
  #nowMs = worldStartMs
  #order = 0
  #hosts = 0
  #hashA = 0x811c9dc5
  #hashB = 0x9e3779b9
  events = 0

  /** The true time, in milliseconds since 1970: no process sees it but through its own clock. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** Milliseconds since the world began. */
  get sinceStartMs(): number {
    return this.#nowMs - worldStartMs
  }

  /** The short span of time that it is: what chance tells happenings without a name apart by, so that one a little earlier or later is still the same. */
  get moment(): number {
    return Math.floor(this.sinceStartMs / momentMs)
  }

  host(): Host {
    return { id: ++this.#hosts, life: 0, pausedFromMs: 0, pausedUntilMs: 0 }
  }

  /** Stops a process for so long; one that is stopped already stays so for longer. */
  pause(host: Host, ms: number): void {
    if (host.pausedUntilMs <= this.#nowMs) host.pausedFromMs = this.#nowMs
    host.pausedUntilMs = Math.max(host.pausedUntilMs, this.#nowMs + ms)
  }

  /** Plans `run` in `afterMs` milliseconds, rounded up: clocks show whole ones. With a host, it happens only in that life of it (the present one unless given), and not while it is paused. */
  in(afterMs: number, kind: EventKind, host: Host | null, run: () => void, life: number = host?.life ?? 0): void {
    this.#heap.push({ atMs: this.#nowMs + Math.ceil(afterMs), order: this.#order++, kind, host, life, run })
  }

  /** Mixes a number into the trace. */
  trace(value: number): void {
    this.#hashA = Math.imul(this.#hashA ^ (value | 0), 0x01000193)
    this.#hashB = (Math.imul(this.#hashB, 31) + (value | 0) + ((value / 0x1_0000_0000) | 0)) | 0
  }

  /** Mixes a text into the trace. */
  traceText(text: string): void {
    for (let i = 0; i < text.length; i++) this.trace(text.charCodeAt(i))
  }

  get traceHash(): string {
    return `${(this.#hashA >>> 0).toString(16).padStart(8, "0")}${(this.#hashB >>> 0).toString(16).padStart(8, "0")}`
  }

  /** Runs until `isOver` says so (asked after every event), `untilMs` since the start is reached, or nothing is left. True if `isOver` ended it. */
  run(untilMs: number, isOver: () => boolean): boolean {
    const endMs = worldStartMs + untilMs
    for (;;) {
      const next = this.#heap.peek()
      if (next === undefined || next.atMs > endMs) {
        this.#nowMs = Math.max(this.#nowMs, endMs)
        return false
      }
      this.#heap.pop()
      if (this.#step(next) && isOver()) return true
    }
  }

  #step(event: Event): boolean {
    const { host } = event
    if (host !== null) {
      if (host.life !== event.life) return false
      if (host.pausedUntilMs > event.atMs) {
        event.atMs = host.pausedUntilMs
        event.order = this.#order++
        this.#heap.push(event)
        return false
      }
    }
    this.#nowMs = event.atMs
    this.events++
    this.trace(event.atMs)
    this.trace(event.kind * 64 + (host?.id ?? 0))
    event.run()
    return true
  }
}
