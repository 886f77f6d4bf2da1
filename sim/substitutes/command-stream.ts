/**
 * The commands stream of a kind with what readers of one partition need: its messages as the engine reads them, made once, and where each partition's lie.
 */
import type { Kind } from "../../src/domain/kinds.ts"
import type { CommandMessage } from "../../src/engine/protocol.ts"
import { storedOf } from "../../src/wire/subjects.ts"
import type { StoredMessage, StreamModel } from "./stream.ts"

const asCommand = (stored: StoredMessage): CommandMessage => ({
  seq: stored.seq,
  subject: stored.subject,
  headers: stored.headers,
  body: stored.body,
  brokerMs: stored.atMs,
})

/** Of a subject that an ingress stores under: its last token. */
export const partitionOfSubject = (subject: string): number => Number.parseInt(subject.slice(subject.lastIndexOf(".") + 1), 10)

export class CommandStream {
  readonly model: StreamModel
  readonly kind: Kind
  /** By sequence. */
  readonly #messages = new Map<number, CommandMessage>()
  /** What was dropped, decided or not, by sequence. */
  readonly dropped = new Set<number>()
  /** The sequences of each partition, in order. */
  readonly #ofPartition: ReadonlyArray<Array<number>>

  constructor(model: StreamModel, kind: Kind, partitions: number) {
    this.model = model
    this.kind = kind
    this.#ofPartition = Array.from({ length: partitions }, () => [])
  }

  /** A message was stored. */
  add(stored: StoredMessage): { readonly partition: number; readonly message: CommandMessage } {
    const message = asCommand(stored)
    const partition = partitionOfSubject(stored.subject)
    this.#messages.set(stored.seq, message)
    this.#ofPartition[partition]?.push(stored.seq)
    return { partition, message }
  }

  /** Messages of a partition from a sequence on, at most `max`. */
  from(partition: number, fromSeq: number, max: number): Array<CommandMessage> {
    const seqs = this.#ofPartition[partition] ?? []
    let low = 0
    let high = seqs.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((seqs[middle] as number) < fromSeq) low = middle + 1
      else high = middle
    }
    const found: Array<CommandMessage> = []
    for (; low < seqs.length && found.length < max; low++) {
      const message = this.#messages.get(seqs[low] as number)
      if (message !== undefined) found.push(message)
    }
    return found
  }

  at(seq: number): CommandMessage | null {
    return this.#messages.get(seq) ?? null
  }

  /** The newest of a partition, 0 if there is none. */
  lastSeq(partition: number): number {
    return this.#ofPartition[partition]?.at(-1) ?? 0
  }

  purge(partition: number, beforeSeq: number): void {
    this.model.purge(storedOf(this.kind, partition), beforeSeq)
    const seqs = this.#ofPartition[partition]
    const gone = seqs?.findIndex((seq) => seq >= beforeSeq) ?? -1
    for (const seq of seqs?.splice(0, gone < 0 ? seqs.length : gone) ?? []) this.#messages.delete(seq)
  }

  /** Drops all but the newest `count` messages. Returns the partitions that some of them were of. */
  trim(count: number): ReadonlySet<number> {
    const beforeSeq = this.model.lastSeq - count + 1
    const partitions = new Set<number>()
    for (const [partition, seqs] of this.#ofPartition.entries()) {
      if ((seqs[0] ?? beforeSeq) >= beforeSeq) continue
      partitions.add(partition)
      for (const seq of seqs) if (seq < beforeSeq) this.dropped.add(seq)
      this.purge(partition, beforeSeq)
    }
    return partitions
  }

  /** Loses the unsynced tail. Returns how many messages. */
  loseTail(count: number): number {
    const lost = this.model.loseTail(count)
    const { lastSeq } = this.model
    for (const seq of this.#messages.keys()) if (seq > lastSeq) this.#messages.delete(seq)
    for (const seqs of this.#ofPartition) while ((seqs.at(-1) ?? 0) > lastSeq) seqs.pop()
    return lost
  }
}
