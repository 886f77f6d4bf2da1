/**
 * Whether the commands stream still is the one that was read: what it holds at the journaled cursor must have the journaled digest, and nothing may be gone behind it that nobody decided.
 *
 * A stream that lost its tail (power loss with the default fsync) reuses sequences; whoever trusts numbers alone then skips new commands as done. Checked before every
 * start of reading, every second, and before purging; answered by a journaled reset to the last common message, or to the first if there is none. And once more
 * when the first message of a reading has arrived, before any of them is decided: between a look and the reading that it lets begin, the tail may be lost too.
 * From then on a loss of the tail breaks the reading, which is told.
 *
 * A stream that lost its beginning (somebody set it to drop what is old, or purged it) is told from that by its sequences, which are not used again: the cursor's message is gone although the stream goes
 * on behind it. It is never purged by a worker, and whatever drops messages begins with the oldest, of the stream or of the subject. So while it is there, nothing behind it was dropped; once it is gone,
 * everything up to the next message of this partition that is still stored may have been, and nobody can tell whether any of it was this partition's, for sequences of all partitions interleave. It is not passed
 * over: the reset is journaled with the range, and then the partition halts until an operator has looked. The record says it, so the next owner halts too where the halt itself was never shared.
 *
 * What is dropped while a reading goes on is not seen in what it brings, for a partition's sequences have gaps anyway. So nothing that arrives is decided before a look, asked after its arrival, has found the
 * cursor's message still there: until then nothing behind it was dropped, so nothing is missing up to what had arrived. One look proves all of that, and while a record is in flight another is made; what follows a
 * proven message without a gap needs none. The cursor therefore never passes what was dropped, whoever reigns next.
 *
 * Where nothing was ever decided there is no such message; where single messages were deleted, it proves too little. There the serials of the
 * ingresses show what is missing once a later one of the same ingress is taken (batch.ts), and the audit of all journals together (audit/losses.ts).
 */
import { assert } from "../assert.ts"
import { commandsFillMax, commandsKeptBytes, cursorCheckMs, purgeLookMs } from "../limits.ts"
import { appendAsOwner } from "./appending.ts"
import { isNone, noteDropped } from "./apply.ts"
import { draftOf } from "./draft.ts"
import { isDue } from "./due.ts"
import { halt } from "./ending.ts"
import { digestOfMessage, type EngineContext } from "./given.ts"
import type { CursorCheck, CursorMark, Partition, Serving } from "./partition.ts"
import type { CommandMessage, Input, Output } from "./protocol.ts"
import type { Cursor, Dropped, ResetEntry } from "./records.ts"

/** Asks what the stream holds at the cursor. */
export const askCursor = (partition: Serving, nowMs: number): Array<Output> => {
  const { seq, digest } = partition.cursor
  assert(seq > 0, "INV-7 before the first message there is nothing to look at")
  partition.reign.check = { seq, digest, askedAtMs: nowMs, askAgainAtMs: 0, provesSeq: 0 }
  partition.reign.nextCheckAtMs = nowMs + cursorCheckMs
  return ask(partition, partition.reign.check, nowMs)
}

/** Hands the question over: what has arrived by now came of a reading that had begun before it. */
const ask = (partition: Serving, check: CursorCheck, nowMs: number): Array<Output> => {
  assert(partition.reign.check === check, "INV-7 one look is made at a time")
  check.askedAtMs = nowMs
  check.provesSeq = partition.reign.arrived.length > 0 ? partition.reign.arrivedSeq : 0
  return [{ _tag: "ReadCommandAt", seq: check.seq }]
}

/** Something has arrived that is not proven yet: is the stream still the one that was read before, and was nothing of it dropped up to there? Before the first message there is nothing to look at. */
export const askForArrived = (partition: Serving, nowMs: number): Array<Output> => {
  const { cursor } = partition
  const { arrived, provenSeq, check, draining } = partition.reign
  if (arrived.length === 0 || partition.reign.arrivedSeq <= provenSeq || check !== null || cursor.seq === 0) return []
  return draining === null ? askCursor(partition, nowMs) : []
}

/** Whether the oldest of what has arrived of the stream may be decided. What isn't proven waits; what was handed over, and holds that end, don't wait for it. */
export const mayTakeStored = ({ reign: { arrived, provenSeq, search } }: Serving): boolean =>
  search === null && (arrived[0]?.message.seq ?? Number.POSITIVE_INFINITY) <= provenSeq

/** Reads commands after the cursor; what had arrived before is forgotten. */
export const startReading = (partition: Serving): Array<Output> => {
  assert(partition.reign.search === null, "INV-7 nothing is read while the last common message is looked for")
  stopReading(partition)
  partition.reign.arrivedSeq = partition.cursor.seq
  partition.reign.reading = true
  partition.reign.provenSeq = 0
  return [{ _tag: "ReadCommands", fromSeq: partition.cursor.seq + 1 }]
}

/** What has arrived and isn't decided is forgotten: it will be read again. */
const stopReading = (partition: Serving): void => {
  partition.reign.reading = false
  partition.reign.paused = false
  partition.reign.arrived = []
  partition.reign.arrivedBytes = 0
}

/** Whatever ended the reading may have cost the stream its tail: the cursor is looked at before anything more is read. */
export const onReadingBroke = (partition: Serving, nowMs: number): Array<Output> => {
  if (!partition.reign.reading) return []
  stopReading(partition)
  if (partition.reign.draining !== null || partition.reign.check !== null) return []
  return partition.cursor.seq === 0 ? startReading(partition) : askCursor(partition, nowMs)
}

const matches = (given: EngineContext, message: CommandMessage | null, digest: string): boolean =>
  message !== null && digestOfMessage(given, message) === digest

/** What was found where the cursor stands. */
type LookedUp = Pick<Extract<Input, { readonly _tag: "CommandAtRead" }>, "seq" | "message" | "firstSeq" | "lastSeq" | "nextSeq">

/** Sequences behind the cursor that the stream has used and no longer holds, as far as they may have been this partition's; null: it was not dropped. */
const droppedBehind = ({ seq, message, lastSeq, nextSeq }: LookedUp): Dropped | null =>
  // Where the stream ends before it, its tail is lost: those sequences will be used again.
  message !== null || lastSeq < seq ? null : { firstSeq: seq + 1, lastSeq: (nextSeq ?? lastSeq + 1) - 1 }

/**
 * Whether all up to the cursor is gone and the very next is there: it is this partition's, and was dropped no more than what is behind it. Where something older is still stored, the oldest did not go first. Then
 * the tail may have been lost and its sequences used again, the cursor's own by another partition that has decided and purged it since, and messages of this one may stand before the cursor that nobody decided.
 */
const isOnlyDropped = ({ seq, firstSeq, nextSeq }: LookedUp): boolean => nextSeq === seq + 1 && firstSeq > seq

const goneWith = (dropped: Dropped): string =>
  isNone(dropped) ? "is gone" : `is gone, and what was stored from ${dropped.firstSeq} to ${dropped.lastSeq}`

/**
 * Halts where a journaled reset says that messages were dropped undecided and no operator has answered: its owner halts at once, and whoever claims after an owner that died before its halt was shared, or after
 * somebody cleared that away. Undefined where nothing of the kind stands.
 */
export const haltUnanswered = (partition: Partition, nowMs: number): Array<Output> | undefined => {
  const { unanswered } = partition
  if (unanswered === null || unanswered.dropped === null) return undefined
  const last = `message ${unanswered.from.seq} of the commands stream, the last that was decided`
  const detail = `${last}, ${goneWith(unanswered.dropped)}: what of that was this partition's was acknowledged and is lost`
  return halt(partition, "CommandsTrimmed", detail, nowMs)
}

/** What the stream holds where the cursor stands: the very message that was decided, another, or none. */
export const onCommandAtRead = (
  partition: Serving,
  given: EngineContext,
  read: LookedUp & { readonly fill: number },
  nowMs: number,
): Array<Output> => {
  const { check } = partition.reign
  if (check === null || check.seq !== read.seq) return []
  partition.reign.check = null
  if (partition.reign.search !== null) return searchOn(partition, given, read, nowMs)
  if (matches(given, read.message, check.digest)) {
    // It lay there when it was asked for, or later. After a longer stand the stream may have lost its tail and used these sequences again: a purge up to here would take what nobody has decided.
    partition.reign.digestVerified = nowMs - check.askedAtMs <= purgeLookMs
    partition.reign.commandsFill = read.fill
    const outputs = [...readOn(partition, check), ...purgeIfDue(partition, given, check.seq)]
    // Verified for this purge alone: by the next the stream may have lost what lies there now.
    partition.reign.digestVerified = false
    return outputs
  }
  const dropped = droppedBehind(read)
  if (dropped !== null && isOnlyDropped(read)) return [...alarmOfGone(partition, read.seq), ...readOn(partition, check)]
  const how = dropped !== null ? goneWith(dropped) : read.message === null ? "is gone" : "is another"
  return beginSearch(partition, read.lastSeq, how, dropped, nowMs)
}

/** Tells once of a cursor whose message was dropped, and nothing behind it. */
const alarmOfGone = (partition: Serving, seq: number): Array<Output> => {
  if (partition.reign.goneToldSeq === seq) return []
  partition.reign.goneToldSeq = seq
  const detail = `partition ${partition.id}: message ${seq} is gone and the next is there: nothing is lost yet, but the stream drops what is old`
  return [{ _tag: "Alarm", kind: "CommandsLostTail", detail }]
}

/** The cursor's message is there as it was journaled: reading begins, or what it had brought by then may be decided. */
const readOn = (partition: Serving, check: CursorCheck): Array<Output> => {
  if (!partition.reign.reading) return partition.reign.draining === null ? startReading(partition) : []
  partition.reign.provenSeq = Math.max(partition.reign.provenSeq, check.provesSeq)
  return []
}

const beginSearch = (partition: Serving, lastSeq: number, how: string, dropped: Dropped | null, nowMs: number): Array<Output> => {
  assert(partition.reign.search === null, "INV-7 one search is made at a time")
  const from = partition.cursor
  const cause = `message ${from.seq} ${how}, the stream ends at ${lastSeq}`
  const known = new Map<number, CursorMark>()
  for (const mark of [...partition.sparseMarks, ...partition.recentMarks])
    if (mark.seq <= lastSeq && mark.seq < from.seq) known.set(mark.seq, mark)
  const candidates = [...known.values()].sort((a, b) => a.seq - b.seq)
  partition.reign.search = { from, cause, candidates, found: null, dropped }
  stopReading(partition)
  const alarm: Output = { _tag: "Alarm", kind: "CommandsLostTail", detail: `partition ${partition.id}: ${cause}` }
  return [alarm, ...askNextCandidate(partition, nowMs)]
}

const askNextCandidate = (partition: Serving, nowMs: number): Array<Output> => {
  const { search } = partition.reign
  assert(search !== null, "candidates are of a search")
  const next = search.candidates.at(-1)
  if (next === undefined) {
    search.found = { stream: search.from.stream, seq: 0, digest: "" }
    return []
  }
  partition.reign.check = { seq: next.seq, digest: next.digest, askedAtMs: nowMs, askAgainAtMs: 0, provesSeq: 0 }
  return ask(partition, partition.reign.check, nowMs)
}

const searchOn = (
  partition: Serving,
  given: EngineContext,
  read: { readonly message: CommandMessage | null },
  nowMs: number,
): Array<Output> => {
  const { search } = partition.reign
  const candidate = search?.candidates.pop()
  assert(search !== null && candidate !== undefined, "what was looked up for a search is its next candidate")
  if (!matches(given, read.message, candidate.digest)) return askNextCandidate(partition, nowMs)
  search.found = { stream: search.from.stream, seq: candidate.seq, digest: candidate.digest }
  return []
}

/** Journals where reading starts again, once that is known and no append is in flight. */
export const resetCursor = (partition: Serving, given: EngineContext, nowMs: number): Array<Output> => {
  assert(partition.inFlight === null, "INV-4 one record in flight")
  const { search } = partition.reign
  assert(search !== null && search.found !== null, "INV-7 an owner resets to what its search has found")
  const cursor: Cursor = search.found
  const entry: ResetEntry = { _tag: "Reset", from: search.from, cause: search.cause, dropped: search.dropped }
  const outputs = appendAsOwner(partition, given, "reset", { cursor, atMs: partition.atMs }, draftOf(given, entry), nowMs)
  noteDropped(partition, entry)
  return outputs
}

/** The reset is journaled: read from there, unless something was dropped. That is said now, for only now it is sure that this owner reigns: to a former one, what its successor decided and purged looks dropped too. */
export const onCursorReset = (partition: Serving, nowMs: number): Array<Output> => {
  const halted = haltUnanswered(partition, nowMs)
  if (halted !== undefined) return halted
  partition.reign.search = null
  partition.reign.digestVerified = false
  partition.reign.purgedBelowSeq = 0
  partition.reign.keptMarks.length = 0
  partition.reign.keptBytes = 0
  return startReading(partition)
}

/**
 * Purges what is decided, but for the newest `commandsKeptBytes` of all partitions together, and, where the stream is more than half full, all of it up to the cursor's own message, which
 * has to stay for its digest. Never beyond the message whose digest was just found right: what lies there may be others' by then. Never beyond the cursor that is journaled either. Asked for after each look at the cursor, so at least every second, whether records are written or not: a full stream takes nothing, so that nothing might be
 * decided, and must empty all the same.
 */
const purgeIfDue = (partition: Serving, given: EngineContext, verifiedSeq: number): Array<Output> => {
  if (!given.rules.mayPurge(partition.reign.digestVerified)) return []
  // An append in flight may be another's place in the journal: what it alone decides is not decided, and who comes next has to read it.
  const decidedSeq = Math.min(verifiedSeq, partition.inFlight?.cursorBefore.seq ?? verifiedSeq)
  const isShort = partition.reign.commandsFill > commandsFillMax
  const keptBytesMax = isShort ? 0 : commandsKeptBytes / partition.partitions
  let beforeSeq = 0
  while (partition.reign.keptBytes > keptBytesMax && (partition.reign.keptMarks[0]?.seq ?? decidedSeq + 1) <= decidedSeq) {
    const oldest = partition.reign.keptMarks.shift()
    partition.reign.keptBytes -= oldest?.bytes ?? 0
    beforeSeq = oldest?.seq ?? 0
  }
  if (isShort) beforeSeq = decidedSeq
  assert(beforeSeq <= decidedSeq, "INV-7 only what is decided is purged")
  if (beforeSeq <= partition.reign.purgedBelowSeq) return []
  partition.reign.purgedBelowSeq = beforeSeq
  return [{ _tag: "PurgeCommands", beforeSeq }]
}

/** Every second: check, and ask again for what was not answered. Purging waits for a verified check, unless the rules were loosened. */
export const tickCursor = (partition: Serving, given: EngineContext, nowMs: number): Array<Output> => {
  const { check } = partition.reign
  if (check !== null) {
    if (check.askAgainAtMs === 0 || !isDue(check.askAgainAtMs, nowMs, cursorCheckMs / 5)) return []
    check.askAgainAtMs = 0
    return ask(partition, check, nowMs)
  }
  if (partition.reign.search !== null) return []
  const purge = purgeIfDue(partition, given, partition.cursor.seq)
  if (partition.cursor.seq === 0 || !isDue(partition.reign.nextCheckAtMs, nowMs, cursorCheckMs)) return purge
  return [...purge, ...askCursor(partition, nowMs)]
}

/**
 * The message could not be read: ask again in a while. A stream whose leader does not answer may be about to get one that knows less, while a consumer on a
 * server that stayed goes on as if nothing had happened: that is a break too.
 */
export const onCommandUnread = (partition: Serving, nowMs: number): Array<Output> => {
  if (partition.reign.check === null) return []
  partition.reign.check.askAgainAtMs = nowMs + cursorCheckMs / 5
  if (partition.reign.reading) stopReading(partition)
  return []
}
