/**
 * One partition with all that a size asks for, in this process and without a broker: filled through its engine, and then asked for more, batch by batch. Time is invented.
 */
import type { EpochMs } from "../../src/domain/names.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import { batchCommandsMax } from "../../src/limits.ts"
import { prngFromSeed } from "../../src/workload/prng.ts"
import { plentyQty, skuName } from "../peers/ground.ts"
import { cpuSeconds, startMs } from "../recovery/replaying.ts"
import { type LoneEngine, type MessageText, serveAlone } from "../stage/lone-engine.ts"
import type { Size } from "./axes.ts"
import { type CommandText, messagesOf, putOnSale, received, releasedAgain, reserved } from "./texts.ts"

const batchMs = 60
/** By then decisions are remembered no longer. */
const agedMs = 2 * 24 * 3_600_000
/** Of facts that a batch holds: a policy takes the room of several commands. */
const stockedAtOnce = batchCommandsMax / 4

/** One unit that is asked for, under a number of its own. */
interface Unit {
  readonly n: number
  readonly sku: number
}

export class EngineSystem {
  readonly #engine: LoneEngine
  readonly #size: Size
  readonly #prng = prngFromSeed(1)
  #reservations = 0
  #longestMs = 0

  /** Filled when this returns. */
  constructor(size: Size, onRecord: (record: StoredRecord) => void) {
    this.#size = size
    const onStep = <A>(step: () => A): A => {
      const began = cpuSeconds()
      const outputs = step()
      this.#longestMs = Math.max(this.#longestMs, (cpuSeconds() - began) * 1_000)
      return outputs
    }
    this.#engine = serveAlone(startMs as EpochMs, plentyQty, { sku: skuName(0), onRecord, onStep })
    for (let from = 1; from < size.skus; from += stockedAtOnce) this.#stock(from, Math.min(size.skus, from + stockedAtOnce))
    this.#pairs(size.forgotten)
    if (size.forgotten > 0) this.#goOn(agedMs)
    this.#pairs(size.decisions)
    for (let left = size.holds; left > 0; left -= batchCommandsMax)
      this.#hand(this.#draw(Math.min(left, batchCommandsMax)).map((one) => this.#reserve(one)))
  }

  /** Microseconds of CPU for each command, of so many batches that reserve units and then give them back, and the longest single step among them in milliseconds. */
  measure(batches: number): { readonly micros: number; readonly longestMs: number } {
    this.#longestMs = 0
    let seconds = 0
    for (let n = 0; n < batches; n++) {
      const units = this.#draw(batchCommandsMax)
      for (const commands of [units.map((unit) => this.#reserve(unit)), units.map((unit) => this.#release(unit))]) {
        const messages = messagesOf(commands)
        const began = cpuSeconds()
        this.#handMessages(messages)
        seconds += cpuSeconds() - began
      }
    }
    return { micros: (seconds * 1e6) / (2 * batches * batchCommandsMax), longestMs: this.#longestMs }
  }

  #stock(from: number, to: number): void {
    const skus = Array.from({ length: to - from }, (_, n) => from + n)
    const { nowMs } = this.#engine
    this.#engine.handAbout(messagesOf(skus.map((sku) => received(sku, nowMs))), "dc", "stock")
    this.#engine.handAbout(messagesOf(skus.map((sku) => putOnSale(sku, nowMs))), "plan", "policy")
    this.#goOn(batchMs)
  }

  /** Commands by twos, the second of which gives back what the first had. */
  #pairs(commands: number): void {
    for (let left = commands; left > 0; left -= batchCommandsMax) {
      const units = this.#draw(Math.ceil(Math.min(left, batchCommandsMax) / 2))
      this.#hand(units.map((unit) => this.#reserve(unit)))
      this.#hand(units.map((unit) => this.#release(unit)))
    }
  }

  #draw(count: number): ReadonlyArray<Unit> {
    return Array.from({ length: count }, () => ({ n: ++this.#reservations, sku: this.#prng.below(this.#size.skus) }))
  }

  #reserve({ n, sku }: Unit): CommandText {
    return reserved(n, sku, this.#engine.nowMs)
  }

  #release({ n, sku }: Unit): CommandText {
    return releasedAgain(n, sku, this.#engine.nowMs)
  }

  #hand(commands: ReadonlyArray<CommandText>): void {
    this.#handMessages(messagesOf(commands))
  }

  #handMessages(messages: ReadonlyArray<MessageText>): void {
    this.#goOn(batchMs)
    this.#engine.handAbout(messages)
  }

  #goOn(forMs: number): void {
    this.#engine.nowMs = (this.#engine.nowMs + forMs) as EpochMs
    const { nowMs } = this.#engine
    this.#engine.put({ _tag: "BrokerTimeSeen", nowMs, brokerMs: nowMs })
    this.#engine.put({ _tag: "Tick", nowMs, wallMs: nowMs })
  }

  /** How often each outcome was said. */
  get outcomes(): ReadonlyMap<string, number> {
    return this.#engine.outcomes
  }
}
