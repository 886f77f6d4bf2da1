/**
 * INV-6 for orders: what a worker holds of them is the fold of their journal, when it begins to serve, when its reign ends, and at the end of the world: orders, what is remembered, what is under way to SKUs, whose answers
 * are owed, and what waits for a person. As state-is-fold.ts has it for SKUs, with the hash that owners of both compare.
 */

import { protocolRules } from "../../src/engine/rules.ts"
import { stateHash } from "../../src/engine/state-hash.ts"
import { orderKind } from "../../src/kinds/order/kind.ts"
import { emptyPartition, makeStep } from "../../src/kinds/order/partition.ts"
import type { OrderPartition } from "../../src/kinds/order/types.ts"
import { engineBoundsOf } from "../profiles.ts"
import { checkingOrderCodec } from "../substitutes/order-codec.ts"
import type { MakeChecker } from "./checker.ts"
import { carryingDifference, keptDifference } from "./same-state.ts"

const comparedMax = 12

const differenceOf = (a: OrderPartition, b: OrderPartition): string | null => {
  const { sha256 } = checkingOrderCodec
  if (stateHash(a, orderKind, sha256) !== stateHash(b, orderKind, sha256)) return "orders, or what is remembered of them"
  if (a.openParts !== b.openParts) return "how many orders have not ended"
  return (
    carryingDifference(a, b) ??
    keptDifference(a, b) ??
    (a.openHolds === b.openHolds ? null : "how many orders have a time at which they end")
  )
}

export const ordersAreFold: MakeChecker = ({ cluster, found, checked }) => {
  const step = makeStep({ codec: checkingOrderCodec, rules: protocolRules })
  const { partitions, orderPartitions = 0 } = cluster.drawn
  const folds = Array.from({ length: orderPartitions }, (_, partition): OrderPartition => {
    const bounds = engineBoundsOf(cluster.drawn)
    const partitionsOf = { sku: partitions }
    const fold = emptyPartition({
      partition,
      partitions: orderPartitions,
      partitionsOf,
      snapshotEveryRecords: Number.MAX_SAFE_INTEGER,
      bounds,
    })
    step(fold, { _tag: "SnapshotMissing", nowMs: 0 })
    return fold
  })
  let compared = 0
  const compare = (id: number, state: OrderPartition | null, who: string): void => {
    const fold = folds[id - partitions]
    if (fold === undefined || state === null || fold.phase === "halted") return
    const knowsNothing = state.actors.size + state.quarantine.size === 0
    if (fold.confirmedSeq !== state.confirmedSeq || state.inFlight !== null || knowsNothing) return
    checked()
    compared++
    const difference = differenceOf(fold, state)
    if (difference === null) return
    const detail = `${who} holds other orders of journal ${id} at record ${state.confirmedSeq} than it gives: they differ in ${difference}`
    found({ class: "safety", signature: "orders differ from the fold of their journal", detail, partition: id, seq: state.confirmedSeq })
  }
  cluster.orderAudience.add({
    recordStored: (id, stored) => {
      const fold = folds[id - partitions]
      if (fold === undefined || cluster.lossy.has(id)) return
      step(fold, { _tag: "RecordsRead", records: [stored], nowMs: 0 })
      checked()
      if (fold.phase !== "halted" || fold.confirmedSeq !== stored.seq - 1) return
      const detail = `record ${stored.seq} of journal ${id}`
      found({ class: "safety", signature: "a stored record of orders can't be folded", detail, partition: id, seq: stored.seq })
    },
    serving: (slot, state) => {
      if (compared < comparedMax && !cluster.lossy.has(slot.id)) compare(slot.id, state, `${slot.worker.name}, which begins to serve,`)
    },
    reignEnded: (slot) => {
      if (compared < comparedMax && !cluster.lossy.has(slot.id)) compare(slot.id, slot.partition, `${slot.worker.name}, whose reign ended,`)
    },
  })
  return {
    name: "orders-are-fold",
    finish: ({ lossy }) => {
      for (const { name, orderSlots } of cluster.workers)
        for (const { id, partition } of orderSlots) if (!lossy.has(id)) compare(id, partition, name)
    },
  }
}
