/**
 * INV-3 and INV-4 where orders are decided: what the server acknowledged of their journals stays, each record links to the one before it, no reply leaves before its record, nobody halts without a cause, and journaled time
 * never falls.
 */
import { checkingOrderCodec } from "../substitutes/order-codec.ts"
import { acknowledgedAppends } from "./acknowledged-appends.ts"
import { ordersWritten } from "./both-journals.ts"
import type { Given, MakeChecker } from "./checker.ts"
import { halts } from "./halts.ts"

/** Each record names the one before it, and is no earlier. */
const judgeChains = ({ cluster, found, checked }: Given, lossy: ReadonlySet<number>): void => {
  let before: ReturnType<typeof ordersWritten>[number] | null = null
  for (const written of ordersWritten(cluster)) {
    const { id, seq, record } = written
    const former = before?.id === id ? before : null
    before = written
    if (lossy.has(id)) continue
    checked()
    const broken = (signature: string, detail: string) => found({ class: "safety", signature, detail, partition: id, seq })
    const bytes = cluster.server.recordAt(id, seq - 1)?.bytes
    const hash = bytes === undefined ? "" : checkingOrderCodec.sha256(bytes)
    if (record.prevSeq !== seq - 1 || record.prevHash !== hash)
      broken("a record of orders does not link to the one before it", `record ${seq}`)
    if (former !== null && record.atMs < former.record.atMs) broken("time falls in a journal of orders", `record ${seq}`)
    if (former !== null && record.epoch < former.record.epoch) broken("an epoch falls in a journal of orders", `record ${seq}`)
  }
}

export const orderJournals: MakeChecker = (given) => {
  const { cluster, found, checked } = given
  const appends = acknowledgedAppends(given)
  const halting = halts(given)
  // Both look at journals, records' envelopes and halts alone: whose actors a slot holds is nothing to them.
  for (const { appendAnswered, confirmed, halted } of [appends, halting])
    cluster.orderAudience.add({
      appendAnswered: (slot, output, answer) => appendAnswered?.(slot as never, output, answer),
      confirmed: (slot, seq, record, stats) => confirmed?.(slot as never, seq, record as never, stats),
      halted: (slot, halt) => halted?.(slot as never, halt),
    })
  cluster.orderAudience.add({
    replySaid: (slot, { seq }) => {
      checked()
      if (cluster.lossy.has(slot.id) || seq <= cluster.server.endSeq(slot.id)) return
      const detail = `a reply of record ${seq} left ${slot.worker.name} while journal ${slot.id} ended at ${cluster.server.endSeq(slot.id)}`
      found({ class: "safety", signature: "a reply about an order before its record", detail, partition: slot.id, seq })
    },
  })
  return {
    name: "order-journals",
    finish: (ending) => {
      if (!cluster.hasOrders) return
      appends.finish?.(ending)
      judgeChains(given, ending.lossy)
    },
  }
}
