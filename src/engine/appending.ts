/**
 * How a record gets into the journal: handed over, and its fate found out.
 *
 * Confirmed is only an acknowledgement at expected + 1, or a read of that sequence that shows this very record. Everything else is unknown and freezes the
 * partition until the journal's end was read. It is never answered with "failed". What follows once its fate is known is decided in concluding.ts.
 */
import { assert } from "../assert.ts"
import type { EpochMs } from "../domain/names.ts"
import { appendTimeoutMs, recordBytesMax } from "../limits.ts"
import { applyEnvelope, noteConfirmed } from "./apply.ts"
import type { RecordDraft } from "./draft.ts"
import { isDue } from "./due.ts"
import { halt } from "./ending.ts"
import type { EngineContext } from "./given.ts"
import type { AppendInFlight, Partition, Serving } from "./partition.ts"
import type { Output } from "./protocol.ts"
import { publishedSeq } from "./publishing.ts"
import { type Cursor, type JournalRecord, type RecordEnvelope, type RecordKind, recordVersion, type StoredRecord } from "./records.ts"
import { askShortEndAgain, isBelieved, shortEndAlarms, shortEndTold } from "./short-end.ts"
import { countSinceSnapshot } from "./snapshot-due.ts"

/** What is known of the record in flight. As long as that is nothing, there may be something to do about it. */
export type AppendFate =
  | { readonly _tag: "Unknown"; readonly outputs: Array<Output> }
  /** It is the journal's newest. */
  | { readonly _tag: "Newest"; readonly inFlight: AppendInFlight }
  /** It is stored, and others have appended since. */
  | { readonly _tag: "Superseded"; readonly inFlight: AppendInFlight }
  /** Somebody else's record stands where it should. */
  | { readonly _tag: "Lost"; readonly seq: number; readonly owner: string; readonly epoch: number }

const unknown = (...outputs: Array<Output>): AppendFate => ({ _tag: "Unknown", outputs })

/** Who appends, and what the record's envelope says. */
interface Envelope {
  readonly owner: string
  readonly epoch: number
  readonly cursor: Cursor
  readonly incarnation: string
  readonly atMs: EpochMs
}

/** What a record holds, and what of it the feed has to know. */
type Drafted = Pick<RecordDraft, "entries" | "texts" | "touched" | "outcomes">

/** Hands a record over: the partition is ahead of its journal from now on. */
export const beginAppend = (
  partition: Partition,
  given: EngineContext,
  kind: RecordKind,
  change: Envelope,
  draft: Drafted,
  nowMs: EpochMs,
): Array<Output> => {
  assert(draft.entries.length === draft.texts.length, "INV-6 each entry of a record has its text")
  assert(change.atMs >= partition.atMs, "INV-4 journaled time never falls")
  assert(change.epoch >= partition.epoch, "INV-4 the epoch never falls")
  assert(partition.inFlight === null, "one record in flight")
  const expectedSeq = partition.confirmedSeq
  const envelope: RecordEnvelope = {
    version: recordVersion,
    kind,
    partition: partition.id,
    incarnation: change.incarnation,
    owner: change.owner,
    epoch: change.epoch,
    cursor: change.cursor,
    atMs: change.atMs,
    prevSeq: expectedSeq,
    prevHash: partition.confirmedHash,
    publishedSeq: publishedSeq(partition),
  }
  const bytes = given.codec.encodeRecord(envelope, draft.texts)
  assert(bytes.length <= recordBytesMax, "INV-9 a record stays within its bound")
  const record: JournalRecord = { ...envelope, entries: draft.entries }
  const messageId = given.rules.messageId(change.owner, change.epoch, expectedSeq)
  const pending = { expectedSeq, messageId, hash: given.codec.sha256(bytes), owner: change.owner, epoch: change.epoch }
  const inFlight: AppendInFlight = {
    pending,
    bytes,
    record,
    cursorBefore: partition.cursor,
    touched: draft.touched,
    outcomes: draft.outcomes,
    sentAtMs: nowMs,
    frozen: false,
    askAgainAtMs: 0,
    attempts: 1,
    lastSentMs: nowMs,
    shortEnd: null,
  }
  partition.inFlight = inFlight
  return [handOver(inFlight)]
}

/** The same bytes under the same id, however often: whichever attempt lands, it is stored once. */
const handOver = ({ pending: { expectedSeq, messageId }, bytes }: AppendInFlight): Output => ({
  _tag: "Append",
  expectedSeq,
  messageId,
  bytes,
})

/** Hands over a record of a reign: what it says of time and of the cursor is the partition's own from now on. */
export const appendAsOwner = (
  partition: Serving,
  given: EngineContext,
  kind: "batch" | "expiry" | "reset",
  { cursor, atMs }: Pick<Envelope, "cursor" | "atMs">,
  draft: Drafted,
  nowMs: EpochMs,
): Array<Output> => {
  assert(draft.entries.length > 0, "INV-4 an owner's record says something")
  const { owner, epoch, incarnation } = partition
  assert(incarnation !== null, "INV-4 an owner knows its incarnation")
  const outputs = beginAppend(partition, given, kind, { owner, epoch, incarnation, cursor, atMs }, draft, nowMs)
  assert(partition.inFlight !== null, "INV-4 what was handed over is in flight")
  applyEnvelope(partition, partition.inFlight.record)
  return outputs
}

/** An acknowledgement: of the append in flight, or of one that was confirmed by reading it. */
export const onAppendAcked = (
  partition: Partition,
  given: EngineContext,
  answer: { readonly messageId: string; readonly seq: number; readonly duplicate: boolean },
): AppendFate => {
  const { inFlight } = partition
  if (inFlight === null || inFlight.pending.messageId !== answer.messageId) return unknown()
  if (given.rules.ackConfirms(answer, inFlight.pending)) return { _tag: "Newest", inFlight }
  return freeze(partition, inFlight, `acknowledged at ${answer.seq}${answer.duplicate ? ", as a duplicate" : ""}`)
}

/** An attempt ended without an answer that says anything. */
export const onAppendUnknown = (partition: Partition, messageId: string, cause: string): AppendFate => {
  const { inFlight } = partition
  if (inFlight === null || inFlight.pending.messageId !== messageId) return unknown()
  return freeze(partition, inFlight, cause)
}

const freeze = (partition: Partition, inFlight: AppendInFlight, cause: string): AppendFate => {
  assert(partition.inFlight === inFlight, "INV-4 one record is in flight")
  const first = !inFlight.frozen
  inFlight.frozen = true
  inFlight.askAgainAtMs = 0
  const seq = inFlight.pending.expectedSeq + 1
  const read: Output = { _tag: "ReadJournalEnd", seq }
  if (!first) return unknown(read)
  return unknown({ _tag: "Alarm", kind: "AppendUnknown", detail: `partition ${partition.id}, record ${seq}: ${cause}` }, read)
}

/** The journal's end was read while an append is unknown: one of five things is true (design section 2, rule 5), but that a short end is believed later. */
export const onJournalEndRead = (
  partition: Partition,
  given: EngineContext,
  endSeq: number,
  record: StoredRecord | null,
  nowMs: number,
): AppendFate => {
  const { inFlight } = partition
  if (inFlight === null || !inFlight.frozen) return unknown()
  const { expectedSeq } = inFlight.pending
  if (record !== null) {
    assert(record.seq === expectedSeq + 1, "INV-4 the record read is the one asked for")
    inFlight.shortEnd = null
    return judge(given, inFlight, record, endSeq)
  }
  if (endSeq < expectedSeq) return unknown(...onShortEnd(partition, inFlight, given, endSeq, nowMs))
  inFlight.shortEnd = null
  // Nothing of it is there: the same bytes under the same id, so that it can't be stored twice whichever attempt lands.
  if (endSeq === expectedSeq) return unknown(...resend(inFlight, nowMs))
  // It grew between the two reads.
  return unknown({ _tag: "ReadJournalEnd", seq: expectedSeq + 1 })
}

/** The journal is told to end before the record that the one in flight follows: its end is asked for again, until it has to be believed. */
const onShortEnd = (
  partition: Partition,
  inFlight: AppendInFlight,
  { rules }: EngineContext,
  endSeq: number,
  nowMs: EpochMs,
): Array<Output> => {
  const confirmedSeq = inFlight.pending.expectedSeq
  const before = inFlight.shortEnd
  const short = shortEndTold(before, { endSeq, confirmedSeq }, nowMs)
  inFlight.shortEnd = short
  if (isBelieved(short, rules))
    return halt(partition, "JournalLostTail", `the journal ends at ${endSeq}, record ${confirmedSeq} was confirmed`, nowMs)
  inFlight.askAgainAtMs = nowMs + resendEveryMs
  return shortEndAlarms(before, short, { partition: partition.id, endSeq })
}

/** Whose record stands in the place of the one in flight. */
const judge = (given: EngineContext, inFlight: AppendInFlight, stored: StoredRecord, endSeq: number): AppendFate => {
  assert(inFlight.frozen, "INV-4 a journal's end is judged while an append is unknown")
  const decoded = given.codec.decodeRecord(stored.bytes)
  const { owner, epoch } = decoded._tag === "Record" ? decoded.record : { owner: "", epoch: 0 }
  const found = { messageId: stored.messageId, hash: given.codec.sha256(stored.bytes), owner, epoch }
  if (!given.rules.isMine(found, inFlight.pending)) return { _tag: "Lost", seq: stored.seq, owner, epoch }
  return endSeq <= stored.seq ? { _tag: "Newest", inFlight } : { _tag: "Superseded", inFlight }
}

/** Milliseconds between two attempts once the second has failed too. */
const resendEveryMs = appendTimeoutMs / 20

/** Hands the same record over again: at once the first time, then with a pause, after another look at the journal's end. */
const resend = (inFlight: AppendInFlight, nowMs: number): Array<Output> => {
  assert(inFlight.frozen, "INV-4 only what is unknown is handed over again")
  if (inFlight.attempts > 1 && !isDue(inFlight.lastSentMs + resendEveryMs, nowMs, resendEveryMs)) {
    inFlight.askAgainAtMs = inFlight.lastSentMs + resendEveryMs
    return []
  }
  inFlight.frozen = false
  inFlight.attempts++
  inFlight.lastSentMs = nowMs
  return [handOver(inFlight)]
}

/** Asks again for what was not answered, while an append is unknown or its answer is overdue. */
export const tickAppend = (partition: Partition, nowMs: number): Array<Output> => {
  const { inFlight } = partition
  if (inFlight === null || !inFlight.frozen || inFlight.askAgainAtMs === 0) return []
  if (!isDue(inFlight.askAgainAtMs, nowMs, resendEveryMs)) return []
  inFlight.askAgainAtMs = 0
  askShortEndAgain(inFlight.shortEnd, nowMs)
  return [{ _tag: "ReadJournalEnd", seq: inFlight.pending.expectedSeq + 1 }]
}

/** The journal's end could not be read: ask again in a while. */
export const onJournalEndUnread = (partition: Partition, nowMs: number): Array<Output> => {
  if (partition.inFlight !== null) partition.inFlight.askAgainAtMs = nowMs + resendEveryMs
  return []
}

/** The record in flight is in the journal, at its place. */
export const noteStored = (partition: Partition, { record, pending, bytes }: AppendInFlight): number => {
  const seq = pending.expectedSeq + 1
  assert(record.prevSeq === partition.confirmedSeq, "INV-4 a record is confirmed behind the newest confirmed one")
  partition.inFlight = null
  noteConfirmed(partition, record, seq, pending.hash)
  countSinceSnapshot(partition, record, bytes.length)
  return seq
}
