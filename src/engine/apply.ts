/**
 * How decisions change the partition: the same lines whether a decision was just made or is read back from the journal.
 *
 * Nothing here decides. While a loaded snapshot is brought forward, each actor and part skips the records it already contains.
 */
import { assert, unreachable } from "../assert.ts"
import { type CommandClass, type EpochMs, isInternal, type SenderId } from "../domain/names.ts"
import { isBusinessAnswer, type Refusal } from "../domain/refusals.ts"
import { floorStepMs, ingressesRememberedMax, issuedAheadMsMax } from "../limits.ts"
import { type Actor, actorOf } from "./actor.ts"
import { carry, settle } from "./carrying.ts"
import { hasEndedSince, rememberEnd } from "./ended.ts"
import type { EngineContext } from "./given.ts"
import type { ActorKind, KindCommands, KindTypes } from "./kind.ts"
import {
  classMemory,
  hasRoomForSender,
  noteRemembered,
  packOlder,
  remember,
  rememberIfNew,
  rememberUnlessKnown,
  senderMemory,
  stepOf,
} from "./memory.ts"
import { outcomeOf, placesIn } from "./outcomes.ts"
import { applyAnswered, noteOwed } from "./owed.ts"
import { loadedSeqOf, type Partition } from "./partition.ts"
import { noteDecidedMeanwhile, quarantine, settleQuarantined } from "./quarantine.ts"
import type {
  DecidedCommand,
  Dropped,
  Entry,
  JournaledDecision,
  JournalRecord,
  RememberedDecision,
  ResetEntry,
  ReturnedEntry,
} from "./records.ts"
import { armHold, disarmHold } from "./timers.ts"

/** Where a decision stands: the record's sequence and time, and the message it came with. */
export interface DecisionPlace {
  readonly seq: number
  readonly atMs: EpochMs
  readonly sender: SenderId
  readonly class: CommandClass
  readonly reply: string | null
  /** Settled out of quarantine: remembered from now, not from when it was issued, or a later retry would be quarantined and replayed a second time. */
  readonly settled: boolean
  /** Its place among the commands of the record. */
  readonly place: number
  /** Of a command that an actor of ours sent: the channel it is decided for. Null: a sender's own. */
  readonly onBehalf: SenderId | null
  /** When it was published, by the broker's clock; of no meaning where it was settled. */
  readonly brokerMs: EpochMs
  /** W3C `traceparent` of its message; null: none. */
  readonly trace: string | null
}

/**
 * The time under which a decision is remembered, and that the floor judges. A fact ahead of time is taken, and counts as told when it was: its sender's clock may be wrong by years,
 * and what is remembered for a time to come is remembered until then.
 */
export const countsAtMs = (
  { isFact }: KindCommands,
  { settled, atMs, brokerMs, sender }: Pick<DecisionPlace, "settled" | "atMs" | "brokerMs" | "sender">,
  command: KindTypes["command"],
): EpochMs => {
  // What an actor of ours sends is remembered by the time it is asked for under, whatever became of it: its sender's word is of that time.
  if (isInternal(sender)) return command.issuedAtMs
  if (settled) return isFact(command) ? atMs : Math.max(atMs, command.issuedAtMs)
  return isFact(command) ? Math.min(command.issuedAtMs, brokerMs) : command.issuedAtMs
}

/** Milliseconds between two of the older cursors that are kept. */
const sparseMarkMs = 10_000
const recentHashesMax = 1_024

/** Whether the event's part was loaded as one that ended with this record or a later one. */
const isContained = (partition: Partition, { parts }: ActorKind, actor: Actor, event: KindTypes["event"], seq: number): boolean =>
  hasEndedSince(partition, parts, actor.key, parts.eventOwnerOf(event), parts.eventIdOf(event), seq)

/** Applies one event to an actor that a snapshot contains in part: each half takes what it doesn't have yet. */
const evolveRecovering = (
  partition: Partition,
  kind: ActorKind,
  actor: Actor,
  event: KindTypes["event"],
  seq: number,
): KindTypes["part"] | undefined => {
  const { recovery } = partition
  const { parts } = kind
  assert(recovery !== null, "a recovery is under way")
  if ((recovery.actorSeqs[actor.index] ?? 0) < seq) kind.evolveState(actor.state, event)
  if (!parts.isAbout(event)) return undefined
  const id = parts.eventIdOf(event)
  const found = parts.find(actor.state, parts.eventOwnerOf(event), id)
  // It ended before its slice was written: its end was loaded, or forgotten by then, and what happened to it in between is of no consequence.
  if (found === undefined && (!parts.mayBegin(event) || isContained(partition, kind, actor, event, seq))) return undefined
  if (found !== undefined && loadedSeqOf(recovery, id, found) >= seq) return undefined
  return kind.evolvePart(actor.state, event)
}

/** Applies events of one actor, and keeps timers and memory in step with what became of its parts. `isInternally`: they were decided for an actor of ours; `trace`: of the command that led to them, null: none. */
export const applyEvents = (
  partition: Partition,
  given: EngineContext,
  actor: Actor,
  events: ReadonlyArray<KindTypes["event"]>,
  seq: number,
  atMs: EpochMs,
  isInternally = false,
  trace: string | null = null,
): void => {
  assert(partition.recovery !== null || seq >= actor.version, "INV-6 events of an actor are applied in their order")
  const { kind } = given
  for (const told of events) {
    const event = kind.share(told, partition.shared)
    kind.feed.noteDropped(actor, event)
    const dueBeforeMs = kind.parts.dueBefore(actor.state, event)
    const part = partition.recovery === null ? kind.evolve(actor.state, event) : evolveRecovering(partition, kind, actor, event, seq)
    if (part !== undefined) {
      followPart(partition, given, actor, part, dueBeforeMs, seq, atMs)
      if (kind.parts.open !== undefined) partition.openParts += kind.parts.open.by(event)
    }
    if (kind.carrying !== null) carry(partition, kind.carrying, actor, event, seq, atMs, isInternally, trace)
  }
  actor.version = Math.max(actor.version, seq)
  noteFollowUp(partition, given, actor)
}

/** Keeps in step which actors wait for something that they would then do of their own accord, and which of them have to be looked at: something of theirs changed. */
export const noteFollowUp = (partition: Partition, { kind }: EngineContext, actor: Actor): void => {
  if (!kind.mayFollowUp(actor.state)) {
    // Nearly always there is none.
    if (partition.short.size > 0) partition.short.delete(actor)
    if (partition.uncovered.size > 0) partition.uncovered.delete(actor)
    return
  }
  partition.short.add(actor)
  partition.uncovered.add(actor)
}

/** Arms, moves and disarms the timer of a part that an event touched, and takes it out of its actor if it ended. */
const followPart = (
  partition: Partition,
  given: EngineContext,
  actor: Actor,
  part: KindTypes["part"],
  armedForMs: EpochMs,
  seq: number,
  atMs: EpochMs,
): void => {
  const { parts } = given.kind
  const dueMs = parts.dueMs(part)
  assert(dueMs >= 0, "INV-8 a hold ends at a time, or never")
  if (armedForMs !== dueMs) {
    if (armedForMs !== 0) {
      disarmHold(partition.holds, part, armedForMs)
      partition.openHolds--
    }
    if (dueMs !== 0) {
      armHold(partition.holds, actor, part, dueMs)
      partition.openHolds++
    }
  }
  const ending = parts.endingOf(part)
  if (ending !== undefined) rememberEnd(partition, given, actor, part, ending, seq, atMs)
}

/** Whether a decision is one that its id stands for from now on. A quarantined one is provisional; answers to the message as such are given again each time. */
const isFinal = (decision: JournaledDecision): boolean => {
  switch (decision._tag) {
    case "Accepted":
    case "TooLate":
    case "Dropped":
      return true
    case "Refused":
      return isBusinessAnswer(decision.refusal.reason) && !isForWantOfRoom(decision.refusal)
    case "Quarantined":
    case "Repeated":
    case "Begun":
    case "Pending":
      return false
  }
}

/** No decision of the command: quarantine, or the memory of senders, was full. Remembered, it would stand against the command when there is room again. */
export const isForWantOfRoom = ({ reason, field }: Refusal): boolean =>
  reason === "LimitReached" && (field === "quarantine" || field === "senders")

/** Remembers a final decision under its id. */
const rememberDecision = (
  partition: Partition,
  given: EngineContext,
  standing: DecisionPlace,
  command: KindTypes["command"],
  hash: number,
  decision: JournaledDecision,
  outcome: RememberedDecision,
  known: Actor | undefined,
): void => {
  assert(standing.place >= 0 && standing.place < 2 ** 16, "INV-2 a place in a record fits a packed decision")
  const { commands } = given.kind
  const secondName = commands.secondNameOf(command)
  const isToldAgain = secondName !== undefined && decision._tag === "Repeated"
  if (!(isFinal(decision) || isToldAgain) || outcome.outcome === "quarantined" || !given.rules.remembers(outcome.outcome)) return
  if (isFinal(decision)) noteDecidedMeanwhile(partition, standing, commands.keyOf(command), command.id, { hash, outcome })
  // A refusal makes no memory where there is none to be had.
  if (outcome.outcome === "refused" && !hasRoomForSender(partition, standing.sender)) return
  const memory = senderMemory(partition, standing.sender)
  const { id } = command
  // The partition's own string of the key, not this command's copy: there are as many decisions as commands.
  const commandKey = commands.keyOf(command)
  const key = (known ?? partition.actors.get(commandKey))?.key ?? commandKey
  // Never beyond what may be issued ahead: whatever a command's date says, it is forgotten again.
  const countsMs = countsAtMs(commands, standing, command)
  const countedMs = memory.isInternal ? countsMs : Math.min(countsMs, standing.atMs + issuedAheadMsMax)
  const { seq, place } = standing
  const remembered = {
    id,
    key,
    hash,
    outcome,
    step: stepOf(countedMs),
    class: commands.floorClassOf(command),
    seq,
    place,
    weight: given.kind.weightOf(outcome),
  }
  // What has a second name, told again under another id: that id has its answer too, if it hasn't.
  if (decision._tag === "Repeated") rememberUnlessKnown(memory, remembered, standing.atMs)
  else if (partition.recovery === null) remember(memory, remembered)
  else rememberIfNew(memory, remembered)
  if (secondName !== undefined && decision._tag === "Accepted")
    rememberIfNew(memory, { ...remembered, id: secondName, hash: commands.secondHashOf(command) })
  noteRemembered(partition, memory, remembered.class)
}

/** Applies one decided command. `hash` is that of its content; `outcome` is null of one that is answered later; `known` is its actor if the caller has looked it up and found it. */
export const applyDecided = (
  partition: Partition,
  given: EngineContext,
  standing: DecisionPlace,
  decided: DecidedCommand,
  hash: number,
  outcome: RememberedDecision | null,
  known: Actor | undefined,
): Actor | undefined => {
  assert(standing.seq > 0, "INV-2 a decision stands in a record")
  const { command, decision } = decided
  if (command === null) return undefined
  if (outcome !== null) rememberDecision(partition, given, standing, command, hash, decision, outcome, known)
  if (decision._tag === "Quarantined") {
    quarantine(partition, given, standing, command, decision)
    return undefined
  }
  if (decision._tag === "Begun" || decision._tag === "Pending") noteOwed(partition, given, standing, command, hash, decision)
  if ((decision._tag !== "Accepted" && decision._tag !== "Begun") || decision.events.length === 0) return undefined
  const actor = known ?? actorOf(partition, given, given.kind.commands.keyOf(command))
  applyEvents(partition, given, actor, decision.events, standing.seq, standing.atMs, isInternal(standing.sender), standing.trace)
  return actor
}

/** Whether nothing was dropped beyond the message that reading stood at. */
export const isNone = ({ firstSeq, lastSeq }: Dropped): boolean => firstSeq > lastSeq

/** Notes what a journaled reset says was dropped undecided. */
export const noteDropped = (partition: Partition, reset: ResetEntry): void => {
  if (reset.dropped === null) return
  if (!isNone(reset.dropped)) partition.unanswered = reset
  partition.droppedToSeq = reset.dropped.lastSeq
}

/** Notes how far an ingress is taken. It moves to the end, so that the one not heard of for longest is forgotten first. */
export const noteIngress = (
  { ingresses }: Partition,
  { ingress, serial }: Pick<Extract<Entry, { _tag: "Stored" }>, "ingress" | "serial">,
): void => {
  assert(serial >= 0, "INV-7 what an ingress stores is numbered")
  const known = ingresses.get(ingress) ?? 0
  ingresses.delete(ingress)
  ingresses.set(ingress, Math.max(known, serial))
  if (ingresses.size <= ingressesRememberedMax) return
  for (const oldest of ingresses.keys()) {
    ingresses.delete(oldest)
    return
  }
}

/** Raises a sender's floor. */
export const raiseFloor = (partition: Partition, entry: Extract<Entry, { _tag: "Floor" }>): void => {
  assert(entry.floorMs % floorStepMs === 0, "INV-2 a floor lies on a step")
  const held = classMemory(senderMemory(partition, entry.sender), entry.class)
  held.floorMs = Math.max(held.floorMs, entry.floorMs)
}

/** Applies an entry read back from the journal; `place` is that of its first command in the record. */
const applyEntry = (partition: Partition, given: EngineContext, entry: Entry, seq: number, atMs: EpochMs, place: number): void => {
  assert(place >= 0, "INV-2 places in a record are counted up")
  switch (entry._tag) {
    case "Message": {
      const { sender, class: commandClass, reply, brokerMs, onBehalf = null, trace = null } = entry
      for (let i = 0; i < entry.decided.length; i++)
        replayDecided(
          partition,
          given,
          { seq, atMs, sender, class: commandClass, reply, settled: false, brokerMs, place: place + i, onBehalf, trace },
          entry.decided[i] as DecidedCommand,
        )
      return
    }
    case "Expiry":
    case "Covered":
      applyEvents(partition, given, actorOf(partition, given, entry.key), entry.events, seq, atMs)
      return
    case "Floor":
      raiseFloor(partition, entry)
      return
    case "Settled":
      settleQuarantined(partition, given, entry.quarantined)
      replayDecided(
        partition,
        given,
        {
          seq,
          atMs,
          sender: entry.sender,
          class: entry.class,
          reply: entry.reply,
          settled: true,
          brokerMs: atMs,
          place,
          onBehalf: null,
          trace: null,
        },
        entry.decided,
      )
      return
    case "Stored":
      partition.droppedToSeq = null
      noteIngress(partition, entry)
      return
    case "Reset":
      noteDropped(partition, entry)
      return
    case "Resumed":
      partition.unanswered = null
      return
    case "Returned":
      applyReturned(partition, given, entry, seq, atMs)
      return
    case "Answered":
      applyAnswered(partition, given, entry, { seq, atMs, place })
      return
    case "Skipped":
      return
    default:
      unreachable(entry)
  }
}

const applyReturned = (partition: Partition, given: EngineContext, entry: ReturnedEntry, seq: number, atMs: EpochMs): void => {
  const carried = settle(partition, entry.id)
  // A snapshot's slice may have been written after it came back.
  assert(carried !== undefined || partition.recovery !== null, "INV-17 what comes back was under way, and comes back once")
  if (entry.events.length > 0)
    applyEvents(partition, given, actorOf(partition, given, entry.key), entry.events, seq, atMs, false, entry.trace ?? null)
}

const replayDecided = (partition: Partition, given: EngineContext, standing: DecisionPlace, decided: DecidedCommand): void => {
  // A repeat changes nothing, and its content need not be hashed.
  const { kind } = given
  if (decided.command === null || (decided.decision._tag === "Repeated" && kind.commands.secondNameOf(decided.command) === undefined))
    return
  const hash = given.codec.contentHash(decided.command)
  const actor = partition.actors.get(kind.commands.keyOf(decided.command))
  applyDecided(partition, given, standing, decided, hash, outcomeOf(kind, decided.decision), actor)
}

/** Makes the envelope's claims the partition's own: who reigns, how far commands are read, what time it is. */
export const applyEnvelope = (partition: Partition, record: JournalRecord): void => {
  assert(record.epoch >= partition.epoch, "INV-4 the epoch never falls")
  assert(record.partition === partition.id, "INV-4 a record is of its partition")
  assert(record.atMs >= partition.atMs, "INV-4 journaled time never falls")
  partition.incarnation = record.incarnation
  partition.owner = record.owner
  partition.epoch = record.epoch
  partition.atMs = record.atMs
  if (record.kind === "reset") forgetMarksAfter(partition, record.cursor.seq)
  const { seq, digest } = partition.cursor
  if (record.cursor.seq !== seq || record.cursor.digest !== digest) markCursor(partition, record)
}

const forgetMarksAfter = (partition: Partition, seq: number): void => {
  for (const marks of [partition.recentMarks, partition.sparseMarks]) while ((marks.at(-1)?.seq ?? 0) > seq) marks.pop()
}

const markCursor = (partition: Partition, record: JournalRecord): void => {
  const { cursorsRememberedMax } = partition.bounds
  partition.cursor = record.cursor
  if (record.cursor.seq === 0) return
  const mark = { ...record.cursor, atMs: record.atMs }
  partition.recentMarks.push(mark)
  // Cut in halves, so that it costs nothing on average.
  if (partition.recentMarks.length > cursorsRememberedMax) partition.recentMarks.splice(0, Math.floor(cursorsRememberedMax / 2))
  if (record.atMs - (partition.sparseMarks.at(-1)?.atMs ?? 0) >= sparseMarkMs) {
    partition.sparseMarks.push(mark)
    if (partition.sparseMarks.length > cursorsRememberedMax) partition.sparseMarks.splice(0, Math.floor(cursorsRememberedMax / 2))
  }
}

/** Applies a record read back from the journal. The caller has verified that it links to what was applied before. */
export const applyRecord = (partition: Partition, given: EngineContext, record: JournalRecord, seq: number): void => {
  assert(seq === partition.confirmedSeq + 1, "INV-4 records are applied in their order")
  assert(partition.inFlight === null, "INV-6 nobody follows a journal whose state is ahead of it")
  applyEnvelope(partition, record)
  let place = 0
  for (const entry of record.entries) {
    applyEntry(partition, given, entry, seq, record.atMs, place)
    place += placesIn(entry)
  }
  packOlder(partition)
}

/** Notes that a record is in the journal for good. */
export const noteConfirmed = (partition: Partition, { publishedSeq }: JournalRecord, seq: number, hash: string): void => {
  assert(seq === partition.confirmedSeq + 1, "INV-4 records are confirmed in their order")
  assert(hash !== "", "INV-4 a record has a hash")
  partition.saidSeq = publishedSeq
  partition.confirmedSeq = seq
  partition.confirmedHash = hash
  partition.recentHashes[seq % recentHashesMax] = hash
}

/** The hash of a recent record, or undefined if it is too old to be known. */
export const recentHash = (partition: Partition, seq: number): string | undefined =>
  seq <= partition.confirmedSeq && seq > partition.confirmedSeq - recentHashesMax
    ? partition.recentHashes[seq % recentHashesMax]
    : undefined
