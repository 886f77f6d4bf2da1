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

/**
 * What is wrong with a record whose cursor moves to another stream. It may move once, from the stream of earlier releases to the beginning of the present one, in a record that
 * decides no message of either.
 */
const wrongMove = (before: Cursor, { cursor, entries }: JournalRecord): string | null => {
  const moved = entries.find((entry) => entry._tag === "Moved")
  if (moved === undefined) return `reads the stream ${cursor.stream} after ${before.stream}, and nothing says why`
  if (moved.from.stream !== before.stream || moved.from.seq !== before.seq)
    return `moves from ${moved.from.seq}, but the cursor stood at ${before.seq}`
  if (before.stream !== "raw" || cursor.stream !== "stored" || cursor.seq !== 0)
    return `moves from ${before.stream} to ${cursor.seq} of ${cursor.stream}`
  return entries.length === 1 ? null : "moves and does something else"
}

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
      // A cluster of an earlier release began with the other stream.
      const before = cursors.get(partition) ?? { ...start, stream: cursor.stream }
      findings.checked("cursor")
      cursors.set(partition, cursor)
      if (cursor.stream !== before.stream) {
        const wrong = wrongMove(before, record)
        if (wrong !== null) findings.violated("cursor", where, `record ${wrong}`)
        return
      }
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
