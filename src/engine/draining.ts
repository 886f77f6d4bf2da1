/**
 * The commands stream of earlier releases, which senders wrote to themselves: read to its end, once it takes no more, and left for the one that ingresses write.
 *
 * What was acknowledged there is decided before anything else of the partition: until then nothing handed over is taken, for whoever heard of a message stored may go on to what depends
 * on it. That reading moved on is journaled, so that every owner knows which stream its cursor is of.
 */
import { assert } from "../assert.ts"
import { cursorCheckMs } from "../limits.ts"
import { applyEnvelope, type Given } from "./apply.ts"
import { beginAppend } from "./batch.ts"
import { isDue } from "./due.ts"
import type { Partition } from "./partition.ts"
import type { Output } from "./protocol.ts"
import type { Cursor, Entry } from "./records.ts"

/** Asks where the stream ends, until that is known. */
export const tickRawEnd = (partition: Partition, nowMs: number): Array<Output> => {
  if (partition.cursor.stream !== "raw" || partition.rawEndSeq !== null) return []
  if (!isDue(partition.nextRawEndAtMs, nowMs, cursorCheckMs)) return []
  partition.nextRawEndAtMs = nowMs + cursorCheckMs
  return [{ _tag: "ReadRawEnd" }]
}

export const onRawEndRead = (partition: Partition, endSeq: number | null): Array<Output> => {
  if (partition.phase === "serving" && partition.cursor.stream === "raw") partition.rawEndSeq = endSeq
  return []
}

/** Whether all that the stream holds of this partition is decided, and nothing more will come. */
export const isRawDone = ({ cursor, rawEndSeq, search, draining }: Partition): boolean =>
  cursor.stream === "raw" && rawEndSeq !== null && cursor.seq >= rawEndSeq && search === null && draining === null

/** Journals that reading goes on in the other stream, from its beginning. */
export const moveOn = (partition: Partition, given: Given, nowMs: number): Array<Output> => {
  const { owner, epoch, incarnation, atMs, cursor: from } = partition
  assert(incarnation !== null, "an owner knows its incarnation")
  const cursor: Cursor = { stream: "stored", seq: 0, digest: "" }
  const entry: Entry = { _tag: "Moved", from }
  const drafted = { entries: [entry], texts: [given.codec.encodeEntry(entry)], touched: new Map() }
  const outputs = beginAppend(partition, given, "reset", { owner, epoch, incarnation, cursor, atMs }, drafted, nowMs)
  partition.rawEndSeq = null
  partition.check = null
  if (partition.inFlight !== null) applyEnvelope(partition, partition.inFlight.record)
  return outputs
}
