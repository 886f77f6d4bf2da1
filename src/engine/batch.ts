/**
 * Group commit: decides all that has arrived, in place, and makes one record of it.
 *
 * The state is ahead of the journal from here until the record is confirmed; nothing leaves the engine in between. If the record can't be
 * confirmed as ours, the owner steps down and this state is thrown away: there is no undo.
 */
import { assert } from "../assert.ts"
import type { EpochMs } from "../domain/names.ts"
import { recordBytesMax, recordEnvelopeBytesMax } from "../limits.ts"
import type { Actor } from "./actor.ts"
import { appendAsOwner } from "./appending.ts"
import { applyDecided, applyEvents, type DecisionPlace, noteIngress, raiseFloor } from "./apply.ts"
import { brokerNow } from "./broker-clock.ts"
import { carriedCount, hasRoomToCarry } from "./carrying.ts"
import { decideCommand, refuseMessage, settle } from "./decide-command.ts"
import { addEntry, beginDraft, type RecordDraft, touch } from "./draft.ts"
import { digestOfMessage, type EngineContext } from "./given.ts"
import { anyHanded, commandsIn, sayUndecided } from "./handed.ts"
import { holdUp, letGo } from "./held-up.ts"
import { actorIn, noBatch, orderBatch, takeBatch } from "./intake.ts"
import type { KindOperatorCommand, KindTypes } from "./kind.ts"
import { packOlder, sweep } from "./memory.ts"
import { anyFloorToRaise, floorsToRaise, tendedBy, throttleIfFull } from "./memory-tending.ts"
import { outcomeOf } from "./outcomes.ts"
import { giveAnswers, noteAnswers } from "./owed.ts"
import type { ArrivedMessage, ArrivedStored, Serving } from "./partition.ts"
import type { Carriage, DecodedCommand, Output } from "./protocol.ts"
import { settleQuarantined } from "./quarantine.ts"
import { askForRecalled } from "./recall.ts"
import { floorsSettled, noteTaken, noteTold } from "./receiving.ts"
import type { Cursor, DecidedCommand, Entry } from "./records.ts"
import { takeReturns } from "./returns.ts"
import { areHoldsDue, dueHolds } from "./timers.ts"

/** Due holds may take this share of a record beside commands. Where more are due, they are ended first, in records of their own. */
const expiryBytesMax = recordBytesMax / 3

/**
 * Holds whose time is up come before the batch's commands: a confirm decided at the same time is too late, and their units are free for everybody. False if not all
 * of them fit: then nothing may be decided yet that they would count for.
 */
const expireDue = (partition: Serving, given: EngineContext, draft: RecordDraft): boolean => {
  const { parts, feed } = given.kind
  const byActor = new Map<Actor, Array<KindTypes["expired"]>>()
  let carried = 0
  const { batchExpiriesMax } = partition.bounds
  const due = dueHolds(partition.holds, parts, draft.atMs, 2 * batchExpiriesMax)
  let bytes = 0
  for (const [part] of due) bytes += parts.expiredBytesOf(part)
  const areAll = due.length <= batchExpiriesMax && bytes <= expiryBytesMax
  bytes = 0
  for (const [part, actor] of due) {
    bytes += parts.expiredBytesOf(part)
    // The first always fits: a record of nothing else has room for it.
    if (bytes > 2 * expiryBytesMax && byActor.size > 0) break
    const ended = parts.expire(part, draft.atMs)
    const more = carriedCount(given.kind, actor.key, ended)
    if (!hasRoomToCarry(partition, more === 0 ? 0 : carried + more)) {
      holdUp(partition, parts, part, actor)
      continue
    }
    carried += more
    const events = byActor.get(actor)
    if (events === undefined) byActor.set(actor, [...ended])
    else events.push(...ended)
  }
  for (const [actor, events] of byActor) {
    feed.noteBefore(actor)
    applyEvents(partition, given, actor, events, draft.seq, draft.atMs)
    touch(draft, actor, "Expired")
    noteAnswers(given, draft, actor.key, events)
    addEntry(given, draft, { _tag: "Expiry", key: actor.key, events })
    giveAnswers(partition, given, draft)
  }
  return areAll
}

/** Has actors do what they do of their own accord after a change, as far as the record has room: the rest is due with the next. */
const coverDue = (partition: Serving, given: EngineContext, draft: RecordDraft): void => {
  const { kind } = given
  let left = kind.followUpsMax
  for (const actor of partition.uncovered) {
    const room = Math.floor((recordBytesMax - recordEnvelopeBytesMax - draft.bytes) / kind.followUpBytes)
    const most = Math.min(left, room)
    if (most <= 0) return
    const events = kind.followUps(actor.state, most)
    assert(events.length <= most, "INV-15 an actor does no more than there is room for")
    left -= events.length
    if (events.length > 0) {
      kind.feed.noteBefore(actor)
      applyEvents(partition, given, actor, events, draft.seq, draft.atMs)
      touch(draft, actor, kind.followUpCause)
      addEntry(given, draft, { _tag: "Covered", key: actor.key, events })
    }
    if (events.length < most) partition.uncovered.delete(actor)
  }
}

/** Whether any actor has something to do of its own accord. One that has nothing is no longer looked at until it changes. */
const anyToCover = (partition: Serving, { kind }: EngineContext): boolean => {
  for (const actor of partition.uncovered) {
    if (kind.followUps(actor.state, 1).length > 0) return true
    partition.uncovered.delete(actor)
  }
  return false
}

const decideOne = (
  partition: Serving,
  given: EngineContext,
  draft: RecordDraft,
  arrived: ArrivedMessage,
  standing: DecisionPlace,
  decoded: DecodedCommand,
  settled: Array<Entry>,
): DecidedCommand | undefined => {
  if (decoded._tag === "Invalid")
    return { command: null, named: { id: decoded.id, key: decoded.key }, decision: { _tag: "Refused", refusal: decoded.refusal } }
  const { command } = decoded
  const hash = given.codec.contentHash(command)
  const known = actorIn(partition, given, arrived, command)
  const found = decideCommand(partition, given, arrived, command, hash, known, draft.commands++)
  if (found._tag === "Undecided") {
    draft.undecided.push({ arrived, why: found.why })
    return undefined
  }
  const decision = found._tag === "Operator" ? decideOperator(partition, given, draft, arrived, found.operator, settled) : found
  return apply(partition, given, draft, arrived.carriage, standing, { command, named: null, decision }, hash, known)
}

/** Applies what was decided, and notes what has to be said of it beside its entry. */
const apply = (
  partition: Serving,
  given: EngineContext,
  draft: RecordDraft,
  carriage: Carriage | null,
  standing: DecisionPlace,
  decided: DecidedCommand & { readonly command: KindTypes["command"] },
  hash: number,
  known: Actor | undefined,
): DecidedCommand => {
  const { command, decision } = decided
  const events = decision._tag === "Accepted" || decision._tag === "Begun" ? decision.events : none
  if (events.length > 0 && known !== undefined) given.kind.feed.noteBefore(known)
  const outcome = outcomeOf(given.kind, decision)
  assert(draft.outcomes[standing.place] === undefined, "INV-2 a place in a record is taken once")
  draft.outcomes[standing.place] = outcome
  const actor = applyDecided(partition, given, standing, decided, hash, outcome, known)
  if (carriage !== null) noteTold(partition, carriage, command.id, decision, outcome)
  if (actor === undefined) return decided
  touch(draft, actor, standing.settled ? "Settled" : (events.at(-1)?.type ?? ""))
  noteAnswers(given, draft, actor.key, events)
  return decided
}
const none: ReadonlyArray<never> = []

/** An operator's command on the quarantine: what it settles is an entry of its own, in the name of the original sender. */
const decideOperator = (
  partition: Serving,
  given: EngineContext,
  draft: RecordDraft,
  arrived: ArrivedMessage,
  operator: KindOperatorCommand,
  settled: Array<Entry>,
): DecidedCommand["decision"] => {
  const settlement = settle(partition, given, arrived, operator)
  if (settlement._tag === "Refused") return { _tag: "Refused", refusal: settlement.refusal }
  assert(partition.quarantine.has(operator.quarantined), "INV-7 what an operator settles is in quarantine")
  const { quarantined, decision } = settlement
  settleQuarantined(partition, given, quarantined.id)
  const { sender, class: commandClass, reply } = quarantined
  // What is settled stands in the record behind the message that settles it.
  const place = draft.places + commandsIn(arrived) + settled.length
  const standing: DecisionPlace = {
    seq: draft.seq,
    atMs: draft.atMs,
    sender,
    class: commandClass,
    reply,
    settled: true,
    brokerMs: draft.atMs,
    place,
    onBehalf: null,
    trace: null,
  }
  const known = partition.actors.get(given.kind.commands.keyOf(quarantined.command))
  const hash = given.codec.contentHash(quarantined.command)
  // An actor of ours hears of it when it asks again.
  const decided = apply(partition, given, draft, null, standing, { command: quarantined.command, named: null, decision }, hash, known)
  settled.push({ _tag: "Settled", quarantined: quarantined.id, sender, class: commandClass, reply, decided })
  return { _tag: "Accepted", events: [] }
}

const decideMessage = (partition: Serving, given: EngineContext, draft: RecordDraft, arrived: ArrivedMessage): void => {
  const { seq, brokerMs, sender, class: commandClass, reply, body, bulk, trace, carriage } = arrived
  const onBehalf = carriage === null ? null : carriage.onBehalf
  if (carriage !== null) noteTaken(partition, arrived)
  const standingAt = (place: number): DecisionPlace => ({
    seq: draft.seq,
    atMs: draft.atMs,
    sender,
    class: commandClass,
    reply,
    settled: false,
    brokerMs,
    place: draft.places + place,
    onBehalf,
    trace,
  })
  const refusal = refuseMessage(given, arrived)
  const settled: Array<Entry> = []
  const decided: Array<DecidedCommand> = []
  if (body._tag !== "Commands") decided.push(refusedAsSuch(refusal ?? body.refusal))
  for (const decoded of body._tag === "Commands" ? body.commands : none) {
    const one =
      refusal === undefined
        ? decideOne(partition, given, draft, arrived, standingAt(decided.length), decoded, settled)
        : refusedUnread(given, decoded, refusal)
    // The only command of its message.
    if (one === undefined) return
    decided.push(one)
  }
  const texts = refusal === undefined && body._tag === "Commands" ? body.commands.map(textOf) : undefined
  assert(decided.length === commandsIn(arrived), "INV-7 every command of a message is decided")
  const array = body._tag === "Commands" && body.array
  const plain = { _tag: "Message", seq, sender, class: commandClass, bulk, brokerMs, reply, array, decided } as const
  const entry = trace === null ? plain : { ...plain, trace }
  addEntry(given, draft, onBehalf === null ? entry : { ...entry, onBehalf }, texts)
  for (const one of settled) addEntry(given, draft, one)
  draft.places += decided.length + settled.length
  giveAnswers(partition, given, draft)
}

const refusedAsSuch = (refusal: ArrivedRefusal): DecidedCommand => ({
  command: null,
  named: null,
  decision: { _tag: "Refused", refusal },
})

const textOf = (decoded: DecodedCommand): string | null => (decoded._tag === "Command" ? decoded.text : null)

const refusedUnread = ({ kind }: EngineContext, decoded: DecodedCommand, refusal: ArrivedRefusal): DecidedCommand => ({
  command: null,
  named:
    decoded._tag === "Command"
      ? { id: decoded.command.id, key: kind.commands.keyOf(decoded.command) }
      : { id: decoded.id, key: decoded.key },
  decision: { _tag: "Refused", refusal },
})
type ArrivedRefusal = Extract<DecidedCommand["decision"], { _tag: "Refused" }>["refusal"]

/** Floors of senders that hold too much, and a share of the sweeping that each sender's own traffic pays for. */
const tendMemory = (partition: Serving, given: EngineContext, draft: RecordDraft, batch: ReadonlyArray<ArrivedMessage>): void => {
  const tended = tendedBy(partition, batch)
  const sweptEach = Math.ceil((draft.commands * 4) / Math.max(1, tended.size))
  for (const memory of tended) {
    const floors = memory.isInternal ? floorsSettled(partition, memory, draft.atMs) : floorsToRaise(partition, memory, draft.atMs)
    for (const entry of floors) {
      raiseFloor(partition, entry)
      addEntry(given, draft, entry)
    }
    sweep(partition, memory, sweptEach)
    throttleIfFull(partition, memory)
  }
}

/** The cursor after a batch: the last message of the stream's order, whatever order it was decided in. */
const cursorAfter = (partition: Serving, given: EngineContext, last: ArrivedStored | undefined): Cursor =>
  last === undefined
    ? partition.cursor
    : { stream: partition.cursor.stream, seq: last.message.seq, digest: digestOfMessage(given, last.message) }

/** Whether there is anything to decide at `atMs`. */
const anythingDue = (partition: Serving, given: EngineContext, atMs: EpochMs, mayTakeStored: boolean): boolean =>
  anyHanded(partition) ||
  (mayTakeStored && partition.reign.arrived.length > 0) ||
  areHoldsDue(partition.holds, given.kind.parts, atMs, given.rules.holdsGatherMs) ||
  anyToCover(partition, given) ||
  partition.reign.returns.size > 0 ||
  anyFloorToRaise(partition, atMs)

/** Notes which stored messages a record takes, and what of their ingress the stream should have shown before and did not. */
const noteStored = (partition: Serving, given: EngineContext, draft: RecordDraft, stored: ReadonlyArray<ArrivedStored>): void => {
  for (const { message, from, skipped } of stored) {
    assert(message.seq > partition.cursor.seq, "INV-7 what is taken lies behind the cursor")
    if (skipped !== null) addEntry(given, draft, { _tag: "Skipped", seq: message.seq, cause: skipped })
    if (from === null) continue
    const { ingress, serial, acknowledged } = from
    const missing = Math.max(0, acknowledged - (partition.ingresses.get(ingress) ?? 0))
    const entry = { _tag: "Stored", seq: message.seq, ingress, serial, missing } as const
    noteIngress(partition, entry)
    addEntry(given, draft, entry)
  }
}

/** Bytes of stored messages that are kept though they are decided, for whoever has to look back; the oldest may be purged. */
const keepStored = (partition: Serving, stored: ReadonlyArray<ArrivedStored>): void => {
  const last = stored.at(-1)
  if (last === undefined) return
  let bytes = 0
  for (const { message } of stored) bytes += message.body.length + storedOverheadBytes
  assert(bytes > 0, "INV-7 a message that is kept has bytes")
  partition.reign.keptMarks.push({ seq: last.message.seq, bytes })
  partition.reign.keptBytes += bytes
}

/** What the server keeps of a message beside its body, roughly. */
const storedOverheadBytes = 64

/**
 * Decides what has arrived and what is due, and hands over its record. Empty if there is nothing to decide. What is stored is left out while it isn't known whether the stream still is
 * the one that was read; what was handed over waits for nothing.
 */
export const decideBatch = (partition: Serving, given: EngineContext, nowMs: EpochMs, mayTakeStored: boolean): Array<Output> => {
  assert(partition.inFlight === null, "INV-4 one record in flight")
  const brokerNowMs = brokerNow(partition.brokerClock, nowMs)
  // A moment after a claim: what arrived waits, for nobody knows yet how long it has waited already.
  if (brokerNowMs === null) return []
  const atMs = given.rules.recordTime(partition.atMs, nowMs, brokerNowMs)
  letGo(partition, given.kind.parts)
  if (!anythingDue(partition, given, atMs, mayTakeStored)) return []
  const beforeMs = partition.atMs
  partition.atMs = atMs
  const draft = beginDraft(partition, atMs)
  const areAllEnded = expireDue(partition, given, draft)
  const alarms = areAllEnded ? takeReturns(partition, given, draft) : []
  const hasReturns = draft.entries.some(({ _tag }) => _tag === "Returned")
  const { stored, messages: batch } = areAllEnded ? takeBatch(partition, given, draft.bytes, mayTakeStored) : noBatch
  const last = stored.at(-1)
  noteStored(partition, given, draft, stored)
  keepStored(partition, stored)
  for (const arrived of orderBatch(given, batch)) decideMessage(partition, given, draft, arrived)
  coverDue(partition, given, draft)
  tendMemory(partition, given, draft, batch)
  const asks = [...askForRecalled(partition, nowMs), ...alarms, ...sayUndecided(draft.undecided)]
  if (draft.entries.length === 0) {
    // All that waits has to be read up first: no record is made, and no time.
    partition.atMs = beforeMs
    return asks
  }
  packOlder(partition)
  const kind = batch.length > 0 || stored.length > 0 || hasReturns ? "batch" : "expiry"
  const outputs = appendAsOwner(partition, given, kind, { cursor: cursorAfter(partition, given, last), atMs }, draft, nowMs)
  outputs.push(...asks)
  return outputs
}
