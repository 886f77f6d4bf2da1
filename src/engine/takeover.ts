/**
 * Following the journal, and becoming owner: read to the end through the leader, append an epoch claim by compare-and-set, then serve.
 *
 * From a confirmed claim on no former owner's append can succeed. The lease decides only who should try.
 */
import { assert } from "../assert.ts"
import { appendTimeoutMs, feedLookBackMs } from "../limits.ts"
import { beginAppend, noteStored } from "./appending.ts"
import { applyEnvelope, applyRecord, noteConfirmed, recentHash } from "./apply.ts"
import { beginCarrying } from "./carrying.ts"
import { askCursor, haltUnanswered, startReading } from "./cursor-check.ts"
import { draftOf } from "./draft.ts"
import { isDue } from "./due.ts"
import { halt, stepAside, stepDown } from "./ending.ts"
import type { EngineContext } from "./given.ts"
import {
  type AppendInFlight,
  type Beginning,
  type Claimant,
  type Claiming,
  enter,
  following,
  newReign,
  type Partition,
} from "./partition.ts"
import type { ClaimBasis, Output, ProtocolRules, ReignEndReason } from "./protocol.ts"
import type { Entry, JournalRecord, StoredRecord } from "./records.ts"
import { askShortEndAgain, isBelieved, shortEndAlarms, shortEndTold } from "./short-end.ts"
import { countSinceSnapshot } from "./snapshot-due.ts"
import { discardSnapshot, finishRecovery } from "./snapshot-loading.ts"
import { haltDamaged, raiseWitness } from "./witness.ts"

/** Replay begins: after the snapshot, if one was loaded, else with the first record. */
export const beginFollowing = (partition: Beginning): Array<Output> => {
  assert(partition.loading === null, "INV-6 a snapshot is loaded whole")
  const { claiming } = partition
  const follow: Output = { _tag: "FollowJournal", fromSeq: partition.confirmedSeq + 1 }
  if (claiming !== null) return [follow, ...beginClaiming(partition, claiming)]
  enter(partition, following)
  return [follow]
}

const beginClaiming = (partition: Partition, claiming: Claiming): Array<Output> => {
  assert(partition.inFlight === null, "INV-4 a claim begins with nothing in flight")
  enter(partition, { phase: "claiming", loading: null, claiming, reign: null })
  return askBasis(partition, claiming)
}

/** Asks for what a claim stands on. */
const askBasis = (partition: Partition, claiming: Claiming): Array<Output> => {
  claiming.askAgainAtMs = 0
  claiming.knownSeq = partition.confirmedSeq
  claiming.ask = ++partition.basisAsks
  return [{ _tag: "ReadClaimBasis", ask: claiming.ask }]
}

/** Records of the journal, in order. Those already applied are passed over; a gap means that the journal isn't whole. */
export const onRecordsRead = (
  partition: Partition,
  given: EngineContext,
  records: ReadonlyArray<StoredRecord>,
  nowMs: number,
): Array<Output> => {
  // While an append is in flight its fate is read from the journal's end, not from here.
  if ((partition.phase !== "following" && partition.phase !== "claiming") || partition.inFlight !== null) return []
  for (const stored of records) {
    if (stored.seq <= partition.confirmedSeq) continue
    const outputs = applyStored(partition, given, stored, nowMs)
    if (outputs.length > 0) return outputs
  }
  return partition.phase === "claiming" ? claimIfAtEnd(partition, given, nowMs) : []
}

/** Verifies that a record links to the one before it, and applies it. Empty if all is well. */
const applyStored = (partition: Partition, given: EngineContext, stored: StoredRecord, nowMs: number): Array<Output> => {
  const expected = partition.confirmedSeq + 1
  // Purged, for it is in that snapshot: nothing is wrong, and whoever can read that may serve.
  if (stored.seq !== expected && expected === 1 && partition.newerSnapshot)
    return stepAside(partition, `the journal begins with record ${stored.seq}, and what was before is in a snapshot of a newer release`)
  if (stored.seq !== expected) return halt(partition, "ChainBroken", `record ${expected} is missing, ${stored.seq} came next`, nowMs)
  const decoded = given.codec.decodeRecord(stored.bytes)
  if (decoded._tag === "Newer") return stepAside(partition, `record ${stored.seq}: ${decoded.cause}`)
  if (decoded._tag === "Unreadable") return halt(partition, "ChainBroken", `record ${stored.seq}: ${decoded.cause}`, nowMs)
  const { record } = decoded
  if (record.partition !== partition.id)
    return halt(partition, "ForeignJournal", `record ${stored.seq} is of partition ${record.partition}`, nowMs)
  if (partition.incarnation !== null && record.incarnation !== partition.incarnation)
    return halt(
      partition,
      "ForeignJournal",
      `record ${stored.seq} is of incarnation ${record.incarnation}, not ${partition.incarnation}`,
      nowMs,
    )
  const hash = given.codec.sha256(stored.bytes)
  if (stored.seq === partition.recovery?.manifest.startSeq) return applyStart(partition, record, stored.seq, hash)
  if (record.prevSeq !== partition.confirmedSeq || record.prevHash !== partition.confirmedHash)
    return halt(partition, "ChainBroken", `record ${stored.seq} does not link to record ${partition.confirmedSeq}`, nowMs)
  if (record.epoch < partition.epoch)
    return halt(partition, "ChainBroken", `record ${stored.seq} falls back to epoch ${record.epoch} from ${partition.epoch}`, nowMs)
  applyRecord(partition, given, record, stored.seq)
  noteConfirmed(partition, record, stored.seq, hash)
  countSinceSnapshot(partition, record, stored.bytes.length)
  return finishRecovery(partition)
}

/** The record that a loaded snapshot starts with: its entries are in the snapshot already. */
const applyStart = (partition: Partition, record: JournalRecord, seq: number, hash: string): Array<Output> => {
  assert(partition.recovery !== null, "INV-6 a snapshot that was loaded is brought forward")
  if (hash !== partition.recovery?.manifest.startHash)
    return discardSnapshot(partition, `record ${seq} is another than the one it starts with`)
  applyEnvelope(partition, record)
  noteConfirmed(partition, record, seq, hash)
  return finishRecovery(partition)
}

/** The lease is ours: find out what has to be known before a claim. */
export const onClaim = (partition: Partition, owner: string, incarnation: string): Array<Output> => {
  const claiming: Claiming = {
    owner,
    incarnation,
    givenUp: null,
    claimSeq: 0,
    basis: null,
    ask: 0,
    knownSeq: 0,
    askAgainAtMs: 0,
    shortEnd: null,
  }
  if (partition.phase === "following") return beginClaiming(partition, claiming)
  if (partition.phase === "starting") partition.claiming = claiming
  return []
}

/**
 * The lease is lost, or is to go to another, before this worker serves. That costs the claim: what was read of the journal is as good without a lease. An append
 * whose outcome is open is never forgotten: the claim ends once it is known, and if the record is stored, it is one more claim to read over.
 */
export const giveUpClaim = (partition: Partition, reason: "Drained" | "LeaseLost"): Array<Output> => {
  if (partition.phase === "claiming") {
    if (partition.inFlight === null) return endClaim(partition, reason)
    partition.claiming.givenUp ??= reason
    return []
  }
  if (partition.phase !== "starting" || partition.claiming === null) return []
  partition.claiming = null
  return [{ _tag: "ClaimEnded", reason }]
}

const endClaim = (partition: Claimant, reason: ReignEndReason): Array<Output> => {
  enter(partition, following)
  return [{ _tag: "ClaimEnded", reason }]
}

/** The journal is followed anew: records that came while the claim was in flight were passed over, and the next one would look like a gap. */
const followAnew = (partition: Partition): Output => ({ _tag: "FollowJournal", fromSeq: partition.confirmedSeq + 1 })

/** A record of this claimant's is in the journal, and no reign follows from it: it is read over like anybody's. */
const readOver = (partition: Claimant, record: JournalRecord, reason: ReignEndReason): Array<Output> => {
  applyEnvelope(partition, record)
  // What a claimant writes decides nothing; but an operator's answer stands, whoever reigns.
  if (record.kind === "operator") partition.unanswered = null
  return [followAnew(partition), ...endClaim(partition, reason)]
}

/** What stands against a claim, if anything: a halt, or a journal that isn't what others saw of it. */
const objection = (partition: Claimant, { rules }: EngineContext, basis: ClaimBasis, nowMs: number): Array<Output> | undefined => {
  const resumed = basis.halt?.resume !== null && basis.halt !== null
  // It was put up by somebody else, who has shared it. Shared once more, from a basis that was read a while ago, it could stand where an operator has resumed the partition since.
  if (basis.halt !== null && !resumed) return stepDown(partition, "Halted", `${basis.halt.reason} stands, and nobody has answered it`)
  // Only what was known when the end was asked for: an owner that still writes may be followed beyond an end that was true when it was read.
  const knownSeq = Math.max(partition.claiming.knownSeq, partition.recovery?.manifest.endSeq ?? 0)
  // An operator accepted the loss: what was read from beyond the end is thrown away.
  if (resumed) return basis.endSeq < knownSeq ? discardSnapshot(partition, `the journal ends at ${basis.endSeq}`) : undefined
  if (basis.endSeq >= knownSeq && basis.damaged !== undefined) return haltDamaged(partition, basis.damaged, nowMs)
  // An incarnation is said once its genesis is confirmed.
  const confirmedSeq = Math.max(knownSeq, basis.witness?.seq ?? 0, basis.incarnation === null ? 0 : 1)
  if (basis.endSeq < confirmedSeq) return onShortEnd(partition, rules, basis, { knownSeq, confirmedSeq }, nowMs)
  partition.claiming.shortEnd = null
  return undefined
}

/** The journal is told to end before what was confirmed: what a claim stands on is asked for again, until that end has to be believed. */
const onShortEnd = (
  partition: Claimant,
  rules: ProtocolRules,
  { endSeq, incarnation }: ClaimBasis,
  { knownSeq, confirmedSeq }: { readonly knownSeq: number; readonly confirmedSeq: number },
  nowMs: number,
): Array<Output> => {
  const { claiming } = partition
  const before = claiming.shortEnd
  const short = shortEndTold(before, { endSeq, confirmedSeq }, nowMs)
  claiming.basis = null
  claiming.shortEnd = short
  if (!isBelieved(short, rules))
    return [...shortEndAlarms(before, short, { partition: partition.id, endSeq }), ...askBasisLater(claiming, nowMs)]
  if (endSeq === 0 && knownSeq === 0)
    return halt(partition, "JournalEmpty", `the journal is empty, incarnation ${incarnation ?? "unknown"} had begun`, nowMs)
  return halt(partition, "JournalLostTail", `the journal ends at ${endSeq}, record ${confirmedSeq} was confirmed`, nowMs)
}

/** An answer to the newest question for a basis, or to an earlier one, of a claim that was lost or given up since. */
const isAnswer = ({ claiming, inFlight }: Claimant, ask: number): boolean => inFlight === null && ask === claiming.ask

/** What a claim stands on was read: it is claimed from there, unless something stands against it. */
export const onClaimBasisRead = (
  partition: Claimant,
  given: EngineContext,
  { ask, basis }: { readonly ask: number; readonly basis: ClaimBasis },
  nowMs: number,
): Array<Output> => {
  // An end from before what is confirmed by now would look like a lost tail.
  if (!isAnswer(partition, ask)) return []
  const against = objection(partition, given, basis, nowMs)
  if (against !== undefined) return against
  partition.claiming.basis = basis
  if (basis.endSeq > partition.confirmedSeq) return [{ _tag: "ReadRecords", fromSeq: partition.confirmedSeq + 1, toSeq: basis.endSeq }]
  return claimIfAtEnd(partition, given, nowMs)
}

/** The witness is of a newer release: it can't be judged here, and nothing may be claimed without that. */
export const onClaimBasisNewer = (partition: Claimant, ask: number, cause: string): Array<Output> =>
  isAnswer(partition, ask) ? stepAside(partition, cause) : []

/** Appends the claim once everything up to the journal's end is applied. */
const claimIfAtEnd = (partition: Claimant, given: EngineContext, nowMs: number): Array<Output> => {
  const { basis } = partition.claiming
  if (basis === null || partition.confirmedSeq < basis.endSeq) return []
  const { incarnation } = partition
  if (incarnation !== null && basis.incarnation !== null && incarnation !== basis.incarnation && basis.halt?.resume == null)
    return halt(partition, "ForeignJournal", `the journal is of incarnation ${incarnation}, not ${basis.incarnation}`, nowMs)
  const { witness } = basis
  const seen = witness === null ? undefined : recentHash(partition, witness.seq)
  if (witness !== null && seen !== undefined && seen !== witness.hash && basis.halt?.resume == null)
    return halt(partition, "JournalLostTail", `record ${witness.seq} is another than the one that was confirmed`, nowMs)
  const unanswered = basis.halt?.resume == null ? haltUnanswered(partition, nowMs) : undefined
  if (unanswered !== undefined) return unanswered
  return partition.confirmedSeq === 0 ? appendGenesis(partition, given, nowMs) : appendClaim(partition, given, nowMs)
}

const appendGenesis = (partition: Claimant, given: EngineContext, nowMs: number): Array<Output> => {
  assert(partition.confirmedSeq === 0, "INV-4 a journal begins once")
  const { claiming } = partition
  // Time begins with the first commands: this clock alone is not believed.
  const { cursor, atMs } = partition
  const change = { owner: claiming.owner, epoch: 0, incarnation: claiming.incarnation, cursor, atMs }
  return beginAppend(partition, given, "genesis", change, draftOf(given), nowMs)
}

/** The journal has begun, with this claimant's record: the claim follows. */
export const onGenesisConfirmed = (partition: Claimant, given: EngineContext, record: JournalRecord, nowMs: number): Array<Output> => {
  assert(partition.confirmedSeq === 1, "INV-4 a journal begins with its genesis")
  const { givenUp } = partition.claiming
  partition.incarnation = record.incarnation
  partition.atMs = record.atMs
  const store: Output = { _tag: "StoreIncarnation", incarnation: record.incarnation }
  if (givenUp !== null) return [store, ...readOver(partition, record, givenUp)]
  // There is nothing in it to be said.
  partition.saidSeq = partition.confirmedSeq
  return [store, ...appendClaim(partition, given, nowMs)]
}

const appendClaim = (partition: Claimant, given: EngineContext, nowMs: number): Array<Output> => {
  const { claiming, incarnation } = partition
  assert(incarnation !== null, "INV-4 a claim is of a journal that has begun")
  // A claim makes no time: whether the new owner's clock can be believed is seen with its first commands.
  const change = { owner: claiming.owner, epoch: partition.epoch + 1, incarnation, cursor: partition.cursor, atMs: partition.atMs }
  return beginAppend(partition, given, "claim", change, draftOf(given), nowMs)
}

/** Somebody else's record stands where the claim should: read on and claim anew. Nothing was decided, so nothing is thrown away. */
export const onClaimLost = (partition: Claimant): Array<Output> => {
  assert(partition.inFlight !== null, "INV-4 what is lost was in flight")
  const { claiming } = partition
  partition.inFlight = null
  claiming.basis = null
  return [followAnew(partition), ...(claiming.givenUp === null ? askBasis(partition, claiming) : endClaim(partition, claiming.givenUp))]
}

/** The claim is stored, and others have appended since: its reign was over before it began, and nothing was decided in it. */
export const onClaimSuperseded = (partition: Claimant, inFlight: AppendInFlight): Array<Output> => {
  noteStored(partition, inFlight)
  return readOver(partition, inFlight.record, partition.claiming.givenUp ?? "Fenced")
}

/** This owner reigns, unless its lease went meanwhile. A halt that an operator lifted is journaled before anything is decided. */
export const onClaimConfirmed = (partition: Claimant, given: EngineContext, record: JournalRecord, nowMs: number): Array<Output> => {
  const { claiming } = partition
  if (claiming.givenUp !== null) return readOver(partition, record, claiming.givenUp)
  const { basis } = claiming
  assert(basis !== null, "INV-4 a claim stands on what was read of the journal's end")
  partition.owner = record.owner
  partition.epoch = record.epoch
  claiming.claimSeq = partition.confirmedSeq
  const { halt: stood, witness } = basis
  if (stood === null || stood.resume === null) return startServing(partition, basis, nowMs)
  const lost = witness !== null && witness.seq > basis.endSeq ? basis.endSeq : null
  const { by, reason } = stood.resume
  const entry: Entry = { _tag: "Resumed", by, reason, haltReason: stood.reason, lostAfterSeq: lost }
  const { owner, epoch, incarnation, cursor, atMs } = record
  return beginAppend(partition, given, "operator", { owner, epoch, incarnation, cursor, atMs }, draftOf(given, entry), nowMs)
}

/** An operator's resume is journaled: this owner reigns from here. */
export const onResumeConfirmed = (partition: Claimant, record: JournalRecord, nowMs: number): Array<Output> => {
  const { givenUp, basis } = partition.claiming
  // The halt is left to whoever claims next, and lifts it again: lifted late by one who doesn't reign, it could be another by then.
  if (givenUp !== null) return readOver(partition, record, givenUp)
  assert(basis !== null, "INV-4 a resume stands on what was read of the journal's end")
  partition.unanswered = null
  return [{ _tag: "ClearHalt" }, ...startServing(partition, basis, nowMs)]
}

const startServing = (partition: Claimant, basis: ClaimBasis, nowMs: number): Array<Output> => {
  const reign = newReign(partition.claiming.claimSeq, basis.witness, partition.saidSeq)
  // A halt that an operator's resume has lifted stands until it is cleared, and its witness with it.
  reign.lifting = basis.halt !== null
  const owner = enter(partition, { phase: "serving", loading: null, claiming: null, reign })
  const outputs: Array<Output> = [
    { _tag: "StopFollowing" },
    { _tag: "Serving", epoch: owner.epoch, seq: owner.confirmedSeq },
    ...raiseWitness(owner),
    // A claim makes no time: this is when the former owner was last heard of.
    { _tag: "WatchFeed", sinceMs: Math.max(0, owner.atMs - feedLookBackMs) },
  ]
  assert(owner.incarnation !== null, "INV-4 an owner knows its incarnation")
  if (basis.incarnation !== owner.incarnation) outputs.push({ _tag: "StoreIncarnation", incarnation: owner.incarnation })
  outputs.push(...beginCarrying(owner, nowMs))
  return [...outputs, ...(owner.cursor.seq === 0 ? startReading(owner) : askCursor(owner, nowMs))]
}

/** Milliseconds before the basis of a claim is asked for again. */
const askBasisEveryMs = appendTimeoutMs / 20

/** Asks again for what a claim waits for. */
export const tickClaim = (partition: Claimant, nowMs: number): Array<Output> => {
  const { claiming, inFlight } = partition
  if (inFlight !== null || claiming.askAgainAtMs === 0 || !isDue(claiming.askAgainAtMs, nowMs, askBasisEveryMs)) return []
  askShortEndAgain(claiming.shortEnd, nowMs)
  return askBasis(partition, claiming)
}

const askBasisLater = (claiming: Claiming, nowMs: number): Array<Output> => {
  claiming.askAgainAtMs = nowMs + askBasisEveryMs
  return []
}

/** A read for the claim failed: ask again in a while. */
export const onClaimUnread = ({ claiming }: Claimant, nowMs: number): Array<Output> => askBasisLater(claiming, nowMs)
