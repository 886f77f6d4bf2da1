/**
 * Checker `time` (INV-4, INV-7): journaled time never falls, and deadlines are judged by it.
 *
 * Proves that no record lies before the one it follows, that a command was answered as expired only once its deadline had passed since the
 * broker stored it, and that none was decided anew after that. Holds are judged in `reservations`. Whether the
 * journaled time was near the true time can't be seen in a journal.
 */
import type { KindTypes } from "../engine/kind.ts"
import type { Findings } from "./findings.ts"
import type { Judged } from "./judged.ts"
import type { DecisionSeen, RecordSeen } from "./seen.ts"

/** A checker `time` of one kind that reports to `findings`. */
export const createTime = <K extends KindTypes>(findings: Findings, kind: Judged<K>) => {
  const lastMs = new Map<number, number>()
  return {
    record: ({ partition, seq, record }: RecordSeen): void => {
      findings.checked("time")
      const before = lastMs.get(partition) ?? 0
      if (!Number.isSafeInteger(record.atMs))
        findings.violated("time", { partition, seq }, `time ${record.atMs} is no whole number of milliseconds`)
      if (record.atMs < before) findings.violated("time", { partition, seq }, `time falls from ${before} to ${record.atMs}`)
      lastMs.set(partition, Math.max(before, record.atMs))
    },
    decision: ({ where, atMs, brokerMs, command, decision }: DecisionSeen<K>): void => {
      const isAhead = decision._tag === "Refused" && decision.refusal.reason === "IssuedAhead"
      if (isAhead && kind.isFact(command)) findings.violated("time", where, `${command.id} is a fact, and refused for its time`)
      const isAnew = decision._tag === "Accepted" || decision._tag === "Begun"
      const decided = isAnew || decision._tag === "TooLate"
      if (brokerMs === null || !decided) return
      if (command.deadlineMs === undefined || kind.isFact(command)) {
        if (decision._tag === "TooLate") findings.violated("time", where, `${command.id} expired, and no deadline counts for it`)
        return
      }
      findings.checked("time")
      const overMs = atMs - (brokerMs + command.deadlineMs)
      // At the very millisecond of the deadline either answer is right.
      if (decision._tag === "TooLate" && overMs < 0)
        findings.violated("time", where, `${command.id} expired ${-overMs} ms before its deadline`)
      if (isAnew && overMs > 0) findings.violated("time", where, `${command.id} accepted ${overMs} ms after its deadline`)
    },
  }
}
