/**
 * Plays the same traffic under one strategy, in virtual time: one heap of events, no clock, no chance. What is measured is decided in measures.ts.
 */
import { EventHeap } from "../world/heap.ts"
import { Ledger, type Measures } from "./measures.ts"
import type { ComparedChannel, Demand, Strategy, StrategyDefinition, StrategyOptions, World } from "./strategy.ts"
import type { ComparedTraffic } from "./traffic.ts"

/** Of what happens in one millisecond, messages are first, so that a message without lag is heard before the next buyer. */
const messageRank = 0
const trafficRank = 1
const lastRank = 2
/** Above any number of events of one run. */
const rankStep = 2 ** 40

class VirtualTime {
  readonly #heap = new EventHeap()
  #planned = 0
  nowMs: number

  constructor(nowMs: number) {
    this.nowMs = nowMs
  }

  at(atMs: number, rank: number, run: () => void): void {
    this.#heap.push({ atMs: Math.max(atMs, this.nowMs), order: rank * rankStep + this.#planned++, kind: 0, host: null, life: 0, run })
  }

  /** Until nothing is left to happen. */
  run(): void {
    for (let event = this.#heap.pop(); event !== undefined; event = this.#heap.pop()) {
      this.nowMs = event.atMs
      event.run()
    }
  }
}

/** What waits for a buyer's answer, by demand: buyers and warehouse do nothing with an order before it. */
class Answers {
  readonly #waiting = new Map<number, Array<() => void>>()
  readonly #time: VirtualTime
  readonly #ledger: Ledger

  constructor(time: VirtualTime, ledger: Ledger) {
    this.#time = time
    this.#ledger = ledger
  }

  /** Runs it now or once the buyer was told yes; never if the answer is no, or the order was cancelled by then. */
  ifPromised(demand: Demand, run: () => void): void {
    const fate = this.#ledger.fateOf(demand)
    if (fate === "promised") run()
    else if (fate === "waiting") this.#waiting.set(demand.index, [...(this.#waiting.get(demand.index) ?? []), run])
  }

  promised(demand: Demand): void {
    for (const run of this.#waiting.get(demand.index) ?? []) {
      this.#time.at(this.#time.nowMs, trafficRank, () => this.ifPromised(demand, run))
    }
  }
}

/** Puts what buyers and warehouse do into time. */
const planTraffic = (traffic: ComparedTraffic, time: VirtualTime, ledger: Ledger, answers: Answers, strategy: Strategy): void => {
  for (const { demand, givesBack, returns, shippedAtMs } of traffic.lines) {
    time.at(demand.atMs, trafficRank, () => {
      ledger.demanded(demand)
      strategy.demanded(demand)
    })
    for (const { atMs, qty } of givesBack) {
      time.at(atMs, trafficRank, () =>
        answers.ifPromised(demand, () => {
          ledger.gaveBack(demand, qty)
          strategy.gaveBack(demand, qty)
        }),
      )
    }
    for (const { atMs, qty } of returns) {
      time.at(atMs, trafficRank, () =>
        answers.ifPromised(demand, () => {
          ledger.arrived(demand.sku, qty)
          strategy.arrived(demand.sku, qty)
        }),
      )
    }
    if (shippedAtMs !== null) {
      time.at(shippedAtMs, trafficRank, () =>
        answers.ifPromised(demand, () => {
          const qty = ledger.openQty(demand)
          if (qty > 0) strategy.shipped(demand, qty)
        }),
      )
    }
  }
  for (const { atMs, sku, qty } of traffic.arrivals) {
    time.at(atMs, trafficRank, () => {
      ledger.arrived(sku, qty)
      strategy.arrived(sku, qty)
    })
  }
}

/** One strategy on the traffic, to the last message. The same arguments give the same measures. */
export const play = (
  definition: StrategyDefinition,
  traffic: ComparedTraffic,
  channels: ReadonlyArray<ComparedChannel>,
  options: StrategyOptions,
): Measures => {
  // What happens while opening is over when the window begins.
  const time = new VirtualTime(-1)
  const { windowMs, skus, stockQty } = traffic
  const ledger = new Ledger({ channels, stockQty, allots: definition.allots, nowMs: () => time.nowMs, endMs: windowMs })
  const answers = new Answers(time, ledger)
  const world: World = {
    channels,
    skus,
    stockQty,
    windowMs,
    nowMs: () => time.nowMs,
    after: (delayMs, run) => time.at(time.nowMs + delayMs, messageRank, run),
    promise: (demand) => {
      ledger.promise(demand)
      answers.promised(demand)
    },
    refuse: (demand) => ledger.refuse(demand),
    cancel: (demand) => ledger.cancel(demand),
    list: (channel, sku, qty) => ledger.list(channel, sku, qty),
    setAside: (channel, sku, qty) => ledger.setAside(channel, sku, qty),
  }
  const strategy = definition.create(world, options)
  strategy.open()
  planTraffic(traffic, time, ledger, answers, strategy)
  time.at(windowMs, lastRank, () => strategy.close())
  time.run()
  return ledger.finish()
}
