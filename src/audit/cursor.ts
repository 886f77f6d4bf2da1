/**
 * Checker `cursor` (INV-2, INV-7): every stored message is taken once, in the order of the stream.
 *
 * Proves that a record decides only messages after the cursor before it and leaves the cursor at the last of them, so that none was
 * taken twice and none that was taken is missing. Only a journaled reset, which names the cursor it gives up, moves it back.
 * A message that was stored and never read leaves no trace here: that is `completeness`.
 */
import type { Cursor, JournalRecord } from "../engine/records.ts"
import type { Findings, Where } from "./findings.ts"
import type { RecordSeen } from "./seen.ts"

const start: Cursor = { stream: "stored", seq: 0, digest: "" }

/** The last message of a record that was not reset: the highest it decided, or the one before. Reports what was taken out of turn. */
const lastTaken = (findings: Findings, where: Where, before: Cursor, record: JournalRecord): number => {
  const taken = new Set<number>()
  const batches = new Set<number>()
  let last = before.seq
  for (const entry of record.entries) {
    const seq = entry._tag === "Message" || entry._tag === "Stored" || entry._tag === "Skipped" ? entry.seq : null
    // Handed over, or nothing of the stream.
    if (seq === null) continue
    findings.checked("cursor")
    if (seq <= before.seq) findings.violated("cursor", where, `message ${seq} was taken before: the cursor stood at ${before.seq}`)
    // One stored message of an ingress holds many messages of senders; all of them have its sequence.
    if (taken.has(seq) && !(entry._tag === "Message" && batches.has(seq)))
      findings.violated("cursor", where, `message ${seq} stands twice in the record`)
    if (entry._tag === "Stored") batches.add(seq)
    taken.add(seq)
    last = Math.max(last, seq)
  }
  return last
}

/** A checker `cursor` that reports to `findings`. */
export const createCursor = (findings: Findings) => {
  const cursors = new Map<number, Cursor>()
  return {
    record: ({ partition, seq, record }: RecordSeen): void => {
      const where = { partition, seq }
      const { cursor } = record
      const before = cursors.get(partition) ?? start
      findings.checked("cursor")
      cursors.set(partition, cursor)
      const reset = record.entries.find((entry) => entry._tag === "Reset")
      if (reset !== undefined) {
        if (reset.from.seq !== before.seq || reset.from.digest !== before.digest) {
          findings.violated("cursor", where, `reset from ${reset.from.seq}, but the cursor stood at ${before.seq}`)
        }
        if (cursor.seq > before.seq) findings.violated("cursor", where, `reset moves the cursor on, from ${before.seq} to ${cursor.seq}`)
        if (record.entries.some((entry) => entry._tag === "Message"))
          findings.violated("cursor", where, "record both resets and decides messages")
        return
      }
      const last = lastTaken(findings, where, before, record)
      if (cursor.seq !== last) findings.violated("cursor", where, `cursor ${cursor.seq}, but the last message taken is ${last}`)
      if (cursor.seq === before.seq && cursor.digest !== before.digest) {
        findings.violated("cursor", where, `digest of message ${cursor.seq} changed without a reset`)
      }
    },
  }
}
