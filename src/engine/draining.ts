/**
 * The commands stream of earlier releases, which senders wrote to themselves: read to its end, once it takes no more, and left for the one that ingresses write.
 *
 * What was acknowledged there is decided before anything else of the partition: until then nothing handed over is taken, for whoever heard of a message stored may go on to what depends
 * on it. That reading moved on is journaled, so that every owner knows which stream its cursor is of.
 */
import { assert } from "../assert.ts"
import { cursorCheckMs } from "../limits.ts"
import { appendAsOwner } from "./appending.ts"
import { draftOf } from "./draft.ts"
import { isDue } from "./due.ts"
import type { EngineContext } from "./given.ts"
import type { Serving } from "./partition.ts"
import type { Output } from "./protocol.ts"
import type { Cursor, Entry } from "./records.ts"

/** Asks where the stream ends, until that is known. */
export const tickRawEnd = (partition: Serving, nowMs: number): Array<Output> => {
  if (partition.cursor.stream !== "raw" || partition.reign.rawEndSeq !== null) return []
  if (!isDue(partition.reign.nextRawEndAtMs, nowMs, cursorCheckMs)) return []
  partition.reign.nextRawEndAtMs = nowMs + cursorCheckMs
  return [{ _tag: "ReadRawEnd" }]
}

/** Where the stream of earlier releases ends for this partition; null: that isn't known yet. */
export const onRawEndRead = (partition: Serving, endSeq: number | null): Array<Output> => {
  if (partition.cursor.stream === "raw") partition.reign.rawEndSeq = endSeq
  return []
}

/** Whether all that the stream holds of this partition is decided, and nothing more will come. */
export const isRawDone = ({ cursor, reign: { rawEndSeq, search, draining } }: Serving): boolean =>
  cursor.stream === "raw" && rawEndSeq !== null && cursor.seq >= rawEndSeq && search === null && draining === null

/** Journals that reading goes on in the other stream, from its beginning. */
export const moveOn = (partition: Serving, given: EngineContext, nowMs: number): Array<Output> => {
  const { atMs, cursor: from } = partition
  assert(from.stream === "raw", "INV-7 the stream of earlier releases is left once")
  assert(partition.inFlight === null, "INV-4 one record in flight")
  const cursor: Cursor = { stream: "stored", seq: 0, digest: "" }
  const entry: Entry = { _tag: "Moved", from }
  const outputs = appendAsOwner(partition, given, "reset", { cursor, atMs }, draftOf(given, entry), nowMs)
  partition.reign.rawEndSeq = null
  partition.reign.check = null
  return outputs
}
