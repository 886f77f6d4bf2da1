/**
 * Checker `time` (INV-4, INV-7): journaled time never falls, and deadlines are judged by it.
 *
 * Proves that no record lies before the one it follows, that a command was answered as expired only once its deadline had passed since the
 * broker stored it, and that none was decided anew after that. Holds are judged in `reservations`. Whether the
 * journaled time was near the true time can't be seen in a journal.
 */
import { isFactType } from "./effects.ts"
import type { Findings } from "./findings.ts"
import type { DecisionSeen, RecordSeen } from "./seen.ts"

/** A checker `time` that reports to `findings`. */
export const createTime = (findings: Findings) => {
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
    decision: ({ where, atMs, version, brokerMs, command, decision }: DecisionSeen): void => {
      const isAhead = decision._tag === "Refused" && decision.refusal.reason === "IssuedAhead"
      if (isAhead && version >= 3 && isFactType(command.type))
        findings.violated("time", where, `${command.id} is a fact, and refused for its time`)
      const decided = decision._tag === "Accepted" || decision._tag === "TooLate"
      if (brokerMs === null || !decided) return
      if (command.deadlineMs === undefined || isFactType(command.type)) {
        if (decision._tag === "TooLate") findings.violated("time", where, `${command.id} expired, and no deadline counts for it`)
        return
      }
      findings.checked("time")
      const overMs = atMs - (brokerMs + command.deadlineMs)
      // At the very millisecond of the deadline either answer is right.
      if (decision._tag === "TooLate" && overMs < 0)
        findings.violated("time", where, `${command.id} expired ${-overMs} ms before its deadline`)
      if (decision._tag === "Accepted" && overMs > 0)
        findings.violated("time", where, `${command.id} accepted ${overMs} ms after its deadline`)
    },
  }
}
