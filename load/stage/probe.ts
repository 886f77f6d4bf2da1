/**
 * A well-behaved channel: it reserves one unit every so many milliseconds, whatever became of the one before, and writes down what each took.
 */
import type { SenderClient } from "../../src/channel.ts"
import { pause, quantile } from "./stage.ts"

export interface Probed {
  readonly count: number
  readonly failed: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly p999Ms: number
  readonly maxMs: number
}

interface One {
  readonly sentMs: number
  tookMs: number
  failed: boolean
}

const holdMs = 60_000

export class Probe {
  readonly #channel: SenderClient
  readonly #skus: ReadonlyArray<string>
  readonly #all: Array<One> = []
  #underWay = 0
  #timer: NodeJS.Timeout | undefined

  constructor(channel: SenderClient, skus: ReadonlyArray<string>) {
    this.#channel = channel
    this.#skus = skus
  }

  start(everyMs: number): void {
    const startedMs = performance.now()
    let sent = 0
    this.#timer = setInterval(() => {
      // What this process was too busy for is made up for: a probe that isn't sent is none that waited.
      for (const due = Math.floor((performance.now() - startedMs) / everyMs); sent < due; sent++) this.#reserve()
    }, everyMs)
  }

  #reserve(): void {
    const n = this.#all.length
    const one: One = { sentMs: performance.now(), tookMs: 0, failed: false }
    this.#all.push(one)
    this.#underWay++
    this.#channel
      .reserve({ sku: this.#skus[n % this.#skus.length] ?? "", reservation: `probe-${n}`, qty: 1, holdMs })
      .then(
        ({ outcome }) => {
          one.failed = outcome !== "accepted"
        },
        () => {
          one.failed = true
        },
      )
      .finally(() => {
        one.tookMs = performance.now() - one.sentMs
        this.#underWay--
      })
  }

  /** Sends nothing more, and waits for what is under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    while (this.#underWay > 0) await pause(10)
  }

  /** Of what was sent from one moment to another. Asked for when all of it is answered. */
  between(fromMs: number, toMs: number): Probed {
    const these = this.#all.filter(({ sentMs }) => sentMs >= fromMs && sentMs < toMs)
    const sorted = Float64Array.from(these, ({ tookMs }) => tookMs).sort()
    return {
      count: sorted.length,
      failed: these.filter(({ failed }) => failed).length,
      medianMs: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
      p999Ms: quantile(sorted, 0.999),
      maxMs: sorted.at(-1) ?? Number.NaN,
    }
  }

  /** Milliseconds from a moment until the last one that was sent later and took longer than that. */
  calmAfterMs(sinceMs: number, boundMs: number): number {
    let lastMs = sinceMs
    for (const { sentMs, tookMs } of this.#all) if (sentMs >= sinceMs && tookMs > boundMs) lastMs = Math.max(lastMs, sentMs)
    return lastMs - sinceMs
  }
}

export const inMs = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`

export const probedText = ({ count, failed, medianMs, p99Ms, p999Ms, maxMs }: Probed): string =>
  `${count} probes, median ${inMs(medianMs)}, p99 ${inMs(p99Ms)}, p99.9 ${inMs(p999Ms)}, worst ${inMs(maxMs)}${failed === 0 ? "" : `, ${failed} FAILED`}`
