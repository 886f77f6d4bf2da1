/**
 * Folds one journal into rows, with the domain's own evolve: records in, rows out. It keeps the actors and parts that it has folded, and asks for others that a record touches before it takes it.
 *
 * What it keeps is as of its cursor and not of the tables: whoever could not write what came out throws the fold away and makes another from what the tables say. Pure.
 */
import { assert } from "../assert.ts"
import type { KindTypes } from "../engine/kind.ts"
import type { JournalRecord, StoredRecord } from "../engine/records.ts"
import { actorsFoldedMax, partsFoldedMax } from "../limits.ts"
import {
  type LedgerCause,
  type LoadedStates,
  type NeededStates,
  noRows,
  type ProjectedBatch,
  type ProjectedRows,
  type ProjectionCursor,
  type QuarantineRow,
  type SenderRow,
} from "../ports/projection.ts"
import type { Began, FoldedActor, ProjectedKind, RecordStamp } from "./kinds.ts"
import { groupsOf, type LineGroup } from "./lines.ts"
import { SenderBook } from "./senders.ts"
import { instantOf, jsonOf, keptText, monthOf } from "./text.ts"

/** The journal doesn't go on where the tables end, or can't be read. */
class JournalUnfit extends Error {
  override readonly name = "JournalUnfit"
}

/** A newer release writes the journal. */
export class JournalNewer extends Error {
  override readonly name = "JournalNewer"
}

/** The tables hold something newer than their cursor said: somebody else has written meanwhile. */
export class TablesMoved extends Error {
  override readonly name = "TablesMoved"
}

/** A record, read, with what it says. */
export interface ReadRecord {
  readonly seq: number
  readonly hash: string
  readonly record: JournalRecord
  readonly groups: ReadonlyArray<LineGroup>
}

/** What is known of a partition beside its actors. */
export interface Standing {
  readonly senders: ReadonlyArray<SenderRow>
  readonly quarantine: ReadonlyArray<QuarantineRow>
}

interface TouchedPart {
  readonly key: KindTypes["key"]
  readonly part: KindTypes["part"]
  stamp: RecordStamp
}

/** What one call of `take` gathers. */
interface Taking {
  readonly rows: ProjectedRows
  readonly actors: Map<FoldedActor, RecordStamp>
  readonly parts: Map<string, TouchedPart>
  readonly quarantine: Map<string, QuarantineRow>
  stamp: RecordStamp
  epoch: number
  place: number
  line: number
}

/** Whether it is said of an actor, or of what could have been one: what wire/past-lines.ts calls a line. */
const isLine = ({ cause }: LineGroup): boolean => actorsCauses.has(cause)
const actorsCauses: ReadonlySet<LedgerCause> = new Set(["command", "settled", "expiry", "covered", "returned", "answered"])

const nameOf = (key: string, owner: string, id: string): string => `${key}\n${owner}\n${id}`

/** One journal, as it is projected from some record on. */
export class JournalFold {
  readonly #kind: ProjectedKind
  readonly #partition: number
  #cursor: ProjectionCursor | null
  readonly #folded = new Map<string, FoldedActor>()
  #parts = 0
  readonly #began = new WeakMap<object, Began>()
  readonly #senders: SenderBook
  readonly #waiting: Map<string, QuarantineRow>
  /** End of what was read and not taken yet. */
  #readSeq: number
  #readHash: string
  #incarnation: string | null
  readonly #keepsAll: boolean

  /** `keepsAll`: nothing is ever asked for again. */
  constructor(
    kind: ProjectedKind,
    partition: number,
    cursor: ProjectionCursor | null,
    { senders, quarantine }: Standing,
    keepsAll = false,
  ) {
    this.#kind = kind
    this.#keepsAll = keepsAll
    this.#partition = partition
    this.#cursor = cursor
    this.#senders = new SenderBook(kind.word, partition, senders)
    this.#waiting = new Map(quarantine.map((row) => [row.quarantined, row]))
    this.#readSeq = cursor?.seq ?? 0
    this.#readHash = cursor?.hash ?? ""
    this.#incarnation = cursor?.incarnation ?? null
  }

  /** The record that comes next. */
  get nextSeq(): number {
    return this.#readSeq + 1
  }

  /** The last record that was taken; null: none. */
  get writtenSeq(): number | null {
    return this.#cursor?.seq ?? null
  }

  /** Reads records, which follow those before them. Throws {@link JournalUnfit}. */
  read(stored: StoredRecord): ReadRecord {
    const { seq, bytes } = stored
    const decoded = this.#kind.codec.decodeRecord(bytes)
    if (decoded._tag === "Newer") throw new JournalNewer(`record ${seq}: ${decoded.cause}`)
    if (decoded._tag !== "Record") throw new JournalUnfit(`record ${seq} can't be read: ${decoded.cause}`)
    const { record } = decoded
    const follows = seq === this.nextSeq && record.prevHash === this.#readHash && record.prevSeq === this.#readSeq
    const isOurs = record.partition === this.#partition && (this.#incarnation === null || record.incarnation === this.#incarnation)
    if (!follows || !isOurs) throw new JournalUnfit(`record ${seq} does not follow record ${this.#readSeq} of the same journal`)
    this.#readSeq = seq
    this.#readHash = this.#kind.codec.sha256(bytes)
    this.#incarnation = record.incarnation
    const place = { kind: this.#kind.word, partition: this.#partition, seq }
    return { seq, hash: this.#readHash, record, groups: record.entries.flatMap((entry) => groupsOf(this.#kind, entry, place)) }
  }

  /** The states that these records touch and that aren't here. */
  needs(records: ReadonlyArray<ReadRecord>): NeededStates {
    const { kind, hasActorRows, begins, partKey } = this.#kind
    const actors = new Set<string>()
    const parts = new Map<string, readonly [string, string, string]>()
    const known = new Set<string>()
    for (const { groups } of records)
      for (const { key, events } of groups) {
        if (key === null || events.length === 0) continue
        const folded = this.#folded.get(key)
        if (hasActorRows && folded === undefined) actors.add(key)
        for (const event of events) {
          if (!kind.parts.isAbout(event)) continue
          const owner = kind.parts.eventOwnerOf(event)
          const id = kind.parts.eventIdOf(event)
          const name = nameOf(key, owner, id)
          if (known.has(name)) continue
          known.add(name)
          const isHere = folded !== undefined && kind.parts.find(folded.actor.state, owner, id) !== undefined
          if (!isHere && !begins(event)) parts.set(name, [partKey(key), owner, id])
        }
      }
    return { actors: [...actors], parts: [...parts.values()] }
  }

  /** Puts the states that the tables hold into the fold. Throws {@link TablesMoved}. */
  put(loaded: LoadedStates): void {
    const { kind, loadActor, partIn, actorOfPart } = this.#kind
    const endSeq = this.#cursor?.seq ?? 0
    for (const { key, seq, at, state } of loaded.actors) {
      if (seq > endSeq) throw new TablesMoved(`${key} is as of record ${seq}, behind ${endSeq}`)
      const folded = this.#actor(key as KindTypes["key"])
      folded.actor.version = seq
      folded.atMs = Date.parse(at)
      loadActor(folded.actor, state)
    }
    for (const row of loaded.parts) {
      const part = partIn(row.state)
      const folded = this.#actor(actorOfPart(row.key, part))
      kind.chunks.addPart(folded.actor.state, part)
      this.#began.set(part, { seq: row.beganSeq, at: row.beganAt })
      this.#parts++
    }
  }

  /** Takes the records that were read, all of whose states are here, and says what is to be written of them. */
  take(records: ReadonlyArray<ReadRecord>): ProjectedBatch {
    const from = this.#cursor
    const last = records.at(-1)
    assert(last !== undefined, "a batch has a record at least")
    const taking: Taking = {
      rows: noRows(),
      actors: new Map(),
      parts: new Map(),
      quarantine: new Map(),
      stamp: { partition: this.#partition, seq: 0, atMs: 0, at: "" },
      epoch: 0,
      place: 0,
      line: 0,
    }
    for (const { seq, record, groups } of records) {
      taking.stamp = { partition: this.#partition, seq, atMs: record.atMs, at: instantOf(record.atMs) }
      taking.epoch = record.epoch
      taking.place = 0
      taking.line = 0
      for (const group of groups) {
        this.#takeGroup(group, taking)
        if (isLine(group)) taking.line++
      }
    }
    this.#finish(taking)
    const { seq, hash, record } = last
    this.#cursor = {
      kind: this.#kind.word,
      partition: this.#partition,
      seq,
      hash,
      incarnation: record.incarnation,
      at: instantOf(record.atMs),
      entries: (from?.entries ?? 0) + taking.rows.ledger.length,
    }
    this.#forgetIfFull()
    return { from, to: this.#cursor, rows: taking.rows }
  }

  /** What is folded of an actor; undefined: nothing. */
  folded(key: KindTypes["key"]): FoldedActor | undefined {
    return this.#folded.get(key)
  }

  #actor(key: KindTypes["key"]): FoldedActor {
    const known = this.#folded.get(key)
    if (known !== undefined) return known
    const state = this.#kind.kind.emptyState(key)
    const actor = { index: 0, key, state, version: 0, told: null, seenVersion: 0, saidVersion: 0, strays: null }
    const folded: FoldedActor = { actor, atMs: 0, dropped: null, shorts: null }
    this.#folded.set(key, folded)
    return folded
  }

  #takeGroup(group: LineGroup, taking: Taking): void {
    const { events, key } = group
    this.#senders.note(group, taking.stamp)
    this.#noteQuarantine(group, taking)
    if (events.length === 0 || key === null) return this.#line(group, null, true, taking)
    const folded = this.#actor(key)
    this.#markMonth(folded, taking)
    for (let i = 0; i < events.length; i++) {
      const event = events[i]
      if (event === undefined) continue
      const standing = { ...taking.stamp, kind: this.#kind.word, place: taking.place, sender: group.sender, commandId: group.commandId }
      this.#kind.noteEvent(folded, event, standing, taking.rows)
      this.#line(group, event, i === 0, taking)
      this.#apply(folded, event, taking)
    }
    folded.actor.version = taking.stamp.seq
    folded.atMs = taking.stamp.atMs
    taking.actors.set(folded, taking.stamp)
  }

  #apply(folded: FoldedActor, event: KindTypes["event"], { stamp, parts: touched }: Taking): void {
    const { kind, partKey } = this.#kind
    const { actor } = folded
    const part = kind.evolve(actor.state, event)
    if (part === undefined) return
    if (!this.#began.has(part)) {
      this.#began.set(part, { seq: stamp.seq, at: stamp.at })
      this.#parts++
    }
    const name = nameOf(partKey(actor.key), kind.parts.ownerOf(part), kind.parts.idOf(part))
    touched.set(name, { key: actor.key, part, stamp })
    if (kind.parts.endingOf(part) === undefined) return
    kind.parts.forget(actor.state, part)
    this.#parts--
  }

  /** What a SKU was before this month is kept with its first change in it. */
  #markMonth({ actor, atMs }: FoldedActor, { stamp, rows }: Taking): void {
    if (!this.#kind.hasActorRows || actor.version === 0) return
    const month = monthOf(stamp.atMs)
    if (monthOf(atMs) === month) return
    rows.skuMarks.push({ sku: actor.key, month, seq: actor.version, at: instantOf(atMs), state: this.#kind.actorState(actor) })
  }

  #line(group: LineGroup, event: KindTypes["event"] | null, isFirst: boolean, taking: Taking): void {
    const { stamp, epoch, rows } = taking
    const about = event === null || group.key === null ? group.about : this.#kind.aboutEvent(group.key, event)
    rows.ledger.push({
      kind: this.#kind.word,
      partition: this.#partition,
      seq: stamp.seq,
      place: taking.place,
      at: stamp.at,
      line: isLine(group) ? taking.line : null,
      brokerAt: group.brokerMs === null ? null : instantOf(group.brokerMs),
      epoch,
      cause: group.cause,
      key: about.key,
      sku: about.sku,
      channel: about.channel,
      reservation: about.reservation,
      orderId: about.orderId,
      sender: group.sender,
      class: group.class,
      onBehalf: group.onBehalf,
      isBulk: group.isBulk,
      commandId: group.commandId,
      commandType: group.commandType,
      command: isFirst ? group.command : null,
      decision: group.decision,
      refusal: isFirst && group.refusal !== null ? jsonOf(group.refusal) : null,
      eventType: event?.type ?? null,
      event: event === null ? null : jsonOf(event),
      detail: isFirst && group.detail !== null ? jsonOf(group.detail) : null,
      correlationId: group.correlationId,
      causationId: group.causationId,
    })
    taking.place++
  }

  #noteQuarantine(group: LineGroup, { stamp, quarantine }: Taking): void {
    const { quarantined, settles, sender, class: commandClass, command, key, decision } = group
    const { seq, at } = stamp
    if (settles !== null) {
      const waiting = this.#waiting.get(settles)
      if (waiting !== undefined) {
        this.#waiting.delete(settles)
        quarantine.set(settles, { ...waiting, seq, at, settledSeq: seq, settledAt: at, settledAs: decision })
      }
    }
    if (quarantined === null || command === null || sender === null || commandClass === null || this.#waiting.has(quarantined.id)) return
    const row: QuarantineRow = {
      kind: this.#kind.word,
      partition: this.#partition,
      quarantined: quarantined.id,
      seq,
      at,
      key: key ?? "",
      sender,
      class: commandClass,
      command,
      cause: keptText(quarantined.cause),
      beganSeq: seq,
      beganAt: at,
      settledSeq: null,
      settledAt: null,
      settledAs: null,
    }
    this.#waiting.set(quarantined.id, row)
    quarantine.set(quarantined.id, row)
  }

  #finish({ rows, actors, parts, quarantine }: Taking): void {
    for (const [folded, stamp] of actors) {
      this.#kind.actorRows(folded, stamp, rows)
      folded.dropped = null
      folded.shorts = null
    }
    for (const { key, part, stamp } of parts.values()) {
      const began = this.#began.get(part)
      assert(began !== undefined, "a part that is folded has begun")
      this.#kind.partRows(key, part, began, stamp, rows)
    }
    rows.quarantine.push(...quarantine.values())
    rows.senders.push(...this.#senders.changed())
  }

  /** What was folded long ago is read again when it is needed. */
  #forgetIfFull(): void {
    if (this.#keepsAll || (this.#folded.size <= actorsFoldedMax && this.#parts <= partsFoldedMax)) return
    this.#folded.clear()
    this.#parts = 0
  }
}
