/**
 * What follows once it is known what became of an append: what the record decided is said, a claimant reigns, or a state that is no longer the journal's is thrown away.
 *
 * How that is found out stands in appending.ts.
 */
import { assert } from "../assert.ts"
import { isInternal } from "../domain/names.ts"
import { type AppendFate, noteStored } from "./appending.ts"
import { carryConfirmed } from "./carrying.ts"
import { onCursorReset } from "./cursor-check.ts"
import { endReign, stepDown } from "./ending.ts"
import type { EngineContext } from "./given.ts"
import { notePace } from "./handed.ts"
import type { AppendInFlight, Claimant, Partition, Serving } from "./partition.ts"
import type { BatchStats, Output } from "./protocol.ts"
import { flushFeed, publishConfirmed } from "./publishing.ts"
import { tellConfirmed } from "./receiving.ts"
import type { AnsweredEntry, Cursor, JournalRecord } from "./records.ts"
import { noteSnapshotProgress } from "./snapshot.ts"
import { onClaimConfirmed, onClaimLost, onClaimSuperseded, onGenesisConfirmed, onResumeConfirmed } from "./takeover.ts"

/** What a partition does about the fate of its append. Only who claims or reigns has one in flight. */
export const conclude = (partition: Partition, given: EngineContext, fate: AppendFate, nowMs: number): Array<Output> => {
  switch (fate._tag) {
    case "Unknown":
      return fate.outputs
    case "Newest":
      return onNewest(partition, given, fate.inFlight, nowMs)
    case "Superseded":
      return partition.phase === "claiming"
        ? onClaimSuperseded(partition, fate.inFlight)
        : onReignSuperseded(reigning(partition), given, fate.inFlight, nowMs)
    case "Lost":
      if (partition.phase === "claiming") return onClaimLost(partition)
      return stepDown(partition, "Fenced", `record ${fate.seq} is ${fate.owner}'s of epoch ${fate.epoch}`)
  }
}

const reigning = (partition: Partition): Serving => {
  assert(partition.phase === "serving", "INV-4 only who claims or reigns has an append in flight")
  return partition
}

/** It is stored, at its place. */
const confirmed = (
  partition: Partition,
  inFlight: AppendInFlight,
  nowMs: number,
): Extract<Output, { readonly _tag: "BatchConfirmed" }> => ({
  _tag: "BatchConfirmed",
  seq: noteStored(partition, inFlight),
  record: inFlight.record,
  stats: statsOf(inFlight, nowMs),
})

/**
 * It is stored, and others have appended since: that reign is over, and its successor says what it decided. The state is the journal's up to that record, and is followed on with.
 */
const onReignSuperseded = (partition: Serving, given: EngineContext, inFlight: AppendInFlight, nowMs: number): Array<Output> => {
  assert(partition.inFlight === inFlight, "INV-4 what is superseded was in flight")
  return [
    confirmed(partition, inFlight, nowMs),
    ...alarmsOf(partition, given, inFlight),
    ...alarmOfDroppedSince(partition, inFlight.record),
    ...endReign(partition, partition.reign.draining ?? "Fenced"),
  ]
}

const onNewest = (partition: Partition, given: EngineContext, inFlight: AppendInFlight, nowMs: number): Array<Output> => {
  assert(partition.inFlight === inFlight, "INV-4 what is confirmed was in flight")
  const stored = confirmed(partition, inFlight, nowMs)
  if (partition.phase === "claiming") return [stored, ...onClaimantConfirmed(partition, given, inFlight.record, nowMs)]
  return [stored, ...onOwnerConfirmed(reigning(partition), given, inFlight, stored.stats, nowMs)]
}

const onClaimantConfirmed = (partition: Claimant, given: EngineContext, record: JournalRecord, nowMs: number): Array<Output> => {
  assert(partition.inFlight === null, "INV-4 what is confirmed is in flight no longer")
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
  assert(partition.inFlight === null, "INV-4 what is confirmed is in flight no longer")
  assert(inFlight.record.epoch === partition.epoch, "INV-4 a reign's record is of its epoch")
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
