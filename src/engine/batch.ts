/**
 * Group commit: decides all that has arrived, in place, and makes one record of it.
 *
 * The state is ahead of the journal from here until the record is confirmed; nothing leaves the engine in between. If the record can't be
 * confirmed as ours, the owner steps down and this state is thrown away: there is no undo.
 */
import { assert } from "../assert.ts"
import { atsByChannel } from "../domain/availability.ts"
import type { Command } from "../domain/commands.ts"
import { expire } from "../domain/decide.ts"
import type { Expired } from "../domain/events.ts"
import type { EpochMs } from "../domain/names.ts"
import { idCharsMax, recordBytesMax } from "../limits.ts"
import type { SkuActor } from "./actor.ts"
import { applyDecided, applyEnvelope, applyEvents, type Given, noteIngress, raiseFloor, type Standing, settleQuarantined } from "./apply.ts"
import { brokerNow } from "./broker-clock.ts"
import { decideCommand, refuseMessage, settle } from "./decide-command.ts"
import { anyHanded } from "./handed.ts"
import { actorIn, orderBatch, takeBatch } from "./intake.ts"
import { floorToRaise, type SenderMemory, sweep } from "./memory.ts"
import { outcomeOf } from "./outcomes.ts"
import type { ArrivedMessage, ArrivedStored, InFlight, Partition } from "./partition.ts"
import type { CommandMessage, DecodedCommand, Output } from "./protocol.ts"
import { publishedSeq } from "./publishing.ts"
import {
  type Cursor,
  type DecidedCommand,
  type Entry,
  type JournalRecord,
  type RecordEnvelope,
  type RecordKind,
  recordVersion,
} from "./records.ts"
import { dueHolds } from "./timers.ts"

/** A record in the making. */
interface Draft {
  readonly seq: number
  readonly atMs: EpochMs
  readonly entries: Array<Entry>
  readonly texts: Array<string>
  readonly touched: Map<SkuActor, string>
  bytes: number
  commands: number
}

const beginDraft = (partition: Partition, atMs: EpochMs): Draft => ({
  seq: partition.confirmedSeq + 1,
  atMs,
  entries: [],
  texts: [],
  touched: new Map(),
  bytes: 0,
  commands: 0,
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
}

const touch = (draft: Draft, actor: SkuActor, cause: string): void => {
  draft.touched.set(actor, cause)
}

/** Bytes of one Expired event beyond its allocations, and of each of those. */
const expiredBytes = 256
const allocationBytes = idCharsMax + 40
/** Due holds may take this share of a record; what is left over is due in the next. */
const expiryBytesMax = recordBytesMax / 3

/** Holds whose time is up come before the batch's commands: a confirm decided at the same time is too late. */
const expireDue = (partition: Partition, given: Given, draft: Draft): number => {
  const bySku = new Map<SkuActor, Array<Expired>>()
  let bytes = 0
  let count = 0
  for (const [reservation, actor] of dueHolds(partition.holds, draft.atMs, partition.bounds.batchExpiriesMax)) {
    bytes += expiredBytes + reservation.allocations.length * allocationBytes
    if (bytes > expiryBytesMax) break
    const events = bySku.get(actor)
    if (events === undefined) bySku.set(actor, [expire(reservation)])
    else events.push(expire(reservation))
    count++
  }
  for (const [actor, events] of bySku) {
    rememberSent(actor)
    applyEvents(partition, actor, events, draft.seq, draft.atMs)
    touch(draft, actor, "Expired")
    addEntry(given, draft, { _tag: "Expiry", sku: actor.stock.sku, events })
  }
  return count
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
  const hash = given.codec.commandHash(decoded.text)
  const known = actorIn(partition, arrived, command)
  let decision = decideCommand(partition, given, arrived, command, hash, known, draft.commands++)
  if (decision === "Operator") decision = decideOperator(partition, given, draft, command, settled)
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
  command: Command,
  settled: Array<Entry>,
): DecidedCommand["decision"] => {
  assert(command.type === "ReplayQuarantined" || command.type === "DropQuarantined", "only operator commands act on the quarantine")
  const settlement = settle(partition, given, command)
  if (settlement._tag === "Refused") return { _tag: "Refused", refusal: settlement.refusal }
  const { quarantined, decision } = settlement
  const decided: DecidedCommand = { command: quarantined.command, named: null, decision }
  settleQuarantined(partition, quarantined.id)
  const { sender, class: commandClass, reply } = quarantined
  const standing: Standing = { seq: draft.seq, atMs: draft.atMs, sender, class: commandClass, reply, settled: true }
  const known = partition.actors.get(quarantined.command.sku)
  if (known !== undefined) rememberSent(known)
  const hash = given.codec.commandHash(given.codec.commandText(quarantined.command))
  const actor = applyDecided(partition, given, standing, decided, hash, outcomeOf(decision), known)
  if (actor !== undefined) touch(draft, actor, "Settled")
  settled.push({ _tag: "Settled", quarantined: quarantined.id, sender, class: commandClass, reply, decided })
  return { _tag: "Accepted", events: [] }
}

const decideMessage = (partition: Partition, given: Given, draft: Draft, arrived: ArrivedMessage): void => {
  const { seq, brokerMs, sender, class: commandClass, reply, body } = arrived
  const standing: Standing = { seq: draft.seq, atMs: draft.atMs, sender, class: commandClass, reply, settled: false }
  const refusal = refuseMessage(arrived)
  const settled: Array<Entry> = []
  const decideDecoded = (decoded: DecodedCommand): DecidedCommand =>
    refusal === undefined ? decideOne(partition, given, draft, arrived, standing, decoded, settled) : refusedUnread(decoded, refusal)
  const decided =
    body._tag === "Commands"
      ? body.commands.map(decideDecoded)
      : [{ command: null, named: null, decision: { _tag: "Refused", refusal: refusal ?? body.refusal } } as const]
  const texts = refusal === undefined && body._tag === "Commands" ? body.commands.map(textOf) : undefined
  const array = body._tag === "Commands" && body.array
  addEntry(given, draft, { _tag: "Message", seq, sender, class: commandClass, bulk: arrived.bulk, brokerMs, reply, array, decided }, texts)
  for (const one of settled) addEntry(given, draft, one)
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
  const tended = new Set<SenderMemory>()
  for (const { sender } of batch) {
    const memory = partition.senders.get(sender)
    if (memory === undefined || tended.has(memory)) continue
    tended.add(memory)
    for (const floorClass of memory.classes.keys()) {
      const floorMs = floorToRaise(memory, floorClass, draft.atMs)
      if (floorMs === undefined) continue
      const entry = { _tag: "Floor", sender, class: floorClass, floorMs } as const
      raiseFloor(partition, entry)
      addEntry(given, draft, entry)
    }
    sweep(partition, memory, batch.length * 4)
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
const anythingDue = (partition: Partition, atMs: EpochMs, mayTakeStored: boolean): boolean =>
  anyHanded(partition) || (mayTakeStored && partition.arrived.length > 0) || dueHolds(partition.holds, atMs, 1).length > 0

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
  if (!anythingDue(partition, atMs, mayTakeStored)) return []
  partition.atMs = atMs
  const draft = beginDraft(partition, atMs)
  expireDue(partition, given, draft)
  const { stored, messages: batch } = takeBatch(partition, draft.bytes, mayTakeStored)
  const last = stored.at(-1)
  noteStored(partition, given, draft, stored)
  keepStored(partition, stored)
  for (const arrived of orderBatch(batch)) decideMessage(partition, given, draft, arrived)
  tendMemory(partition, given, draft, batch)
  assert(partition.incarnation !== null, "an owner knows its incarnation")
  const change = {
    owner: partition.owner,
    epoch: partition.epoch,
    incarnation: partition.incarnation,
    cursor: cursorAfter(partition, given, last),
    atMs,
  }
  const outputs = beginAppend(partition, given, batch.length > 0 || stored.length > 0 ? "batch" : "expiry", change, draft, nowMs)
  applyEnvelope(partition, (partition.inFlight as InFlight).record)
  return outputs
}
