/**
 * What an owner counts of a partition for people who ask how it is: what waits, what lies in quarantine, what was sold and is not there, and how near senders are to what may be remembered of them.
 *
 * Looked at once a second, with what metrics show, and told as it was then: a question costs nothing but its answer. Lists are the longest that an answer about hundreds of partitions has room for.
 */
import type { SenderId, Sku } from "../domain/names.ts"
import { memoryShares } from "../engine/memory-bounds.ts"
import type { Partition } from "../engine/partition.ts"
import type { PartitionStatus } from "../engine/views.ts"
import { figureListMax } from "../limits.ts"
import type { ServedKind } from "./engine.ts"
import type { Backlog } from "./lag.ts"

/** A partition in figures, as its owner saw it last. */
export interface PartitionFigures {
  /** What is stored for it and not decided; null: that could not be asked. */
  readonly waiting: Backlog | null
  readonly quarantined: number
  readonly openHolds: number
  /** Units sold without asking that are not there; null: its actors have no units. */
  readonly shortQty: number | null
  /** The SKUs that they are of, the most first. */
  readonly short: ReadonlyArray<{ readonly sku: Sku; readonly qty: number }>
  /** How full the memory of each sender is, in thousandths of its bound, the fullest first. */
  readonly memory: ReadonlyArray<{ readonly sender: SenderId; readonly perMille: number }>
}

/** Looks at a partition that is owned here. */
export const figuresOf = (
  engine: ServedKind,
  partition: Partition,
  status: PartitionStatus,
  waiting: Backlog | null,
): PartitionFigures => ({
  waiting,
  quarantined: status.quarantined,
  openHolds: status.openHolds,
  shortQty: engine.shortQty(partition),
  short: engine.shortSkus(partition).slice(0, figureListMax),
  memory: memoryShares(partition)
    .slice(0, figureListMax)
    .map(({ sender, share }) => ({ sender, perMille: Math.min(1_000, Math.ceil(share * 1_000)) })),
})
