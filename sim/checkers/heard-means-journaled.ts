/** INV-3: at the moment a reply or a feed value leaves its worker, the record it speaks of is in the journal. What it says is judged by the auditor. */
import type { Given, MakeChecker } from "./checker.ts"

const inJournal = ({ cluster, found, checked }: Given, partition: number, seq: number, what: string, sku?: string): void => {
  checked()
  if (seq <= cluster.server.endSeq(partition)) return
  const detail = `${what} of record ${seq} left a worker while the journal of partition ${partition} ended at ${cluster.server.endSeq(partition)}`
  found({ class: "safety", signature: `${what} before its record`, detail, partition, seq, ...(sku === undefined ? {} : { sku }) })
}

export const heardMeansJournaled: MakeChecker = (given) => {
  const lossy = given.cluster.lossy
  return {
    name: "heard-means-journaled",
    replySaid: (_slot, reply) => {
      if (!lossy.has(reply.partition)) inJournal(given, reply.partition, reply.seq, "a reply", reply.decisions[0]?.sku ?? undefined)
    },
    feedSaid: (slot, value) => {
      if (!lossy.has(slot.id)) inJournal(given, slot.id, value.version, "a feed value", value.sku)
    },
  }
}
