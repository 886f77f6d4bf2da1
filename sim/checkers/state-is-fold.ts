/**
 * INV-6, oracle A7: the state of whoever begins to serve, and of every worker at the end, is the fold of the journal.
 *
 * The fold is made here record by record as the server stores them, from the first on, without snapshots and without deciding. At a takeover the
 * two are compared for the first few only that take anything over: looking through a whole state is dear.
 */

import { emptyPartition, type Partition } from "../../src/engine/partition.ts"
import { protocolRules } from "../../src/engine/rules.ts"
import { makeStep } from "../../src/engine/step.ts"
import { engineBoundsOf } from "../profiles.ts"
import { checkingCodec } from "../substitutes/shared-codec.ts"
import type { MakeChecker } from "./checker.ts"
import { stateDifference } from "./same-state.ts"

const takeoversCompared = 4

export const stateIsFold: MakeChecker = ({ cluster, found, checked }) => {
  const step = makeStep({ codec: checkingCodec, rules: protocolRules })
  const { partitions } = cluster.drawn
  const folds: ReadonlyArray<Partition> = Array.from({ length: partitions }, (_, partition) => {
    const fold = emptyPartition({
      partition,
      partitions,
      snapshotEveryRecords: Number.MAX_SAFE_INTEGER,
      bounds: engineBoundsOf(cluster.drawn),
    })
    step(fold, { _tag: "SnapshotMissing", nowMs: 0 })
    return fold
  })
  let compared = 0

  /** Whether the two could be compared: a state is of one record, and the journal may have gone on meanwhile. */
  const compare = (partition: number, state: Partition, who: string): boolean => {
    const fold = folds[partition]
    if (fold === undefined || fold.phase === "halted" || fold.confirmedSeq !== state.confirmedSeq || state.inFlight !== null) return false
    checked()
    const difference = stateDifference(fold, state)
    if (difference === null) return true
    const detail = `${who} holds another state of partition ${partition} at record ${state.confirmedSeq} than its journal gives: they differ in ${difference}`
    found({ class: "safety", signature: "a state differs from the fold of its journal", detail, partition, seq: state.confirmedSeq })
    return true
  }

  return {
    name: "state-is-fold",
    recordStored: (partition, stored) => {
      const fold = folds[partition]
      if (fold === undefined || cluster.lossy.has(partition)) return
      step(fold, { _tag: "RecordsRead", records: [stored], nowMs: 0 })
      checked()
      if (fold.phase === "halted" && fold.confirmedSeq === stored.seq - 1)
        found({
          class: "safety",
          signature: "a stored record can't be folded",
          detail: `record ${stored.seq} of partition ${partition}`,
          partition,
          seq: stored.seq,
        })
    },
    serving: (slot, state) => {
      // Whoever begins a journal holds nothing yet.
      if (cluster.lossy.has(slot.id) || compared >= takeoversCompared || state.actors.size === 0) return
      if (compare(slot.id, state, `${slot.worker.name}, which begins to serve,`)) compared++
    },
    finish: ({ lossy }) => {
      for (const worker of cluster.workers)
        for (const slot of worker.slots) if (slot.partition !== null && !lossy.has(slot.id)) compare(slot.id, slot.partition, worker.name)
    },
  }
}
