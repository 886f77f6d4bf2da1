/**
 * INV-6: a worker's state is the fold of the journal: when it begins to serve, when it keeps the state at the end of a reign, and at the end of the world.
 *
 * The fold is made here record by record as the server stores them, from the first on, without snapshots and without deciding. Comparing a whole state is dear, so only the first
 * few takeovers and ends of reigns with anything in their state are compared, and a few more of workers that serve again with a state they kept.
 */

import { protocolRules } from "../../src/engine/rules.ts"
import { emptyPartition, makeStep } from "../../src/kinds/sku/partition.ts"
import type { SkuPartition } from "../../src/kinds/sku/types.ts"
import type { Slot } from "../nodes/slot.ts"
import { engineBoundsOf } from "../profiles.ts"
import { checkingCodec } from "../substitutes/shared-codec.ts"
import type { MakeChecker } from "./checker.ts"
import { stateDifference } from "./same-state.ts"

const takeoversCompared = 4
const keptCompared = 4

export const stateIsFold: MakeChecker = ({ cluster, found, checked }) => {
  const step = makeStep({ codec: checkingCodec, rules: protocolRules })
  const { partitions } = cluster.drawn
  const folds: ReadonlyArray<SkuPartition> = Array.from({ length: partitions }, (_, partition) => {
    const fold = emptyPartition({
      partition,
      partitions,
      partitionsOf: cluster.skusSendTo,
      snapshotEveryRecords: Number.MAX_SAFE_INTEGER,
      bounds: engineBoundsOf(cluster.drawn),
    })
    step(fold, { _tag: "SnapshotMissing", nowMs: 0 })
    return fold
  })
  let compared = 0
  let kept = 0
  let keptServing = 0
  /** In which life a slot follows on with what it kept. */
  const followsOn = new Map<Slot, number>()

  /** Whether the two could be compared: a state is of one record, and the journal may have gone on meanwhile. */
  const compare = (partition: number, state: SkuPartition, who: string): boolean => {
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
      if (cluster.lossy.has(slot.id) || state.actors.size === 0) return
      if (followsOn.get(slot) === slot.life && keptServing < keptCompared) {
        if (compare(slot.id, state, `${slot.worker.name}, which serves again with what it kept,`)) keptServing++
      } else if (compared < takeoversCompared && compare(slot.id, state, `${slot.worker.name}, which begins to serve,`)) compared++
    },
    reignEnded: (slot) => {
      // What it asked for is given up with the next life.
      followsOn.set(slot, slot.life + 1)
      const { partition } = slot
      if (cluster.lossy.has(slot.id) || kept >= keptCompared || partition === null || partition.actors.size === 0) return
      if (compare(slot.id, partition, `${slot.worker.name}, whose reign ended,`)) kept++
    },
    finish: ({ lossy }) => {
      for (const worker of cluster.workers)
        for (const slot of worker.slots) if (slot.partition !== null && !lossy.has(slot.id)) compare(slot.id, slot.partition, worker.name)
    },
  }
}
