/**
 * INV-4: a journal that lost acknowledged records is noticed by whatever witness survives, and its partition halts.
 *
 * It is noticed at the next append or takeover; an owner without traffic doesn't look, and is excused until then. The witnesses that outlive a worker are the mark outside the
 * journal and snapshots. If neither knew of the lost records, the loss is beyond proof: it is counted, and no failure.
 */

import { plural } from "../report/numbers.ts"
import type { MakeChecker } from "./checker.ts"

export const journalLoss: MakeChecker = ({ cluster, found, checked, excused }) => {
  const owed = new Map<number, string>()
  /** Partitions of which somebody tried to append since. */
  const looked = new Set<number>()
  return {
    name: "journal-loss",
    journalLost: (partition, afterSeq, count) => {
      checked()
      const witness = cluster.server.marks(partition).witness?.seq ?? 0
      const snapshot = cluster.server.snapshot(partition)?.manifest.endSeq ?? 0
      if (Math.max(witness, snapshot) <= afterSeq) excused("a loss beyond proof")
      else owed.set(partition, `lost ${plural(count, "record")} after ${afterSeq}; ${Math.max(witness, snapshot)} was witnessed`)
    },
    appendAnswered: ({ id }) => {
      if (owed.has(id)) looked.add(id)
    },
    finish: () => {
      for (const [partition, what] of owed) {
        checked()
        const { halt } = cluster.server.marks(partition)
        if (halt !== null) continue
        if (!looked.has(partition)) {
          excused("a loss where nobody has appended since")
          continue
        }
        found({
          class: "safety",
          signature: "a lost journal went unnoticed",
          detail: `partition ${partition} ${what}, and it isn't halted`,
          partition,
        })
      }
    },
  }
}
