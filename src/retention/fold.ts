/**
 * Folds a journal with the engine itself, from its first record or from a snapshot. If both lead to the same state, the snapshot holds what the journal says.
 *
 * The worker that will start from the snapshot uses the same code. No owner is made: nothing is decided and nothing goes out.
 */
import type { Kind, PartitionCounts } from "../domain/kinds.ts"
import type { Partition } from "../engine/partition.ts"
import type { Input, Output } from "../engine/protocol.ts"
import type { StoredRecord } from "../engine/records.ts"
import type { WholeSnapshot } from "../ports/archive.ts"
import { type FoldedKind, foldedKindOf } from "./kinds.ts"

/** The engine would not go on from here. */
class FoldRefused extends Error {
  override readonly name = "FoldRefused"
}

/** What the engine says where it doesn't take what it was given. */
const refusalIn = (output: Output): string | undefined => {
  if (output._tag === "Halted") return `${output.halt.reason}: ${output.halt.detail}`
  return output._tag === "SteppedDown" || output._tag === "Alarm" ? output.detail : undefined
}

/** A journal being folded, record by record. */
export class Fold {
  readonly #kind: FoldedKind
  readonly #partition: Partition

  /** `partitions`: of every kind, for what is carried in a journal is for a partition of another. */
  constructor(kind: Kind, partition: number, partitions: PartitionCounts, snapshot: WholeSnapshot | null) {
    this.#kind = foldedKindOf(kind)
    this.#partition = this.#kind.empty(partition, partitions)
    this.#put(snapshot === null ? { _tag: "SnapshotMissing", nowMs: 0 } : { _tag: "SnapshotRead", nowMs: 0, ...snapshot })
  }

  /** The next records; with a snapshot, from the one it starts with on. Throws {@link FoldRefused}. */
  take(records: ReadonlyArray<StoredRecord>): void {
    this.#put({ _tag: "RecordsRead", records, nowMs: 0 })
  }

  get endSeq(): number {
    return this.#partition.confirmedSeq
  }

  get endHash(): string {
    return this.#partition.confirmedHash
  }

  get atMs(): number {
    return this.#partition.atMs
  }

  /** Whether all that the snapshot needs was replayed. */
  get isWhole(): boolean {
    return this.#partition.recovery === null
  }

  stateHash(): string {
    return this.#kind.stateHash(this.#partition)
  }

  #put(input: Input): void {
    // The engine loads a snapshot in slices and asks for a Continue after each. Nothing else waits in this process, so it gets the next one at once.
    for (let next: Input | null = input; next !== null; ) {
      const outputs: ReadonlyArray<Output> = this.#kind.step(this.#partition, next)
      next = null
      for (const output of outputs) {
        const refusal = refusalIn(output)
        if (refusal !== undefined) throw new FoldRefused(refusal)
        if (output._tag === "ContinueSoon") next = { _tag: "Continue", nowMs: 0 }
      }
    }
  }
}
