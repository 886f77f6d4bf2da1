/** INV-4: what the server acknowledged of a journal is there at the end, at the same place, under the same id. */
import type { MakeChecker } from "./checker.ts"

export const acknowledgedAppends: MakeChecker = ({ cluster, found, checked }) => {
  const acknowledged: Array<{ readonly partition: number; readonly seq: number; readonly messageId: string }> = []
  const confirmed: Array<{ readonly partition: number; readonly seq: number; readonly owner: string; readonly epoch: number }> = []
  return {
    name: "acknowledged-appends",
    appendAnswered: (slot, output, answer) => {
      if (answer !== null && "seq" in answer && !answer.duplicate)
        acknowledged.push({ partition: slot.id, seq: answer.seq, messageId: output.messageId })
    },
    confirmed: (slot, seq, record) => confirmed.push({ partition: slot.id, seq, owner: record.owner, epoch: record.epoch }),
    finish: ({ lossy }) => {
      for (const { partition, seq, messageId } of acknowledged) {
        if (lossy.has(partition)) continue
        checked()
        const stored = cluster.server.recordAt(partition, seq)
        if (stored?.messageId === messageId) continue
        const detail = `record ${seq} of partition ${partition} was acknowledged as ${messageId}, and is ${stored?.messageId ?? "missing"}`
        found({ class: "safety", signature: "an acknowledged record is gone", detail, partition, seq })
      }
      for (const { partition, seq, owner, epoch } of confirmed) {
        if (lossy.has(partition)) continue
        checked()
        const stored = cluster.server.recordAt(partition, seq)
        if (stored?.messageId.startsWith(`${owner}.${epoch}.`) === true) continue
        const detail = `record ${seq} of partition ${partition} was taken for confirmed by ${owner} of epoch ${epoch}, and is ${stored?.messageId ?? "missing"}`
        found({ class: "safety", signature: "a record was taken for confirmed that isn't there", detail, partition, seq })
      }
    },
  }
}
