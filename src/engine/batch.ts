/**
 * Group commit: decides all that has arrived, in place, and makes one record of it.
 *
 * The state is ahead of the journal from here until the record is confirmed; nothing leaves the engine in between. If the record can't be
 * confirmed as ours, the owner steps down and this state is thrown away: there is no undo.
 */
import { assert } from "../assert.ts"
import type { EpochMs } from "../domain/names.ts"
import { atsByChannel } from "../domain/sku/availability.ts"
import type { Command } from "../domain/sku/commands.ts"
import { coverShortages } from "../domain/sku/cover.ts"
import { expire } from "../domain/sku/decide.ts"
import type { Expired } from "../domain/sku/events.ts"
import type { Reservation } from "../domain/sku/stock.ts"
import { allocationsMax, coversPerRecordMax, idCharsMax, recordBytesMax, recordEnvelopeBytesMax } from "../limits.ts"
import type { SkuActor } from "./actor.ts"
import { applyDecided, applyEnvelope, applyEvents, type Given, noteIngress, raiseFloor, type Standing, settleQuarantined } from "./apply.ts"
import { brokerNow } from "./broker-clock.ts"
import { decideCommand, refuseMessage, settle } from "./decide-command.ts"
import { anyHanded, commandsIn } from "./handed.ts"
import { actorIn, noBatch, orderBatch, takeBatch } from "./intake.ts"
import { packOlder, sweep } from "./memory.ts"
import { anyFloorToRaise, floorsToRaise, holdOffIfFull, tendedBy } from "./memory-tending.ts"
import { outcomeOf } from "./outcomes.ts"
import type { ArrivedMessage, ArrivedStored, InFlight, Partition } from "./partition.ts"
import type { CommandMessage, DecodedCommand, Output } from "./protocol.ts"
import { publishedSeq, shortByChannel } from "./publishing.ts"
import { askForRecalled } from "./recall.ts"
import {
  type Cursor,
  type DecidedCommand,
  type Entry,
  type JournalRecord,
  type RecordEnvelope,
  type RecordKind,
  recordVersion,
} from "./records.ts"
import { areHoldsDue, dueHolds } from "./timers.ts"

/** A record in the making. */
interface Draft {
  readonly seq: number
  readonly atMs: EpochMs
  readonly entries: Array<Entry>
  readonly texts: Array<string>
  readonly touched: Map<SkuActor, string>
  bytes: number
  commands: number
  /** Decided commands in its entries so far: where the next message's begin. */
  places: number
}

const beginDraft = (partition: Partition, atMs: EpochMs): Draft => ({
  seq: partition.confirmedSeq + 1,
  atMs,
  entries: [],
  texts: [],
  touched: new Map(),
  bytes: 0,
  commands: 0,
  places: 0,
})

const addEntry = (given: Given, draft: Draft, entry: Entry, commandTexts?: ReadonlyArray<string | null>): void => {
  const text = given.codec.encodeEntry(entry, commandTexts)
  draft.entries.push(entry)
  draft.texts.push(text)
  draft.bytes += text.length
}

/** What the SKU's channels were last sent, as far as this reign knows: needed once, before its first change, to tell them the difference. */
const rememberSent = (actor: SkuActor): void => {
  if (actor.sentAts !== null || actor.stock.policy === null) return
  actor.sentAts = atsByChannel(actor.stock)
  actor.sentPolicy = actor.stock.policy
  actor.sentShort = shortByChannel(actor.stock)
}

const touch = (draft: Draft, actor: SkuActor, cause: string): void => {
  draft.touched.set(actor, cause)
}

/** Bytes of one Expired event beyond its allocations, and of each of those. */
const expiredBytes = 256
const allocationBytes = idCharsMax + 40
/** Due holds may take this share of a record beside commands. Where more are due, they are ended first, in records of their own. */
const expiryBytesMax = recordBytesMax / 3

const expiryBytes = ({ allocations }: Reservation): number => expiredBytes + allocations.length * allocationBytes

/**
 * Holds whose time is up come before the batch's commands: a confirm decided at the same time is too late, and their units are free for everybody. False if not all
 * of them fit: then nothing may be decided yet that they would count for.
 */
const expireDue = (partition: Partition, given: Given, draft: Draft): boolean => {
  const bySku = new Map<SkuActor, Array<Expired>>()
  const { batchExpiriesMax } = partition.bounds
  const due = dueHolds(partition.holds, draft.atMs, 2 * batchExpiriesMax)
  let bytes = 0
  for (const [reservation] of due) bytes += expiryBytes(reservation)
  const areAll = due.length <= batchExpiriesMax && bytes <= expiryBytesMax
  bytes = 0
  for (const [reservation, actor] of due) {
    bytes += expiryBytes(reservation)
    if (bytes > 2 * expiryBytesMax) break
    const events = bySku.get(actor)
    if (events === undefined) bySku.set(actor, [expire(reservation)])
    else events.push(expire(reservation))
  }
  for (const [actor, events] of bySku) {
    rememberSent(actor)
    applyEvents(partition, actor, events, draft.seq, draft.atMs)
    touch(draft, actor, "Expired")
    addEntry(given, draft, { _tag: "Expiry", sku: actor.stock.sku, events })
  }
  return areAll
}

/** Bytes of one ShortageCovered event beyond its allocations. */
const coveredBytes = 384

/** Covers what reservations are short of with what is there now, as far as the record has room: the rest is due with the next. */
const coverDue = (partition: Partition, given: Given, draft: Draft): void => {
  let left = coversPerRecordMax
  for (const actor of partition.uncovered) {
    const room = Math.floor((recordBytesMax - recordEnvelopeBytesMax - draft.bytes) / (coveredBytes + allocationsMax * allocationBytes))
    const most = Math.min(left, room)
    if (most <= 0) return
    const events = coverShortages(actor.stock, most)
    left -= events.length
    if (events.length > 0) {
      rememberSent(actor)
      applyEvents(partition, actor, events, draft.seq, draft.atMs)
      touch(draft, actor, "ShortageCovered")
      addEntry(given, draft, { _tag: "Covered", sku: actor.stock.sku, events })
    }
    if (events.length < most) partition.uncovered.delete(actor)
  }
}

/** Whether any reservation is short of units that are there. What isn't coverable is no longer looked at until its SKU changes. */
const anyToCover = (partition: Partition): boolean => {
  for (const actor of partition.uncovered) {
    if (coverShortages(actor.stock, 1).length > 0) return true
    partition.uncovered.delete(actor)
  }
  return false
}

const decideOne = (
  partition: Partition,
  given: Given,
  draft: Draft,
  arrived: ArrivedMessage,
  standing: Standing,
  decoded: DecodedCommand,
  settled: Array<Entry>,
): DecidedCommand => {
  if (decoded._tag === "Invalid")
    return { command: null, named: { id: decoded.id, sku: decoded.sku }, decision: { _tag: "Refused", refusal: decoded.refusal } }
  const { command } = decoded
  const hash = given.codec.contentHash(command)
  const known = actorIn(partition, arrived, command)
  let decision = decideCommand(partition, given, arrived, command, hash, known, draft.commands++)
  if (decision === "Operator") decision = decideOperator(partition, given, draft, arrived, command, settled)
  const decided: DecidedCommand = { command, named: null, decision }
  if (decision._tag === "Accepted" && known !== undefined) rememberSent(known)
  const actor = applyDecided(partition, given, standing, decided, hash, outcomeOf(decision), known)
  if (actor !== undefined) touch(draft, actor, decision._tag === "Accepted" ? (decision.events.at(-1)?.type ?? "") : "")
  return decided
}

/** An operator's command on the quarantine: what it settles is an entry of its own, in the name of the original sender. */
const decideOperator = (
  partition: Partition,
  given: Given,
  draft: Draft,
  arrived: ArrivedMessage,
  command: Command,
  settled: Array<Entry>,
): DecidedCommand["decision"] => {
  assert(command.type === "ReplayQuarantined" || command.type === "DropQuarantined", "only operator commands act on the quarantine")
  const settlement = settle(partition, given, arrived, command)
  if (settlement._tag === "Refused") return { _tag: "Refused", refusal: settlement.refusal }
  const { quarantined, decision } = settlement
  const decided: DecidedCommand = { command: quarantined.command, named: null, decision }
  settleQuarantined(partition, quarantined.id)
  const { sender, class: commandClass, reply } = quarantined
  // What is settled stands in the record behind the message that settles it.
  const place = draft.places + commandsIn(arrived) + settled.length
  const standing: Standing = {
    seq: draft.seq,
    atMs: draft.atMs,
    sender,
    class: commandClass,
    reply,
    settled: true,
    brokerMs: draft.atMs,
    place,
  }
  const known = partition.actors.get(quarantined.command.sku)
  if (known !== undefined) rememberSent(known)
  const hash = given.codec.contentHash(quarantined.command)
  const actor = applyDecided(partition, given, standing, decided, hash, outcomeOf(decision), known)
  if (actor !== undefined) touch(draft, actor, "Settled")
  settled.push({ _tag: "Settled", quarantined: quarantined.id, sender, class: commandClass, reply, decided })
  return { _tag: "Accepted", events: [] }
}

const decideMessage = (partition: Partition, given: Given, draft: Draft, arrived: ArrivedMessage): void => {
  const { seq, brokerMs, sender, class: commandClass, reply, body } = arrived
  const standingAt = (place: number): Standing => ({
    seq: draft.seq,
    atMs: draft.atMs,
    sender,
    class: commandClass,
    reply,
    settled: false,
    brokerMs,
    place: draft.places + place,
  })
  const refusal = refuseMessage(arrived)
  const settled: Array<Entry> = []
  const decideDecoded = (decoded: DecodedCommand, place: number): DecidedCommand =>
    refusal === undefined
      ? decideOne(partition, given, draft, arrived, standingAt(place), decoded, settled)
      : refusedUnread(decoded, refusal)
  const decided =
    body._tag === "Commands"
      ? body.commands.map(decideDecoded)
      : [{ command: null, named: null, decision: { _tag: "Refused", refusal: refusal ?? body.refusal } } as const]
  const texts = refusal === undefined && body._tag === "Commands" ? body.commands.map(textOf) : undefined
  const array = body._tag === "Commands" && body.array
  addEntry(given, draft, { _tag: "Message", seq, sender, class: commandClass, bulk: arrived.bulk, brokerMs, reply, array, decided }, texts)
  for (const one of settled) addEntry(given, draft, one)
  draft.places += decided.length + settled.length
}

const textOf = (decoded: DecodedCommand): string | null => (decoded._tag === "Command" ? decoded.text : null)

const refusedUnread = (decoded: DecodedCommand, refusal: ArrivedRefusal): DecidedCommand => ({
  command: null,
  named: decoded._tag === "Command" ? { id: decoded.command.id, sku: decoded.command.sku } : { id: decoded.id, sku: decoded.sku },
  decision: { _tag: "Refused", refusal },
})
type ArrivedRefusal = Extract<DecidedCommand["decision"], { _tag: "Refused" }>["refusal"]

/** Floors of senders that hold too much, and a share of the sweeping that each sender's own traffic pays for. */
const tendMemory = (partition: Partition, given: Given, draft: Draft, batch: ReadonlyArray<ArrivedMessage>): void => {
  const tended = tendedBy(partition, batch)
  const sweptEach = Math.ceil((draft.commands * 4) / Math.max(1, tended.size))
  for (const memory of tended) {
    for (const entry of floorsToRaise(partition, memory, draft.atMs)) {
      raiseFloor(partition, entry)
      addEntry(given, draft, entry)
    }
    sweep(partition, memory, sweptEach)
    holdOffIfFull(partition, memory)
  }
}

/** The cursor after a batch: the last message of the stream's order, whatever order it was decided in. */
const cursorAfter = (partition: Partition, given: Given, last: ArrivedStored | undefined): Cursor =>
  last === undefined
    ? partition.cursor
    : { stream: partition.cursor.stream, seq: last.message.seq, digest: given.codec.sha256(digestTextOf(given, last.message)) }

/** The text whose hash is a message's digest. */
export const digestTextOf = (given: Given, message: CommandMessage): string =>
  given.rules.digestText(message, given.codec.sha256(message.body))

/** Hands a record over: the partition is ahead of its journal from now on. */
export const beginAppend = (
  partition: Partition,
  given: Given,
  kind: RecordKind,
  change: { readonly owner: string; readonly epoch: number; readonly cursor: Cursor; readonly incarnation: string; readonly atMs: EpochMs },
  draft: Pick<Draft, "entries" | "texts" | "touched">,
  nowMs: EpochMs,
): Array<Output> => {
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
  const inFlight: InFlight = {
    pending,
    bytes,
    record,
    cursorBefore: partition.cursor,
    touched: draft.touched,
    sentAtMs: nowMs,
    frozen: false,
    askAgainAtMs: 0,
    attempts: 1,
    lastSentMs: nowMs,
  }
  partition.inFlight = inFlight
  return [{ _tag: "Append", expectedSeq, messageId, bytes }]
}

/** Whether there is anything to decide at `atMs`. */
const anythingDue = (partition: Partition, atMs: EpochMs, gatherMs: number, mayTakeStored: boolean): boolean =>
  anyHanded(partition) ||
  (mayTakeStored && partition.arrived.length > 0) ||
  areHoldsDue(partition.holds, atMs, gatherMs) ||
  anyToCover(partition) ||
  anyFloorToRaise(partition, atMs)

/** Notes which stored messages a record takes, and what of their ingress the stream should have shown before and did not. */
const noteStored = (partition: Partition, given: Given, draft: Draft, stored: ReadonlyArray<ArrivedStored>): void => {
  for (const { message, from, skipped } of stored) {
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
const keepStored = (partition: Partition, stored: ReadonlyArray<ArrivedStored>): void => {
  const last = stored.at(-1)
  if (last === undefined) return
  let bytes = 0
  for (const { message } of stored) bytes += message.body.length + storedOverheadBytes
  partition.keptMarks.push({ seq: last.message.seq, bytes })
  partition.keptBytes += bytes
}

/** What the server keeps of a message beside its body, roughly. */
const storedOverheadBytes = 64

/**
 * Decides what has arrived and what is due, and hands over its record. Empty if there is nothing to decide. What is stored is left out while it isn't known whether the stream still is
 * the one that was read; what was handed over waits for nothing.
 */
export const decideBatch = (partition: Partition, given: Given, nowMs: EpochMs, mayTakeStored: boolean): Array<Output> => {
  const brokerNowMs = brokerNow(partition.brokerClock, nowMs)
  // A moment after a claim: what arrived waits, for nobody knows yet how long it has waited already.
  if (brokerNowMs === null) return []
  const atMs = given.rules.recordTime(partition.atMs, nowMs, brokerNowMs)
  if (!anythingDue(partition, atMs, given.rules.holdsGatherMs, mayTakeStored)) return []
  const beforeMs = partition.atMs
  partition.atMs = atMs
  const draft = beginDraft(partition, atMs)
  const areAllEnded = expireDue(partition, given, draft)
  const { stored, messages: batch } = areAllEnded ? takeBatch(partition, given, draft.bytes, mayTakeStored) : noBatch
  const last = stored.at(-1)
  noteStored(partition, given, draft, stored)
  keepStored(partition, stored)
  for (const arrived of orderBatch(batch)) decideMessage(partition, given, draft, arrived)
  coverDue(partition, given, draft)
  tendMemory(partition, given, draft, batch)
  const asks = askForRecalled(partition, nowMs)
  if (draft.entries.length === 0) {
    // All that waits has to be read up first: no record is made, and no time.
    partition.atMs = beforeMs
    return asks
  }
  packOlder(partition)
  assert(partition.incarnation !== null, "an owner knows its incarnation")
  const change = {
    owner: partition.owner,
    epoch: partition.epoch,
    incarnation: partition.incarnation,
    cursor: cursorAfter(partition, given, last),
    atMs,
  }
  const outputs = beginAppend(partition, given, batch.length > 0 || stored.length > 0 ? "batch" : "expiry", change, draft, nowMs)
  outputs.push(...asks)
  applyEnvelope(partition, (partition.inFlight as InFlight).record)
  return outputs
}
