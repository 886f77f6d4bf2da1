/**
 * The journal of one partition of a system of some size, as its owner would have written it.
 */
import type { Sku } from "../../src/domain/names.ts"
import type { StoredRecord } from "../../src/engine/records.ts"
import { prngFromSeed } from "../../src/workload/prng.ts"
import { Author } from "../recovery/journal.ts"
import type { Size } from "./axes.ts"
import { type CommandText, messagesOf, putOnSale, received, releasedAgain, reserved } from "./texts.ts"

/** Commands of a record: fewer where each is a policy, which takes the room of several. */
const perRecord = { sell: 2_048, stock: 512 } as const
/** How long ago what is forgotten was decided, and all else: journals run a little ahead of the clock while they are made. */
const agedMs = 2 * 24 * 3_600_000
const recentMs = 120_000

export interface GrownPlan {
  readonly size: Size
  readonly partition: number
  /** The SKUs of that partition, by their numbers. */
  readonly skus: ReadonlyArray<number>
  readonly nowMs: number
}

class Writer {
  readonly #author: Author
  readonly #plan: GrownPlan
  readonly #prng
  #reservations: number

  constructor(plan: GrownPlan, onRecord: (record: StoredRecord) => void) {
    const { partition, size, nowMs } = plan
    const startMs = nowMs - recentMs - (size.forgotten > 0 ? agedMs : 0)
    this.#author = new Author({ partition, partitions: size.partitions, startMs }, onRecord)
    this.#plan = plan
    this.#prng = prngFromSeed(partition)
    // No number is another partition's too, nor one of those that are asked for later.
    this.#reservations = 1_000_000_000 + partition * 10_000_000
  }

  write(): void {
    const { skus, size, nowMs } = this.#plan
    this.#decide(
      "dc",
      "stock",
      perRecord.stock,
      skus.map((sku) => received(sku, this.#author.nowMs)),
    )
    this.#decide(
      "boss",
      "policy",
      perRecord.stock,
      skus.map((sku) => putOnSale(sku, this.#author.nowMs)),
    )
    this.#pairs(this.#share(size.forgotten))
    if (size.forgotten > 0) this.#author.decide([], Math.max(0, nowMs - recentMs - this.#author.nowMs))
    this.#pairs(this.#share(size.decisions))
    this.#holds(this.#share(size.holds))
  }

  /** Of what is spread over all partitions. */
  #share(all: number): number {
    return Math.ceil((all * this.#plan.skus.length) / this.#plan.size.skus)
  }

  #decide(sender: string, commandClass: "stock" | "policy" | "sell", most: number, commands: ReadonlyArray<CommandText>): void {
    for (let from = 0; from < commands.length; from += most)
      this.#author.decide(
        messagesOf(commands.slice(from, from + most)).map(({ sku, text }) =>
          this.#author.send(sender, commandClass, sku as Sku, [text.slice(1, -1)]),
        ),
      )
  }

  #pairs(commands: number): void {
    for (let left = commands; left > 0; left -= perRecord.sell) {
      const units = this.#draw(Math.ceil(Math.min(left, perRecord.sell) / 2))
      this.#decide(
        "web",
        "sell",
        perRecord.sell,
        units.map(({ n, sku }) => reserved(n, sku, this.#author.nowMs)),
      )
      this.#decide(
        "web",
        "sell",
        perRecord.sell,
        units.map(({ n, sku }) => releasedAgain(n, sku, this.#author.nowMs)),
      )
    }
  }

  #holds(count: number): void {
    for (let left = count; left > 0; left -= perRecord.sell)
      this.#decide(
        "web",
        "sell",
        perRecord.sell,
        this.#draw(Math.min(left, perRecord.sell)).map(({ n, sku }) => reserved(n, sku, this.#author.nowMs)),
      )
  }

  #draw(count: number): ReadonlyArray<{ readonly n: number; readonly sku: number }> {
    const { skus } = this.#plan
    return Array.from({ length: count }, () => ({ n: ++this.#reservations, sku: skus[this.#prng.below(skus.length)] ?? 0 }))
  }

  get decided(): number {
    return this.#author.decided
  }
}

/** Makes it, and hands over each record. Nothing where the partition has no SKU. */
export const makeGrownJournal = (plan: GrownPlan, onRecord: (record: StoredRecord) => void): void => {
  if (plan.skus.length === 0) return
  const writer = new Writer(plan, onRecord)
  writer.write()
  // An owner that holds commands back would make a journal that is read in no time.
  const { decisions, holds, forgotten, skus } = plan.size
  const least = Math.floor(((decisions + holds + forgotten) * plan.skus.length) / skus) + 2 * plan.skus.length
  if (writer.decided < least) throw new Error(`the journal was to hold ${least} commands, and holds ${writer.decided}`)
}
