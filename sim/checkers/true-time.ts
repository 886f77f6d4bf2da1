/**
 * Rule 7 of the protocol, oracle A10: journaled time is never ahead of the broker's, whatever the clocks of those who journal say, so none can end a hold early.
 * How it moves within a journal is the auditor's; what the time really was only the world knows.
 */
import { checkingCodec } from "../substitutes/shared-codec.ts"
import type { MakeChecker } from "./checker.ts"

/** Clocks show whole milliseconds, so that one which runs fast can seem to be one ahead. */
const wholeMs = 1

export const trueTime: MakeChecker = ({ cluster, found, checked }) => ({
  name: "true-time",
  recordStored: (partition, { seq, bytes }) => {
    const read = checkingCodec.decodeRecord(bytes)
    if (read._tag === "Unreadable") return
    checked()
    const aheadMs = read.record.atMs - cluster.world.nowMs
    if (aheadMs <= wholeMs) return
    const detail = `record ${seq} of partition ${partition} says it is ${read.record.atMs}, which is ${aheadMs} ms from now`
    found({ class: "safety", signature: "journaled time is ahead of the true time", detail, partition, seq })
  },
})
