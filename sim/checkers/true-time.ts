/**
 * INV-4 and INV-8: journaled time is the broker's, whatever the clocks of those who journal say.
 *
 * It is never ahead of the broker's, so that no hold ends early. It is never further behind than what its owner had heard allows, so that no hold is kept, and no command taken,
 * long after its time. How journaled time moves within a journal is the auditor's to judge; what the time really was only the world knows. If the broker's own clock was set
 * back, journaled time may go on as before for two windows of the broker clock, and then stands still until the broker's clock has caught up.
 */
import { isFact } from "../../src/domain/sku/commands.ts"
import type { SkuJournalRecord } from "../../src/kinds/sku/types.ts"
import { brokerClockWindowMs } from "../../src/limits.ts"
import { checkingCodec } from "../substitutes/shared-codec.ts"
import type { MakeChecker } from "./checker.ts"
import { HeardTime } from "./heard-time.ts"

/** Clocks show whole milliseconds, so that one which runs fast can seem to be one ahead. */
const wholeMs = 1

/** How long a command that was decided as if in time is past its deadline. */
const overdueMs = ({ entries }: SkuJournalRecord, brokerNowMs: number): number => {
  let overMs = Number.NEGATIVE_INFINITY
  for (const entry of entries) {
    if (entry._tag !== "Message") continue
    for (const { command, decision } of entry.decided) {
      if (command?.deadlineMs === undefined || isFact(command) || decision._tag !== "Accepted") continue
      overMs = Math.max(overMs, brokerNowMs - entry.brokerMs - command.deadlineMs)
    }
  }
  return overMs
}

export const trueTime: MakeChecker = ({ cluster, found, checked }) => {
  const { server, world } = cluster
  const times = new HeardTime()
  /** What the broker's clock may be taken for at most. */
  const mostMs = (): number => {
    const followedMs = 2 * brokerClockWindowMs + 2 * cluster.drawn.leaseTtlMs
    let takenMs = Number.NEGATIVE_INFINITY
    for (const [place, { atMs, shownMs }] of server.clockSets.entries()) {
      const untilMs = server.clockSets[place + 1]?.atMs ?? world.nowMs
      takenMs = Math.max(takenMs, shownMs) + Math.min(untilMs - atMs, followedMs)
    }
    return Math.max(server.nowMs, takenMs) + wholeMs
  }
  return {
    name: "true-time",
    timeHeard: (slot, brokerMs) => times.heard(slot, brokerMs),
    recordStored: (partition, { seq, bytes }) => {
      const read = checkingCodec.decodeRecord(bytes)
      if (read._tag !== "Record") return
      checked()
      // Of what is stored alone: who stood still for minutes knows nothing of a clock that was set back meanwhile, and what it decides before it looks at its lease is fenced.
      const aheadMs = read.record.atMs - mostMs()
      if (aheadMs <= 0) return
      const detail = `record ${seq} of partition ${partition} says it is ${read.record.atMs}, which is ${aheadMs} ms from now`
      found({ class: "safety", signature: "journaled time is ahead of the true time", detail, partition, seq })
    },
    appendBegun: (slot, { bytes, expectedSeq }) => {
      const read = checkingCodec.decodeRecord(bytes)
      const inFlight = slot.partition?.inFlight
      if (read._tag !== "Record" || inFlight?.attempts !== 1) return
      const { record } = read
      if (record.kind !== "batch" && record.kind !== "expiry") return
      checked()
      const leastMs = times.leastMs(slot)
      const place = { partition: slot.id, seq: expectedSeq + 1 }
      if (leastMs === null || record.atMs < leastMs) {
        const detail = `record ${place.seq} of partition ${slot.id} says it is ${record.atMs}, and its owner knew that it was ${leastMs} or later`
        found({ class: "safety", signature: "journaled time is behind what its owner knew", detail, ...place })
      }
      const behindMs = server.nowMs - (leastMs ?? 0)
      const overMs = overdueMs(record, server.nowMs) - behindMs
      if (overMs <= 0) return
      const detail = `record ${place.seq} of partition ${slot.id} decides a command ${overMs} ms after its deadline, beyond what its owner could not know`
      found({ class: "safety", signature: "a command was decided after its deadline", detail, ...place })
    },
  }
}
