/**
 * What was heard, by outcome and by second: how many, and how long each took from the moment the shopper came. Node's own histograms keep three figures of each time, so that an hour takes no more room than a second.
 */
import { createHistogram, type RecordableHistogram } from "node:perf_hooks"
import type { Heard } from "./wanted.ts"

/** What was heard of whoever was asked. */
export type Outcome = Exclude<Heard["outcome"], "cutOff">
const outcomes: ReadonlyArray<Outcome> = ["accepted", "refused", "busy", "undecided", "error"]

/** Microseconds in steps of three figures, up to an hour. */
const newHistogram = (): RecordableHistogram => createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 3 })

/** Times of one outcome, in milliseconds. */
export interface Times {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
}

const timesOf = (histogram: RecordableHistogram): Times => {
  const at = (percent: number) => (histogram.count === 0 ? 0 : histogram.percentile(percent) / 1_000)
  return {
    count: histogram.count,
    p50Ms: at(50),
    p99Ms: at(99),
    p999Ms: at(99.9),
    maxMs: histogram.count === 0 ? 0 : histogram.max / 1_000,
  }
}

/** One second of a run, as its channels saw it. */
export interface Second {
  readonly atMs: number
  readonly arrived: number
  readonly answered: number
  readonly accepted: number
  readonly refused: number
  readonly others: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Milliseconds by which commands left this process late, in the worst case. */
  readonly lateMs: number
}

/** Reasons and errors that are counted by name; the rest is one name more. */
const namesMax = 64

export class Recorder {
  readonly #byOutcome = new Map(outcomes.map((outcome) => [outcome, newHistogram()]))
  readonly #late = newHistogram()
  readonly #whys = new Map<string, number>()
  readonly #seconds: Array<Second> = []
  #this = { histogram: newHistogram(), arrived: 0, accepted: 0, refused: 0, others: 0, lateMs: 0 }
  #sent = 0
  #answered = 0
  shoppers = 0
  repeats = 0
  /** Repeats that heard another decision than the first time. */
  contradicted: Array<string> = []

  /** A command was due, and left so much later. */
  left(lateMs: number): void {
    this.#sent++
    this.#late.record(Math.max(1, Math.round(lateMs * 1_000)))
    this.#this.lateMs = Math.max(this.#this.lateMs, lateMs)
  }

  came(): void {
    this.shoppers++
    this.#this.arrived++
  }

  /** Commands that left, and of which nothing has been heard: after a run they were cut off by its end. */
  get unheard(): number {
    return this.#sent - this.#answered
  }

  heard({ outcome, why }: Heard, tookMs: number): void {
    if (outcome === "cutOff") return
    this.#answered++
    const micros = Math.max(1, Math.round(tookMs * 1_000))
    this.#byOutcome.get(outcome)?.record(micros)
    this.#this.histogram.record(micros)
    if (outcome === "accepted") this.#this.accepted++
    else if (outcome === "refused") this.#this.refused++
    else this.#this.others++
    if (outcome === "accepted") return
    const name = `${outcome}: ${why}`.slice(0, 160)
    const counted = this.#whys.has(name) || this.#whys.size < namesMax ? name : "others"
    this.#whys.set(counted, (this.#whys.get(counted) ?? 0) + 1)
  }

  /** Ends a second, and begins the next. */
  second(atMs: number): Second {
    const { histogram, arrived, accepted, refused, others, lateMs } = this.#this
    const { p50Ms, p99Ms } = timesOf(histogram)
    const ended = { atMs, arrived, answered: histogram.count, accepted, refused, others, p50Ms, p99Ms, lateMs }
    this.#seconds.push(ended)
    this.#this = { histogram: newHistogram(), arrived: 0, accepted: 0, refused: 0, others: 0, lateMs: 0 }
    return ended
  }

  seconds(): ReadonlyArray<Second> {
    return this.#seconds
  }

  times(): Readonly<Record<Outcome, Times>> {
    return Object.fromEntries([...this.#byOutcome].map(([outcome, histogram]) => [outcome, timesOf(histogram)])) as Record<Outcome, Times>
  }

  /** By how much commands left late. */
  late(): Times {
    return timesOf(this.#late)
  }

  /** Refusals, and what else was not accepted, by their reasons: the most frequent first. */
  whys(): ReadonlyArray<readonly [why: string, count: number]> {
    return [...this.#whys].sort(([, a], [, b]) => b - a)
  }
}
