/**
 * Rule 7 of the protocol, oracle A10: journaled time is never further ahead of the true time than the broker's limit, so no clock can end a hold early.
 * How it moves within a journal is the auditor's; what the time really was only the world knows.
 */
import { clockAheadMsMax } from "../../src/limits.ts"
import { checkingCodec } from "../substitutes/shared-codec.ts"
import type { MakeChecker } from "./checker.ts"

export const trueTime: MakeChecker = ({ cluster, found, checked }) => ({
  name: "true-time",
  recordStored: (partition, { seq, bytes }) => {
    const read = checkingCodec.decodeRecord(bytes)
    if (read._tag === "Unreadable") return
    checked()
    const aheadMs = read.record.atMs - cluster.world.nowMs
    if (aheadMs <= clockAheadMsMax) return
    const detail = `record ${seq} of partition ${partition} says it is ${read.record.atMs}, which is ${aheadMs} ms from now`
    found({ class: "safety", signature: "journaled time is ahead of the true time", detail, partition, seq })
  },
})
