/**
 * One partition's protocol as a function: an input in, outputs out, no clock, no chance, no I/O.
 *
 * The whole of it lives behind this switch, so that the server, the simulator and a replay run these same lines. A throw while applying is a
 * broken invariant: the partition halts, visibly, and its state is not used again.
 */
import { onAppendAcked, onAppendUnknown, onJournalEndRead, onJournalEndUnread, tickAppend } from "./appending.ts"
import { decideBatch } from "./batch.ts"
import { hearRenewal } from "./broker-clock.ts"
import { tickCarrying } from "./carrying.ts"
import { conclude } from "./concluding.ts"
import { askForArrived, mayTakeStored, onCommandAtRead, onCommandUnread, onReadingBroke, resetCursor, tickCursor } from "./cursor-check.ts"
import { endReign, halt } from "./ending.ts"
import type { EngineContext } from "./given.ts"
import { givenOf, type StepOptions } from "./given.ts"
import { giveBackHanded, onCommandsHanded } from "./handed.ts"
import { mayReadOn, onCommandsArrived } from "./intake.ts"
import type { KindTypes } from "./kind.ts"
import { tickMemory } from "./memory-tending.ts"
import type { Beginning, Partition, Serving } from "./partition.ts"
import type { Input, Output } from "./protocol.ts"
import {
  allSaid,
  flushFeed,
  goOnRepublishing,
  onFeedAnswer,
  onFeedSeen,
  onRepliesSent,
  onRepublishRead,
  onRepublishUnread,
  publishingIsFull,
  tickFeed,
} from "./publishing.ts"
import { onRecalledRead, onRecalledUnread } from "./recall.ts"
import { onReturnsHeard } from "./returns.ts"
import { noteSnapshotProgress, onChunkStored, onSnapshotFailed, owesSlices, tickSnapshot, walkOn } from "./snapshot.ts"
import { beginLoading, leaveNewer, loadSlice } from "./snapshot-loading.ts"
import { assertSound } from "./soundness.ts"
import {
  beginFollowing,
  giveUpClaim,
  onClaim,
  onClaimBasisNewer,
  onClaimBasisRead,
  onClaimUnread,
  onRecordsRead,
  tickClaim,
} from "./takeover.ts"
import { watchClock } from "./wall-clock.ts"
import { onHaltCleared, onWitnessStored, onWitnessUnread, tickWitness } from "./witness.ts"

/** One input to a partition: it is changed in place, and what is to be done comes back. */
export type Step<K extends KindTypes = KindTypes> = (partition: Partition<K>, input: Input<K>) => ReadonlyArray<Output<K>>

/** The step function over a kind of actor, a codec and the protocol's rules. It changes the partition in place; after `SteppedDown` or `Halted` nothing further comes from that partition. */
export const makeStep = <K extends KindTypes>(options: StepOptions<K>): Step<K> => {
  const given = givenOf(options)
  return (partition, input) => guarded(partition, given, input) as ReadonlyArray<Output<K>>
}

const guarded = (partition: Partition, given: EngineContext, input: Input): ReadonlyArray<Output> => {
  // Whoever handed something over just then is told to come back; nothing else matters any more.
  if (isOver(partition)) return input._tag === "CommandsHanded" ? onCommandsHanded(partition, input.messages) : []
  const { reign } = partition
  try {
    const outputs = take(partition, given, input)
    if (partition.phase === "serving") pump(partition, given, input.nowMs, outputs)
    if (partition.phase === "serving") outputs.push(...askForArrived(partition, input.nowMs))
    if (isOver(partition) && reign !== null) outputs.push(...giveBackHanded(reign))
    askToContinue(partition, outputs)
    if (!isOver(partition)) assertSound(partition)
    return outputs
  } catch (cause) {
    const detail = cause instanceof Error ? `${cause.name}: ${cause.message}` : "threw what is no error"
    return halt(partition, "InvariantBroken", detail, input.nowMs)
  }
}

const isOver = ({ phase }: Partition): boolean => phase === "stopped" || phase === "halted"

const take = (partition: Partition, given: EngineContext, input: Input): Array<Output> => {
  const { nowMs } = input
  switch (input._tag) {
    case "SnapshotMissing":
    case "SnapshotNewer":
    case "SnapshotRead":
      return partition.phase === "starting" && partition.loading === null ? onSnapshot(partition, input) : []
    case "Continue":
      return onContinue(partition, given)
    case "RecordsRead":
      return onRecordsRead(partition, given, input.records, nowMs)
    case "Claim":
      return onClaim(partition, input.owner, input.incarnation)
    case "ClaimBasisRead":
      return partition.phase === "claiming" ? onClaimBasisRead(partition, given, input, nowMs) : []
    case "ClaimBasisNewer":
      return partition.phase === "claiming" ? onClaimBasisNewer(partition, input.ask, input.cause) : []
    case "ReadFailed":
      return onReadFailed(partition, input.what, nowMs)
    case "AppendAcked":
      return conclude(partition, given, onAppendAcked(partition, given, input), nowMs)
    case "AppendUnknown":
      return conclude(partition, given, onAppendUnknown(partition, input.messageId, input.cause), nowMs)
    case "JournalEndRead":
      return conclude(partition, given, onJournalEndRead(partition, given, input.endSeq, input.record, nowMs), nowMs)
    case "CommandsHanded":
      return onCommandsHanded(partition, input.messages)
    case "BrokerTimeSeen":
      hearRenewal(partition.brokerClock, input.brokerMs, nowMs)
      return []
    case "Tick":
      return onTick(partition, given, nowMs, input.wallMs)
    case "Drain":
      return drain(partition, "Drained")
    case "LeaseLost":
      return drain(partition, "LeaseLost")
    // Answers to an owner's questions mean nothing once its reign is over.
    case "CommandsArrived":
    case "ReturnsHeard":
    case "ReadingBroke":
    case "CommandAtRead":
    case "WitnessStored":
    case "WitnessUnread":
    case "HaltCleared":
    case "RepliesSent":
    case "FeedSent":
    case "FeedFailed":
    case "FeedSeen":
    case "RepublishRead":
    case "RecalledRead":
    case "ChunkStored":
    case "SnapshotFailed":
      return partition.phase === "serving" ? takeAsOwner(partition, given, input) : []
  }
}

/** What only an owner hears. */
type OwnersInput = Extract<
  Input,
  {
    readonly _tag:
      | "CommandsArrived"
      | "ReturnsHeard"
      | "ReadingBroke"
      | "CommandAtRead"
      | "WitnessStored"
      | "WitnessUnread"
      | "HaltCleared"
      | "RepliesSent"
      | "FeedSent"
      | "FeedFailed"
      | "FeedSeen"
      | "RepublishRead"
      | "RecalledRead"
      | "ChunkStored"
      | "SnapshotFailed"
  }
>

const takeAsOwner = (partition: Serving, given: EngineContext, input: OwnersInput): Array<Output> => {
  const { nowMs } = input
  switch (input._tag) {
    case "CommandsArrived":
      return onCommandsArrived(partition, given, input.messages, nowMs)
    case "ReturnsHeard":
      return onReturnsHeard(partition, input.returns)
    case "ReadingBroke":
      return onReadingBroke(partition, nowMs)
    case "CommandAtRead":
      return onCommandAtRead(partition, given, input, nowMs)
    case "WitnessStored":
      return onWitnessStored(partition, input.stands, nowMs)
    case "WitnessUnread":
      return onWitnessUnread(partition, input.unread, nowMs)
    case "HaltCleared":
      return onHaltCleared(partition)
    case "RepliesSent":
      return onRepliesSent(partition, given, input.seq, nowMs)
    case "FeedSent":
      return onFeedAnswer(partition, given, input.group, true)
    case "FeedFailed":
      return onFeedAnswer(partition, given, input.group, false)
    case "FeedSeen":
      return onFeedSeen(partition, given, input)
    case "RepublishRead":
      return onRepublishRead(partition, given, input.records, nowMs)
    case "RecalledRead":
      return onRecalledRead(partition, given, input.seq, input.record)
    case "ChunkStored":
      return onChunkStored(partition, given, input.snapshot)
    case "SnapshotFailed":
      return onSnapshotFailed(partition, input.snapshot, nowMs)
  }
}

type SnapshotAnswer = Extract<Input, { readonly _tag: "SnapshotMissing" | "SnapshotNewer" | "SnapshotRead" }>

/** What was found of a snapshot when nothing was loaded yet. */
const onSnapshot = (partition: Beginning, input: SnapshotAnswer): Array<Output> => {
  switch (input._tag) {
    case "SnapshotMissing":
      return beginFollowing(partition)
    case "SnapshotNewer":
      return [...leaveNewer(partition, `its manifest has version ${input.version}`), ...beginFollowing(partition)]
    case "SnapshotRead":
      return followOnceLoaded(partition, beginLoading(partition, input.manifest, input.chunks))
  }
}

const onReadFailed = (partition: Partition, what: Extract<Input, { _tag: "ReadFailed" }>["what"], nowMs: number): Array<Output> => {
  if (what === "JournalEnd") return onJournalEndUnread(partition, nowMs)
  if (what === "ClaimBasis") return partition.phase === "claiming" ? onClaimUnread(partition, nowMs) : []
  if (partition.phase !== "serving") return []
  switch (what) {
    case "CommandAt":
      return onCommandUnread(partition, nowMs)
    case "Republish":
      return onRepublishUnread(partition, nowMs)
    case "Recalled":
      return onRecalledUnread(partition, nowMs)
  }
}

/** A snapshot that is loaded, or of no use, is followed by the journal. */
const followOnceLoaded = (partition: Beginning, outputs: Array<Output>): Array<Output> =>
  partition.loading === null ? [...outputs, ...beginFollowing(partition)] : outputs

/** The next slice of what is too long for one step. */
const onContinue = (partition: Partition, given: EngineContext): Array<Output> => {
  partition.continuing = false
  if (partition.phase === "serving") return walkOn(partition, given)
  if (partition.phase !== "starting" || partition.loading === null) return []
  return followOnceLoaded(partition, loadSlice(partition, given))
}

/** Asks for the next slice, once: what waits meanwhile is heard first. */
const askToContinue = (partition: Partition, outputs: Array<Output>): void => {
  const isWanted = partition.phase === "serving" ? owesSlices(partition) : partition.loading !== null
  if (partition.continuing || !isWanted) return
  partition.continuing = true
  outputs.push({ _tag: "ContinueSoon" })
}

/** An owner finishes what is in flight; whoever isn't one yet gives up trying, and keeps what it knows. */
const drain = (partition: Partition, reason: "Drained" | "LeaseLost"): Array<Output> => {
  if (partition.phase !== "serving") return giveUpClaim(partition, reason)
  partition.reign.draining ??= reason
  return []
}

const onTick = (partition: Partition, given: EngineContext, nowMs: number, wallMs: number): Array<Output> => {
  const outputs = tickAppend(partition, nowMs)
  if (partition.phase === "claiming") outputs.push(...tickClaim(partition, nowMs))
  if (partition.phase !== "serving") return outputs
  outputs.push(
    ...tickCursor(partition, given, nowMs),
    ...tickSnapshot(partition, given, nowMs),
    ...noteSnapshotProgress(partition, given),
    ...goOnRepublishing(partition, given, nowMs),
    ...tickFeed(partition, given, nowMs),
    ...tickWitness(partition, nowMs),
    ...watchClock(partition, nowMs, wallMs),
    ...tickMemory(partition, given, nowMs),
    ...tickCarrying(partition, nowMs),
  )
  return outputs
}

/** Whatever was put in: if nothing is in flight, decide what there is to decide, or finish. */
const pump = (partition: Serving, given: EngineContext, nowMs: number, outputs: Array<Output>): void => {
  const { reign } = partition
  if (partition.inFlight !== null) return
  if (reign.search?.found != null) outputs.push(...resetCursor(partition, given, nowMs))
  else if (reign.draining !== null) {
    outputs.push(...giveBackHanded(reign), ...flushFeed(partition, given))
    if (allSaid(partition)) {
      outputs.push(...endReign(partition, reign.draining))
      return
    }
  } else if (!publishingIsFull(partition) && !owesSlices(partition))
    outputs.push(...decideBatch(partition, given, nowMs, mayTakeStored(partition)))
  if (reign.paused && mayReadOn(partition)) {
    reign.paused = false
    outputs.push({ _tag: "ResumeReading" })
  }
}
