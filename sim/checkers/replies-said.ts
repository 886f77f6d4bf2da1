/**
 * INV-7: every reply that a record calls for was sent, by its owner or by the next one. A sender that retries gets its answer from a later record, and so hides a reply that was
 * never sent. A reply counts as sent once it reached the server: one that a dying worker only began to send does not.
 */
import { checkingCodec } from "../substitutes/shared-codec.ts"
import type { MakeChecker } from "./checker.ts"

interface Saying {
  readonly partition: number
  readonly seq: number
  readonly sender: string
}

export const repliesSaid: MakeChecker = ({ cluster, found, checked }) => {
  /** By suffix, which few replies share: who was said what of which record. */
  const said = new Map<string, Array<Saying>>()
  const wasSaid = ({ partition, seq, sender }: Saying, suffix: string): boolean =>
    said.get(suffix)?.some((one) => one.seq === seq && one.partition === partition && one.sender === sender) === true
  return {
    name: "replies-said",
    replyLeft: (_slot, { partition, seq, sender, suffix }) => {
      const known = said.get(suffix)
      if (known === undefined) said.set(suffix, [{ partition, seq, sender }])
      else if (!wasSaid({ partition, seq, sender }, suffix)) known.push({ partition, seq, sender })
    },
    finish: ({ converged, lossy }) => {
      if (!converged) return
      for (let partition = 0; partition < cluster.drawn.partitions; partition++) {
        if (lossy.has(partition)) continue
        for (const { seq, bytes } of cluster.server.records(partition, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)) {
          const read = checkingCodec.decodeRecord(bytes)
          if (read._tag !== "Record") continue
          for (const entry of read.record.entries) {
            if ((entry._tag !== "Message" && entry._tag !== "Settled") || entry.reply === null) continue
            checked()
            if (wasSaid({ partition, seq, sender: entry.sender }, entry.reply)) continue
            const detail = `the reply ${entry.reply} to ${entry.sender} stands in record ${seq}, and nobody ever said it`
            found({ class: "liveness", signature: "a journaled reply was never said", detail, partition, seq })
          }
        }
      }
    },
  }
}
