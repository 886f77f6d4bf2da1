/**
 * What the commands stream lost before anybody decided it, as far as journals tell: no worker broke a promise, but senders were told that these facts were stored.
 *
 * Three traces, each with its place. An ingress's serials, which a record found missing. A position that was given up although the stream went on behind it: everything up to the next message taken may have
 * been this partition's. And sequences that the stream has used and no longer holds, and that no journal names: what was dropped where nothing had been decided yet, by whomever it was.
 */
import type { Entry } from "../engine/records.ts"
import type { RecordSeen } from "./seen.ts"

/** One loss. Partition -1 where nobody knows whose it was. */
export interface Loss {
  readonly partition: number
  /** The record that shows it; 0 where none does. */
  readonly seq: number
  /** Stored messages that are lost, at most; null where it can't be known. */
  readonly messages: number | null
  /** For people. */
  readonly detail: string
}

/** What the commands stream held before the journals were read: messages below its first sequence are gone: they were decided before, or never will be. */
export interface StreamHeld {
  readonly firstSeq: number
}

/** Sequences that journals name, a bit each: there are as many as messages, and partitions are read one after another. */
class Sequences {
  #bits = new Uint8Array(1_024)

  add(seq: number): void {
    const place = seq >> 3
    if (place >= this.#bits.length) {
      const grown = new Uint8Array(2 * place)
      grown.set(this.#bits)
      this.#bits = grown
    }
    this.#bits[place] = (this.#bits[place] ?? 0) | (1 << (seq & 7))
  }

  /** The runs of those that are missing, from 1 to before `end`. */
  missing(end: number): ReadonlyArray<{ readonly first: number; readonly last: number }> {
    const found: Array<{ readonly first: number; readonly last: number }> = []
    let first = 0
    for (let seq = 1; seq <= end; seq++) {
      const isNamed = seq === end || ((this.#bits[seq >> 3] ?? 0) & (1 << (seq & 7))) !== 0
      if (!isNamed && first === 0) first = seq
      if (!isNamed || first === 0) continue
      found.push({ first, last: seq - 1 })
      first = 0
    }
    return found
  }
}

/** How many are kept in detail. */
const lossesMax = 100

/** Collects what journals say was lost of the commands stream. */
export const createLosses = () => {
  const losses: Array<Loss> = []
  let messages = 0
  const named = new Sequences()
  /** Partitions whose position was given up: where it stood. */
  const givenUp = new Map<number, number>()
  const lose = (loss: Loss): void => {
    if (losses.length < lossesMax) losses.push(loss)
  }

  const taken = (partition: number, seq: number, at: number): void => {
    named.add(at)
    const stood = givenUp.get(partition)
    if (stood === undefined) return
    givenUp.delete(partition)
    if (at > stood + 1) {
      const detail = `the position after message ${stood} was given up, and the next that was taken is ${at}: what was this partition's of ${stood + 1} to ${at - 1} is lost`
      lose({ partition, seq, messages: null, detail })
    }
  }

  const entrySeen = (partition: number, seq: number, entry: Entry): void => {
    if (entry._tag === "Reset") givenUp.set(partition, entry.from.seq)
    if (entry._tag === "Skipped") taken(partition, seq, entry.seq)
    if (entry._tag !== "Stored") return
    taken(partition, seq, entry.seq)
    if (entry.missing === 0) return
    messages += entry.missing
    const last = entry.serial - 1
    const detail = `${entry.missing} messages of ingress ${entry.ingress}, up to its number ${last}, were acknowledged and were not in the stream before message ${entry.seq}`
    lose({ partition, seq, messages: entry.missing, detail })
  }

  return {
    record: ({ partition, seq, record }: RecordSeen): void => {
      for (const entry of record.entries) entrySeen(partition, seq, entry)
    },
    /** The losses, `held` given where the stream was looked at before all journals were read, from their first records on. */
    finish: (held: StreamHeld | null): { readonly losses: ReadonlyArray<Loss>; readonly lostStored: number } => {
      for (const { first, last } of held === null ? [] : named.missing(held.firstSeq))
        lose({
          partition: -1,
          seq: 0,
          messages: last - first + 1,
          detail: `messages ${first} to ${last} are gone from the commands stream, and no journal names them`,
        })
      return { losses, lostStored: messages }
    },
  }
}
