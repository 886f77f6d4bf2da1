/**
 * INV-7, oracle L1 for replies: what a record calls for was said by somebody, by its owner or by the one after it. A sender that asks again hears its
 * answer from a later record, and so hides a reply that never was.
 */
import { checkingCodec } from "../substitutes/shared-codec.ts"
import type { MakeChecker } from "./checker.ts"

export const repliesSaid: MakeChecker = ({ cluster, found, checked }) => {
  const said = new Set<string>()
  const name = (partition: number, seq: number, sender: string, suffix: string): string => `${partition} ${seq} ${sender} ${suffix}`
  return {
    name: "replies-said",
    replySaid: (_slot, { partition, seq, sender, suffix }) => said.add(name(partition, seq, sender, suffix)),
    finish: ({ converged, lossy }) => {
      if (!converged) return
      for (let partition = 0; partition < cluster.drawn.partitions; partition++) {
        if (lossy.has(partition)) continue
        for (const { seq, bytes } of cluster.server.records(partition, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) {
          const read = checkingCodec.decodeRecord(bytes)
          if (read._tag === "Unreadable") continue
          for (const entry of read.record.entries) {
            if ((entry._tag !== "Message" && entry._tag !== "Settled") || entry.reply === null) continue
            checked()
            if (said.has(name(partition, seq, entry.sender, entry.reply))) continue
            const detail = `the reply ${entry.reply} to ${entry.sender} stands in record ${seq}, and nobody ever said it`
            found({ class: "liveness", signature: "a journaled reply was never said", detail, partition, seq })
          }
        }
      }
    },
  }
}
