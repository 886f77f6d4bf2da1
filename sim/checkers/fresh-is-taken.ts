/**
 * INV-2: nothing fresh is refused for want of memory, and a false date is no decision. No command within the guaranteed horizon is refused as too old, no floor rises into that
 * horizon, and no refusal for a date is repeated as a decision. That a sender which hears `busy` for want of memory had nothing taken is checked by `busy-is-true`.
 */

import { isInternal } from "../../src/domain/names.ts"
import { commandsOf } from "../../src/engine/outcomes.ts"
import type { SkuEntry, SkuJournalRecord } from "../../src/kinds/sku/types.ts"
import { boundsDrawn } from "../memory-drawn.ts"
import { checkingCodec } from "../substitutes/shared-codec.ts"
import type { MakeChecker } from "./checker.ts"

export const freshIsTaken: MakeChecker = ({ cluster, found, checked }) => {
  const { horizonMinMs } = boundsDrawn(cluster.drawn)
  const judge = (partition: number, seq: number, { atMs }: SkuJournalRecord, entry: SkuEntry): void => {
    const place = { class: "safety", partition, seq } as const
    const freshMs = atMs - horizonMinMs
    // Another partition of ours says itself what it can't ask for again: that rises as far as it is so.
    if (entry._tag === "Floor" && entry.floorMs > freshMs && !isInternal(entry.sender))
      found({
        ...place,
        signature: "a floor above what is always remembered",
        detail: `${entry.sender} ${entry.class}: ${entry.floorMs} at ${atMs}`,
      })
    if ((entry._tag === "Message" || entry._tag === "Settled") && isInternal(entry.sender)) return
    for (const { command, decision } of commandsOf(entry)) {
      if (command === null) continue
      checked()
      const what = `${command.type} ${command.id} issued at ${command.issuedAtMs}, at ${atMs}`
      if (decision._tag === "Refused" && decision.refusal.reason === "TooOld" && command.issuedAtMs >= freshMs)
        found({ ...place, signature: "a fresh command refused as too old", detail: what })
      if (decision._tag === "Repeated" && decision.outcome.outcome === "refused" && decision.outcome.reason === "IssuedAhead")
        found({ ...place, signature: "a false date remembered", detail: what })
    }
  }
  return {
    name: "fresh-is-taken",
    recordStored: (partition, { seq, bytes }) => {
      const read = checkingCodec.decodeRecord(bytes)
      if (read._tag === "Record") for (const entry of read.record.entries) judge(partition, seq, read.record, entry)
    },
  }
}
