/**
 * What an append's answer proves, and what follows from it.
 *
 * Confirmed is only an acknowledgement at expected + 1, or a read of that sequence that shows this very record. Everything else is unknown and freezes the
 * partition until the journal's end was read. It is never answered with "failed".
 */
import { assert } from "../assert.ts"
import { isInternal } from "../domain/names.ts"
import { appendTimeoutMs } from "../limits.ts"
import { type EngineContext, noteConfirmed } from "./apply.ts"
import { carryConfirmed } from "./carrying.ts"
import { onCursorReset } from "./cursor-check.ts"
import { isDue } from "./due.ts"
import { endReign, halt, stepDown } from "./ending.ts"
import { notePace } from "./handed.ts"
import type { AppendInFlight, Claimant, Partition, Serving } from "./partition.ts"
import type { BatchStats, Output } from "./protocol.ts"
import { flushFeed, publishConfirmed } from "./publishing.ts"
import { tellConfirmed } from "./receiving.ts"
import type { AnsweredEntry, Cursor, JournalRecord, StoredRecord } from "./records.ts"
import { noteSnapshotProgress } from "./snapshot.ts"
import { countSinceSnapshot } from "./snapshot-due.ts"
import { onClaimConfirmed, onClaimLost, onClaimSuperseded, onGenesisConfirmed, onResumeConfirmed } from "./takeover.ts"

export const onAppendAcked = (
  partition: Partition,
  given: EngineContext,
  answer: { readonly messageId: string; readonly seq: number; readonly duplicate: boolean },
  nowMs: number,
): Array<Output> => {
  const { inFlight } = partition
  // An answer to a resend of a record that was confirmed by reading it.
  if (inFlight === null || inFlight.pending.messageId !== answer.messageId) return []
  if (given.rules.ackConfirms(answer, inFlight.pending)) return onConfirmed(partition, given, inFlight, nowMs)
  return freeze(partition, inFlight, `acknowledged at ${answer.seq}${answer.duplicate ? ", as a duplicate" : ""}`)
}

export const onAppendUnknown = (partition: Partition, messageId: string, cause: string): Array<Output> => {
  const { inFlight } = partition
  if (inFlight === null || inFlight.pending.messageId !== messageId) return []
  return freeze(partition, inFlight, cause)
}

const freeze = (partition: Partition, inFlight: AppendInFlight, cause: string): Array<Output> => {
  const first = !inFlight.frozen
  inFlight.frozen = true
  inFlight.askAgainAtMs = 0
  const seq = inFlight.pending.expectedSeq + 1
  const read: Output = { _tag: "ReadJournalEnd", seq }
  if (!first) return [read]
  return [{ _tag: "Alarm", kind: "AppendUnknown", detail: `partition ${partition.id}, record ${seq}: ${cause}` }, read]
}

/** The journal's end was read while an append is unknown: one of five things is true (design section 2, rule 5). */
export const onJournalEndRead = (
  partition: Partition,
  given: EngineContext,
  endSeq: number,
  record: StoredRecord | null,
  nowMs: number,
): Array<Output> => {
  const { inFlight } = partition
  if (inFlight === null || !inFlight.frozen) return []
  const { expectedSeq } = inFlight.pending
  if (record !== null) {
    assert(record.seq === expectedSeq + 1, "the record read is the one asked for")
    return judge(partition, given, inFlight, record, endSeq, nowMs)
  }
  if (endSeq < expectedSeq)
    return halt(partition, "JournalLostTail", `the journal ends at ${endSeq}, record ${expectedSeq} was confirmed`, nowMs)
  // Nothing of it is there: the same bytes under the same id, so that it can't be stored twice whichever attempt lands.
  if (endSeq === expectedSeq) return resend(inFlight, nowMs)
  // It grew between the two reads.
  return [{ _tag: "ReadJournalEnd", seq: expectedSeq + 1 }]
}

/** Milliseconds between two attempts once the second has failed too. */
const resendEveryMs = appendTimeoutMs / 20

/** Hands the same record over again: at once the first time, then with a pause, after another look at the journal's end. */
const resend = (inFlight: AppendInFlight, nowMs: number): Array<Output> => {
  const { expectedSeq, messageId } = inFlight.pending
  if (inFlight.attempts > 1 && !isDue(inFlight.lastSentMs + resendEveryMs, nowMs, resendEveryMs)) {
    inFlight.askAgainAtMs = inFlight.lastSentMs + resendEveryMs
    return []
  }
  inFlight.frozen = false
  inFlight.attempts++
  inFlight.lastSentMs = nowMs
  return [{ _tag: "Append", expectedSeq, messageId, bytes: inFlight.bytes }]
}

const judge = (
  partition: Partition,
  given: EngineContext,
  inFlight: AppendInFlight,
  stored: StoredRecord,
  endSeq: number,
  nowMs: number,
): Array<Output> => {
  const decoded = given.codec.decodeRecord(stored.bytes)
  const theirs = decoded._tag === "Record" ? decoded.record : { owner: "", epoch: 0 }
  const found = { messageId: stored.messageId, hash: given.codec.sha256(stored.bytes), owner: theirs.owner, epoch: theirs.epoch }
  if (given.rules.isMine(found, inFlight.pending)) {
    if (endSeq <= stored.seq) return onConfirmed(partition, given, inFlight, nowMs)
    if (partition.phase === "claiming") return onClaimSuperseded(partition, inFlight)
    assert(partition.phase === "serving", "INV-4 only who claims or reigns has an append in flight")
    return onReignSuperseded(partition, given, inFlight, nowMs)
  }
  if (partition.phase === "claiming") return onClaimLost(partition)
  return stepDown(partition, "Fenced", `record ${stored.seq} is ${found.owner}'s of epoch ${found.epoch}`)
}

/**
 * It is stored, and others have appended since: that reign is over, and its successor says what it decided. The state is the journal's up to that record, and is followed on with.
 */
const onReignSuperseded = (partition: Serving, given: EngineContext, inFlight: AppendInFlight, nowMs: number): Array<Output> => {
  const confirmed = noteStored(partition, inFlight, nowMs)
  return [
    confirmed,
    ...alarmsOf(partition, given, inFlight),
    ...alarmOfDroppedSince(partition, inFlight.record),
    ...endReign(partition, partition.reign.draining ?? "Fenced"),
  ]
}

/** Asks again for what was not answered, while an append is unknown or its answer is overdue. */
export const tickAppend = (partition: Partition, nowMs: number): Array<Output> => {
  const { inFlight } = partition
  if (inFlight === null || !inFlight.frozen || inFlight.askAgainAtMs === 0) return []
  if (!isDue(inFlight.askAgainAtMs, nowMs, resendEveryMs)) return []
  inFlight.askAgainAtMs = 0
  return [{ _tag: "ReadJournalEnd", seq: inFlight.pending.expectedSeq + 1 }]
}

/** The journal's end could not be read: ask again in a while. */
export const onJournalEndUnread = (partition: Partition, nowMs: number): Array<Output> => {
  if (partition.inFlight !== null) partition.inFlight.askAgainAtMs = nowMs + resendEveryMs
  return []
}

/** The record in flight is in the journal, at its place. */
const noteStored = (
  partition: Partition,
  inFlight: AppendInFlight,
  nowMs: number,
): Extract<Output, { readonly _tag: "BatchConfirmed" }> => {
  const seq = inFlight.pending.expectedSeq + 1
  partition.inFlight = null
  noteConfirmed(partition, inFlight.record, seq, inFlight.pending.hash)
  countSinceSnapshot(partition, inFlight.record, inFlight.bytes.length)
  return { _tag: "BatchConfirmed", seq, record: inFlight.record, stats: statsOf(inFlight, nowMs) }
}

const onConfirmed = (partition: Partition, given: EngineContext, inFlight: AppendInFlight, nowMs: number): Array<Output> => {
  const confirmed = noteStored(partition, inFlight, nowMs)
  if (partition.phase === "claiming") return [confirmed, ...onClaimantConfirmed(partition, given, inFlight.record, nowMs)]
  assert(partition.phase === "serving", "INV-4 only who claims or reigns has an append in flight")
  return [confirmed, ...onOwnerConfirmed(partition, given, inFlight, confirmed.stats, nowMs)]
}

const onClaimantConfirmed = (partition: Claimant, given: EngineContext, record: JournalRecord, nowMs: number): Array<Output> => {
  switch (record.kind) {
    case "genesis":
      return onGenesisConfirmed(partition, given, record, nowMs)
    case "claim":
      return onClaimConfirmed(partition, given, record, nowMs)
    case "operator":
      return onResumeConfirmed(partition, record, nowMs)
    case "reset":
    case "batch":
    case "expiry":
      return unexpected(record)
  }
}

const onOwnerConfirmed = (
  partition: Serving,
  given: EngineContext,
  inFlight: AppendInFlight,
  stats: BatchStats,
  nowMs: number,
): Array<Output> => {
  const { record } = inFlight
  const snapshot = noteSnapshotProgress(partition, given)
  if (stats.commands > 0) notePace(partition.reign.handed, stats.commands, stats.appendMs)
  switch (record.kind) {
    case "genesis":
    case "claim":
    case "operator":
      return unexpected(record)
    case "reset":
      return [...onCursorReset(partition, nowMs), ...saidMeanwhile(partition, given), ...snapshot]
    case "batch":
    case "expiry":
      return [
        ...publishConfirmed(partition, given, inFlight),
        ...carryConfirmed(partition, record.atMs, nowMs),
        ...tellConfirmed(partition, given.kind.name, partition.confirmedSeq),
        ...alarmsOf(partition, given, inFlight),
        ...alarmOfDroppedSince(partition, record),
        ...snapshot,
      ]
  }
}

/** What had to be said of the feed while the append was on its way has waited for it, and nothing more may ever be decided. */
const saidMeanwhile = (partition: Partition, given: EngineContext): Array<Output> =>
  partition.phase === "serving" ? flushFeed(partition, given) : []

/** A claimant decides nothing, and an owner claims nothing. */
const unexpected = ({ kind }: JournalRecord): never => {
  assert(false, `INV-4 a record of kind ${kind} is written in its own phase`)
}

const statsOf = (inFlight: AppendInFlight, nowMs: number): BatchStats => {
  const refused: Record<string, number> = {}
  const stats = { messages: 0, commands: 0, expiries: 0, accepted: 0, repeated: 0, expired: 0, quarantined: 0 }
  for (const entry of inFlight.record.entries) {
    if (entry._tag === "Expiry") stats.expiries += entry.events.length
    if (entry._tag === "Answered") countAnswer(entry, stats, refused)
    if (entry._tag !== "Message") continue
    stats.messages++
    for (const { decision } of entry.decided) {
      stats.commands++
      if (decision._tag === "Accepted") stats.accepted++
      else if (decision._tag === "Repeated") stats.repeated++
      else if (decision._tag === "TooLate") stats.expired++
      else if (decision._tag === "Quarantined") stats.quarantined++
      else if (decision._tag === "Refused") refused[decision.refusal.reason] = (refused[decision.refusal.reason] ?? 0) + 1
    }
  }
  return { ...stats, refused, bytes: inFlight.bytes.length, appendMs: nowMs - inFlight.sentAtMs }
}

/** What began is counted by how it was answered. */
const countAnswer = ({ outcome }: AnsweredEntry, stats: { accepted: number }, refused: Record<string, number>): void => {
  if (outcome.outcome === "accepted") stats.accepted++
  else if (outcome.outcome === "refused") refused[outcome.reason] = (refused[outcome.reason] ?? 0) + 1
}

/** What of their ingresses the stream did not show before the stored messages that a record took: how many, and between which of its messages. */
const missingOf = (record: JournalRecord, before: Cursor): { readonly count: number; readonly where: string } => {
  const gap = { count: 0, afterSeq: before.seq, beforeSeq: before.seq }
  let lastSeq = before.seq
  for (const entry of record.entries) {
    if (entry._tag === "Stored" && entry.missing > 0) {
      if (gap.count === 0) gap.afterSeq = lastSeq
      gap.count += entry.missing
      gap.beforeSeq = entry.seq
    }
    if (entry._tag === "Stored" || entry._tag === "Skipped") lastSeq = entry.seq
  }
  return { count: gap.count, where: `between its messages ${gap.afterSeq} and ${gap.beforeSeq}` }
}

/** Tells what the stream may have dropped after a reset had named what was dropped, while a halt stood: up to the first message that was taken since. */
const alarmOfDroppedSince = (partition: Partition, record: JournalRecord): Array<Output> => {
  const { droppedToSeq } = partition
  const first = record.entries.find((entry) => entry._tag === "Stored")
  if (droppedToSeq === null || first === undefined) return []
  partition.droppedToSeq = null
  if (first.seq <= droppedToSeq + 1) return []
  const range = `from ${droppedToSeq + 1} to ${first.seq - 1}`
  const detail = `partition ${partition.id}: what was stored ${range} may have been dropped undecided too, after the position was given up`
  return [{ _tag: "Alarm", kind: "CommandsLostTail", detail }]
}

/** What people have to look at in a confirmed record. */
const alarmsOf = (partition: Partition, { kind }: EngineContext, { record, cursorBefore }: AppendInFlight): Array<Output> => {
  let quarantined = 0
  let discrepancies = 0
  let shortages = 0
  const outputs: Array<Output> = []
  const alarm = (kind: "Quarantined" | "Discrepancy" | "Shortage" | "CommandsLostTail", count: number, what: string): void => {
    if (count > 0) outputs.push({ _tag: "Alarm", kind, detail: `partition ${partition.id}: ${count} ${what}` })
  }
  for (const entry of record.entries) {
    if (entry._tag === "Skipped")
      outputs.push({ _tag: "Alarm", kind: "CommandSkipped", detail: `partition ${partition.id}, message ${entry.seq}: ${entry.cause}` })
    // A partition of ours has its floor raised every second.
    if (entry._tag === "Floor" && !isInternal(entry.sender))
      outputs.push({ _tag: "Alarm", kind: "FloorRaised", detail: `${entry.sender} ${entry.class}: forgotten before ${entry.floorMs}` })
    const all = entry._tag === "Message" ? entry.decided : entry._tag === "Settled" ? [entry.decided] : []
    for (const { decision } of all) {
      if (decision._tag === "Quarantined") quarantined++
      if (decision._tag !== "Accepted" && decision._tag !== "Begun") continue
      for (const event of decision.events) {
        const found = kind.alarmOf(event)
        if (found === "Discrepancy") discrepancies++
        else if (found === "Shortage") shortages++
      }
    }
  }
  alarm("Quarantined", quarantined, "commands quarantined")
  alarm("Discrepancy", discrepancies, "facts did not fit what was believed")
  alarm("Shortage", shortages, "times more is owed than is there")
  const { count, where } = missingOf(record, cursorBefore)
  alarm("CommandsLostTail", count, `stored messages were acknowledged to an ingress, and the stream did not show them ${where}`)
  return outputs
}
